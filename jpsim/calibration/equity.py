"""The equity layer: loadings, residuals and drift of every series, coherent by construction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jpsim.calibration.dynamics import discount
from jpsim.calibration.hierarchy import Hierarchy, build_design, fit_hierarchy
from jpsim.calibration.residuals import Residuals, decompose_residuals
from jpsim.calibration.returns import Returns
from jpsim.calibration.structure import Structure
from jpsim.calibration.terms import average_slopes, centred, read_terms, sloped
from jpsim.calibration.volatility import Volatility
from jpsim.model.terms import Term

__all__ = ["EquityLaw", "estimate_equities", "model_beta"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class EquityLaw:
    """Monthly returns ``alpha + loadings u + term_loadings phi + common zeta + mix (idio_sd e)`` of the S base series.

    Parameters
    ----------
    alpha, beta, loadings, loadings_sd
        (S,), (S,), (S, n), (S, n); the sds are the posterior's, before reconciliation.
    terms, term_loadings, slopes
        The K nonlinear terms phi, (S, K) loadings on them, (K, n) slopes of their linear approximations at month 0.
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
    terms: tuple[Term, ...]
    term_loadings: Floats
    slopes: Floats
    residuals: Residuals
    common: Floats
    choices: dict[str, Any]
    hierarchy: Hierarchy

    @property
    def market_sd(self) -> Floats:
        """Posterior sds (n,) of TOPIX's loadings on the factors."""
        return np.asarray(self.hierarchy.topix.sd[0, : self.loadings.shape[1]])

    @property
    def residual_sd(self) -> float:
        """Sd of what the regressors leave of TOPIX's months."""
        return float(np.sqrt(self.hierarchy.topix.variance[0]))


def estimate_equities(
    returns: Returns,
    innovations: Floats,
    levels: Floats,
    Sigma: Floats,
    months: Volatility,
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
    innovations, levels
        (T, n) innovations of the factors; (T + 1, n) their reported levels, row t at the end of the month before.
    Sigma, months
        (n, n) covariance of the innovations; tails and common volatility of the months.
    weights
        (T,) discounts of the loadings; residuals have their own half-life.
    structure
        Weights and mixes.
    names
        Ids of the n factors.
    settings
        Section ``equity`` of the priors.
    """
    priors, n = read_terms(settings.get("terms", {}), names), len(names)
    design = build_design(innovations, levels[:-1], names, priors, weights, settings)
    fits = fit_hierarchy(returns, design, structure, float(settings.get("reconciliation_covariance", 0.0)))
    raw = np.concatenate([fits.sector33.loadings, fits.tilts.loadings])
    prior, recent = settings["idio_nu"], settings["residual_half_life"]
    residuals = decompose_residuals(
        fits.sector33.residual,
        fits.tilts.residual,
        discount(len(weights), recent),
        discount(len(weights), settings.get("correlation_half_life", recent)),
        settings["components"],
        prior["inverse_mean"],
        prior["inverse_sd"],
        (structure.sector_weights, fits.topix.residual[:, 0]) if settings.get("match_topix", False) else None,
    )
    loadings, common = structure.mix @ raw, structure.mix @ residuals.common
    terms = centred([prior.term for prior in priors], names, Sigma, months)
    slopes = average_slopes(terms, names, Sigma, levels[-1])
    linear = loadings[:, :n] + loadings[:, n:] @ slopes
    beta = model_beta(linear, common, structure, residuals.idio_sd, Sigma)
    premium, premium_sd = _annual_premium(returns.topix, settings["premium"])
    choices = {
        "premium": premium,
        "premium_sd": premium_sd,
        "scales": {level: list(getattr(fits, level).scales) for level in ("topix", "sector17", "sector33", "tilts")},
    }
    return EquityLaw(
        alpha=beta * ((1.0 + premium) ** (1.0 / 12.0) - 1.0),
        beta=beta,
        loadings=loadings[:, :n],
        loadings_sd=np.concatenate([fits.sector33.sd, fits.tilts.sd])[:, :n],
        terms=sloped(terms, names, slopes),
        term_loadings=loadings[:, n:],
        slopes=slopes,
        residuals=residuals,
        common=common,
        choices=choices,
        hierarchy=fits,
    )


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
