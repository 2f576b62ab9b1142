"""`jpsim backtest`: score the model against benchmarks, origin by origin."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from jpsim.calibration.backtest import Backtest

__all__ = ["command"]


@click.command()
@click.argument("panel", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--model",
    default="japan_monthly",
    show_default=True,
    help="Model whose specification is estimated anew at each origin: an id or a folder.",
)
@click.option(
    "--priors",
    "priors_path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="TOML file of priors and choices, in place of those that the model was estimated with.",
)
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Replace one choice, for example equity.residual_half_life=60.",
)
@click.option(
    "--origins",
    metavar="FIRST:LAST[:STEP]",
    help="Months at whose end forecasts are made, for example 2019-12:2022-11:3; all if left out.",
)
@click.option("--conditional", is_flag=True, help="Score only forecasts given the factors' realised paths.")
@click.option(
    "--draws", type=click.IntRange(100, 20_000), default=1000, show_default=True, help="Draws of each ensemble."
)
@click.option("--seed", type=click.IntRange(0), default=20260130, show_default=True, help="Seed of all randomness.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("outputs/backtest"),
    show_default=True,
    help="New folder for scores.parquet, energy.parquet, tails.parquet and report.html.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    panel: Path,
    model: str,
    priors_path: Path | None,
    overrides: tuple[str, ...],
    origins: str | None,
    conditional: bool,
    draws: int,
    seed: int,
    out: Path,
    as_json: bool,
) -> None:
    """Score the model out of sample on PANEL, a folder with panel_monthly.csv and its companions, or that file.

    Everything is estimated on what was known at each origin. Prints ratios of scores, coverage and tests, and
    writes every score and a report with pictures.
    """
    from jpsim import api
    from jpsim.model.store import check_vacant

    check_vacant(out)
    with _progress() as tell:
        found = api.backtest(
            panel,
            model=model,
            priors=priors_path,
            overrides=overrides,
            origins=origins,
            conditional=conditional,
            draws=draws,
            seed=seed,
            progress=tell,
        )
    api.store_backtest(found, out)
    if as_json:
        click.echo(json.dumps(_summary(found, out), ensure_ascii=False))
        return
    from rich.console import Console

    from jpsim.reporting.backtest_table import backtest_table

    Console().print(backtest_table(found))
    click.echo(f"scores and report: {out}")


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None] | None]:
    """Progress by origin on standard error, on a terminal only."""
    from jpsim.cli import is_quiet

    if is_quiet() or not sys.stderr.isatty():
        yield None
        return
    from jpsim.reporting.progress import progress_bar

    with progress_bar(1000, "forecasting from each origin") as advance:
        seen = 0

        def tell(done: int, total: int) -> None:
            nonlocal seen
            advance(1000 * done // total - seen)
            seen = 1000 * done // total

        yield tell


def _summary(found: Backtest, out: Path) -> dict[str, Any]:
    from jpsim.calibration.backtest import standings

    rows = [row for scores in found.scores.values() for row in standings(scores)]
    return {
        "path": str(out),
        "specification": found.specification,
        "origins": {mode: [str(scores.origins[0]), str(scores.origins[-1])] for mode, scores in found.scores.items()},
        "crps": [[row.mode, row.horizon, row.group, row.forecaster, row.crps] for row in rows],
    }
