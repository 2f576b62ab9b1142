"""Scenarios: what each key means, and what is refused without a model."""

import pytest

from jpsim.errors import InputError
from jpsim.months import Month
from jpsim.scenario import When, load_scenario
from jpsim.units import Quantity


@pytest.fixture
def read(tmp_path):
    def from_text(text: str, as_of: str = "as_of: 2026-01-30"):
        (tmp_path / "s.yaml").write_text(f"schema: jpsim/scenario@1\nid: s\n{as_of}\n{text}\n", encoding="utf-8")
        return load_scenario("s", tmp_path)

    return from_text


@pytest.fixture
def refused(read):
    def from_text(text: str, as_of: str = "as_of: 2026-01-30") -> str:
        with pytest.raises(InputError) as caught:
            read(text, as_of)
        return str(caught.value)

    return from_text


def test_quantities_become_canonical(read):
    scenario = read(
        "conditions: {jgb_10y: {change: {12m: +60bp}, kind: marginal, sd: 20bp}, usdjpy: {range: {6m: [145, null]}}}"
    )
    (block,) = scenario.conditions["jgb_10y"]
    assert block.change == {When(months=12): Quantity(0.6, "pp")}
    assert block.sd == Quantity(0.2, "pp")
    assert scenario.conditions["usdjpy"][0].range == {When(months=6): (Quantity(145.0, "level"), None)}


def test_a_list_of_blocks_and_a_table(read):
    text = (
        "conditions: {us_policy_rate: [{table: {2026-12: {3.25%: 0.2, 3.50%: 50%, 3.75%: 0.3}}}, {level: {3m: 3.75%}}]}"
    )
    first, second = read(text).conditions["us_policy_rate"]
    law = first.table[When(month=Month(2026, 12))]
    assert {level.value: share for level, share in law.items()} == {3.25: 0.2, 3.5: 0.5, 3.75: 0.3}
    assert second.kind == "hard"


def test_dates_are_months(read):
    scenario = read("conditions: {vix: {level: {2026-07-15: 20, 12m: 21}}}")
    assert [when.index(scenario.as_of) for when in scenario.conditions["vix"][0].level] == [6, 12]


def test_combinations_take_the_unit_of_their_factors(read):
    text = "combinations: {slope: {jgb_30y: 1, jgb_10y: -1}, fx: {usdjpy: 0.5, usd_broad: 0.5}}\n"
    scenario = read(text + "conditions: {slope: {level: {6m: 130bp}}, fx: {change: {6m: -5%}}}")
    assert scenario.combinations["slope"] == {"jgb_30y": 1.0, "jgb_10y": -1.0}
    assert scenario.conditions["slope"][0].level[When(months=6)] == Quantity(1.3, "percent")
    assert scenario.conditions["fx"][0].change[When(months=6)] == Quantity(-0.05, "relative")


def test_an_sd_of_activity_is_its_unit_beside_a_level_and_innovations_beside_a_change(read):
    level = read("conditions: {japan_activity: {level: {6m: 1sd}, kind: marginal, sd: 0.5sd}}")
    change = read("conditions: {japan_activity: {change: {6m: 1sd}, kind: marginal, sd: 0.5sd}}")
    assert level.conditions["japan_activity"][0].sd == Quantity(0.5, "level")
    assert change.conditions["japan_activity"][0].sd == Quantity(0.5, "sd")


@pytest.mark.parametrize(
    ("view", "absorb"),
    [
        ("{series: topix, at: 12m, mean: 10%}", "equity_premium"),
        ("{series: nikkei225, at: 12m, mean: 10%}", "equity_premium"),
        ("{series: banks, at: 12m, mean: 10%}", "factors"),
        ("{series: topix, at: 12m, sd: 18%}", "factors"),
        ("{series: usdjpy, at: 12m, mean: 150}", "factors"),
        ("{series: banks, at: 12m, mean: 10%, absorb: earnings}", "earnings"),
    ],
)
def test_what_absorbs_a_view(read, view, absorb):
    assert read(f"views: [{view}]").views[0].absorb == absorb


def test_views_of_every_kind(read):
    scenario = read("""views:
  - {series: usdjpy, by: 12m, above: 160, probability: {at_most: 15%}}
  - {series: banks, versus: topix, at: 12m, mean: {at_least: 2%}}
  - {series: topix, at: 12m, es95: 30%}
  - {series: topix, at: 12m, quantile: {5%: {at_least: -20%}}}
  - {series: jgb_10y, at: 2026-12, sd: 30bp}
""")
    assert [view.statistic for view in scenario.views] == ["probability", "mean", "es95", "quantile", "sd"]
    first = scenario.views[0]
    assert (first.above, first.probability.at_most) == (Quantity(160.0, "level"), Quantity(0.15, "share"))
    assert scenario.views[3].quantile[0.05].at_least == Quantity(-0.2, "relative")


