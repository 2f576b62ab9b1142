"""`jpsim backtest`: what it prints and writes, that it knows nothing of the future, and what it refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import skew

from jpsim import api
from jpsim.calibration.backtest import FORECASTERS, HORIZONS, collect_sample, parse_origins, tail_rows
from jpsim.calibration.backtest.candidate import Candidate, learn, realised_path
from jpsim.calibration.backtest.drawing import draw_returns, draw_scales
from jpsim.calibration.backtest.sample import Sample
from jpsim.calibration.distances import measure_distances
from jpsim.calibration.panel import read_panel
from jpsim.calibration.priors import change_priors, read_priors
from jpsim.calibration.tables import Table
from jpsim.calibration.volatility import Volatility
from jpsim.errors import InputError
from jpsim.model import Term
from jpsim.months import Month
from jpsim.reporting.backtest_report import render_backtest

ORIGIN = Month(2022, 6)


@pytest.fixture(scope="module")
def sample(data_dir) -> Sample:
    return collect_sample(read_panel(data_dir), read_priors())


@pytest.fixture(scope="module")
def candidate(sample):
    return learn(sample, ORIGIN)


@pytest.fixture(scope="module")
def command(data_dir, project, tmp_path_factory):
    out = tmp_path_factory.mktemp("backtest") / "found"
    words = [str(data_dir), "--origins", "2022-06:2022-07", "--draws", "200", "--out", str(out), "--json"]
    environment = {**os.environ, "PYTHONPATH": str(project)}
    done = subprocess.run(
        [sys.executable, "-m", "jpsim", "backtest", *words], capture_output=True, text=True, env=environment, check=True
    )
    return json.loads(done.stdout), out


def scrambled(table: Table, after: Month) -> Table:
    """A table whose rows after a month say something else."""
    later = np.array([month > after for month in table.months])
    noise = np.exp(0.3 * np.random.default_rng(7).standard_normal(len(later)))
    columns = {name: np.where(later, values * noise, values) for name, values in table.columns.items()}
    return replace(table, columns=columns)


def test_nothing_after_the_origin_changes_what_is_learnt(sample, candidate):
    panel = sample.panel
    other = replace(panel, monthly=scrambled(panel.monthly, ORIGIN), history=scrambled(panel.history, ORIGIN))
    again = learn(collect_sample(other, sample.priors), ORIGIN)
    for name in ("y", "c", "B", "Sigma"):
        assert_array_equal(getattr(again, name), getattr(candidate, name))
    assert again.volatility == candidate.volatility
    for name in ("alpha", "loadings", "term_loadings", "common"):
        assert_array_equal(getattr(again.equities, name), getattr(candidate.equities, name))


def test_late_published_factors_end_before_the_origin(candidate):
    edge = {name: int(np.isnan(candidate.y[-3:, i]).sum()) for i, name in enumerate(candidate.names)}
    assert edge["wages"] == 2
    assert edge["core_cpi"] == edge["policy_uncertainty"] == 1
    assert edge["usdjpy"] == edge["sp500"] == edge["jgb_10y"] == 0


def straight(candidate: Candidate) -> Candidate:
    """The candidate without its nonlinear terms."""
    law = candidate.equities
    return replace(candidate, equities=replace(law, terms=(), term_loadings=law.term_loadings[:, :0]))


def test_draws_have_the_covariance_of_the_equity_layer(candidate):
    count = 40_000
    draws = draw_returns(straight(candidate), 1, count, np.random.default_rng(11))[0]
    law, scale = candidate.equities, candidate.volatility
    level = np.exp(scale.phi * scale.start + 0.5 * (scale.phi * scale.start_sd) ** 2 + 0.5 * scale.sigma**2)
    level /= np.exp(0.5 * scale.sigma**2 / (1 - scale.phi**2))
    shared = law.loadings @ candidate.Sigma @ law.loadings.T + law.common @ law.common.T
    spread = candidate.structure.mix * law.residuals.idio_sd
    expected = candidate.rows @ (level * shared + spread @ spread.T) @ candidate.rows.T
    ratio = np.expm1(draws).std(axis=0) / np.sqrt(np.diag(expected))
    assert np.abs(ratio - 1).max() < 0.03


def test_large_innovations_make_large_scales(candidate):
    rng, law = np.random.default_rng(12), candidate.volatility
    n = len(candidate.names)
    month = np.sqrt(candidate.Sigma.diagonal()) * np.random.default_rng(1).standard_normal((1, n))
    d2 = measure_distances(month, candidate.Sigma, 0).total[0][0]
    calm, wild = (
        draw_scales(law, 1, 20_000, rng, measure_distances(month * np.sqrt(size * n / d2), candidate.Sigma, 0)).scale
        for size in (0.3, 4.0)
    )
    assert np.mean(wild**2) > 2.0 * np.mean(calm**2)


def test_scales_of_known_skewed_months_are_those_of_weighed_plain_ones():
    """Prior draws of volatility and mixing variable of two months, weighed by normal densities of what is known."""
    rng, Sigma, shift, nu = np.random.default_rng(14), np.array([[1.0, 0.5], [0.5, 2.0]]), -0.5, 8.0
    law = Volatility(nu, 0.8, 0.3, 0.2, (nu, nu), (0.8, 0.8), (0.3, 0.3), 0.1, "first", shift)
    known, count = np.array([[-1.5, 0.4], [0.6, -1.0]]), 400_000
    found = draw_scales(law, 2, 100_000, rng, measure_distances(known, Sigma, 0))
    b, v = shift * Sigma[:, 0], law.start + law.start_sd * rng.standard_normal(count)
    rest, weights, scales = Sigma - 2.0 / (nu - 4.0) * np.outer(b, b), np.zeros(count), []
    for u in known:
        v = law.phi * v + law.sigma * rng.standard_normal(count)
        growth, W = np.exp(0.5 * v - law.sigma**2 / (4.0 * (1.0 - law.phi**2))), (nu - 2.0) / rng.chisquare(nu, count)
        gap = (u[:, None] - growth * b[:, None] * (W - 1.0)) / (growth * np.sqrt(W))
        weights -= 0.5 * np.einsum("ic,ij,jc->c", gap, np.linalg.inv(rest), gap) + 2.0 * np.log(growth * np.sqrt(W))
        scales.append(growth * np.sqrt(W))
    q = np.exp(weights - weights.max())
    q /= q.sum()
    for t, plain in enumerate(scales):
        mean = q @ plain
        error = np.hypot(np.sqrt((plain - mean) ** 2 @ q**2), 2.0 * found.scale[t].std() / np.sqrt(100_000))
        assert abs(found.scale[t].mean() - mean) < 4.0 * error


def test_free_months_are_skewed_as_the_law_says(candidate):
    law, count = replace(candidate.volatility, skew_factor="sp500", skew_shift=-0.5, nu=9.0), 60_000
    skewed = replace(straight(candidate), volatility=law)
    symmetric = replace(skewed, volatility=replace(law, skew_shift=0.0))
    own = skewed.names.index("sp500")
    assert skewed.skew[own] / np.sqrt(skewed.Sigma[own, own]) == pytest.approx(-0.5)
    ours, plain = (np.expm1(draw_returns(one, 1, count, np.random.default_rng(16))[0]) for one in (skewed, symmetric))
    np.testing.assert_allclose(ours.std(axis=0), plain.std(axis=0), rtol=0.04)
    np.testing.assert_allclose(ours.mean(axis=0), plain.mean(axis=0), atol=5.0 * plain.std() / np.sqrt(count))
    assert skew(ours[:, 0]) < skew(plain[:, 0]) - 0.1


def test_a_known_path_moves_returns_by_loadings_times_its_innovations(sample, candidate):
    path, count = realised_path(sample, candidate, 12), 20_000
    assert path.shape == (12, len(candidate.names))
    assert np.isnan(path[:, candidate.names.index("japan_activity")]).all()
    simple = np.expm1(draw_returns(candidate, 1, count, np.random.default_rng(13), path[:1])[0])
    law, u = candidate.equities, candidate.innovations(path[:1])[0]
    assert [term.id for term in law.terms] == list(sample.priors["equity"]["terms"])
    bent = [_bent(term, dict(zip(candidate.names, u, strict=True)), sample) for term in law.terms]
    expected = law.alpha + law.loadings @ u + law.term_loadings @ np.array(bent)
    z = (simple.mean(axis=0) - candidate.rows @ expected) / (simple.std(axis=0) / np.sqrt(count))
    assert np.abs(z).max() < 4.5


def _bent(term: Term, u: dict[str, float], sample: Sample) -> float:
    """A term's value in the month after the origin, by its definition."""
    if term.kind == "hinge":
        return max(term.side * (u[term.factor] - term.knot), 0.0) - term.centre
    level = sample.panel.monthly.since(ORIGIN, ORIGIN, term.other)[0]
    beyond = 100.0 * np.log(level / term.knot) if term.other == "usdjpy" else level - term.knot
    return max(term.side * beyond, 0.0) * u[term.factor]


