"""Distances against scipy, effect sizes against brute force, errors against the published formulas."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest
from scipy import stats

from jpsim.analysis.assumptions import LeafDifference, differing_leaves, unpaired_reasons
from jpsim.analysis.distances import DISTANCES, DOMINANCE, distances
from jpsim.analysis.ordered_sample import OrderedSample
from jpsim.analysis.paired_errors import difference, estimate_all
from tests.synthetic_run import synthetic_run

PATHS = 400


def sample(rng, mean=0.0, sd=1.0, *, weighted=False, decimals=9, paths=PATHS):
    weights = rng.gamma(2.0, size=paths) if weighted else np.ones(paths)
    return OrderedSample(np.round(mean + sd * rng.standard_normal(paths), decimals), weights / weights.sum())


@pytest.fixture(params=["plain", "weighted", "ties", "unequal"])
def pair(request):
    rng = np.random.default_rng(11)
    options = {"weighted": request.param == "weighted", "decimals": 1 if request.param == "ties" else 9}
    second = sample(rng, 0.4, 1.3, **options, paths=300 if request.param == "unequal" else PATHS)
    return sample(rng, **options), second


def test_distances_are_those_of_scipy(pair):
    first, second = pair
    found = distances(first, second, paired=False)
    arguments = first.values, second.values, first.weights, second.weights
    assert found["wasserstein"].value == pytest.approx(stats.wasserstein_distance(*arguments), rel=1e-12)
    assert found["energy"].value == pytest.approx(stats.energy_distance(*arguments) ** 2, rel=1e-12)
    if np.ptp(first.weights) == 0:
        ks = stats.ks_2samp(first.values, second.values).statistic
        assert found["kolmogorov_smirnov"].value == pytest.approx(ks, rel=1e-12)


def test_effect_sizes_of_dominance_by_brute_force(pair):
    """Every level at which either sample has a value, one after the other, from the definitions."""
    first, second = pair
    found = distances(first, second, paired=False)
    levels = np.concatenate([first.values, second.values])
    below = [np.array([one.weights @ (one.values <= t) for t in levels]) for one in pair]
    puts = [np.array([one.weights @ np.maximum(t - one.values, 0) for t in levels]) for one in pair]
    for name, (reference, scenario) in {"fsd": below, "ssd": puts}.items():
        assert found[f"{name}_worse"].value == pytest.approx(max((scenario - reference).max(), 0), abs=1e-12)
        assert found[f"{name}_better"].value == pytest.approx(max((reference - scenario).max(), 0), abs=1e-12)


def test_a_shift_up_dominates_and_moves_by_its_size():
    first = sample(np.random.default_rng(3))
    found = distances(first, OrderedSample(first.values + 0.25, first.weights), paired=True)
    assert found["wasserstein"].value == pytest.approx(0.25, abs=1e-12)
    assert found["wasserstein"].se == pytest.approx(0.0, abs=1e-12)
    assert found["fsd_worse"].value == pytest.approx(0.0, abs=1e-12)
    assert found["ssd_worse"].value == pytest.approx(0.0, abs=1e-12)
    assert found["ssd_better"].value == pytest.approx(0.25, abs=1e-12)


def test_a_mean_preserving_spread_is_worse_to_second_order_only():
    """Rothschild and Stiglitz (1970): doubling the spread around the mean leaves first order open."""
    first = sample(np.random.default_rng(4))
    mean = first.mean_of(first.values)
    found = distances(first, OrderedSample(mean + 2 * (first.values - mean), first.weights), paired=True)
    assert found["fsd_worse"].value > 0.1
    assert found["fsd_better"].value > 0.1
    assert found["ssd_worse"].value > 0.1
    assert found["ssd_better"].value == pytest.approx(0.0, abs=1e-12)


def test_what_is_the_same_lies_nowhere_apart():
    first = sample(np.random.default_rng(5), weighted=True)
    found = distances(first, OrderedSample(first.values.copy(), first.weights.copy()), paired=True)
    for name in (*DISTANCES, *DOMINANCE):
        assert (found[name].value, found[name].se) == pytest.approx((0.0, 0.0), abs=1e-12)
    for one in estimate_all(first, 0.0).values():
        assert difference(one, one, paired=True).se == 0.0


def test_a_single_path_has_a_distance_and_no_spread():
    one, two = (OrderedSample(np.array([value]), np.ones(1)) for value in (0.1, -0.2))
    found = distances(one, two, paired=True)
    assert found["wasserstein"].value == pytest.approx(0.3, abs=1e-12)
    assert found["kolmogorov_smirnov"].value == 1.0
    assert all(np.isfinite([each.se, each.low, each.high]).all() for each in found.values())


def test_quantiles_of_equal_weights_are_bahadurs():
    """The formula of Bahadur (1966) for two dependent samples, with the same densities."""
    rng = np.random.default_rng(6)
    z = rng.standard_normal(20_000)
    even = np.full(z.size, 1.0 / z.size)
    pair = [OrderedSample(a + b * (z + 0.3 * rng.standard_normal(z.size)), even) for a, b in ((0.0, 1.0), (0.2, 1.4))]
    one, two = (estimate_all(found, 0.0) for found in pair)
    for name, level in (("q05", 0.05), ("q50", 0.5), ("q95", 0.95)):
        slopes = [found.spacing(level) for found in pair]
        joint = np.mean((pair[0].values <= one[name].value) & (pair[1].values <= two[name].value))
        own = level * (1 - level) * (slopes[0] ** 2 + slopes[1] ** 2)
        variance = (own - 2 * (joint - level**2) * slopes[0] * slopes[1]) / z.size
        assert difference(one[name], two[name], paired=True).se == pytest.approx(variance**0.5, rel=1e-3)


def test_shortfall_error_is_that_of_manistre_and_hancock():
    """``[Var(x | tail) + (1 - a)(q - ES)**2] / (N a)``, the published variance of a tail mean."""
    found = sample(np.random.default_rng(7), paths=20_000)
    q, shortfall = found.quantile(0.05), estimate_all(found, 0.0)["es95"]
    tail = found.values[found.values <= q]
    assert shortfall.value == pytest.approx(-tail.mean(), rel=1e-12)
    variance = (tail.var() + 0.95 * (q - tail.mean()) ** 2) / (20_000 * 0.05)
    assert np.sum(shortfall.influence**2) == pytest.approx(variance, rel=1e-3)


@pytest.mark.parametrize("level", [0.01, 0.05, 0.5, 0.95, 0.99])
def test_quantiles_of_equal_weights_are_numpys(level):
    found = sample(np.random.default_rng(8), paths=1000)
    assert found.quantile(level) == np.quantile(found.values, level, method="inverted_cdf")


def resolved(scenario, *, library=""):
    return f"schema: jpsim/run@1\nparameter_uncertainty: false\nscenarios:\n- id: story\n{scenario}\n{library}"


def runs(first, second, **changes):
    run = synthetic_run()
    manifest = {"innovations": "student_t", **run.manifest}
    return (
        replace(run, resolved=first, manifest=MappingProxyType(manifest)),
        replace(run, resolved=second, manifest=MappingProxyType({**manifest, **changes})),
    )


def test_assumptions_are_compared_leaf_by_leaf():
    first = resolved(
        "  title: {en: One}\n  channels: [a, b]\n  conditions:\n    oil:\n    - change: {3m: 10%, 6m: 20%}"
    )
    second = resolved(
        "  title: {en: Two}\n  channels: [a]\n  conditions:\n    oil:\n    - change: {3m: 10%}\n      sd: 5%"
    )
    one, two = runs(first, second)
    assert differing_leaves(one, "story", two, "story") == (
        LeafDifference("conditions.oil.0.change.6m", "20%", None),
        LeafDifference("conditions.oil.0.sd", None, "5%"),
    )


def test_a_mixture_is_compared_member_by_member():
    """What the members share with the story is not told; the weights are, and where each departs."""
    library = "library:\n  a: {id: a, regime: calm, drivers: [oil]}\n  b: {id: b, regime: wild}"
    mixed = "  mixture: [{scenario: a, weight: 0.25}, {scenario: b, weight: 0.75}]"
    one, two = runs(resolved("  regime: calm"), resolved(mixed, library=library))
    assert set(differing_leaves(one, "story", two, "story")) == {
        LeafDifference("mixture.a", None, "0.25"),
        LeafDifference("mixture.b", None, "0.75"),
        LeafDifference("a.drivers", None, "oil"),
        LeafDifference("b.regime", "calm", "wild"),
    }


def test_scenarios_that_both_refer_to_are_compared_too():
    """The same words mean something else where the scenario behind `premium` differs."""
    texts = [resolved("  premium: house", library=f"library:\n  house: {{id: house, regime: {name}}}") for name in "xy"]
    one, two = runs(*texts)
    assert differing_leaves(one, "story", two, "story") == (LeafDifference("library.house.regime", "x", "y"),)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("seed", 7, "seed: 20260130 against 7"),
        ("paths", 5000, "paths: 100,000 against 5,000"),
        ("horizon", 24, "horizon: 12m against 24m"),
        ("innovations", "gaussian", "innovations: student_t against gaussian"),
        ("rng", "another", "against another"),
        ("model", {"id": "other", "version": "9", "sha256": "abc", "as_of": "2026-01"}, "against other@9 (abc)"),
    ],
)
def test_what_breaks_the_pairs_is_named(key, value, said):
    one, two = runs(resolved("  regime: x"), resolved("  regime: x"), **{key: value})
    reasons = unpaired_reasons(one, two)
    assert len(reasons) == 1
    assert said in reasons[0]
    assert key in reasons[0] or key == "rng"
    assert unpaired_reasons(one, one) == ()
