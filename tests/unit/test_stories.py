"""Mixtures, posterior draws, impulses and views, drawn together."""

from __future__ import annotations

import numpy as np
import pytest

from jpsim.conditioning.stories import derive_story
from jpsim.errors import InputError
from jpsim.model.store import load_model
from jpsim.scenario import Scenario, load_scenario
from jpsim.simulation.sampling import Sampler

PATHS = 30_000


@pytest.fixture(scope="module")
def model():
    return load_model("japan_monthly")


def sampler_of(
    model, scenario: Scenario, library: dict[str, Scenario] | None = None, kind: str = "gaussian"
) -> Sampler:
    return Sampler.of(derive_story(model, scenario, 12, library or {}), kind, 5)


def scenario_from(tmp_path, text: str, name: str = "made") -> Scenario:
    path = tmp_path / f"{name}.yaml"
    path.write_text(f"schema: jpsim/scenario@1\nid: {name}\n{text}", encoding="utf-8")
    return load_scenario(path)


def test_a_mixture_is_its_members_in_their_weights(model, tmp_path) -> None:
    low = scenario_from(tmp_path, "conditions: {usdjpy: {level: {12m: 140}}}", "low")
    high = scenario_from(tmp_path, "conditions: {usdjpy: {level: {12m: 170}}}", "high")
    mixed = scenario_from(tmp_path, "mixture: [{scenario: low, weight: 30%}, {scenario: high, weight: 70%}]", "mixed")
    sampler = sampler_of(model, mixed, {"low": low, "high": high})
    weights = sampler.weights(PATHS)
    assert weights is not None
    yen = sampler.paths(0, PATHS)[model.factor("usdjpy"), 11]
    share = weights[np.abs(yen - 140) < 1e-6].sum() / weights.sum()
    assert share == pytest.approx(0.3, abs=1e-12)
    assert weights[np.abs(yen - 170) < 1e-6].sum() / weights.sum() == pytest.approx(0.7, abs=1e-12)
    sample, _ = sampler.draw(PATHS)
    alone = {name: sampler_of(model, one).draw(PATHS)[0] for name, one in (("low", low), ("high", high))}
    topix = model.outputs.index("topix")
    expected = 0.3 * alone["low"].statistics["mean"][topix, 11] + 0.7 * alone["high"].statistics["mean"][topix, 11]
    error = np.hypot(sample.errors["mean"][topix, 11], alone["high"].errors["mean"][topix, 11])
    assert abs(sample.statistics["mean"][topix, 11] - expected) < 4 * error


def test_members_that_start_from_different_levels_are_refused_by_name(model, tmp_path) -> None:
    one = scenario_from(tmp_path, "state: {oil: 66, usdjpy: 150}", "one")
    two = scenario_from(tmp_path, "state: {oil: 70, usdjpy: 150}", "two")
    mixed = scenario_from(tmp_path, "mixture: [{scenario: one, weight: 50%}, {scenario: two, weight: 50%}]", "mixed")
    with pytest.raises(InputError, match=r"mixed\.yaml:3:.*one and two start from different levels of oil"):
        derive_story(model, mixed, 12, {"one": one, "two": two})
    assert len(derive_story(model, mixed, 12, {"one": one, "two": one}).members) == 2


def test_too_few_paths_for_a_mixture_are_refused(model, tmp_path) -> None:
    one = scenario_from(tmp_path, "conditions: {usdjpy: {level: {12m: 140}}}", "one")
    two = scenario_from(tmp_path, "conditions: {usdjpy: {level: {12m: 170}}}", "two")
    mixed = scenario_from(tmp_path, "mixture: [{scenario: one, weight: 50%}, {scenario: two, weight: 50%}]", "mixed")
    with pytest.raises(InputError, match="too few for a mixture"):
        sampler_of(model, mixed, {"one": one, "two": two}).draw(400)


