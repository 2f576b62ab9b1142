"""`jpsim compare`: scenarios of stored runs against a reference."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jpsim.cli.references import model_folders

if TYPE_CHECKING:
    from jpsim.analysis.redrawing import Side

__all__ = ["command"]


@click.command()
@click.argument("references", metavar="RUN[:SCENARIO]...", nargs=-1, required=True)
@click.option("--at", "when", metavar="MONTH", help="Month compared, as 12m or 2027-01.  [default: the last one]")
@click.option(
    "--series", multiple=True, metavar="IDS", help="Series, factors or groups, separated by commas; repeatable."
)
@click.option("--out", type=click.Path(path_type=Path), default=Path("outputs"), show_default=True,
              help="Folder that holds runs.")  # fmt: skip
@model_folders
@click.option("--all", "everything", is_flag=True, help="Show the 33 sectors and the themes, too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    references: tuple[str, ...],
    when: str | None,
    series: tuple[str, ...],
    out: Path,
    models: tuple[Path, ...],
    everything: bool,
    as_json: bool,
) -> None:
    """Compare scenarios of stored runs with the first one named.

    RUN is an id, the start of one, or a folder; without a scenario it stands for all scenarios of the run.
    """
    from jpsim.analysis.comparison import compare_sides, draws_needed
    from jpsim.cli import is_quiet
    from jpsim.cli.kernels import choose_kernel_folder
    from jpsim.cli.references import redrawing_bar

    wanted = [name.strip() for text in series for name in text.split(",") if name.strip()] or None
    choose_kernel_folder()
    sides = _sides(references, out, models)
    with redrawing_bar(draws_needed(sides, wanted), is_quiet() or as_json) as told:
        comparison = compare_sides(sides, at=when, outputs=wanted, told=told)
    if as_json:
        click.echo(json.dumps(comparison.to_dict(), ensure_ascii=False))
        return
    from rich.console import Console

    from jpsim.reporting.comparison_table import comparison_table

    console = Console()
    console.print(comparison_table(comparison, width=console.width, detailed=everything or wanted is not None))


def _sides(references: tuple[str, ...], out: Path, models: tuple[Path, ...]) -> list[Side]:
    """Each scenario that is named, once, in the order of naming."""
    from jpsim import api
    from jpsim.analysis.redrawing import Side
    from jpsim.cli.references import split_reference
    from jpsim.runs import find_run
    from jpsim.runs.outcomes import position

    named = [split_reference(reference) for reference in references]
    folders = [find_run(out, run) for run, _ in named]
    opened = {folder: api.reopen(folder, models=models) for folder in dict.fromkeys(path.resolve() for path in folders)}
    sides: dict[tuple[Path, str], Side] = {}
    for folder, (_, scenario) in zip(folders, named, strict=True):
        run, job = opened[folder.resolve()]
        if scenario is not None:
            position(run.scenarios, scenario)
        for name in run.scenarios if scenario is None else (scenario,):
            sides.setdefault((folder.resolve(), name), Side(run, name, job))
    return list(sides.values())
