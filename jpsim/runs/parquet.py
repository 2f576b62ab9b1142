"""The tables of a run's folder, written to the same bytes for the same content and read back checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from jpsim.errors import DamagedError
from jpsim.runs.arrow import numbers, repeated_texts, texts, values_of
from jpsim.runs.distribution import Distribution
from jpsim.runs.frames import Contributions, contribution_columns, summary_columns

if TYPE_CHECKING:
    from jpsim.runs.record import Attribution, Run

__all__ = [
    "attribution_table",
    "contribution_table",
    "distribution_table",
    "read_table",
    "read_weights",
    "summary_table",
    "weights_tables",
    "write_table",
    "write_tables",
]

Floats = npt.NDArray[np.float64]

_ZSTD_LEVEL = 3  # of 9 files are a twentieth smaller, and take four times as long
_ROWS = 2**20  # of a row group: what is written and read in one piece


def write_table(table: pa.Table, path: Path) -> None:
    """Write a table with zstd, byte-stream-split numbers, dictionary-encoded text and page checksums."""
    write_tables([table], path)


def write_tables(tables: Iterable[pa.Table], path: Path) -> None:
    """Write tables with the same columns one after the other, each with row groups of its own; at least one."""
    rest = iter(tables)
    first = next(rest)
    text = [field.name for field in first.schema if pa.types.is_string(field.type)]
    numbers = [field.name for field in first.schema if pa.types.is_floating(field.type)]
    with pq.ParquetWriter(
        path,
        first.schema,
        compression="zstd",
        compression_level=_ZSTD_LEVEL,
        use_dictionary=text,  # type: ignore[arg-type]  # the stubs know only the boolean form
        use_byte_stream_split=numbers,
        write_page_checksum=True,
    ) as writer:
        for table in chain([first], rest):
            writer.write_table(table, row_group_size=_ROWS)


def read_table(path: Path) -> pa.Table:
    """Read a table and check every page; DamagedError if a page or the footer is broken."""
    return pa.concat_tables(_read_groups(path))


def _read_groups(path: Path, columns: list[str] | None = None) -> Iterator[pa.Table]:
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as stored:
            if stored.num_row_groups == 0:
                yield stored.read(columns=columns)
            for group in range(stored.num_row_groups):
                yield stored.read_row_group(group, columns=columns)
    except (pa.ArrowInvalid, OSError) as error:
        raise DamagedError(f"{path}: not readable as Parquet ({error})") from error


def summary_table(run: Run) -> pa.Table:
    """Table of all statistics with their errors, a row per scenario, output and month."""
    return pa.table({name: _column(values) for name, values in summary_columns(run).items()})


def contribution_table(blocks: Sequence[Contributions], months: Sequence[int] = ()) -> pa.Table:
    """Table of a decomposition, with the columns of ``attribution.parquet``; see `contribution_columns`."""
    columns = contribution_columns(blocks, months)
    return pa.table({name: _column(values) for name, values in columns.items()})


def attribution_table(attribution: Attribution) -> pa.Table:
    """Table of the decomposition of the means."""
    return pa.table(
        {
            "scenario": texts(attribution.scenario),
            "series": texts(attribution.series),
            "month": numbers(np.asarray(attribution.month, dtype=np.int32)),
            "driver": texts(attribution.driver),
            "contribution": numbers(np.asarray(attribution.contribution, dtype=np.float64)),
        }
    )


def distribution_table(run: Run) -> pa.Table:
    """Table of the histograms: edges of the whole range, number of bins, and the counts from bin `first` on.

    Empty bins at either end are left out.
    """
    keys = summary_columns(run)
    histograms: Distribution = run.distribution
    flat = histograms.counts.reshape(-1, histograms.counts.shape[-1])
    first, stop = _filled_range(flat)
    lengths = stop - first
    chosen = np.concatenate([row[start:end] for row, start, end in zip(flat, first, stop, strict=True)])
    offsets = cast("pa.Int32Array", numbers(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)))
    return pa.table(
        {name: _column(keys[name]) for name in ("scenario", "kind", "series", "month")}
        | {
            "low": numbers(histograms.low),
            "high": numbers(histograms.high),
            "bins": numbers(np.full(len(flat), flat.shape[1], dtype=np.int32)),
            "first": numbers(first.astype(np.int32)),
            "counts": pa.ListArray.from_arrays(offsets, numbers(_compact(chosen))),
        }
    )


def distribution_from(table: pa.Table, shape: tuple[int, int, int]) -> Distribution:
    """Histograms of a stored table, for (scenarios, outputs, months)."""
    bins = int(table["bins"][0].as_py())
    lists = cast("pa.ListArray[Any]", table["counts"].combine_chunks())
    counts = np.zeros((table.num_rows, bins))
    offsets = values_of(lists.offsets)
    values = values_of(lists.values).astype(np.float64)
    for row, first in enumerate(values_of(table["first"])):
        filled = values[offsets[row] : offsets[row + 1]]
        counts[row, first : first + filled.size] = filled
    low, high = (values_of(table[name]).reshape(shape) for name in ("low", "high"))
    return Distribution(low, high, counts.reshape(*shape, bins))


def weights_tables(run: Run) -> Iterator[pa.Table]:
    """Tables of the path weights of the scenarios whose paths are not equally likely, some paths at a time."""
    names = [name for name in run.scenarios if name in run.weights]
    ends = np.cumsum([run.weights[name].size for name in names])
    for begin in range(0, int(ends[-1]), _ROWS):
        row = np.arange(begin, min(begin + _ROWS, int(ends[-1])))
        owner = np.searchsorted(ends, row, side="right")
        path = row - np.concatenate([[0], ends])[owner]
        weights = [run.weights[names[place]][path[owner == place]] for place in np.unique(owner)]
        yield pa.table(
            {
                "scenario": repeated_texts(names, owner),
                "path": numbers(path.astype(np.int64)),
                "weight": numbers(np.concatenate(weights)),
            }
        )


def read_weights(path: Path) -> dict[str, Floats]:
    """Weights of the paths by scenario, read some paths at a time; raises as `read_table`."""
    found: dict[str, list[Floats]] = {}
    for table in _read_groups(path, ["scenario", "weight"]):
        owner, weight = table["scenario"].combine_chunks().dictionary_encode(), values_of(table["weight"])
        whose = values_of(owner.indices)
        for place, name in enumerate(owner.dictionary.to_pylist()):
            found.setdefault(str(name), []).append(weight[whose == place])
    return {name: np.concatenate(found.pop(name)) for name in list(found)}


def _column(values: np.ndarray) -> pa.Array[Any]:
    return texts(values.tolist()) if values.dtype == object else numbers(values)


def _filled_range(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    filled = counts != 0
    return filled.argmax(axis=1), counts.shape[1] - filled[:, ::-1].argmax(axis=1)


def _compact(counts: np.ndarray) -> np.ndarray:
    whole = counts.astype(np.uint32)
    return whole if np.array_equal(whole, counts) else counts
