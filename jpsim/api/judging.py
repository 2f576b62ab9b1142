"""Questions about runs, models and run files: comparison, hedges, reverse stress, goal seek."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from jpsim.api.execution import Progress, execute
from jpsim.api.preparing import prepare
from jpsim.api.reopening import job_again
from jpsim.api.running import request_of
from jpsim.days import Step
from jpsim.model.store import load_model
from jpsim.runs import (
    ScenarioResult,
)
from jpsim.scenario import Scenario, load_run, load_scenario
from jpsim.scenario.library import packaged_library

if TYPE_CHECKING:
    from jpsim.analysis.books import Hedges, Measure
    from jpsim.analysis.contrasts import Comparison
    from jpsim.analysis.model_change import ModelChange
    from jpsim.analysis.reverse_stress import ReverseStress
    from jpsim.analysis.scenario_goal import ScenarioGoal, Wish

__all__ = ["compare", "compare_models", "hedge", "reverse", "solve"]


def compare(
    *results: ScenarioResult,
    at: int | str | None = None,
    series: Sequence[str] | None = None,
    models: Sequence[str | Path] = (),
) -> Comparison:
    """Compare scenarios, of one run or of several, on their common draws.

    Parameters
    ----------
    *results
        The first is the reference: ``run["baseline"], run["boj_hike"]``.
    at
        Month, as 12 or "12m"; the last one that all have by default.
    series
        Outputs to compare; all that all have by default.
    models
        Folders in which models of the runs are looked for before those that ship; digests say which they are.

    Raises
    ------
    DamagedError
        If the model or the dictionaries are no longer those of a run.
    """
    from jpsim.analysis.comparison import compare_sides
    from jpsim.analysis.redrawing import Side

    jobs = {result.run.run_id: job_again(result.run, models) for result in results}
    sides = [Side(result.run, result.scenario, jobs[result.run.run_id]) for result in results]
    return compare_sides(sides, at=at, outputs=series)


def compare_models(
    before: str | Path,
    after: str | Path,
    *,
    scenarios: Sequence[Scenario] | None = None,
    series: Sequence[str] = ("topix", "banks", "small", "usdjpy"),
    horizon: int | str | None = None,
    paths: int = 20_000,
    seed: int = 20260130,
    progress: Progress | None = None,
) -> ModelChange:
    """Say what another model changes: record, parameters, moments, and scenarios drawn on both.

    Parameters
    ----------
    before, after
        Models: ids, id@version or folders.
    scenarios
        Scenarios to draw; the shipped library by default, on daily models one that says nothing, none if empty. The
        first is the reference of the premium only where a scenario says so.
    series
        Outputs of the scenarios that are compared.
    horizon, paths, seed
        Of each scenario; a year, or 21 trading days, if the horizon is None.
    progress
        Told how far drawing has come.

    Raises
    ------
    InputError
        A model does not exist or does not know a series, one counts days and the other months, or a scenario cannot
        be carried out on a model.
    """
    from jpsim.analysis.model_change import compare_numbers, effects
    from jpsim.analysis.redrawing import Side
    from jpsim.runs.outcomes import position

    change = compare_numbers(load_model(before), known := load_model(after))
    chosen = _usual_scenarios(known.step) if scenarios is None else scenarios
    if not chosen:
        return change
    settings = {"paths": paths, "seed": seed, "attribution": ()}
    jobs = [prepare(request_of(chosen, model, horizon, settings)) for model in (before, after)]
    for job in jobs:
        for name in series:
            position(job.model.outputs, name)
    runs = [execute(job, progress=progress) for job in jobs]
    month = jobs[0].request.horizon
    sides = [[Side(run, scenario.id, job) for scenario in chosen] for run, job in zip(runs, jobs, strict=True)]
    rows = [row for one, two in zip(*sides, strict=True) for row in effects(one, two, series, month)]
    return replace(change, scenarios=tuple(rows), month=month, paths=paths)


def _usual_scenarios(step: Step) -> list[Scenario]:
    """The library that ships with the package, the house view first; its months are no days: there, no story at all."""
    if step == "day":
        return [Scenario.model_validate({"id": "unconditional"})]
    folder = packaged_library()
    names = sorted((path.stem for path in folder.glob("*.yaml")), key=lambda name: (name != "baseline", name))
    return [load_scenario(name, folder) for name in names]


def hedge(
    result: ScenarioResult,
    *,
    at: int | str | None = None,
    measure: Measure = "es95",
    among: Sequence[str] = (),
    most: int = 3,
    models: Sequence[str | Path] = (),
) -> Hedges:
    """Find the best hedges of a run's portfolio in one scenario, ``run["boj_hike"]``.

    Parameters
    ----------
    result
        The scenario.
    at
        Month, as 12 or "12m"; the horizon by default.
    measure
        What is made least: ``es95`` or ``variance``.
    among
        Series or kinds to hedge with; those with listed futures by default.
    most
        Largest number of instruments, 1 to 3.
    models
        Folders in which the run's model is looked for before those that ship; its digest says which it is.

    Raises
    ------
    InputError
        If the run has no portfolio, or no such series.
    """
    from jpsim.analysis.books import find_hedges

    run = result.run
    month = result[run.outputs[0]].at(run.horizon if at is None else at).month
    weights = run.weights.get(result.scenario)
    return find_hedges(
        job_again(run, models), result.scenario, month, weights=weights, among=among, measure=measure, most=most
    )


def reverse(
    config: str | Path,
    *,
    series: str,
    at: str,
    loss: str,
    scenario: str | None = None,
    overrides: Sequence[str] = (),
) -> ReverseStress:
    """Explain how a series could lose so much: the most plausible path, the mean given the loss, the stories.

    Parameters
    ----------
    config
        Path of a run file.
    series, at, loss
        What loses, by when, as ``"12m"``, and how much, as ``"20%"``.
    scenario
        Within whose conditions; the first of the run by default.
    overrides
        ``key=value`` texts that replace leaves of the run file.

    Raises
    ------
    InputError
        If one of them names what does not exist, or no path loses so much.
    """
    from jpsim.analysis.reverse_stress import stress_in_reverse
    from jpsim.analysis.selection import prepare_scenario, read_month, read_target

    job = prepare_scenario(load_run(config, overrides), scenario)
    month = read_month(at, job.model.as_of, job.request.horizon)
    return stress_in_reverse(job, series, month, read_target(loss, series, "--loss"))


def solve(
    config: str | Path,
    wish: Wish,
    *,
    knob: str,
    bounds: tuple[str, str] | None = None,
    overrides: Sequence[str] = (),
) -> ScenarioGoal:
    """Find how far a number of a run file must go for a statistic to take the wanted value; see `solve_for_knob`.

    Parameters
    ----------
    config
        Path of the run file.
    wish
        What is wanted, as ``Wish("banks", "12m", "mean", "20%")``.
    knob
        The number that is turned, as ``--set`` names it.
    bounds
        Its lowest and highest value, as texts with units; needed where the scenario does not state it.
    overrides
        ``key=value`` texts that replace leaves of the run file.

    Raises
    ------
    InputError
        If the knob or the wish name what does not exist, or the knob cannot bring the wish about.
    """
    from jpsim.analysis.scenario_goal import solve_for_knob

    return solve_for_knob(lambda further: load_run(config, [*overrides, *further]), knob, wish, bounds)
