"""Decision-day regressions and weak-instrument intervals against statsmodels; responses against its VAR."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
import statsmodels.api as sm
from numpy.testing import assert_allclose
from statsmodels.tsa.vector_ar.var_model import VARProcess

from jpsim.calibration.announcements import announcement_effects, proxy_interval, proxy_strength
from jpsim.calibration.responses import impulse_responses
from jpsim.calibration.tables import DailyTable
from jpsim.errors import InputError
from jpsim.months import Month


@pytest.fixture
def daily():
    rng = np.random.default_rng(51)
    days = [date(2024, 1, 1) + timedelta(days=i) for i in range(400)]
    news = 0.03 * rng.standard_normal(400)
    two_year, yen = 1.0 + np.cumsum(news), 150 * np.exp(np.cumsum(-0.2 * news + 0.004 * rng.standard_normal(400)))
    yen[101] = np.nan
    return DailyTable("daily.csv", tuple(days), {"jgb_2y": two_year, "usdjpy": yen})


def test_effects_are_least_squares_with_white_errors_of_statsmodels(daily):
    positions = np.array([3, *range(20, 400, 9)])
    found = announcement_effects(daily, [daily.days[i] for i in positions], Month(2024, 1), ("usdjpy",))
    two_year, yen = daily.columns["jgb_2y"], daily.columns["usdjpy"]
    kept = [i for i in positions if i != 101]  # no quote on that day
    assert 101 in positions
    assert found.days == tuple(daily.days[i] for i in kept)
    x = np.array([two_year[i] - two_year[i - 1] for i in kept])
    y = np.array([100 * np.log(yen[i] / yen[i - 1]) for i in kept])
    fit = sm.OLS(y, sm.add_constant(x)).fit(cov_type="HC0")
    assert_allclose(found.effect, fit.params[1:], rtol=1e-9)
    assert_allclose(np.sqrt(np.diag(found.covariance)), fit.bse[1:], rtol=1e-9)
    assert_allclose(found.news, x, rtol=1e-12)
    assert_allclose(found.interval(0.9)[0], fit.conf_int(0.1)[1], rtol=1e-9)


def test_news_of_a_month_is_the_sum_of_its_decisions(daily):
    decisions = [daily.days[i] for i in range(5, 300, 10)]
    found = announcement_effects(daily, decisions, Month(2024, 1), ("usdjpy",))
    monthly = found.monthly_news(Month(2024, 2), 3)
    by_hand = [sum(n for d, n in zip(found.days, found.news, strict=True) if d.month == m) for m in (2, 3, 4)]
    assert_allclose(monthly, by_hand, rtol=1e-12)


def test_too_few_decision_days_are_refused(daily):
    with pytest.raises(InputError, match="3 decision days since 2024-01"):
        announcement_effects(daily, list(daily.days[5:8]), Month(2024, 1), ("usdjpy",))
    with pytest.raises(InputError, match="no column 'topix'"):
        announcement_effects(daily, list(daily.days[5:8]), Month(2024, 1), ("topix",))


@pytest.mark.parametrize("strength", [0.05, 0.5, 2.0])
def test_weak_instrument_interval_inverts_the_t_statistics_of_statsmodels(strength):
    rng = np.random.default_rng(52)
    news, noise = rng.standard_normal((2, 80))
    innovation = strength * news + noise
    response = 1.5 * innovation + 0.5 * noise + 0.3 * rng.standard_normal(80)
    design = sm.add_constant(news)
    first_stage = sm.OLS(innovation, design).fit(cov_type="HC0")
    assert proxy_strength(innovation, news) == pytest.approx(first_stage.tvalues[1] ** 2, rel=1e-9)
    found = proxy_interval(response, innovation, news)
    assert found.bounded == (first_stage.tvalues[1] ** 2 > 2.706)
    for b in np.linspace(-20.0, 20.0, 161):
        t = sm.OLS(response - b * innovation, design).fit(cov_type="HC0").tvalues[1]
        assert not t**2 < 2.7 or found.low <= b <= found.high
        assert not (t**2 > 2.71 and found.bounded) or not found.low <= b <= found.high


@pytest.mark.parametrize("lags", [1, 3])
def test_impulse_responses_are_those_of_statsmodels(lags):
    rng = np.random.default_rng(53)
    B = 0.25 * rng.standard_normal((lags, 3, 3)) / np.arange(1, lags + 1)[:, None, None]
    root = np.tril(rng.standard_normal((3, 3))) + 2 * np.eye(3)
    expected = VARProcess(B, None, root @ root.T).orth_ma_rep(maxn=12, P=root)
    found = impulse_responses(B, np.stack([root, 2 * root]), np.array([False, True, False]), 12)
    assert_allclose(found[0][:, [0, 2]], expected[:, [0, 2]], rtol=1e-10, atol=1e-12)
    assert_allclose(found[1][:, 1], 2 * np.cumsum(expected[:, 1], axis=0), rtol=1e-10, atol=1e-12)