def test_rules_and_impulses(read):
    scenario = read(
        "rules: {fx_intervention: {threshold: 160 JPY}, policy_rate_floor: off, policy_rate_meetings: on}\n"
        "impulses: {defence_rerating: {size: 1sd, over: 12m, priced_in: 50%}}"
    )
    assert scenario.rules.fx_intervention.threshold == Quantity(160.0, "level")
    assert (scenario.rules.policy_rate_floor, scenario.rules.policy_rate_meetings) == ("off", "on")
    assert scenario.impulses["defence_rerating"].priced_in == 0.5


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("conditions: {vix: {level: {2026-01: 20}}}", "2026-01 is not after as_of 2026-01"),
        ("conditions: {vix: {level: {2025-12-31: 20}}}", "2025-12 is not after as_of 2026-01"),
        ("conditions: {vix: {level: {0m: 20}}}", "0m is not after as_of"),
        ("views: [{series: topix, at: 2026-01, mean: 1%}]", "2026-01 is not after as_of"),
        ("conditions: {vix: {level: {12m: 20, 2027-01: 20}}}", "vix at 2027-01 is said twice"),
        ("conditions: {vix: [{level: {12m: 20}}, {change: {12m: 5%}}]}", "vix at 12m is said twice"),
        ("conditions: {vix: {level: {2026-07: 20, 2026-07-31: 20}}}", "stands here already"),
        ("conditions: {vix: {level: {2026-13: 20}}}", "'2026-13' is not a date"),
        ("conditions: {vix: {level: {2026-02-30: 20}}}", "'2026-02-30' is not a date"),
        ("conditions: {vix: {level: {3: 20}}}", "'3' is not a date"),
        ("conditions: {vix: {level: {}}}", "level is empty"),
        ("conditions: {vix: {}}", "the condition says nothing"),
        ("conditions: {vix: []}", "nothing is said of 'vix'"),
        ("conditions: {vix: {level: {3m: 20}, sd: 5%}}", "sd on a hard condition"),
        ("conditions: {vix: {level: {3m: 20}, kind: marginal}}", "kind: marginal without sd"),
        (
            "conditions: {vix: {range: {3m: [10, 20]}, kind: marginal, sd: 5%}}",
            "kind belongs to level, change and average",
        ),
        ("conditions: {vix: {range: {3m: [20, 20]}}}", "is not below the upper end"),
        ("conditions: {vix: {range: {3m: [20]}}}", "a range has two ends"),
        ("conditions: {vix: {range: {3m: [null, null]}}}", "a range without bounds"),
        ("conditions: {vix: {table: {3m: {20: 0.5, 30: 0.4}}}}", "the probabilities sum to 0.9"),
        ("conditions: {vix: {table: {3m: {20: 0.5, 20.0: 0.5}}}}", "stands here twice"),
        ("combinations: {mix: {jgb_10y: 1, usdjpy: 1}}", "mixes prices and rates"),
        ("combinations: {vix: {jgb_10y: 1}}", "is a factor already"),
        ("combinations: {a: {jgb_10y: 0}}", "a weight of zero"),
        ("mixture: [{scenario: baseline, weight: 0.5}]", "the weights sum to 0.5"),
        ("drivers: []", "no driver is named"),
        ("drivers: [demand, demand]", "a driver is named twice"),
        ("impulses: {physical_ai: {size: 1sd}}", "an impulse needs size and one of when and over"),
        ("views: [{series: topix, at: 3m, mean: 1%, sd: 2%}]", "exactly one statistic"),
        ("views: [{series: topix, by: 3m, mean: 1%}]", "by speaks of a probability"),
        ("views: [{series: topix, at: 3m, probability: 5%}]", "belong together"),
        ("views: [{series: usdjpy, versus: topix, at: 3m, mean: 150}]", "usdjpy versus topix"),
        ("views: [{series: usdjpy, at: 3m, mean: 150, absorb: earnings}]", "absorb: earnings on something else"),
        ("id: t", "stands here again"),
        ("premium: nowhere", "no scenario is called 'nowhere'"),
        ("title: text", "a mapping is expected"),
        ("as_off: 1", "a scenario has no key 'as_off'"),
    ],
)
def test_refused(refused, text, found):
    message = refused(text)
    assert found in message
    assert "s.yaml:" in message


