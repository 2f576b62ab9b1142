"""A book through one scenario: its paths come again from their counters and are reduced like any other output."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from jpsim.analysis.books.book import Book
from jpsim.analysis.books.revaluation import Revaluation, drawdown
from jpsim.analysis.books.shortfall import TailShares, tail_shares
from jpsim.analysis.books.tallying import BookTally, tally_law
from jpsim.errors import Stopped
from jpsim.simulation.kernels.arrays import SUPERBLOCK
from jpsim.simulation.reduction import summarise
from jpsim.simulation.result import Histogram, ScenarioSample
from jpsim.simulation.sampling import Sampler

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["BookSample", "Threshold", "append_book", "draw_book"]

Floats = npt.NDArray[np.float64]

_CHUNK_BYTES = 64 * 2**20  # of all outputs and months, for each thread
_MOST_THREADS = 4
_TAILS = {"es95": 0.05, "es99": 0.01}
_DRAWDOWN = ("mean", "q50", "q95", "q99")


class Threshold(NamedTuple):
    """A loss by a month, as a share of the capital."""

    month: int
    loss: float


@dataclass(frozen=True, eq=False)
class BookSample:
    """What a book does in one scenario.

    Parameters
    ----------
    book
        The book.
    sample
        Statistics and histogram of its cumulative return; (1, h) each. Expected shortfalls are means over the
        tail's paths, so that `components` add up to them.
    tail
        What a unit of each of the book's legs adds to ``es95``.
    drawdown
        Mean and quantiles, each with its error, of the deepest fall between month ends up to the horizon.
    breaches
        Probability of losing more than each threshold, and its error.
    """

    book: Book
    sample: ScenarioSample
    tail: TailShares
    drawdown: dict[str, tuple[float, float]]
    breaches: tuple[tuple[Threshold, float, float], ...]

    @property
    def marginal(self) -> Floats:
        """(P, h) change of ``es95`` for a unit more of each position's weight, paid from cash."""
        return _times(self.book.holdings, self.tail.contribution)

    @property
    def components(self) -> Floats:
        """(P, h) what each position adds to ``es95``."""
        return self.book.weights[:, None] * self.marginal

    @property
    def component_errors(self) -> Floats:
        """(P, h) Monte Carlo errors of `components`; of a position with several legs at most so much."""
        return np.abs(self.book.weights[:, None]) * _times(abs(self.book.holdings), self.tail.error)

    def to_dict(self) -> dict[str, Any]:
        """Write drawdown and breaches as plain JSON."""
        told: dict[str, Any] = {
            "positions": len(self.book.positions),
            "proxied": self.book.proxied,
            "rebalancing": self.book.rebalancing,
            "currency": self.book.currency,
            "capital": self.book.capital,
            "net": float(self.book.weights.sum()),
            "gross": float(np.abs(self.book.weights).sum()),
            "drawdown": {name: {"value": value, "se": se} for name, (value, se) in self.drawdown.items()},
        }
        told["breaches"] = [
            {"month": threshold.month, "loss": threshold.loss, "probability": probability, "se": se}
            for threshold, probability, se in self.breaches
        ]
        return told


def draw_book(
    book: Book,
    sampler: Sampler,
    paths: int,
    *,
    weights: Floats | None = None,
    thresholds: Sequence[Threshold] = (),
    threads: int = 0,
    stop: Callable[[], bool] | None = None,
) -> BookSample:
    """Draw a scenario's paths again and reduce a book on them.

    The result does not depend on the number of threads: paths are counted in their order.

    Parameters
    ----------
    book
        The book.
    sampler
        The scenario, ready to be drawn.
    paths
        Number of paths.
    weights
        (paths,) weights of the paths; None where they are equally likely.
    thresholds
        Losses whose probability is asked for.
    threads
        0 for all cores.
    stop
        Asked after each few chunks; drawing ends when it answers True.

    Raises
    ------
    InputError
        If the model lacks a factor that the book needs.
    Stopped
        If `stop` answered True.
    """
    share = None if weights is None else weights * (paths / weights.sum())
    revaluation, tally = Revaluation.of(book, sampler), None
    crossed, reported = np.zeros((len(thresholds), 2)), sampler.laws[0].reported.tolist()
    for first, gains in _chunks(revaluation, sampler, paths, threads, stop):
        gain = revaluation.value(gains)
        values = np.stack([gain, drawdown(gain)])
        if tally is None:
            law = tally_law(sampler.laws[0], values, np.zeros(2))
            tally = BookTally.empty(law, len(book.legs), weighted=share is not None)
        mine = np.ones(gain.shape[1]) if share is None else share[first : first + gain.shape[1]]
        tally.add(values, gains, mine)
        for place, threshold in enumerate(thresholds):
            over = gain[reported.index(threshold.month)] < -threshold.loss
            crossed[place] += mine[over].sum(), (mine[over] ** 2).sum()
    assert tally is not None  # there is at least one path
    return _reduced(book, sampler.id, paths, tally, [(one, crossed[i]) for i, one in enumerate(thresholds)])


