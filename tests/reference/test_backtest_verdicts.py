"""Tests of forecasts against statsmodels, scipy, and histories whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.tsa.ar_model import AutoReg

from jpsim.calibration.backtest.verdicts import acerbi_szekely, berkowitz, christoffersen, diebold_mariano, kupiec


def test_kupiec_is_the_likelihood_ratio_of_two_binomials():
    hits = np.zeros(250, dtype=bool)
    hits[[3, 40, 41, 100, 130, 131, 132, 200]] = True
    free, bound = (stats.binom.logpmf(8, 250, rate) for rate in (8 / 250, 0.05))
    found = kupiec(hits, 0.05)
    assert found.statistic == pytest.approx(2 * (free - bound))
    assert found.p == pytest.approx(stats.chi2.sf(2 * (free - bound), 1))
    assert kupiec(np.zeros(100, dtype=bool), 0.05).statistic == pytest.approx(-200 * np.log(0.95))


def test_christoffersen_sees_clusters_that_kupiec_does_not():
    scattered, clustered = np.zeros(200, dtype=bool), np.zeros(200, dtype=bool)
    scattered[5::20] = True
    clustered[50:60] = True
    assert kupiec(scattered, 0.05).p == kupiec(clustered, 0.05).p == pytest.approx(1.0)
    assert christoffersen(scattered, 0.05).p > 0.5
    assert christoffersen(clustered, 0.05).p < 1e-6


def test_christoffersen_of_independent_hits_has_the_size_it_claims():
    rng = np.random.default_rng(71)
    rejected = np.mean([christoffersen(rng.random(600) < 0.1, 0.1).p < 0.05 for _ in range(800)])
    assert abs(rejected - 0.05) / np.sqrt(0.05 * 0.95 / 800) < 4.0


def _normal_tail(months, sd=1.0):
    levels = (np.arange(20) + 0.5) / 20 * 0.05
    return np.tile(stats.norm.ppf(levels) * sd, (months, 1))


def test_acerbi_szekely_is_even_under_the_truth_and_rejects_a_forecast_that_is_too_calm():
    rng = np.random.default_rng(72)
    p = [acerbi_szekely(rng.standard_normal(150), _normal_tail(150), 0.05, 300, rng).p for _ in range(300)]
    assert stats.kstest(p, "uniform").pvalue > 0.01
    y = rng.standard_normal(150)
    calm = acerbi_szekely(y, _normal_tail(150, 0.6), 0.05, 2000, rng)
    assert calm.statistic < -0.5
    assert calm.p < 0.01


def test_acerbi_szekely_statistic_is_the_published_sum():
    y, tail = np.array([-3.0, 0.5, -1.0, -2.2]), _normal_tail(4)
    value, shortfall = stats.norm.ppf(0.05), stats.norm.pdf(stats.norm.ppf(0.05)) / 0.05
    expected = sum(x for x in y if x < value) / (4 * 0.05 * shortfall) + 1
    found = acerbi_szekely(y, tail, 0.05, 10, np.random.default_rng(0))
    assert found.statistic == pytest.approx(expected, rel=5e-3)  # the tail in twenty parts


@pytest.mark.parametrize("horizon", [1, 3, 12])
def test_diebold_mariano_is_newey_west_of_statsmodels_with_the_small_sample_factor(horizon):
    rng = np.random.default_rng(73)
    gap = np.convolve(rng.standard_normal(140), np.ones(horizon), "valid") + 0.3
    fit = sm.OLS(gap, np.ones(len(gap))).fit(cov_type="HAC", cov_kwds={"maxlags": horizon - 1, "use_correction": False})
    count = len(gap)
    factor = np.sqrt((count + 1 - 2 * horizon + horizon * (horizon - 1) / count) / count)
    found = diebold_mariano(gap, horizon)
    assert found.statistic == pytest.approx(float(fit.tvalues[0]) * factor)
    assert found.p == pytest.approx(2 * stats.t.sf(abs(found.statistic), count - 1))


def test_berkowitz_is_the_likelihood_ratio_of_an_autoregression_by_statsmodels():
    z = np.random.default_rng(9).standard_normal(150) * 1.2 + 0.1
    fit = AutoReg(z, lags=1, trend="c").fit()
    free, bound = fit.llf, stats.norm.logpdf(z[1:]).sum()
    found = berkowitz(stats.norm.cdf(z))
    assert found.statistic == pytest.approx(2.0 * (free - bound), rel=1e-6)
    assert found.p == pytest.approx(stats.chi2.sf(2.0 * (free - bound), 3), rel=1e-5)


def test_berkowitz_has_the_size_it_claims_and_sees_memory_that_leaves_the_law_alone():
    rng = np.random.default_rng(10)
    rejected = np.mean([berkowitz(rng.random(200)).p < 0.05 for _ in range(800)])
    assert abs(rejected - 0.05) / np.sqrt(0.05 * 0.95 / 800) < 4.0
    z = np.zeros(200)
    for t in range(1, 200):
        z[t] = 0.5 * z[t - 1] + np.sqrt(0.75) * rng.standard_normal()
    assert berkowitz(stats.norm.cdf(z)).p < 1e-4


def test_too_few_origins_give_no_verdict():
    assert np.isnan(diebold_mariano(np.arange(12.0), 12).p)
    assert np.isnan(kupiec(np.zeros(0, dtype=bool), 0.05).p)
