"""`jpsim scenario import`: a table of dates and factors, or a supervisory scenario, as a scenario file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from jpsim.cli.files import writing

if TYPE_CHECKING:
    from jpsim.months import Month

__all__ = ["import_command"]


@click.command("import")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--id", "scenario_id", required=True, help="Id of the new scenario.")
@click.option("--name", help="Which scenario of a supervisory file, such as 'severely adverse'.")
@click.option("--extends", help="Scenario that it extends, such as baseline.")
@click.option("--after", help="Leave out dates up to this month, such as 2026-01.")
@click.option("--until", help="Leave out dates after this month, such as 2027-01.")
@click.option("--equity-base", type=float, help="Level of the supervisory equity index at month 0.")
@click.option("--out", type=click.Path(path_type=Path), help="File to write.  [default: standard output]")
def import_command(
    files: tuple[Path, ...],
    scenario_id: str,
    name: str | None,
    extends: str | None,
    after: str | None,
    until: str | None,
    equity_base: float | None,
    out: Path | None,
) -> None:
    """Make a scenario file from CSV: dates by factors, or the Federal Reserve's supervisory scenarios."""
    from jpsim.cli import is_quiet
    from jpsim.errors import InputError
    from jpsim.interop import import_scenario

    span = {"after": _month(after, "--after"), "until": _month(until, "--until")}
    made = import_scenario(files, scenario_id, name=name, extends=extends, equity_base=equity_base, **span)
    for what, why in () if is_quiet() else made.left_out.items():
        click.echo(f"left out: {what}: {why}", err=True)
    for warning in () if is_quiet() else made.warnings:
        click.echo(f"warning: {warning}", err=True)
    if out is None:
        click.echo(made.text, nl=False)
        return
    if out.exists():
        raise InputError(f"{out} is already there")
    with writing(out):
        out.write_text(made.text, encoding="utf-8")
    click.echo(str(out))


def _month(text: str | None, option: str) -> Month | None:
    from jpsim.errors import InputError, Problem
    from jpsim.months import Month

    try:
        return None if text is None else Month.parse(text)
    except ValueError:
        raise InputError(Problem(f"{option} {text!r}", allowed="a month such as 2026-07")) from None
