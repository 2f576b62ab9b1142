"""Comma-separated text that no spreadsheet mistakes for a formula."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from jpsim.interop.draws import PathSample
from jpsim.interop.selection import Selection
from jpsim.runs import Run
from jpsim.runs.parquet import summary_table

__all__ = ["defused", "export_csv", "summary_csv"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")

_README = """\
`summary.csv`: a row per scenario, series and month with all statistics and their Monte Carlo errors.
`paths.csv`: a row per scenario, path and month; `weight` is the probability of the path (it is repeated in
every month of the path and sums to 1 over the paths of a scenario), then a column for each factor and series.
Series are cumulative simple {returns} returns since {as_of} (0.10 is +10 %), factors are levels in their own unit.
Texts that a spreadsheet would run as a formula begin with an apostrophe.
"""


def defused(text: str) -> str:
    """Text that a spreadsheet shows and never runs: an apostrophe stands before signs that begin a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def summary_csv(run: Run) -> bytes:
    """Statistics of a run as CSV in UTF-8, with the columns of ``summary.parquet``."""
    sink = BytesIO()
    csv.write_csv(_defused_table(summary_table(run)), sink)
    return sink.getvalue()


def export_csv(sample: PathSample, chosen: Selection, folder: Path) -> None:
    """Write `summary.csv` and `paths.csv`."""
    (folder / "summary.csv").write_bytes(summary_csv(sample.run))
    names = ["scenario", "path", "month", "weight", *map(defused, chosen.outputs)]
    kinds: list[pa.DataType] = [pa.string(), pa.int64(), pa.int32(), pa.float64()]
    kinds += [pa.float32()] * len(chosen.outputs)
    schema = pa.schema([pa.field(name, kind) for name, kind in zip(names, kinds, strict=True)])
    with csv.CSVWriter(folder / "paths.csv", schema) as writer:
        for scenario in chosen.scenarios:
            _write_scenario(writer, names, sample, scenario, chosen)
    (folder / "README.md").write_text(
        _README.format(as_of=sample.run.as_of, returns=sample.run.returns), encoding="utf-8"
    )


def _write_scenario(
    writer: csv.CSVWriter, names: list[str], sample: PathSample, scenario: str, chosen: Selection
) -> None:
    rows, months = [sample.run.outputs.index(output) for output in chosen.outputs], sample.run.horizon
    weights = sample.weights(scenario)
    for first, values in sample.chunks(scenario):
        size = values.shape[2]
        columns = [
            pa.array([defused(scenario)] * (size * months), pa.string()),
            pa.array(np.repeat(np.arange(first, first + size), months)),
            pa.array(np.tile(np.arange(1, months + 1, dtype=np.int32), size)),
            pa.array(np.repeat(weights[first : first + size], months)),
            *(pa.array(np.ascontiguousarray(values[row].T, dtype=np.float32).ravel()) for row in rows),
        ]
        writer.write_table(pa.table(columns, names=names))


def _defused_table(table: pa.Table) -> pa.Table:
    for place, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            safe = [defused(str(text)) for text in table.column(place).to_pylist()]
            table = table.set_column(place, field.name, pa.array(safe, pa.string()))
    return table
