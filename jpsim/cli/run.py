"""`jpsim run`: the main job."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

if TYPE_CHECKING:
    from jpsim.runs import Run
    from jpsim.scenario import RunRequest
    from jpsim.simulation.job import Job
    from jpsim.simulation.plan import Plan

__all__ = ["command"]


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--set", "overrides", multiple=True, metavar="K=V", help="Override a leaf of the run; repeatable.")
@click.option("--paths", type=int, help="Paths per scenario.")
@click.option("--seed", type=int, help="Seed of the random numbers.")
@click.option("--threads", type=int, help="Threads, 0 for all cores; the results do not depend on it.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("outputs"), show_default=True,
              help="Folder that holds runs.")  # fmt: skip
@click.option("--resume", metavar="RUN_ID", help="Go on with a run that was stopped, to the same results.")
@click.option("--dry-run", is_flag=True, help="Print the plan and the plausibility; draw nothing.")
@click.option("--all", "everything", is_flag=True, help="Show the 33 sectors and the themes, too.")
@click.option("--lang", type=click.Choice(["en", "ja"]), default="en", show_default=True, help="Names in the table.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    config: Path,
    overrides: tuple[str, ...],
    paths: int | None,
    seed: int | None,
    threads: int | None,
    out: Path,
    resume: str | None,
    dry_run: bool,
    everything: bool,
    lang: Literal["en", "ja"],
    as_json: bool,
) -> None:
    """Carry out the run file CONFIG: simulate its scenarios, store the run, print the table."""
    from jpsim import api
    from jpsim.cli import is_quiet
    from jpsim.cli.kernels import choose_kernel_folder
    from jpsim.errors import Stopped
    from jpsim.scenario import load_run
    from jpsim.signals import Signalled, heed_signals

    extra = {"paths": paths, "seed": seed, "executor.threads": threads}
    changes = [*overrides, *(f"{key}={value}" for key, value in extra.items() if value is not None)]
    request = load_run(config, changes)
    quiet = is_quiet()
    choose_kernel_folder()
    for warning in () if quiet else request.warnings:
        click.echo(f"warning: {warning}", err=True)
    if not (quiet or as_json):
        _say_what_compiles(request)
    job, planned = api.plan(request)
    for told in () if quiet else planned.warnings:
        click.echo(f"warning: {told}", err=True)
    if dry_run:
        _show_plan(job, planned, as_json)
        return
    with heed_signals(), api.keep_journal(job, out, resume) as journal, _progress(job, quiet or as_json) as progress:
        try:
            result = api.execute(job, progress=progress, journal=journal)
            stored = api.store(result, out, job)
        except (Stopped, Signalled) as stopped:
            told = "nothing was stored"
            if journal.started:
                told = f"go on with: jpsim run {config} ... --out {out} --resume {journal.run_id}"
            raise Stopped(f"the run was interrupted; {told}", stopped.signal_number) from None
    _show_run(stored.run, stored.path, as_json=as_json, everything=everything, lang=lang)
    api.check_limits(stored.run, request)


def _say_what_compiles(request: RunRequest) -> None:
    """Say why nothing seems to happen where kernels compile first: the plan, which times a few paths, needs them."""
    from jpsim.simulation.kernel_cache import kernels_cached

    if not kernels_cached(request.precision, request.arithmetic):
        click.echo("first run on this machine: compiling the kernels, which takes about a minute ...", err=True)


@contextmanager
def _progress(job: Job, silent: bool) -> Iterator[Callable[[str, int, int], None] | None]:
    """Show a bar on a terminal while scenarios are drawn."""
    from jpsim.reporting.progress import progress_bar

    if silent:
        yield None
        return
    seen = {scenario.id: 0 for scenario in job.request.scenarios}
    with progress_bar(job.request.paths * len(seen), "drawing paths") as advance:

        def tell(scenario: str, done: int, _: int) -> None:
            advance(done - seen[scenario])
            seen[scenario] = done

        yield tell


def _show_plan(job: Job, planned: Plan, as_json: bool) -> None:
    from jpsim import api
    from jpsim.reporting.verdicts import plausibility_text
    from jpsim.simulation.plan import check_plan

    answer = api.outline(job, planned)
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
    else:
        click.echo(
            f"{planned.scenarios} scenarios x {planned.paths:,} paths x {planned.outputs} outputs x {planned.months} "
            f"{job.model.step}s: about {_duration(planned.seconds)}, {planned.memory_bytes / 2**20:,.0f} MiB "
            f"({planned.memory_free / 2**30:,.1f} GiB free)"
            + (f", up to {planned.disk_bytes / 2**20:,.0f} MiB of files" if planned.disk_bytes else "")
        )
        for scenario, card in answer["plausibility"].items():
            click.echo(f"{scenario}: {plausibility_text(card)}")
            for warning in answer["warnings"][scenario]:
                click.echo(f"  warning: {warning}")
    check_plan(planned)


def _duration(seconds: float) -> str:
    """Write a time in seconds, minutes or hours."""
    if seconds < 120.0:
        return f"{seconds:,.1f} s"
    return f"{seconds / 60:,.0f} minutes" if seconds < 7200.0 else f"{seconds / 3600:,.1f} hours"


def _show_run(run: Run, path: Path, *, as_json: bool, everything: bool, lang: Literal["en", "ja"]) -> None:
    if as_json:
        scenarios = {
            name: {"effective_sample": told["effective_sample"], "warnings": told["warnings"]}
            for name, told in run.diagnostics.items()
        }
        answer = {"run_id": run.run_id, "path": str(path), "content_hash": run.content_hash, "scenarios": scenarios}
        click.echo(json.dumps(answer | {"timing": run.manifest["timing"]}, ensure_ascii=False))
        return
    from rich.console import Console

    from jpsim.reporting.driver_table import driver_table
    from jpsim.reporting.table import run_table

    console = Console()
    console.print(run_table(run, languages=(lang,), detailed=everything, width=console.width))
    if (drivers := driver_table(run, width=console.width, language=lang)) is not None:
        console.print(drivers)
    for name, told in run.diagnostics.items():
        for warning in told["warnings"]:
            click.echo(f"warning: {name}: {warning}", err=True)
    click.echo(f"run: {path}")
