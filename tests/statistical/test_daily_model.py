"""The shipped daily model: against the daily panel, and as the panel gives it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from jpsim import api
from jpsim.calibration.daily import calibrate_daily
from jpsim.calibration.daily_sample import read_sample
from jpsim.calibration.prior_forms import DAILY
from jpsim.calibration.priors import read_daily_priors
from jpsim.calibration.volatility import DAYS, estimate_volatility
from jpsim.errors import InputError
from jpsim.model.store import load_model, read_card, save_model
from jpsim.scenario import load_run
from jpsim.toml import check_content

RUN = "schema: jpsim/run@1\nscenarios: [{schema: jpsim/scenario@1, id: plain}]\nmodel: japan_daily\nhorizon: 21d\n"
SHOWN = ("topix", "nikkei225", "usdjpy", "jgb_10y", "sp500")
WINDOW, BLOCK = 727, 42  # effective days of the sample; days of a bootstrap block


def draw_paths(folder, extra=""):
    """Model, and paths of its outputs on days 1, 10 and 21."""
    path = folder / "run.yaml"
    path.write_text(RUN + "report_at: [1d, 10d]\n" + extra)
    job, _ = api.plan(load_run(path))
    return job.model, job.samplers[0].paths(0, 16_384)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """(series, days 1, 10, 21, paths) changes: log percent, or percentage points of yields."""
    model, paths = draw_paths(tmp_path_factory.mktemp("daily"))
    found = []
    for name in SHOWN:
        values = paths[model.outputs.index(name)]
        if name not in model.factors:
            found.append(100.0 * np.log1p(values))
        elif model.transform[model.factor(name)] == "log100":
            found.append(100.0 * np.log(values / model.base_level[model.factor(name)]))
        else:
            found.append(values - model.base_level[model.factor(name)])
    return np.array(found)


@pytest.fixture(scope="module")
def observed(data_dir):
    sample = read_sample(data_dir, read_daily_priors())
    changes = np.where([name.startswith(("jgb", "us_10y", "vix")) for name in sample.names],
                       np.diff(sample.y, axis=0, prepend=sample.y[:1]), sample.y)  # fmt: skip
    columns = dict(zip(sample.names, changes.T, strict=True))
    columns |= dict(zip(("topix", "nikkei225"), 100.0 * np.log1p(sample.returns).T, strict=True))
    return np.array([columns[name] for name in SHOWN])


def windows(changes, days):
    total = np.concatenate([[0.0], np.cumsum(changes)])
    return total[days:] - total[:-days]


@pytest.mark.parametrize("place", range(len(SHOWN)), ids=SHOWN)
def test_spread_over_a_day_and_ten_days_is_that_of_the_data(drawn, observed, place):
    """Within the 99% band of a block bootstrap (Kuensch 1989, doi:10.1214/aos/1176347265) of the same sample."""
    recent, rng = observed[place, -WINDOW:], np.random.default_rng(5)
    starts = rng.integers(0, WINDOW - BLOCK, size=(400, WINDOW // BLOCK))
    resampled = recent[(starts[..., None] + np.arange(BLOCK)).reshape(400, -1)]
    for column, days in ((0, 1), (1, 10)):
        band = np.quantile([windows(row, days).std() for row in resampled], [0.005, 0.995])
        assert band[0] < drawn[place, column].std() < band[1]


def test_spread_grows_with_the_square_root_of_time(drawn):
    ratio = drawn[:, 2].std(axis=1) / drawn[:, 0].std(axis=1) / np.sqrt(21.0)
    np.testing.assert_allclose(ratio, 1.0, atol=0.05)


def test_days_have_the_fat_tails_that_daily_closes_have(drawn, observed):
    def excess(values):
        apart = values - values.mean()
        return (apart**4).mean() / (apart**2).mean() ** 2 - 3.0

    for place, name in enumerate(SHOWN):
        assert excess(drawn[place, 0]) > 2.0, name
        assert excess(observed[place, -2500:]) > 2.0, name


def test_a_day_of_topix_has_the_law_of_the_days(tmp_path):
    """Its residual is a common component: normal given the mixing variable, whose law scipy's chi-square gives."""
    model, paths = draw_paths(tmp_path, "innovations: student_t\n")
    weights = model.aggregation[model.aggregates.index("topix")]
    variance = weights @ (model.loadings @ model.Sigma @ model.loadings.T + model.residual_cov) @ weights
    day = paths[model.outputs.index("topix"), 0] - weights @ model.alpha
    mixing = (model.nu - 2.0) / stats.chi2.ppf((np.arange(4000) + 0.5) / 4000, model.nu)
    lean = weights @ model.loadings @ model.skew
    rest = variance - (2.0 / (model.nu - 4.0) * lean**2 if model.skewed else 0.0)
    law = stats.norm(lean * (mixing - 1.0), np.sqrt(mixing * rest))
    assert stats.kstest(day, lambda x: np.array([law.cdf(each).mean() for each in np.ravel(x)])).pvalue > 1e-3
    assert stats.kstest(day, stats.norm(scale=np.sqrt(variance)).cdf).pvalue < 1e-6


