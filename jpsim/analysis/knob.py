"""A knob: one number of a scenario that may be turned, named as ``--set`` names it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jpsim.errors import InputError, Place, Problem
from jpsim.scenario import RunRequest, Scenario, plain_scenario
from jpsim.units import Quantity, Unit

__all__ = ["Knob", "Load", "find_knob"]

Load = Callable[[Sequence[str]], RunRequest]
"""Reads the run with further values of ``--set``, ``key=value``."""

_ALLOWED = "scenarios.ID. and the path of a number with a unit, as scenarios.boj_hike.conditions.jgb_10y.change.12m"
_STEPS: Mapping[Unit, float] = {"percent": 0.25, "pp": 0.1, "relative": 0.02, "share": 0.05, "sd": 0.25, "level": 0.1}
_REACH: Mapping[Unit, float] = {"percent": 10.0, "pp": 10.0, "relative": 0.9, "share": 1.0, "sd": 10.0}
"""How far from its start a number without bounds is turned; a level to ten times its start."""

_NUMBER_SIGNS = "0123456789.+- "


@dataclass(frozen=True, eq=False)
class Knob:
    """One number of a scenario.

    Parameters
    ----------
    key
        Its name, ``scenarios.ID.path``.
    start
        The value from which a search begins: what the scenario states, or the middle of the bounds.
    stated
        Whether the scenario states it already.
    word
        The dictionary's unit, for levels that need one.
    bounds
        Ends that it may not leave; None if there are none.
    load
        Reads the run with further values of ``--set``.
    """

    key: str
    start: Quantity
    stated: bool
    word: str
    bounds: tuple[float, float] | None
    load: Load

    @property
    def step(self) -> float:
        """A first step for a search."""
        return max(0.1 * abs(self.start.value), _STEPS[self.start.unit])

    @property
    def ends(self) -> tuple[float, float]:
        """Ends of a search: the bounds, or else what a sensible scenario could state."""
        if self.bounds is not None:
            return self.bounds
        reach = _REACH.get(self.start.unit, 9.0 * abs(self.start.value))
        return self.start.value - reach, self.start.value + reach

    def write(self, value: float) -> str:
        """Write a value of the knob as the grammar reads it."""
        return Quantity(value, self.start.unit).text(self.word)

    def turn(self, value: float) -> RunRequest:
        """Read the run with the knob at a value; InputError where the grammar refuses it."""
        return self.load([f"{self.key}={self.write(value)}"])


def find_knob(load: Load, key: str, scenario: str, bounds: tuple[str, str] | None = None) -> Knob:
    """Find a number of a scenario and its unit.

    Parameters
    ----------
    load
        Reads the run with further values of ``--set``.
    key
        ``scenarios.ID.path``.
    scenario
        Id of the scenario that is judged; the knob may belong to another one that it extends or refers to.
    bounds
        Lowest and highest value with their units; needed where the scenario does not state the number.

    Raises
    ------
    InputError
        If the key names no number, or the bounds are none.
    """
    parts = tuple(next(csv.reader([key], delimiter=".")))
    place = Place(f"--with {key}")
    if len(parts) < 3 or parts[0] != "scenarios" or not all(parts):
        raise InputError(Problem("this names no number of a scenario", place, _ALLOWED))
    stated = _read(load(()), parts, scenario, place)
    ends = (
        None if bounds is None else [_read(load([f"{key}={text.strip()}"]), parts, scenario, place) for text in bounds]
    )
    found = stated or (ends[0] if ends else None)
    if found is None:
        fix = "give --bounds LOW,HIGH, or state a value in the scenario"
        raise InputError(Problem("the scenario does not state this number", place, _ALLOWED, fix))
    quantity, word = found
    if ends is None:
        return Knob(key, quantity, True, word, None, load)
    low, high = (end[0] for end in ends if end is not None)
    if low.unit != high.unit or low.unit != quantity.unit or not low.value < high.value:
        raise InputError(Problem(f"--bounds {','.join(bounds or ())}", place, "LOW,HIGH in one unit, LOW below HIGH"))
    inside = stated is not None and low.value <= quantity.value <= high.value
    start = quantity if inside else Quantity(0.5 * (low.value + high.value), quantity.unit)
    return Knob(key, start, stated is not None, word, (low.value, high.value), load)


def _read(request: RunRequest, parts: tuple[str, ...], judged: str, place: Place) -> tuple[Quantity, str] | None:
    """Quantity and unit word at the end of a path; None if the scenario says nothing there."""
    everything = {**request.library, **{each.id: each for each in request.scenarios}}
    scenario = everything.get(parts[1]) or everything.get(judged)
    if scenario is None:
        raise InputError(Problem(f"the run has no scenario {judged!r}", allowed=", ".join(everything)))
    quantity, text = _leaf(scenario, parts[2:]), _leaf(plain_scenario(scenario), parts[2:])
    if quantity is None or text is None:
        return None
    if isinstance(quantity, float):
        return Quantity(quantity, "share"), ""
    if not isinstance(quantity, Quantity):
        raise InputError(Problem("this is no number with a unit", place, _ALLOWED))
    return quantity, str(text).lstrip(_NUMBER_SIGNS)


def _leaf(node: Scenario | object, path: Sequence[str]) -> Any:
    """What stands at a path of records, mappings and lists; a list of one needs no number. None if nothing does."""
    for part in path:
        if isinstance(node, (tuple, list)) and not part.isdecimal() and len(node) == 1:
            node = node[0]
        if isinstance(node, (tuple, list)):
            node = node[int(part)] if part.isdecimal() and int(part) < len(node) else None
        elif isinstance(node, Mapping):
            node = {str(key): value for key, value in node.items()}.get(part)
        else:
            node = getattr(node, part, None)
    equal = getattr(node, "equal", None)
    return node if equal is None else equal
