"""How scenarios are called and printed: titles that two of a run share are told apart."""

import yaml

from jpsim.reporting.story import scenario_stories
from jpsim.scenario import load_scenario
from tests.synthetic_run import RESOLVED, synthetic_run


def titles(**given: dict[str, str]) -> list[str]:
    resolved = yaml.safe_load(RESOLVED)
    resolved["scenarios"] = [{"id": name, "title": title} for name, title in given.items()]
    return [story.title["en"] for story in scenario_stories(synthetic_run(resolved=yaml.safe_dump(resolved)))]


def test_an_inherited_title_has_the_id_behind_it() -> None:
    same = {"en": "Three hikes", "ja": "3回の利上げ"}
    assert titles(baseline=same, boj_hike=same) == ["Three hikes (baseline)", "Three hikes (boj_hike)"]


def test_titles_of_their_own_stay_as_they_are() -> None:
    assert titles(baseline={"en": "House view"}, boj_hike={"en": "Three hikes"}) == ["House view", "Three hikes"]


def test_a_scenario_prints_what_it_speaks_of() -> None:
    assert str(load_scenario("boj_hike")) == "<scenario boj_hike: conditions: boj_policy_rate, jgb_10y>"
    assert str(load_scenario("baseline")) == "<scenario baseline: views: topix>"
    assert "mixture: boj_hike_policy_shock, boj_hike_demand" in repr(load_scenario("boj_contested"))
