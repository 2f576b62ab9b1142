"""Parts of the grammar whose machinery this version lacks: named before anything is computed."""

from __future__ import annotations

from collections.abc import Iterator

from jpsim.dictionary import channels, factors
from jpsim.errors import Problem, UnsupportedError
from jpsim.model import Model
from jpsim.scenario import Scenario, View

__all__ = ["is_shift_view", "refuse_unsupported"]

_WAIT = "validate it now, run it when the machinery is there; until then remove it"


def refuse_unsupported(scenario: Scenario, model: Model) -> None:
    """Refuse, by name, every part of a scenario that cannot be carried out yet on a model.

    Raises
    ------
    UnsupportedError
        With one problem for each such part; none is ever ignored.
    """
    problems = [
        Problem(f"{scenario.id}: {what} cannot be simulated yet", scenario.place(*path), fix=_WAIT)
        for path, what in (*_missing(scenario), *_absent(scenario, model))
    ]
    if problems:
        raise UnsupportedError(problems)


def _missing(scenario: Scenario) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if scenario.regime != "model":
        yield ("regime",), f"regime: {scenario.regime}"
    for channel in scenario.impulses:
        if channels()[channel].impulse is None:
            yield ("impulses", channel), f"impulse {channel}, which has no prior because factors carry it,"
    for rule in ("fx_intervention", "policy_rate_floor", "policy_rate_meetings"):
        pinned = rule == "fx_intervention" and "usdjpy" in scenario.conditions
        if getattr(scenario.rules, rule) not in (None, "off") and not pinned:
            yield (
                ("rules", rule),
                f"rule {rule}" + (" on a path that the scenario leaves free" if rule == "fx_intervention" else ""),
            )
    kinds = {(block.table and "table") or block.kind for blocks in scenario.conditions.values() for block in blocks}
    if {"table", "marginal"} <= kinds:
        yield ("conditions",), "a table of probabilities beside a condition of kind marginal"
    for number, view in enumerate(scenario.views):
        if view.absorb != "factors" and not is_shift_view(view):
            yield ("views", number), f"view on the {view.statistic} of {view.series} absorbed by {view.absorb}"


def _absent(scenario: Scenario, model: Model) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Factors and structural shocks that the model does not carry."""
    known = factors().keys() - set(model.factors)
    for name in scenario.conditions:
        for factor in scenario.combinations.get(name, {name: 1.0}):
            if factor in known:
                yield ("conditions", name), f"{factor}, which the model {model.id} does not carry,"
    unknown = [name for name in scenario.drivers if name not in model.shocks] if scenario.drivers != "all" else []
    if unknown:
        yield ("drivers",), f"drivers: [{', '.join(unknown)}], shocks that the model {model.id} does not identify,"
    for factor in scenario.state:
        if factor in known:
            yield ("state", factor), f"{factor}, which the model {model.id} does not carry,"


def is_shift_view(view: View) -> bool:
    """Whether a view is a plain mean that a shift of the returns absorbs, booked as premium or as earnings."""
    return (
        view.statistic == "mean"
        and view.absorb != "factors"
        and view.versus is None
        and view.at is not None
        and view.mean is not None
        and view.mean.equal is not None
    )
