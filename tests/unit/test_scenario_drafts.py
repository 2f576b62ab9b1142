"""Scenarios and runs that stand in no file say the same as those that do."""

from __future__ import annotations

from pathlib import Path

import pytest

from jpsim.errors import InputError
from jpsim.scenario import draft_run, draft_scenario, load_run, load_scenario
from jpsim.scenario.families import REFERENCE, families, family_of
from jpsim.scenario.library import packaged_library

SCENARIO = """\
schema: jpsim/scenario@1
id: mine
extends: boj_hike
conditions: {usdjpy: {change: {12m: -5%}}}
"""
RUN = """\
schema: jpsim/run@1
scenarios: [baseline, mine]
paths: 4096
parameter_uncertainty: true
series: [topix, size]
limits: [{series: topix, at: 12m, es95: 40%}]
"""
KEYS = {
    "scenarios": ["baseline", "mine"], "paths": 4096, "parameter_uncertainty": True, "series": ["topix", "size"],
    "limits": [{"series": "topix", "at": "12m", "es95": "40%"}],
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine.yaml").write_text(SCENARIO)
    (tmp_path / "run.yaml").write_text(RUN)
    return tmp_path


def test_a_text_is_the_scenario_of_the_file(folder: Path) -> None:
    drafted = draft_scenario(SCENARIO, near=folder)
    assert drafted == load_scenario("mine", folder)
    assert drafted.parents == load_scenario("mine", folder).parents == ("boj_hike",)


@pytest.mark.parametrize("drafts", [{}, {"mine": SCENARIO}])
def test_plain_keys_are_the_run_of_the_file(folder: Path, drafts: dict[str, str]) -> None:
    assert draft_run(KEYS, drafts, folder) == load_run(folder / "run.yaml")


def test_a_draft_goes_before_the_file_and_serves_what_extends_it(folder: Path) -> None:
    drafts = {
        "mine": SCENARIO.replace("-5%", "-7%"),
        "further": "schema: jpsim/scenario@1\nid: further\nextends: mine\n",
    }
    request = draft_run({**KEYS, "scenarios": ["baseline", "further"]}, drafts, folder)
    [block] = request.scenarios[1].conditions["usdjpy"]
    assert [quantity.value for quantity in block.change.values()] == [-0.07]


def test_problems_of_all_drafts_are_told_by_draft(folder: Path) -> None:
    drafts = {"one": "schema: jpsim/scenario@1\nid: two\n", "three": "x: [", "four": "id: four\n"}
    with pytest.raises(InputError) as refused:
        draft_run({"scenarios": ["one", "three", "four"]}, drafts, folder)
    places = [problem.place for problem in refused.value.problems]
    assert [place.source for place in places if place] == ["draft one", "draft three", "draft four"]


@pytest.mark.parametrize("text", ["", "x", "- a\n", "id: mine\n", "schema: jpsim/run@1\nscenarios: [baseline]\n"])
def test_a_text_must_say_that_it_is_a_scenario(folder: Path, text: str) -> None:
    with pytest.raises(InputError):
        draft_scenario(text, near=folder)


def test_families_are_the_shipped_runs(project: Path) -> None:
    for name, family in families().items():
        if name != REFERENCE:
            listed = [found.id for found in load_run(project / "configs" / f"{name}.yaml").scenarios]
            assert listed == [*families()[REFERENCE].scenarios, *family.scenarios]


def test_every_shipped_scenario_has_one_family() -> None:
    listed = [name for family in families().values() for name in family.scenarios]
    assert sorted(listed) == sorted(path.stem for path in packaged_library().glob("*.yaml"))


def test_a_scenario_belongs_where_its_parent_does() -> None:
    assert family_of("mine", ("boj_hike",)) == "boj_family"
    assert family_of("mine", ("baseline",)) is None
    assert family_of("yen_slide", ("baseline",)) == "yen_family"
