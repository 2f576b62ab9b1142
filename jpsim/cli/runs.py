"""`jpsim runs`: the catalogue of stored runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from jpsim.cli import is_quiet
from jpsim.cli.references import model_folders

__all__ = ["command"]

_out = click.option(
    "--out", type=click.Path(path_type=Path), default=Path("outputs"), show_default=True, help="Folder that holds runs."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group()
def command() -> None:
    """List, show, verify, replay and tidy stored runs.

    RUN_ID is a run's id, the start of one, or the path of its folder.
    """


@command.command("list")
@_out
@_json
def list_command(out: Path, as_json: bool) -> None:
    """List the runs in a folder, oldest first."""
    from jpsim.runs import list_runs

    entries = list_runs(out)
    if as_json:
        _print_json({"runs": [entry.to_json() for entry in entries]})
        return
    for entry in entries:
        told = f"{entry.horizon}{entry.step[0]}  {entry.paths:>9,} paths  {entry.model}  {', '.join(entry.scenarios)}"
        click.echo(f"{entry.run_id}  {'damaged manifest' if entry.damage else told}")
    if not entries and not is_quiet():
        click.echo(f"{out}: no runs", err=True)


@command.command("show")
@click.argument("run_id")
@_out
@_json
def show_command(run_id: str, out: Path, as_json: bool) -> None:
    """Show a stored run: its table, or with --json its manifest."""
    from jpsim.runs import find_run, load_run_folder

    path = find_run(out, run_id)
    run = load_run_folder(path)
    if as_json:
        _print_json({"path": str(path), **run.manifest})
        return
    from rich.console import Console

    from jpsim.reporting.table import run_table

    console = Console()
    console.print(run_table(run, width=console.width))
    console.print(f"{path}", style="dim", soft_wrap=True)


@command.command("verify")
@click.argument("run_id")
@_out
@_json
def verify_command(run_id: str, out: Path, as_json: bool) -> None:
    """Check every file of a run against its manifest."""
    from jpsim.runs import find_run, verify_run

    path = find_run(out, run_id)
    files = verify_run(path)
    if as_json:
        _print_json({"path": str(path), "verified": True, "files": list(files)})
    else:
        click.echo(f"{path}: {len(files)} files are as they were written")


@command.command("replay")
@click.argument("run_id")
@_out
@model_folders
@_json
@click.pass_context
def replay_command(context: click.Context, run_id: str, out: Path, models: tuple[Path, ...], as_json: bool) -> None:
    """Carry a run out again and compare the bytes."""
    from jpsim.api import replay
    from jpsim.runs import find_run

    path = find_run(out, run_id)
    answer = replay(path, models=models)
    if as_json:
        _print_json({"path": str(path), "equal": answer.equal, "files": dict(answer.files), "changed": answer.changed})
    else:
        for name, equal in answer.files.items():
            click.echo(f"{name}: {'equal' if equal else 'differs'}")
        if not answer.equal:
            for name, (was, now) in answer.changed.items():
                click.echo(f"{name}: the run was made with {was}, here is {now}")
        click.echo(f"{path}: {'the same bytes' if answer.equal else 'not the same bytes'}")
    context.exit(0 if answer.equal else 3)


@command.command("gc")
@click.argument("run_id", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@_out
@_json
def gc_command(run_id: tuple[str, ...], dry_run: bool, out: Path, as_json: bool) -> None:
    """Remove what killed and stopped runs left behind, and the runs named, if any.

    A stopped run that is removed cannot be resumed.
    """
    from jpsim.runs import gc_runs

    removed = gc_runs(out, run_id, dry_run=dry_run)
    if as_json:
        _print_json({"removed": [str(path) for path in removed], "dry_run": dry_run})
        return
    for path in removed:
        click.echo(str(path))
    if not is_quiet():
        click.echo(f"{out}: {len(removed)} folders {'would go' if dry_run else 'removed'}", err=True)


def _print_json(content: dict[str, Any]) -> None:
    click.echo(json.dumps(content, ensure_ascii=False, indent=2))
