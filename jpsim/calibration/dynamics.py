"""The factors' law: from observations to the point VAR that a model ships."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from jpsim.calibration.completion import Completion
from jpsim.calibration.forwards import forward_yields, historical_error
from jpsim.calibration.minnesota import autoregressive_sd, choose_lags, lagged
from jpsim.calibration.observations import FOREIGN, Observations
from jpsim.calibration.priors import Priors
from jpsim.calibration.skewed_months import estimate_tails
from jpsim.calibration.steady_state import (
    Anchor,
    Draws,
    SteadyStatePrior,
    companion,
    forecast_weights,
    means_given,
    sample_posterior,
)
from jpsim.calibration.tables import Table
from jpsim.calibration.tails import fit_joint_nu
from jpsim.calibration.volatility import Volatility, squared_distances
from jpsim.errors import InputError
from jpsim.months import Month

__all__ = ["FactorLaw", "discount", "estimate_factors", "forecast_moments"]

Floats = npt.NDArray[np.float64]

HORIZON = 12
_EXACT = 1e-4  # percentage points


@dataclass(frozen=True, eq=False)
class _Point:
    """Point estimates and what they leave, as in `FactorLaw`."""

    c: Floats
    B: Floats
    Sigma: Floats
    panel: Floats
    innovations: Floats

    @property
    def state(self) -> Floats:
        return self.panel[-len(self.B) :]


@dataclass(frozen=True, eq=False)
class FactorLaw:
    """The estimated VAR of the n factors.

    Parameters
    ----------
    c, B, Sigma
        (n,), (p, n, n), (n, n) point estimates.
    state
        (p, n) last observations, oldest first, missing cells by their mean.
    volatility
        Tails and common volatility of the months.
    panel
        (T, n) observations completed by the mean of the missing cells.
    innovations
        (T, n) residuals; zero in the first p months.
    parameter_sd
        (n,) sd over posterior draws of the 12-month mean (of the sum, for factors in differences).
    choices
        What was chosen, found and met on the way, for the model's record.
    posterior
        Draws of B, psi and Sigma, the two-year yield's shocks scaled as in the point estimate.
    drawn_c
        (D, n) intercepts of the draws; those of the two-year yield are moved alike, so that its expected
        level a year ahead is the forward on average over draws, as it is in the point estimate.
    """

    c: Floats
    B: Floats
    Sigma: Floats
    state: Floats
    volatility: Volatility
    panel: Floats
    innovations: Floats
    parameter_sd: Floats
    choices: dict[str, Any]
    posterior: Draws
    drawn_c: Floats


def discount(months: int, half_life: float) -> Floats:
    """Weights ``2 ** -(age / half_life)`` of `months` months, oldest first; the last counts 1."""
    return np.asarray(2.0 ** (-np.arange(months)[::-1] / half_life))


def estimate_factors(
    observations: Observations,
    table: Table,
    priors: Priors,
    summed: npt.NDArray[np.bool_],
    on_step: Callable[[int, int], None] | None = None,
) -> FactorLaw:
    """Estimate the factors' VAR.

    Parameters
    ----------
    observations
        Observations, NaN where missing.
    table
        The monthly panel, for the JGB curve.
    priors
        Priors and choices.
    summed
        (n,) whether a factor is a monthly difference, so that reports look at its sum.
    on_step
        Called with (done, total) as the sampler goes.

    Raises
    ------
    InputError
        The posterior mean explodes, or no stable draw is found.
    """
    weights = discount(len(observations.y), priors["sample"]["half_life"])
    settings = priors["minnesota"]
    own_lag = priors.of_factors(observations.names, "own_lag")
    lags, tightness, scores, complete = choose_lags(
        observations.y, weights, own_lag, tuple(settings["lags"]), tuple(settings["tightness"])
    )
    anchor = _anchor(observations, table, priors)
    sd = autoregressive_sd(complete, weights)
    prior = _steady_state_prior(observations.names, sd, lags, tightness, priors, anchor)
    draws = _sample(observations.y, weights, prior, priors, on_step)
    point = _point_estimate(observations.y, weights, prior, draws)
    target = historical_error(table, Month.parse(priors["anchor"]["quoted_since"]))
    scale = _widening(point, anchor.position, target)
    seen = np.where(np.isfinite(observations.y), point.innovations, np.nan)[lags:]
    nu, volatility = _estimate_tails(seen, point.Sigma, weights[lags:], priors["tails"], observations.names)
    choices = {
        "lags": lags,
        "tightness": tightness,
        "log_marginal_likelihood_against_best": scores,
        "forward_two_year": anchor.value,
        "forward_error": target,
        "two_year_sd_factor": float(scale[anchor.position]),
        "explosive_rate": draws.explosive_rate,
        "anchor_acceptance": draws.acceptance,
        "draws": len(draws.B),
        "months": len(observations.y),
        "effective_months": float(weights.sum()),
        "nu_without_volatility": nu,
        "volatility": asdict(volatility),
    }
    return FactorLaw(
        c=point.c,
        B=point.B,
        Sigma=point.Sigma * np.outer(scale, scale),
        state=point.state,
        volatility=volatility,
        panel=point.panel,
        innovations=point.innovations,
        parameter_sd=_parameter_sd(draws, point.state, summed),
        choices=choices,
        posterior=replace(draws, Sigma=draws.Sigma * np.outer(scale, scale)),
        drawn_c=_anchored_intercepts(draws, point, anchor),
    )


def forecast_moments(
    c: Floats, B: Floats, Sigma: Floats, state: Floats, months: int, summed: npt.NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Mean (n,) and covariance (n, n) of ``y_months``, or of the sum of y up to it where `summed`."""
    p, n = state.shape
    transition, response = companion(B), np.eye(p * n, n)
    constant = np.concatenate([c, np.zeros((p - 1) * n)])
    stacked, total = state[::-1].ravel(), np.zeros(n)
    covariance, accumulated = np.zeros((n, n)), np.zeros((n, n))
    for _ in range(months):
        stacked = constant + transition @ stacked
        total += stacked[:n]
        accumulated = accumulated + response[:n]
        moved = np.where(summed[:, None], accumulated, response[:n])
        covariance += moved @ Sigma @ moved.T
        response = transition @ response
    return np.where(summed, total, stacked[:n]), covariance


