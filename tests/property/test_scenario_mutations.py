"""However a file is damaged, the answer is a validated object or a list of problems: never another error."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jpsim.errors import InputError, Place
from jpsim.scenario import load_file, write_request
from jpsim.scenario.composition import assign
from jpsim.scenario.cursor import Findings
from jpsim.scenario.grammar import read_scenario
from jpsim.scenario.loader import parse_yaml, read_yaml
from jpsim.scenario.node import node_of
from tests.contracts.test_grammar import EVERYTHING

WHOLE = parse_yaml(EVERYTHING, "everything")
PATHS = sorted({path[:length] for path, _ in WHOLE.leaves() for length in range(1, len(path) + 1)})
words = st.sampled_from(
    [
        "yes",
        "010",
        "1e400",
        "12:30",
        "25",
        "-1%",
        "25bp",
        "off",
        "12m",
        "2026-04",
        "0m",
        "topix",
        "jgb_10y",
        "",
        "\0",
        "x" * 99,
    ]
)
values = st.recursive(
    st.none() | words | st.text(max_size=5),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(words, below, max_size=3),
    max_leaves=5,
)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(PATHS), values, st.booleans())
def test_a_damaged_scenario_is_read_or_refused(path, value, beside):
    target = (*path[:-1], "new") if beside else path
    changed = assign(WHOLE, target, node_of(value, Place("damage", 1, 1)))
    findings = Findings()
    scenario = read_scenario(changed or WHOLE, findings)
    assert scenario.id
    for problem in findings.in_order():
        assert problem.found
        assert problem.place is not None


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_damaged_text_is_read_or_refused(project_text, data):
    text, path = project_text
    start = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 8))
    patch = data.draw(st.text(st.sampled_from("{}[]:,-&*!|>'\"%@`#?\n\t 0a\u3000\x85\ufeff"), max_size=4))
    path.write_text(text[:start] + patch + text[start + length :], encoding="utf-8")
    problems, scenarios = _outcome(path)
    assert problems or scenarios
    assert all(problem.place is not None for problem in problems)


def _outcome(path):
    try:
        return (), load_file(path).scenarios
    except InputError as error:
        return error.problems, ()


@pytest.fixture(scope="module")
def project_text(tmp_path_factory):
    """A resolved run, which has every scenario inline, and a place for its damaged copies."""
    folder = tmp_path_factory.mktemp("damage")
    path = folder / "run.yaml"
    path.write_text("schema: jpsim/run@1\nscenarios: [boj_hike, yen_surge, boj_contested]\n", encoding="utf-8")
    text = write_request(load_file(path)).partition("# where")[0]
    path.write_text(text, encoding="utf-8")
    assert read_yaml(path).child("scenarios")
    return text, path
