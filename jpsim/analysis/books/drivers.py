"""What drives a book's gain on each path: factors, impulses, drift, the yen, options, and what is its own.

Month by month a book has some amount in each series of the model: what it bought, grown up to the month before, or
what its weights say if it is brought back to them, and for an option its delta over the month. What the month's
return brings, that amount earns, and the return is linear in the drivers. So the gain counted in yen is a sum over
months of amount times return, by driver; options add what volatility and time do to them, and what counting in
dollars adds stands on its own. The shares sum to the gain on every path. Means of them over the book's own tail are
therefore Euler's contributions to its expected shortfall (Tasche 2000, arXiv:math/0104190).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from jpsim.analysis.attribution import INTERVENTION
from jpsim.analysis.books.book import Book
from jpsim.analysis.books.option_shares import share_option
from jpsim.analysis.books.revaluation import Revaluation
from jpsim.analysis.tail_means import (
    fixed_returns,
    innovation_loadings,
    path_innovations,
    split_interventions,
    tail_drivers,
)
from jpsim.analysis.term_values import path_terms, term_shares
from jpsim.conditioning.stories import Story
from jpsim.simulation.part_sampling import PartSampler
from jpsim.simulation.sampling import Sampler

__all__ = ["BookDrivers", "DriverGains"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DriverGains:
    """What drives a book on some paths.

    Parameters
    ----------
    by_driver
        (D, h, m) shares of the gain since month 0, in the order of `BookDrivers.names`; none where the run leaves
        months out.
    beside
        What the book gains beside the returns of its series, by name: ``options``, ``translation`` and
        ``hedge_carry``, as far as it has such; (h, m) each.
    """

    by_driver: Floats
    beside: dict[str, Floats]


@dataclass(frozen=True, eq=False)
class BookDrivers:
    """The drivers of a book in one scenario.

    Parameters
    ----------
    revaluation
        The book on the outputs of the model.
    parts
        First path, number of paths and part of each span of the sample, in order.
    shared
        Drivers that the book shares with its series: factors, what views state, impulse channels, drift; none
        where the run leaves months out, between which no path can be taken apart.
    """

    revaluation: Revaluation
    parts: tuple[tuple[int, int, PartSampler], ...]
    shared: tuple[str, ...]

    @classmethod
    def of(cls, revaluation: Revaluation, sampler: Sampler, stories: tuple[Story, ...], paths: int) -> Self:
        """Name the drivers of a book in a scenario.

        Parameters
        ----------
        revaluation, sampler, paths
            The book on the scenario's outputs, the scenario, and the number of its paths.
        stories
            All stories of the run: the drivers of each are named in all.
        """
        reported = sampler.laws[0].reported
        shared = tail_drivers(stories)[:-1] if reported[-1] == reported.size else ()
        return cls(revaluation, tuple(sampler.spans(paths)), shared)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the D drivers; the last, ``residual``, is what is left: the series' own returns."""
        return (*self.shared, *self._own, "residual") if self.shared else ()

    def gains(self, outputs: Floats, first: int, gain: Floats) -> DriverGains:
        """Take the gain of the book apart.

        Parameters
        ----------
        outputs
            (O, h, m) factor levels and cumulative simple returns.
        first
            Number of the first path.
        gain
            (h, m) gain of the book.
        """
        beside = self.revaluation.in_dollars(outputs, first, gain)
        if not self.shared:
            return DriverGains(np.zeros((0, *gain.shape)), beside)
        yen = gain - sum(beside.values())
        monthly = np.zeros((len(self.names), *gain.shape))
        own = dict(zip(self._own, monthly[len(self.shared) : -1], strict=True))
        grown = np.concatenate([np.ones((1, gain.shape[1])), 1.0 + yen[:-1]])
        amounts = self._amounts(outputs, grown)
        if "volatility" in own:
            beside["options"] = self._add_options(outputs, amounts, own)
        if "specific" in own:
            restored = self._book.rebalancing == "monthly"
            own["specific"][:] = self.revaluation.specific(gain.shape, first) * (grown if restored else 1.0)
        for here, part in self._spans(first, gain.shape[1]):
            brought = self._by_series(part, first + here.start, outputs[:, :, here], amounts[:, :, here])
            monthly[: len(self.shared), :, here] = brought
        by_driver = np.cumsum(monthly, axis=1)
        for name in own.keys() & {"hedge_carry", "translation"}:
            by_driver[self.names.index(name)] = beside[name]
        by_driver[-1] = gain - by_driver[:-1].sum(axis=0)
        return DriverGains(by_driver, beside)

    @property
    def _book(self) -> Book:
        return self.revaluation.book

    @cached_property
    def _own(self) -> tuple[str, ...]:
        """Drivers that the book has for itself."""
        asked = {
            "specific": bool(self._book.specific_sd),
            "volatility": any(leg.option for leg in self._book.legs),
            "time_value": any(leg.option for leg in self._book.legs),
            "hedge_carry": self.revaluation.carries,
            "translation": self.revaluation.translates,
        }
        return tuple(name for name, wanted in asked.items() if wanted)

    @cached_property
    def _series(self) -> dict[str, int]:
        """Series in which the book is, also by options, and their places among the outputs."""
        return {leg.series: self.revaluation.rows[leg.series] for leg in self._book.legs if leg.series}

    def _amounts(self, outputs: Floats, grown: Floats) -> Floats:
        """(J, h, m) what the book has in its J series as each month begins, options left out.

        `grown` is the value of the book then, (h, m), to which one that is brought back to its weights adjusts.
        """
        bought = self._book.bought
        weights = np.array([bought.get(name, 0.0) for name in self._series])
        if self._book.rebalancing == "monthly":
            return np.asarray(weights[:, None, None] * grown)
        gross = np.ones((weights.size, *grown.shape))
        gross[:, 1:] += outputs[list(self._series.values()), :-1]
        gross *= weights[:, None, None]
        return gross

    def _add_options(self, outputs: Floats, amounts: Floats, own: dict[str, Floats]) -> Floats:
        """Add what the options have in their index to the amounts, and fill their drivers; (h, m) gain in yen."""
        by_index = np.zeros(outputs.shape[1:])
        place = {name: row for row, name in enumerate(self._series)}
        for leg, weight in zip(self._book.legs, self._book.leg_weights, strict=True):
            if leg.option is None:
                continue
            marks = self.revaluation.marks(leg.option, leg.series, outputs)
            shares = share_option(leg.option, *marks)
            by_index += weight * shares.exposure * (marks[0][1:] / marks[0][:-1] - 1.0)
            amounts[place[leg.series]] += weight * shares.exposure
            own["volatility"] += weight * shares.volatility
            own["time_value"] += weight * shares.time_value
        return np.cumsum(by_index + own["volatility"] + own["time_value"], axis=0)

    def _by_series(self, part: PartSampler, first: int, outputs: Floats, amounts: Floats) -> Floats:
        """(D', h, m) what the months' returns of the series bring to the amounts, by shared driver, from a path on."""
        model = part.source.conditional.system.model
        n = len(model.factors)
        picked = np.vstack([np.eye(len(model.series)), model.aggregation])[[row - n for row in self._series.values()]]
        innovations = path_innovations(part.law, outputs[:n])
        terms = path_terms(model, part.law.start, innovations, outputs[:n])
        if INTERVENTION in self.shared:
            innovations = split_interventions(part, first, innovations)
        moving = len(innovations)
        brought = np.empty((len(self.shared), *outputs.shape[1:]))
        brought[:moving] = np.tensordot(innovation_loadings(model, picked, moving).T, amounts, axes=1) * innovations
        if terms.size:
            bent = np.tensordot((picked @ model.term_loadings).T, amounts, axes=1) * terms
            brought[:n] += np.tensordot(term_shares(model), bent, axes=1)
        fixed = fixed_returns(part.source, picked, self.shared[moving:])
        brought[moving:] = np.einsum("djh,jhm->dhm", fixed, amounts)
        return brought

    def _spans(self, first: int, count: int) -> Iterator[tuple[slice, PartSampler]]:
        """Cut some paths into runs that follow one part; places are counted from the first of them."""
        begins = [begin for begin, _, _ in self.parts]
        for begin, size, part in self.parts[bisect_right(begins, first) - 1 :]:
            if begin >= first + count:
                return
            yield slice(max(begin - first, 0), min(begin + size - first, count)), part
