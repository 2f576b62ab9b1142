"""The equity layer: loadings, residuals and drift of every series, coherent by construction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from jpsim.calibration.dynamics import discount
from jpsim.calibration.loadings import Fit, Groups, discounted_beta, fit_level, reconcile
from jpsim.calibration.panel import Panel
from jpsim.calibration.residuals import Residuals, decompose_residuals, discounted_covariance
from jpsim.calibration.returns import TILTS, Returns, ids_of_kind
from jpsim.dictionary import series as series_entries
from jpsim.errors import InputError

__all__ = ["EquityLaw", "Hierarchy", "Structure", "build_structure", "estimate_equities", "model_beta"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Structure:
    """How the series hang together.

    Parameters
    ----------
    series, aggregates
        Ids of the S base series and of the G aggregates.
    mix
        (S, S) base series from raw series: sectors as they are; TOPIX plus tilt; sectors' mix plus tilt.
    aggregation
        (G, S) aggregates from base series.
    sector_weights
        (33,) weights in TOPIX.
    members
        (17, 33) weights of the 33 in the 17, rows summing to 1.
    """

    series: tuple[str, ...]
    aggregates: tuple[str, ...]
    mix: Floats
    aggregation: Floats
    sector_weights: Floats
    members: Floats

    @property
    def shares(self) -> Floats:
        """Weights of the 17 in TOPIX, (17,)."""
        return np.array([self.sector_weights[row > 0].sum() for row in self.members])


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """Fits from TOPIX down, and how one level's loadings centre the next.

    Parameters
    ----------
    topix, sector17, sector33, tilts
        Fits of 1, 17, 33 and m series; the loadings of the 33 add up, those of the 17 do not yet.
    upper
        (17, n) loadings of the 17 that add up to TOPIX's.
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
        """Draw loadings of the base series from the posterior, (S, n), adding up as the point does."""
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


@dataclass(frozen=True, eq=False)
class EquityLaw:
    """Monthly simple returns ``alpha + loadings u + common zeta + mix (idio_sd e)`` of the S base series.

    Parameters
    ----------
    alpha, beta, loadings, loadings_sd
        (S,), (S,), (S, n), (S, n); the sds are the posterior's, before reconciliation.
    residuals
        Law of the raw series, before mixing.
    common
        (S, K).
    choices
        Chosen shrinkage, premium and what else the record keeps.
    hierarchy
        The fits, for draws and for TOPIX's posterior sds.
    """

    alpha: Floats
    beta: Floats
    loadings: Floats
    loadings_sd: Floats
    residuals: Residuals
    common: Floats
    choices: dict[str, Any]
    hierarchy: Hierarchy


def build_structure(panel: Panel, themes: dict[str, Any]) -> Structure:
    """Collect weights and mixes; InputError if a sector or a theme's sector is unknown."""
    sectors, parents = ids_of_kind("sector33"), ids_of_kind("sector17")
    entries = series_entries()
    row = {name: index for index, name in enumerate(panel.sector_names)}
    unknown = [entries[name].name_ja for name in sectors if entries[name].name_ja not in row]
    if unknown:
        raise InputError(f"the weights file lacks sectors: {', '.join(unknown)}")
    cells = panel.sector_weights[[row[entries[name].name_ja] for name in sectors]]
    weights, sizes = cells.sum(axis=1), cells.sum(axis=0)
    members = np.array([[entries[name].parent == parent for name in sectors] for parent in parents]) * weights
    members /= members.sum(axis=1, keepdims=True)
    series = (*sectors, *TILTS[0], *TILTS[1], *themes)
    mix = np.eye(len(series))
    mix[33:41, :33] = weights
    mix[33:37, 33:37] -= sizes
    mix[41:, :33] = np.array([_theme_mix(theme["mix"], sectors) for theme in themes.values()]).reshape(-1, 33)
    aggregation = np.zeros((19, len(series)))
    aggregation[0, :33] = weights
    aggregation[1:18, :33] = members
    aggregation[18, 37:40] = [panel.segment_weights[name] for name in TILTS[1][:3]]
    return Structure(series, ("topix", *parents, "tse_all"), mix, aggregation, weights, members)