def _times(holdings: csr_array, legs: Floats) -> Floats:
    """(P, h) numbers of positions from the (h, K) numbers of legs."""
    return np.asarray(holdings @ legs.T, dtype=np.float64)


def append_book(sample: ScenarioSample, book: BookSample) -> ScenarioSample:
    """Add a book to the outputs of its scenario, as the last one."""
    mine, own = book.sample, sample.histogram
    counts = np.concatenate([own.counts, mine.histogram.counts])
    equal = own.squares is own.counts
    histogram = Histogram(
        np.concatenate([own.low, mine.histogram.low]),
        np.concatenate([own.high, mine.histogram.high]),
        counts,
        counts if equal else np.concatenate([own.squares, mine.histogram.squares]),
    )
    statistics = {name: np.concatenate([values, mine.statistics[name]]) for name, values in sample.statistics.items()}
    errors = {name: np.concatenate([values, mine.errors[name]]) for name, values in sample.errors.items()}
    return replace(
        sample, statistics=MappingProxyType(statistics), errors=MappingProxyType(errors), histogram=histogram
    )


def _chunks(
    revaluation: Revaluation, sampler: Sampler, paths: int, threads: int, stop: Callable[[], bool] | None
) -> Iterator[tuple[int, Floats]]:
    """First path and (K, h, m) gains of the legs, chunk by chunk; as many chunks at once as there are threads."""
    outputs = max(sampler.laws[0].low.size, len(revaluation.book.legs) * sampler.laws[0].low.shape[1])
    size = max(_CHUNK_BYTES // (8 * outputs) // SUPERBLOCK, 1) * SUPERBLOCK
    firsts, busy = range(0, paths, size), min(threads or os.cpu_count() or 1, _MOST_THREADS)

    def gains(first: int) -> Floats:
        return revaluation.gains(sampler.paths(first, min(size, paths - first)), first)

    with ThreadPoolExecutor(busy, thread_name_prefix="jpsim-book") as pool:
        for start in range(0, len(firsts), busy):
            if stop is not None and stop():
                raise Stopped("drawing the book was interrupted")
            batch = firsts[start : start + busy]
            yield from zip(batch, pool.map(gains, batch), strict=True)


def _reduced(
    book: Book, scenario: str, paths: int, tally: BookTally, crossed: list[tuple[Threshold, Floats]]
) -> BookSample:
    whole = summarise(scenario, paths, tally.law, tally.totals())
    shares = {name: tail_shares(tally, share) for name, share in _TAILS.items()}
    kept = _first_output(whole, book, shares)
    fall = {name: (float(whole.statistics[name][1, -1]), float(whole.errors[name][1, -1])) for name in _DRAWDOWN}
    breaches = tuple((one, *_probability(tally, crossing)) for one, crossing in crossed)
    return BookSample(book, kept, shares["es95"], fall, breaches)


def _first_output(whole: ScenarioSample, book: Book, shares: dict[str, TailShares]) -> ScenarioSample:
    """Keep the book's gain, with the expected shortfalls that its components add up to."""
    statistics = {name: values[:1].copy() for name, values in whole.statistics.items()}
    for name, tail in shares.items():
        statistics[name][0] = tail.contribution @ book.leg_weights
    errors = {name: values[:1] for name, values in whole.errors.items()}
    histogram, low, high = whole.histogram, whole.histogram.low[:1], whole.histogram.high[:1]
    counts = histogram.counts[:1]
    squares = counts if histogram.squares is histogram.counts else histogram.squares[:1]
    return replace(
        whole,
        statistics=MappingProxyType(statistics),
        errors=MappingProxyType(errors),
        histogram=Histogram(low, high, counts, squares),
    )


def _probability(tally: BookTally, crossing: Floats) -> tuple[float, float]:
    """Weighted share, and half of Wilson's interval at one error (1927, doi:10.1080/01621459.1927.10502953)."""
    (mass, square), (weight, squares) = crossing, tally.weight
    p = mass / weight
    variance = ((1.0 - p) ** 2 * square + p**2 * (squares - square)) / weight**2
    one = squares / weight**2
    return float(p), float(np.sqrt(max(variance, 0.0) + 0.25 * one * one) / (1.0 + one))
