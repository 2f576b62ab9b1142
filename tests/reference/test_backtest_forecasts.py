"""Forecasts and scores against scipy, scoringrules, arch and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import scoringrules
from arch import arch_model
from numpy.testing import assert_allclose
from scipy import integrate, stats

from jpsim.calibration.backtest.benchmarks import (
    Garch,
    bootstrap,
    bootstrap_indices,
    correlation_root,
    fit_garch,
    fit_regression,
    random_walk,
)
from jpsim.calibration.backtest.forecasts import Ensemble, Normal
from jpsim.calibration.backtest.scores import quantile_weighted, variogram


@pytest.fixture(scope="module")
def normal():
    return Normal(np.array([0.01, -0.02]), np.array([[0.04, 0.012], [0.012, 0.09]]))


def test_normal_crps_is_the_integral_of_squared_distances_of_distributions(normal):
    y = np.array([0.25, -0.5])
    for i, score in enumerate(normal.crps(y)):
        law = stats.norm(normal.mean[i], np.sqrt(normal.covariance[i, i]))
        below = integrate.quad(lambda x, law=law: law.cdf(x) ** 2, -5, y[i])[0]
        above = integrate.quad(lambda x, law=law: law.sf(x) ** 2, y[i], 5)[0]
        assert score == pytest.approx(below + above, rel=1e-6)


def test_a_large_ensemble_scores_like_the_law_it_was_drawn_from(normal):
    rng = np.random.default_rng(81)
    members = rng.multivariate_normal(normal.mean, normal.covariance, 100_000)
    ensemble, y = Ensemble(members), np.array([0.2, -0.3])
    assert_allclose(ensemble.crps(y), normal.crps(y), rtol=0.01)
    assert_allclose(ensemble.log_score(y), normal.log_score(y), atol=0.02)
    assert_allclose(ensemble.pit(y), normal.pit(y), atol=0.005)
    levels = np.array([0.05, 0.5, 0.95])
    assert_allclose(ensemble.quantiles(levels), normal.quantiles(levels), atol=0.005)


def test_normal_draws_have_the_law_and_leave_unknown_series_blank(normal):
    noise = np.random.default_rng(82).standard_normal((50_000, 3))
    covariance = np.full((3, 3), np.nan)
    covariance[:2, :2] = normal.covariance
    draws = Normal(np.array([*normal.mean, np.nan]), covariance).draws(noise)
    assert_allclose(np.cov(draws[:, :2].T), normal.covariance, rtol=0.04)
    assert np.isnan(draws[:, 2]).all()


def test_unit_weights_make_the_quantile_score_the_crps_and_the_tail_counts_losses(normal):
    levels = (np.arange(100) + 0.5) / 100
    y = np.array([-0.4, 0.6])
    quantiles = normal.quantiles(levels)
    plain = 2 * (((y < quantiles) - levels[:, None]) * (quantiles - y)).mean(axis=0)
    assert_allclose(plain, normal.crps(y), rtol=0.01)
    weighted = scoringrules.quantile_score(y[None, :], quantiles, levels[:, None])
    assert_allclose(quantile_weighted(quantiles, y), 2 * ((1 - levels[:, None]) ** 2 * weighted).mean(axis=0))


def _history(months=300, series=3, seed=83):
    rng = np.random.default_rng(seed)
    factors = 0.03 * rng.standard_normal((months, 3))
    slope = rng.standard_normal((series, 3))
    return 0.004 + factors @ slope.T + 0.02 * rng.standard_normal((months, series)), factors, slope


def test_regression_is_discounted_least_squares_of_numpy_and_finds_the_slopes():
    observed, factors, slope = _history()
    observed[:250, 2] = np.nan
    found = fit_regression(observed, factors)
    weights = 2.0 ** (-np.arange(240)[::-1] / 60)
    design = np.column_stack([np.ones(240), factors[-240:]])
    gram = design.T @ (design * weights[:, None])
    expected = np.linalg.solve(gram, design.T @ (weights * observed[-240:, 0]))
    assert_allclose([found.intercept[0], *found.slope[0]], expected)
    assert_allclose(found.slope[:2], slope[:2], atol=0.25)
    assert np.isfinite(found.slope[2]).all()
    error = observed[-240:, 0] - design @ expected
    assert found.covariance[0, 0] == pytest.approx((weights @ error**2) / weights.sum())
    given = found.given(np.array([0.1, 0.0, -0.1]), 12)
    assert_allclose(given.mean, 12 * found.intercept + found.slope @ [0.1, 0.0, -0.1])
    assert_allclose(given.covariance, 12 * found.covariance)


def test_a_series_with_two_years_of_history_has_no_forecast():
    observed, factors, _ = _history()
    observed[:-24, 1] = np.nan
    assert np.isnan(fit_regression(observed, factors).intercept[1])
    assert np.isnan(random_walk(observed, 3).mean[1])
    assert np.isnan(np.diag(random_walk(observed, 3).covariance)[1])
    assert np.isfinite(random_walk(observed, 3).mean[[0, 2]]).all()


def test_random_walk_has_the_drift_of_twenty_years_and_the_covariance_of_ten():
    observed, _, _ = _history()
    found = random_walk(observed, 6)
    assert_allclose(found.mean, 6 * observed[-240:].mean(axis=0))
    assert_allclose(found.covariance, 6 * np.cov(observed[-120:].T))


def test_bootstrap_blocks_last_six_months_on_average_and_keep_the_months_together():
    indices = bootstrap_indices(4000, 12, 5)
    follows = (indices[:, 1:] - indices[:, :-1]) % 120 == 1
    share = follows.mean()  # a block goes on with probability 5/6, or starts anew at the next month by chance
    expected = 5 / 6 + 1 / 6 / 120
    assert abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / follows.size)
    observed, _, _ = _history()
    drawn = bootstrap(observed, indices, 3).members
    assert_allclose(drawn[0], observed[-120:][indices[0, :3]].sum(axis=0))


def test_garch_filter_and_first_variance_are_those_of_arch():
    rng = np.random.default_rng(84)
    returns = 0.05 * stats.t.rvs(5, size=120, random_state=rng)
    model = arch_model(100 * returns, mean="Constant", vol="GARCH", p=1, q=1, dist="t", rescale=False)
    result = model.fit(disp="off", show_warning=False)
    found = fit_garch(returns[:, None])
    assert_allclose([found.mean[0], found.omega[0], found.alpha[0], found.beta[0]], result.params[:4], rtol=1e-6)
    size = 200_000
    ahead = found.forecast(
        returns[:, None], 3, rng.standard_normal((3, size, 1)), rng.chisquare(found.nu[0], (3, size, 1))
    )
    expected = result.forecast(horizon=3, reindex=False).variance.to_numpy()[-1]
    for months in (1, 2, 3):
        variance = ahead[months - 1].members.var() * 1e4
        assert variance == pytest.approx(expected[:months].sum(), rel=0.03)


def test_garch_without_history_is_blank():
    found = fit_garch(np.full((120, 1), np.nan))
    assert isinstance(found, Garch)
    assert np.isnan(found.mean[0])


def test_correlated_noise_has_rows_of_length_one_and_the_correlation_of_complete_series():
    observed, _, _ = _history()
    root = correlation_root(observed)
    assert_allclose(root @ root.T, np.corrcoef(observed[-120:].T), atol=1e-12)
    observed[-100:-40, 1] = np.nan
    assert_allclose(np.linalg.norm(correlation_root(observed), axis=1), 1.0)


def test_the_variogram_score_is_that_of_scoringrules_and_sees_a_wrong_correlation():
    rng = np.random.default_rng(31)
    root = np.linalg.cholesky(0.2 + 0.8 * np.eye(5))
    draws, y = rng.standard_normal((300, 5)) @ root.T, root @ rng.standard_normal(5)
    assert variogram(draws, y) == pytest.approx(
        float(scoringrules.vs_ensemble(y, draws, p=0.5, estimator="nrg")), rel=1e-9
    )
    came, apart = rng.standard_normal((200, 5)) @ root.T, rng.standard_normal((300, 5))
    assert np.mean([variogram(draws, row) - variogram(apart, row) for row in came]) < 0.0
    assert np.isnan(variogram(draws, np.array([0.0, np.nan, 0.0, 0.0, 0.0])))
