"""Whatever the grammar accepts is written out canonically and read back as the same."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jpsim.dictionary import factors
from jpsim.errors import InputError, Place
from jpsim.months import Month
from jpsim.scenario.canonical import plain_scenario, write_scenario
from jpsim.scenario.composition import compose
from jpsim.scenario.cursor import Findings
from jpsim.scenario.grammar import read_scenario
from jpsim.scenario.loader import parse_yaml
from jpsim.scenario.node import node_of
from jpsim.units import ACCEPTED, Quantity, QuantityError, parse_quantity, parse_share

AS_OF = Month(2026, 1)
PLACE = Place("generated")
decimals = st.decimals(min_value="0.01", max_value="99", places=4, allow_nan=False).map(lambda d: f"{d.normalize():f}")


def _parsed(*words):
    """The quantity, or why it is none."""
    try:
        return parse_quantity(*words), None
    except QuantityError as error:
        return None, error


@settings(deadline=None)
@given(
    st.sampled_from([key for key in ACCEPTED if key[0] != "weight"]), st.decimals("-1e6", "1e6", places=6), st.data()
)
def test_a_quantity_written_out_reads_back_as_the_same_float(key, number, data):
    quantity, role = key
    unit = {"price": "JPY", "flow": "tn JPY"}.get(quantity, "")
    written = data.draw(st.sampled_from(sorted(ACCEPTED[key])))
    text = f"{number:f}{unit if written == 'unit' else written}".replace("-0.000000", "0.000000")
    parsed, refusal = _parsed(text, quantity, role, unit)
    if parsed is None:
        assert "not positive" in str(refusal)
        return
    spelled = "sd" if quantity.startswith("activity") else unit
    assert parse_quantity(parsed.text(spelled), quantity, role, unit) == parsed


@settings(deadline=None)
@given(st.text(max_size=12), st.sampled_from(list(ACCEPTED)))
@example("1e999999999%", ("rate", "level"))
@example("\u0661\u0662%", ("rate", "level"))
@example("0" * 10, ("price", "level"))
def test_any_text_is_a_finite_quantity_or_is_refused(text, key):
    parsed, refusal = _parsed(text, *key, "JPY")
    if parsed is None:
        assert refusal.found
        assert refusal.allowed
    else:
        assert abs(Decimal(parsed.value)) < Decimal("1e400")
        assert text.isascii()


@settings(deadline=None)
@given(st.floats(0, 1))
def test_shares_read_back(value):
    assert parse_share(Quantity(value, "share").text()).value == value


def _amount(entry, role):
    """Texts of one factor's quantities in any of the units that it takes."""
    units = [entry.unit if unit == "unit" else unit for unit in ACCEPTED[entry.quantity, role]]
    spaced = [f" {unit}" if unit[:1].isupper() or " " in unit else unit for unit in units]
    return st.builds(str.__add__, decimals, st.sampled_from(spaced))


@st.composite
def conditions(draw):
    """A block of conditions on one factor, dates apart."""
    entry = factors()[draw(st.sampled_from([name for name in factors() if name != "boj_policy_rate"]))]
    months = draw(st.lists(st.integers(1, 12), min_size=3, max_size=3, unique=True))
    dates = [draw(st.sampled_from([f"{month}m", str(AS_OF + month), f"{AS_OF + month}-28"])) for month in months]
    block = {"level": {dates[0]: draw(_amount(entry, "level"))}, "change": {dates[1]: draw(_amount(entry, "change"))}}
    if draw(st.booleans()):
        block |= {"kind": draw(st.sampled_from(["marginal", "measurement"])), "sd": draw(_amount(entry, "sd"))}
    if draw(st.booleans()):
        block["fill"] = draw(st.sampled_from(["none", "linear", "step"]))
    low = draw(_amount(entry, "level"))
    block["range"] = {dates[2]: draw(st.sampled_from([[low, None], [None, low]]))}
    if draw(st.booleans()):
        block |= {
            "average": {dates[0]: draw(_amount(entry, "level"))},
            "minimum": {dates[2]: [low, None]},
            "since": "1m",
        }
    return entry.id, draw(st.sampled_from([block, [block]]))


@st.composite
def scenarios(draw):
    """Plain scenarios with conditions, views and words."""
    returns = decimals.map(lambda text: f"{text}%")
    view = st.fixed_dictionaries(
        {"series": st.sampled_from(["topix", "banks", "growth"]), "at": st.sampled_from(["6m", "2026-12"])}
    ).flatmap(
        lambda stem: st.sampled_from(["mean", "sd", "es95", "var99"]).flatmap(
            lambda name: st.one_of(returns, st.builds(lambda low: {"at_least": low}, returns)).map(
                lambda n: {**stem, name: n}
            )
        )
    )
    plain = {
        "id": "generated",
        "as_of": str(AS_OF),
        "title": {"en": draw(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1))},
        "conditions": dict(draw(st.lists(conditions(), max_size=4))),
        "views": draw(st.lists(view, max_size=3)),
        "impulses": {"physical_ai": {"size": f"{draw(decimals)}sd", "over": "6m", "priced_in": draw(decimals) + "%"}},
    }
    return {key: value for key, value in plain.items() if value}


@settings(max_examples=150, deadline=None)
@given(scenarios())
def test_scenarios_round_trip(plain):
    findings = Findings()
    scenario = read_scenario(node_of(plain, PLACE), findings)
    assert findings.problems == []
    again = read_scenario(parse_yaml(write_scenario(scenario), "again"), Findings())
    assert again == scenario
    assert plain_scenario(again) == plain_scenario(scenario)


graphs = st.dictionaries(
    st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdef"), max_size=3, unique=True), min_size=1
)


@settings(max_examples=150, deadline=None)
@given(graphs)
def test_extends_ends_on_every_graph(tmp_path_factory, graph):
    from jpsim.scenario import load_scenario

    folder = tmp_path_factory.mktemp("graph")
    for name in "abcdef":
        parents = ", ".join(graph.get(name, []))
        (folder / f"{name}.yaml").write_text(f"schema: jpsim/scenario@1\nid: {name}\nextends: [{parents}]\n")
    for name in graph:
        if _reaches_circle(graph, name):
            with pytest.raises(InputError, match="round in a circle: "):
                load_scenario(name, folder)
        else:
            assert load_scenario(name, folder).id == name


def _reaches_circle(graph, start, path=()):
    """Naive depth-first search over all paths."""
    return start in path or any(_reaches_circle(graph, parent, (*path, start)) for parent in graph.get(start, []))


leaf_trees = st.recursive(
    st.sampled_from(["1", "2"]),
    lambda below: st.dictionaries(st.sampled_from("pqr"), below, min_size=1, max_size=3),
    max_leaves=6,
)
trees = st.dictionaries(st.sampled_from(["title", "rules", "state"]), leaf_trees, max_size=3)


@settings(deadline=None)
@given(trees, trees)
def test_merging_keeps_every_leaf_of_the_child_and_those_of_the_parent_that_it_leaves_alone(parent, child):
    findings = Findings()
    merged = compose(node_of(child, PLACE), [("parent", node_of(parent, PLACE))], findings)
    assert findings.problems == []
    assert merged.plain() == _overlaid(parent, child)


def _overlaid(below, above):
    """Naive twin: recursion on plain dicts."""
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    return {**below, **{key: _overlaid(below[key], value) if key in below else value for key, value in above.items()}}