def test_posterior_draws_widen_what_the_point_estimate_says(model) -> None:
    baseline = load_scenario("baseline")
    point = sampler_of(model, replace_views(baseline)).draw(PATHS)[0]
    drawn = Sampler.of(derive_story(model, replace_views(baseline), 12, {}, drawn=True), "gaussian", 5).draw(PATHS)[0]
    wider = drawn.statistics["sd"][: len(model.factors), 11] / point.statistics["sd"][: len(model.factors), 11]
    assert np.median(wider) > 1.0
    topix = model.outputs.index("topix")
    gap = drawn.statistics["mean"][topix, 11] - point.statistics["mean"][topix, 11]
    assert abs(gap) < 0.02


def replace_views(scenario: Scenario) -> Scenario:
    return scenario.model_copy(update={"views": ()})


def test_an_impulse_moves_what_its_prior_says(model, tmp_path) -> None:
    """Source: the dictionary's own number, applied by hand to the series it names."""
    from jpsim.dictionary import channels

    prior = channels()["defence_rerating"].impulse
    text = "impulses: {defence_rerating: {size: 2sd, over: 12m, priced_in: 50%}}"
    plain = sampler_of(model, scenario_from(tmp_path, "drivers: all", "plain"))
    moved = sampler_of(model, scenario_from(tmp_path, text, "moved"))
    law, base = moved.story.parts[0].law, plain.story.parts[0].law
    added = (law.drift - base.drift).sum(axis=0)
    own = np.zeros(len(model.series))
    for name, percent in prior.effects.items():
        if name in model.series:
            own[model.series.index(name)] += percent / 100
    named = [model.series.index(name) for name in prior.effects if name in model.series and model.kind[
        model.series.index(name)] == "sector33"]  # fmt: skip
    np.testing.assert_allclose(added[named], own[named], atol=1e-12)
    weights = model.aggregation[model.aggregates.index("topix")]
    sizes = [i for i, kind in enumerate(model.kind) if kind == "size"]
    assert np.abs(added).max() > 0
    drawn, still = moved.paths(0, 20_000), plain.paths(0, 20_000)
    defence = model.outputs.index("defence")
    shift = np.log1p(drawn[defence, 11]) - np.log1p(still[defence, 11])
    expected = added[model.series.index("defence")]
    assert abs(shift.mean() - expected) < 0.1 * abs(expected) + 4 * shift.std() / np.sqrt(shift.size)
    assert shift.std() == pytest.approx(prior.uncertainty * abs(expected), rel=0.1)
    assert weights @ added == pytest.approx(size_weights(model) @ added[sizes], abs=1e-12)


def size_weights(model) -> np.ndarray:
    """Weights of the sizes in TOPIX: the null vector that makes them add up."""
    rows = [i for i, kind in enumerate(model.kind) if kind == "size"]
    weights = model.aggregation[model.aggregates.index("topix")]
    solution, *_ = np.linalg.lstsq(model.mix[rows].T, model.mix.T @ weights, rcond=None)
    return solution


@pytest.mark.parametrize("kind", ["gaussian", "student_t"])
def test_views_hold_in_the_weighted_sample(model, tmp_path, kind: str) -> None:
    scenario = scenario_from(
        tmp_path,
        """views:
  - {series: topix, at: 12m, mean: 10%, absorb: equity_premium}
  - {series: usdjpy, by: 12m, above: 165, probability: {at_most: 25%}}
  - {series: topix, at: 12m, sd: 18%}
  - {series: banks, versus: topix, at: 12m, mean: {at_least: 2%}}
  - {series: sp500, at: 6m, quantile: {5%: 5600}}
  - {series: topix, at: 12m, es95: 26%}
""",
    )
    sampler = sampler_of(model, scenario, kind=kind)
    weights = sampler.weights(PATHS)
    assert weights is not None
    q = weights / weights.sum()
    drawn = sampler.paths(0, PATHS)
    value = {name: drawn[model.outputs.index(name)] for name in ("topix", "banks", "usdjpy", "sp500")}
    topix = value["topix"][11]
    assert q @ topix == pytest.approx(0.10, abs=1e-6)
    assert np.sqrt(q @ (topix - 0.10) ** 2) == pytest.approx(0.18, abs=1e-6)
    assert q @ (value["usdjpy"].max(axis=0) > 165) <= 0.25 + 1e-6
    assert q @ (value["banks"][11] - topix) >= 0.02 - 1e-6
    assert q @ (value["sp500"][5] <= 5600) == pytest.approx(0.05, abs=1e-6)
    order = np.argsort(topix)
    tail = np.minimum(np.cumsum(q[order]), 0.05)
    mass = np.diff(tail, prepend=0.0)
    assert -(mass @ topix[order]) / 0.05 == pytest.approx(0.26, abs=2e-3)


