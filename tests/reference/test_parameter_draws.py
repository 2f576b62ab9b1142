"""Draws of loadings and of the policy bridge against refits, closed forms, and importance sampling."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose
from scipy import stats

from jpsim.calibration.bridge import draw_bridges
from jpsim.calibration.loadings import Groups, fit_level
from jpsim.calibration.parameter_draws import spaced


def _level(centre):
    rng = np.random.default_rng(71)
    x = rng.standard_normal((90, 3)) * [1.0, 2.0, 0.5]
    returns = 0.01 * x @ np.array([[1.0, 0.2], [0.0, 0.5], [-1.0, 0.3]]) + 0.03 * rng.standard_normal((90, 2))
    groups = Groups(np.zeros(3, dtype=np.int64), ((0.3,),))
    return fit_level(returns, x, x.std(axis=0), np.linspace(0.2, 1.0, 90), centre, groups)


def test_draws_of_loadings_have_the_posteriors_mean_and_sd():
    fit, rng = _level(np.zeros((2, 3))), np.random.default_rng(72)
    draws = np.array([fit.posterior.draw(np.zeros((2, 3)), rng) for _ in range(4000)])
    assert np.abs((draws.mean(axis=0) - fit.loadings) / (fit.sd / np.sqrt(4000))).max() < 4.0
    assert_allclose(draws.std(axis=0), fit.sd, rtol=0.05)


def test_moving_the_centre_of_a_draw_is_refitting_with_the_moved_prior():
    moved = np.array([[0.02, -0.01, 0.03], [0.0, 0.01, -0.02]])
    fit, refit = _level(np.zeros((2, 3))), _level(moved)
    before = fit.posterior.draw(np.zeros((2, 3)), np.random.default_rng(73))
    after = fit.posterior.draw(moved, np.random.default_rng(73))
    assert_allclose(after - before, refit.loadings - fit.loadings, rtol=1e-9, atol=1e-14)


def test_draws_are_spread_over_the_chain():
    assert spaced(400, 4).tolist() == [0, 133, 266, 399]
    assert spaced(3, 96).tolist() == [0, 1, 2]


def _bridge_law(theta, target, two_year, innovation, rounding):
    """Density of the policy rates as one dense normal law: no filter."""
    speed, premium, response, log_own = theta
    months = len(target)
    mean, carry = np.empty(months), np.zeros((months, months))  # expected rate from start and own shocks
    mean[0], carry[0, 0] = target[0], 0.1
    for t in range(1, months):
        mean[t] = (1 - speed) * mean[t - 1] + speed * (two_year[t - 1] - premium) + response * innovation[t]
        carry[t] = (1 - speed) * carry[t - 1]
        carry[t, t] = np.exp(log_own)
    return stats.multivariate_normal.logpdf(target, mean, carry @ carry.T + rounding**2 * np.eye(months))


def test_draws_of_the_bridge_are_those_of_importance_sampling():
    rng = np.random.default_rng(74)
    innovation = 0.08 * rng.standard_normal(24)
    two_year = 0.45 + np.cumsum(innovation) + 0.04 * np.arange(24)
    target = np.repeat([0.05, 0.25, 0.5, 0.75], 6)
    priors = {
        "speed": {"mean": 0.25, "sd": 0.08}, "premium": {"mean": 0.33, "sd": 0.10},
        "response": {"mean": 0.50, "sd": 0.25}, "own_sd": {"mean": 0.055, "log_sd": 0.3}, "rounding_step": 0.25,
    }  # fmt: skip
    bridges = draw_bridges(target, two_year, innovation, priors, 1200, rng)
    found = np.array([[b.speed, b.premium, b.response, np.log(b.own_sd)] for b in bridges])
    centre, sds = np.array([0.25, 0.33, 0.50, np.log(0.055)]), np.array([0.08, 0.10, 0.25, 0.3])
    proposals = centre + sds * rng.standard_normal((8000, 4))
    proposals = proposals[(proposals[:, 0] > 0) & (proposals[:, 0] < 1)]
    logs = np.array([_bridge_law(row, target, two_year, innovation, 0.25 / np.sqrt(12)) for row in proposals])
    weights = np.exp(logs - logs.max())
    weights /= weights.sum()
    mean = weights @ proposals
    sd = np.sqrt(weights @ (proposals - mean) ** 2)
    effective = 1 / (weights @ weights)
    assert 300 < effective < 0.9 * len(proposals)  # the data move the prior, and importance sampling copes
    error = sd * np.sqrt(1 / effective + 2 / len(found))  # the chain's draws are nearly independent
    assert np.abs((found.mean(axis=0) - mean) / error).max() < 4.0
    assert_allclose(found.std(axis=0), sd, rtol=0.12)
