"""Rules in samples, against brute force that knows neither steering nor weights of interventions.

Under a noisy measurement the exact law is that of unconditional paths, interventions included, weighted by
the density of the measurement: importance sampling from the prior.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jpsim.analysis.attribution import INTERVENTION, attribute_means, attribution_drivers
from jpsim.conditioning.stories import derive_story
from jpsim.errors import InputError
from jpsim.model.store import load_model
from jpsim.scenario import load_scenario
from jpsim.simulation.engine import trace_interventions
from jpsim.simulation.importance import effective_size
from jpsim.simulation.law import InterventionRule
from jpsim.simulation.rule_outcomes import intervention_outcome, target_outcome
from jpsim.simulation.sampling import Sampler
from tests.models import small_model
from tests.naive.steering import steer_monthly

PATHS = 60_000
BRUTE = 400_000
SEED = 20260130


def leaning_model():
    """A model in which yields and equities follow the yen closely, so that an intervention is news for them."""
    model = small_model()
    B, yen = model.B.copy(), model.factor("usdjpy")
    B[0, model.factor("jgb_10y"), yen] = 0.08
    B[0, model.factor("sp500"), yen] = 0.4
    return replace(model, B=B)


def scenario_from(tmp_path, text: str, name: str = "made"):
    path = tmp_path / f"{name}.yaml"
    path.write_text(f"schema: jpsim/scenario@1\nid: {name}\nas_of: 2026-01\n{text}\n", encoding="utf-8")
    return load_scenario(path)


def sampler_of(model, scenario, kind: str, horizon: int = 6, seed: int = SEED) -> Sampler:
    return Sampler.of(derive_story(model, scenario, horizon, {}), kind, seed)


def weighted(values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted means over the last axis, and their standard errors."""
    share = weights / weights.sum()
    mean = values @ share
    return mean, np.sqrt((values - mean[..., None]) ** 2 @ share**2)


@pytest.mark.parametrize("kind", ["gaussian", "student_t", "stochastic_volatility"])
def test_conditional_law_with_interventions_is_that_of_brute_force(tmp_path, kind) -> None:
    model = leaning_model()
    rules = "rules: {fx_intervention: {threshold: 154 JPY}}"
    stated = (("jgb_10y", 3, -0.2, 0.25), ("sp500", 6, -4.0, 4.0))
    conditions = (
        "conditions: {jgb_10y: {change: {3m: -0.2pp}, kind: measurement, sd: 25bp},"
        " sp500: {change: {6m: -4%}, kind: measurement, sd: 4%}}"
    )
    ours = sampler_of(model, scenario_from(tmp_path, f"{rules}\n{conditions}"), kind)
    weights, drawn = ours.weights(PATHS), ours.paths(0, PATHS)
    assert weights is not None
    free = sampler_of(model, scenario_from(tmp_path, rules, "free"), kind, seed=SEED + 1)
    names = ("usdjpy", "jgb_10y", "sp500", "topix")
    rows, months = [model.outputs.index(name) for name in names], [1, 2, 4, 5]
    brute, log = [], []
    for first in range(0, BRUTE, 20_000):
        paths = free.paths(first, 20_000)
        yields = paths[model.factor("jgb_10y"), 2] - model.base_level[model.factor("jgb_10y")]
        index = 100.0 * np.log(paths[model.factor("sp500"), 5] / 6939.0)
        target = 100.0 * np.log1p(-0.04)  # the measurement of a price is of its logarithm, 4 % of the level wide
        sd = stated[1][3]
        log.append(-0.5 * ((yields + 0.2) / 0.25) ** 2 - 0.5 * ((index - target) / sd) ** 2)
        brute.append(paths[np.ix_(rows, months)])
    values, theirs = np.concatenate(brute, axis=2), np.exp(np.concatenate(log))
    assert effective_size(theirs) > 10_000
    for power in (1, 2):
        a, a_se = weighted(drawn[np.ix_(rows, months)] ** power, weights)
        b, b_se = weighted(values**power, theirs)
        assert np.abs((a - b) / np.hypot(a_se, b_se)).max() < 4.2, (kind, power)
    unweighted = weighted(drawn[np.ix_(rows, months)], np.ones(PATHS))[0]
    missed = np.abs((unweighted - b) / b_se) if kind == "gaussian" else np.full(1, np.inf)
    assert missed.max() > 4.2  # the weights matter here, so the test can fail


