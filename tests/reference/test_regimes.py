"""Regimes: weights against rejection and closed forms, mixtures against pinned stories, the split of variances."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from jpsim.analysis.attribution import attribute_means, attribution_drivers
from jpsim.analysis.uncertainty import SOURCES, split_variance
from jpsim.conditioning.stories import derive_story
from jpsim.errors import InputError
from jpsim.model.checks import check_model
from jpsim.model.store import load_model
from jpsim.scenario import Scenario, load_scenario
from jpsim.simulation.sampling import Sampler
from tests.models import regime_model

HORIZON, SEED = 4, 9


def scenario(tmp_path, text: str, name: str = "made") -> Scenario:
    path = tmp_path / f"{name}.yaml"
    path.write_text(f"schema: jpsim/scenario@1\nid: {name}\n{text}\n", encoding="utf-8")
    return load_scenario(path)


def sampler_of(model, stated: Scenario, kind: str = "gaussian", horizon: int = HORIZON, **options) -> Sampler:
    story = derive_story(model, stated, horizon, {}, **{"divided": True, **options})
    return Sampler.of(story, kind, SEED)


def test_weights_under_hard_rows_are_bayes_rule(tmp_path) -> None:
    """Source: scipy's multivariate normal density of the stacked rows in each regime."""
    model = regime_model()
    stated = scenario(tmp_path, "conditions: {usdjpy: {level: {2m: 160, 4m: 150}}, jgb_10y: {level: {4m: 2.6%}}}")
    story = derive_story(model, stated, HORIZON, {}, divided=True)
    scores = []
    for part, regime in zip(story.points, model.regimes, strict=True):
        rows, values = part.law.conditional.stacked, part.law.conditional.table.values
        scores.append(regime.probability * multivariate_normal(rows.mean, rows.cov).pdf(values))
    expected = np.array(scores) / np.sum(scores)
    np.testing.assert_allclose(list(story.regimes.values()), expected, rtol=1e-9)


@pytest.mark.parametrize("kind", ["gaussian", "student_t", "stochastic_volatility"])
def test_weights_and_means_agree_with_rejection(tmp_path, kind: str) -> None:
    """Unconditional paths of each regime, those outside the range thrown away: z-scores under 4."""
    model = regime_model()
    inside = "conditions: {usdjpy: {range: {4m: [165, null]}}}"
    found = sampler_of(model, scenario(tmp_path, inside), kind)
    accepted, means, errors = [], [], []
    topix, yen = model.outputs.index("topix"), model.factor("usdjpy")
    for regime in model.regimes:
        free = sampler_of(model, scenario(tmp_path, f"regime: {regime.name}", regime.name), kind)
        drawn = free.paths(0, 120_000)
        kept = drawn[topix, -1][drawn[yen, -1] >= 165]
        accepted.append(regime.probability * kept.size / 120_000)
        means.append(kept.mean())
        errors.append(kept.std() / np.sqrt(kept.size))
    shares = np.array(accepted) / np.sum(accepted)
    counts = np.array(accepted) / [regime.probability for regime in model.regimes] * 120_000
    error = shares[0] * shares[1] * np.sqrt((1 / counts).sum())
    pilots = 0.0 if kind == "gaussian" else shares[0] * shares[1] * np.sqrt(2 / 4096)
    assert abs(next(iter(found.story.regimes.values())) - shares[0]) < 4 * np.hypot(error, pilots)
    sample, _ = found.draw(60_000)
    spread = np.abs(means[0] - means[1]) * np.hypot(error, pilots)
    total = np.sqrt(np.sum((shares * errors) ** 2) + sample.errors["mean"][topix, -1] ** 2 + spread**2)
    assert abs(sample.statistics["mean"][topix, -1] - shares @ means) < 4 * total


