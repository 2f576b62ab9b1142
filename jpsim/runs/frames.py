"""A run as a pandas table or an xarray cube; both libraries are loaded only when asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from jpsim.errors import InputError, Problem
from jpsim.simulation.result import STATISTICS

if TYPE_CHECKING:
    from jpsim.runs.record import Run

__all__ = ["STATISTIC_COLUMNS", "summary_columns", "summary_cube", "summary_frame"]

STATISTIC_COLUMNS = STATISTICS + tuple(f"{name}_se" for name in STATISTICS)
"""Number columns of the summary: the statistics, then their errors."""


def summary_columns(run: Run) -> dict[str, Any]:
    """Columns of the summary, a row per scenario, output and month, in that order of nesting."""
    scenarios, outputs, months = len(run.scenarios), len(run.outputs), run.horizon
    columns: dict[str, Any] = {
        "scenario": np.repeat(np.asarray(run.scenarios, dtype=object), outputs * months),
        "kind": np.tile(np.repeat(np.asarray(run.kinds, dtype=object), months), scenarios),
        "series": np.tile(np.repeat(np.asarray(run.outputs, dtype=object), months), scenarios),
        "month": np.tile(np.arange(1, months + 1, dtype=np.int32), scenarios * outputs),
    }
    columns |= {name: run.statistics[name].ravel() for name in STATISTICS}
    columns |= {f"{name}_se": run.errors[name].ravel() for name in STATISTICS}
    return columns


def summary_frame(run: Run) -> Any:
    """Summary of the run as a pandas.DataFrame; InputError if pandas is not installed."""
    return _library("pandas").DataFrame(summary_columns(run))


def summary_cube(run: Run) -> Any:
    """Summary of the run as an xarray.Dataset; InputError if xarray is not installed."""
    axes = ("scenario", "series", "month")
    variables = {name: (axes, run.statistics[name].copy()) for name in STATISTICS}
    variables |= {f"{name}_se": (axes, run.errors[name].copy()) for name in STATISTICS}
    coordinates = {
        "scenario": list(run.scenarios),
        "series": list(run.outputs),
        "month": np.arange(1, run.horizon + 1),
        "kind": ("series", list(run.kinds)),
    }
    notes = {"run_id": run.run_id, "as_of": str(run.as_of), "returns": run.returns}
    return _library("xarray").Dataset(variables, coords=coordinates, attrs=notes)


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError:
        problem = Problem(f"{name} is not installed", fix='install the tables extra: pip install "jpsim[frames]"')
        raise InputError(problem) from None
