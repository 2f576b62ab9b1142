"""Runs on disk: a journal while they are drawn, a folder when they are done, limits at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

from jpsim.api.execution import model_of
from jpsim.dictionary import factors
from jpsim.errors import LimitBreached
from jpsim.runs import (
    Run,
    RunJournal,
    resume_journal,
    write_run_folder,
)
from jpsim.runs.manifest import read_manifest
from jpsim.scenario import RunRequest
from jpsim.scenario.request import Limit
from jpsim.simulation.job import Job
from jpsim.simulation.plan import check_disk, list_versions, now_utc
from jpsim.units import Quantity

__all__ = ["StoredRun", "check_limits", "keep_journal", "path_writer", "store"]


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run and the folder that holds it."""

    run: Run
    path: Path


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
    identity = {"content_hash": job.content_hash, "model": model_of(job), "versions": list_versions()}
    journal = RunJournal(out, now_utc(), identity) if resume is None else resume_journal(out, resume, identity)
    try:
        yield journal
    except BaseException:
        journal.close(remove=False)
        raise
    journal.close(remove=True)


def store(result: Run, out: Path, job: Job, *, stop: Callable[[], bool] | None = None) -> StoredRun:
    """Write a run into the folder `out`, with the formats and paths that it asked for; whole or not at all."""
    documents = dict(_rendered(result, name) for name in result.manifest["formats"] if name in _DOCUMENTS)
    path = write_run_folder(result, out, documents, path_writer(job, stop))
    return StoredRun(replace(result, manifest=MappingProxyType(read_manifest(path))), path)


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


def path_writer(job: Job, stop: Callable[[], bool] | None = None) -> Callable[[Path], object] | None:
    """Return what writes a job's paths into a folder; None where the request stores none."""
    which = job.request.paths_out
    if which == "none":
        return None
    from jpsim.interop.paths import write_paths

    return lambda folder: write_paths(job, folder / "paths.parquet", which, stop=stop)


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
                broken.append(f"{what} is {_in_words(limit, value)}, above {_in_words(limit, bound.value)}")
    if broken:
        raise LimitBreached("\n".join(broken))


def _in_words(limit: Limit, value: float) -> str:
    """Write a risk number: percent of a series, a factor in its own unit."""
    entry = factors().get(limit.series)
    if entry is None:
        return f"{value:.2%}"
    unit = "" if entry.quantity == "index" else entry.unit
    return Quantity(float(f"{value:.4g}"), limit.bound[1].unit).text(unit)
