"""Carrying out a run file, or scenarios that were made in Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jpsim.api.execution import Progress, execute
from jpsim.api.preparing import prepare
from jpsim.api.storing import check_limits, keep_journal, store
from jpsim.conditioning.explaining import referred_scenarios, steps_of
from jpsim.model.store import load_model
from jpsim.runs import Run
from jpsim.scenario import RunRequest, Scenario, load_run, load_scenario
from jpsim.scenario.request import narrower_defaults

__all__ = ["request_of", "run", "simulate", "warm_up"]


def run(
    config: str | Path,
    *,
    overrides: Sequence[str] = (),
    out: str | Path | None = "outputs",
    resume: str | None = None,
    progress: Progress | None = None,
) -> Run:
    """Carry out a run file and store the result.

    Parameters
    ----------
    config
        Path of the run file.
    overrides
        ``key=value`` texts that replace leaves of it.
    out
        Folder that holds runs; None stores nothing.
    resume
        Id of a run that was stopped: what it had counted is not counted again.
    progress
        Told how far drawing has come.

    Returns
    -------
    Run
        The frozen result.

    Raises
    ------
    InputError
        All problems of the input at once.
    ResourceError
        If the run does not fit into memory or a day.
    LimitBreached
        If a limit of the run file is breached, after the run was stored.
    """
    job = prepare(load_run(config, overrides))
    if out is None:
        result = execute(job, progress=progress)
    else:
        with keep_journal(job, Path(out), resume) as journal:
            result = store(execute(job, progress=progress, journal=journal), Path(out), job).run
    check_limits(result, job.request)
    return result


def simulate(
    *scenarios: Scenario,
    model: str = "japan_monthly",
    paths: int = 100_000,
    horizon: int | str | None = None,
    seed: int = 20260130,
    innovations: str = "student_t",
    precision: str = "float64",
    arithmetic: str = "strict",
) -> Run:
    """Simulate scenarios that were made in Python; stores nothing.

    Parameters
    ----------
    *scenarios
        The first is the reference.
    model
        An id, id@version or a folder.
    paths
        Paths per scenario.
    horizon
        Months, as 12 or "12m"; on a daily model trading days, as 10 or "10d", of which 1, 5, 10, 21, 63, 126, 252
        and the last are reported. A year, or 21 days, if None.
    seed
        Seed of the random numbers.
    innovations
        ``gaussian``, ``student_t`` or ``stochastic_volatility``.
    precision
        ``float64`` or ``float32``.
    arithmetic
        ``strict`` or ``fast``.
    """
    settings = {"paths": paths, "seed": seed, "innovations": innovations}
    request = request_of(scenarios, model, horizon, settings | {"precision": precision, "arithmetic": arithmetic})
    return execute(prepare(request))


def request_of(
    scenarios: Sequence[Scenario], model: str | Path, horizon: int | str | None, settings: Mapping[str, Any]
) -> RunRequest:
    """Request of scenarios that no run file lists."""
    believed = load_model(model)
    library = {name: found for scenario in scenarios for name, found in referred_scenarios(scenario, None).items()}
    given = {scenario.id for scenario in scenarios}
    request = RunRequest.model_validate(
        {
            "scenarios": tuple(scenarios),
            "library": {name: library[name] for name in sorted(library.keys() - given)},
            "model": str(model),
            "horizon": steps_of(horizon, believed),
            **(narrower_defaults("day") if believed.step == "day" else {}),
            **settings,
        }
    )
    return request.counting(believed.step)


def warm_up() -> None:
    """Compile every kernel that a run needs, on scenarios of a few paths."""
    reference = load_scenario("baseline")
    for innovations in ("gaussian", "student_t"):
        simulate(reference, paths=16, innovations=innovations)
    soft = load_scenario("yen_stand_ready").condition("us_10y", change={"6m": "10bp"}, kind="marginal", sd="50bp")
    simulate(soft, paths=2048)  # enough for a stated margin to hold