def test_views_that_no_weights_meet_are_named(model, tmp_path) -> None:
    views = "views:\n  - {series: banks, versus: topix, at: 1m, mean: 400%}\n  - {series: vix, at: 6m, mean: 19}\n"
    scenario = scenario_from(tmp_path, views)
    with pytest.raises(InputError, match="banks") as caught:
        sampler_of(model, scenario).draw(PATHS)
    assert caught.value.problems[0].place is not None
    assert caught.value.problems[0].place.line == 4


@pytest.mark.parametrize("name", ["boj_hike_demand", "yen_surge"])
def test_histograms_are_placed_so_that_quantiles_are_those_of_the_paths(model, name: str) -> None:
    """Stories whose few drivers move prices far are the hard case for histograms of fixed bins."""
    story = derive_story(model, load_scenario(name), 12, {"baseline": load_scenario("baseline")}, drawn=True)
    sampler = Sampler.of(story, "student_t", 5)
    sample, weights = sampler.draw(PATHS)
    q = np.full(PATHS, 1 / PATHS) if weights is None else weights / weights.sum()
    drawn = sampler.paths(0, PATHS)[:, 11]
    order = np.argsort(drawn, axis=1)
    below = np.cumsum(q[order], axis=1)
    for statistic, level in (("q05", 0.05), ("q50", 0.5), ("q95", 0.95)):
        place = np.argmax(below >= level, axis=1)
        exact = np.take_along_axis(drawn, order, axis=1)[np.arange(len(drawn)), place]
        error = np.maximum(sample.errors[statistic][:, 11], 1e-9)
        assert np.abs((sample.statistics[statistic][:, 11] - exact) / error).max() < 1.5, statistic


@pytest.mark.parametrize("kind", ["gaussian", "student_t"])
def test_a_table_beside_margins_and_a_range(model, tmp_path, kind: str) -> None:
    scenario = scenario_from(
        tmp_path,
        """conditions:
  us_policy_rate: {table: {2026-12: {3.25%: 0.2, 3.50%: 0.5, 3.75%: 0.3}}}
  boj_policy_rate: {table: {2026-07: {0.75%: 0.4, 1.00%: 0.6}}}
  jgb_10y: {change: {12m: +40bp}, kind: marginal, sd: 20bp}
  usdjpy: {level: {6m: 150}, kind: marginal, sd: 6%}
  sp500: {range: {12m: [6200, null]}}
""",
    )
    sampler = sampler_of(model, scenario, kind=kind)
    sample, weights = sampler.draw(PATHS)
    assert weights is not None
    assert sample.effective > 0.5 * PATHS
    q = weights / weights.sum()
    drawn = sampler.paths(0, PATHS)
    funds, rate, ten, yen, stocks = (
        drawn[model.factor(name), month - 1]
        for name, month in (
            ("us_policy_rate", 11), ("boj_policy_rate", 6), ("jgb_10y", 12), ("usdjpy", 6), ("sp500", 12),
        )
    )  # fmt: skip
    for values, table in ((funds, {3.25: 0.2, 3.5: 0.5, 3.75: 0.3}), (rate, {0.75: 0.4, 1.0: 0.6})):
        for value, share in table.items():
            assert q @ (np.abs(values - value) < 1e-6) == pytest.approx(share, abs=1e-8)
    start = float(model.state[-1, model.factor("jgb_10y")])
    assert q @ ten == pytest.approx(start + 0.4, abs=1e-6)
    assert np.sqrt(q @ (ten - start - 0.4) ** 2) == pytest.approx(0.2, abs=1e-6)
    assert q @ yen == pytest.approx(150.0, rel=2e-4)  # its logarithm's moments are held exactly
    assert np.sqrt(q @ (yen - 150.0) ** 2) == pytest.approx(9.0, rel=2e-3)
    assert stocks.min() >= 6200 - 1e-6
