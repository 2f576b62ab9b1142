"""Stored runs opened again: their jobs, and whether they give the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from jpsim._version import __version__
from jpsim.api.execution import execute
from jpsim.api.preparing import prepare
from jpsim.api.storing import path_writer
from jpsim.errors import DamagedError, InputError, Problem
from jpsim.model.store import is_packaged, list_models, load_model
from jpsim.runs import Run, load_run_folder, write_run_folder
from jpsim.scenario import load_run
from jpsim.simulation.job import Job, dictionary_digests
from jpsim.simulation.plan import describe_machine, list_versions

__all__ = ["Replay", "job_again", "reopen", "replay"]


@dataclass(frozen=True, slots=True)
class Replay:
    """A stored run carried out again.

    Parameters
    ----------
    equal
        Whether every compared file has the same bytes.
    files
        File name to whether its bytes are the same.
    changed
        What differs from what the run was carried out with: a library or a part of the machine, to what it was then
        and what it is now.
    """

    equal: bool
    files: dict[str, bool]
    changed: dict[str, tuple[str, str]]


def replay(folder: str | Path, *, models: Sequence[str | Path] = ()) -> Replay:
    """Carry out a stored run again, from what it resolved, and compare the bytes of its tables.

    Parameters
    ----------
    folder
        The run's folder.
    models
        Folders in which the run's model is looked for before those that ship; its digest says which it is.

    Raises
    ------
    DamagedError
        If the stored files, the model or the dictionaries are not those of the run.
    InputError
        If the model is in none of the folders and this version does not come with it.
    """
    folder = Path(folder)
    stored, job = reopen(folder, models=models)
    with TemporaryDirectory() as scratch:
        path = write_run_folder(execute(job), Path(scratch), fill=path_writer(job))
        tables = sorted(name for name in stored.manifest["files"] if name.endswith(".parquet"))
        files = {name: (path / name).read_bytes() == (folder / name).read_bytes() for name in tables}
    return Replay(all(files.values()), files, _changed_since(stored))


def _changed_since(stored: Run) -> dict[str, tuple[str, str]]:
    """Versions of libraries and the kind of machine, where they are not those of the run."""
    then = {**stored.manifest["versions"], **stored.manifest["machine"]}
    now: dict[str, object] = {**list_versions(), **describe_machine()}
    return {name: (str(was), str(now.get(name))) for name, was in then.items() if was != now.get(name)}


def reopen(folder: str | Path, *, models: Sequence[str | Path] = ()) -> tuple[Run, Job]:
    """Read a stored run and prepare its job again, so that its paths can be drawn from their counters.

    Parameters
    ----------
    folder
        The run's folder.
    models
        Folders in which the run's model is looked for before those that ship; its digest says which it is.

    Raises
    ------
    DamagedError
        If the stored files, the model or the dictionaries are not those of the run.
    InputError
        If the model is in none of the folders and this version does not come with it.
    """
    stored = load_run_folder(Path(folder))
    return stored, job_again(stored, models)


def job_again(stored: Run, models: Sequence[str | Path] = ()) -> Job:
    """Prepare the job of a run again from what it resolved; `models` as in `reopen`."""
    with TemporaryDirectory() as scratch:
        for name, content in stored.inputs.items():
            (Path(scratch) / name).write_bytes(content)
        path = Path(scratch) / "resolved.yaml"
        path.write_text(stored.resolved, encoding="utf-8")
        request = load_run(path)
        job = prepare(request.model_copy(update={"model": _model_again(stored, request.model, models)}))
    if job.model.sha256 != stored.manifest["model"]["sha256"]:
        found = f"the model {job.model.id}@{job.model.version} is not the one that {stored.run_id} used"
        raise DamagedError(Problem(found, allowed=_needed(stored), fix="name its folder with --model"))
    if job.content_hash != stored.content_hash:
        raise DamagedError(_resolved_otherwise(stored))
    return job


def _model_again(stored: Run, reference: str, models: Sequence[str | Path]) -> str:
    """Where the model of a run is: the folder that holds its bytes, the packaged version, or the run's own folder."""
    named = stored.manifest["model"]
    found = [(folder, load_model(folder)) for folder in models]
    for folder, model in found:
        if model.sha256 == named["sha256"]:
            return str(Path(folder).resolve()) if Path(folder).is_dir() else str(folder)
    if not is_packaged(reference) and Path(reference).is_dir():
        return reference
    exact = f"{named['id']}@{named['version']}"
    if exact not in {f"{entry['id']}@{entry['version']}" for entry in list_models()}:
        others = [f"{folder} is {model.id}@{model.version}, sha256 {model.sha256}" for folder, model in found]
        told = "; ".join([f"{stored.run_id} used the model {exact}, which jpsim {__version__} has not", *others])
        fix = f"name its folder with --model FOLDER; jpsim {_made(stored)}, which made the run, had it"
        raise InputError(Problem(told, allowed=_needed(stored), fix=fix))
    return exact


def _needed(stored: Run) -> str:
    named = stored.manifest["model"]
    return f"{named['id']}@{named['version']} with sha256 {named['sha256']}"


def _made(stored: Run) -> str:
    """Version of jpsim that made a run."""
    return str(stored.manifest["versions"].get("jpsim", "of another version"))


def _resolved_otherwise(stored: Run) -> Problem:
    """Say what makes the content hash of a run another one now."""
    kept, now = stored.manifest.get("dictionaries", {}), dictionary_digests()
    edited = [name for name in now if kept.get(name) != now[name]]
    made = _made(stored)
    if edited:
        found = f"the priors, rules or meeting dates are not those that {stored.run_id} used: {', '.join(edited)}"
        digests = "; ".join(f"{name} with sha256 {kept.get(name, 'unknown')}" for name in edited)
        return Problem(found, allowed=digests, fix=f"restore them in jpsim/data; jpsim {made} made the run")
    found = f"jpsim {__version__} reads the resolved run {stored.run_id} otherwise than jpsim {made}, which made it"
    return Problem(found, fix=f"replay it with jpsim {made}")
