"""A book through one scenario: its paths come again from their counters and are reduced like any other output."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from jpsim.analysis.books.book import Book
from jpsim.analysis.books.drivers import BookDrivers
from jpsim.analysis.books.revaluation import Revaluation, drawdown
from jpsim.analysis.books.shortfall import TailShares, tail_shares
from jpsim.analysis.books.tallying import BookTally, tally_law
from jpsim.conditioning.stories import Story
from jpsim.errors import Stopped
from jpsim.simulation.kernels.arrays import SUPERBLOCK
from jpsim.simulation.reduction import summarise
from jpsim.simulation.result import Histogram, ScenarioSample
from jpsim.simulation.sampling import Sampler

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["BookSample", "DriverShares", "Threshold", "append_book", "draw_book"]

Floats = npt.NDArray[np.float64]

_CHUNK_BYTES = 64 * 2**20  # of all outputs and months, for each thread
_MOST_THREADS = 4
_TAILS = {"es95": 0.05, "es99": 0.01}
_DRAWDOWN = ("mean", "q50", "q95", "q99")


class Threshold(NamedTuple):
    """A loss by a month, as a share of the capital."""

    month: int
    loss: float


class DriverShares(NamedTuple):
    """What each of D drivers brings to a book.

    Parameters
    ----------
    names
        Of the drivers.
    mean
        (h, D) mean gains.
    tails
        What each adds to ``es95`` and ``es99``, and the values at risk next to them.
    """

    names: tuple[str, ...]
    mean: Floats
    tails: dict[str, TailShares]


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
    drivers
        What drives its gain and its shortfall; None where no stories were given or months are left out.
    beside
        (h,) means of what it gains beside the returns of its series; see `jpsim.analysis.books.drivers.DriverGains`.
    """

    book: Book
    sample: ScenarioSample
    tail: TailShares
    drawdown: dict[str, tuple[float, float]]
    breaches: tuple[tuple[Threshold, float, float], ...]
    drivers: DriverShares | None = None
    beside: dict[str, Floats] = field(default_factory=dict)

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
    stories: tuple[Story, ...] = (),
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
    stories
        All stories of the run, whose drivers the book's gain is taken apart by; not at all without them.
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
    drivers = BookDrivers.of(revaluation, sampler, stories, paths) if stories else None
    crossed, reported = np.zeros((len(thresholds), 2)), sampler.laws[0].reported.tolist()
    beside: dict[str, Floats] = {}
    for first, chunk in _chunks(revaluation, drivers, sampler, paths, threads, stop):
        gain = chunk.gain
        values = np.stack([gain, drawdown(gain)])
        if tally is None:
            law = tally_law(sampler.laws[0], values, np.zeros(2))
            tally = BookTally.empty(law, len(chunk.gains), weighted=share is not None)
        mine = np.ones(gain.shape[1]) if share is None else share[first : first + gain.shape[1]]
        tally.add(values, chunk.gains, mine)
        beside = {name: beside.get(name, 0.0) + gained @ mine / paths for name, gained in chunk.beside.items()}
        for place, threshold in enumerate(thresholds):
            over = gain[reported.index(threshold.month)] < -threshold.loss
            crossed[place] += mine[over].sum(), (mine[over] ** 2).sum()
    assert tally is not None  # there is at least one path
    names = drivers.names if drivers else ()
    return _reduced(
        book, sampler.id, paths, tally, [(one, crossed[i]) for i, one in enumerate(thresholds)], names, beside
    )


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


class _Chunk(NamedTuple):
    """A book on some paths: (K + D, h, m) gains of its legs and by driver, its own gain, what stands beside."""

    gains: Floats
    gain: Floats
    beside: dict[str, Floats]


def _chunks(
    revaluation: Revaluation,
    drivers: BookDrivers | None,
    sampler: Sampler,
    paths: int,
    threads: int,
    stop: Callable[[], bool] | None,
) -> Iterator[tuple[int, _Chunk]]:
    """First path and gains, chunk by chunk; as many chunks at once as there are threads."""
    numbers = len(revaluation.book.legs) + (len(drivers.names) if drivers else 0)
    outputs = max(sampler.laws[0].low.size, numbers * sampler.laws[0].low.shape[1])
    size = max(_CHUNK_BYTES // (8 * outputs) // SUPERBLOCK, 1) * SUPERBLOCK
    firsts, busy = range(0, paths, size), min(threads or os.cpu_count() or 1, _MOST_THREADS)

    def chunk(first: int) -> _Chunk:
        outputs = sampler.paths(first, min(size, paths - first))
        gains = revaluation.gains(outputs, first)
        gain = revaluation.value(gains)
        if drivers is None:
            return _Chunk(gains, gain, {})
        found = drivers.gains(outputs, first, gain)
        return _Chunk(np.concatenate([gains, found.by_driver]), gain, found.beside)

    with ThreadPoolExecutor(busy, thread_name_prefix="jpsim-book") as pool:
        for start in range(0, len(firsts), busy):
            if stop is not None and stop():
                raise Stopped("drawing the book was interrupted")
            batch = firsts[start : start + busy]
            yield from zip(batch, pool.map(chunk, batch), strict=True)


def _reduced(
    book: Book,
    scenario: str,
    paths: int,
    tally: BookTally,
    crossed: list[tuple[Threshold, Floats]],
    names: tuple[str, ...],
    beside: dict[str, Floats],
) -> BookSample:
    whole = summarise(scenario, paths, tally.law, tally.totals())
    tails = {name: tail_shares(tally, share) for name, share in _TAILS.items()}
    legs, own = slice(len(book.legs)), slice(len(book.legs), None)
    shares = {name: tail.of(legs) for name, tail in tails.items()}
    kept = _first_output(whole, book, shares)
    mean = tally.gains[:, :, own].sum(axis=1) / tally.weight[0]
    drivers = DriverShares(names, mean, {name: tail.of(own) for name, tail in tails.items()}) if names else None
    fall = {name: (float(whole.statistics[name][1, -1]), float(whole.errors[name][1, -1])) for name in _DRAWDOWN}
    breaches = tuple((one, *_probability(tally, crossing)) for one, crossing in crossed)
    return BookSample(book, kept, shares["es95"], fall, breaches, drivers, beside)


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