def test_terms_move_no_mean_of_a_free_month(candidate):
    """Common random numbers with and without terms; z-score of the gap between TOPIX's means."""
    count = 200_000
    stationary = candidate.volatility.sigma**2 / (1.0 - candidate.volatility.phi**2)
    law = replace(candidate.volatility, start=0.0, start_sd=float(np.sqrt(stationary)))
    free = replace(candidate, volatility=law)
    both = (draw_returns(one, 1, count, np.random.default_rng(17))[0, :, 0] for one in (free, straight(free)))
    gap = np.expm1(next(both)) - np.expm1(next(both))
    assert abs(gap.mean()) < 4.0 * gap.std() / np.sqrt(count)
    assert gap.std() > 1e-3


def test_levels_before_each_month_are_the_panels(sample, candidate):
    before = candidate.levels_before(realised_path(sample, candidate, 12))
    for name in ("usdjpy", "jgb_10y", "vix"):
        known = sample.panel.monthly.since(ORIGIN, ORIGIN + 11, name)
        assert_allclose(before[:, candidate.names.index(name)], known, rtol=1e-9)


def test_simulated_months_follow_the_autoregression(candidate):
    u = np.random.default_rng(18).standard_normal((3, 2, len(candidate.names)))
    path, past = candidate.simulate(u), list(candidate.state)
    for t in range(3):
        lags = zip(candidate.B, reversed(past), strict=False)
        past.append(candidate.c + sum(matrix @ row for matrix, row in lags) + u[t, 1])
        assert_allclose(path[t, 1], past[-1], rtol=1e-12)


