"""What a new model changes: known changes of a small model, and closed forms of what they do to a scenario."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from jpsim import api
from jpsim.analysis.model_change import compare_numbers
from jpsim.cli import main
from jpsim.cli.serve import named_models
from jpsim.conditioning.explaining import steps_of
from jpsim.errors import InputError
from jpsim.model.store import load_model, save_model
from jpsim.reporting.model_change_table import model_change_markdown
from jpsim.scenario import load_scenario
from tests.models import small_model

FREE = "schema: jpsim/scenario@1\nid: free\ntitle: {en: Free, ja: 自由}\n"


@pytest.fixture
def stored(tmp_path):
    """Folders of the small model and of one whose drift is half a percent a month larger, times beta."""
    model = small_model()
    moved = replace(model, version="2", alpha=model.alpha + 0.005 * model.beta, meta={"priors": {"nu": 8.0}})
    folders = tmp_path / "before", tmp_path / "after"
    for folder, one in zip(folders, (model, moved), strict=True):
        save_model(one, folder, "# card\n")
    return folders


def test_a_model_does_not_differ_from_itself(stored):
    model = load_model(stored[0])
    change = compare_numbers(model, model)
    assert change.facts == ()
    assert [block.block for block in (*change.parameters, *change.moments) if block.numbers] == []


def test_what_was_moved_is_named_and_nothing_else(stored):
    change = compare_numbers(*map(load_model, stored))
    assert [block.block for block in change.parameters if block.moved] == ["drift"]
    [drift] = [block for block in change.parameters if block.block == "drift"]
    model = small_model()
    assert drift.moved == drift.count == len(model.series)
    told = {one.name: one.after - one.before for one in drift.numbers}
    assert told == pytest.approx(dict(zip(model.series, 0.005 * model.beta, strict=True)))
    assert {fact.leaf: (fact.before, fact.after) for fact in change.facts}["priors.nu"] == (None, "8")
    page = model_change_markdown(change)
    assert "| priors.nu |  | 8 |" in page
    assert "| drift | 5 of 5 |" in page


def test_moves_are_told_in_posterior_standard_deviations():
    model = load_model("japan_monthly")
    spread = model.draws.c.std(axis=0)
    change = compare_numbers(model, replace(model, version="x", c=model.c + 2.0 * spread))
    [intercept] = [block for block in change.parameters if block.block == "intercept"]
    assert intercept.typical == pytest.approx(2.0)
    assert [one.spreads for one in intercept.numbers] == pytest.approx([2.0] * intercept.moved)


def test_what_is_printed_as_json_is_json(stored):
    """Also where the months are normal, so that their degrees of freedom are infinite."""
    model = load_model(stored[0])
    change = compare_numbers(model, replace(model, version="n", nu=np.inf if np.isfinite(model.nu) else 5.0))
    [law] = [block for block in change.parameters if block.block == "law of the months"]
    assert law.moved == 1
    json.dumps(change.to_dict(), allow_nan=False)


def test_what_only_one_model_has_is_named():
    model = load_model("japan_monthly")
    change = compare_numbers(model, model.linear)
    [terms] = [block for block in change.parameters if block.block == "term loading"]
    assert len(terms.removed) == len(model.series) * len(model.terms)
    assert terms.added == ()


def test_months_and_days_are_not_compared():
    with pytest.raises(InputError, match="counts months and japan_daily days"):
        compare_numbers(load_model("japan_monthly"), load_model("japan_daily"))


def test_the_effect_on_a_free_scenario_is_the_closed_form(stored, tmp_path):
    """Months are independent, so the mean over a year is (1 + drift)^12 of either model, and paths are shared."""
    (tmp_path / "free.yaml").write_text(FREE, encoding="utf-8")
    free = load_scenario(tmp_path / "free.yaml")
    change = api.compare_models(*stored, scenarios=[free], series=["topix", "usdjpy"], paths=4096)
    topix, yen = change.scenarios
    model = small_model()
    drift = model.aggregation[0] @ model.alpha
    expected = (1.0 + drift + 0.005 * (model.aggregation[0] @ model.beta)) ** 12 - (1.0 + drift) ** 12
    found = topix.changes["mean"]
    assert abs(found.value - expected) < 4.0 * found.se
    assert found.se < 0.2 * np.hypot(*[(topix.after["mean"] - topix.before["mean"]) / 2] * 2)  # shared draws
    assert topix.changes["es95"].value < 0.0
    assert yen.changes["mean"].value == yen.changes["mean"].se == 0.0


def test_wrong_scenarios_are_told_at_once_and_a_page_without_a_folder_is_not_written(stored, tmp_path, capsys):
    words = ["model", "compare", *map(str, stored)]
    with pytest.raises(SystemExit, match="2"):
        main([*words, "--scenario", "no_such", "--scenario", "nor_this"])
    told = capsys.readouterr().err
    assert "no_such" in told
    assert "nor_this" in told
    with pytest.raises(SystemExit, match="4"):
        main([*words, "--no-scenarios", "--markdown", str(tmp_path / "nowhere" / "change.md")])
    assert "change.md: not written" in capsys.readouterr().err


@pytest.mark.parametrize("horizon", [0, 121, "0m", "121m", "12d", "m", ""])
def test_a_horizon_is_one_of_the_models_clock(horizon):
    with pytest.raises(InputError, match="from 1m to 120m"):
        steps_of(horizon, small_model())


@pytest.mark.parametrize("reference", ["japan_daily", "japan_daily@2026.01.4", "folder"])
def test_the_workbench_takes_the_model_that_was_asked_for(reference, tmp_path):
    """A model of its own goes before a packaged one of the same id, and stands last whatever comes after it there."""
    if reference == "folder":
        reference = str(tmp_path / "own")
        save_model(replace(load_model("japan_daily"), version="own"), Path(reference), "# card\n")
    models = named_models(reference)
    chosen = next(reversed(models))
    assert chosen == "japan_daily"
    assert load_model(models[chosen]).version == load_model(reference).version
    assert set(models) == {"japan_daily", "japan_monthly"}
