"""Edits of a scenario in memory: a changed copy, read again by the grammar."""

from __future__ import annotations

from dataclasses import replace

from jpsim.errors import InputError, Place
from jpsim.scenario.canonical import plain_scenario
from jpsim.scenario.composition import assign, without_nulls
from jpsim.scenario.cursor import Findings
from jpsim.scenario.grammar import read_scenario
from jpsim.scenario.node import node_of
from jpsim.scenario.schema import Scenario

__all__ = ["edit"]


def edit(scenario: Scenario, path: tuple[str, ...], value: object) -> Scenario:
    """Set one part of a scenario in the words of the grammar; None removes it.

    Raises
    ------
    InputError
        With all problems of the changed scenario.
    """
    place = Place(f"{scenario.id}.{'.'.join(path)}")
    findings = Findings()
    root = node_of(plain_scenario(scenario), Place(scenario.id))
    changed = assign(root, path, node_of(value, place))
    edited = read_scenario(without_nulls(changed or root), findings)
    if findings.problems:
        raise InputError(findings.in_order())
    edited._origin = replace(edited._origin, warnings=tuple(findings.warnings))
    return edited
