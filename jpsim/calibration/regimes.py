"""What differs between regimes: covariance of a few core factors, and what they do to equities.

When each regime held, and how TOPIX and the core factors moved together in it, is learned from these few
variables alone (`jpsim.calibration.switching`). The regimes' departures from their own average are then
laid over the pooled estimates, so that regimes weighted by their discounted months are the pooled law:
the covariance of the core factors moves, other factors keep their regression on them, and loadings on the
core factors move with TOPIX's, down the hierarchy by betas. Departures of more factors
or of single sectors were tried; marginal likelihood does not support them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jpsim.calibration.switching import Switching, filter_states, local_scale, sample_switching
from jpsim.errors import InputError

__all__ = ["Regimes", "date_regimes", "estimate_regimes"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Regimes:
    """Departures of K regimes from the pooled law, and when they held; R posterior draws.

    Parameters
    ----------
    names
        Ids of the regimes.
    core
        (v,) positions of the core factors.
    smoothed, filtered
        (T, K) probability of each month given all months, and given those up to it.
    stay
        (K,) mean probability of staying another month.
    relative
        (R, K, v, v) covariance of the core factors relative to the pooled one, whose Cholesky factor it stands
        between; the mean over regimes by their discounted months is the identity.
    response
        (R, K, v) departure of TOPIX's loadings on the core factors; the same mean is zero.
    months
        (K,) discounted months of each.
    gain
        Log likelihood of the dating variables over that of a single regime, at the posterior means.
    """

    names: tuple[str, ...]
    core: npt.NDArray[np.int64]
    smoothed: Floats
    filtered: Floats
    stay: Floats
    relative: Floats
    response: Floats
    months: Floats
    gain: float

    @property
    def probability(self) -> Floats:
        """Probability of each regime at month 0, (K,)."""
        return np.asarray(self.filtered[-1])

    def departure(self, regime: int, draw: int | None = None) -> Floats:
        """Departure (v,) of TOPIX's loadings on the core factors; its posterior mean if `draw` is None."""
        return np.asarray(self.response[:, regime].mean(axis=0) if draw is None else self.response[draw, regime])

    def transport(self, Sigma: Floats, regime: int, draw: int | None = None) -> Floats:
        """Map (n, n) that carries the pooled innovations into those of a regime.

        With it the covariance is ``A Sigma A'`` and impacts of structural shocks are ``A impacts``: the same
        shocks, moved as little as the core factors' covariance asks for. Other factors keep their regression on
        the core.

        Parameters
        ----------
        Sigma
            (n, n) pooled covariance, the core factors where they were when the regimes were estimated.
        regime, draw
            Positions of the regime and of the draw of the departure; its posterior mean if None.
        """
        relative = self.relative[:, regime].mean(axis=0) if draw is None else self.relative[draw, regime]
        inner = Sigma[np.ix_(self.core, self.core)]
        root = np.linalg.cholesky(inner)
        slope = np.linalg.solve(inner, Sigma[self.core]).T
        values, vectors = np.linalg.eigh(relative)
        turn = root @ (vectors * np.sqrt(values)) @ vectors.T @ np.linalg.inv(root)
        carried = np.eye(len(Sigma))
        carried[:, self.core] += slope @ (turn - np.eye(len(self.core)))
        return carried


def date_regimes(
    topix: Floats, core: Floats, variables: list[str], settings: dict[str, Any]
) -> tuple[Switching, Floats]:
    """Learn when each regime held, and how the variables moved in it.

    Parameters
    ----------
    topix, core
        (T,) returns of TOPIX, NaN where missing, and (T, v) innovations of the core factors.
    variables
        Ids of the core factors.
    settings
        Section ``regimes`` of the priors.

    Returns
    -------
    Draws, and the (T, 1 + v) variables divided by their local volatility.
    """
    y = np.column_stack([topix - np.nanmean(topix), core])
    y = y / local_scale(y, settings["volatility_half_life"])
    found = sample_switching(
        y,
        np.array([_centre(y, regime["correlations"], variables) for regime in settings["laws"].values()]),
        settings["strength"],
        (settings["stay"]["stayed"], settings["stay"]["left"]),
        settings["nu"],
        np.random.Generator(np.random.Philox(settings["seed"])),
        chains=settings["chains"],
        burn_in=settings["burn_in"],
        kept=settings["kept"],
    )
    return found, y


