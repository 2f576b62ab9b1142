"""Goal seek on a run: the knob, the statistic, and the scenario at the solution."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from jpsim.analysis.goal_seek import Answer, Goal, Solution, seek_goal
from jpsim.analysis.knob import Knob
from jpsim.analysis.plausible_path import monthly_law
from jpsim.analysis.selection import find_output, select_scenario
from jpsim.conditioning.compounding import expected_growth
from jpsim.conditioning.explanation import explain_story
from jpsim.errors import InputError, Problem
from jpsim.model import Model
from jpsim.scenario import RunRequest
from jpsim.simulation.job import Job, prepare_job
from jpsim.simulation.sampling import Sampler

__all__ = ["GOAL_STATISTICS", "ScenarioGoal", "Wish", "solve_for_knob"]

GoalStatistic = Literal["mean", "q50", "q05", "es95"]
GOAL_STATISTICS: tuple[GoalStatistic, ...] = ("mean", "q50", "q05", "es95")
"""Statistics that a goal may be about, as in `jpsim.simulation.result.STATISTICS`."""

_NORMAL_KINDS = {"hard", "measurement", "marginal"}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a statistic should be.

    Parameters
    ----------
    scenario
        Id of the scenario.
    series, month
        A factor or series, and the month from 1 to the horizon.
    statistic
        One of `GOAL_STATISTICS`.
    target
        Its value: a cumulative simple return, a loss for ``es95``, or a factor's level.
    """

    scenario: str
    series: str
    month: int
    statistic: GoalStatistic
    target: float


@dataclass(frozen=True, eq=False)
class ScenarioGoal:
    """Answer to a goal seek.

    Parameters
    ----------
    wish, knob
        What was asked.
    before
        The statistic as the scenario stands; None where it does not state the knob's number.
    solution
        The knob's value at which the wish holds.
    paths
        Paths drawn at each evaluation; 0 where the closed form is exact.
    plausibility, warnings
        Of the scenario at the solution; see `jpsim.conditioning.explanation.explain_story`.
    """

    wish: Wish
    knob: Knob
    before: Answer | None
    solution: Solution
    paths: int
    plausibility: dict[str, Any]
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        wish, knob, solution = self.wish, self.knob, self.solution
        return {
            "scenario": wish.scenario,
            "series": wish.series,
            "month": wish.month,
            "statistic": wish.statistic,
            "target": wish.target,
            "knob": knob.key,
            "unit": knob.start.unit,
            "value": solution.value,
            "value_se": solution.error if np.isfinite(solution.error) else None,
            "set": f"{knob.key}={knob.write(solution.value)}",
            "reached": solution.answer.value,
            "reached_se": solution.answer.error,
            "slope": solution.slope,
            "before": None if self.before is None else {"value": knob.start.value, "reached": self.before.value},
            "evaluations": solution.evaluations,
            "paths": self.paths,
            "plausibility": self.plausibility,
            "warnings": list(self.warnings),
        }


def solve_for_knob(knob: Knob, wish: Wish, model: Model, paths: int) -> ScenarioGoal:
    """Find how far a number of a scenario must go for a statistic to take the wanted value.

    Parameters
    ----------
    knob
        The number.
    wish
        What is wanted.
    model
        The model of the run.
    paths
        Paths that each evaluation draws where there is no exact closed form.

    Raises
    ------
    InputError
        If the wish names what does not exist, or the knob cannot bring it about.
    """
    position = find_output(model.outputs, model.outputs, wish.series)

    def prepare(request: RunRequest) -> Job:
        return prepare_job(select_scenario(request, wish.scenario), model)

    def ask(value: float) -> Answer:
        return _answer(prepare(knob.turn(value)).samplers[0], wish, position, paths)

    request = knob.load(())
    if not 1 <= wish.month <= request.horizon:
        raise InputError(Problem(f"month {wish.month} is outside the horizon", allowed=f"1m to {request.horizon}m"))
    before = ask(knob.start.value) if knob.stated else None
    low, high = knob.bounds or (-np.inf, np.inf)
    tell = _writer(position < len(model.factors))
    solution = seek_goal(ask, Goal(wish.target, knob.start.value, knob.step, low, high), knob.write, tell)
    sampler = prepare(knob.turn(solution.value)).samplers[0]
    told = explain_story(sampler.story)
    drawn = 0 if _exact(sampler, wish, position) else paths
    return ScenarioGoal(wish, knob, before, solution, drawn, told["plausibility"], tuple(told["warnings"]))


def _writer(level: bool) -> Callable[[float], str]:
    """Write a factor's level, or a return in percent."""
    return "{:.4g}".format if level else "{:.2%}".format


def _answer(sampler: Sampler, wish: Wish, position: int, paths: int) -> Answer:
    if _exact(sampler, wish, position):
        return Answer(_closed_mean(sampler, wish), 0.0)
    sample, _ = sampler.draw(paths)
    place = position, wish.month - 1
    return Answer(float(sample.statistics[wish.statistic][place]), float(sample.errors[wish.statistic][place]))


def _exact(sampler: Sampler, wish: Wish, position: int) -> bool:
    """Whether the mean of a series has an exact closed form: a normal law without weights."""
    laws = [part.law for part in sampler.story.parts]
    kinds = {row.kind for law in laws for row in law.conditional.table.rows}
    normal = not sampler.weighted and all(arrays.mixing is None for arrays in sampler.laws) and kinds <= _NORMAL_KINDS
    return wish.statistic == "mean" and normal and position >= len(laws[0].conditional.system.model.factors)


def _closed_mean(sampler: Sampler, wish: Wish) -> float:
    """Mean compound return, over the parts of the story."""
    total = 0.0
    for part in sampler.story.parts:
        law = monthly_law(part.law, wish.series, wish.month)
        cov = law.cov  # its diagonal, where the residual stands, does not matter
        total += part.weight * float(expected_growth(law.mean[None], cov[None])[0, -1] - 1.0)
    return total
