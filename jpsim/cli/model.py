"""`jpsim model`: models, their cards, their matrices, and what a new one changes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jpsim.cli.files import writing

if TYPE_CHECKING:
    from jpsim.scenario import Scenario

__all__ = ["command"]

_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group()
def command() -> None:
    """List, show, export and compare models.

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
    with writing(file):
        export_model(loaded, file)
    if as_json:
        click.echo(json.dumps({"id": loaded.id, "version": loaded.version, "path": str(file)}, ensure_ascii=False))
    else:
        click.echo(f"{file}  {loaded.id}@{loaded.version}", err=True)


@command.command("compare")
@click.argument("before")
@click.argument("after")
@click.option(
    "--scenario",
    "scenarios",
    multiple=True,
    metavar="ID",
    help="Scenario to draw; repeatable.  [default: the library, on daily models no story]",
)
@click.option("--no-scenarios", is_flag=True, help="Compare record, parameters and moments only.")
@click.option(
    "--series", default="topix,banks,small,usdjpy", show_default=True, metavar="IDS", help="Outputs compared."
)
@click.option("--horizon", help="Months ahead, 12m if left out; on daily models trading days, 21d if left out.")
@click.option("--paths", type=click.IntRange(1000), default=20_000, show_default=True, help="Paths per scenario.")
@click.option("--seed", type=click.IntRange(0), default=20260130, show_default=True, help="Seed of all draws.")
@click.option("--markdown", type=click.Path(path_type=Path, dir_okay=False), help="Write the tables to this file, too.")
@_json
def compare_command(
    before: str, after: str, scenarios: tuple[str, ...], no_scenarios: bool, series: str, horizon: str | None,
    paths: int, seed: int, markdown: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Say what model AFTER changes against BEFORE: record, parameters, moments, and scenarios drawn on both."""
    from jpsim import api
    from jpsim.cli.kernels import choose_kernel_folder
    from jpsim.reporting.model_change_table import model_change_markdown, model_change_table

    outputs = [name.strip() for name in series.split(",") if name.strip()]
    if no_scenarios and scenarios:
        raise click.UsageError("--scenario and --no-scenarios exclude each other.")
    if not outputs:
        raise click.BadParameter("no ids stand here.", param_hint="'--series'")
    choose_kernel_folder()
    chosen = [] if no_scenarios else _scenarios(scenarios) or None
    with _drawing(as_json) as told:
        change = api.compare_models(
            before, after, scenarios=chosen, series=outputs, horizon=horizon, paths=paths, seed=seed, progress=told
        )
    if markdown is not None:
        with writing(markdown):
            markdown.write_text(model_change_markdown(change), encoding="utf-8")
    if as_json:
        click.echo(json.dumps(change.to_dict(), ensure_ascii=False))
        return
    from rich.console import Console

    Console().print(model_change_table(change))


def _scenarios(names: Iterable[str]) -> list[Scenario]:
    """Load scenarios; the problems of all of them at once."""
    from jpsim.errors import InputError, Problem
    from jpsim.scenario import load_scenario

    found: list[Scenario] = []
    problems: list[Problem] = []
    for name in names:
        try:
            found.append(load_scenario(name))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return found


@contextmanager
def _drawing(silent: bool) -> Iterator[Callable[[str, int, int], None] | None]:
    """Tell on standard error, on a terminal only, which scenario is being drawn."""
    from jpsim.cli import is_quiet

    if silent or is_quiet() or not sys.stderr.isatty():
        yield None
        return

    def tell(scenario: str, done: int, total: int) -> None:
        click.echo(f"\rdrawing {scenario:<40}", nl=False, err=True)

    yield tell
    click.echo("\r" + " " * 50 + "\r", nl=False, err=True)
