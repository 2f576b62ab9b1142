"""Which state-dependent rules are in force in a scenario, and their numbers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.conditional import Conditional
from jpsim.conditioning.meetings import EXPECTED_RATE, POLICY_RATE
from jpsim.conditioning.scenario_law import ScenarioLaw
from jpsim.conditioning.support import carries_target, intervenes, states
from jpsim.dictionary import boj_meetings, boj_moves, rule_priors
from jpsim.model import Model
from jpsim.months import Month
from jpsim.scenario import Scenario
from jpsim.simulation.law import InterventionRule, MeetingRule, Rules

__all__ = ["compile_rules", "follows_meetings", "meeting_rule"]

Floats = npt.NDArray[np.float64]


def compile_rules(law: ScenarioLaw, *, plain: bool) -> Rules | None:
    """Compile the rules that are in force; None if none is.

    Parameters
    ----------
    law
        What the scenario means on its model.
    plain
        Whether the run is the plain simulation of the model's arrays, in which only rules that the scenario
        names are in force.
    """
    scenario, model = law.scenario, law.conditional.system.model
    free = carries_target(model) and not states(scenario, POLICY_RATE)
    floor = _floor(scenario, plain=plain) if free else -np.inf
    meetings = meeting_rule(model, law.conditional.system.horizon) if follows_meetings(law, plain=plain) else None
    intervention = _intervention(law) if intervenes(scenario) else None
    if meetings is None and intervention is None and floor == -np.inf:
        return None
    decided = meetings is not None or floor > -np.inf
    return Rules(
        model.factor(POLICY_RATE) if decided else -1,
        model.factor("usdjpy") if intervention is not None else -1,
        floor,
        meetings,
        intervention,
    )


def follows_meetings(law: ScenarioLaw, *, plain: bool) -> bool:
    """Whether the target is decided meeting by meeting: the scenario leaves it free and does not say off."""
    scenario, model = law.scenario, law.conditional.system.model
    said = scenario.rules.policy_rate_meetings
    wanted = said == "on" or (said is None and not plain)
    return wanted and carries_target(model) and not states(scenario, POLICY_RATE)


def meeting_rule(model: Model, horizon: int) -> MeetingRule:
    """Return the meeting rule on a model, from the calendar, the last move and the priors."""
    assert isinstance(model.as_of, Month)  # daily models carry no target
    meetings = {Month.parse(meeting.day) for meeting in boj_meetings()}
    moves = [Month.parse(day) for day in boj_moves() if Month.parse(day) <= model.as_of]
    prior = rule_priors("policy_rate_meetings")
    age = float(model.as_of - max(moves)) if moves else prior["recovery"]
    return MeetingRule(
        np.array([model.as_of + month in meetings for month in range(1, horizon + 1)], dtype=np.int64),
        model.factor(EXPECTED_RATE),
        _position(model, "core_cpi"),
        _position(model, "usdjpy"),
        age,
        **_named(MeetingRule, prior),
    )


def _floor(scenario: Scenario, *, plain: bool) -> float:
    said = scenario.rules.policy_rate_floor
    if said == "off" or (said is None and plain):
        return -np.inf
    return rule_priors("policy_rate_floor")["level"] if said is None else said.level.value


def _intervention(law: ScenarioLaw) -> InterventionRule:
    rule, model = law.scenario.rules.fx_intervention, law.conditional.system.model
    assert rule is not None
    assert rule != "off"
    position = model.factor("usdjpy")
    prior = dict(rule_priors("fx_intervention"))
    extra = (prior["turbulence"] - 1.0) * model.Sigma[position, position]
    stated = {"threshold": rule.threshold.value, "turbulence": float(np.sqrt(extra))}
    return InterventionRule(**_named(InterventionRule, prior | stated), reach=_reach(law.conditional, position))


def _reach(conditional: Conditional, factor: int) -> Floats:
    """(h, m) response of each row's expected value to a unit shift of a factor at the end of month t."""
    system, table = conditional.system, conditional.table
    shift = np.zeros(system.start.size)
    shift[factor] = 1.0
    first = system.start.size - system.cumulated.size
    shift[first + int(np.searchsorted(system.cumulated, factor))] = 1.0
    reach = np.zeros((system.horizon, len(table.rows)))
    length = table.months - table.firsts + 1
    for t in range(system.horizon):
        state = shift
        for month in range(t + 1, system.horizon):
            state = system.transition[month] @ state
            due = (table.firsts <= month + 1) & (month + 1 <= table.months) & ~table.news
            reach[t, due] += table.weights[due] @ state / length[due]
    return reach[:, conditional.order]


def _named(kind: type, values: Mapping[str, float]) -> dict[str, float]:
    """Keep the coefficients that a rule has; texts and what is compiled otherwise are left out."""
    return {name: values[name] for name in kind._fields if name in values}  # type: ignore[attr-defined]


def _position(model: Model, factor: str) -> int:
    return model.factor(factor) if factor in model.factors else -1
