"""Announced paths: what the grammar takes, and what it refuses with the place and a way out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from jpsim import api
from jpsim.conditioning.scenario_law import derive_law
from jpsim.errors import InputError, UnsupportedError
from jpsim.model.store import load_model
from jpsim.scenario import Scenario, When, load_scenario, plain_scenario

PATH = "level: {2026-04: 1.00%, 2026-07: 1.25%}, fill: step"


def read(folder: Path, conditions: str) -> Scenario:
    text = f"schema: jpsim/scenario@1\nid: s\nas_of: 2026-01-30\nconditions:\n  {conditions}\n"
    (folder / "s.yaml").write_text(text, encoding="utf-8")
    return load_scenario("s", folder)


def test_an_announcement_is_kept_and_written(tmp_path: Path) -> None:
    scenario = read(tmp_path, f"boj_policy_rate: {{{PATH}, announced: 2026-02}}")
    (block,) = scenario.conditions["boj_policy_rate"]
    assert block.announced is not None
    assert block.announced.index(scenario.as_of) == 1
    assert plain_scenario(scenario)["conditions"]["boj_policy_rate"][0]["announced"] == "2026-02"
    again = load_scenario("baseline").condition(
        "boj_policy_rate", level={"2026-04": "1.00%"}, fill="step", announced="2m"
    )
    assert again.conditions["boj_policy_rate"][0].announced == When(months=2)


@pytest.mark.parametrize(
    ("conditions", "key", "words"),
    [
        ("usdjpy: {level: {6m: 150}, fill: step, announced: 1m}", "announced", "in its price at once"),
        ("jgb_2y: {level: {6m: 1.5%}, fill: step, announced: 1m}", "announced", "state the level of jgb_2y"),
        ("us_policy_rate: {level: {6m: 3%}, fill: step, announced: 1m}", "announced", "state us_10y"),
        ("fiscal_impulse: {level: {6m: 1pp}, fill: step, announced: 1m}", "announced", "and the spending when it is"),
        ("core_cpi: {level: {6m: 2%}, fill: step, announced: 1m}", "announced", "what markets expect of it"),
        ("boj_policy_rate: {level: {2026-04: 1.00%}, announced: 1m}", "announced", "add fill: step"),
        (f"boj_policy_rate: {{{PATH}, announced: 7m}}", "7m", "after the last date of the path, 2026-07"),
        (f"boj_policy_rate: {{{PATH}, announced: 2026-01}}", "2026-01", "not after as_of"),
        (f"boj_policy_rate: {{{PATH}, announced: 1m, kind: marginal, sd: 9bp}}", "kind", "kind: hard"),
        (f"boj_policy_rate: {{{PATH}, announced: 1m, range: {{12m: [1%, 2%]}}}}", "range", "range beside announced"),
        (f"boj_policy_rate: [{{{PATH}, announced: 1m}}, {{{PATH}, announced: 2m}}]", "announced", "a second announcem"),
    ],
)
def test_what_cannot_be_announced_is_refused(tmp_path: Path, conditions: str, key: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, conditions)
    assert f"s.yaml:5:{conditions.rindex(key) + 3}:" in str(caught.value)
    assert words in str(caught.value)


def test_an_announcement_past_the_horizon_is_refused(tmp_path: Path) -> None:
    scenario = read(tmp_path, f"boj_policy_rate: {{{PATH}, announced: 5m}}")
    with pytest.raises(InputError, match="past the horizon of 4m"):
        api.explain(scenario, horizon="4m")


def test_models_without_a_yield_that_prices_the_path_refuse_it(tmp_path: Path) -> None:
    scenario = read(tmp_path, f"boj_policy_rate: {{{PATH}, announced: 1m}}")
    model = load_model("japan_monthly")
    B = model.B.copy()
    B[0, model.factor("usdjpy"), model.factor("boj_policy_shadow")] = 0.1
    with pytest.raises(UnsupportedError, match=r"s\.yaml:5.*no yield prices it"):
        derive_law(replace(model, B=B), scenario, 6, {})
