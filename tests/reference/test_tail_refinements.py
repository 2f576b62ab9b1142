"""Leverage and own exponents: scipy's densities integrated, and the laws that made the data."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate, stats

from jpsim.calibration.distances import measure_distances
from jpsim.calibration.tail_refinements import exponent_densities, leverage_densities, refine_tails
from jpsim.calibration.volatility import filter_months, squared_distances

SIGMA = np.array([[1.0, 0.4, -0.2], [0.4, 2.0, 0.1], [-0.2, 0.1, 0.5]])
LEADING, GROUP = 0, np.array([False, False, True])
MONTHS = np.array([[0.3, -1.0, 0.2], [-3.5, -2.0, 1.5], [-2.0, np.nan, 0.4]])


def measured(residual):
    return measure_distances(residual, SIGMA, LEADING, GROUP)


def left_out(residual):
    """What the package leaves out of each month's log density."""
    seen = [np.flatnonzero(np.isfinite(row)) for row in residual]
    return np.array([0.5 * np.linalg.slogdet(SIGMA[np.ix_(s, s)])[1] + len(s) / 2 * np.log(np.pi) for s in seen])


def mixed_density(row, nu, law):
    """Integral over W = (nu - 2) / chi-square of normal densities; `law` gives their mean and covariance."""
    seen = np.flatnonzero(np.isfinite(row))

    def at(x):
        mean, covariance = law((nu - 2.0) / x)
        normal = stats.multivariate_normal(mean[seen], covariance[np.ix_(seen, seen)])
        return normal.pdf(row[seen]) * stats.chi2.pdf(x, nu)

    return integrate.quad(at, 1e-8, 80.0, points=[0.5, 2.0, 8.0], limit=400)[0]


def test_distances_by_group_add_up_to_those_of_all_factors():
    d2, dims = squared_distances(MONTHS, SIGMA)
    total = measured(MONTHS).total
    assert_allclose(total[0], d2)
    assert_allclose(total[1], dims)


@pytest.mark.parametrize(("nu", "exponent"), [(9.0, 0.3), (7.0, 1.6), (9.0, 1.0)])
def test_an_own_exponent_scales_one_group_and_keeps_its_variance(nu, exponent):
    mean = integrate.quad(lambda x: ((nu - 2.0) / x) ** exponent * stats.chi2.pdf(x, nu), 0, np.inf)[0]

    def law(W):
        scale = np.sqrt(np.where(GROUP, W**exponent / mean, W))
        return np.zeros(3), scale[:, None] * SIGMA * scale

    expected = [np.log(mixed_density(row, nu, law)) for row in MONTHS]
    assert_allclose(exponent_densities(measured(MONTHS), nu, exponent) - left_out(MONTHS), expected, atol=2e-3)


def test_without_leverage_the_filter_is_that_of_the_model():
    rng = np.random.default_rng(71)
    residual, weights = rng.standard_normal((30, 3)), rng.uniform(0.2, 1.0, 30)
    d2, dims = squared_distances(residual, SIGMA)
    expected, _ = filter_months(d2, dims, weights, np.array([7.0]), 0.9, np.array([0.25]))
    found = leverage_densities(measured(residual), weights, 7.0, 0.9, 0.25, 0.0)
    assert_allclose(found.sum(), expected[0].sum(), atol=5e-3)


def test_a_month_with_leverage_is_the_double_integral_over_log_variances():
    nu, phi, sigma, rho, row = 7.0, 0.8, 0.4, -0.6, np.array([-2.0, -1.0, 0.5])
    spread, b = sigma / np.sqrt(1.0 - phi**2), rho * SIGMA[:, 0]
    rest = SIGMA - np.outer(b, b)
    v = np.linspace(-5.0, 5.0, 161) * spread
    scale = np.exp((v - spread**2 / 2.0) / 2.0)
    total = 0.0
    for before, share in zip(v, stats.norm.pdf(v, 0.0, spread), strict=True):
        law = stats.norm.pdf(v, phi * before, sigma)
        news = scale * (v - phi * before) / sigma
        news = news - integrate.trapezoid(law * news, v)
        gap = row - news[:, None] * b
        distance = np.einsum("vi,ij,vj->v", gap, np.linalg.inv(rest), gap) / scale**2
        at_zero = stats.multivariate_t.logpdf(np.zeros(3), shape=rest * (nu - 2.0) / nu, df=nu)
        density = np.exp(at_zero) / scale**3 * (1.0 + distance / (nu - 2.0)) ** (-(nu + 3.0) / 2.0)
        total += share * integrate.trapezoid(law * density, v) * (v[1] - v[0])
    found = leverage_densities(measured(row[None]), np.ones(1), nu, phi, sigma, rho)[0]
    assert found - left_out(row[None])[0] == pytest.approx(np.log(total), abs=5e-3)


def test_the_estimates_find_the_law_that_made_the_months():
    """600 months of six independent factors, the first of which leads and has leverage; and none that has not."""
    rng, months, phi, sigma, rho = np.random.default_rng(72), 600, 0.9, 0.35, -0.6
    news = rng.standard_normal(months)
    v = np.zeros(months)
    for t in range(1, months):
        v[t] = phi * v[t - 1] + sigma * news[t]
    scale = np.exp((v - sigma**2 / (2 * (1 - phi**2))) / 2.0) * np.sqrt(7.0 / rng.chisquare(9.0, months))
    noise = rng.standard_normal((months, 6))
    found = []
    for load in (rho, 0.0):
        u = noise.copy()
        u[:, 0] = load * news + np.sqrt(1.0 - load**2) * u[:, 0]
        distances = measure_distances(scale[:, None] * u, np.eye(6), 0, np.arange(6) > 3)
        found.append(refine_tails(distances, np.ones(months), (9.0, 0.5), (9.0, phi, sigma)))
    assert abs(found[0].rho - rho) < 3.5 * max(found[0].rho_sd, 0.05)
    assert abs(found[1].rho) < 3.5 * found[1].rho_sd
    assert found[1].exponent == pytest.approx(1.0, abs=0.3)