def estimate_equities(
    returns: Returns,
    innovations: Floats,
    Sigma: Floats,
    weights: Floats,
    structure: Structure,
    names: tuple[str, ...],
    settings: dict[str, Any],
) -> EquityLaw:
    """Estimate the equity layer.

    Parameters
    ----------
    returns
        Monthly simple returns of T months.
    innovations, Sigma
        (T, n) innovations of the factors and their covariance (n, n).
    weights
        (T,) discounts of the loadings; residuals have their own half-life.
    structure
        Weights and mixes.
    names
        Ids of the n factors.
    settings
        Section ``equity`` of the priors.
    """
    factor_sd = np.sqrt(weights @ innovations**2 / weights.sum())
    joint = float(settings.get("reconciliation_covariance", 0.0))
    fits = _fit_hierarchy(returns, innovations, factor_sd, weights, structure, *_shrinkage(names, settings), joint)
    raw = np.concatenate([fits.sector33.loadings, fits.tilts.loadings])
    prior = settings["idio_nu"]
    residuals = decompose_residuals(
        fits.sector33.residual,
        fits.tilts.residual,
        discount(len(weights), settings["residual_half_life"]),
        settings["components"],
        prior["inverse_mean"],
        prior["inverse_sd"],
        (structure.sector_weights, fits.topix.residual[:, 0]) if settings.get("match_topix", False) else None,
    )
    loadings, common = structure.mix @ raw, structure.mix @ residuals.common
    beta = model_beta(loadings, common, structure, residuals.idio_sd, Sigma)
    premium, premium_sd = _annual_premium(returns.topix, settings["premium"])
    choices = {
        "premium": premium,
        "premium_sd": premium_sd,
        "scales": {level: list(getattr(fits, level).scales) for level in ("topix", "sector17", "sector33", "tilts")},
    }
    return EquityLaw(
        alpha=beta * ((1.0 + premium) ** (1.0 / 12.0) - 1.0),
        beta=beta,
        loadings=loadings,
        loadings_sd=np.concatenate([fits.sector33.sd, fits.tilts.sd]),
        residuals=residuals,
        common=common,
        choices=choices,
        hierarchy=fits,
    )


def _shrinkage(names: tuple[str, ...], settings: dict[str, Any]) -> tuple[Groups, Groups]:
    """Group the factors for sectors and tilts, and for TOPIX, which is not shrunk on the leading factors."""
    leading = settings["leading"]
    groups = sorted(settings["groups"].values(), key=lambda group: not group["factors"])  # all others come last
    factors = [group["factors"] for group in groups][:-1]
    scales = tuple(tuple(group["scales"]) for group in groups)
    rest = [[name for name in group if name not in leading] for group in factors]
    wide = (float(settings["leading_scale"]),)
    return Groups.collect(names, factors, scales), Groups.collect(names, [leading, *rest], (wide, *scales))


def _theme_mix(mix: dict[str, float], sectors: tuple[str, ...]) -> Floats:
    row = np.zeros(len(sectors))
    for name, share in mix.items():
        if f"tse33_{name}" not in sectors:
            raise InputError(f"the priors mix a theme from {name!r}, which is none of the 33 sectors")
        row[sectors.index(f"tse33_{name}")] = share
    if abs(row.sum() - 1.0) > 1e-9:
        raise InputError(f"the shares of a theme's sectors sum to {row.sum():g}, not 1: {mix}")
    return row


def _fit_hierarchy(
    returns: Returns,
    innovations: Floats,
    factor_sd: Floats,
    weights: Floats,
    structure: Structure,
    groups: Groups,
    market_groups: Groups,
    joint: float,
) -> Hierarchy:
    market, n = returns.topix, innovations.shape[1]

    def fit(columns: Floats, centre: Floats, shrunk: Groups = groups) -> Fit:
        return fit_level(columns, innovations, factor_sd, weights, centre, shrunk)

    topix = fit(market[:, None], np.zeros((1, n)), market_groups)
    beta = discounted_beta(returns.sector17, market, weights)
    sector17 = fit(returns.sector17, np.outer(beta, topix.loadings[0]))
    error17 = _error(sector17, weights, joint)
    upper = reconcile(sector17.loadings, topix.loadings[0], structure.shares, error17)
    parent = (structure.members > 0).argmax(axis=0)
    beta33 = _beta_on_parent(returns, parent, weights)
    sector33 = fit(returns.sector33, beta33[:, None] * upper[parent])
    error33 = _error(sector33, weights, joint)
    reconciled = _reconcile_members(sector33.loadings, upper, structure.members, error33)
    residual = sector33.residual - innovations @ (reconciled - sector33.loadings).T
    sector33 = replace(sector33, loadings=reconciled, residual=residual)
    mixes = structure.mix[41:, :33]
    themes = [theme - returns.sector33 @ row for theme, row in zip(returns.themes.values(), mixes, strict=True)]
    columns = np.column_stack([*returns.tilts.values(), *themes])
    tilts = fit(columns, np.zeros((columns.shape[1], n)))
    return Hierarchy(topix, sector17, sector33, tilts, upper, beta, beta33, parent, error17, error33)


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


def model_beta(loadings: Floats, common: Floats, structure: Structure, idio_sd: Floats, Sigma: Floats) -> Floats:
    """Compute betas on TOPIX in the model's own covariance; TOPIX's is 1, and betas add up as returns do."""
    spread = structure.mix * idio_sd
    covariance = loadings @ Sigma @ loadings.T + common @ common.T + spread @ spread.T
    row = structure.aggregation[0]
    beta: Floats = covariance @ row / (row @ covariance @ row)
    return beta


def _annual_premium(topix: Floats, prior: dict[str, float]) -> tuple[float, float]:
    """Return mean and sd of TOPIX's simple price return a year: the prior, updated by the sample's mean."""
    seen = topix[np.isfinite(topix)]
    mean, variance = 12 * float(seen.mean()), 144 * float(seen.var(ddof=1)) / len(seen)
    precision = 1 / prior["sd"] ** 2 + 1 / variance
    return (prior["mean"] / prior["sd"] ** 2 + mean / variance) / precision, float(precision**-0.5)
