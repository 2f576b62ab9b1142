"""`jpsim calibrate`: from a data panel to a model."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.table import Table

    from jpsim.calibration.outlook import FactorRow
    from jpsim.model import Model

__all__ = ["command"]


@click.command()
@click.argument("panel", type=click.Path(path_type=Path, exists=True))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="New folder for the model.")
@click.option(
    "--version",
    "version",
    help="Version of the model; if left out the one after those of the panel's month that are packaged.",
)
@click.option(
    "--priors",
    "priors_path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="TOML file of priors and choices; the packaged one if left out.",
)
@click.option("--daily", is_flag=True, help="Estimate the daily model, from panel_daily.csv and a monthly model.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(panel: Path, out: Path, version: str | None, priors_path: Path | None, daily: bool, as_json: bool) -> None:
    """Estimate a model from PANEL, a folder with panel_monthly.csv and its companions, or that file.

    Prints each factor a year ahead, or with --daily how far carried-over equities are from daily closes; the rest
    stands in the model's card, card.md and card.html.
    """
    from jpsim.model.store import check_vacant, save_model
    from jpsim.reporting.card_page import render_card

    check_vacant(out)
    estimate = _estimate_daily if daily else _estimate_monthly
    model, card, table = estimate(panel, version, priors_path)
    sha256 = save_model(model, out, card, render_card(card))
    if as_json:
        told = {"id": model.id, "version": model.version, "as_of": str(model.as_of), "path": str(out)}
        click.echo(json.dumps({**told, "sha256": sha256, "factors": list(model.factors)}, ensure_ascii=False))
        return
    from rich.console import Console

    Console().print(table)
    click.echo(f"{out}  {model.id}@{model.version}  sha256 {sha256}")


def _estimate_monthly(panel: Path, version: str | None, priors: Path | None) -> tuple[Model, str, Table]:
    from jpsim.calibration.learning import calibrate
    from jpsim.calibration.priors import read_priors

    found = calibrate(panel, version=version, priors=read_priors(priors), on_step=_progress())
    return found.model, found.card, _outlook_table(found.outlook)


def _estimate_daily(panel: Path, version: str | None, priors: Path | None) -> tuple[Model, str, Table]:
    from rich.table import Table

    from jpsim.calibration.daily import calibrate_daily
    from jpsim.calibration.daily_card import exposure_rows
    from jpsim.calibration.priors import read_daily_priors

    found = calibrate_daily(panel, version=version, priors=read_daily_priors(priors))
    table = Table(title="Equities against daily closes")
    for title in ("series", "quantity"):
        table.add_column(title)
    for title in ("carried over", "daily closes"):
        table.add_column(title, justify="right")
    for row in exposure_rows(found.model, found.exposures):
        table.add_row(*row)
    return found.model, found.card, table


def _progress() -> Callable[[int, int], None] | None:
    """Progress of the sampler on standard error, on a terminal only."""
    from jpsim.cli import is_quiet

    if is_quiet() or not sys.stderr.isatty():
        return None

    def show(done: int, total: int) -> None:
        if done % 50 == 0 or done == total:
            click.echo(f"\rdrawing from the posterior: {100 * done // total}%", nl=done == total, err=True)

    return show


def _outlook_table(rows: tuple[FactorRow, ...]) -> Table:
    from rich.table import Table

    table = Table(title="Twelve months ahead")
    table.add_column("factor")
    table.add_column("month 0", justify="right")
    table.add_column("unit")
    for title in ("mean", "sd", "parameter sd"):
        table.add_column(title, justify="right")
    for row in rows:
        spread = "" if row.parameter_sd != row.parameter_sd else f"{row.parameter_sd:.2f}"
        table.add_row(row.name, f"{row.level:.2f}", row.unit, f"{row.mean:.2f}", f"{row.sd:.2f}", spread)
    return table
