"""The policy bridge: the expected policy rate that the two-year yield implies, and the target that follows it.

``s_t = (1 - speed) s_{t-1} + speed (x_{t-1} - premium) + response u_t + own_sd eta_t`` with x the two-year
yield and u its innovation; the target is ``p_t = s_t + w_t``, w white noise of the rounding to steps.
Two rows that nothing else loads on: the policy rate itself is constant for years and degenerate in a VAR.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

__all__ = ["ROWS", "Bridge", "append_bridge", "draw_bridges", "fit_bridge"]

Floats = npt.NDArray[np.float64]

ROWS = ("boj_policy_shadow", "boj_policy_rate")

_LINEAR = ("speed", "premium", "response")
_STEPS = 25
_START_SD = 0.1  # percentage points: the first month's expected rate around its target


@dataclass(frozen=True, eq=False)
class Bridge:
    """Estimated bridge.

    Parameters
    ----------
    speed, premium, response, own_sd
        Coefficients of the expected rate; premium and sd in percentage points.
    rounding_sd
        Sd of target less expected rate, percentage points.
    expected
        (T,) expected rate, filtered, in each month of the sample.
    """

    speed: float
    premium: float
    response: float
    own_sd: float
    rounding_sd: float
    expected: Floats


def fit_bridge(target: Floats, two_year: Floats, innovation: Floats, priors: dict[str, Any]) -> Bridge:
    """Posterior mode of the bridge.

    Parameters
    ----------
    target
        (T,) policy rate decided by each month's end, %.
    two_year, innovation
        (T,) two-year yield, %, and its VAR innovation.
    priors
        Section ``bridge`` of the priors.
    """
    rounding = priors["rounding_step"] / np.sqrt(12.0)
    centre = np.array([priors[name]["mean"] for name in _LINEAR])
    spread = np.array([priors[name]["sd"] for name in _LINEAR])
    log_own, log_sd = np.log(priors["own_sd"]["mean"]), priors["own_sd"]["log_sd"]

    def loss(theta: Floats) -> float:
        standard = np.append((theta[:3] - centre) / spread, (theta[3] - log_own) / log_sd)
        if not 0.0 < theta[0] < 1.0:
            return np.inf
        likelihood, _ = _filter(theta, rounding, target, two_year, innovation)
        return 0.5 * float(standard @ standard) - likelihood

    options = {"xatol": 1e-10, "fatol": 1e-12, "maxiter": 4000, "maxfev": 4000}
    found = minimize(loss, np.append(centre, log_own), method="Nelder-Mead", options=options)
    # beyond six digits a numerical optimum is noise, which would differ between machines
    speed, premium, response, own_sd = (float(f"{value:.6g}") for value in (*found.x[:3], np.exp(found.x[3])))
    mode = np.array([speed, premium, response, np.log(own_sd)])
    _, expected = _filter(mode, rounding, target, two_year, innovation)
    return Bridge(speed, premium, response, own_sd, float(rounding), expected)


def draw_bridges(
    target: Floats, two_year: Floats, innovation: Floats, priors: dict[str, Any], count: int, rng: np.random.Generator
) -> list[Bridge]:
    """Draw bridges from their posterior, by a Metropolis chain that proposes from the prior.

    Parameters
    ----------
    target, two_year, innovation, priors
        As in `fit_bridge`.
    count
        Number of draws, 25 steps of the chain apart.
    rng
        Source of randomness.
    """
    rounding = priors["rounding_step"] / np.sqrt(12.0)
    centre = np.array([*(priors[name]["mean"] for name in _LINEAR), np.log(priors["own_sd"]["mean"])])
    spread = np.array([*(priors[name]["sd"] for name in _LINEAR), priors["own_sd"]["log_sd"]])
    theta, found = centre, []
    likelihood, expected = _filter(theta, rounding, target, two_year, innovation)
    for step in range(1, _STEPS * count + 1):
        proposal = centre + spread * rng.standard_normal(4)
        if 0.0 < proposal[0] < 1.0:
            value, path = _filter(proposal, rounding, target, two_year, innovation)
            if np.log(rng.random()) < value - likelihood:
                theta, likelihood, expected = proposal, value, path
        if step % _STEPS == 0:
            speed, premium, response, log_own = theta.tolist()
            found.append(Bridge(speed, premium, response, float(np.exp(log_own)), float(rounding), expected))
    return found


def append_bridge(bridge: Bridge, position: int, c: Floats, B: Floats, Sigma: Floats) -> tuple[Floats, Floats, Floats]:
    """Add the two rows to a VAR; `position` is the two-year yield's. Returns c, B and Sigma with n + 2 rows."""
    p, n = B.shape[:2]
    c_out = np.append(c, [-bridge.speed * bridge.premium] * 2)
    B_out = np.zeros((p, n + 2, n + 2))
    B_out[:, :n, :n] = B
    B_out[0, n:, n] = 1.0 - bridge.speed
    B_out[0, n:, position] = bridge.speed
    # shocks: expected = response u + own, target = expected + rounding
    carry = np.zeros((n + 2, n))
    carry[:n] = np.eye(n)
    carry[n:, position] = bridge.response
    Sigma_out = carry @ Sigma @ carry.T
    Sigma_out[n:, n:] += bridge.own_sd**2
    Sigma_out[n + 1, n + 1] += bridge.rounding_sd**2
    return c_out, B_out, (Sigma_out + Sigma_out.T) / 2


def _filter(
    theta: Floats, rounding: float, target: Floats, two_year: Floats, innovation: Floats
) -> tuple[float, Floats]:
    """Log likelihood of the target and the filtered expected rate (Kalman filter with one state)."""
    speed, premium, response, own_variance = theta[0], theta[1], theta[2], np.exp(2 * theta[3])
    mean, variance = target[0], _START_SD**2
    expected, likelihood = np.empty(len(target)), 0.0
    for t in range(len(target)):
        if t > 0:
            mean = (1 - speed) * mean + speed * (two_year[t - 1] - premium) + response * innovation[t]
            variance = (1 - speed) ** 2 * variance + own_variance
        error, total = target[t] - mean, variance + rounding**2
        likelihood -= 0.5 * (np.log(total) + error**2 / total)
        mean += variance / total * error
        variance *= rounding**2 / total
        expected[t] = mean
    return float(likelihood), expected