@pytest.mark.parametrize("kind", ["student_t", "stochastic_volatility"])
def test_exact_values_weigh_regimes_by_their_heavy_tailed_density(tmp_path, kind: str) -> None:
    """Unconditional paths of each regime within 1.5 log points of the stated value: a z-score under 4."""
    model = regime_model()
    found = sampler_of(model, scenario(tmp_path, "conditions: {usdjpy: {level: {4m: 175}}}"), kind)
    near = []
    for regime in model.regimes:
        free = sampler_of(model, scenario(tmp_path, f"regime: {regime.name}", regime.name), kind)
        yen = free.paths(0, 200_000)[model.factor("usdjpy"), -1]
        near.append(float((np.abs(100 * np.log(yen / 175)) < 1.5).sum()))
    weights = np.array(near) * [regime.probability for regime in model.regimes]
    share = weights[0] / weights.sum()
    error = share * (1 - share) * np.sqrt(1 / near[0] + 1 / near[1] + 2 / 4096)
    assert abs(found.story.regimes["calm"] - share) < 4 * error


def test_stated_margins_weigh_regimes_by_relative_entropy(tmp_path) -> None:
    """One margin N(m, s^2): the weight is the exponential of the textbook divergence of two normals."""
    model = regime_model()
    stated = scenario(tmp_path, "conditions: {jgb_10y: {level: {4m: 2.5%}, kind: marginal, sd: 20bp}}")
    story = derive_story(model, stated, HORIZON, {}, divided=True)
    scores = []
    for part, regime in zip(story.points, model.regimes, strict=True):
        rows = part.law.conditional.stacked
        variance, gap = float(rows.cov[0, 0]), 2.5 - float(rows.mean[0])
        divergence = 0.5 * (0.04 / variance + gap**2 / variance - 1.0 - np.log(0.04 / variance))
        scores.append(regime.probability * np.exp(-divergence))
    np.testing.assert_allclose(list(story.regimes.values()), np.array(scores) / np.sum(scores), rtol=1e-9)
    heavy = Sampler.of(story, "student_t", SEED)
    sample, _ = heavy.draw(40_000)
    place = model.factor("jgb_10y")
    assert sample.statistics["mean"][place, -1] == pytest.approx(2.5, abs=1e-4)
    assert sample.statistics["sd"][place, -1] == pytest.approx(0.2, abs=1e-4)


def test_a_story_without_conditions_keeps_the_prior_and_is_the_mixture_of_its_pins(tmp_path) -> None:
    model = regime_model()
    whole = sampler_of(model, scenario(tmp_path, "drivers: all"), "student_t")
    assert not whole.weighted
    assert list(whole.story.regimes.values()) == pytest.approx([0.7, 0.3], abs=1e-12)
    sample, _ = whole.draw(100_000)
    pins = [sampler_of(model, scenario(tmp_path, f"regime: {name}", name), "student_t") for name in ("calm", "wild")]
    alone = [pin.draw(100_000)[0] for pin in pins]
    mean = 0.7 * alone[0].statistics["mean"] + 0.3 * alone[1].statistics["mean"]
    error = np.hypot(sample.errors["mean"], 0.7 * alone[0].errors["mean"] + 0.3 * alone[1].errors["mean"])
    assert np.abs((sample.statistics["mean"] - mean) / np.maximum(error, 1e-12)).max() < 4.5
    assert [pin.story.regimes for pin in pins] == [{"calm": 1.0}, {"wild": 1.0}]


def test_regimes_are_averaged_in_the_plain_law(tmp_path) -> None:
    """Normal innovations at the point estimate: the pooled arrays, unless the scenario names a regime."""
    model = regime_model()
    plain = derive_story(model, scenario(tmp_path, "drivers: all"), HORIZON, {})
    assert (len(plain.parts), plain.regimes) == (1, {})
    assert plain.parts[0].law.conditional.system.model is model
    pinned = derive_story(model, scenario(tmp_path, "regime: wild"), HORIZON, {})
    used = pinned.parts[0].law.conditional.system.model
    np.testing.assert_array_equal(used.Sigma, model.regimes[1].Sigma)
    assert pinned.regimes == {"wild": 1.0}


