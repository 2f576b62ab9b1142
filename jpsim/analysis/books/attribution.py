"""A book among the decompositions: contributions to its series, weighted, and what it gains beside them.

What a book holds or has futures on gains, counted in yen, a weighted sum of its series' cumulative returns; brought
back to its weights every month it is a series of its own. Contributions to the mean of either are those of the
series. Options, translation and hedges' carry are no series: the difference of their sampled means stands as a
driver of its own. The tail is the book's own, and there every path is taken apart, options included
(`jpsim.analysis.books.drivers`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from jpsim.analysis.books.book import Book
from jpsim.analysis.books.risk import BookSample
from jpsim.model import Model

__all__ = ["RiskMeasure", "book_growth", "book_means", "book_risks", "book_series"]

Floats = npt.NDArray[np.float64]
RiskMeasure = Literal["var95", "es95"]

_FLAT = 1e-12  # returns that are their own logarithms to rounding


def book_series(book: Book, model: Model) -> Floats:
    """(J, S + G) weights of the base series and aggregates in the J series that a book is a weighted sum of.

    J is 1 for a book that is brought back to its weights.
    """
    places = {name: place for place, name in enumerate((*model.series, *model.aggregates))}
    rows = np.zeros((len(book.bought), len(places)))
    for row, name in enumerate(book.bought):
        rows[row, places[name]] = 1.0
    return rows if book.rebalancing == "none" else np.array([list(book.bought.values())]) @ rows


def _multiples(book: Book) -> Floats:
    """(J,) how much of each of its J series a book is."""
    return np.array(list(book.bought.values())) if book.rebalancing == "none" else np.ones(1)


def book_means(
    reference: BookSample, scenario: BookSample, drivers: Sequence[str], parts: Floats
) -> tuple[tuple[str, ...], Floats]:
    """Decompose the difference of a book's means between two scenarios.

    Parameters
    ----------
    reference, scenario
        The book in both.
    drivers
        D names, the last of which is ``monte_carlo``.
    parts
        (D, J, r) contributions to the book's series; the last driver does not count.

    Returns
    -------
    The names, with what the book gains beside its series before the last, and their contributions, which sum
    to the difference.
    """
    moved = {name: mean - reference.beside[name] for name, mean in scenario.beside.items()}
    whole = scenario.sample.statistics["mean"][0] - reference.sample.statistics["mean"][0]
    return _completed(drivers, np.einsum("j,djr->dr", _multiples(scenario.book), parts[:-1]), moved, whole)


def book_growth(
    held: BookSample, drivers: Sequence[str], parts: Floats, means: Floats
) -> tuple[tuple[str, ...], Floats]:
    """Decompose the log growth of a book's mean value in one scenario into earnings and multiples.

    Each series' logs become simple returns by the factor ``R / log(1 + R)`` of its mean, and those of the book logs
    by ``log(1 + P) / P`` of the book's (Cariño 1999, Journal of Performance Measurement 3(4)).

    Parameters
    ----------
    held
        The book.
    drivers
        D names, the last of which is ``monte_carlo``.
    parts
        (D, J, h) contributions to the log growth of the book's series; the last driver does not count.
    means
        (J, h) mean cumulative returns that they sum to.

    Returns
    -------
    As `book_means`; they sum to ``log(1 + P)``. NaN where the mean loss is all of the capital.
    """
    gain = held.sample.statistics["mean"][0]
    logs = np.divide(means, np.log1p(means), out=np.ones_like(means), where=np.abs(means) > _FLAT)
    linked = np.einsum("j,jr,djr->dr", _multiples(held.book), logs, parts[:-1])
    names, shares = _completed(drivers, linked, held.beside, gain)
    kept = np.where(gain > -1.0, gain, np.nan)
    factor = np.divide(np.log1p(kept), kept, out=np.ones_like(gain), where=~(np.abs(kept) <= _FLAT))
    return names, shares * factor


def book_risks(reference: BookSample, scenario: BookSample, statistic: RiskMeasure) -> tuple[tuple[str, ...], Floats]:
    """Decompose the difference of a book's value at risk or expected shortfall between two scenarios.

    Returns
    -------
    The names of the drivers, ``monte_carlo`` last, and (D, h) contributions, which sum to the difference.
    """
    shares = []
    for one in (reference, scenario):
        assert one.drivers is not None  # a run that leaves months out is refused these decompositions
        tail = one.drivers.tails["es95"]
        shares.append(tail.contribution if statistic == "es95" else tail.at_quantile)
        names = one.drivers.names
    whole = scenario.sample.statistics[statistic][0] - reference.sample.statistics[statistic][0]
    return _completed((*names, "monte_carlo"), (shares[1] - shares[0]).T, {}, whole)


def _completed(
    drivers: Sequence[str], shares: Floats, beside: Mapping[str, Floats], whole: Floats
) -> tuple[tuple[str, ...], Floats]:
    """Put what stands beside the (D - 1, r) shares and what all leave of the whole behind them."""
    known = np.concatenate([shares, *(values[None] for values in beside.values())])
    return (*drivers[:-1], *beside, drivers[-1]), np.concatenate([known, (whole - known.sum(axis=0))[None]])