def _anchor(observations: Observations, table: Table, priors: Priors) -> Anchor:
    value = float(forward_yields(table, observations.last)[0])
    if not np.isfinite(value):
        raise InputError(f"the 1-, 2- and 3-year JGB yields of {observations.last} are needed for the forward")
    return Anchor(observations.names.index("jgb_2y"), HORIZON, value, priors["anchor"]["sd"])


def _steady_state_prior(
    names: tuple[str, ...], sd: Floats, lags: int, tightness: float, priors: Priors, anchor: Anchor
) -> SteadyStatePrior:
    n = len(names)
    mean = np.zeros((lags, n, n))
    mean[0] = np.diag(priors.of_factors(names, "own_lag"))
    foreign = np.array([name in FOREIGN for name in names])
    relative = np.where(foreign[:, None] & ~foreign[None, :], priors["minnesota"]["exogenous"], 1.0)
    relative[np.diag_indices(n)] = priors["minnesota"]["own"] / tightness
    decay = 1.0 / np.arange(1, lags + 1)
    return SteadyStatePrior(
        mean=mean,
        sd=tightness * decay[:, None, None] * relative * sd[:, None] / sd[None, :],
        psi_mean=priors.of_factors(names, "mean"),
        psi_sd=priors.of_factors(names, "sd"),
        scale=np.diag(sd**2),
        dof=n + 2.0,
        anchor=anchor,
    )


