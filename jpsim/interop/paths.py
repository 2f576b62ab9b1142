"""`paths.parquet`: every path of a run, streamed to the same bytes for the same content."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from jpsim.errors import ResourceError, Stopped
from jpsim.interop.draws import draw_chunks
from jpsim.simulation.job import Job

__all__ = ["SAMPLE_PATHS", "Which", "write_paths"]

Which = Literal["sample", "all"]

SAMPLE_PATHS = 1000
"""Paths that ``paths_out: sample`` keeps: the first ones."""

_ZSTD_LEVEL = 1  # the low bits of paths are noise: higher levels take longer and save nothing
_KEY_BYTES = 2  # a row's scenario, path and month, once encoded


def write_paths(job: Job, path: Path, which: Which | int, *, stop: Callable[[], bool] | None = None) -> Path:
    """Write the paths of all scenarios of a job as one Parquet file.

    The columns are `scenario`, `path` (from 0), `month` (from 1) and one of single precision for each factor
    and series that the job reports, in the units of the summary. Rows are sorted by scenario, path and
    month, and unweighted. Metadata of
    the schema say whether `returns` are price or total. Memory does not grow with the number of paths.

    Parameters
    ----------
    job
        The job; its paths are drawn from their counters.
    path
        File to write.
    which
        ``all``, ``sample`` for the first `SAMPLE_PATHS`, or how many of the first ones.
    stop
        Asked between chunks whether to give up.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ResourceError
        If the disk has not room enough.
    Stopped
        If `stop` said so.
    """
    drawn = job.request.paths
    count = drawn if which == "all" else min(SAMPLE_PATHS if which == "sample" else which, drawn)
    outputs = [job.model.outputs[position] for position in job.selected]
    _check_room(path.parent, len(job.samplers) * count * len(job.request.steps) * (4 * len(outputs) + _KEY_BYTES))
    schema = _schema(outputs, job.request.returns)
    with pq.ParquetWriter(path, schema, **_encoding(outputs)) as writer:
        for table in _tables(job, count, schema):
            if stop is not None and stop():
                raise Stopped("writing paths was interrupted")
            writer.write_table(table, row_group_size=table.num_rows)
    return path


def _tables(job: Job, count: int, schema: pa.Schema) -> Iterator[pa.Table]:
    months = np.array(job.request.steps, dtype=np.int32)
    for position, sampler in enumerate(job.samplers):
        for first, values in draw_chunks(job, position, count):
            size = values.shape[2]
            columns: list[pa.Array] = [  # type: ignore[type-arg]
                pa.array([sampler.id] * (size * months.size), pa.string()),
                pa.array(np.repeat(np.arange(first, first + size, dtype=np.int64), months.size)),
                pa.array(np.tile(months, size)),
                *(pa.array(_by_path(rows)) for rows in values),
            ]
            yield pa.Table.from_arrays(columns, schema=schema)


def _by_path(rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """(h, m) values as a column sorted by path and month."""
    return np.ascontiguousarray(rows.T, dtype=np.float32).ravel()


def _schema(outputs: list[str], returns: str) -> pa.Schema:
    keys = [("scenario", pa.string()), ("path", pa.int64()), ("month", pa.int32())]
    fields = [pa.field(name, kind, nullable=False) for name, kind in keys]
    fields += [pa.field(name, pa.float32(), nullable=False) for name in outputs]
    return pa.schema(fields, metadata={"returns": returns})


def _encoding(outputs: list[str]) -> dict[str, Any]:
    return {
        "compression": "zstd",
        "compression_level": _ZSTD_LEVEL,
        "use_dictionary": ["scenario", "month"],
        "column_encoding": {"path": "DELTA_BINARY_PACKED"} | dict.fromkeys(outputs, "BYTE_STREAM_SPLIT"),
        "write_page_checksum": True,
    }


def _check_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise ResourceError(
            f"{folder}: the paths take up to {needed / 2**30:,.1f} GiB and {free / 2**30:,.1f} GiB are free; "
            "ask for paths_out: sample, fewer paths or fewer series"
        )
