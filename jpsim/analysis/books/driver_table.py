"""What drives a book's gain and its losses in each scenario, as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from jpsim.analysis.books.risk import BookSample
from jpsim.runs.arrow import numbers, repeated_texts

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["drivers_table"]

Floats = npt.NDArray[np.float64]


def drivers_table(samples: Mapping[str, BookSample], reported: Sequence[int]) -> pa.Table | None:
    """Put the drivers of one book in several scenarios into a table; None where a run leaves months out.

    Parameters
    ----------
    samples
        Scenario -> the book in it.
    reported
        The h months.

    Returns
    -------
    pyarrow.Table
        A row per scenario, month and driver: what it brings to the ``mean`` of the gain, and what it adds to
        ``var95``, ``es95`` and ``es99``, the last two with their errors. Each column sums over the drivers of a
        scenario and month to the summary's; ``monte_carlo`` is what the paths next to value at risk leave of it.
    """
    import pyarrow as pa

    shares = [one.drivers for one in samples.values() if one.drivers is not None]
    if not shares:
        return None
    names, months = (*shares[0].names, "monte_carlo"), len(reported)
    found = [_columns(one) for one in samples.values()]
    rows = months * len(names)
    return pa.table(
        {
            "scenario": repeated_texts(list(samples), np.repeat(np.arange(len(samples)), rows)),
            "month": numbers(np.tile(np.repeat(np.array(reported, dtype=np.int32), len(names)), len(samples))),
            "driver": repeated_texts(names, np.tile(np.arange(len(names)), len(samples) * months)),
            **{name: numbers(np.concatenate([columns[name].ravel() for columns in found])) for name in found[0]},
        }
    )


def _columns(held: BookSample) -> dict[str, Floats]:
    """(h, D + 1) numbers, what is left of the summary's last."""
    assert held.drivers is not None
    es95, es99 = held.drivers.tails["es95"], held.drivers.tails["es99"]
    sums = {"mean": held.drivers.mean, "var95": es95.at_quantile, "es95": es95.contribution, "es99": es99.contribution}
    columns = {}
    for name, shares in sums.items():
        left = held.sample.statistics[name][0] - shares.sum(axis=1)
        columns[name] = np.column_stack([shares, left])
    for name, tail in (("es95_se", es95), ("es99_se", es99)):
        columns[name] = np.column_stack([tail.error, np.zeros(len(tail.error))])
    return {name: columns[name] for name in ("mean", "var95", "es95", "es95_se", "es99", "es99_se")}
