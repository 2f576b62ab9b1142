"""`jpsim explain`: what a scenario means, without simulating."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

__all__ = ["command"]

_SHOWN_COSTS = 8


@click.command()
@click.argument("scenario")
@click.option("--model", default="japan_monthly", show_default=True, help="An id, id@version or a folder.")
@click.option("--horizon", default="12m", show_default=True, help="Months ahead, as 12m.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(scenario: str, model: str, horizon: str, as_json: bool) -> None:
    """Explain SCENARIO, an id or a file: bands in closed form, plausibility, costs and shocks."""
    from jpsim import api

    told = api.explain(Path(scenario) if scenario.endswith((".yaml", ".yml")) else scenario, model=model,
                       horizon=_months(horizon))  # fmt: skip
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    _show(scenario, told)


def _months(text: str) -> int:
    from jpsim.errors import InputError, Problem

    number = text.removesuffix("m")
    if not number.isdecimal() or not 1 <= int(number) <= 120:
        raise InputError(Problem(f"--horizon {text!r}", allowed="1m to 120m, as 12m"))
    return int(number)


def _show(scenario: str, told: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    card = told["plausibility"]
    console.print(f"[bold]{scenario}[/bold]")
    if card["rows"]:
        console.print(
            f"{card['rows']} conditions, squared distance {card['distance']:.1f}: the model's own paths lie further out "
            f"in {card['percentile']:.0%} of cases, in {card['terminal_percentile']:.0%} by the last dates alone; "
            f"largest mean shock {card['largest_shock']:.1f} sd, in month {card['largest_shock_month']}"
        )
    for warning in told["warnings"]:
        console.print(f"[yellow]warning:[/yellow] {warning}")
    bands = Table(title="Factors, closed form", title_justify="left")
    for column in ("factor", "month 0", "mean", "5%", "95%"):
        bands.add_column(column, justify="left" if column == "factor" else "right")
    for factor, band in told["bands"].items():
        values = (told["start"][factor], band["mean"][-1], band["q05"][-1], band["q95"][-1])
        bands.add_row(factor, *(f"{value:,.2f}" for value in values))
    console.print(bands)
    if told.get("policy_path"):
        console.print(_policy_table(told["policy_path"]))
    if told["costs"]:
        console.print(_cost_table(told))
    if told["shocks"]:
        delivered = ", ".join(f"{s['factor']} {s['sd']:+.1f} sd in month {s['month']}" for s in told["shocks"])
        console.print(f"Largest mean innovations behind it: {delivered}")


def _policy_table(path: dict[str, list[float]]) -> Any:
    from rich.table import Table

    table = Table(title="Policy rate, %", title_justify="left")
    for column in ("month", "priced", "scenario", "surprise"):
        table.add_column(column, justify="right")
    for month, row in enumerate(zip(path["priced"], path["scenario"], path["surprise"], strict=True), start=1):
        priced, scenario, surprise = row
        table.add_row(str(month), f"{priced:.2f}", f"{scenario:.2f}", f"{surprise:+.2f}")
    return table


def _cost_table(told: dict[str, Any]) -> Any:
    from rich.table import Table

    table = Table(title="What the conditions cost, of the squared distance", title_justify="left")
    table.add_column("condition")
    table.add_column("share", justify="right")
    table.add_column("surprise given earlier ones", justify="right")
    for cost in told["costs"][:_SHOWN_COSTS]:
        table.add_row(cost["row"], f"{cost['share']:.2f}", f"{cost['surprise']:.2f}")
    return table
