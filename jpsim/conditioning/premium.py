"""Views on mean returns that the equity premium absorbs: a constant monthly shift, scaled by beta.

The shift is solved in law, from the closed form of the compound return, so that a sample meets the view
to its Monte Carlo error; the factors stay where they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from jpsim.conditioning.compounding import expected_growth
from jpsim.conditioning.conditional import Conditional
from jpsim.conditioning.impulses import ImpulseEffect, impulse_cov
from jpsim.errors import InputError, Place, Problem

__all__ = ["MeanView", "series_weights", "solve_premium"]

Floats = npt.NDArray[np.float64]

_WIDEST = 0.5  # monthly shifts beyond this are no equity premium


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
    """

    series: str
    month: int
    mean: float
    place: Place | None = None


def series_weights(conditional: Conditional, series: str) -> Floats:
    """(S,) weights of the base series in a base series or aggregate."""
    model = conditional.system.model
    if series in model.series:
        weights = np.zeros(len(model.series))
        weights[model.series.index(series)] = 1.0
        return weights
    found: Floats = model.aggregation[model.aggregates.index(series)]
    return found


def solve_premium(conditional: Conditional, impulses: tuple[ImpulseEffect, ...], views: tuple[MeanView, ...]) -> Floats:
    """Return the (h,) monthly shift, per unit of beta, under which the views hold.

    Each view is absorbed by a constant shift in the months after the view before it.

    Raises
    ------
    InputError
        If two views concern the same month, or no shift within ±50 % a month meets one.
    """
    shift = np.zeros(conditional.system.horizon)
    solved = 0
    for view in sorted(views, key=lambda view: view.month):
        if view.month == solved:
            found = f"two mean views are absorbed by the equity premium at month {view.month}"
            raise InputError(Problem(found, view.place, fix="let one of them be absorbed by factors"))
        shift[solved : view.month] = _solve_one(conditional, impulses, view, shift, solved)
        solved = view.month
    return shift


def _solve_one(
    conditional: Conditional, impulses: tuple[ImpulseEffect, ...], view: MeanView, shift: Floats, first: int
) -> float:
    model = conditional.system.model
    weights = series_weights(conditional, view.series)
    exposure, beta = weights @ model.loadings, float(weights @ model.beta)
    base = (weights @ model.alpha + conditional.mean_innovations @ exposure)[: view.month]
    base = base + sum((effect.mean @ weights)[: view.month] for effect in impulses)
    cov = conditional.innovation_cov(exposure[None]) + impulse_cov(impulses, weights[None])
    cov = cov[:, : view.month, : view.month]

    def miss(monthly: float) -> float:
        moved = base + beta * shift[: view.month]
        moved[first:] += beta * monthly
        return float(expected_growth(moved[None], cov)[0, -1]) - 1.0 - view.mean

    if abs(beta) < 1e-6 or miss(-_WIDEST) * miss(_WIDEST) > 0:
        found = f"no equity premium gives {view.series} a mean of {view.mean:.1%} at month {view.month}"
        raise InputError(Problem(found, view.place, fix="choose another mean, or absorb: factors"))
    return float(brentq(miss, -_WIDEST, _WIDEST, xtol=1e-14))
