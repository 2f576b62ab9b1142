"""Inheritance: the rules of the contract's row `extends`, one by one."""

import pytest

from jpsim.errors import InputError, Place
from jpsim.scenario import load_scenario
from jpsim.scenario.composition import assign
from jpsim.scenario.node import node_of


@pytest.fixture
def folder(tmp_path):
    def write(**files: str):
        for name, text in files.items():
            (tmp_path / f"{name}.yaml").write_text(f"schema: jpsim/scenario@1\nid: {name}\n{text}\n", encoding="utf-8")
        return tmp_path

    return write


PARENT = """
as_of: 2026-01-30
sources: [one, two]
premium: baseline
conditions:
  usdjpy: {change: {12m: -5%}, kind: marginal, sd: 4%}
  vix: {level: {6m: 30}}
impulses: {physical_ai: {size: 1sd, over: 12m}}
"""


def test_mappings_merge_and_lists_replace(folder):
    near = folder(parent=PARENT, child="extends: parent\nsources: [three]\nimpulses: {physical_ai: {over: 6m}}")
    child = load_scenario("child", near)
    assert child.sources == ("three",)
    assert str(child.impulses["physical_ai"].over) == "6m"
    assert child.impulses["physical_ai"].size.value == 1
    assert child.premium == "baseline"


def test_an_entry_of_conditions_is_replaced_whole(folder):
    near = folder(parent=PARENT, child="extends: parent\nconditions: {usdjpy: {change: {6m: -1%}}}")
    (block,) = load_scenario("child", near).conditions["usdjpy"]
    assert (block.kind, block.sd, [str(when) for when in block.change]) == ("hard", None, ["6m"])


def test_null_removes(folder):
    near = folder(parent=PARENT, child="extends: parent\npremium: null\nconditions: {usdjpy: null}")
    child = load_scenario("child", near)
    assert list(child.conditions) == ["vix"]
    assert child.premium == "model"


def test_a_null_that_removes_nothing_is_told(folder):
    near = folder(parent=PARENT, child="extends: parent\nconditions: {oil: null}", typo="conditions: {usdjp: null}")
    (warning,) = load_scenario("child", near).warnings
    assert "no parent sets conditions.oil" in str(warning)
    with pytest.raises(InputError, match="write usdjpy"):
        load_scenario("typo", near)


def test_parents_that_differ_are_an_error_unless_the_child_decides(folder):
    near = folder(
        one="conditions: {usdjpy: {level: {6m: 140}}}\nregime: calm",
        two="conditions: {usdjpy: {level: {6m: 141}}}\nregime: calm",
        open="extends: [one, two]",
        sets="extends: [one, two]\nconditions: {usdjpy: {level: {6m: 142}}}",
        drops="extends: [one, two]\nconditions: {usdjpy: null}",
        leaves="extends: [one, two]\nconditions: {vix: {level: {6m: 30}}}",
    )
    for name in ("open", "leaves"):
        with pytest.raises(InputError, match=r"the parents one .* and two .* set conditions\.usdjpy differently"):
            load_scenario(name, near)
    assert next(iter(load_scenario("sets", near).conditions["usdjpy"][0].level.values())).value == 142
    assert load_scenario("drops", near).conditions == {}


def test_parents_that_agree_are_fine(folder):
    near = folder(one="regime: calm", two="regime: calm\nsources: [x]", child="extends: [one, two]")
    assert load_scenario("child", near).regime == "calm"


def test_a_circle_is_shown_as_a_chain(folder):
    near = folder(a="extends: b", b="extends: [c]", c="extends: a")
    with pytest.raises(InputError, match="a -> b -> c -> a"):
        load_scenario("a", near)
    with pytest.raises(InputError, match="d -> d"):
        load_scenario("d", folder(d="extends: d"))


def test_a_long_chain_is_refused_without_recursion(folder):
    near = folder(**{f"s{i}": f"extends: s{i + 1}" for i in range(3000)})
    with pytest.raises(InputError, match="more than 20 scenarios deep"):
        load_scenario("s0", near)


@pytest.mark.parametrize(
    "name", ["../parent", "./parent", "parent.yaml", "/etc/passwd", "CON", "nul", "a b", "a\u202eb"]
)
def test_a_scenario_extends_ids_only(folder, name):
    near = folder(parent=PARENT, child=f"extends: {name!r}")
    with pytest.raises(InputError, match="is no id of a scenario"):
        load_scenario("child", near)


def test_a_link_out_of_the_folder_is_refused(folder, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "secret.yaml"
    outside.write_text("schema: jpsim/scenario@1\nid: secret\n")
    near = folder(child="extends: secret")
    (near / "secret.yaml").symlink_to(outside)
    with pytest.raises(InputError, match="leads out of its folder"):
        load_scenario("child", near)


def test_places_go_through_inheritance(folder):
    near = folder(parent=PARENT, child="extends: parent\nconditions: {vix: {level: {6m: 40}}}")
    child = load_scenario("child", near)
    assert child.place("conditions", "usdjpy", 0, "change", "12m").line == 8
    assert str(child.place("conditions", "vix", 0, "level", "6m")).endswith("child.yaml:4:32")
    assert child.place("conditions", "vix", 0, "level", "9m").line == 4  # nearest known ancestor
    assert child.place("premium").line == 6


def test_the_file_must_bear_its_id(folder):
    near = folder(one="regime: calm")
    (near / "two.yaml").write_text("schema: jpsim/scenario@1\nid: other\n")
    with pytest.raises(InputError, match="has the id 'other'"):
        load_scenario("two", near)


def test_assign_sets_one_leaf_and_refuses_to_go_through_texts():
    place = Place("--set")
    root = node_of({"a": {"b": "1"}, "c": [{"d": "2"}]}, Place("f"))
    assert assign(root, ("a", "x", "y"), node_of("9", place)).plain() == {
        "a": {"b": "1", "x": {"y": "9"}},
        "c": [{"d": "2"}],
    }
    assert assign(root, ("c", "0", "d"), node_of("9", place)).plain()["c"] == [{"d": "9"}]
    assert assign(root, ("a", "b", "c"), node_of("9", place)) is None
    assert assign(root, ("c", "1"), node_of("9", place)) is None


def test_what_is_wrong_anyway_is_told_beside_a_parent_that_is_not_there(folder):
    """What the parent may define or complete is no mistake: combinations, parts of impulses and rules."""
    near = folder(
        child="""extends: nobody
titel: a slip
conditions: {jgb_10y: {change: {12m: 60}}, a_slope: {change: {12m: +10bp}}, usdjpy: null}
impulses: {physical_ai: {over: 6m}}
views: [{series: bank, at: 12m, mean: 10%}]"""
    )
    with pytest.raises(InputError) as told:
        load_scenario("child", near)
    found = [problem.found for problem in told.value.problems]
    assert len(found) == 4
    for said in ("no scenario is called 'nobody'", "no key 'titel'", "'60' has no unit", "'bank'"):
        assert any(said in one for one in found), said