def test_words_only_beside_a_mixture(refused, read):
    mixture = "mixture: [{scenario: boj_hike, weight: 40%}, {scenario: baseline, weight: 60%}]"
    assert read(f"{mixture}\nnarrative: two stories", as_of="sources: [a]").mixture[0].weight == 0.4
    assert "regime beside a mixture" in refused(f"{mixture}\nregime: calm", as_of="sources: [a]")
    nested = "mixture: [{scenario: boj_contested, weight: 1}]"
    assert "'boj_contested' is a mixture itself" in refused(nested, as_of="sources: [a]")


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("{level: {2026-05: 1.00%}, fill: step}", None),  # whether this is a move only the model knows
        ("{level: {2026-04: 1.00%, 2026-05: 1.25%}, fill: step}", "2026-05: the policy rate moves"),
        ("{level: {2026-04: 1.00%, 2026-05: 1.00%}, fill: step}", None),
        ("{level: {2026-04: 1.00%, 2026-08: 1.25%}}", None),  # decided in June or July
        ("{level: {2026-07: 1.00%, 2026-08: 1.25%}}", "2026-08: the policy rate moves"),
        ("{change: {2026-02: 25bp}}", "2026-02: the policy rate moves"),
        ("{change: {2026-05: 25bp}, fill: step}", "next are 2026-06, 2026-07, 2026-09"),
        ("{change: {2035-03: 25bp}, fill: step}", "after the last known meeting, 2027-12"),
        ("{level: {2026-04: 1.00%, 2026-05: 1.25%}, fill: linear}", None),
        ("{level: {2026-04: 1.00%, 2026-05: 1.25%}, kind: measurement, sd: 10bp}", None),
    ],
)
def test_policy_rate_moves_need_a_meeting(read, refused, condition, found):
    text = f"conditions: {{boj_policy_rate: {condition}}}"
    if found is None:
        assert read(text).conditions
    else:
        assert found in refused(text)
        assert read(f"{text}\nrules: {{policy_rate_meetings: off}}").conditions


def test_a_known_start_tells_whether_the_rate_moves(read, refused):
    text = "conditions: {boj_policy_rate: {level: {2026-05: 1.00%}, fill: step}}\nstate: {boj_policy_rate: START}"
    assert read(text.replace("START", "1.00%")).state == {"boj_policy_rate": Quantity(1.0, "percent")}
    assert "2026-05: the policy rate moves" in refused(text.replace("START", "0.75%"))


def test_slips_only_warn(read):
    scenario = read("conditions: {jgb_10y: {change: {12m: 600bp}}, usdjpy: {change: {12m: -60%}}}")
    assert ["more than 500bp" in str(w) or "more than 50%" in str(w) for w in scenario.warnings] == [True, True]


@pytest.mark.parametrize("name", ["../x", "CON", "a\u202eb", "a\x1fb", "A", "1a", "a-b", "a" * 65, "", "model", "all"])
def test_ids_are_slugs(tmp_path, name):
    escaped = name.encode("unicode_escape").decode()
    (tmp_path / "s.yaml").write_text(f'schema: jpsim/scenario@1\nid: "{escaped}"\n', encoding="utf-8")
    with pytest.raises(InputError, match="is no id of a scenario"):
        load_scenario("s.yaml", tmp_path)


def test_titles_are_free_text(read):
    scenario = read("title: {en: \"=cmd|' /C calc'!A0 <script>\", ja: 'yes'}")
    assert scenario.title.en == "=cmd|' /C calc'!A0 <script>"
    assert scenario.title.ja == "yes"


def test_an_edit_returns_a_new_validated_scenario(read):
    scenario = read("conditions: {vix: {level: {6m: 30}}}")
    edited = scenario.condition("usdjpy", change={"6m": "-10%"})
    assert edited.conditions["usdjpy"][0].change == {When(months=6): Quantity(-0.1, "relative")}
    assert edited.conditions["vix"] == scenario.conditions["vix"]
    assert "usdjpy" not in scenario.conditions
    assert "vix" not in edited.condition("vix").conditions
    with pytest.raises(InputError, match="has no unit"):
        scenario.condition("usdjpy", change={"6m": 10})


def test_scenarios_are_frozen(read):
    with pytest.raises(ValueError, match="frozen"):
        read("").regime = "calm"