def test_monthly_frequency_is_the_hazard(tmp_path) -> None:
    """In month 1 nothing went before: the share of paths is the mean of the logistic over the calm paths."""
    model = leaning_model()
    acting = sampler_of(model, scenario_from(tmp_path, "rules: {fx_intervention: {threshold: 154 JPY}}"), "gaussian")
    calm = sampler_of(model, scenario_from(tmp_path, "", "calm"), "gaussian")
    level = calm.paths(0, PATHS)[model.factor("usdjpy"), 0]
    rule = acting.laws[0].rules.intervention
    assert isinstance(rule, InterventionRule)
    rise = 100.0 * np.log(level / 153.8)
    logit = rule.intercept + rule.slope * (level - 154.0) / 2.0 + rule.speed * np.maximum(rise - rule.free, 0.0)
    hazard = 1.0 / (1.0 + np.exp(-logit))
    fires, shifts = acting.trace(0, PATHS)
    miss = fires[0] - hazard
    assert abs(miss.mean()) < 4 * miss.std() / np.sqrt(PATHS)
    jumps = shifts[0][fires[0] == 1]
    assert jumps.mean() == pytest.approx(rule.jump, abs=4 * rule.jump_sd / np.sqrt(jumps.size))
    assert jumps.std() == pytest.approx(rule.jump_sd, abs=4 * rule.jump_sd / np.sqrt(2 * jumps.size))
    later = np.log(acting.paths(0, PATHS)[model.factor("usdjpy"), 0] / level) * 100.0
    np.testing.assert_allclose(later, shifts[0], atol=1e-9)


def test_what_follows_an_intervention(tmp_path) -> None:
    """A rule that acts once, in month 1: in month 2 a mixture of going on and turning back, and a wilder yen."""
    model = leaning_model()
    law = sampler_of(model, scenario_from(tmp_path, "rules: {fx_intervention: {threshold: 138 JPY}}"), "gaussian").laws[
        0
    ]
    assert law.rules is not None
    assert law.rules.intervention is not None
    once = law.rules.intervention._replace(slope=1000.0, jump=-30.0, jump_sd=0.0)
    fires, shifts = trace_interventions(replace(law, rules=law.rules._replace(intervention=once)), SEED, 0, BRUTE)
    acted = (fires[0] == 1) & (fires[1] == 0)
    assert acted.mean() > 0.99
    after, turned = shifts[1][acted], 7.5  # half of 30 % in two parts
    extra = 0.5 * model.Sigma[model.factor("usdjpy"), model.factor("usdjpy")]
    mean, variance = 0.5 * (turned - 1.0), 0.25 * (turned + 1.0) ** 2 + extra
    assert abs(after.mean() - mean) < 4 * np.sqrt(variance / after.size)
    error = np.std((after - mean) ** 2) / np.sqrt(after.size)
    assert abs(after.var() - variance) < 4 * error


@pytest.mark.parametrize("kind", ["gaussian", "student_t"])
def test_a_premium_view_holds_with_interventions(tmp_path, kind) -> None:
    text = "rules: {fx_intervention: {threshold: 160 JPY}}\nviews: [{series: topix, at: 12m, mean: 10%}]"
    model = load_model("japan_monthly")
    sampler = sampler_of(model, scenario_from(tmp_path, text), kind, 12)
    sample, weights = sampler.draw(PATHS)
    place = model.outputs.index("topix"), 11
    assert weights is None
    assert abs(sample.statistics["mean"][place] - 0.10) < 3 * sample.errors["mean"][place]
    risk = intervention_outcome(sampler, None, PATHS)
    assert risk is not None
    assert risk.acts
    assert 0.3 < risk.probability[-1] < 0.95


def test_interventions_are_a_driver_of_their_own(tmp_path) -> None:
    """What they add is the paired difference with and without the rule: the closed form leaves sampling error alone."""
    model, count = load_model("japan_monthly").linear, 40_000
    text = "conditions: {jgb_10y: {change: {6m: +20bp}}}\nregime: reflation"
    calm = sampler_of(model, scenario_from(tmp_path, text, "calm"), "gaussian")
    acting = sampler_of(
        model, scenario_from(tmp_path, f"{text}\nrules: {{fx_intervention: {{threshold: 154 JPY}}}}"), "gaussian"
    )
    topix = len(model.factors) + len(model.series) + model.aggregates.index("topix")
    ours, theirs = (one.paths(0, count, [topix])[0] for one in (acting, calm))
    share = acting.weights(count) / count
    sampled = ours @ share - theirs.mean(axis=1)
    rows = np.eye(len(model.outputs) - len(model.factors))[[topix - len(model.factors)]]
    for by in ("factor", "shock"):
        drivers = attribution_drivers((calm.story, acting.story), by)
        parts = attribute_means(calm.story, acting.story, sampled[None], rows, drivers, by)[:, 0]
        np.testing.assert_allclose(parts.sum(axis=0), sampled, atol=1e-12)
        known = parts[[drivers.index(INTERVENTION), drivers.index("monte_carlo")]]
        np.testing.assert_allclose(known.sum(axis=0), sampled, atol=1e-9)  # nothing else differs
        error = np.sqrt((ours - theirs).var(axis=1) * (1 / count + 1 / 16_384))
        assert np.abs(known[1] / error).max() < 4.0  # what the pilot leaves is noise
        assert known[0, -1] < -10 * error[-1]


