"""`jpsim solve`: how far one number of a scenario must go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from jpsim.analysis.scenario_goal import GoalStatistic

__all__ = ["command"]

_STATISTICS: dict[str, GoalStatistic] = {"mean": "mean", "median": "q50", "q05": "q05", "es95": "es95"}


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--series", required=True, help="The series or factor that should come out as wanted, for example topix.")
@click.option("--at", required=True, metavar="WHEN", help="The month meant, as 12m or 2026-12.")
@click.option("--mean", help="Wanted mean: a return as 10%, or a factor's level.")
@click.option("--median", help="Wanted median.")
@click.option("--q05", help="Wanted 5% quantile.")
@click.option("--es95", help="Wanted expected shortfall at 95%, positive for a loss.")
@click.option("--with", "knob", required=True, metavar="KEY",
              help="The number to turn, as scenarios.boj_hike.conditions.jgb_10y.change.12m.")  # fmt: skip
@click.option("--bounds", metavar="LOW,HIGH", help="Ends that it may not leave, as -50bp,+150bp.")
@click.option("--scenario", help="A scenario of the run; that of the number by default.")
@click.option("--set", "overrides", multiple=True, metavar="K=V", help="Override a leaf of the run; repeatable.")
@click.option("--paths", type=int, default=20_000, show_default=True, help="Paths of each evaluation.")
@click.option("--seed", type=int, help="Seed of the random numbers.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    config: Path,
    series: str,
    at: str,
    knob: str,
    bounds: str | None,
    scenario: str | None,
    overrides: tuple[str, ...],
    paths: int,
    seed: int | None,
    as_json: bool,
    **targets: str | None,
) -> None:
    """Find how far a number of CONFIG, a run file, must go for a statistic to take the wanted value."""
    from jpsim import api
    from jpsim.analysis.scenario_goal import Wish
    from jpsim.cli.kernels import choose_kernel_folder

    statistic, target = _wanted(targets)
    changes = [*overrides, f"paths={paths}", *([] if seed is None else [f"seed={seed}"])]
    choose_kernel_folder()
    wish = Wish(series, at, statistic, target, scenario)
    found = api.solve(config, wish, knob=knob, bounds=_ends(bounds), overrides=changes)
    if as_json:
        click.echo(json.dumps(found.to_dict(), ensure_ascii=False))
        return
    from rich.console import Console

    from jpsim.reporting.goal_table import goal_table

    Console().print(goal_table(found))


def _wanted(targets: dict[str, str | None]) -> tuple[GoalStatistic, str]:
    """Return the one statistic that was asked for, and its target."""
    given = [(name, text) for name, text in targets.items() if text is not None]
    if len(given) != 1:
        raise click.UsageError("give exactly one of --mean, --median, --q05 and --es95")
    return _STATISTICS[given[0][0]], given[0][1]


def _ends(bounds: str | None) -> tuple[str, str] | None:
    if bounds is None:
        return None
    low, comma, high = bounds.partition(",")
    if not comma:
        raise click.UsageError(f"--bounds {bounds!r}: give LOW,HIGH, as -50bp,+150bp")
    return low, high