def test_command_prints_one_object_and_writes_every_score(command):
    told, out = command
    assert told["origins"] == {mode: ["2022-06", "2022-07"] for mode in ("unconditional", "conditional")}
    assert {row[3] for row in told["crps"]} == set(FORECASTERS)
    table = pq.read_table(out / "scores.parquet").to_pandas()
    assert len(table) == 2 * len(FORECASTERS) * len(HORIZONS) * 2 * 55
    assert (table["q05"] < table["q95"]).all()
    assert table["crps"].gt(0).all()
    assert table["pit"].between(0, 1).all()
    energy = pq.read_table(out / "energy.parquet").to_pandas()
    assert np.isfinite(energy["energy"]).all()
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "script-src 'none'" in page
    assert "<script" not in page


def test_expected_shortfall_can_be_tested_from_the_files(data_dir, tmp_path):
    """Acerbi and Székely's second statistic from the two tables, against the one that the backtest reports."""
    found = api.backtest(data_dir, origins="2020-01:2020-05:2", draws=200, conditional=True)
    api.store_backtest(found, tmp_path)
    scores, tails = (pq.read_table(tmp_path / f"{name}.parquet").to_pandas() for name in ("scores", "tails"))
    both = tails.merge(scores, on=["mode", "forecaster", "horizon", "origin", "series"])
    [row] = [row for row in tail_rows(found.scores["conditional"], found.seed) if row.forecaster == "model"]
    own = both[(both["forecaster"] == "model") & (both["series"] == "topix")]
    shortfall = -own[[f"t{j:02d}" for j in range(1, 21)]].mean(axis=1)
    hit = own["outcome"] < own["t20"] + 0.5 * (own["t20"] - own["t19"])
    statistic = 1.0 + (own["outcome"] * hit / (len(own) * 0.05 * shortfall)).sum()
    assert len(own) == 3
    assert statistic == pytest.approx(row.topix[2].statistic)


