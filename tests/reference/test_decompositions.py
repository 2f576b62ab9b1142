"""Decompositions against closed forms, a naive twin and brute force; every sum is exact."""

import numpy as np
import pytest

from jpsim.analysis.attribution import attribute_means, attribution_drivers, mean_growth
from jpsim.analysis.condition_shares import MOST_PLAYERS, Setting, share_conditions
from jpsim.analysis.earnings_split import earnings_drivers, split_growth
from jpsim.analysis.elasticities import update_elasticities, update_normal
from jpsim.analysis.shapley import shapley_values
from jpsim.conditioning.stories import derive_story
from jpsim.equity_priors import EARNINGS_FILE, earnings_prior, read_earnings
from jpsim.errors import InputError
from jpsim.model.store import find_model, load_model
from jpsim.scenario import load_scenario
from tests.naive.shapley import permuted_shares

EXACT = 1e-10
MONTHS = 12


@pytest.fixture(scope="module")
def model():
    return load_model(find_model("japan_monthly", None)).linear  # linear sources; terms: test_term_moments


@pytest.fixture(scope="module")
def picked(model):
    return np.vstack([np.eye(len(model.series)), model.aggregation])


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scenarios")

    def scenario(name: str, text: str):
        (folder / f"{name}.yaml").write_text(
            f"schema: jpsim/scenario@1\nid: {name}\nas_of: 2026-01\n{text}\n", encoding="utf-8"
        )
        return load_scenario(folder / f"{name}.yaml")

    return scenario


def story_of(model, scenario):
    return derive_story(model, scenario, MONTHS, {})


HIKE = """conditions:
  boj_policy_rate: {level: {2026-04: 1.00%, 2026-10: 1.25%, 2027-01: 1.50%}, fill: step}
  jgb_10y: {change: {12m: +60bp}, kind: marginal, sd: 20bp}
  usdjpy: {change: {6m: -8%}}
impulses: {small_cap_liquidity: {size: -1sd, over: 6m}}
views: [{series: topix, at: 12m, mean: 3%, absorb: earnings}]"""


@pytest.fixture(scope="module")
def pair(read):
    from jpsim.dictionary import channels

    channel = next(name for name, entry in channels().items() if entry.impulse is not None)
    return read("free", "narrative: the model alone"), read("hike", HIKE.replace("small_cap_liquidity", channel))


def test_the_update_is_the_normal_normal_one() -> None:
    """One effect: precisions add up, means by precision. Several: the information form."""
    mean, cov = update_normal(np.array([2.0]), np.array([[0.25]]), np.eye(1), np.array([3.0]), np.array([[0.75]]))
    assert mean[0] == pytest.approx((2.0 / 0.25 + 3.0 / 0.75) / (1 / 0.25 + 1 / 0.75), abs=1e-12)
    assert cov[0, 0] == pytest.approx(1 / (1 / 0.25 + 1 / 0.75), abs=1e-12)
    rng = np.random.default_rng(4)
    design, prior = rng.standard_normal((6, 4)), rng.standard_normal(4)
    spread, noise = np.diag(rng.uniform(0.5, 2, 4)), np.diag(rng.uniform(0.5, 2, 6)) + 0.3
    seen = rng.standard_normal(6)
    mean, cov = update_normal(prior, spread, design, seen, noise)
    precision = np.linalg.inv(spread) + design.T @ np.linalg.inv(noise) @ design
    right = np.linalg.inv(spread) @ prior + design.T @ np.linalg.inv(noise) @ seen
    np.testing.assert_allclose(mean, np.linalg.solve(precision, right), atol=1e-12)
    np.testing.assert_allclose(cov, np.linalg.inv(precision), atol=1e-12)


