"""What state-dependent rules did in a story, or what they say of the paths that it states.

Read off at most 16,384 of the story's own paths. Members of a mixture may differ in their rules: of these
nothing is told here, run the members by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.meetings import EXPECTED_RATE, POLICY_RATE
from jpsim.conditioning.support import carries_target
from jpsim.dictionary import rule_priors
from jpsim.simulation.interventions import InterventionRisk, intervention_risk, intervention_share
from jpsim.simulation.law import MeetingRule
from jpsim.simulation.rule_compilation import meeting_rule
from jpsim.simulation.sampling import Sampler
from jpsim.simulation.target_moves import DecidedTarget, StatedTarget, judge_target, tell_target

__all__ = ["intervention_outcome", "target_outcome"]

Floats = npt.NDArray[np.float64]

_MOST = 16_384


def intervention_outcome(sampler: Sampler, weights: Floats | None, paths: int) -> InterventionRisk | None:
    """Risk of currency intervention, if the scenario names the rule.

    Parameters
    ----------
    sampler
        The story.
    weights, paths
        Of the run, as `Sampler.draw` returns and takes them.
    """
    rule = sampler.story.scenario.rules.fx_intervention
    if rule is None or rule == "off":
        return None
    count = min(paths, _MOST)
    share, threshold = _share(weights, count), rule.threshold.value
    if sampler.laws[0].intervenes:
        return intervention_share(sampler.trace(0, count)[0], share, threshold)
    [levels] = _outputs(sampler, ["usdjpy"], count)
    return intervention_risk(levels, _start(sampler, "usdjpy"), share, threshold)


def target_outcome(sampler: Sampler, weights: Floats | None, paths: int) -> DecidedTarget | StatedTarget | None:
    """Decisions on the target: by the rule where it is in force, judged by it where the scenario states them.

    Nothing is told where the run leaves months out of its report.

    Parameters
    ----------
    sampler, weights, paths
        As in `intervention_outcome`.
    """
    scenario, model = sampler.story.scenario, sampler.story.parts[0].law.conditional.system.model
    if sampler.laws[0].reported.size < sampler.laws[0].dynamics.intercept.shape[0]:
        return None
    count = min(paths, _MOST)
    share = _share(weights, count)
    decided = [None if law.rules is None else law.rules.meetings for law in sampler.laws]
    if all(rule is not None for rule in decided):
        rules = sampler.laws[0].rules
        assert rules is not None
        target, expected = _outputs(sampler, [POLICY_RATE, EXPECTED_RATE], count)
        step = rule_priors("policy_rate_meetings")["step"]
        return tell_target(target, expected, _start(sampler, POLICY_RATE), share, step, rules.floor)
    if POLICY_RATE not in scenario.conditions or scenario.rules.policy_rate_meetings == "off" or scenario.mixture:
        return None
    if not carries_target(model):
        return None
    rule = meeting_rule(model, sampler.laws[0].dynamics.intercept.shape[0])
    return _judged(sampler, rule, share, count)


def _judged(sampler: Sampler, rule: MeetingRule, share: Floats, count: int) -> StatedTarget:
    known = sampler.story.parts[0].law.conditional.system.model.factors
    others = [name for name in ("core_cpi", "usdjpy") if name in known]
    target, expected, *rest = _outputs(sampler, [POLICY_RATE, EXPECTED_RATE, *others], count)
    found = dict(zip(others, rest, strict=True))
    prices = found.get("core_cpi", np.full_like(target, rule.inflation_target))
    level = found.get("usdjpy", np.full_like(target, rule.yen_level))
    return judge_target(rule, target, (expected, prices, level), _start(sampler, POLICY_RATE), share)


def _outputs(sampler: Sampler, names: Iterable[str], count: int) -> list[Floats]:
    """(h, count) paths of each of some outputs."""
    outputs = sampler.story.parts[0].law.conditional.system.model.outputs
    rows = [outputs.index(name) for name in names]
    return list(sampler.paths(0, count, rows, threads=sampler.threads))


def _share(weights: Floats | None, count: int) -> Floats:
    share = np.ones(count) if weights is None else weights[:count]
    normed: Floats = share / share.sum()
    return normed


def _start(sampler: Sampler, name: str) -> float:
    outputs = sampler.story.parts[0].law.conditional.system.model.outputs
    return float(sampler.laws[0].start[outputs.index(name)])
