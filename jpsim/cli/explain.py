"""`jpsim explain`: what a scenario means, without simulating."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import click

__all__ = ["command"]


@click.command()
@click.argument("scenario")
@click.option("--model", default="japan_monthly", show_default=True, help="An id, id@version or a folder.")
@click.option("--horizon", help="Months ahead, 12m if left out; on a daily model trading days, 21d if left out.")
@click.option("--lang", type=click.Choice(["en", "ja"]), default="en", show_default=True, help="Language of the names.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(scenario: str, model: str, horizon: str | None, lang: Literal["en", "ja"], as_json: bool) -> None:
    """Explain SCENARIO, an id or a file: bands in closed form, plausibility, costs and shocks."""
    from jpsim.conditioning.explaining import explain

    source = Path(scenario) if scenario.endswith((".yaml", ".yml")) else scenario
    told = explain(source, model=model, horizon=horizon)
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    from rich.console import Console

    from jpsim.reporting.explanation_table import explanation_table

    Console().print(explanation_table(scenario, told, lang))