def test_scenarios_that_weigh_regimes_alike_share_their_blocks(tmp_path) -> None:
    model = regime_model()
    free = sampler_of(model, scenario(tmp_path, "drivers: all"))
    near = sampler_of(model, scenario(tmp_path, "conditions: {vix: {level: {4m: 18}}}", "near"))
    gap = abs(next(iter(free.story.regimes.values())) - next(iter(near.story.regimes.values())))
    same = np.mean([free._owner(block) == near._owner(block) for block in range(400)])
    assert 0 < gap < 0.05
    assert same > 1.0 - gap - 0.01
    one, other = free.paths(0, 8192), near.paths(0, 8192)
    topix = model.outputs.index("topix")
    assert np.corrcoef(one[topix, -1], other[topix, -1])[0, 1] > 0.95


def test_views_hold_over_all_regimes_together(tmp_path) -> None:
    views = "views: [{series: topix, at: 4m, sd: 12%}, {series: usdjpy, at: 4m, mean: 158 JPY}]"
    sampler = sampler_of(regime_model(), scenario(tmp_path, views), "student_t")
    weights = sampler.weights(40_000)
    assert weights is not None
    drawn, q = sampler.paths(0, 40_000), weights / weights.sum()
    outputs = regime_model().outputs
    topix = drawn[outputs.index("topix"), -1]
    assert np.sqrt(q @ (topix - q @ topix) ** 2) == pytest.approx(0.12, abs=1e-6)
    assert q @ drawn[outputs.index("usdjpy"), -1] == pytest.approx(158.0, abs=1e-5)


def test_an_unknown_regime_is_named_with_those_that_exist(tmp_path) -> None:
    with pytest.raises(InputError, match="no regime wilt") as caught:
        derive_story(regime_model(), scenario(tmp_path, "regime: wilt"), HORIZON, {})
    [problem] = caught.value.problems
    assert (problem.place.line, problem.allowed, problem.fix) == (3, "model, calm, wild", "did you mean wild?")
    with pytest.raises(InputError, match="no regime wild"):
        derive_story(replace(regime_model(), regimes=()), scenario(tmp_path, "regime: wild"), HORIZON, {})


def test_few_paths_say_which_regime_they_leave_out(tmp_path) -> None:
    sampler = sampler_of(regime_model(), scenario(tmp_path, "drivers: all"))
    assert sampler.unseen(512) == ("wild",)
    assert sampler.unseen(20 * 512) == ()


