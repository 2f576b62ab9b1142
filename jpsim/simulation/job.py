"""A run request on a model: everything that is decided before the first draw."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from importlib.util import find_spec
from typing import Any

from jpsim.conditioning.stories import Story, derive_story
from jpsim.days import DAYS_PER_MONTH
from jpsim.errors import InputError, Problem, UnsupportedError
from jpsim.model import Model
from jpsim.scenario import RunRequest
from jpsim.simulation.engine import memory_needed
from jpsim.simulation.law import Numerics
from jpsim.simulation.order_statistics import search_bytes
from jpsim.simulation.plan import Plan, free_memory
from jpsim.simulation.sampling import Sampler
from jpsim.simulation.sharding import cores

__all__ = ["RNG", "Job", "dictionary_digests", "numerics_of", "prepare_job"]

RNG = "threefry2x64-20"
"""Name of the generator; part of the content of a run."""

_BYTES_PER_KEPT_WEIGHT = 16  # of each scenario: in the run, and as it is read back from its folder
_GROUPS = {"index", "sector17", "sector33", "size", "segment", "theme"}


@dataclass(frozen=True, eq=False)
class Job:
    """A request, the model, and each scenario's story, compiled.

    Parameters
    ----------
    request, model
        What is asked for, and on which model.
    samplers
        One for each scenario of the request, in its order.
    inputs
        Files that the request names, by name, as they are kept with the run.
    """

    request: RunRequest
    model: Model
    samplers: tuple[Sampler, ...]
    inputs: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def stories(self) -> tuple[Story, ...]:
        """What the scenarios mean on the model."""
        return tuple(sampler.story for sampler in self.samplers)

    @cached_property
    def content_hash(self) -> str:
        """Digest of the resolved request, model, dictionaries and generator; threads and folders are no part."""
        resolved = {key: value for key, value in self.request.resolved().items() if key not in ("executor", "model")}
        content = {"run": resolved, "model": self.model.sha256, "dictionaries": _dictionary_digest(), "rng": RNG}
        if self.inputs:
            content["inputs"] = {name: hashlib.sha256(text).hexdigest() for name, text in self.inputs.items()}
        text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @cached_property
    def selected(self) -> list[int]:
        """Positions of the outputs that the request reports: all factors, and the series asked for."""
        wanted = self.request.series
        rows = enumerate(zip(self.model.outputs, self.model.output_kinds, strict=True))
        if wanted == "all":
            return [position for position, _ in rows]
        return [position for position, (name, kind) in rows if kind == "factor" or name in wanted or kind in wanted]

    def plan(self) -> Plan:
        """Estimate memory, time and disk; drawing is timed on a few paths of each scenario."""
        request, months = self.request, self.request.horizon
        threads = request.executor.threads or cores()
        exact = request.statistics == "exact"
        per_path = max(sampler.bytes_per_path for sampler in self.samplers)
        if per_path:
            per_path += _BYTES_PER_KEPT_WEIGHT * len(self.samplers)
        memory = max(
            memory_needed(sampler.laws, threads, weighted=sampler.weighted)
            + (search_bytes(sampler.laws[0], request.paths, threads) if exact else 0)
            for sampler in self.samplers
        )
        seconds = sum(self._seconds_per_path) * request.paths * (2.0 if exact else 1.0) / threads
        files = self._stored_bytes_per_path
        return Plan(
            paths=request.paths,
            scenarios=len(self.samplers),
            outputs=len(self.model.outputs),
            months=months,
            memory_bytes=memory + per_path * request.paths,
            memory_free=free_memory(),
            bytes_per_path=per_path,
            seconds=seconds,
            disk_bytes=files * request.paths,
            disk_bytes_per_path=files,
            limited=request.executor.address is None,
        )

    @cached_property
    def _seconds_per_path(self) -> list[float]:
        """Time of a path of each scenario."""
        return [sampler.seconds_per_path() for sampler in self.samplers]

    @property
    def _stored_bytes_per_path(self) -> int:
        """Bytes of stored paths and weights, before they are compressed."""
        paths = len(self.request.steps) * (4 * len(self.selected) + 2) if self.request.paths_out == "all" else 0
        weights = 16 if any(sampler.weighted for sampler in self.samplers) else 0
        return len(self.samplers) * (paths + weights)


def prepare_job(request: RunRequest, model: Model, inputs: Mapping[str, bytes] | None = None) -> Job:
    """Derive and compile the law of every scenario of a request.

    Parameters
    ----------
    request, model, inputs
        See `Job`.

    Raises
    ------
    InputError
        With the problems of all scenarios at once.
    """
    _refuse_other_clock(request, model)
    lacking = [*_unsupported(request, model), *_lost_between(request)]
    if lacking:
        raise UnsupportedError(lacking)
    if unknown := list(_unknown_series(request, model)):
        raise InputError(unknown)
    everything = {scenario.id: scenario for scenario in (*request.library.values(), *request.scenarios)}
    samplers: list[Sampler] = []
    found: list[InputError] = []
    drawing: dict[str, Any] = {
        "plain": request.plain,
        "steps": request.steps,
        "numerics": numerics_of(request),
        "threads": request.executor.threads,
    }
    for scenario in request.scenarios:
        known = {sampler.id: sampler.story for sampler in samplers}
        try:
            story = derive_story(
                model,
                scenario,
                request.horizon,
                everything,
                request.returns,
                drawn=request.parameter_uncertainty,
                divided=not request.plain,
                plain=request.plain,
                innovations=request.innovations,
                known=known,
            )
            sampler = Sampler.of(story, request.innovations, request.seed, **drawing)
            samplers.append(sampler)
        except InputError as error:
            found.append(error)
    if found:
        kind = UnsupportedError if all(isinstance(error, UnsupportedError) for error in found) else InputError
        raise kind([problem for error in found for problem in error.problems])
    return Job(request, model, tuple(samplers), inputs or {})


def numerics_of(request: RunRequest) -> Numerics:
    """In what precision and arithmetic a request is carried out."""
    return Numerics(request.precision, request.arithmetic)


def _refuse_other_clock(request: RunRequest, model: Model) -> None:
    """Refuse a horizon in months on a daily model, and one in days on a monthly model."""
    if request.step == model.step:
        return
    asked, count = f"horizon: {request.horizon}{request.step[0]}", request.horizon
    if model.step == "day":
        found = f"{asked} counts months, and the steps of the model {model.id} are trading days"
        raise InputError(Problem(found, fix=f"write horizon: {count * DAYS_PER_MONTH}d; a month counts as 21 days"))
    found = f"{asked} counts trading days, and the steps of the model {model.id} are months"
    raise InputError(Problem(found, fix="set model: japan_daily, or write the horizon in months, as 12m"))


_DICTIONARIES = ("channels.toml", "boj_meetings.toml", "rules.toml", "dividends.toml", "earnings.toml")
"""Editable files that numbers depend on: priors, meeting dates and rules."""


def dictionary_digests() -> dict[str, str]:
    """Name and sha256 of each editable file that the numbers of a run depend on."""
    return {name: hashlib.sha256(_dictionary(name)).hexdigest() for name in _DICTIONARIES}


def _dictionary_digest() -> str:
    digest = hashlib.sha256()
    for name in _DICTIONARIES:
        digest.update(_dictionary(name))
    return digest.hexdigest()


def _dictionary(name: str) -> bytes:
    return files("jpsim").joinpath("data", name).read_bytes()


def _unsupported(request: RunRequest, model: Model) -> Iterator[Problem]:
    """Run keys whose machinery this version lacks, by name."""
    wishes = {
        f"parameter_uncertainty: true on the model {model.id}, which has no posterior draws,": (
            request.parameter_uncertainty and model.draws is None
        ),
    }
    wishes[f"returns: total on the daily model {model.id}"] = request.step == "day" and request.returns == "total"
    for written, package in (("xlsx", "xlsxwriter"), ("pdf", "typst")):
        wishes[f"formats: {written}, without the package {package},"] = written in request.formats and not find_spec(
            package
        )
    for wish, asked in wishes.items():
        if asked:
            yield Problem(f"{wish} cannot be carried out", fix="remove it")


def _lost_between(request: RunRequest) -> Iterator[Problem]:
    """What is asked about steps that the request leaves out."""
    if request.every_step:
        return
    scenarios = (*request.scenarios, *request.library.values())
    wishes = [f"attribution: {name}" for name in ("earnings", "var95", "es95") if name in request.attribution]
    wishes += [f"{one.id}: rule fx_intervention" for one in scenarios if one.rules.fx_intervention not in (None, "off")]
    wishes += [f"{one.id}: view on {view.series} by {view.by}" for one in scenarios for view in one.views if view.by]
    for wish in wishes:
        found = f"{wish} needs every step, and cannot be carried out yet where report_at leaves some out"
        yield Problem(found, fix="remove one of the two")
    moments = [(f"limits: the one on {limit.series}", limit.at) for limit in request.limits]
    moments += [(f"{one.id}: a view on {view.series}", view.at) for one in scenarios for view in one.views if view.at]
    for what, when in moments:
        step = when.steps(request.step, request.as_of)
        if step is not None and step not in request.steps:
            yield Problem(f"{what} is at {when}, which report_at leaves out", fix=f"add {when} to report_at")


def _unknown_series(request: RunRequest, model: Model) -> Iterator[Problem]:
    if request.series == "all":
        return
    known = {*model.series, *model.aggregates, *_GROUPS}
    for name in request.series:
        if name not in known:
            yield Problem(f"series: the model {model.id} has no series {name}", allowed=", ".join(sorted(known)))