def estimate_regimes(
    topix: Floats, innovations: Floats, names: tuple[str, ...], weights: Floats, settings: dict[str, Any], draws: int
) -> Regimes:
    """Estimate the departures of each regime.

    Parameters
    ----------
    topix, innovations, names
        (T,) returns of TOPIX, NaN where missing; (T, n) innovations of the factors and their ids.
    weights
        (T,) discounts.
    settings
        Section ``regimes`` of the priors.
    draws
        Number R of posterior draws to keep.
    """
    variables = list(settings["variables"])
    core = np.array([names.index(name) for name in variables])
    found, y = date_regimes(topix, innovations[:, core], variables, settings)
    smoothed = found.smoothed
    months = weights @ smoothed
    chosen = np.linspace(0, len(found.states) - 1, draws).round().astype(np.int64)
    relative, response = _departures(found.covariance[chosen], months / months.sum())
    seen = np.isfinite(topix)
    unit = np.sqrt(weights[seen] @ (topix[seen] - topix[seen].mean()) ** 2 / weights[seen].sum())
    factor_sd = np.sqrt(weights @ innovations[:, core] ** 2 / weights.sum())
    return Regimes(
        names=tuple(settings["laws"]),
        core=core,
        smoothed=smoothed,
        filtered=found.filtered,
        stay=np.einsum("rkk->k", found.transition) / len(found.transition),
        relative=relative,
        response=response * unit / factor_sd,
        months=months,
        gain=_gain(y, found, settings["nu"]),
    )


def _centre(y: Floats, correlations: dict[str, dict[str, float]], variables: list[str]) -> Floats:
    """Prior mean of a regime's covariance: the pooled one, but for the stated correlations.

    Raises
    ------
    InputError
        No variables have these correlations at once.
    """
    covariance = np.cov(y[np.isfinite(y).all(axis=1)].T)
    sd = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(sd, sd)
    names = ["topix", *variables]
    for one, others in correlations.items():
        for other, value in others.items():
            i, j = names.index(one), names.index(other)
            correlation[i, j] = correlation[j, i] = value
    if np.linalg.eigvalsh(correlation)[0] <= 0.0:
        stated = ", ".join(f"{one} with {other}" for one, others in correlations.items() for other in others)
        raise InputError(
            f"regimes: no variables have these correlations at once: {stated}; state more of them, or less"
        )
    return np.asarray(correlation * np.outer(sd, sd))


def _departures(covariance: Floats, shares: Floats) -> tuple[Floats, Floats]:
    """Relative covariances (R, K, v, v) of the core, and departures (R, K, v) of TOPIX's coefficients on it."""
    inner = covariance[:, :, 1:, 1:]
    root = np.linalg.inv(np.linalg.cholesky(np.einsum("k,rkij->rij", shares, inner)))
    relative = np.einsum("rij,rkjl,rml->rkim", root, inner, root)
    slope = np.linalg.solve(inner, covariance[:, :, 1:, :1])[..., 0]
    return relative, slope - np.einsum("k,rki->ri", shares, slope)[:, None]


def _gain(y: Floats, found: Switching, nu: float) -> float:
    """Log likelihood of the regimes at their posterior means over that of one covariance for all months."""
    z = y[np.isfinite(y).all(axis=1)]
    means = found.covariance.mean(axis=0)
    log_density = np.stack([_log_density(z, covariance, nu) for covariance in means], axis=1)
    _, likelihood = filter_states(log_density[None], found.transition.mean(axis=0)[None])
    return float(likelihood[0] - _log_density(z, np.cov(z.T), nu).sum())


def _log_density(z: Floats, covariance: Floats, nu: float) -> Floats:
    """Log density (T,) of a multivariate t of that covariance, without its constants."""
    distance = np.einsum("ti,ij,tj->t", z, np.linalg.inv(covariance), z)
    volume = np.linalg.slogdet(covariance)[1]
    return np.asarray(-0.5 * volume - 0.5 * (nu + z.shape[1]) * np.log1p(distance / (nu - 2.0)))
