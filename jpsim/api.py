"""The facade: what the command line and Python users call. Each function is one task, start to end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jpsim.analysis.books.requests import PORTFOLIO, book_of, hold_book, take_in_book
from jpsim.analysis.decompositions import decompose
from jpsim.analysis.uncertainty import split_variance, uncertainty_table
from jpsim.conditioning.explaining import explain, referred_scenarios, steps_of
from jpsim.conditioning.explanation import explain_story
from jpsim.days import Step
from jpsim.errors import DamagedError, LimitBreached
from jpsim.model.store import find_model, list_models, load_model
from jpsim.runs import (
    Run,
    RunJournal,
    ScenarioResult,
    gather,
    load_run_folder,
    resume_journal,
    run_identifier,
    write_run_folder,
)
from jpsim.scenario import RunRequest, Scenario, load_run, load_scenario
from jpsim.scenario.library import packaged_library
from jpsim.scenario.request import narrower_defaults
from jpsim.simulation.executors import Executor, opened
from jpsim.simulation.interventions import InterventionRisk
from jpsim.simulation.job import RNG, Job, dictionary_digests, prepare_job
from jpsim.simulation.plan import Plan, check_disk, check_plan, describe_machine, list_versions, now_utc
from jpsim.simulation.result import Histogram, ScenarioSample
from jpsim.simulation.rule_outcomes import intervention_outcome, target_outcome
from jpsim.simulation.sampling import Sampler
from jpsim.simulation.target_moves import DecidedTarget, StatedTarget

if TYPE_CHECKING:
    from jpsim.analysis.books import BookSample, Hedges, Measure
    from jpsim.analysis.contrasts import Comparison
    from jpsim.analysis.model_change import ModelChange
    from jpsim.analysis.reverse_stress import ReverseStress
    from jpsim.analysis.scenario_goal import ScenarioGoal, Wish
    from jpsim.calibration.backtest import Backtest

__all__ = [
    "Replay",
    "StoredRun",
    "backtest",
    "check_limits",
    "compare",
    "compare_models",
    "execute",
    "explain",
    "hedge",
    "keep_journal",
    "outline",
    "plan",
    "reopen",
    "replay",
    "reverse",
    "run",
    "simulate",
    "solve",
    "store",
    "store_backtest",
    "warm_up",
]

Floats = npt.NDArray[np.float64]
RuleOutcome = InterventionRisk | DecidedTarget | StatedTarget
Progress = Callable[[str, int, int], None]
"""Called with a scenario, the number of its paths that are done, and the number of all its paths."""


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run and the folder that holds it."""

    run: Run
    path: Path


@dataclass(frozen=True, slots=True)
class Replay:
    """A stored run carried out again.

    Parameters
    ----------
    equal
        Whether every compared file has the same bytes.
    files
        File name to whether its bytes are the same.
    """

    equal: bool
    files: dict[str, bool]


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
    job = _prepare(load_run(config, overrides))
    if out is None:
        result = execute(job, progress=progress)
    else:
        with keep_journal(job, Path(out), resume) as journal:
            result = store(execute(job, progress=progress, journal=journal), Path(out), job).run
    check_limits(result, job.request)
    return result


@contextmanager
def keep_journal(job: Job, out: Path, resume: str | None = None) -> Iterator[RunJournal]:
    """Keep a journal in the folder `out` while a job is carried out; it is gone when that is done.

    Parameters
    ----------
    job, out
        The job, and the folder that holds runs.
    resume
        Id of a run that was stopped, whose journal is taken up.

    Raises
    ------
    InputError
        There is no journal to resume from, or it is that of something else.
    ResourceError
        The disk has no room for what the run will store.
    """
    check_disk(job.plan(), out)
    identity = {"content_hash": job.content_hash, "model": _model_of(job), "versions": list_versions()}
    journal = RunJournal(out, now_utc(), identity) if resume is None else resume_journal(out, resume, identity)
    try:
        yield journal
    except BaseException:
        journal.close(remove=False)
        raise
    journal.close(remove=True)


