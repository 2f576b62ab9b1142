"""`jpsim validate`: scenario and run files, without the numerical stack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

__all__ = ["command"]


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def command(ctx: click.Context, files: tuple[Path, ...], as_json: bool) -> None:
    """Check scenario and run files, and report all their problems at once."""
    results = [_check(path) for path in files]
    if as_json:
        click.echo(json.dumps({"files": results}, ensure_ascii=False))
    else:
        for result in results:
            _print(result)
    if any(result["problems"] for result in results):
        ctx.exit(2)


def _check(path: Path) -> dict[str, Any]:
    """Say what a file is, and what is wrong with it."""
    from jpsim.errors import InputError
    from jpsim.scenario import RunRequest, load_file

    try:
        content = load_file(path)
    except InputError as error:
        return {"file": str(path), "kind": None, "problems": [str(p) for p in error.problems], "warnings": []}
    warnings = [str(warning) for warning in content.warnings]
    found: dict[str, Any] = {"file": str(path), "problems": [], "warnings": warnings}
    if isinstance(content, RunRequest):
        return {**found, "kind": "run", "scenarios": [scenario.id for scenario in content.scenarios]}
    return {**found, "kind": "scenario", "id": content.id}


def _print(result: dict[str, Any]) -> None:
    from jpsim.cli import is_quiet

    for problem in result["problems"]:
        click.echo(problem, err=True)
    for warning in result["warnings"]:
        click.echo(f"warning: {warning}", err=True)
    if result["kind"] == "run":
        click.echo(f"{result['file']}: a run of {', '.join(result['scenarios'])}")
    elif result["kind"] == "scenario":
        click.echo(f"{result['file']}: the scenario {result['id']}")
    elif not is_quiet():
        count = len(result["problems"])
        click.echo(f"{result['file']}: {count} problem{'s' if count > 1 else ''}", err=True)
