"""The library of scenarios: complete in words, plausible, and true to the signs that it claims.

Claims (`library_claims.toml`) are checked in closed form: the mean path of the factors given the conditions,
and the expected monthly returns that follow from loadings, premium and impulses, compounded.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from jpsim.conditioning.stories import Story, derive_story
from jpsim.conditioning.support import intervenes
from jpsim.conditioning.term_moments import term_moments
from jpsim.dictionary import boj_meetings, channels, factors, series
from jpsim.model.store import load_model
from jpsim.months import Month
from jpsim.scenario import Scenario, load_run, load_scenario
from jpsim.simulation.sampling import Sampler

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(path.stem for path in (ROOT / "scenarios").glob("*.yaml"))
RUNS = sorted(path.stem for path in (ROOT / "configs").glob("*.yaml"))
CLAIMS = tomllib.loads((Path(__file__).parent / "library_claims.toml").read_text(encoding="utf-8"))

# The short files that explain the grammar; they say less in words than the rest of the library.
GRAMMAR = {
    "baseline", "boj_contested", "boj_hike", "boj_hike_demand", "boj_hike_policy_shock", "fiscal_expansion",
    "yen_intervention", "yen_surge",
}  # fmt: skip
LIBRARY = [name for name in NAMES if name not in GRAMMAR]
STRESS = {"supervisory_tail", "supervisory_tailored"}  # meant to be implausible
FAMILIES = {
    "boj_family": {
        "boj_gradual", "boj_faster", "boj_pause", "boj_hike_policy_shock", "boj_hike_demand", "boj_mistake",
        "boj_hike_announced", "boj_hike_announced_policy_shock",
    },
    "yen_family": {"yen_intervention", "yen_line_held", "yen_stand_ready", "yen_surge", "yen_gradual_strength"},
    "fiscal_family": {
        "fiscal_calm", "fiscal_term_premium_stress", "consumption_tax_cut", "fiscal_consolidation",
    },
    "world": {"us_recession", "us_reacceleration", "tariff_escalation", "oil_shock", "us_japan_rotation"},
    "technology": {"ai_supercycle", "ai_bust"},
    "home": {
        "wage_rotation", "governance_reform", "foreign_inflow", "small_cap_catchup", "defence_reindustrialisation",
        "great_earthquake",
    },
    "supervisory_pair": {"supervisory_tail", "supervisory_tailored"},
    "all": set(NAMES),
}  # fmt: skip
HORIZON = 12
MARGIN = 0.002  # a claimed difference of returns is larger than this


@cache
def scenario(name: str) -> Scenario:
    return load_scenario(name, ROOT / "scenarios")


@cache
def story(name: str) -> Story:
    found = scenario(name)
    library = {other: scenario(other) for other in ("baseline", *(member.scenario for member in found.mixture))}
    return derive_story(load_model("japan_monthly"), found, HORIZON, library)


@cache
def means(name: str, month: int) -> dict[str, float]:
    """Mean of every factor at a month (in the model's transform), and of every compounded return."""
    if intervenes(scenario(name)):
        return sampled_means(name, month)
    total: dict[str, float] = {}
    for part in story(name).parts:
        conditional = part.law.conditional
        model = conditional.system.model
        monthly = part.law.drift + conditional.mean_innovations @ model.loadings.T
        if model.terms:
            monthly = monthly + term_moments(conditional).mean @ model.term_loadings.T
        monthly = np.concatenate([monthly, monthly @ model.aggregation.T], axis=1)
        returns = np.prod(1.0 + monthly[:month], axis=0) - 1.0
        found = dict(zip((*model.series, *model.aggregates), returns, strict=True))
        for position, factor in enumerate(model.factors):
            row, constant = conditional.system.level_row(position)
            found[factor] = conditional.moments.mean[month - 1] @ row + constant
        for key, value in found.items():
            total[key] = total.get(key, 0.0) + part.weight * float(value)
    return total


def sampled_means(name: str, month: int) -> dict[str, float]:
    """`means` of a scenario whose rules act on the paths, from a sample."""
    model = load_model("japan_monthly")
    drawn = Sampler.of(story(name), "gaussian", 20260130).paths(0, 16_384)[:, month - 1]
    for position, transform in enumerate(model.transform):
        if transform == "log100":
            drawn[position] = 100.0 * np.log(drawn[position])
    return dict(zip(model.outputs, drawn.mean(axis=1).tolist(), strict=True))


def test_the_library_has_every_family_and_covers_every_channel():
    assert len(NAMES) >= 40
    named = {channel for name in NAMES for channel in scenario(name).channels}
    assert named == set(channels())


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_a_run_that_starts_from_the_baseline(family):
    request = load_run(ROOT / "configs" / f"{family}.yaml")
    listed = [found.id for found in request.scenarios]
    assert listed[0] == "baseline"
    assert FAMILIES[family] <= set(listed)


@pytest.mark.parametrize("name", [name for name in RUNS if name != "var_10d"])
def test_runs_differ_in_their_scenarios_alone(name):
    request = load_run(ROOT / "configs" / f"{name}.yaml")
    assert (request.model, request.paths, request.seed, request.innovations) == (
        "japan_monthly", 100_000, 20260130, "student_t",
    )  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_titles_are_in_both_languages_and_differ(name):
    title = scenario(name).title
    assert title.en.isascii()
    assert re.search("[぀-ヿ一-鿿]", title.ja)
    assert sum(scenario(other).title.ja == title.ja for other in NAMES) == 1
    assert sum(scenario(other).title.en == title.en for other in NAMES) == 1


@pytest.mark.parametrize("name", NAMES)
def test_every_scenario_tells_its_story_and_names_its_sources(name):
    assert scenario(name).narrative.strip()
    assert all(len(source) > 20 for source in scenario(name).sources)
    assert scenario(name).sources


@pytest.mark.parametrize("name", LIBRARY)
def test_words_are_complete(name):
    found = scenario(name)
    assert not found.warnings
    assert found.sources
    assert all(len(source) > 20 for source in found.sources)
    assert found.channels
    sentences = re.findall(r"[.?!](?:\s|$)", found.narrative.strip())
    assert 2 <= len(sentences) <= 4
    assert set(found.impulses) <= set(found.channels)


@pytest.mark.parametrize("name", LIBRARY)
def test_scenarios_differ_from_the_baseline_by_their_story_alone(name):
    found = scenario(name)
    if found.mixture:
        assert {member.scenario for member in found.mixture} <= set(NAMES)
    elif found.views:
        assert found.premium == "model"
    else:
        assert found.premium == "baseline"
        assert found.as_of == scenario("baseline").as_of


@pytest.mark.parametrize("name", NAMES)
def test_the_policy_rate_is_named_at_meetings_only(name):
    meetings = {Month.parse(meeting.day) for meeting in boj_meetings()}
    as_of = scenario("baseline").as_of
    for block in scenario(name).conditions.get("boj_policy_rate", ()):
        assert {as_of + when.index(as_of) for when in (*block.level, *block.table)} <= meetings


@pytest.mark.parametrize("name", NAMES)
def test_scenarios_are_plausible_unless_they_are_a_stress(name):
    for part in story(name).parts:
        card = part.law.conditional.plausibility
        if name in STRESS:
            assert card.share is not None
            assert card.share < 0.01
        else:
            assert card.terminal_percentile >= 0.01
            assert not part.law.warnings


def test_every_scenario_claims_something_about_known_ids():
    assert set(CLAIMS) == set(NAMES)
    for claim in CLAIMS.values():
        assert set(claim) <= {"month", "mean", "up", "down", "ahead", "behind"}
        assert set(claim) - {"month"}
        assert {*claim.get("up", ()), *claim.get("down", ())} <= {*factors(), *series()}
        assert {*claim.get("ahead", ()), *claim.get("behind", ())} <= set(series()) - {"topix"}


@pytest.mark.parametrize("name", NAMES)
def test_scenarios_move_the_world_as_they_claim(name):
    story(name)
    claim = CLAIMS[name]
    month = claim.get("month", HORIZON)
    here, there = means(name, month), means("baseline", month)
    moved = {key: here[key] - there[key] for key in here}
    against = {key: value - moved["topix"] for key, value in moved.items()}
    wrong = [key for key in claim.get("up", ()) if moved[key] <= _margin(key)]
    wrong += [key for key in claim.get("down", ()) if moved[key] >= -_margin(key)]
    wrong += [key for key in claim.get("ahead", ()) if against[key] <= MARGIN]
    wrong += [key for key in claim.get("behind", ()) if against[key] >= -MARGIN]
    assert {key: (moved[key], against[key]) for key in wrong} == {}


@pytest.mark.parametrize("name", [name for name in NAMES if "mean" in CLAIMS[name]])
def test_views_on_the_mean_hold(name):
    # The monthly premium compounds month by month, the mean of a product is not the product of means:
    # the difference is the covariance of the months, below half a percent here.
    for key, value in CLAIMS[name]["mean"].items():
        assert means(name, HORIZON)[key] == pytest.approx(value, abs=0.005)


def _margin(key: str) -> float:
    return MARGIN if key in series() else 0.0