def test_shares_sum_to_the_variance_and_are_those_of_the_parts(tmp_path) -> None:
    """Law of total variance on the sample's own paths, by hand."""
    model = regime_model()
    sampler = sampler_of(model, scenario(tmp_path, "conditions: {usdjpy: {level: {4m: 175}}}"))
    sample, _ = sampler.draw(50_000)
    split = split_variance(sampler.story, sample)
    total = sum(split[name] for name in SOURCES)
    np.testing.assert_allclose(total, sample.statistics["sd"] ** 2, rtol=1e-9, atol=1e-12)
    topix = model.outputs.index("topix")
    drawn = sampler.paths(0, 50_000)[topix, -1]
    regime = np.array([sampler._cell(path // 512) for path in range(50_000)])
    shares = [(regime == k).mean() for k in range(2)]
    means = [drawn[regime == k].mean() for k in range(2)]
    between = shares[0] * shares[1] * (means[0] - means[1]) ** 2
    noise = sum((1 - shares[k]) * drawn[regime == k].var() / 50_000 for k in range(2))
    assert split["regime"][topix, -1] == pytest.approx(between - noise, rel=1e-6)
    assert split["regime"][topix, -1] > 0.02 * total[topix, -1]
    assert np.abs(split["parameters"]).max() == 0.0


def test_contributions_name_the_shift_between_regimes(tmp_path) -> None:
    """Drivers sum to the closed-form difference; what is left is within the sample's errors."""
    model = regime_model()
    base = sampler_of(model, scenario(tmp_path, "drivers: all", "base"))
    moved = sampler_of(model, scenario(tmp_path, "conditions: {usdjpy: {level: {4m: 175}}}", "moved"))
    pinned = sampler_of(model, scenario(tmp_path, "regime: wild", "pinned"))
    samples = {one.id: one.draw(60_000)[0] for one in (base, moved, pinned)}
    topix = model.outputs.index("topix")
    drivers = attribution_drivers((base.story, moved.story))
    rows = np.eye(len(model.series) + len(model.aggregates))[[topix - len(model.factors)]]
    for one in (moved, pinned):
        sampled = samples[one.id].statistics["mean"][[topix]] - samples["base"].statistics["mean"][[topix]]
        parts = attribute_means(base.story, one.story, sampled, rows, drivers)
        np.testing.assert_allclose(parts.sum(axis=0), sampled, atol=1e-14)
        error = samples[one.id].errors["mean"][topix] + samples["base"].errors["mean"][topix]
        assert np.abs(parts[drivers.index("monte_carlo")][0] / error).max() < 4


@pytest.fixture(scope="module")
def shipped():
    return load_model("japan_monthly")


def test_shipped_regimes_average_to_the_pooled_arrays(shipped) -> None:
    """By their discounted months, in the covariance of the estimated factors and in every loading."""
    months = shipped.meta["regimes"]["discounted_months"]
    shares = {name: value / sum(months.values()) for name, value in months.items()}
    inside = {name: shipped.in_regime(name) for name in shares}
    gap = sum(shares[name] * model.loadings for name, model in inside.items()) - shipped.loadings
    assert np.abs(gap).max() < 1e-9
    n = len(shipped.factors) - 1  # the fiscal impulse stands outside
    gap = sum(shares[name] * model.Sigma for name, model in inside.items()) - shipped.Sigma
    scale = np.sqrt(np.diag(shipped.Sigma))[:n]
    assert np.abs(gap[:n, :n] / np.outer(scale, scale)).max() < 1e-9


def test_shipped_regimes_are_coherent_models_of_their_own(shipped) -> None:
    for regime in shipped.regimes:
        inside = shipped.in_regime(regime.name)
        check_model(inside)
        effects = np.column_stack([inside.alpha, inside.beta, inside.loadings])
        whole = dict(zip((*inside.series, *inside.aggregates),
                         np.concatenate([effects, inside.aggregation @ effects]), strict=True))  # fmt: skip
        for identity in shipped.meta["identities"]:
            total = sum(weight * whole[name] for name, weight in identity["parts"].items())
            np.testing.assert_allclose(total, whole[identity["whole"]], atol=1e-9)
    assert sum(regime.probability for regime in shipped.regimes) == pytest.approx(1.0, abs=1e-9)


def test_shipped_regimes_differ_where_the_history_says(shipped) -> None:
    """Signs of the Nikkei's and TOPIX's correlations with yields and the yen before and after 2021."""
    effect = {}
    for name in ("reflation", "term_premium_stress"):
        model = shipped.in_regime(name)
        topix = model.aggregation[0] @ model.loadings
        for factor in ("jgb_10y", "usdjpy"):
            place = model.factor(factor)
            effect[name, factor] = topix @ model.Sigma[:, place] / model.Sigma[place, place]
    assert effect["reflation", "jgb_10y"] > 0 > effect["term_premium_stress", "jgb_10y"]
    assert effect["reflation", "usdjpy"] > 1.5 * effect["term_premium_stress", "usdjpy"]
    smoothed = shipped.meta["regimes"]["smoothed"]["term_premium_stress"]
    assert np.mean([value for month, value in smoothed.items() if "2022" <= month < "2025"]) > 0.7
    assert np.mean([value for month, value in smoothed.items() if "2013" <= month < "2021"]) < 0.2
