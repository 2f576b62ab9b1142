"""Tails and volatility against scipy's densities, numerical integration, and the law that made the data."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate, stats

from jpsim.calibration.tail_refinements import Refined
from jpsim.calibration.tail_scores import LAWS, REFINEMENTS, TailScores, score_tails, standing
from jpsim.calibration.volatility import Volatility, estimate_volatility, filter_months, squared_distances

PRIORS = {
    "nu_mean": 9.0, "nu_log_sd": 1.0, "sv_phi": {"mean": 0.85, "sd": 0.08}, "sv_sigma": {"mean": 0.25, "log_sd": 1.0},
}  # fmt: skip
SIGMA = np.array([[1.0, 0.4], [0.4, 2.0]])


def _density(x, nu, variance=1.0):
    """Student-t density of scipy with covariance `variance` times SIGMA."""
    return stats.multivariate_t.pdf(x, shape=variance * SIGMA * (nu - 2) / nu, df=nu)


def _shared(months, n=2):
    """What the package leaves out of every month's log density."""
    return months * (0.5 * np.linalg.slogdet(SIGMA)[1] + n / 2 * np.log(np.pi))


def test_distances_leave_out_what_is_missing():
    residual = np.array([[1.0, 2.0], [np.nan, 3.0]])
    d2, dims = squared_distances(residual, SIGMA)
    assert_allclose(d2, [residual[0] @ np.linalg.inv(SIGMA) @ residual[0], 9.0 / 2.0])
    assert_allclose(dims, [2.0, 1.0])


def test_without_volatility_the_filter_gives_the_student_density_of_scipy():
    residual = np.random.default_rng(61).standard_normal((20, 2))
    d2, dims = squared_distances(residual, SIGMA)
    scores, _ = filter_months(d2, dims, np.ones(20), np.array([6.0, 12.0]), 0.9, np.array([1e-9, 1e-9]))
    for row, nu in zip(scores, (6.0, 12.0), strict=True):
        assert_allclose(row.sum() - _shared(20), np.log(_density(residual, nu)).sum(), rtol=1e-9)


@pytest.mark.parametrize("weights", [(1.0, 1.0), (0.3, 0.8)])
def test_two_months_are_the_double_integral_over_log_variance(weights):
    nu, phi, sigma = 7.0, 0.8, 0.4
    spread = sigma / np.sqrt(1 - phi**2)
    residual = np.array([[1.5, -0.7], [2.0, 1.0]])

    v = np.linspace(-6 * spread, 6 * spread, 601)
    likelihood = np.array(
        [
            [_density(x, nu, variance) ** weight for variance in np.exp(v - spread**2 / 2)]
            for x, weight in zip(residual, weights, strict=True)
        ]
    )
    law = stats.norm.pdf(v[:, None], 0, spread) * stats.norm.pdf(v[None, :], phi * v[:, None], sigma)
    joint = law * np.outer(*likelihood)
    expected = integrate.simpson(integrate.simpson(joint, x=v), x=v)
    moment = integrate.simpson(integrate.simpson(joint * v[None, :], x=v), x=v)
    d2, dims = squared_distances(residual, SIGMA)
    scores, law = filter_months(d2, dims, np.array(weights), np.array([nu]), phi, np.array([sigma]))
    shared = _shared(1) * sum(weights)
    assert_allclose(scores.sum() - shared, np.log(expected), atol=2e-3)
    nodes = np.linspace(-4.5, 4.5, law.shape[1]) * spread
    assert_allclose(law[0] @ nodes, moment / expected, atol=2e-3)


