"""What a child is asked to do: each task takes plain JSON, calls the facade, and returns plain JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from jpsim import api
from jpsim.errors import JpsimError, LimitBreached
from jpsim.runs import Run, find_run, load_run_folder
from jpsim.scenario import RunRequest, Scenario, draft_run, draft_scenario, load_scenario
from jpsim.simulation.kernel_cache import kernels_cached
from jpsim.simulation.plan import check_disk, check_plan
from jpsim.web.pace import Pace
from jpsim.web.refusals import without_paths

__all__ = ["TASKS", "Tell"]

Plain = dict[str, Any]
Tell = Callable[[Plain], None]

_NOTHING = Scenario.model_validate({"id": "unconditional"})


def explain(asked: Mapping[str, Any], tell: Tell) -> Plain:
    """Describe a scenario in closed form; the bands of the model without any scenario stand beside it."""
    scenario = draft_scenario(asked["text"]) if "text" in asked else load_scenario(asked["id"])
    how = {"model": asked["model"], "horizon": asked["horizon"], "plain": asked["plain"]}
    told = api.explain(scenario, **how)
    return {"id": scenario.id, "horizon": asked["horizon"], **told, "unconditional": _unconditional(**how)}


@lru_cache(maxsize=16)
def _unconditional(model: str, horizon: str, plain: bool) -> Plain:
    """Bands of the factors where nothing is said."""
    bands: Plain = api.explain(_NOTHING, model=model, horizon=horizon, plain=plain)["bands"]
    return bands


def plan(asked: Mapping[str, Any], tell: Tell) -> Plain:
    """Say what a run takes, and whether it fits."""
    request = draft_run(asked["keys"], asked["drafts"], Path.cwd())
    job, planned = api.plan(request)
    refused = None
    try:
        check_plan(planned)
        check_disk(planned, Path(asked["out"]))
    except JpsimError as error:
        refused = without_paths(str(error))
    notes = [without_paths(str(note)) for note in (*request.warnings, *planned.warnings)]
    return {**api.outline(job, planned), "notes": notes, "fits": refused is None, "refused": refused}


def run(asked: Mapping[str, Any], tell: Tell) -> Plain:
    """Carry out a run and store it; progress is told on the way, and the id under which it can be resumed."""
    out = Path(asked["out"])
    request = draft_run(asked["keys"], asked["drafts"], Path.cwd())
    pace = Pace(tell, len(request.scenarios))
    if kernels_cached(request.precision, request.arithmetic):
        pace.begin("preparing")
    else:
        pace.compile()
    job, planned = api.plan(request)
    with api.keep_journal(job, out, asked.get("resume")) as journal:
        tell({"journal": journal.run_id})
        pace.begin("drawing", planned.seconds)
        result = api.execute(job, progress=pace.draw, journal=journal)
        pace.begin("storing")
        stored = api.store(result, out, job)
    return {"run_id": stored.run.run_id, "breached": _breached(stored.run, request)}


def _breached(result: Run, request: RunRequest) -> str | None:
    """Which limits a run breaks, in words."""
    try:
        api.check_limits(result, request)
    except LimitBreached as error:
        return str(error)
    return None


def compare(asked: Mapping[str, Any], tell: Tell) -> Plain:
    """Compare two scenarios of stored runs on their common draws."""
    opened = {name: load_run_folder(find_run(Path(asked["out"]), name)) for name in {asked["a"][0], asked["b"][0]}}
    results = [opened[name][scenario] for name, scenario in (asked["a"], asked["b"])]
    return api.compare(*results, at=asked["month"], series=asked["series"]).to_dict()


def warm(asked: Mapping[str, Any], tell: Tell) -> Plain:
    """Load what the first real task would wait for: the model, and the kernels, which compile if need be."""
    how = {"model": asked["model"], "horizon": asked["horizon"]}
    _unconditional(**how, plain=False)
    if asked["draws"]:
        api.simulate(_NOTHING, **how, paths=16)
    return {}


TASKS: Mapping[str, Callable[[Mapping[str, Any], Tell], Plain]] = {
    "compare": compare,
    "explain": explain,
    "plan": plan,
    "run": run,
    "warm": warm,
}
"""Name -> task."""