@pytest.mark.parametrize("place", range(len(SHOWN)), ids=SHOWN)
def test_losses_beyond_the_ten_day_value_at_risk_are_rare_in_sample(drawn, observed, place):
    """About 1% of overlapping windows; 250 independent windows of ten years have an error of 0.6%."""
    beyond = (windows(observed[place, -2500:], 10) < np.quantile(drawn[place, 1], 0.01)).mean()
    assert 0.001 < beyond < 0.03


def test_the_days_filter_finds_the_volatility_it_is_drawn_from():
    """1,500 days of six factors at phi 0.98, sigma 0.15, nu 6: inside the 90% intervals, widened by the grid."""
    rng, v = np.random.default_rng(8), 0.0
    distances = np.empty(1500)
    for t in range(1500):
        v = 0.98 * v + 0.15 * rng.standard_normal()
        scale = np.exp(v - 0.5 * 0.15**2 / (1.0 - 0.98**2)) * 4.0 / rng.chisquare(6.0)
        distances[t] = scale * (rng.standard_normal(6) ** 2).sum()
    found = estimate_volatility(distances, np.full(1500, 6.0), np.ones(1500), read_daily_priors()["tails"], DAYS)
    assert found.phi_range[0] - 0.005 <= 0.98 <= found.phi_range[1] + 0.005
    assert found.sigma_range[0] - 0.03 <= 0.15 <= found.sigma_range[1] + 0.03
    assert found.nu_range[0] - 0.6 <= 6.0 <= found.nu_range[1] + 0.6


@pytest.mark.slow
def test_calibrating_again_gives_the_shipped_model(data_dir, tmp_path):
    shipped = load_model("japan_daily")
    found = calibrate_daily(data_dir, version=shipped.version)
    save_model(found.model, tmp_path / "model", found.card)
    again = load_model(tmp_path / "model")
    for name in ("state", "base_level", "c", "B", "Sigma", "alpha", "loadings", "common", "mix", "idio_sd"):
        np.testing.assert_allclose(getattr(again, name), getattr(shipped, name), rtol=1e-7, atol=1e-9)
    assert (again.as_of, again.step, again.nu) == (shipped.as_of, "day", pytest.approx(shipped.nu, rel=1e-4))
    assert read_card("japan_daily") == found.card


def test_what_a_daily_panel_must_not_have_is_refused(data_dir, tmp_path):
    text = (data_dir / "panel_daily.csv").read_text().splitlines()
    file = tmp_path / "panel_daily.csv"
    file.write_text("\n".join([text[0].replace("sp500", "spx"), *text[1:]]))
    with pytest.raises(InputError, match="sp500"):
        calibrate_daily(tmp_path)
    file.unlink()
    with pytest.raises(InputError, match="no such file"):
        calibrate_daily(tmp_path)
    priors = read_daily_priors()
    odd = {**priors["factors"], "sp500": {**priors["factors"]["sp500"], "close": "noon"}}
    with pytest.raises(InputError, match=r"factors.sp500.close = 'noon'\n    allowed: tokyo, night"):
        check_content({**priors.sections, "factors": odd}, DAILY, "priors")
