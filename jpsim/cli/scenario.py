"""`jpsim scenario`: the library of scenarios, and JSON Schemas for editors."""

from __future__ import annotations

import json
from typing import Any

import click

from jpsim.cli.scenario_import import import_command

__all__ = ["command"]

_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group()
def command() -> None:
    """List and show scenarios; print JSON Schemas for editors."""


@command.command("list")
@_json
def list_command(as_json: bool) -> None:
    """List the scenarios that ids lead to from here."""
    from jpsim.errors import InputError
    from jpsim.scenario import find_scenarios, load_scenario

    rows: list[dict[str, Any]] = []
    for name, path in find_scenarios().items():
        try:
            title = load_scenario(name).title
        except InputError as error:
            rows.append({"id": name, "file": path.name, "problems": [str(problem) for problem in error.problems]})
        else:
            rows.append({"id": name, "file": path.name, "title": title.model_dump() if title else {}})
    if as_json:
        click.echo(json.dumps({"scenarios": rows}, ensure_ascii=False))
        return
    width = max((len(row["id"]) for row in rows), default=0)
    for row in rows:
        told = "has problems: see jpsim validate" if "problems" in row else _title(row["title"])
        click.echo(f"{row['id']:<{width}}  {told}".rstrip())


@command.command("show")
@click.argument("scenario")
@click.option("--resolved", is_flag=True, help="With everything inherited, units made canonical.")
@_json
def show_command(scenario: str, resolved: bool, as_json: bool) -> None:
    """Show SCENARIO, an id or a file: as written, or with --resolved as jpsim understands it."""
    from pathlib import Path

    from jpsim.scenario import find_scenarios, load_scenario, plain_scenario, write_scenario

    loaded = load_scenario(scenario)
    if as_json:
        click.echo(json.dumps(plain_scenario(loaded), ensure_ascii=False))
    elif resolved:
        click.echo(write_scenario(loaded), nl=False)
    else:
        path = Path(scenario) if Path(scenario).is_file() else find_scenarios()[scenario]
        click.echo(path.read_text(encoding="utf-8-sig"), nl=False)


@command.command("schema")
@click.argument("kind", type=click.Choice(("scenario", "run")), default="scenario")
def schema_command(kind: str) -> None:
    """Print the JSON Schema of scenario files (or of run files), draft 2020-12."""
    from jpsim.scenario.json_schema import read_json_schema

    click.echo(read_json_schema(kind), nl=False)


command.add_command(import_command)


def _title(title: dict[str, str | None]) -> str:
    return "  ".join(text for text in (title.get("en"), title.get("ja")) if text)
