"""Parts of the grammar whose machinery this version lacks: named before anything is computed."""

from __future__ import annotations

from collections.abc import Iterator

from jpsim.conditioning.meetings import EXPECTED_RATE, POLICY_RATE
from jpsim.dictionary import channels, factors
from jpsim.errors import Problem, UnsupportedError
from jpsim.model import Model
from jpsim.scenario import Scenario, View

__all__ = ["bends", "carries_target", "intervenes", "is_shift_view", "refuse_unsupported", "states"]

_Refusal = tuple[tuple[str | int, ...], str, str]
"""Path of what is refused within the scenario, what it is, and what to do instead."""
_MONTHLY_MODEL = "remove it, or run it on a monthly model"
_OTHER_MODEL = "remove it, or take a model that has it: jpsim model list shows them"


def refuse_unsupported(scenario: Scenario, model: Model) -> None:
    """Refuse, by name, every part of a scenario that cannot be carried out on a model.

    Raises
    ------
    UnsupportedError
        With one problem for each such part; none is ever ignored.
    """
    problems = [
        Problem(f"{scenario.id}: {what} cannot be simulated", scenario.place(*path), fix=fix)
        for path, what, fix in (
            *_missing(scenario),
            *_absent(scenario, model),
            *_beyond_rules(scenario, model),
            *_monthly(scenario, model),
            *_unpriced(scenario, model),
        )
    ]
    if problems:
        raise UnsupportedError(problems)


def _missing(scenario: Scenario) -> Iterator[_Refusal]:
    for channel in scenario.impulses:
        if channels()[channel].impulse is None:
            carriers = " or ".join(name for name in channels()[channel].carried_by if name in factors())
            fix = f"state {carriers} under conditions; the channel's name belongs under channels"
            yield ("impulses", channel), f"impulse {channel}, which has no prior because factors carry it,", fix
    for number, view in enumerate(scenario.views):
        if view.absorb != "factors" and not is_shift_view(view):
            found = f"view on the {view.statistic} of {view.series} absorbed by {view.absorb}"
            yield ("views", number), found, "write absorb: factors, or a number instead of bounds"


def _absent(scenario: Scenario, model: Model) -> Iterator[_Refusal]:
    """Factors and structural shocks that the model does not carry."""
    known = factors().keys() - set(model.factors)
    for name in scenario.conditions:
        for factor in scenario.combinations.get(name, {name: 1.0}):
            if factor in known:
                yield ("conditions", name), f"{factor}, which the model {model.id} does not carry,", _OTHER_MODEL
    unknown = [name for name in scenario.drivers if name not in model.shocks] if scenario.drivers != "all" else []
    if unknown:
        fix = f"name others ({', '.join(model.shocks) or 'it has none'}), or leave drivers out"
        yield ("drivers",), f"drivers: [{', '.join(unknown)}], shocks that the model {model.id} does not identify,", fix
    for factor in scenario.state:
        if factor in known:
            yield ("state", factor), f"{factor}, which the model {model.id} does not carry,", _OTHER_MODEL


def _beyond_rules(scenario: Scenario, model: Model) -> Iterator[_Refusal]:
    """Rules that are named but cannot act on the model, or not beside the rest of the scenario."""
    rules = scenario.rules
    intervening = rules.fx_intervention not in (None, "off")
    if intervening and not ("usdjpy" in model.factors and model.in_differences[model.factor("usdjpy")]):
        found = f"rule fx_intervention on the model {model.id}, without changes of usdjpy,"
        yield ("rules", "fx_intervention"), found, _OTHER_MODEL
    named = {"policy_rate_meetings": rules.policy_rate_meetings, "policy_rate_floor": rules.policy_rate_floor}
    if rules.nonlinear == "on" and not model.terms:
        found = f"rule nonlinear on the model {model.id}, which has no nonlinear terms,"
        yield ("rules", "nonlinear"), found, _OTHER_MODEL
    for rule, said in named.items():
        if said not in (None, "off") and not carries_target(model) and not states(scenario, POLICY_RATE):
            found = f"rule {rule} on the model {model.id}, which has no target that follows an expected rate,"
            yield ("rules", rule), found, _OTHER_MODEL


def states(scenario: Scenario, factor: str) -> bool:
    """Whether conditions say something about a factor, by itself or within a combination."""
    return any(factor in scenario.combinations.get(name, {name: 1.0}) for name in scenario.conditions)


def intervenes(scenario: Scenario) -> bool:
    """Whether interventions act on the paths: the scenario names the rule and leaves USD/JPY free."""
    return scenario.rules.fx_intervention not in (None, "off") and not states(scenario, "usdjpy")


def carries_target(model: Model) -> bool:
    """Whether a model has a target policy rate that follows an expected rate, and on which nothing depends."""
    if not {POLICY_RATE, EXPECTED_RATE} <= set(model.factors):
        return False
    target = model.factor(POLICY_RATE)
    curved = any(POLICY_RATE in (term.factor, term.other) for term in model.terms)
    return not (curved or model.B[:, :, target].any() or model.loadings[:, target].any())


def bends(scenario: Scenario, *, plain: bool) -> bool:
    """Whether the model's nonlinear terms act: unless switched off; in a plain simulation only where named."""
    said = scenario.rules.nonlinear
    return said == "on" or (said is None and not plain)


def _monthly(scenario: Scenario, model: Model) -> Iterator[_Refusal]:
    """What has priors for months only, on a daily model."""
    if model.step == "month":
        return
    for channel in scenario.impulses:
        yield ("impulses", channel), f"impulse {channel} on the daily model {model.id}", _MONTHLY_MODEL
    if scenario.rules.fx_intervention not in (None, "off"):
        yield ("rules", "fx_intervention"), f"rule fx_intervention on the daily model {model.id}", _MONTHLY_MODEL


def _unpriced(scenario: Scenario, model: Model) -> Iterator[_Refusal]:
    """Announced paths on a model without a yield that prices them, or in which more than that yield reacts."""
    for name, blocks in scenario.conditions.items():
        for number, block in enumerate(blocks):
            if block.announced is not None and not _prices_target(model):
                found = f"an announced path of {name} on the model {model.id}, in which no yield prices it,"
                fix = "leave announced out: each step is then a surprise when it comes"
                yield ("conditions", name, number, "announced"), found, fix


def _prices_target(model: Model) -> bool:
    """Whether a two-year yield prices a model's target, and nothing but the target depends on the expected rate."""
    if model.step != "month" or not carries_target(model) or "jgb_2y" not in model.factors:
        return False
    expected = model.factor(EXPECTED_RATE)
    others = [i for i in range(len(model.factors)) if i not in (expected, model.factor(POLICY_RATE))]
    curved = any(EXPECTED_RATE in (term.factor, term.other) for term in model.terms)
    return not (curved or model.B[:, others, expected].any() or model.loadings[:, expected].any())


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
