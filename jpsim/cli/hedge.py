"""`jpsim hedge`: the best hedges of a stored run's book."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import click

from jpsim.cli.references import model_folders

__all__ = ["command"]


@click.command()
@click.argument("reference", metavar="RUN[:SCENARIO]")
@click.option("--at", "when", metavar="WHEN", help="Month at which the risk is measured.  [default: the horizon]")
@click.option("--measure", type=click.Choice(["es95", "variance"]), default="es95", show_default=True,
              help="What the hedge makes least.")  # fmt: skip
@click.option("--with", "among", default="", metavar="IDS",
              help="Series or kinds to hedge with, by commas.  [default: those with listed futures]")  # fmt: skip
@click.option("--most", type=click.IntRange(1, 3), default=3, show_default=True, help="Largest number of instruments.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("outputs"), show_default=True,
              help="Folder that holds runs.")  # fmt: skip
@model_folders
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    reference: str,
    when: str | None,
    measure: Literal["es95", "variance"],
    among: str,
    most: int,
    out: Path,
    models: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Find hedges of the portfolio of a stored run: the best one, two and three instruments with their sizes.

    RUN is an id, the start of one, or a folder; without a scenario the first one of the run is meant.
    """
    from jpsim import api
    from jpsim.analysis.books import find_hedges
    from jpsim.cli import is_quiet
    from jpsim.cli.kernels import choose_kernel_folder
    from jpsim.cli.references import redrawing_bar, split_reference
    from jpsim.runs import find_run

    run_id, scenario = split_reference(reference)
    path = find_run(out, run_id)
    choose_kernel_folder()
    run, job = api.reopen(path, models=models)
    result = run[scenario or run.scenarios[0]]
    month = result[run.outputs[0]].at(when or run.horizon).month
    names = [name.strip() for name in among.split(",") if name.strip()]
    with redrawing_bar(job.request.paths, is_quiet() or as_json) as told:
        found = find_hedges(job, result.scenario, month, weights=run.weights.get(result.scenario), among=names,
                            measure=measure, most=most, told=told)  # fmt: skip
    if as_json:
        click.echo(json.dumps(found.to_dict(), ensure_ascii=False))
        return
    from rich.console import Console

    from jpsim.reporting.hedge_table import hedge_table

    Console().print(hedge_table(found, run.as_of))
