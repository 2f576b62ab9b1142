"""What regimes are worth out of sample: TOPIX given the core factors, with the regimes' departures and without.

At each origin regimes are dated and departures estimated from the months up to it; over the months until the next
origin the regimes' probabilities move on with the chain and with what each month shows. What pooled loadings
miss of TOPIX is then set against what the departures say: a slope of one is what a true departure has, a slope of
zero what noise has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jpsim.calibration.dynamics import discount
from jpsim.calibration.regimes import Regimes, estimate_regimes

__all__ = ["RegimeEvidence", "weigh_departures"]

Floats = npt.NDArray[np.float64]

EVERY = 12
"""Months from one origin to the next."""
BURN_IN, KEPT, DRAWS = 100, 50, 100
"""Of the sampler at each origin: steps of each chain before the first kept one and kept ones, and posterior draws of
the departures, of which the mean is used."""


@dataclass(frozen=True)
class RegimeEvidence:
    """Scores of one-month forecasts of TOPIX given the core factors.

    Parameters
    ----------
    months
        Number of months that were forecast.
    pooled, divided
        Root mean squared errors, in percent, with pooled loadings and with the regimes'.
    slopes
        Slope of the pooled loadings' errors on what the departures contribute, and its standard error: of all core
        factors together (``all``), then of each.
    """

    months: int
    pooled: float
    divided: float
    slopes: dict[str, tuple[float, float]]


def weigh_departures(
    topix: Floats, innovations: Floats, names: tuple[str, ...], half_life: float, settings: dict[str, Any], first: int
) -> RegimeEvidence:
    """Score departures over rolling origins.

    Parameters
    ----------
    topix, innovations, names
        (T,) returns of TOPIX, a fraction and NaN where missing; (T, n) innovations of the factors and their ids.
    half_life
        Of the discounted estimation, months.
    settings
        Section ``regimes`` of the priors.
    first
        Position of the last month before the first origin's forecasts.
    """
    core = np.array([names.index(name) for name in settings["variables"]])
    settings = {**settings, "burn_in": BURN_IN, "kept": KEPT}
    errors, added = [], []
    for origin in range(first, len(topix) - 1, EVERY):
        seen, ahead = slice(0, origin + 1), slice(origin + 1, min(origin + 1 + EVERY, len(topix)))
        weights = discount(origin + 1, half_life)
        regimes = estimate_regimes(topix[seen], innovations[seen], names, weights, settings, DRAWS)
        before = innovations[seen][:, core]
        slopes, spread = _pooled_law(topix[seen], before, weights)
        x = innovations[ahead][:, core]
        missed = topix[ahead] - slopes[0] - x @ slopes[1:]
        odds = _odds(regimes, np.cov(before.T, aweights=weights), x, missed / spread, spread)
        errors.append(missed)
        added.append(x * np.einsum("tk,kv->tv", odds, regimes.response.mean(axis=0)))
    return _evidence(np.concatenate(errors), np.concatenate(added), list(settings["variables"]))


def _pooled_law(topix: Floats, core: Floats, weights: Floats) -> tuple[Floats, float]:
    """Discounted least squares (1 + v,), the intercept first, and the sd of what it leaves."""
    known = np.isfinite(topix)
    design = np.column_stack([np.ones(known.sum()), core[known]])
    weighted = design * weights[known, None]
    slopes = np.linalg.solve(weighted.T @ design, weighted.T @ topix[known])
    left = topix[known] - design @ slopes
    return slopes, float(np.sqrt(np.average(left**2, weights=weights[known])))


def _odds(regimes: Regimes, inner: Floats, x: Floats, score: Floats, spread: float) -> Floats:
    """(t, K) probability of each regime given the months before and the month's own core factors, not its TOPIX.

    `score` (t,) is what pooled slopes miss of TOPIX over its sd `spread`, NaN where TOPIX is missing.
    """
    root = np.linalg.cholesky(inner)
    covariances = root @ regimes.relative.mean(axis=0) @ root.T
    own = _log_normal(x, covariances)
    surprise = score[:, None] - x @ regimes.response.mean(axis=0).T / spread
    shown = own - 0.5 * np.nan_to_num(surprise) ** 2  # a month without TOPIX shows its factors alone
    stay = np.diag(regimes.stay)
    transition = stay + (1.0 - regimes.stay)[:, None] * (1.0 - np.eye(len(stay))) / (len(stay) - 1)
    law, odds = regimes.probability @ transition, np.empty_like(own)
    for t in range(len(x)):
        given = law * np.exp(own[t] - own[t].max())
        odds[t] = given / given.sum()
        after = law * np.exp(shown[t] - shown[t].max())
        law = (after / after.sum()) @ transition
    return odds


def _log_normal(x: Floats, covariances: Floats) -> Floats:
    """Log densities (t, K) up to a constant."""
    distance = np.einsum("ti,kij,tj->tk", x, np.linalg.inv(covariances), x)
    return np.asarray(-0.5 * distance - 0.5 * np.linalg.slogdet(covariances)[1])


def _evidence(missed: Floats, added: Floats, variables: list[str]) -> RegimeEvidence:
    missed, added = missed[known := np.isfinite(missed)], added[known]
    columns = {"all": added.sum(axis=1), **dict(zip(variables, added.T, strict=True))}
    spread = float((missed**2).mean())
    slopes = {
        name: (float(column @ missed / (column @ column)), float(np.sqrt(spread / (column @ column))))
        for name, column in columns.items()
    }
    divided = float(((missed - columns["all"]) ** 2).mean())
    return RegimeEvidence(len(missed), 100.0 * spread**0.5, 100.0 * divided**0.5, slopes)
