"""Scenarios and runs that stand in no file: texts and plain values that somebody is still working on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from jpsim.errors import InputError, Place, Problem
from jpsim.scenario.grammar import SCHEMA
from jpsim.scenario.library import resolve_scenario
from jpsim.scenario.loader import parse_yaml
from jpsim.scenario.node import Node, node_of
from jpsim.scenario.request import RunRequest
from jpsim.scenario.run_file import RUN_SCHEMA, read_run, schema_problem
from jpsim.scenario.schema import Scenario

__all__ = ["draft_run", "draft_scenario"]


def draft_scenario(text: str, *, source: str = "draft", near: Path | None = None) -> Scenario:
    """Read a scenario that stands in no file.

    Parameters
    ----------
    text
        YAML, as a file would hold it.
    source
        Names the text in problems.
    near
        File or folder from which ids are looked up; the working directory by default.

    Raises
    ------
    InputError
        All problems of the text and of what it extends or refers to.
    """
    return resolve_scenario(_scenario_tree(text, source), near)


def draft_run(keys: Mapping[str, object], drafts: Mapping[str, str], folder: Path) -> RunRequest:
    """Read a run that stands in no file.

    Parameters
    ----------
    keys
        Key of a run file -> plain value; `scenarios` is a list of ids.
    drafts
        Id -> text of a scenario that stands in no file; it goes before a file of that id.
    folder
        From which other ids are looked up.

    Raises
    ------
    InputError
        All problems of the run and of the scenarios that it refers to; those of a draft have the source
        ``draft ID``.
    """
    trees = _draft_trees(drafts)
    place = Place("run")
    listed = keys.get("scenarios")
    names = [str(name) for name in listed] if isinstance(listed, list) else []
    content = {"schema": node_of(RUN_SCHEMA, place)} | {key: _node(value, place) for key, value in keys.items()}
    if names:
        content["scenarios"] = Node([trees.get(name) or node_of(name, place) for name in names], place)
    if further := {name: tree for name, tree in trees.items() if name not in names}:
        content["library"] = Node(dict(further), place, dict.fromkeys(further, place))
    return read_run(Node(content, place, dict.fromkeys(content, place)), folder / "run.yaml")


def _draft_trees(drafts: Mapping[str, str]) -> dict[str, Node]:
    """Trees of drafts by id, as they name themselves; all problems of all drafts at once."""
    trees: dict[str, Node] = {}
    problems: list[Problem] = []
    for name, text in drafts.items():
        try:
            trees[name] = _scenario_tree(text, f"draft {name}")
        except InputError as error:
            problems += error.problems
            continue
        written = trees[name].child("id")
        if written is None or written.content != name:
            found = "the draft has no id" if written is None else f"the draft {name} has the id {written.content!r}"
            problems.append(Problem(found, (written or trees[name]).place, f"id: {name}"))
    if problems:
        raise InputError(problems)
    return trees


def _scenario_tree(text: str, source: str) -> Node:
    """Parse a text that says that it is a scenario."""
    root = parse_yaml(text, source)
    if not isinstance(root.content, dict):
        raise InputError(Problem("no mapping stands here", root.place, "a scenario in YAML"))
    schema = root.child("schema")
    if schema is None or schema.content != SCHEMA:
        raise InputError(schema_problem(root, f"schema: {SCHEMA}"))
    return root


def _node(value: object, place: Place) -> Node:
    """Wrap plain values; true and false as a file writes them."""
    if isinstance(value, bool):
        return Node(str(value).lower(), place)
    if isinstance(value, list):
        return Node([_node(item, place) for item in value], place)
    if isinstance(value, Mapping):
        content = {str(key): _node(item, place) for key, item in value.items()}
        return Node(content, place, dict.fromkeys(content, place))
    return node_of(value, place)
