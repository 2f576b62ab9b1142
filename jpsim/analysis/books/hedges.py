"""The best hedges of a book: one, two or three instruments, their sizes, and what they save on paths not used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from jpsim.analysis.books.book import Book
from jpsim.analysis.books.hedging import least_shortfall, least_variance, rank_subsets, shortfall_plane
from jpsim.analysis.books.instruments import list_instruments
from jpsim.analysis.books.requests import book_of
from jpsim.analysis.books.revaluation import Revaluation
from jpsim.analysis.ordered_sample import OrderedSample
from jpsim.analysis.paired_errors import Difference, Estimated, difference, estimate_all
from jpsim.errors import InputError, Problem
from jpsim.runs.estimate import Estimate
from jpsim.runs.outcomes import position
from jpsim.simulation.job import Job
from jpsim.simulation.kernels.arrays import SUPERBLOCK

__all__ = ["MEASURES", "HedgeChoice", "Hedges", "Measure", "find_hedges"]

Floats = npt.NDArray[np.float64]

Measure = Literal["es95", "variance"]
MEASURES: tuple[Measure, ...] = ("es95", "variance")

_TAIL = 0.05
_SCREENED, _SCREEN_PATHS = 8, 16_384  # subsets of least variance whose shortfall is compared, and on how many paths
_MOST_SIZE = 3
_BOUND = 5.0  # largest size, over the gross weight of the book


@dataclass(frozen=True, slots=True)
class HedgeChoice:
    """One hedge.

    Parameters
    ----------
    series
        What it sells (or buys) as futures: earning the price return, without capital.
    sizes, size_errors
        Shares of the book's capital, negative if sold, and their errors from two halves of the paths.
    es95, sd, mean
        Of the hedged book, with sizes fitted on one half of the paths and judged on the other.
    fitted
        The measure on the paths on which the sizes were fitted; lower than what can be hoped for.
    saved
        ``es95`` of the hedged book less that of the bare one, on paths not used for the sizes.
    """

    series: tuple[str, ...]
    sizes: tuple[float, ...]
    size_errors: tuple[float, ...]
    es95: Estimate
    sd: Estimate
    mean: Estimate
    fitted: float
    saved: Difference

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        legs = zip(self.series, self.sizes, self.size_errors, strict=True)
        return {
            "legs": [{"series": name, "size": size, "se": error} for name, size, error in legs],
            **{name: _plain(getattr(self, name)) for name in ("es95", "sd", "mean")},
            "fitted": self.fitted,
            "saved": self.saved.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class Hedges:
    """The best hedges of a book in one scenario, of each number of instruments.

    Parameters
    ----------
    scenario, month
        Where and when they are judged.
    measure
        What is least: ``es95`` or ``variance``.
    among
        Series that were considered.
    capital, currency
        Of the book.
    es95, sd, mean
        Of the bare book.
    choices
        The best hedge of one instrument, of two, and so on.
    """

    scenario: str
    month: int
    measure: Measure
    among: tuple[str, ...]
    capital: float | None
    currency: str
    es95: Estimate
    sd: Estimate
    mean: Estimate
    choices: tuple[HedgeChoice, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "scenario": self.scenario,
            "month": self.month,
            "measure": self.measure,
            "among": list(self.among),
            "capital": self.capital,
            "currency": self.currency,
            "bare": {name: _plain(getattr(self, name)) for name in ("es95", "sd", "mean")},
            "hedges": [choice.to_dict() for choice in self.choices],
        }


def find_hedges(
    job: Job,
    scenario: str,
    month: int,
    *,
    weights: Floats | None = None,
    among: Sequence[str] = (),
    measure: Measure = "es95",
    most: int = _MOST_SIZE,
    told: Callable[[int], None] | None = None,
) -> Hedges:
    """Find the hedges of a run's book that leave least risk.

    Subsets are ranked by the variance that they take away, all of them; of the first ones the expected shortfall is
    made least, too, if that is the measure.

    Parameters
    ----------
    job
        The run's job, which holds the book.
    scenario, month
        Where and when the hedges are judged.
    weights
        (paths,) weights of the paths; None where they are equally likely.
    among
        Series, or kinds of them, that may be sold or bought; those with listed futures if empty.
    measure
        What is made least.
    most
        Largest number of instruments, 1 to 3.
    told
        Called with the number of paths of each chunk that was drawn.

    Raises
    ------
    InputError
        If the run has no book or no such scenario or series.
    """
    book = book_of(job)
    if book is None:
        fix = "name a file under portfolio in the run, and run it again"
        raise InputError(Problem("the run has no portfolio to hedge", fix=fix))
    if not 1 <= most <= _MOST_SIZE:
        raise InputError(Problem(f"hedges of {most} instruments", allowed=f"1 to {_MOST_SIZE}"))
    names = list_instruments(job.model, among)
    gain, instruments = _draw(book, job, scenario, month, names, told)
    share = np.full(gain.size, 1.0 / gain.size) if weights is None else weights / weights.sum()
    bare = _risk(gain, share)
    most_size = _BOUND * max(1.0, float(np.abs(book.weights).sum()))
    choices = []
    for size in range(1, min(most, len(names)) + 1):
        chosen = list(_best_subset(gain, instruments, share, size, measure, most_size))
        choices.append(_judge(gain, instruments[chosen], share, [names[one] for one in chosen], measure, most_size))
    estimates = {name: _estimate(bare[name]) for name in ("es95", "sd", "mean")}
    return Hedges(
        scenario, month, measure, tuple(names), book.capital, book.currency, **estimates, choices=tuple(choices)
    )


def _draw(
    book: Book, job: Job, scenario: str, month: int, names: Sequence[str], told: Callable[[int], None] | None
) -> tuple[Floats, Floats]:
    """Draw the paths again: (N,) gains of the book and (J, N) gains of the instruments in its currency."""
    sampler = job.samplers[position(tuple(one.id for one in job.samplers), scenario)]
    revaluation = Revaluation.of(book, sampler)
    rows = [job.model.outputs.index(name) for name in names]
    paths, size, place = job.request.paths, 4 * SUPERBLOCK, job.request.steps.index(month)
    gain, instruments = np.empty(paths), np.empty((len(rows), paths))
    for first in range(0, paths, size):
        outputs = sampler.paths(first, min(size, paths - first))
        here = slice(first, first + outputs.shape[2])
        gain[here] = revaluation.value(revaluation.gains(outputs, first))[place]
        instruments[:, here] = outputs[rows, place] * revaluation.dollars(outputs)[place]
        if told is not None:
            told(outputs.shape[2])
    return gain, instruments


def _best_subset(
    gain: Floats, instruments: Floats, weights: Floats, size: int, measure: Measure, most: float
) -> tuple[int, ...]:
    ranked = rank_subsets(gain, instruments, weights, size)
    if measure == "variance" or len(ranked) == 1:
        return ranked[0]
    few = slice(0, min(gain.size, _SCREEN_PATHS))
    part = weights[few] / weights[few].sum()

    def shortfall(subset: tuple[int, ...]) -> float:
        gains = instruments[list(subset), few]
        sizes = _fit(gain[few], gains, part, measure, most)
        return shortfall_plane(gain[few] + sizes @ gains, gains, part, _TAIL)[0]

    return min(ranked[:_SCREENED], key=shortfall)


def _fit(gain: Floats, instruments: Floats, weights: Floats, measure: Measure, most: float) -> Floats:
    sizes = least_variance(gain, instruments, weights)
    return sizes if measure == "variance" else least_shortfall(gain, instruments, weights, _TAIL, sizes, most)


def _judge(
    gain: Floats, instruments: Floats, weights: Floats, names: Sequence[str], measure: Measure, most: float
) -> HedgeChoice:
    """Fit on all paths; fit on each half and judge on the other one."""
    sizes = _fit(gain, instruments, weights, measure, most)
    first = np.arange(gain.size) < gain.size // 2
    halves = [_fit(gain[half], instruments[:, half], weights[half] / weights[half].sum(), measure, most)
              for half in (first, ~first)]  # fmt: skip
    # Each path is hedged with the sizes of the half that it does not belong to.
    unseen = gain + np.where(first, halves[1] @ instruments, halves[0] @ instruments)
    bare, hedged, fitted = (_risk(own, weights) for own in (gain, unseen, gain + sizes @ instruments))
    return HedgeChoice(
        tuple(names),
        tuple(map(float, sizes)),
        tuple(map(float, np.abs(halves[0] - halves[1]) / 2.0)),
        es95=_estimate(hedged["es95"]),
        sd=_estimate(hedged["sd"]),
        mean=_estimate(hedged["mean"]),
        fitted=fitted["es95" if measure == "es95" else "sd"].value,
        saved=difference(bare["es95"], hedged["es95"], paired=True),
    )


def _risk(gain: Floats, weights: Floats) -> dict[str, Estimated]:
    sample = OrderedSample(gain, weights)
    found = estimate_all(sample, 0.0)
    sd = sample.sd
    apart = (gain - found["mean"].value) ** 2 - sd**2
    return {**found, "sd": Estimated(sd, weights * apart / (2.0 * max(sd, 1e-300)))}


def _estimate(found: Estimated) -> Estimate:
    return Estimate(found.value, float(np.sqrt(np.sum(found.influence**2))))


def _plain(number: Estimate) -> dict[str, float]:
    return {"value": float(number), "se": number.se}
