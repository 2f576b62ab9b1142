"""The headline of scenarios with ranges: scipy's normal probabilities, and draws of the rows' law."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chi2, multivariate_normal

from jpsim.conditioning.explanation import explain_law
from jpsim.conditioning.scenario_law import ScenarioLaw, derive_law
from jpsim.conditioning.stacked import stack_rows
from jpsim.conditioning.system import build_system
from jpsim.reporting.verdicts import plausibility_share, plausibility_text, verdict_of
from jpsim.scenario import load_scenario
from tests.models import small_model

HORIZON = 12


def law_of(tmp_path: Path, conditions: str) -> ScenarioLaw:
    path = tmp_path / "ranged.yaml"
    path.write_text(f"schema: jpsim/scenario@1\nid: ranged\nconditions:\n  {conditions}\n", encoding="utf-8")
    return derive_law(small_model(), load_scenario(path), HORIZON, {})


def rows_law(factor: str, months: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Unconditional mean and covariance of a factor's levels, in model units."""
    system = build_system(small_model(), HORIZON)
    weights, constant = system.level_row(system.model.factor(factor))
    size = len(months)
    stacked = stack_rows(system, np.tile(weights, (size, 1)), np.full(size, constant), np.array(months))
    return stacked.mean, stacked.cov


def test_ranges_alone_are_as_plausible_as_they_are_probable(tmp_path: Path) -> None:
    """Twelve ranges around the model's own mean: no distance, and one path in hundreds stays in them."""
    months = list(range(1, HORIZON + 1))
    mean, cov = rows_law("jgb_10y", months)
    half = 0.35 * np.sqrt(np.diag(cov))
    ranges = ", ".join(f"{m}m: [{x - d:.6f}%, {x + d:.6f}%]" for m, x, d in zip(months, mean, half, strict=True))
    law = law_of(tmp_path, f"jgb_10y: {{range: {{{ranges}}}}}")
    card = explain_law(law)["plausibility"]
    drawn = np.random.default_rng(3).multivariate_normal(mean, cov, 2_000_000)
    inside = (np.abs(drawn - mean) <= half).all(axis=1).mean()
    assert inside < 0.01
    assert card["rows"] == 0
    assert card["share"] == pytest.approx(inside, rel=0.05)
    assert "implausible" in law.warnings[0]
    assert "within the ranges" in law.warnings[0]
    share = plausibility_share(card)
    assert share is not None
    assert verdict_of(share) == "implausible"
    assert "within the ranges in" in plausibility_text(card)


def test_values_and_ranges_have_one_headline(tmp_path: Path) -> None:
    """The percentile of the values times the probability of the ranges given them, and costs that sum to both."""
    mean, cov = rows_law("jgb_10y", [3, 6, 9])
    values = mean[0] + 1.2 * np.sqrt(cov[0, 0])
    low, high = mean[1:] - 0.1, mean[1:] + 0.25
    text = f"jgb_10y: [{{level: {{3m: {values:.9f}%}}}}, {{range: {{6m: [{low[0]:.9f}%, {high[0]:.9f}%], "
    text += f"9m: [{low[1]:.9f}%, {high[1]:.9f}%]}}}}]"
    told = explain_law(law_of(tmp_path, text))
    card = told["plausibility"]
    slope = cov[1:, 0] / cov[0, 0]
    given = mean[1:] + slope * (values - mean[0])
    left = cov[1:, 1:] - np.outer(slope, cov[0, 1:])
    within = multivariate_normal(given, left).cdf(high, lower_limit=low)
    assert card["distance"] == pytest.approx(1.44, rel=1e-6)
    assert card["percentile"] == pytest.approx(chi2.sf(1.44, 1), rel=1e-6)
    assert card["range_probability"] == pytest.approx(within, rel=5e-3)
    assert card["share"] == pytest.approx(chi2.sf(1.44, 1) * within, rel=5e-3)
    costs = sum(cost["share"] for cost in told["costs"])
    assert costs == pytest.approx(1.44 - 2.0 * np.log(card["range_probability"]), rel=1e-6)


def test_a_range_that_hardly_binds_changes_no_headline(tmp_path: Path) -> None:
    alone = explain_law(law_of(tmp_path, "usdjpy: {level: {6m: 165}}"))["plausibility"]
    ranged = "usdjpy: [{level: {6m: 165}}, {range: {9m: [90, 300]}}]"
    beside = explain_law(law_of(tmp_path, ranged))["plausibility"]
    assert beside["rows"] == alone["rows"] == 1
    assert beside["share"] == pytest.approx(alone["share"], rel=1e-3)
    assert beside["largest_shock"] == pytest.approx(alone["largest_shock"], rel=1e-3)


def test_a_window_costs_once_what_its_probability_is(tmp_path: Path) -> None:
    told = explain_law(law_of(tmp_path, "usdjpy: {maximum: {12m: [175, null]}}"))
    [cost] = told["costs"]
    assert cost["share"] == pytest.approx(-2.0 * np.log(told["plausibility"]["share"]), rel=1e-6)