def test_elasticities_are_coherent_and_keep_what_the_sources_say(model) -> None:
    found = update_elasticities(model)
    base = len(model.series)
    np.testing.assert_allclose(found.mean[:, base:], found.mean[:, :base] @ model.aggregation.T, atol=1e-12)
    topix = base + model.aggregates.index("topix")
    yen = found.factors.index("usdjpy")
    assert found.prior[yen, topix] == pytest.approx(0.7)  # between 0.6 and 0.78 of the sources
    assert found.prior_sd[yen, topix] == pytest.approx(0.2, abs=0.05)
    assert (found.sd <= found.prior_sd + 1e-12).all()
    for factor, response in enumerate(earnings_prior().responses.values()):
        if response.price_share is None:
            np.testing.assert_allclose(found.mean[factor], found.prior[factor])
    banks, curve = base + model.aggregates.index("banks"), found.factors.index("jgb_10y")
    ends = sorted((found.prior[curve, banks], found.observed[curve, banks]))
    assert ends[0] < found.mean[curve, banks] < ends[1]


def test_edited_responses_are_read_and_wrong_ones_named_at_once(tmp_path) -> None:
    text = EARNINGS_FILE.read_text(encoding="utf-8")
    copy = tmp_path / "earnings.toml"
    copy.write_text(text.replace("topix = { mean = 0.7, sd = 0.2 }", "topix = { mean = 0.9, sd = 0.2 }"), "utf-8")
    assert read_earnings(copy).responses["usdjpy"].effects["topix"].mean == 0.9
    wrong = text.replace("[oil]\nmonths = 6", "[oil]\nmonths = 0.5").replace("sd = 2.5", "sd = -1.0")
    wrong = wrong.replace("tse33_mining = ", "tse33_mines = ").replace("[fiscal_impulse]", "[fiscal]")
    copy.write_text(wrong.replace("[fiscal_impulse.effects]", "[fiscal.effects]"), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_earnings(copy)
    for part in ("oil.months = 0.5", "trend.sd = -1.0", "'tse33_mines'", "no factor is called 'fiscal'"):
        assert part in str(caught.value)


def test_earnings_and_multiples_sum_to_the_log_growth_of_the_mean(model, pair) -> None:
    rng = np.random.default_rng(8)
    stories = tuple(story_of(model, scenario) for scenario in pair)
    elasticities = update_elasticities(model)
    drivers = earnings_drivers(stories, elasticities)
    rows = np.eye(len(model.series) + len(model.aggregates))
    sampled = rng.uniform(-0.3, 0.5, (len(rows), MONTHS))
    for story in stories:
        parts = split_growth(story, sampled, rows, drivers, elasticities)
        np.testing.assert_allclose(parts.sum(axis=0), np.log1p(sampled), atol=EXACT)


def test_earnings_follow_stated_shifts_trend_and_lagged_surprises(model, pair) -> None:
    """By hand for TOPIX: the elasticity times the yen's mean innovations, in equal steps over its lag."""
    story = story_of(model, pair[1])
    elasticities = update_elasticities(model)
    drivers = earnings_drivers((story,), elasticities)
    place = len(model.series) + model.aggregates.index("topix")
    parts = split_growth(
        story,
        np.full((1, MONTHS), 0.05),
        np.eye(len(model.series) + len(model.aggregates))[[place]],
        drivers,
        elasticities,
    )
    law, yen = story.parts[0].law, elasticities.factors.index("usdjpy")
    moved, lag = law.conditional.mean_innovations[:, model.factor("usdjpy")], elasticities.months[yen]
    expected = [
        sum(moved[s] * min(t - s + 1, lag) / lag for s in range(t + 1)) * elasticities.mean[yen, place] / 100
        for t in range(MONTHS)
    ]
    np.testing.assert_allclose(parts[drivers.index("earnings:usdjpy"), 0], expected, atol=1e-12)
    trend = earnings_prior().trend.mean
    assert parts[drivers.index("earnings:trend"), 0, -1] == pytest.approx(np.log1p(trend / 100))
    assert not parts[drivers.index("multiple:equity_premium")].any()
    assert parts[drivers.index("earnings:stated"), 0, -1] != 0.0
    remainder = parts[drivers.index("monte_carlo"), 0]
    growth = mean_growth(law, model.aggregation[[model.aggregates.index("topix")]])[0]
    np.testing.assert_allclose(remainder, np.log(1.05) - np.log(growth), atol=1e-12)


def test_shocks_sum_and_a_pure_shock_is_its_own(model, pair) -> None:
    """Innovations along one column of impacts belong to that shock alone; all parts sum to the difference."""
    stories = tuple(story_of(model, scenario) for scenario in pair)
    rows = np.eye(len(model.series) + len(model.aggregates))
    drivers = attribution_drivers(stories, "shock")
    sampled = np.random.default_rng(2).normal(0, 0.1, (len(rows), MONTHS))
    parts = attribute_means(*stories, sampled, rows, drivers, "shock")
    np.testing.assert_allclose(parts.sum(axis=0), sampled, atol=EXACT)
    by_factor = attribute_means(*stories, sampled, rows, attribution_drivers(stories))
    n, k = len(model.factors), len(model.shocks) + 2  # fiscal impulse and what is unidentified
    np.testing.assert_allclose(parts[:k].sum(axis=0), by_factor[:n].sum(axis=0), atol=EXACT)


def test_a_story_of_one_driver_is_attributed_to_that_shock(model, read) -> None:
    text = "conditions: {jgb_10y: {change: {12m: +50bp}}}\ndrivers: [demand]"
    stories = story_of(model, read("plain", "narrative: none")), story_of(model, read("demand", text))
    drivers = attribution_drivers(stories, "shock")
    rows = np.eye(len(model.series) + len(model.aggregates))[: len(model.series)]
    parts = attribute_means(*stories, np.zeros((len(rows), MONTHS)), rows, drivers, "shock")[:, :, -1]
    named = np.abs(parts[drivers.index("demand")])
    others = [np.abs(parts[drivers.index(name)]) for name in model.shocks if name != "demand"]
    assert max(other.max() for other in others) < 1e-9
    assert named.max() > 0.01


@pytest.mark.parametrize("players", [1, 2, 3, 5])
def test_shapley_values_are_those_of_all_orders(players: int) -> None:
    worth = np.random.default_rng(players).standard_normal((1 << players, 3, 2))
    naive = permuted_shares(players, lambda members: worth[sum(1 << player for player in members)])
    shares = shapley_values(worth)
    np.testing.assert_allclose(shares, naive, atol=1e-12)
    np.testing.assert_allclose(shares.sum(axis=0), worth[-1] - worth[0], atol=1e-12)


def test_shares_of_conditions_sum_over_regimes(model, picked) -> None:
    """Against each story's own law, regime by regime: the shift of each regime and the regimes' probabilities."""
    baseline, hike = load_scenario("baseline"), load_scenario("boj_hike")
    library = {"baseline": baseline, "boj_hike": hike}

    def growth(scenario) -> np.ndarray:
        parts = derive_story(model, scenario, MONTHS, library, divided=True).parts
        assert len(parts) == 2
        return sum(part.weight * mean_growth(part.law, picked) for part in parts)

    expected = growth(hike) - growth(baseline)
    drivers, shares = share_conditions(
        Setting(model, MONTHS, library, "price", picked, divided=True), baseline, hike, expected
    )
    assert set(drivers) == {"boj_policy_rate", "jgb_10y", "monte_carlo"}
    np.testing.assert_allclose(shares[drivers.index("monte_carlo")], 0.0, atol=1e-9)
    averaged = share_conditions(Setting(model, MONTHS, library, "price", picked), baseline, hike, expected)[1]
    assert np.abs(averaged[-1]).max() > 1e-3  # regimes are no detail


def test_conditions_are_shared_as_all_orders_of_rederived_laws_say(model, picked, pair, read) -> None:
    """The twin derives each hybrid from YAML text; sums are exact."""
    setting = Setting(model, MONTHS, {}, "price", picked)
    lines = {
        "boj_policy_rate": "boj_policy_rate: {level: {2026-04: 1.00%, 2026-10: 1.25%, 2027-01: 1.50%}, fill: step}",
        "jgb_10y": "jgb_10y: {change: {12m: +60bp}, kind: marginal, sd: 20bp}",
        "usdjpy": "usdjpy: {change: {6m: -8%}}",
    }
    names = list(lines)

    def text(members) -> str:
        return "conditions: {" + ", ".join(lines[names[member]] for member in sorted(members)) + "}"

    def worth(members) -> np.ndarray:
        story = story_of(model, read("hybrid", text(members) if members else "narrative: none"))
        return mean_growth(story.parts[0].law, picked)

    sampled = np.random.default_rng(1).normal(0, 0.1, (len(picked), MONTHS))
    drivers, parts = share_conditions(setting, pair[0], read("three", text({0, 1, 2})), sampled)
    np.testing.assert_allclose(parts.sum(axis=0), sampled, atol=EXACT)
    naive = permuted_shares(3, worth)
    for name, share in zip(names, naive, strict=True):
        np.testing.assert_allclose(parts[drivers.index(name)], share, atol=1e-9)


def test_one_condition_moves_the_mean_as_regression_says(model, picked, read) -> None:
    """Month 1, one hard row: E[u | row] is the covariance with the row over its variance, times the gap."""
    setting = Setting(model, MONTHS, {}, "price", picked)
    free, stated = read("nothing", "narrative: none"), read("one", "conditions: {us_10y: {change: {1m: +40bp}}}")
    drivers, parts = share_conditions(setting, free, stated, np.zeros((len(picked), MONTHS)))
    conditional = story_of(model, stated).parts[0].law.conditional
    factor = model.factor("us_10y")
    innovation = model.Sigma[:, factor] / model.Sigma[factor, factor] * conditional.gap[0]
    expected = picked @ model.loadings @ innovation
    np.testing.assert_allclose(parts[drivers.index("us_10y"), :, 0], expected, atol=1e-10)
    assert drivers == ("us_10y", "monte_carlo")


def test_more_than_six_players_join(model, picked, read) -> None:
    factors = ("jgb_2y", "jgb_10y", "usdjpy", "us_10y", "sp500", "oil", "vix", "core_cpi")
    changes = ("10bp", "20bp", "-3%", "20bp", "-5%", "10%", "10%", "0.2pp")
    rows = ", ".join(f"{name}: {{change: {{12m: {size}}}}}" for name, size in zip(factors, changes, strict=True))
    setting = Setting(model, MONTHS, {}, "price", picked)
    sampled = np.zeros((len(picked), MONTHS))
    drivers, parts = share_conditions(
        setting, read("bare", "narrative: none"), read("many", f"conditions: {{{rows}}}"), sampled
    )
    assert len(drivers) == MOST_PLAYERS + 1
    assert "others" in drivers
    np.testing.assert_allclose(parts.sum(axis=0), 0.0, atol=EXACT)


def test_conditions_that_contradict_each_other_play_together(model, picked, read) -> None:
    """A path from one scenario and a combination from the other cannot both hold: one player."""
    setting = Setting(model, MONTHS, {}, "price", picked)
    a = read("level", "conditions: {jgb_10y: {change: {12m: +60bp}}, jgb_2y: {change: {12m: +20bp}}}")
    b = read(
        "slope",
        "combinations: {slope: {jgb_10y: 1, jgb_2y: -1}}\n"
        "conditions: {slope: {change: {12m: -40bp}}, jgb_2y: {change: {12m: +20bp}}}",
    )
    drivers, parts = share_conditions(setting, a, b, np.zeros((len(picked), MONTHS)))
    assert "conditions" in drivers
    np.testing.assert_allclose(parts.sum(axis=0), 0.0, atol=EXACT)