def _sample(
    y: Floats, weights: Floats, prior: SteadyStatePrior, priors: Priors, on_step: Callable[[int, int], None] | None
) -> Draws:
    settings = priors["sampler"]
    rng = np.random.Generator(np.random.Philox(settings["seed"]))
    return sample_posterior(
        y,
        weights,
        prior,
        rng,
        burn_in=settings["burn_in"],
        kept=settings["kept"],
        thin=settings["thin"],
        on_step=on_step,
    )


def _point_estimate(y: Floats, weights: Floats, prior: SteadyStatePrior, draws: Draws) -> _Point:
    """Posterior means of B and Sigma; psi by its mean given them and an exact anchor."""
    B, Sigma = draws.B.mean(axis=0), draws.Sigma.mean(axis=0)
    lags = len(B)
    if np.abs(np.linalg.eigvals(companion(B))).max() >= 1.0:
        raise InputError("the posterior mean of the VAR explodes: tighten its priors")
    exact = replace(prior, anchor=replace(prior.anchor, sd=_EXACT)) if prior.anchor else prior
    psi, _ = means_given(B, Sigma, draws.panel, weights[lags:], exact)
    c = psi - B.sum(axis=0) @ psi
    panel = Completion(y, lags, prior.psi_mean, np.nanstd(y, axis=0)).expect(c, B, Sigma)
    left, x = lagged(panel, lags)
    innovations = np.zeros_like(panel)
    innovations[lags:] = left - c - x @ np.concatenate([matrix.T for matrix in B])
    return _Point(c, B, Sigma, panel, innovations)


def _estimate_tails(
    seen: Floats, Sigma: Floats, weights: Floats, priors: dict[str, Any], names: tuple[str, ...]
) -> tuple[float, Volatility]:
    """Degrees of freedom of symmetric months without volatility; and the tails, skewness and volatility of all."""
    d2, dims = squared_distances(seen, Sigma)
    nu = fit_joint_nu(d2, dims, weights, priors["nu_mean"], priors["nu_log_sd"])
    return nu, estimate_tails(seen, Sigma, weights, priors, names)


def _widening(law: _Point, position: int, target: float) -> Floats:
    """Factor (n,) on each shock's sd so that one factor's 12-month sd is `target`; correlations stay."""
    nothing_summed = np.zeros(len(law.c), dtype=bool)

    def scales(factor: float) -> Floats:
        scale = np.ones(len(law.c))
        scale[position] = factor
        return scale

    def excess(factor: float) -> float:
        Sigma = law.Sigma * np.outer(scales(factor), scales(factor))
        _, covariance = forecast_moments(law.c, law.B, Sigma, law.state, HORIZON, nothing_summed)
        return float(np.sqrt(covariance[position, position]) - target)

    return scales(float(brentq(excess, 0.05, 20.0, xtol=1e-10)))


def _anchored_intercepts(draws: Draws, point: _Point, anchor: Anchor) -> Floats:
    """Intercepts (D, n) of the draws, those of the anchored variable moved alike to its forecast on average."""
    position, c = anchor.position, np.empty_like(draws.psi)
    forecasts, reach = [], []
    for d, (B, psi) in enumerate(zip(draws.B, draws.psi, strict=True)):
        c[d] = psi - B.sum(axis=0) @ psi
        g, k = forecast_weights(B, point.state, position, anchor.months)
        forecasts.append(g @ psi + k)
        transition = companion(B)
        powers = (np.linalg.matrix_power(transition, month) for month in range(anchor.months))
        reach.append(sum(power[position, position] for power in powers))
    c[:, position] += (anchor.value - np.mean(forecasts)) / np.mean(reach)
    return c


def _parameter_sd(draws: Draws, state: Floats, summed: npt.NDArray[np.bool_]) -> Floats:
    means = []
    for B, psi, Sigma in zip(draws.B, draws.psi, draws.Sigma, strict=True):
        c = psi - B.sum(axis=0) @ psi
        means.append(forecast_moments(c, B, Sigma, state, HORIZON, summed)[0])
    return np.asarray(np.std(means, axis=0))
