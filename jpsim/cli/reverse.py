"""`jpsim reverse`: what it takes for a series to lose so much."""

from __future__ import annotations

import json
from pathlib import Path

import click

__all__ = ["command"]


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--series", required=True, help="The series that loses, for example topix.")
@click.option("--at", required=True, metavar="WHEN", help="The month by which it has lost, as 12m or 2026-12.")
@click.option("--loss", required=True, metavar="SHARE", help="What it loses since month 0, as 20%.")
@click.option("--scenario", help="A scenario of the run; the first by default.")
@click.option("--set", "overrides", multiple=True, metavar="K=V", help="Override a leaf of the run; repeatable.")
@click.option("--paths", type=int, help="Paths for the mean path and the stories.")
@click.option("--seed", type=int, help="Seed of the random numbers.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    config: Path,
    series: str,
    at: str,
    loss: str,
    scenario: str | None,
    overrides: tuple[str, ...],
    paths: int | None,
    seed: int | None,
    as_json: bool,
) -> None:
    """Explain how a series could lose so much in a scenario of CONFIG, a run file.

    Shows the most plausible path, the mean path given the loss, and the distinct stories behind it.
    """
    from jpsim import api
    from jpsim.cli.kernels import choose_kernel_folder

    extra = {"paths": paths, "seed": seed}
    changes = [*overrides, *(f"{key}={value}" for key, value in extra.items() if value is not None)]
    choose_kernel_folder()
    found = api.reverse(config, series=series, at=at, loss=loss, scenario=scenario, overrides=changes)
    if as_json:
        click.echo(json.dumps(found.to_dict(), ensure_ascii=False))
        return
    from rich.console import Console

    from jpsim.reporting.reverse_table import reverse_table

    console = Console()
    console.print(reverse_table(found, console.width))
