"""`jpsim model`: models, their cards, their matrices."""

from __future__ import annotations

import json
from pathlib import Path

import click

__all__ = ["command"]

_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group()
def command() -> None:
    """List, show and export models.

    MODEL is an id (its newest version), id@version, or a model's folder.
    """


@command.command("list")
@_json
def list_command(as_json: bool) -> None:
    """List the packaged models."""
    from jpsim.model.store import list_models

    models = list_models()
    if as_json:
        click.echo(json.dumps({"models": list(models)}, ensure_ascii=False))
        return
    for entry in models:
        click.echo(f"{entry['id']}@{entry['version']}  as of {entry['as_of']}  sha256 {entry['sha256'][:16]}")


@command.command("show")
@click.argument("model")
@_json
def show_command(model: str, as_json: bool) -> None:
    """Show a model's card, or with --json its record."""
    from jpsim.model.store import load_model, read_card

    loaded = load_model(model)
    if not as_json:
        click.echo(read_card(model), nl=False)
        return
    told = {"id": loaded.id, "version": loaded.version, "as_of": str(loaded.as_of), "sha256": loaded.sha256}
    names = {"factors": loaded.factors, "series": loaded.series, "aggregates": loaded.aggregates}
    terms = {term.id: term.label for term in loaded.terms}
    click.echo(json.dumps({**told, **names, "terms": terms, "meta": loaded.meta}, ensure_ascii=False))


@command.command("export")
@click.argument("model")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_json
def export_command(model: str, file: Path, as_json: bool) -> None:
    """Write a model's arrays to FILE (.npz, no pickles) for an independent validator."""
    from jpsim.model.export import export_model
    from jpsim.model.store import load_model

    loaded = load_model(model)
    export_model(loaded, file)
    if as_json:
        click.echo(json.dumps({"id": loaded.id, "version": loaded.version, "path": str(file)}, ensure_ascii=False))
    else:
        click.echo(f"{file}  {loaded.id}@{loaded.version}", err=True)
