"""Drawing the scenarios of a job and putting the results together."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jpsim.analysis.books.requests import PORTFOLIO, book_of, hold_book
from jpsim.analysis.decompositions import decompose
from jpsim.analysis.uncertainty import split_variance, uncertainty_table
from jpsim.conditioning.explanation import explain_story
from jpsim.runs import (
    Run,
    RunJournal,
    gather,
    run_identifier,
)
from jpsim.simulation.executors import Executor, opened
from jpsim.simulation.interventions import InterventionRisk
from jpsim.simulation.job import RNG, Job, dictionary_digests
from jpsim.simulation.plan import check_plan, describe_machine, list_versions, now_utc
from jpsim.simulation.result import Histogram, ScenarioSample
from jpsim.simulation.rule_outcomes import intervention_outcome, target_outcome
from jpsim.simulation.sampling import Sampler
from jpsim.simulation.target_moves import DecidedTarget, StatedTarget

if TYPE_CHECKING:
    from jpsim.analysis.books import BookSample

__all__ = ["Progress", "execute", "model_of"]

Floats = npt.NDArray[np.float64]


RuleOutcome = InterventionRisk | DecidedTarget | StatedTarget


Progress = Callable[[str, int, int], None]
"""Called with a scenario, the number of its paths that are done, and the number of all its paths."""


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
        "model": model_of(job) | {"as_of": str(job.model.as_of)},
        "dictionaries": dictionary_digests(),
        "versions": list_versions(),
        "machine": describe_machine(),
        "timing": {"simulation_seconds": round(seconds, 3)},
    }


def model_of(job: Job) -> dict[str, str]:
    """Id, version and digest of the model that a job draws from."""
    return {"id": job.model.id, "version": job.model.version, "sha256": job.model.sha256}
