"""A run as a pandas table or an xarray cube; both libraries are loaded only when asked for."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from jpsim.errors import InputError, Problem
from jpsim.simulation.result import STATISTICS

if TYPE_CHECKING:
    from jpsim.runs.record import Attribution, Run

__all__ = [
    "STATISTIC_COLUMNS",
    "Contributions",
    "attribution_frame",
    "contribution_columns",
    "summary_columns",
    "summary_cube",
    "summary_frame",
]

Floats = npt.NDArray[np.float64]

STATISTIC_COLUMNS = STATISTICS + tuple(f"{name}_se" for name in STATISTICS)
"""Number columns of the summary: the statistics, then their errors."""


def summary_columns(run: Run) -> dict[str, Any]:
    """Columns of the summary, a row per scenario, output and month, in that order of nesting."""
    scenarios, outputs, months = len(run.scenarios), len(run.outputs), len(run.steps)
    columns: dict[str, Any] = {
        "scenario": np.repeat(np.asarray(run.scenarios, dtype=object), outputs * months),
        "kind": np.tile(np.repeat(np.asarray(run.kinds, dtype=object), months), scenarios),
        "series": np.tile(np.repeat(np.asarray(run.outputs, dtype=object), months), scenarios),
        "month": np.tile(np.array(run.steps, dtype=np.int32), scenarios * outputs),
    }
    columns |= {name: run.statistics[name].ravel() for name in STATISTICS}
    columns |= {f"{name}_se": run.errors[name].ravel() for name in STATISTICS}
    return columns


class Contributions(NamedTuple):
    """What D drivers contribute to R series of one scenario.

    Parameters
    ----------
    scenario, series, drivers
        Ids.
    shares
        (D, R, h) contributions.
    """

    scenario: str
    series: Sequence[str]
    drivers: Sequence[str]
    shares: Floats


def contribution_columns(blocks: Sequence[Contributions], reported: Sequence[int] = ()) -> dict[str, npt.NDArray[Any]]:
    """Columns of contributions, block by block; drivers vary fastest, then months, then series.

    `reported` are the h months; 1 to h by default.
    """
    columns = [_contribution_columns(block, reported) for block in blocks] or [_contribution_columns(_NONE, ())]
    return {name: np.concatenate([column[name] for column in columns]) for name in columns[0]}


_NONE = Contributions("", (), (), np.zeros((0, 0, 0)))


def _contribution_columns(block: Contributions, reported: Sequence[int]) -> dict[str, npt.NDArray[Any]]:
    d, r, h = block.shares.shape
    months = np.array(reported or range(1, h + 1), dtype=np.int32)
    return {
        "scenario": np.repeat(np.asarray([block.scenario], dtype=object), r * h * d),
        "series": np.repeat(np.asarray(block.series, dtype=object), h * d),
        "month": np.tile(np.repeat(months, d), r),
        "driver": np.tile(np.asarray(block.drivers, dtype=object), r * h),
        "contribution": np.transpose(block.shares, (1, 2, 0)).ravel(),
    }


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
        "month": np.array(run.steps),
        "kind": ("series", list(run.kinds)),
    }
    notes = {"run_id": run.run_id, "as_of": str(run.as_of), "returns": run.returns}
    return _library("xarray").Dataset(variables, coords=coordinates, attrs=notes)


def attribution_frame(attribution: Attribution) -> Any:
    """Attribution as a pandas.DataFrame; InputError if pandas is not installed."""
    names = ("scenario", "series", "month", "driver", "contribution")
    return _library("pandas").DataFrame({name: getattr(attribution, name) for name in names})


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError:
        problem = Problem(f"{name} is not installed", fix='install the tables extra: pip install "jpsim[frames]"')
        raise InputError(problem) from None
