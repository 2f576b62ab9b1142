"""Goal seek on a run: the knob, the statistic, and the scenario at the solution."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from jpsim.analysis.answer_plots import plot_goal
from jpsim.analysis.attribution import mean_growth
from jpsim.analysis.goal_seek import Answer, Goal, Solution, seek_goal
from jpsim.analysis.knob import Knob, Load, find_knob
from jpsim.analysis.selection import find_output, prepare_scenario, read_month, read_target, select_scenario
from jpsim.conditioning.explanation import explain_story
from jpsim.conditioning.premium import series_weights
from jpsim.model import Model
from jpsim.scenario import RunRequest
from jpsim.simulation.job import prepare_job
from jpsim.simulation.sampling import Sampler

__all__ = ["GoalStatistic", "ScenarioGoal", "Wish", "solve_for_knob"]

GoalStatistic = Literal["mean", "q50", "q05", "es95"]
"""Statistics that a goal may be about, as in `jpsim.simulation.result.STATISTICS`."""

_OPTIONS = {"mean": "mean", "q50": "median", "q05": "q05", "es95": "es95"}
_KEPT = 4  # samplers: the one of the solution, after which the slope asks for two more
_NORMAL_KINDS = {"hard", "measurement", "marginal"}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a statistic should be, in the words of a user.

    Parameters
    ----------
    series, at
        A factor or series, and the month meant, as ``12m`` or ``2026-12``.
    statistic
        One of `GoalStatistic`.
    target
        Its value with its unit: a cumulative simple return, a loss for ``es95``, or a factor's level.
    scenario
        Id of the scenario; None for the one that the knob belongs to, or else the first.
    """

    series: str
    at: str
    statistic: GoalStatistic
    target: str
    scenario: str | None = None


@dataclass(frozen=True, eq=False)
class ScenarioGoal:
    """Answer to a goal seek.

    Parameters
    ----------
    wish, target
        What was asked, and its number.
    model, scenario, month
        The model, the scenario's id, and the month from 1 to the horizon.
    knob
        The number that is turned.
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
    target: float
    model: Model
    scenario: str
    month: int
    knob: Knob
    before: Answer | None
    solution: Solution
    paths: int
    plausibility: dict[str, Any]
    warnings: tuple[str, ...]

    def plot(self, ax: Any = None) -> Any:
        """Draw the statistic over the knob, with target and solution (matplotlib); returns the Axes."""
        return plot_goal(self, ax)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON; ``set`` is the solution as ``--set`` takes it."""
        wish, knob, solution, before = self.wish, self.knob, self.solution, self.before
        return {
            "scenario": self.scenario,
            "series": wish.series,
            "month": self.month,
            "date": str(self.model.as_of + self.month),
            "statistic": wish.statistic,
            "target": self.target,
            "knob": knob.key,
            "unit": knob.start.unit,
            "value": solution.value,
            "value_se": solution.error if np.isfinite(solution.error) else None,
            "set": f"{knob.key}={knob.write(solution.value)}",
            "reached": solution.answer.value,
            "reached_se": solution.answer.error,
            "slope": solution.slope,
            "before": None if before is None else {"value": knob.start.value, "reached": before.value},
            "evaluations": solution.evaluations,
            "paths": self.paths,
            "plausibility": self.plausibility,
            "warnings": list(self.warnings),
        }


def solve_for_knob(load: Load, key: str, wish: Wish, bounds: tuple[str, str] | None = None) -> ScenarioGoal:
    """Find how far a number of a scenario must go for a statistic to take the wanted value.

    Parameters
    ----------
    load
        Reads the run with further values of ``--set``; its number of paths is drawn at each evaluation
        where there is no exact closed form.
    key
        The number, ``scenarios.ID.path``.
    wish
        What is wanted.
    bounds
        Lowest and highest value of the number; needed where the scenario does not state it.

    Raises
    ------
    InputError
        If key, wish or bounds name what does not exist, or the number cannot bring the wish about.
    """
    request = load(())
    judged = wish.scenario or _owner(request, key)
    job = prepare_scenario(request, judged)
    model, paths, scenario = job.model, request.paths, job.samplers[0].id
    position = find_output(model.outputs, model.outputs, wish.series)
    month = read_month(wish.at, model.as_of, request.horizon)
    target = read_target(wish.target, wish.series, f"--{_OPTIONS[wish.statistic]}")
    knob = find_knob(load, key, scenario, bounds)

    @lru_cache(maxsize=_KEPT)
    def sampler_at(value: float) -> Sampler:
        return prepare_job(select_scenario(knob.turn(value), scenario), model).samplers[0]

    def ask(value: float) -> Answer:
        return _answer(sampler_at(value), wish, position, month, paths)

    tell = "{:.4g}".format if position < len(model.factors) else "{:.2%}".format
    solution = seek_goal(ask, Goal(target, knob.start.value, knob.step, *knob.ends), knob.write, tell)
    before = solution.tried[knob.start.value] if knob.stated else None  # every search begins there
    final = sampler_at(solution.value)
    told = explain_story(final.story)
    drawn = 0 if _exact(final, wish, position) else paths
    warnings = tuple(told["warnings"])
    return ScenarioGoal(
        wish, target, model, scenario, month, knob, before, solution, drawn, told["plausibility"], warnings
    )


def _owner(request: RunRequest, key: str) -> str | None:
    """Scenario of the run that a key belongs to, if it is one that the run lists."""
    listed = {each.id for each in request.scenarios}
    return next((part for part in key.split(".")[1:2] if part in listed), None)


def _answer(sampler: Sampler, wish: Wish, position: int, month: int, paths: int) -> Answer:
    if _exact(sampler, wish, position):
        return Answer(_closed_mean(sampler, wish.series, month), 0.0)
    sample, _ = sampler.draw(paths)
    place = position, sampler.laws[0].reported.tolist().index(month)
    return Answer(float(sample.statistics[wish.statistic][place]), float(sample.errors[wish.statistic][place]))


def _exact(sampler: Sampler, wish: Wish, position: int) -> bool:
    """Whether the mean of a series has an exact closed form: a normal law without weights."""
    laws = [part.law for part in sampler.story.parts]
    kinds = {row.kind for law in laws for row in law.conditional.table.rows}
    plain = all((not arrays.mixing or arrays.mixing.normal) and not arrays.intervenes for arrays in sampler.laws)
    normal = not sampler.weighted and plain and kinds <= _NORMAL_KINDS
    return wish.statistic == "mean" and normal and position >= len(laws[0].conditional.system.model.factors)


def _closed_mean(sampler: Sampler, series: str, month: int) -> float:
    """Mean compound return, over the parts of the story."""
    total = 0.0
    for part in sampler.story.parts:
        weights = series_weights(part.law.conditional, series)
        total += part.weight * float(mean_growth(part.law, weights[None])[0, month - 1] - 1.0)
    return total