def plan(request: RunRequest) -> tuple[Job, Plan]:
    """Prepare a request and estimate what it takes, without drawing."""
    job = _prepare(request)
    return job, job.plan()


def outline(job: Job, planned: Plan) -> dict[str, Any]:
    """Describe a prepared job as plain JSON: what it takes, and how plausible each scenario is, with its warnings."""
    told = {story.scenario.id: explain_story(story) for story in job.stories}
    return {
        "plan": planned.to_dict(),
        "content_hash": job.content_hash,
        "plausibility": {scenario: answer["plausibility"] for scenario, answer in told.items()},
        "warnings": {scenario: answer["warnings"] for scenario, answer in told.items()},
    }


def execute(
    job: Job,
    *,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
    journal: RunJournal | None = None,
) -> Run:
    """Draw all scenarios of a prepared job and put the results together; stores nothing but a journal."""
    wanted = job.request.executor
    with opened(wanted.kind, wanted.threads, wanted.address) as executor:
        return _execute(job, executor, progress, stop, journal)


def _execute(
    job: Job,
    executor: Executor,
    progress: Progress | None,
    stop: Callable[[], bool] | None,
    journal: RunJournal | None,
) -> Run:
    check_plan(job.plan())
    started, created = time.perf_counter(), now_utc() if journal is None else journal.created_utc
    samples, weights, outcomes, splits = [], {}, {}, {}
    book, held = book_of(job), {}
    for sampler in job.samplers:
        told = None if progress is None else _teller(progress, sampler.id, job.request.paths)
        sample, weight = sampler.draw(
            job.request.paths,
            executor,
            exact=job.request.statistics == "exact",
            journal=journal,
            progress=told,
            stop=stop,
        )
        sample = _select(sample, job.selected)
        splits[sampler.id] = split_variance(sampler.story, sample), sample.errors["mean"]
        if book is not None:
            from jpsim.analysis.books.risk import append_book

            held[sampler.id] = hold_book(book, job, sampler, weight, stop)
            sample = append_book(sample, held[sampler.id])
        samples.append(sample)
        if weight is not None:
            weights[sampler.id] = weight / weight.sum()
        outcomes[sampler.id] = {
            "fx_intervention": intervention_outcome(sampler, weight, job.request.paths),
            "policy_rate_meetings": target_outcome(sampler, weight, job.request.paths),
        }
    drawn = time.perf_counter() - started
    even = np.full(job.request.paths, 1.0 / job.request.paths)
    attribution, tables = decompose(job, samples, weights, list(held.values()))
    return gather(
        samples,
        outputs=[job.model.outputs[i] for i in job.selected] + [PORTFOLIO] * bool(held),
        kinds=[job.model.output_kinds[i] for i in job.selected] + [PORTFOLIO] * bool(held),
        as_of=job.model.as_of,
        manifest=_manifest(job, created, drawn),
        resolved=job.request.to_yaml(),
        diagnostics={
            sampler.id: _diagnose(sampler, sample, outcomes[sample.scenario], held.get(sample.scenario))
            for sampler, sample in zip(job.samplers, samples, strict=True)
        },
        attribution=attribution,
        weights={sample.scenario: weights.get(sample.scenario, even) for sample in samples} if weights else {},
        tables=tables | _tables(job, splits, held, weights),
        inputs=job.inputs,
    )


def _tables(
    job: Job,
    splits: Mapping[str, tuple[Mapping[str, Floats], Floats]],
    held: Mapping[str, BookSample],
    weights: Mapping[str, Floats],
) -> dict[str, Any]:
    """Tables of a run beyond its summary, by file name."""
    found = {name: split for name, (split, _) in splits.items()}
    errors = {name: error for name, (_, error) in splits.items()}
    outputs = [job.model.outputs[i] for i in job.selected]
    tables = {"uncertainty.parquet": uncertainty_table(found, errors, outputs, job.request.steps)}
    if held:
        from jpsim.analysis.books import components_table, drivers_table, hedges_table

        tables["components.parquet"] = components_table(held, job.request.steps)
        if (drivers := drivers_table(held, job.request.steps)) is not None:
            tables["drivers.parquet"] = drivers
        if job.request.hedges is not False:
            tables["hedges.parquet"] = hedges_table(job, weights)
    return tables


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
    request = _request_of(scenarios, model, horizon, settings | {"precision": precision, "arithmetic": arithmetic})
    return execute(_prepare(request))