def test_the_ratio_of_the_reference_is_one_and_others_are_ratios_of_means(command):
    told, out = command
    table = pq.read_table(out / "scores.parquet").to_pandas()
    chosen = table[(table["mode"] == "conditional") & (table["horizon"] == 3) & (table["series"] == "topix")]
    means = chosen.groupby("forecaster")["crps"].mean()
    ratios = {row[3]: row[4] for row in told["crps"] if row[:3] == ["conditional", 3, "topix"]}
    assert ratios["regression"] == 1.0
    assert ratios["model"] == pytest.approx(means["model"] / means["regression"])


def test_the_same_seed_gives_the_same_report(data_dir):
    first, second = (api.backtest(data_dir, origins="2024-12:2024-12", draws=100, conditional=True) for _ in range(2))
    assert render_backtest(first) == render_backtest(second)


@pytest.mark.parametrize("text", ["2019", "2020-01:2019-01", "2001-01:2019-01", "2019-01:2030-01", "2019-01:2020-01:0"])
def test_wrong_origins_are_refused_with_what_is_allowed(text):
    with pytest.raises(InputError, match="allowed: first:last"):
        parse_origins(text, Month(2026, 1))


def test_origins_count_in_steps_and_end_before_the_panel():
    assert parse_origins("2019-12:2020-12:6", Month(2026, 1)) == (Month(2019, 12), Month(2020, 6), Month(2020, 12))
    every = parse_origins(None, Month(2026, 1))
    assert (every[0], every[-1]) == (Month(2012, 12), Month(2025, 12))


def test_choices_are_changed_one_by_one_and_wrong_ones_are_named_together():
    priors = read_priors()
    changed = change_priors(priors, ["equity.residual_half_life=120.0", "equity.match_topix=false"])
    assert changed["equity"]["residual_half_life"] == 120.0
    assert changed["equity"]["match_topix"] is False
    assert priors["equity"]["residual_half_life"] == read_priors()["equity"]["residual_half_life"] != 120.0
    assert changed.sha256 != priors.sha256
    with pytest.raises(InputError) as caught:
        change_priors(priors, ["equity.nothing=1", "equity.components=["])
    assert len(caught.value.problems) == 2


def test_a_choice_reaches_the_estimate(sample, candidate):
    """Another half-life of the residuals: they sum to what TOPIX shows with it, and TOPIX's loadings stay."""
    priors = change_priors(sample.priors, ["equity.residual_half_life=120.0"])
    other = learn(replace(sample, priors=priors), ORIGIN, candidate.volatility).equities
    weights = candidate.structure.aggregation[0]
    covariance = other.common @ other.common.T
    spread = candidate.structure.mix * other.residuals.idio_sd
    own = other.hierarchy.topix.residual[:, 0]
    discount = 2.0 ** (-np.arange(len(own))[::-1] / 120.0)
    seen = np.isfinite(own)
    expected = discount[seen] @ own[seen] ** 2 / discount[seen].sum()
    assert weights @ (covariance + spread @ spread.T) @ weights == pytest.approx(expected, rel=1e-6)
    before = candidate.structure.aggregation[:1] @ candidate.equities.loadings
    assert candidate.structure.aggregation[:1] @ other.loadings == pytest.approx(before, abs=1e-10)
