"""The factors' VAR against closed forms, scipy, statsmodels and dense twins."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from numpy.testing import assert_allclose
from scipy import stats

from jpsim.calibration.bridge import append_bridge, fit_bridge
from jpsim.calibration.completion import Completion
from jpsim.calibration.dynamics import discount, forecast_moments
from jpsim.calibration.forwards import forward_two_year
from jpsim.calibration.minnesota import (
    Conjugate,
    autoregressive_sd,
    choose_lags,
    fit_conjugate,
    lagged,
    minnesota_prior,
)
from jpsim.calibration.observations import activity_index
from jpsim.calibration.steady_state import companion, forecast_weights
from tests.naive import bvar as naive


def _regression(rng, months=30, n=3, m=4):
    x = rng.standard_normal((months, m))
    y = x @ rng.standard_normal((m, n)) + rng.standard_normal((months, n))
    root = rng.standard_normal((n, n))
    precision, scale = np.diag(rng.uniform(0.5, 3.0, m)), root @ root.T + np.eye(n)
    prior = Conjugate(rng.standard_normal((m, n)), precision, scale, n + 4.0)
    return y, x, prior


def _var(rng, lags, n=3):
    B = 0.5 * rng.standard_normal((lags, n, n)) / np.arange(1, lags + 1)[:, None, None] / np.sqrt(n)
    B /= max(1.0, 1.2 * np.abs(np.linalg.eigvals(companion(B))).max())
    root = rng.standard_normal((n, n))
    return rng.standard_normal(n), B, root @ root.T + 0.5 * np.eye(n)


@pytest.mark.skipif(not hasattr(stats, "matrix_t"), reason="scipy has the matrix t from 1.17 on")
def test_marginal_likelihood_is_the_matrix_t_density_of_scipy():
    y, x, prior = _regression(np.random.default_rng(1))
    months, n = y.shape
    spread = np.eye(months) + x @ np.linalg.inv(prior.precision) @ x.T
    # scipy's degrees of freedom: those of the inverse-Wishart less n - 1
    law = stats.matrix_t(mean=x @ prior.mean, row_spread=spread, col_spread=prior.scale, df=prior.dof - n + 1)
    expected = law.logpdf(y)
    assert_allclose(fit_conjugate(y, x, np.ones(months), prior)[1], expected, rtol=1e-10)


def test_marginal_likelihood_of_one_equation_is_the_multivariate_t_density_of_scipy():
    y, x, prior = _regression(np.random.default_rng(2), n=1)
    spread = np.eye(len(y)) + x @ np.linalg.inv(prior.precision) @ x.T
    shape = prior.scale[0, 0] / prior.dof * spread
    expected = stats.multivariate_t.logpdf(y[:, 0], (x @ prior.mean)[:, 0], shape, df=prior.dof)
    assert_allclose(fit_conjugate(y, x, np.ones(len(y)), prior)[1], expected, rtol=1e-10)


def test_posterior_is_least_squares_on_dummy_observations():
    y, x, prior = _regression(np.random.default_rng(3))
    root = np.sqrt(prior.precision)
    mean = np.linalg.lstsq(np.vstack([x, root]), np.vstack([y, root @ prior.mean]), rcond=None)[0]
    assert_allclose(fit_conjugate(y, x, np.ones(len(y)), prior)[0].mean, mean, rtol=1e-9)


def test_a_weight_of_two_is_an_observation_seen_twice():
    y, x, prior = _regression(np.random.default_rng(4))
    weights = np.where(np.arange(len(y)) % 3 == 0, 2.0, 1.0)
    twice = np.repeat(np.arange(len(y)), weights.astype(int))
    weighted, evidence = fit_conjugate(y, x, weights, prior)
    repeated, expected = fit_conjugate(y[twice], x[twice], np.ones(len(twice)), prior)
    assert_allclose(weighted.mean, repeated.mean, rtol=1e-10)
    assert_allclose(weighted.scale, repeated.scale, rtol=1e-10)
    assert weighted.dof == repeated.dof
    assert_allclose(evidence, expected, rtol=1e-12)


def test_autoregressive_sd_is_that_of_statsmodels():
    rng = np.random.default_rng(5)
    y, weights = np.cumsum(rng.standard_normal((60, 2)), axis=0), discount(60, 24.0)
    for column, sd in zip(y.T, autoregressive_sd(y, weights), strict=True):
        fit = sm.WLS(column[1:], sm.add_constant(column[:-1]), weights=weights[1:]).fit()
        assert_allclose(sd, np.sqrt(fit.wresid @ fit.wresid / weights[1:].sum()), rtol=1e-9)


def test_minnesota_prior_is_the_textbook_table():
    prior = minnesota_prior(np.array([2.0, 0.5]), np.array([0.9, 0.0]), 2, 0.2)
    sds = np.sqrt(np.outer(1 / np.diag(prior.precision), np.diag(prior.scale)))
    assert_allclose(sds[1:3], [[0.2, 0.05], [0.8, 0.2]])  # own lag: tightness; other: times ratio of residual sds
    assert_allclose(sds[3:5], sds[1:3] / 2)  # second lag half as wide
    assert_allclose(prior.mean, [[0, 0], [0.9, 0], [0, 0], [0, 0], [0, 0]])


def test_choice_of_lags_finds_the_lags_of_a_long_sample():
    rng = np.random.default_rng(6)
    B = np.zeros((2, 2, 2))
    B[0], B[1] = [[0.3, 0.0], [0.2, 0.2]], [[0.5, 0.0], [0.0, 0.5]]
    y = naive.simulate(np.zeros(2), B, np.eye(2), np.zeros((2, 2)), 600, rng)[0]
    y[:40, 1] = np.nan
    lags, _, scores, complete = choose_lags(y, np.ones(600), np.zeros(2), (1, 2, 3), (0.2, 0.5))
    assert lags == 2
    assert max(scores.values()) == 0.0
    assert np.isfinite(complete).all()
    assert_allclose(complete[40:], y[40:])


@pytest.mark.parametrize("lags", [1, 2, 3])
def test_missing_cells_are_those_of_dense_gaussian_conditioning(lags):
    rng = np.random.default_rng(7 + lags)
    c, B, Sigma = _var(rng, lags)
    months, centre, spread = 14, rng.standard_normal(3), rng.uniform(1.0, 2.0, 3)
    y = rng.standard_normal((months, 3))
    y[rng.random(y.shape) < 0.35] = np.nan
    cells = Completion(y, lags, centre, spread)
    mean, covariance = naive.joint_gaussian(c, B, Sigma, centre, spread, months)
    # the twin also knows the law of the observed cells among the first months; given them it is the same
    expected, _ = naive.condition(mean, covariance, y.ravel())
    assert cells.count == np.isnan(y).sum()
    assert_allclose(cells.expect(c, B, Sigma)[np.isnan(y)], expected, rtol=1e-8, atol=1e-10)


def test_missing_cells_are_those_of_the_kalman_smoother_of_statsmodels():
    rng = np.random.default_rng(11)
    c, B, Sigma = _var(rng, 1, n=2)
    y = naive.simulate(c, B, Sigma, np.zeros((1, 2)), 40, rng)[0]
    y[5:9, 0] = y[20, 1] = y[37:, 1] = y[39, 0] = np.nan
    smoother = sm.tsa.VARMAX(y, order=(1, 0), trend="c")
    chol = np.linalg.cholesky(Sigma)
    smoothed = smoother.smooth(np.concatenate([c, B[0].ravel(), chol[np.tril_indices(2)]]))
    expected = smoothed.smoothed_state[:2].T
    found = Completion(y, 1, np.zeros(2), np.ones(2)).expect(c, B, Sigma)
    assert_allclose(found[np.isnan(y)], expected[np.isnan(y)], rtol=1e-7)


def test_forecast_moments_are_those_of_the_dense_law():
    rng = np.random.default_rng(12)
    c, B, Sigma = _var(rng, 2)
    state, months = rng.standard_normal((2, 3)), 6
    mean, covariance = naive.joint_gaussian(c, B, Sigma, np.zeros(3), np.zeros(3), months + 2)
    paths = naive.simulate(c, B, 1e-20 * Sigma, state, months, rng)[0]
    n, summed = 3, np.array([False, True, False])
    pick = np.zeros((n, (months + 2) * n))
    for i in range(n):
        pick[i, [(t + 2) * n + i for t in (range(months) if summed[i] else [months - 1])]] = 1.0
    found_mean, found_covariance = forecast_moments(c, B, Sigma, state, months, summed)
    assert_allclose(found_covariance, pick @ covariance @ pick.T, rtol=1e-10)
    assert_allclose(found_mean, np.where(summed, paths.sum(axis=0), paths[-1]), atol=1e-7)
    assert mean.shape == ((months + 2) * n,)


def test_forecast_is_linear_in_the_unconditional_means():
    rng = np.random.default_rng(13)
    _, B, Sigma = _var(rng, 2)
    state, psi = rng.standard_normal((2, 3)), rng.standard_normal(3)
    g, k = forecast_weights(B, state, 1, 12)
    c = psi - B.sum(axis=0) @ psi
    mean, _ = forecast_moments(c, B, Sigma, state, 12, np.zeros(3, dtype=bool))
    assert_allclose(g @ psi + k, mean[1], rtol=1e-12)


def test_discount_halves_at_the_half_life():
    weights = discount(121, 60.0)
    assert_allclose(weights[[-1, -61, -121]], [1.0, 0.5, 0.25])


def test_forward_bond_costs_par_on_the_curve_it_came_from():
    y1, y2, y3 = np.array(0.996), np.array(1.251), np.array(1.381)
    forward = forward_two_year(y1, y2, y3)
    d1 = 1 / (1 + y1 / 100)
    d2 = (1 - y2 / 100 * d1) / (1 + y2 / 100)
    d3 = (1 - y3 / 100 * (d1 + d2)) / (1 + y3 / 100)
    assert_allclose(forward / 100 * (d2 + d3) + d3, d1, rtol=1e-14)  # its flows are worth its price in a year


def test_activity_is_the_first_principal_component_of_statsmodels():
    rng = np.random.default_rng(14)
    common = rng.standard_normal(200)
    columns = np.column_stack([common * w + rng.standard_normal(200) for w in (1.0, 1.5, 0.7)])
    columns = np.clip(columns, columns.mean(0) - 2.9 * columns.std(0), columns.mean(0) + 2.9 * columns.std(0))
    pca = sm.multivariate.PCA(columns, ncomp=1, standardize=True)
    expected = pca.factors[:, 0] / pca.factors[:, 0].std()
    found = activity_index(dict(enumerate(columns.T)))
    assert_allclose(np.abs(np.corrcoef(found, expected)[0, 1]), 1.0, atol=1e-6)
    assert np.corrcoef(found, common)[0, 1] > 0.7
    assert_allclose([found.mean(), found.std()], [0.0, 1.0], atol=1e-12)


def test_activity_of_a_ragged_month_is_the_regression_on_what_is_known():
    rng = np.random.default_rng(15)
    common = rng.standard_normal(300)
    columns = np.column_stack([common + 0.5 * rng.standard_normal(300) for _ in range(3)])
    full = activity_index(dict(enumerate(columns.T)))
    ragged = columns.copy()
    ragged[-1, 1:] = np.nan
    found = activity_index(dict(enumerate(ragged.T)))
    regression = sm.OLS(full[:-1], sm.add_constant(columns[:-1, 0])).fit()
    assert_allclose(found[-1], regression.predict([[1.0, columns[-1, 0]]])[0], atol=0.02)


def test_bridge_recovers_the_law_that_made_its_data():
    rng = np.random.default_rng(16)
    months, u = 1500, 0.1 * rng.standard_normal(1500)
    two_year = 1.2 + np.cumsum(0.3 * u) * 0.2
    expected, target = np.empty(months), np.empty(months)
    s = 0.9
    for t in range(months):
        if t:
            s = 0.8 * s + 0.2 * (two_year[t - 1] - 0.3) + 0.5 * u[t] + 0.04 * rng.standard_normal()
        expected[t], target[t] = s, s + 0.25 / np.sqrt(12) * rng.standard_normal()
    loose = {name: {"mean": mean, "sd": 10.0} for name, mean in (("speed", 0.3), ("premium", 0.2), ("response", 0.4))}
    bridge = fit_bridge(target, two_year, u, {**loose, "own_sd": {"mean": 0.06, "log_sd": 5.0}, "rounding_step": 0.25})
    assert_allclose([bridge.speed, bridge.premium, bridge.response, bridge.own_sd], [0.2, 0.3, 0.5, 0.04], rtol=0.2)
    assert np.corrcoef(bridge.expected, expected)[0, 1] > np.corrcoef(target, expected)[0, 1]


def test_bridge_rows_have_the_covariance_of_their_equations():
    rng = np.random.default_rng(17)
    c, B, Sigma = _var(rng, 2)
    priors = {name: {"mean": 0.3, "sd": 1e-6} for name in ("speed", "premium", "response")}
    priors |= {"own_sd": {"mean": 0.05, "log_sd": 1e-6}, "rounding_step": 0.25}
    bridge = fit_bridge(np.full(5, 0.5), np.full(5, 0.8), np.zeros(5), priors)
    c2, B2, Sigma2 = append_bridge(bridge, 1, c, B, Sigma)
    root = np.zeros((5, 5))
    root[:3, :3] = np.linalg.cholesky(Sigma)
    root[3:, :3] = 0.3 * root[1, :3]
    root[3:, 3], root[4, 4] = 0.05, 0.25 / np.sqrt(12)
    assert_allclose(Sigma2, root @ root.T, rtol=1e-4)
    assert_allclose(c2[3:], -0.09, rtol=1e-4)
    assert_allclose(B2[0, 3:], [[0, 0.3, 0, 0.7, 0]] * 2, rtol=1e-4)
    assert not B2[:, :3, 3:].any()
    assert not B2[1, 3:].any()


def test_lagged_rows_line_up():
    y = np.arange(10.0).reshape(5, 2)
    left, x = lagged(y, 2)
    assert_allclose(left, y[2:])
    assert_allclose(x, np.column_stack([y[1:4], y[0:3]]))