def _request_of(
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


def replay(folder: str | Path) -> Replay:
    """Carry out a stored run again, from what it resolved, and compare the bytes of its tables.

    Parameters
    ----------
    folder
        The run's folder.

    Raises
    ------
    DamagedError
        If the stored files, or the model of that name, are not those of the run.
    """
    folder = Path(folder)
    stored, job = reopen(folder)
    with TemporaryDirectory() as scratch:
        path = write_run_folder(execute(job), Path(scratch), fill=_path_writer(job))
        tables = sorted(name for name in stored.manifest["files"] if name.endswith(".parquet"))
        files = {name: (path / name).read_bytes() == (folder / name).read_bytes() for name in tables}
    return Replay(all(files.values()), files)


def warm_up() -> None:
    """Compile every kernel that a run needs, on scenarios of a few paths."""
    reference = load_scenario("baseline")
    for innovations in ("gaussian", "student_t"):
        simulate(reference, paths=16, innovations=innovations)
    soft = load_scenario("yen_stand_ready").condition("us_10y", change={"6m": "10bp"}, kind="marginal", sd="50bp")
    simulate(soft, paths=2048)  # enough for a stated margin to hold


def compare(*results: ScenarioResult, at: int | str | None = None, series: Sequence[str] | None = None) -> Comparison:
    """Compare scenarios, of one run or of several, on their common draws.

    Parameters
    ----------
    *results
        The first is the reference: ``run["baseline"], run["boj_hike"]``.
    at
        Month, as 12 or "12m"; the last one that all have by default.
    series
        Outputs to compare; all that all have by default.

    Raises
    ------
    DamagedError
        If the model or the dictionaries are no longer those of a run.
    """
    from jpsim.analysis.comparison import compare_sides
    from jpsim.analysis.redrawing import Side

    jobs = {result.run.run_id: _job_again(result.run) for result in results}
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
    jobs = [_prepare(_request_of(chosen, model, horizon, settings)) for model in (before, after)]
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
        _job_again(run), result.scenario, month, weights=weights, among=among, measure=measure, most=most
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


def reopen(folder: str | Path) -> tuple[Run, Job]:
    """Read a stored run and prepare its job again, so that its paths can be drawn from their counters.

    Parameters
    ----------
    folder
        The run's folder.

    Raises
    ------
    DamagedError
        If the stored files, the model of that name or the dictionaries are not those of the run.
    """
    stored = load_run_folder(Path(folder))
    return stored, _job_again(stored)


def _job_again(stored: Run) -> Job:
    """Prepare the job of a run again from what it resolved."""
    named = stored.manifest["model"]
    with TemporaryDirectory() as scratch:
        for name, content in stored.inputs.items():
            (Path(scratch) / name).write_bytes(content)
        path = Path(scratch) / "resolved.yaml"
        path.write_text(stored.resolved, encoding="utf-8")
        request = load_run(path)
        if _names_packaged_model(request.model):
            request = request.model_copy(update={"model": f"{named['id']}@{named['version']}"})
        job = _prepare(request)
    if job.model.sha256 != named["sha256"]:
        found = f"the model {job.model.id}@{job.model.version} is not the one that {stored.run_id} used"
        raise DamagedError(found)
    if job.content_hash != stored.content_hash:
        raise DamagedError(f"the priors, rules or meeting dates are not those that {stored.run_id} used")
    return job


def check_limits(result: Run, request: RunRequest) -> None:
    """Raise `LimitBreached` if a run breaks one of its limits; it names all that are broken."""
    broken = []
    for limit in request.limits:
        statistic, bound = limit.bound
        month = limit.at.index(result.as_of)
        for position, scenario in enumerate(result.scenarios):
            place = position, result.outputs.index(limit.series), result.place(month)
            value = float(result.statistics[statistic][place])
            if value > bound.value:
                what = f"{scenario}: {statistic} of {limit.series} at {month}{result.step[0]}"
                broken.append(f"{what} is {value:.2%}, above {bound.value:.2%}")
    if broken:
        raise LimitBreached("\n".join(broken))


def _prepare(request: RunRequest) -> Job:
    folder = find_model(request.model, request.folder)
    if not _names_packaged_model(request.model):
        request = request.model_copy(update={"model": str(folder.resolve())})
    model = load_model(folder)
    request, inputs = take_in_book(request, model)
    return prepare_job(request, model, inputs)


def _names_packaged_model(reference: str) -> bool:
    """Whether a run names its model by id: paths would mean another place in the run's own folder."""
    return reference.partition("@")[0] in {entry["id"] for entry in list_models()}


def store(result: Run, out: Path, job: Job, *, stop: Callable[[], bool] | None = None) -> StoredRun:
    """Write a run into the folder `out`, with the formats and paths that it asked for; whole or not at all."""
    documents = dict(_rendered(result, name) for name in result.manifest["formats"] if name in _DOCUMENTS)
    path = write_run_folder(result, out, documents, _path_writer(job, stop))
    return StoredRun(load_run_folder(path), path)


_DOCUMENTS = {
    "html": ("report.html", "jpsim.reporting.html", "render_report"),
    "md": ("report.md", "jpsim.reporting.markdown", "render_markdown"),
    "csv": ("summary.csv", "jpsim.interop.delimited", "summary_csv"),
    "xlsx": ("report.xlsx", "jpsim.reporting.workbook", "render_workbook"),
    "pdf": ("report.pdf", "jpsim.reporting.pdf", "render_pdf"),
}
"""Format -> file, and the function that makes it; a run imports those of its formats."""


def _rendered(result: Run, name: str) -> tuple[str, bytes]:
    file, module, function = _DOCUMENTS[name]
    made: str | bytes = getattr(import_module(module), function)(result)
    return file, made.encode() if isinstance(made, str) else made


def _path_writer(job: Job, stop: Callable[[], bool] | None = None) -> Callable[[Path], object] | None:
    which = job.request.paths_out
    if which == "none":
        return None
    from jpsim.interop.paths import write_paths

    return lambda folder: write_paths(job, folder / "paths.parquet", which, stop=stop)


def _teller(progress: Progress, scenario: str, paths: int) -> Callable[[int], None]:
    return lambda done: progress(scenario, done, paths)


def _select(sample: ScenarioSample, rows: list[int]) -> ScenarioSample:
    """Keep some outputs of a sample."""
    histogram, parts = sample.histogram, sample.parts
    if parts is not None:
        parts = replace(parts, mean=parts.mean[:, rows], variance=parts.variance[:, rows])
    counts = histogram.counts[rows]
    squares = counts if histogram.squares is histogram.counts else histogram.squares[rows]
    return replace(
        sample,
        statistics=MappingProxyType({name: values[rows] for name, values in sample.statistics.items()}),
        errors=MappingProxyType({name: values[rows] for name, values in sample.errors.items()}),
        histogram=Histogram(histogram.low[rows], histogram.high[rows], counts, squares),
        parts=parts,
    )


_OUTCOMES = {"fx_intervention": "intervention", "policy_rate_meetings": "policy_rate"}
"""Where the diagnostics of a run tell what a rule did."""


def _diagnose(
    sampler: Sampler, sample: ScenarioSample, outcomes: dict[str, RuleOutcome | None], held: BookSample | None
) -> dict[str, Any]:
    found = explain_story(sampler.story)
    for name in sampler.unseen(sample.paths):
        found["warnings"] = [*found["warnings"], f"so few paths leave out the regime {name}; draw more"]
    if held is not None:
        found[PORTFOLIO] = held.to_dict()
    for rule, outcome in outcomes.items():
        if outcome is not None:
            found[_OUTCOMES[rule]] = outcome.to_dict()
            others = [row for row in found["assumptions"] if row["series"] != rule]
            found["assumptions"] = [*others, {"series": rule, "when": "", "statement": str(outcome)}]
    share = sample.effective / sample.paths
    if share < 0.2:
        found["warnings"] = [*found["warnings"], f"the effective sample is {share:.0%} of the paths drawn"]
    return found


def _manifest(job: Job, created: str, seconds: float) -> dict[str, Any]:
    return {
        "run_id": run_identifier(created, job.content_hash),
        "created_utc": created,
        "content_hash": job.content_hash,
        "seed": job.request.seed,
        "rng": RNG,
        "paths": job.request.paths,
        "step": job.model.step,
        "horizon": job.request.horizon,
        "steps": list(job.request.steps),
        "innovations": job.request.innovations,
        "precision": job.request.precision,
        "arithmetic": job.request.arithmetic,
        "returns": job.request.returns,
        "formats": list(job.request.formats),
        "scenarios": [scenario.id for scenario in job.request.scenarios],
        "model": _model_of(job) | {"as_of": str(job.model.as_of)},
        "dictionaries": dictionary_digests(),
        "versions": list_versions(),
        "machine": describe_machine(),
        "timing": {"simulation_seconds": round(seconds, 3)},
    }


def _model_of(job: Job) -> dict[str, str]:
    return {"id": job.model.id, "version": job.model.version, "sha256": job.model.sha256}


def backtest(
    panel: str | Path,
    *,
    model: str | Path = "japan_monthly",
    priors: str | Path | None = None,
    overrides: Sequence[str] = (),
    origins: str | None = None,
    conditional: bool = False,
    draws: int = 1000,
    seed: int = 20260130,
    progress: Callable[[int, int], None] | None = None,
) -> Backtest:
    """Score a model's specification out of sample, against benchmarks; stores nothing.

    Parameters
    ----------
    panel
        A panel's folder, or its monthly file.
    model
        Model whose recorded priors and choices are estimated anew at each origin: an id or a folder.
    priors
        TOML file in their place.
    overrides
        ``key=value`` texts that replace single choices.
    origins
        ``first:last`` or ``first:last:step``, months at whose end forecasts are made; all if None.
    conditional
        Whether to leave out the forecasts that know no path of the factors.
    draws, seed
        Draws of each ensemble, and the seed of all randomness.
    progress
        Called with (done, total) after each origin.

    Raises
    ------
    InputError
        The panel, the model, a key or the origins are not what they should be, or the extra is not installed.
    """
    from jpsim.calibration.backtest import collect_sample, parse_origins, require_extra, roll
    from jpsim.calibration.panel import read_panel
    from jpsim.calibration.priors import change_priors, priors_of, read_priors

    require_extra()
    chosen = read_priors(Path(priors)) if priors is not None else priors_of(load_model(model))
    sample = collect_sample(read_panel(Path(panel)), change_priors(chosen, overrides))
    modes = ("conditional",) if conditional else ("unconditional", "conditional")
    months = parse_origins(origins, sample.last)
    return roll(sample, months, modes, draws=draws, seed=seed, on_origin=progress)


def store_backtest(found: Backtest, folder: str | Path) -> None:
    """Write a backtest into a new folder: ``scores``, ``energy`` and ``tails.parquet``, ``report.html``."""
    from jpsim.interop.backtest_scores import energy_table, score_table, tail_table
    from jpsim.reporting.backtest_report import render_backtest
    from jpsim.runs.parquet import write_table

    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    write_table(score_table(found), place / "scores.parquet")
    write_table(energy_table(found), place / "energy.parquet")
    write_table(tail_table(found), place / "tails.parquet")
    (place / "report.html").write_text(render_backtest(found), encoding="utf-8")
