"""Runs on the shipped daily model: grammar, conditions at days, files, refusals by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import jpsim
from jpsim import api
from jpsim.conditioning.explaining import steps_of
from jpsim.errors import InputError, UnsupportedError
from jpsim.model.store import load_model
from jpsim.scenario import Scenario, load_run

ROOT = Path(__file__).parents[2]
HEAD = "schema: jpsim/scenario@1\nid: story\n"


def config(folder, story="", run="", model="japan_daily", horizon="21d"):
    (folder / "story.yaml").write_text(HEAD + story)
    (folder / "plain.yaml").write_text("schema: jpsim/scenario@1\nid: plain\n")
    path = folder / "run.yaml"
    path.write_text(
        f"schema: jpsim/run@1\nscenarios: [plain, story]\nmodel: {model}\nhorizon: {horizon}\npaths: 2048\n{run}"
    )
    return path


def test_conditions_hold_at_their_days_on_every_path(tmp_path):
    story = "conditions:\n  usdjpy: {level: {10d: 148 JPY}}\n  jgb_10y: {range: {1m: [2.20%, 2.60%]}}\n"
    job, _ = api.plan(load_run(config(tmp_path, story, "innovations: gaussian\n")))
    assert job.request.steps == (1, 5, 10, 21)
    paths = job.samplers[1].paths(0, 2048)
    factors = job.model.factors
    np.testing.assert_allclose(paths[factors.index("usdjpy"), 2], 148.0, atol=1e-6)
    ten_year = paths[factors.index("jgb_10y"), 3]
    assert ten_year.min() >= 2.20 - 1e-9
    assert ten_year.max() <= 2.60 + 1e-9


def test_the_shipped_run_is_stored_with_its_days_and_repeated(tmp_path):
    run = api.run(ROOT / "configs" / "var_10d.yaml", overrides=["paths=4096", "paths_out=sample"], out=tmp_path)
    folder = tmp_path / run.run_id
    assert (run.manifest["step"], run.manifest["model"]["as_of"]) == ("day", "2026-01-30")
    assert set(pq.read_table(folder / "summary.parquet")["month"].to_pylist()) == {1, 5, 10, 21}
    assert set(pq.read_table(folder / "paths.parquet")["month"].to_pylist()) == {1, 5, 10, 21}
    assert "21 days from 2026-01-30" in repr(run)
    topix = run["no_story"]["topix"]
    assert topix.at("1m").sd == topix.at("21d").sd == topix.at("2026-03-04").sd
    assert 0.05 < run["no_story"]["portfolio"].at("10d").var(0.99) < 0.25
    assert api.replay(folder).equal


def test_coherence_holds_on_every_daily_path():
    job, _ = api.plan(load_run(ROOT / "configs" / "var_10d.yaml", ["portfolio=null", "horizon=1d", "report_at=null"]))
    paths, outputs = job.samplers[0].paths(0, 512)[:, 0], job.model.outputs
    for identity in job.model.meta["identities"]:
        parts = sum(weight * paths[outputs.index(name)] for name, weight in identity["parts"].items())
        np.testing.assert_allclose(parts, paths[outputs.index(identity["whole"])], atol=1e-9)


def test_python_counts_days_on_a_daily_model():
    plain = jpsim.load_scenario("baseline").model_copy(update={"views": ()})
    run = jpsim.simulate(plain, model="japan_daily", horizon="10d", paths=2048)
    assert run.steps == (1, 5, 10)
    with pytest.raises(InputError, match="21d"):
        jpsim.simulate(plain, model="japan_daily", horizon="12m", paths=2048)


def test_a_daily_model_needs_no_horizon():
    """A month of trading days, where a monthly model has a year; a story beyond it still names its own."""
    told = api.explain(Scenario.model_validate({"id": "plain"}), model="japan_daily")
    assert [len(band["mean"]) for band in told["bands"].values()] == [21] * len(told["bands"])
    assert steps_of(None, load_model("japan_monthly")) == 12
    change = api.compare_models("japan_daily", "japan_daily", series=("topix",), paths=1000)
    assert change.month == 21
    assert [(row.scenario, row.changes["mean"].value) for row in change.scenarios] == [("unconditional", 0.0)]


def test_a_view_on_a_mean_is_met_at_its_day(tmp_path):
    story = "views: [{series: topix, at: 21d, mean: 3%}]\n"
    run = api.run(config(tmp_path, story), overrides=["paths=20000"], out=None)
    mean = run["story"]["topix"].at(21).mean
    assert abs(mean - 0.03) / mean.se < 4.0


def test_differences_of_means_are_explained_at_reported_days(tmp_path):
    run = api.run(config(tmp_path, "conditions: {usdjpy: {change: {10d: -5%}}}\n"), out=None)
    chosen = [
        share
        for series, month, share in zip(
            run.attribution.series, run.attribution.month, run.attribution.contribution, strict=True
        )
        if (series, month) == ("topix", 10)
    ]
    gap = run["story"]["topix"].at(10).mean - run["plain"]["topix"].at(10).mean
    assert sum(chosen) == pytest.approx(gap, abs=1e-9)
    assert gap < -0.02  # a firmer yen costs TOPIX, which rises with USD/JPY in this sample


@pytest.mark.parametrize(
    ("story", "keys", "found"),
    [
        ("", {"horizon": "12m"}, "write horizon: 252d"),
        ("", {"model": "japan_monthly"}, "set model: japan_daily"),
        ("conditions: {usdjpy: {level: {2026-02: 150 JPY}}}\n", {}, "2026-02 is a calendar month"),
        ("conditions: {usdjpy: {level: {10d: 150 JPY}}}\n", {"horizon": "12m", "model": "japan_monthly"},
         "10d counts trading days"),
        ("conditions: {usdjpy: {level: {22d: 150 JPY}}}\n", {}, "22d is past the horizon of 21d"),
        ("conditions: {boj_policy_rate: {level: {10d: 1.00%}}}\n", {}, "boj_policy_rate"),
        ("as_of: 2026-01-15\n", {}, "starts in 2026-01-15"),
        ("impulses: {defence_rerating: {size: 1sd, over: 10d}}\n", {}, "on the daily model"),
        ("rules: {fx_intervention: {threshold: 160 JPY}}\n", {}, "fx_intervention"),
        ("drivers: [yen]\nconditions: {usdjpy: {change: {10d: -3%}}}\n", {}, "does not identify"),
        ("", {"run": "returns: total\n"}, "returns: total on the daily model"),
        ("", {"run": "parameter_uncertainty: true\n"}, "no posterior draws"),
        ("", {"horizon": "505d"}, "1d to 504d"),
    ],
)  # fmt: skip
def test_what_days_do_not_know_is_refused_by_name(tmp_path, story, keys, found):
    with pytest.raises((InputError, UnsupportedError)) as caught:
        api.plan(load_run(config(tmp_path, story, **keys)))
    assert found in str(caught.value)
