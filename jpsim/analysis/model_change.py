"""What a new model changes: its record, parameters, moments, and what scenarios give on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from jpsim.analysis.model_quantities import Numbers, facts, moments, parameters
from jpsim.analysis.paired_errors import Difference, difference, estimate_all
from jpsim.analysis.redrawing import Side
from jpsim.errors import InputError, Problem
from jpsim.model import Model

__all__ = ["BlockChange", "FactChange", "ModelChange", "NumberChange", "ScenarioChange", "compare_numbers", "effects"]

_SAME = 1e-9
"""Relative difference below which a number did not move: models are stored to twelve digits."""


@dataclass(frozen=True, slots=True)
class FactChange:
    """A leaf of the models' records that differs; None where a record lacks it."""

    leaf: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class NumberChange:
    """A parameter or moment in both models.

    Parameters
    ----------
    name
        What it is, within its block.
    before, after
        Its values.
    spreads
        The difference in posterior standard deviations of the model before; None where it keeps no draws of it.
    """

    name: str
    before: float
    after: float
    spreads: float | None


@dataclass(frozen=True, slots=True)
class BlockChange:
    """Numbers of one kind.

    Parameters
    ----------
    block
        What they are.
    count, moved
        Numbers that both models have, and how many of them differ.
    added, removed
        Names that only the model after, and only the model before has.
    typical
        Root mean square of the differences in posterior standard deviations; None without draws.
    numbers
        Those that moved, the largest move first: in posterior standard deviations, or relative to the largest
        number of the block where there are none.
    """

    block: str
    count: int
    moved: int
    added: tuple[str, ...]
    removed: tuple[str, ...]
    typical: float | None
    numbers: tuple[NumberChange, ...]


@dataclass(frozen=True, slots=True)
class ScenarioChange:
    """What one scenario gives for one output at the horizon.

    Parameters
    ----------
    scenario, output, kind
        Which output of which scenario.
    before, after
        Statistic to its value: ``mean`` and ``es95``, the mean loss since month 0 in the worst twentieth.
    changes
        The differences; path i of both models comes from one draw, so their errors are those of pairs.
    """

    scenario: str
    output: str
    kind: str
    before: dict[str, float]
    after: dict[str, float]
    changes: dict[str, Difference]


@dataclass(frozen=True, slots=True)
class ModelChange:
    """A model against another one.

    Parameters
    ----------
    before, after
        ``id@version`` of each.
    facts
        Leaves of the records that differ.
    parameters, moments
        Blocks of numbers.
    scenarios
        Effects on scenarios; none where no scenario was drawn.
    month, paths
        Horizon of the scenarios, and paths of each.
    """

    before: str
    after: str
    facts: tuple[FactChange, ...]
    parameters: tuple[BlockChange, ...]
    moments: tuple[BlockChange, ...]
    scenarios: tuple[ScenarioChange, ...] = ()
    month: int | None = None
    paths: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


def compare_numbers(before: Model, after: Model) -> ModelChange:
    """Compare two models number by number; scenarios are not drawn.

    Raises
    ------
    InputError
        One model counts months and the other days.
    """
    if before.step != after.step:
        found = f"{before.id} counts {before.step}s and {after.id} {after.step}s"
        raise InputError(Problem(found, allowed="two monthly models, or two daily ones"))
    return ModelChange(
        f"{before.id}@{before.version}",
        f"{after.id}@{after.version}",
        _fact_changes(before, after),
        _block_changes(parameters(before), parameters(after)),
        _block_changes(moments(before), moments(after)),
    )


def effects(before: Side, after: Side, outputs: Sequence[str], month: int) -> tuple[ScenarioChange, ...]:
    """Compare outputs of one scenario on two models, their paths drawn from the same counters.

    Parameters
    ----------
    before, after
        The scenario's draws on each model, with the same seed and number of paths.
    outputs
        Ids that both models have.
    month
        Months after month 0.
    """
    drawn = [(side, side.values(outputs, month)) for side in (before, after)]
    found = []
    for row, output in enumerate(outputs):
        one, two = (estimate_all(side.ordered(values[row]), side.start(output)) for side, values in drawn)
        kind = before.run.kinds[before.run.outputs.index(output)]
        names = ("mean", "es95")
        found.append(
            ScenarioChange(
                before.scenario,
                output,
                kind,
                {name: float(one[name].value) for name in names},
                {name: float(two[name].value) for name in names},
                {name: difference(one[name], two[name], paired=True) for name in names},
            )
        )
    return tuple(found)


def _fact_changes(before: Model, after: Model) -> tuple[FactChange, ...]:
    one, two = facts(before), facts(after)
    leaves = dict.fromkeys([*one, *two])
    return tuple(FactChange(leaf, one.get(leaf), two.get(leaf)) for leaf in leaves if one.get(leaf) != two.get(leaf))


def _block_changes(before: dict[str, Numbers], after: dict[str, Numbers]) -> tuple[BlockChange, ...]:
    none = Numbers((), np.zeros(0), np.zeros(0))
    blocks = dict.fromkeys([*before, *after])
    return tuple(_block_change(block, before.get(block, none), after.get(block, none)) for block in blocks)


def _block_change(block: str, before: Numbers, after: Numbers) -> BlockChange:
    there = {name: place for place, name in enumerate(after.names)}
    places = [(own, there[name]) for own, name in enumerate(before.names) if name in there]
    largest = max((abs(value) for value in before.values[np.isfinite(before.values)]), default=1.0) or 1.0
    shared = [(before.names[i], before.values[i], after.values[j], before.spread[i]) for i, j in places]
    moved = sorted((_number(*one) for one in shared if _differs(one[1], one[2])), key=lambda one: -_size(one, largest))
    gaps = [(two - one) / sd for _, one, two, sd in shared if np.isfinite(sd)]
    return BlockChange(
        block,
        len(shared),
        len(moved),
        tuple(name for name in after.names if name not in before.names),
        tuple(name for name in before.names if name not in there),
        float(np.sqrt(np.mean(np.square(gaps)))) if gaps else None,
        tuple(moved),
    )


def _differs(one: float, two: float) -> bool:
    return bool(one != two and not abs(two - one) <= _SAME * max(abs(one), abs(two)))


def _number(name: str, before: float, after: float, spread: float) -> NumberChange:
    gap = float((after - before) / spread) if np.isfinite(spread) else None
    return NumberChange(name, float(before), float(after), gap)


def _size(number: NumberChange, largest: float) -> float:
    gap = abs(number.after - number.before) / largest if number.spreads is None else abs(number.spreads)
    return gap if np.isfinite(gap) else np.inf
