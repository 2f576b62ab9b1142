"""Rules in the kernels: equal to the naive twin path by path, indifferent to threads, on and off as asked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jpsim import api
from jpsim.conditioning.stories import derive_story
from jpsim.dictionary import boj_meetings, boj_moves, rule_priors
from jpsim.errors import InputError, UnsupportedError
from jpsim.model.store import load_model
from jpsim.months import Month
from jpsim.scenario import Scenario, load_scenario
from jpsim.simulation.engine import draw, draw_paths, log_likelihoods, trace_interventions
from jpsim.simulation.sampling import Sampler
from tests.models import small_model
from tests.naive import rules as naive_rules
from tests.naive import simulation as naive

SEED = 2**61 + 7
LAWS = {
    "meetings": ({}, {"intervention": False}),
    "meetings with a floor": ({}, {"intervention": False, "floor": -0.1}),
    "floor alone": ({}, {"intervention": False, "meetings": False, "floor": 0.1}),
    "intervention": ({}, {"meetings": False}),
    "both under student months": ({"nu": 6.0}, {"floor": -1.0}),
    "intervention with requirements": ({"rows": 5}, {"meetings": False}),
    "both with requirements and wild months": ({"rows": 4, "nu": 6.0, "sv": 0.3}, {}),
    "intervention, two shocks deliver": ({"rows": 2, "drivers": 2}, {"meetings": False}),
    "both with requirements and skewed, wild months": ({"rows": 4, "nu": 6.0, "sv": 0.3, "skew": -0.3}, {}),
    "both, three shocks deliver in skewed months": ({"rows": 3, "drivers": 3, "nu": 6.0, "skew": 0.3}, {}),
    "both, three shocks deliver in wild months": ({"rows": 3, "drivers": 3, "nu": 6.0, "sv": 0.3}, {}),
}


def law_of(name):
    size, rules = dict(LAWS[name][0]), LAWS[name][1]
    rng, drivers = np.random.default_rng(len(name)), size.pop("drivers", 0)
    law = naive.example_law(rng, n=7, months=6, **size)
    if drivers:
        law = naive.deliver_by(law, drivers, rng)
    return naive_rules.example_rules(law, rng, **rules), size.get("rows", 0)


@pytest.mark.parametrize("name", LAWS)
def test_paths_equal_the_naive_twin(name) -> None:
    law, rows = law_of(name)

    def targets(first, count, scores=None):
        return 0.3 * np.sin(np.arange(rows)[:, None] + np.arange(first, first + count))

    first, count = 509, 8
    ours = draw_paths(law, SEED, first, count, targets)
    fires, shifts = trace_interventions(law, SEED, first, count, targets)
    weights = log_likelihoods(law, SEED, first, count, targets(first, count)) if rows else None
    happened = 0.0
    for i in range(count):
        g = targets(first + i, 1)[:, 0]
        theirs, memory = naive.path_outputs(law, SEED, first + i, g, naive_rules.Memory)
        np.testing.assert_allclose(ours[:, :, i], theirs, rtol=2e-9, atol=2e-9)
        if law.intervenes:
            np.testing.assert_allclose(shifts[:, i], memory.shifts, rtol=1e-10, atol=1e-10)
            np.testing.assert_array_equal(fires[:, i], memory.fired)
            happened += sum(memory.fired)
        if weights is not None:
            density = naive.log_likelihood(law, SEED, first + i, g)
            assert weights[i] == pytest.approx(density + memory.log_weight, abs=1e-8)
    assert happened > 2 or not law.intervenes


def test_threads_and_blocks_change_no_bit() -> None:
    law, _ = law_of("both under student months")
    one, two = (draw(law, scenario="x", seed=SEED, paths=5000, threads=threads) for threads in (1, 2))
    for name, values in one.statistics.items():
        np.testing.assert_array_equal(values, two.statistics[name])
    np.testing.assert_array_equal(draw_paths(law, SEED, 700, 3), draw_paths(law, SEED, 0, 703)[:, :, 700:])


def test_rules_leave_the_draws_of_everything_else_alone() -> None:
    law, _ = law_of("meetings with a floor")
    ruled, plain = draw_paths(law, SEED, 0, 600), draw_paths(replace(law, rules=None), SEED, 0, 600)
    others = [row for row in range(law.start.size) if row != law.rules.target]
    np.testing.assert_array_equal(ruled[others], plain[others])
    assert (ruled[law.rules.target] != plain[law.rules.target]).any()


@pytest.fixture(scope="module")
def model():
    return load_model("japan_monthly")


def scenario_from(tmp_path, text: str, name: str = "made") -> Scenario:
    path = tmp_path / f"{name}.yaml"
    path.write_text(f"schema: jpsim/scenario@1\nid: {name}\nas_of: 2026-01\n{text}\n", encoding="utf-8")
    return load_scenario(path)


def sampler_of(model, scenario: Scenario, kind: str = "student_t", *, plain: bool = False) -> Sampler:
    return Sampler.of(derive_story(model, scenario, 12, {}), kind, 5, plain=plain)


def test_the_target_holds_between_meetings_and_moves_in_steps(model, tmp_path) -> None:
    sampler = sampler_of(model, scenario_from(tmp_path, ""))
    target = np.vstack([np.full(4096, 0.75), sampler.paths(0, 4096)[model.factor("boj_policy_rate")]])
    steps = np.diff(target, axis=0) / 0.25
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-9)
    meets = np.array([model.as_of + month in {Month.parse(m.day) for m in boj_meetings()} for month in range(1, 13)])
    assert not steps[~meets].any()
    assert (np.abs(steps[meets]).sum(axis=1) > 0).all()


@pytest.mark.parametrize("meetings", ["on", "off"])
@pytest.mark.parametrize("floor", [0.6, 0.75, 1.0])
def test_no_path_passes_a_floor(model, tmp_path, floor, meetings) -> None:
    rules = f"{{policy_rate_floor: {{level: {floor}%}}, policy_rate_meetings: {meetings}}}"
    sampler = sampler_of(model, scenario_from(tmp_path, f"rules: {rules}"))
    assert sampler.paths(0, 4096)[model.factor("boj_policy_rate")].min() == floor


@pytest.mark.parametrize(
    ("rules", "plain", "meets", "floored"),
    [("", False, True, True), ("", True, False, False), ("rules: {policy_rate_meetings: on}", True, True, False),
     ("rules: {policy_rate_meetings: off, policy_rate_floor: off}", False, False, False),
     ("rules: {policy_rate_floor: {level: 0%}}", True, False, True),
     ("conditions: {boj_policy_rate: {level: {2026-04: 1.00%}}}", False, False, False),
     ("combinations: {gap: {jgb_2y: 1, boj_policy_rate: -1}}\nconditions: {gap: {change: {6m: 10bp}}}",
      False, False, False)],
)  # fmt: skip
def test_what_is_in_force(model, tmp_path, rules, plain, meets, floored) -> None:
    found = sampler_of(model, scenario_from(tmp_path, rules), "gaussian", plain=plain).laws[0].rules
    assert (found is not None and found.meetings is not None) == meets
    assert (found is not None and found.floor > -np.inf) == floored


def test_intervention_acts_only_where_it_is_named_and_the_yen_is_free(model, tmp_path) -> None:
    named = "rules: {fx_intervention: {threshold: 160 JPY}}"
    assert not sampler_of(model, scenario_from(tmp_path, "")).laws[0].intervenes
    assert sampler_of(model, scenario_from(tmp_path, named), plain=True).laws[0].intervenes
    stated = scenario_from(tmp_path, f"{named}\nconditions: {{usdjpy: {{change: {{6m: 3%}}}}}}")
    assert not sampler_of(model, stated).laws[0].intervenes


def test_hard_conditions_hold_on_every_path_with_interventions(model, tmp_path) -> None:
    text = "rules: {fx_intervention: {threshold: 150 JPY}}\nconditions: {jgb_10y: {level: {6m: 2.6%, 12m: 2.7%}}}"
    for kind in ("gaussian", "student_t"):
        sampler = sampler_of(model, scenario_from(tmp_path, text), kind)
        drawn = sampler.paths(0, 4096)
        for month, level in ((5, 2.6), (11, 2.7)):
            np.testing.assert_allclose(drawn[model.factor("jgb_10y"), month], level, atol=1e-9)
        assert sampler.trace(0, 4096)[0].mean() > 0.1


def test_rules_that_cannot_act_are_refused(tmp_path) -> None:
    for rules in ("policy_rate_meetings: on", "policy_rate_floor: {level: 0%}"):
        with pytest.raises(UnsupportedError, match="no target that follows an expected rate"):
            derive_story(small_model(), scenario_from(tmp_path, f"rules: {{{rules}}}"), 6, {})


def test_interventions_beside_a_borrowed_premium_are_refused(model, tmp_path) -> None:
    named = "rules: {fx_intervention: {threshold: 160 JPY}}"
    lender = scenario_from(tmp_path, f"{named}\nviews: [{{series: topix, at: 12m, mean: 10%}}]", "lender")
    with pytest.raises(UnsupportedError, match="the premium of lender"):
        derive_story(model, scenario_from(tmp_path, "premium: lender"), 12, {"lender": lender})


def test_statements_below_a_named_floor_are_refused(model, tmp_path) -> None:
    text = "rules: {policy_rate_floor: {level: 0.75%}}\nconditions: {boj_policy_rate: {level: {2026-04: 0.50%}}}"
    with pytest.raises(InputError, match=r"below the policy_rate_floor of 0.75%"):
        derive_story(model, scenario_from(tmp_path, text), 12, {})


def test_explaining_says_that_bands_know_no_interventions(tmp_path) -> None:
    told = api.explain(scenario_from(tmp_path, "rules: {fx_intervention: {threshold: 160 JPY}}"))
    [row] = [row for row in told["assumptions"] if row["series"] == "fx_intervention"]
    assert "closed forms are without it" in row["statement"]


def test_dictionaries_of_moves_and_priors() -> None:
    days = {meeting.day for meeting in boj_meetings()}
    assert set(boj_moves()) <= days
    assert list(boj_moves().values())[-1] == 0.75
    for rule in ("fx_intervention", "policy_rate_meetings", "policy_rate_floor"):
        assert all(isinstance(value, float) for value in rule_priors(rule).values())
