"""Views on mean returns that a constant monthly shift absorbs, scaled by beta: as premium or as earnings.

The shift is solved in law, from the closed form of the compound return, so that a sample meets the view
to its Monte Carlo error; the factors stay where they are. Whether the shift is booked as a change of the
equity premium, and so of multiples, or as earnings makes no difference to prices.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.compounding import expected_growth
from jpsim.conditioning.conditional import Conditional
from jpsim.conditioning.impulses import ImpulseEffect, impulse_cov
from jpsim.conditioning.scale_paths import returns_given_scales
from jpsim.conditioning.support import is_shift_view
from jpsim.conditioning.term_moments import Innovations, TermMoments
from jpsim.days import Instant
from jpsim.errors import InputError, Place, Problem
from jpsim.scenario import Scenario

__all__ = ["MeanView", "Shift", "series_weights", "shift_views", "solve_shift"]

Floats = npt.NDArray[np.float64]

_WIDEST = 0.5  # monthly shifts beyond this are no equity premium
_SAME = 1e-15  # shifts closer than this are the same


@dataclass(frozen=True, slots=True)
class MeanView:
    """A view on the mean of one series' cumulative simple return from month 0.

    Parameters
    ----------
    series
        Id of a base series or aggregate.
    month
        Month 1 to h at which it holds.
    mean
        The mean, 0.10 for 10 %.
    place
        Where it was written.
    booked_as
        What the shift is called in decompositions of prices into earnings and multiples.
    """

    series: str
    month: int
    mean: float
    place: Place | None = None
    booked_as: Literal["equity_premium", "earnings"] = "equity_premium"


@dataclass(frozen=True, slots=True)
class Shift:
    """Monthly shifts of the returns per unit of beta, by what they are booked as.

    Parameters
    ----------
    premium, earnings
        (h,) each; what reaches prices is their sum.
    """

    premium: Floats
    earnings: Floats

    @property
    def total(self) -> Floats:
        """(h,) what is added to the monthly returns, per unit of beta."""
        return self.premium + self.earnings


def shift_views(scenario: Scenario, as_of: Instant) -> tuple[MeanView, ...]:
    """Views of a scenario that a shift of its returns absorbs, booked as premium or as earnings."""
    return tuple(
        MeanView(
            view.series,
            view.at.index(as_of),
            view.mean.equal.value,
            scenario.place("views", number),
            "earnings" if view.absorb == "earnings" else "equity_premium",
        )
        for number, view in enumerate(scenario.views)
        if is_shift_view(view) and view.at is not None and view.mean is not None and view.mean.equal is not None
    )


def series_weights(conditional: Conditional, series: str) -> Floats:
    """(S,) weights of the base series in a base series or aggregate."""
    model = conditional.system.model
    if series in model.series:
        weights = np.zeros(len(model.series))
        weights[model.series.index(series)] = 1.0
        return weights
    found: Floats = model.aggregation[model.aggregates.index(series)]
    return found


def solve_shift(
    conditional: Conditional,
    impulses: tuple[ImpulseEffect, ...],
    views: tuple[MeanView, ...],
    terms: TermMoments | None = None,
    innovations: Innovations = "gaussian",
) -> Shift:
    """Return the monthly shifts under which the views hold.

    Each view is absorbed by a constant shift in the months after the view before it.

    Parameters
    ----------
    conditional, impulses
        Law of the factors, and effects that no factor carries.
    views
        What shall hold.
    terms
        Moments of the nonlinear terms.
    innovations
        What the months' scales are: where named shocks deliver conditions, means depend on their paths.

    Raises
    ------
    InputError
        If two views concern the same month, or no shift within ±50 % a month meets one.
    """
    booked = {name: np.zeros(conditional.system.horizon) for name in ("equity_premium", "earnings")}
    ordered = sorted(views, key=lambda view: view.month)
    for first, second in pairwise(ordered):
        if first.month == second.month:
            raise InputError(_said_twice(first, second))
    solved = 0
    for view in ordered:
        before = booked["equity_premium"] + booked["earnings"]
        law = _returns(conditional, impulses, view, terms, innovations)
        booked[view.booked_as][solved : view.month] = _solve_one(law, view, before, solved)
        solved = view.month
    return Shift(booked["equity_premium"], booked["earnings"])


def _said_twice(first: MeanView, second: MeanView) -> Problem:
    """Two views that one shift of the returns would have to meet in one month."""
    earlier = f"; the first view is at {first.place}" if first.place else ""
    if first.series == second.series:
        found = f"the mean of {second.series} at month {second.month} is stated twice{earlier}"
        return Problem(found, second.place, "each mean once", "remove one of the two")
    both = f"{first.series} and {second.series}"
    found = f"one shift of the returns cannot meet the means of {both} at month {second.month}"
    fix = "write absorb: factors in one of the two, or state it against the other with versus"
    return Problem(f"{found}{earlier}", second.place, fix=fix)


class _Returns(NamedTuple):
    """Monthly returns of one series before any shift: N equally likely laws, normal with given moments."""

    beta: float
    mean: Floats  # (N, h)
    cov: Floats  # (N, h, h)


def _returns(
    conditional: Conditional,
    impulses: tuple[ImpulseEffect, ...],
    view: MeanView,
    terms: TermMoments | None,
    innovations: Innovations,
) -> _Returns:
    model = conditional.system.model
    weights = series_weights(conditional, view.series)
    exposure, curved = weights @ model.loadings, weights @ model.term_loadings
    base = float(weights @ model.alpha) + sum(effect.mean @ weights for effect in impulses)
    pushed = impulse_cov(impulses, weights[None])
    if conditional.steered and innovations != "gaussian":
        mean, cov = returns_given_scales(conditional, innovations, exposure, curved)
    else:
        mean, cov = (conditional.mean_innovations @ exposure)[None], conditional.innovation_cov(exposure[None])
        if terms is not None:
            mean = mean + terms.mean @ curved
            cov = cov + terms.between_months(exposure[None], curved[None])
    return _Returns(float(weights @ model.beta), base + mean, cov + pushed)


def _solve_one(law: _Returns, view: MeanView, shift: Floats, first: int) -> float:
    base, cov = law.mean[:, : view.month], law.cov[:, : view.month, : view.month]

    def miss(monthly: float) -> float:
        moved = base + law.beta * shift[: view.month]
        moved[:, first:] += law.beta * monthly
        return float(expected_growth(moved, cov)[:, -1].mean()) - 1.0 - view.mean

    if abs(law.beta) < 1e-6 or miss(-_WIDEST) * miss(_WIDEST) > 0:
        found = f"no shift of the returns gives {view.series} a mean of {view.mean:.1%} at month {view.month}"
        raise InputError(Problem(found, view.place, fix="choose another mean, or absorb: factors"))
    return _root(miss, -_WIDEST, _WIDEST)


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a function is zero, between two ends at which its signs differ.

    By Ridders' method (1979, doi:10.1109/TCS.1979.1084580), which is exact for exponentials, and compound growth
    is nearly one. Importing scipy's methods takes longer than all the rest of an explanation.
    """
    at_low, at_high, found = function(low), function(high), np.inf
    while True:
        last, middle = found, 0.5 * (low + high)
        at_middle = function(middle)
        slope = np.sign(at_high - at_low) / np.sqrt(at_middle**2 - at_low * at_high)
        found = float(middle - (middle - low) * slope * at_middle)
        at_found = function(found)
        if at_found == 0.0 or abs(found - last) <= _SAME:
            return found
        if at_middle * at_found < 0.0:
            ends = (middle, at_middle), (found, at_found)
        else:
            ends = (
                ((low, at_low), (found, at_found)) if at_low * at_found < 0.0 else ((found, at_found), (high, at_high))
            )
        (low, at_low), (high, at_high) = sorted(ends)
