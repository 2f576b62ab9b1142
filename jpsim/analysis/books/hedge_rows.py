"""The best hedges of a book in each scenario of a run, as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from jpsim.analysis.books.hedges import HedgeChoice, Hedges, find_hedges
from jpsim.analysis.books.requests import hedges_among
from jpsim.runs.arrow import numbers, texts
from jpsim.simulation.job import Job

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["hedges_table"]


def hedges_table(job: Job, weights: Mapping[str, Any]) -> pa.Table:
    """Find the hedges that a run asks for, at its horizon, and put them into a table.

    Parameters
    ----------
    job
        The run's job, which holds the book.
    weights
        Scenario -> (paths,) weights, where paths are not equally likely.

    Returns
    -------
    pyarrow.Table
        A row per scenario, number of ``instruments`` and leg: its ``ratio``, the share of the capital that is bought
        (negative if sold); then, the same on all legs of a hedge, the book's ``es95_before``, and hedged its
        ``es95``, what it ``saved`` (negative where the hedge lessens it), ``sd`` and ``mean``; each with its error.
    """
    import pyarrow as pa

    horizon, among = job.request.horizon, hedges_among(job.request)
    found = [
        find_hedges(job, sampler.id, horizon, weights=weights.get(sampler.id), among=among) for sampler in job.samplers
    ]
    rows = [row for one in found for choice in one.choices for row in _legs(one, choice)]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    return pa.table({name: _column(values) for name, values in columns.items()})


def _legs(found: Hedges, choice: HedgeChoice) -> Iterator[dict[str, Any]]:
    whole = {
        "es95_before": (float(found.es95), found.es95.se),
        "es95": (float(choice.es95), choice.es95.se),
        "saved": (choice.saved.value, choice.saved.se),
        "sd": (float(choice.sd), choice.sd.se),
        "mean": (float(choice.mean), choice.mean.se),
    }
    for leg, size, error in zip(choice.series, choice.sizes, choice.size_errors, strict=True):
        estimates = {"ratio": (size, error), **whole}
        yield {
            "scenario": found.scenario,
            "month": found.month,
            "instruments": len(choice.series),
            "series": leg,
            **{name: value for name, (value, _) in estimates.items()},
            **{f"{name}_se": error for name, (_, error) in estimates.items()},
        }


def _column(values: list[Any]) -> pa.Array[Any]:
    if isinstance(values[0], str):
        return texts(values)
    return numbers(np.array(values, dtype=np.int32 if isinstance(values[0], int) else np.float64))