def test_the_posterior_finds_the_law_that_made_the_months():
    rng = np.random.default_rng(62)
    months, n, nu, phi, sigma = 1500, 8, 8.0, 0.9, 0.3
    v, path = 0.0, []
    for _ in range(months):
        v = phi * v + sigma * rng.standard_normal()
        path.append(v)
    s2 = np.exp(np.array(path) - sigma**2 / (2 * (1 - phi**2))) * (nu - 2) / rng.chisquare(nu, months)
    residual = np.sqrt(s2)[:, None] * rng.standard_normal((months, n))
    found = estimate_volatility(*squared_distances(residual, np.eye(n)), np.ones(months), PRIORS)
    for value, truth, (low, high) in (
        (found.nu, nu, found.nu_range), (found.phi, phi, found.phi_range), (found.sigma, sigma, found.sigma_range),
    ):  # fmt: skip
        assert value == pytest.approx(truth, rel=0.2)
        assert low <= truth * 1.1
        assert high >= truth / 1.1
    assert abs(found.start - path[-1]) < 3 * found.start_sd
    assert 0.0 < found.start_sd < sigma / np.sqrt(1 - phi**2)


def test_calm_months_have_no_volatility_to_speak_of():
    residual = np.random.default_rng(63).standard_normal((600, 4))
    found = estimate_volatility(*squared_distances(residual, np.eye(4)), np.ones(600), PRIORS)
    assert found.nu > 20
    assert found.sigma < 0.12


def _scored(y, first):
    settings = {"lags": [1], "tightness": [0.1, 0.2]}
    n = y.shape[1]
    return score_tails(y, np.zeros(n), 1e6, first, settings, PRIORS, leading=0, group=np.arange(n) > 0)


def test_heavy_months_are_scored_better_by_heavy_laws_and_gaussian_months_are_not():
    rng = np.random.default_rng(64)
    noise = rng.standard_normal((180, 6))
    heavy = noise * np.sqrt(2.0 / rng.chisquare(4.0, (180, 1)))  # 4 degrees of freedom
    gains = [standing(_scored(y, 132))[0] for y in (heavy, noise)]
    assert gains[0].without_best > 0.3
    assert abs(gains[1].gain) < 0.05


def test_scores_are_log_densities_of_scipy_up_to_a_term_that_all_share():
    rng = np.random.default_rng(65)
    y = rng.standard_normal((61, 2))
    scores = _scored(y, 60).scores
    assert scores.shape == (1, len(LAWS) + len(REFINEMENTS))
    # Gaussian less Student-t depends on the squared distance alone: find it from the first, check the second
    d2 = -2 * (scores[0, 0] + np.log(2.0))
    candidates = np.linspace(4.0, 60.0, 4000)
    x = np.array([np.sqrt(d2), 0.0])
    student = np.array([stats.multivariate_t.logpdf(x, shape=np.eye(2) * (nu - 2) / nu, df=nu) for nu in candidates])
    assert np.abs(student + np.log(np.pi) - scores[0, 1]).min() < 1e-3


def test_standing_counts_gains_and_their_error():
    laws = [[0.0, 0.0, 1.0], [1.0, 3.0, 3.0], [2.0, 2.0, 3.0], [1.5, 3.5, 3.5], [2.0, 3.0, 3.5]]
    scores = np.column_stack([*laws, [2.5, 2.5, 3.5], np.zeros(3)])
    months = Volatility(9.0, 0.9, 0.2, 0.0, (8.0, 10.0), (0.8, 0.95), (0.1, 0.3), 0.2)
    found = standing(TailScores(scores, Refined(-0.1, 0.1, 0.9, 9.0), months))
    assert [row.law for row in found] == [*LAWS[1:], *LAWS[3:], *REFINEMENTS]
    assert (found[4].against, found[4].gain) == ("student_t", pytest.approx(0.5))
    assert (found[6].against, found[6].gain) == ("student_t_sv", pytest.approx(0.5))
    assert found[0].gain == pytest.approx(2.0)
    assert found[0].standard_error == pytest.approx(1 / np.sqrt(3))
    assert found[0].without_best == pytest.approx(1.5)
    assert found[1].gain == pytest.approx(2.0)
