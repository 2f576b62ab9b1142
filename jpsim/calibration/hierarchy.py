"""The hierarchy of regressions behind the equity layer: TOPIX, the 17 sectors, the 33, tilts of sizes and themes.

The regressors are the innovations of the factors, then the nonlinear terms: both are shrunk, drawn and made to
add up in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from jpsim.calibration.loadings import Fit, Groups, discounted_beta, fit_level, reconcile
from jpsim.calibration.residuals import discounted_covariance
from jpsim.calibration.returns import Returns, ids_of_kind
from jpsim.calibration.structure import Structure
from jpsim.calibration.terms import TermPrior, term_values

__all__ = ["Design", "Hierarchy", "build_design", "fit_hierarchy"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Design:
    """What returns are regressed on: innovations of n factors, then K nonlinear terms.

    Parameters
    ----------
    values, unit
        (T, n + K) regressors, and (n + K,) what prior sds are stated for: a standard deviation of each factor, the
        example of each term.
    weights
        (T,) discounts.
    groups, market_groups
        What is shrunk alike in sectors and tilts, and in TOPIX.
    terms
        Priors of the K terms.
    """

    values: Floats
    unit: Floats
    weights: Floats
    groups: Groups
    market_groups: Groups
    terms: tuple[TermPrior, ...]

    def centre(self, above: Floats, series: Sequence[str]) -> Floats:
        """Prior means (k, n + K): what follows from above, and the stated effects of terms on these series."""
        own = np.zeros_like(above)
        for column, prior in enumerate(self.terms, start=above.shape[1] - len(self.terms)):
            own[:, column] = [prior.effects.get(name, 0.0) / 100.0 / prior.example for name in series]
        return above + own


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """Fits from TOPIX down, and how one level's loadings centre the next.

    Parameters
    ----------
    topix, sector17, sector33, tilts
        Fits of 1, 17, 33 and m series; the loadings of the 33 add up, those of the 17 do not yet.
    upper
        (17, n + K) loadings of the 17 that add up to TOPIX's.
    beta17, beta33, parent
        (17,) betas on TOPIX, (33,) betas on the parent, (33,) position of the parent.
    error17, error33
        What reconciliation weighs levels by: residual variances (k,) or covariance (k, k).
    """

    topix: Fit
    sector17: Fit
    sector33: Fit
    tilts: Fit
    upper: Floats
    beta17: Floats
    beta33: Floats
    parent: npt.NDArray[np.int64]
    error17: Floats
    error33: Floats

    def draw(self, structure: Structure, rng: np.random.Generator) -> Floats:
        """Draw loadings of the base series from the posterior, (S, n + K), adding up as the point does."""
        still = np.zeros_like(self.topix.loadings)
        topix = self.topix.posterior.draw(still, rng)[0]
        moved = np.outer(self.beta17, topix - self.topix.loadings[0])
        sector17 = self.sector17.posterior.draw(moved, rng)
        upper = reconcile(sector17, topix, structure.shares, self.error17)
        moved = self.beta33[:, None] * (upper - self.upper)[self.parent]
        sector33 = self.sector33.posterior.draw(moved, rng)
        sector33 = _reconcile_members(sector33, upper, structure.members, self.error33)
        tilts = self.tilts.posterior.draw(np.zeros_like(self.tilts.loadings), rng)
        return np.asarray(structure.mix @ np.concatenate([sector33, tilts]))

    def spread(self, structure: Structure) -> Floats:
        """How much the base series' loadings move with TOPIX's, (S,): down the hierarchy, adding up to 1."""
        upper = reconcile(self.beta17[:, None], np.ones(1), structure.shares, self.sector17.variance)
        sector33 = self.beta33[:, None] * upper[self.parent]
        sector33 = _reconcile_members(sector33, upper, structure.members, self.sector33.variance)
        tilts = np.zeros((len(self.tilts.loadings), 1))
        return np.asarray(structure.mix @ np.concatenate([sector33, tilts]))[:, 0]


def build_design(
    innovations: Floats,
    before: Floats,
    names: tuple[str, ...],
    terms: tuple[TermPrior, ...],
    weights: Floats,
    settings: dict[str, Any],
) -> Design:
    """Put the regressors of T months together.

    Parameters
    ----------
    innovations, before
        (T, n) innovations of the factors, and their reported levels at the end of the month before.
    names, terms
        Ids of the n factors; priors of the terms.
    weights
        (T,) discounts.
    settings
        Section ``equity`` of the priors.
    """
    factor_sd = np.sqrt(weights @ innovations**2 / weights.sum())
    bent = term_values([prior.term for prior in terms], names, innovations, before)
    return Design(
        np.column_stack([innovations, bent]),
        np.concatenate([factor_sd, np.abs([prior.example for prior in terms])]),
        weights,
        *_shrinkage(names, terms, settings),
        terms,
    )


def _shrinkage(names: tuple[str, ...], terms: tuple[TermPrior, ...], settings: dict[str, Any]) -> tuple[Groups, Groups]:
    """Group the regressors for sectors and tilts, and for TOPIX, which is not shrunk on the leading factors."""
    leading = settings["leading"]
    groups = sorted(settings["groups"].values(), key=lambda group: not group["factors"])  # all others come last
    factors = [*(group["factors"] for group in groups[:-1]), *([prior.term.id] for prior in terms)]
    scales = (*(tuple(group["scales"]) for group in groups[:-1]), *(prior.scales for prior in terms))
    scales = (*scales, tuple(groups[-1]["scales"]))
    rest = [[name for name in group if name not in leading] for group in factors]
    wide, columns = (float(settings["leading_scale"]),), (*names, *(prior.term.id for prior in terms))
    return Groups.collect(columns, factors, scales), Groups.collect(columns, [leading, *rest], (wide, *scales))


def fit_hierarchy(returns: Returns, design: Design, structure: Structure, joint: float) -> Hierarchy:
    """Fit every level.

    Parameters
    ----------
    returns
        Monthly simple returns of T months.
    design
        The regressors of the same months.
    structure
        Weights and mixes.
    joint
        Share of the residual covariance, beside the variances, that reconciliation weighs by.
    """
    market, weights, x = returns.topix, design.weights, design.values

    def fit(columns: Floats, above: Floats, series: Sequence[str], shrunk: Groups = design.groups) -> Fit:
        return fit_level(columns, x, design.unit, weights, design.centre(above, series), shrunk)

    topix = fit(market[:, None], np.zeros((1, x.shape[1])), ("topix",), design.market_groups)
    beta = discounted_beta(returns.sector17, market, weights)
    sector17 = fit(returns.sector17, np.outer(beta, topix.loadings[0]), ids_of_kind("sector17"))
    error17 = _error(sector17, weights, joint)
    upper = reconcile(sector17.loadings, topix.loadings[0], structure.shares, error17)
    parent = (structure.members > 0).argmax(axis=0)
    beta33 = _beta_on_parent(returns, parent, weights)
    sector33 = fit(returns.sector33, beta33[:, None] * upper[parent], ids_of_kind("sector33"))
    error33 = _error(sector33, weights, joint)
    reconciled = _reconcile_members(sector33.loadings, upper, structure.members, error33)
    residual = sector33.residual - x @ (reconciled - sector33.loadings).T
    sector33 = replace(sector33, loadings=reconciled, residual=residual)
    columns = _tilt_returns(returns, structure)
    tilts = fit(columns, np.zeros((columns.shape[1], x.shape[1])), structure.series[33:])
    return Hierarchy(topix, sector17, sector33, tilts, upper, beta, beta33, parent, error17, error33)


def _tilt_returns(returns: Returns, structure: Structure) -> Floats:
    """What sizes, segments, the Nikkei 225 and themes do beside TOPIX or their mix of sectors, (T, m)."""
    mixes = structure.mix[41:, :33]
    themes = [theme - returns.sector33 @ row for theme, row in zip(returns.themes.values(), mixes, strict=True)]
    return np.column_stack([*returns.tilts.values(), *themes])


def _error(fit: Fit, weights: Floats, joint: float) -> Floats:
    """What reconciliation weighs a level by: variances (k,), or covariance (k, k) with a share `joint` of its rest."""
    if not joint:
        return fit.variance
    covariance = discounted_covariance(fit.residual, weights)
    return np.asarray(joint * covariance + (1.0 - joint) * np.diag(np.diag(covariance)))


def _beta_on_parent(returns: Returns, parent: npt.NDArray[np.int64], weights: Floats) -> Floats:
    """Estimate the beta of each of the 33 on its sector among the 17, (33,)."""
    pairs = zip(returns.sector33.T, returns.sector17[:, parent].T, strict=True)
    return np.array([discounted_beta(own[:, None], above, weights)[0] for own, above in pairs])


def _reconcile_members(loadings: Floats, upper: Floats, members: Floats, error: Floats) -> Floats:
    """Make the members of each of the 17 add up to it; loadings (33, n)."""
    lower = loadings.copy()
    for row, whole in zip(members, upper, strict=True):
        inside = row > 0
        own = error[np.ix_(inside, inside)] if error.ndim == 2 else error[inside]
        lower[inside] = reconcile(lower[inside], whole, row[inside], own)
    return lower
