"""Equities carried over to days: against a regression by statsmodels, a simulated projection, and identities."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from jpsim.calibration.daily_equity import carry_over
from jpsim.calibration.daily_spread import _factor_sd
from jpsim.days import DAYS_PER_MONTH
from jpsim.model.store import load_model

NAMES = ("jgb_2y", "jgb_10y", "usdjpy", "us_10y", "sp500", "vix")


@pytest.fixture(scope="module")
def base():
    return load_model("japan_monthly")


@pytest.fixture(scope="module")
def sample(base):
    rng = np.random.default_rng(4)
    days = 900
    kept = [base.factor(name) for name in NAMES]
    root = np.linalg.cholesky(base.Sigma[np.ix_(kept, kept)] / DAYS_PER_MONTH)
    innovations = rng.standard_normal((days, 6)) @ root.T
    effects = np.array([[0.03, 0.002], [0.05, 0.06], [0.006, 0.007], [-0.01, 0.0], [0.003, 0.004], [0.0, 0.0]])
    returns = innovations @ effects + 0.009 * rng.standard_normal((days, 2))
    return innovations, returns, 0.5 ** (np.arange(days)[::-1] / 300.0)


@pytest.fixture(scope="module")
def carried(base, sample):
    return carry_over(base, NAMES, *sample, window=1)


@pytest.mark.parametrize("window", [1, 5])
def test_observed_series_have_the_exposures_of_weighted_least_squares(base, sample, window):
    innovations, returns, weights = sample
    carried = carry_over(base, NAMES, *sample, window=window)
    sums = [np.lib.stride_tricks.sliding_window_view(x, window, axis=0).sum(axis=-1) for x in (innovations, returns)]
    x, weights = sm.add_constant(sums[0]), weights[window - 1 :]
    for column, name in enumerate(("topix", "nikkei225")):
        fit = sm.WLS(sums[1][:, column], x, weights=weights).fit()
        picked = base.aggregation[base.aggregates.index(name)] if name == "topix" else np.eye(50)[40]
        np.testing.assert_allclose(picked @ carried.loadings, fit.params[1:], atol=1e-10)
        spread = carried.mix * carried.idio_sd
        variance = picked @ (carried.common @ carried.common.T + spread @ spread.T) @ picked
        spread_a_day = weights @ fit.resid**2 / weights.sum() / window
        assert np.sqrt(variance) == pytest.approx(np.sqrt(spread_a_day), rel=1e-9)


def test_residuals_of_topix_and_the_nikkei_move_together_as_those_of_the_regressions(base, sample, carried):
    """Slope of the Nikkei's residual on TOPIX's, by statsmodels; TOPIX's is one common component and nothing else."""
    innovations, returns, weights = sample
    x = sm.add_constant(innovations)
    topix, nikkei = (sm.WLS(column, x, weights=weights).fit().resid for column in returns.T)
    slope = sm.WLS(nikkei, topix, weights=weights).fit().params[0]
    pick, row = base.aggregation[base.aggregates.index("topix")], base.series.index("nikkei225")
    spread = carried.mix * carried.idio_sd
    own = pick @ spread
    np.testing.assert_allclose(own, 0.0, atol=1e-13)
    shared = pick @ carried.common
    np.testing.assert_allclose(shared[:-1], 0.0, atol=1e-13)
    assert carried.common[row] @ shared / (shared @ shared) == pytest.approx(slope, rel=1e-9)


def test_what_was_carried_over_is_the_projection_on_simulated_months(base, carried):
    """Monthly returns of TOPIX drawn from the monthly model, regressed on the factors that are kept."""
    rng = np.random.default_rng(11)
    draws = 400_000
    shocks = rng.standard_normal((draws, len(base.factors))) @ np.linalg.cholesky(base.Sigma).T
    weights = base.aggregation[base.aggregates.index("topix")]
    own = np.sqrt(weights @ base.residual_cov @ weights)
    returns = shocks @ (weights @ base.loadings) + own * rng.standard_normal(draws)
    kept = shocks[:, [base.factor(name) for name in NAMES]]
    fit = sm.OLS(returns, kept).fit()
    market = carried.exposures[0]
    assert np.abs((market.carried - fit.params) / fit.bse).max() < 4.5
    assert market.carried_sd * np.sqrt(DAYS_PER_MONTH) == pytest.approx(np.sqrt(fit.scale), rel=0.01)


def test_sums_over_parts_hold_in_every_array(base, carried):
    effects = np.column_stack([carried.alpha, carried.loadings, carried.common, carried.mix])
    whole = np.concatenate([effects, base.aggregation @ effects])
    names = (*base.series, *base.aggregates)
    for identity in base.meta["identities"]:
        total = sum(weight * whole[names.index(name)] for name, weight in identity["parts"].items())
        np.testing.assert_allclose(total, whole[names.index(identity["whole"])], atol=1e-12)


def test_spread_over_days_is_that_of_the_recursion_drawn_naively():
    model = load_model("japan_daily")
    rng, paths, days = np.random.default_rng(2), 200_000, 21
    root, y = np.linalg.cholesky(model.Sigma), np.zeros((paths, len(NAMES)))
    total = np.zeros_like(y)
    for _ in range(days):
        y = y @ model.B[0].T + rng.standard_normal(y.shape) @ root.T
        total += y
    drawn = np.where(model.in_differences, total, y).std(axis=0)
    scores = (drawn / _factor_sd(model, days) - 1.0) * np.sqrt(2.0 * paths)
    assert np.abs(scores).max() < 4.0