def test_the_decided_target_follows_the_expected_rate() -> None:
    """On the shipped model: the mean target is that of the bridge, and hikes come as often as since 2024."""
    model = load_model("japan_monthly")
    sampler = Sampler.of(derive_story(model, load_scenario("baseline"), 12, {}), "student_t", SEED)
    told = target_outcome(sampler, None, PATHS)
    assert told is not None
    meetings = np.flatnonzero(sampler.laws[0].rules.meetings.meets)
    assert np.abs(100 * told.gap[meetings[1:]]).max() < 4.0  # basis points, at meetings after the first
    assert sum(told.moves.values()) == pytest.approx(1.0)
    rate = sampler.paths(0, PATHS)[model.factor("boj_policy_rate")]
    moves = np.diff(np.vstack([np.full(PATHS, 0.75), rate]), axis=0)[meetings]
    share, successive = (moves > 0).mean(), ((moves[:-1] != 0) & (moves[1:] != 0)).sum() / (moves[:-1] != 0).sum()
    published = 4 / 17  # hikes at meetings from January 2024 to January 2026, none at two in a row
    assert abs(share - published) < 2 * np.sqrt(published * (1 - published) / 17)
    assert successive < 0.12


@pytest.mark.parametrize("drivers", [("demand",), ("demand", "monetary_policy")])
def test_named_drivers_deliver_whatever_interventions_leave(tmp_path, drivers) -> None:
    model = leaning_model()
    rotation, _ = np.linalg.qr(np.random.default_rng(9).standard_normal((len(model.factors) - 1, 2)))
    impacts = np.linalg.cholesky(model.Sigma) @ np.vstack([rotation, np.zeros((1, 2))])
    model = replace(model, shocks=("monetary_policy", "demand"), impacts=impacts)
    text = (
        f"drivers: [{', '.join(drivers)}]\nrules: {{fx_intervention: {{threshold: 154 JPY}}}}\n"
        "conditions: {jgb_10y: {change: {3m: -0.1pp}}, sp500: {change: {6m: -4%}, kind: measurement, sd: 4%}}"
    )
    ours = sampler_of(model, scenario_from(tmp_path, text), "gaussian")
    assert ours.weights(PATHS) is None
    drawn, (fires, _) = ours.paths(0, PATHS), ours.trace(0, PATHS)
    assert 0.5 < fires.max(axis=0).mean() < 1.0
    np.testing.assert_allclose(drawn[model.factor("jgb_10y"), 2], model.base_level[1] - 0.1, atol=1e-9)
    theirs, hit = steer_monthly(ours.story.parts[0].law, ours.laws[0].rules.intervention, drivers, PATHS)
    log = np.array([kind == "log100" for kind in model.transform])
    factors = drawn[: len(model.factors)]
    factors[log] = 100.0 * np.log(factors[log])
    for power in (1, 2):
        centre = theirs.mean(axis=2, keepdims=True) if power == 2 else 0.0
        a, b = (factors - centre) ** power, (theirs - centre) ** power
        error = np.hypot(a.std(axis=2), b.std(axis=2)) / np.sqrt(PATHS) + 1e-9
        assert np.abs((a.mean(axis=2) - b.mean(axis=2)) / error).max() < 4.5, power
    share = fires.mean(axis=1) - hit.mean(axis=1)
    assert np.abs(share).max() < 4.2 * np.sqrt(0.5 / PATHS)


def test_averages_hold_with_interventions(tmp_path) -> None:
    text = "rules: {fx_intervention: {threshold: 154 JPY}}\nconditions: {jgb_10y: {average: {5m: 2.3%}, since: 2m}}"
    model = leaning_model()
    sampler = sampler_of(model, scenario_from(tmp_path, text), "student_t")
    assert sampler.trace(0, 4096)[0][1:4].mean() > 0.1  # in the months of the average, too
    np.testing.assert_allclose(sampler.paths(0, 4096)[model.factor("jgb_10y"), 1:5].mean(axis=0), 2.3, atol=1e-9)


def test_an_intervention_that_leaves_too_few_shocks_is_refused(tmp_path) -> None:
    model = load_model("japan_monthly")
    text = (
        "drivers: [demand]\nrules: {fx_intervention: {threshold: 160 JPY}}\n"
        "conditions: {jgb_10y: {change: {6m: 0.1pp}}, us_10y: {change: {6m: 0.1pp}}, jgb_2y: {change: {6m: 0.1pp}}}"
    )
    with pytest.raises(InputError, match=r"made\.yaml:4:.*after an intervention in month 4 the drivers \[demand\]"):
        derive_story(model, scenario_from(tmp_path, text), 6, {})
