"""Averages, highest and lowest month's ends, against brute force: unconditional paths kept where they comply."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from jpsim.conditioning.scenario_law import derive_law
from jpsim.conditioning.stories import derive_story
from jpsim.conditioning.system import build_system
from jpsim.errors import InputError
from jpsim.model.store import load_model
from jpsim.scenario import Scenario, load_scenario
from jpsim.simulation.sampling import Sampler
from tests.models import small_model
from tests.statistical.test_brute_force import COMPARED, HORIZON, unconditional, z_scores

PATHS = 60_000
Levels = dict[str, np.ndarray]
CASES: dict[str, tuple[str, Callable[[Levels], np.ndarray]]] = {
    "an average": (
        "jgb_10y: {average: {6m: 2.35%}, since: 2m}",
        lambda x: np.abs(x["jgb_10y"][1:].mean(axis=0) - 2.35) < 0.012,
    ),
    "a price's average beside a level": (
        "usdjpy: {average: {5m: 150}}\n  jgb_2y: {level: {3m: 1.25%}}",
        lambda x: (np.abs(np.log(x["usdjpy"][:5]).mean(axis=0) - np.log(150)) < 0.004)
        & (np.abs(x["jgb_2y"][2] - 1.25) < 0.015),
    ),
    "a maximum reached": (
        "usdjpy: {maximum: {6m: [163, null]}}",
        lambda x: x["usdjpy"].max(axis=0) >= 163,
    ),
    "a maximum reached and bounded, a minimum kept": (
        "usdjpy: {maximum: {6m: [159, 166]}, minimum: {5m: [147, null]}, since: 2m}",
        lambda x: (x["usdjpy"][1:].max(axis=0) >= 159) & (x["usdjpy"][1:].max(axis=0) <= 166)
        & (x["usdjpy"][1:5].min(axis=0) >= 147),
    ),
    "a maximum that one path in a hundred reaches": (
        "usdjpy: {maximum: {6m: [190.5, null]}}",
        lambda x: x["usdjpy"].max(axis=0) >= 190.5,
    ),
    "a maximum that one path in a thousand reaches": (
        "usdjpy: {maximum: {6m: [208.7, null]}}",
        lambda x: x["usdjpy"].max(axis=0) >= 208.7,
    ),
    "one reached beside ranges": (
        "usdjpy: {maximum: {6m: [165, null]}}\n  jgb_10y: {range: {3m: [2.1%, 2.4%], 6m: [2.3%, null]}}",
        lambda x: (x["usdjpy"].max(axis=0) >= 165) & (np.abs(x["jgb_10y"][2] - 2.25) <= 0.15)
        & (x["jgb_10y"][5] >= 2.3),
    ),
    "a maximum reached beside an average": (
        "jgb_10y: [{average: {6m: 2.35%}, since: 2m}, {maximum: {6m: [2.6%, null]}, since: 2m}]",
        lambda x: (np.abs(x["jgb_10y"][1:].mean(axis=0) - 2.35) < 0.012) & (x["jgb_10y"][1:].max(axis=0) >= 2.6),
    ),
    "all months bounded and one reached beside a price's average": (
        "usdjpy: [{average: {6m: 155}}, {maximum: {6m: [158, 164]}, minimum: {4m: [148, null]}}]",
        lambda x: (np.abs(np.log(x["usdjpy"]).mean(axis=0) - np.log(155)) < 0.002)
        & (x["usdjpy"].max(axis=0) >= 158) & (x["usdjpy"].max(axis=0) <= 164) & (x["usdjpy"][:4].min(axis=0) >= 148),
    ),
    "one reached between averages that share months, and a range": (
        "jgb_10y: [{average: {4m: 2.3%}}, {average: {6m: 2.4%}, since: 3m}, {maximum: {6m: [2.5%, null]}}, "
        "{range: {2m: [2.1%, 2.3%]}}]",
        lambda x: (np.abs(x["jgb_10y"][:4].mean(axis=0) - 2.3) < 0.025)
        & (np.abs(x["jgb_10y"][2:].mean(axis=0) - 2.4) < 0.025) & (x["jgb_10y"].max(axis=0) >= 2.5)
        & (np.abs(x["jgb_10y"][1] - 2.2) <= 0.1),
    ),
    "two reached, beside a level": (
        "usdjpy: {maximum: {6m: [158, null]}}\n  sp500: {minimum: {4m: [null, 6500]}}\n  vix: {level: {5m: 20}}",
        lambda x: (x["usdjpy"].max(axis=0) >= 158) & (x["sp500"][:4].min(axis=0) <= 6500)
        & (np.abs(np.log(x["vix"][4] / 20)) < 0.03),
    ),
}  # fmt: skip


def stated(tmp_path: Path, conditions: str) -> Scenario:
    path = tmp_path / "stated.yaml"
    path.write_text(f"schema: jpsim/scenario@1\nid: stated\nconditions:\n  {conditions}\n", encoding="utf-8")
    return load_scenario(path)


def sampler_of(scenario: Scenario, kind: str = "stochastic_volatility") -> Sampler:
    return Sampler.of(derive_story(small_model(nu=6.0), scenario, HORIZON, {}), kind, 3)


@pytest.fixture(scope="module")
def truth() -> dict[str, Levels]:
    model = small_model(nu=6.0)
    count = 4_000_000 if os.environ.get("JPSIM_SLOW_TESTS") == "1" else 600_000
    found: dict[str, list[np.ndarray]] = {name: [] for name in CASES}
    for drawn in unconditional(build_system(model, HORIZON), count):
        levels = reported(model, drawn)
        for name, (_, keep) in CASES.items():
            found[name].append(drawn[:, :, keep(levels)])
    return {name: np.concatenate(pieces, axis=2) for name, pieces in found.items()}


def reported(model, drawn: np.ndarray) -> Levels:
    return {
        name: np.exp(values / 100.0) if kind == "log100" else values
        for name, kind, values in zip(model.factors, model.transform, drawn, strict=True)
    }


@pytest.mark.parametrize("name", CASES)
def test_windows_are_those_of_brute_force(tmp_path: Path, truth: dict[str, np.ndarray], name: str) -> None:
    sampler = sampler_of(stated(tmp_path, CASES[name][0]))
    weights = sampler.weights(PATHS)
    assert weights is not None
    assert weights.sum() ** 2 / (weights**2).sum() > 0.45 * PATHS  # however rare the windows are
    model = sampler.story.parts[0].law.conditional.system.model
    drawn = sampler.paths(0, PATHS)[: len(model.factors)]
    log = np.array([kind == "log100" for kind in model.transform])[:, None, None]
    levels = np.where(log, 100.0 * np.log(np.where(log, drawn, 1.0)), drawn)
    brute = truth[name]
    assert brute.shape[2] > 300
    pairs = [(2, 3), *COMPARED]
    pairs = [pair for pair in pairs if brute[pair].std() > 0.2 * brute[pair[0]].std()]
    z = z_scores(
        np.array([levels[pair] for pair in pairs]), weights / weights.sum(), np.array([brute[pair] for pair in pairs]),
        np.full(brute.shape[2], 1 / brute.shape[2]),
    )  # fmt: skip
    assert np.abs(z).max() < 4.2
    assert np.sqrt((z**2).mean()) < 1.6


@pytest.mark.parametrize("kind", ["gaussian", "student_t"])
def test_every_path_complies(tmp_path: Path, kind: str) -> None:
    conditions = """usdjpy: {maximum: {6m: [160, 168]}}
  jgb_10y: [{average: {6m: 2.4%}, kind: marginal, sd: 10bp}, {minimum: {6m: [2.1%, null]}}]
  jgb_2y: {average: {2026-06: 1.30%}, since: 2026-03}"""
    sampler = sampler_of(stated(tmp_path, conditions), kind)
    weights = sampler.weights(20_000)
    assert weights is not None
    model = sampler.story.parts[0].law.conditional.system.model
    two, ten, yen = (sampler.paths(0, 20_000)[model.factor(name)] for name in ("jgb_2y", "jgb_10y", "usdjpy"))
    counted = weights > 1e-200
    assert counted.mean() > 0.997
    assert (ten[:, ~counted].mean(axis=0) < 2.1).all()  # one in 700 averages by itself, and no minimum is above that
    two, ten, yen, weights = two[:, counted], ten[:, counted], yen[:, counted], weights[counted]
    assert yen.max(axis=0).min() >= 160 - 1e-9
    assert yen.max() <= 168 + 1e-9
    assert ten.min() >= 2.1 - 1e-9
    np.testing.assert_allclose(two[1:5].mean(axis=0), 1.30, atol=1e-6)
    q = weights / weights.sum()
    assert q @ ten.mean(axis=0) == pytest.approx(2.4, abs=1e-6)
    assert np.sqrt(q @ (ten.mean(axis=0) - 2.4) ** 2) == pytest.approx(0.1, rel=1e-5)


@pytest.mark.parametrize("kind", ["gaussian", "student_t", "stochastic_volatility"])
@pytest.mark.parametrize("drivers", ["", "\ndrivers: [yen]"], ids=["all", "yen"])
def test_all_paths_comply_and_weigh(tmp_path: Path, kind: str, drivers: str) -> None:
    text = f"usdjpy: {{maximum: {{6m: [160, 168]}}, minimum: {{6m: [140, null]}}}}{drivers}"
    model = load_model("japan_monthly") if drivers else small_model(nu=6.0)
    sampler = Sampler.of(derive_story(model, stated(tmp_path, text), HORIZON, {}), kind, 3)
    weights = sampler.weights(20_000)
    assert weights is not None
    assert weights.sum() ** 2 / (weights**2).sum() > 0.5 * 20_000
    yen = sampler.paths(0, 20_000)[model.factor("usdjpy")]
    assert yen.max(axis=0).min() >= 160 - 1e-9
    assert yen.max() <= 168 + 1e-9
    assert yen.min() >= 140 - 1e-9


def test_probability_of_reaching_is_the_share_of_paths(tmp_path: Path) -> None:
    model = small_model(nu=6.0)
    law = derive_law(model, stated(tmp_path, "usdjpy: {maximum: {6m: [160, null]}}"), HORIZON, {})
    free = Sampler.of(
        derive_story(model, stated(tmp_path, "usdjpy: {maximum: {6m: [null, 900]}}"), 6, {}), "gaussian", 4
    )
    hit = free.paths(0, 100_000)[model.factor("usdjpy")].max(axis=0) >= 160
    assert law.conditional.targets.ranges is not None
    assert law.conditional.targets.ranges.probability == pytest.approx(
        hit.mean(), abs=4 * hit.std() / np.sqrt(hit.size)
    )


def test_windows_settle_with_stated_months(tmp_path: Path) -> None:
    model = small_model()
    said = "usdjpy: [{level: {6m: 165}}, {maximum: {6m: [160, null]}}]"
    law = derive_law(model, stated(tmp_path, said), HORIZON, {})
    assert [row.kind for row in law.conditional.table.rows] == ["hard"]  # month 6 reaches it already
    bounded = "usdjpy: [{level: {6m: 165}}, {maximum: {6m: [null, 170]}}]"
    assert len(derive_law(model, stated(tmp_path, bounded), HORIZON, {}).conditional.table.rows) == 6
    for wrong, said in (
        ("usdjpy: [{level: {6m: 165}}, {maximum: {6m: [null, 160]}}]", "contradicts"),
        ("usdjpy: [{level: {6m: 150}}, {maximum: {6m: [160, null]}, since: 6m}]", "no month is left"),
        ("usdjpy: {maximum: {6m: [160, null]}, minimum: {6m: [null, 140]}}", "another window"),
    ):
        with pytest.raises(InputError, match=said):
            derive_law(model, stated(tmp_path, wrong), HORIZON, {})
    for wrong, said in (
        ("usdjpy: {average: {2m: 150}, since: 4m}", "ends before it begins"),
        ("usdjpy: {level: {2m: 150}, since: 1m}", "since without a window"),
        ("usdjpy: {maximum: {2m: [150, null]}, sd: 2%}", "sd belongs to"),
    ):
        with pytest.raises(InputError, match=said):
            stated(tmp_path, wrong)
