"""`jpsim data`: official feeds, kept byte for byte, and the panel that is built from them."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from jpsim.months import Month
    from jpsim.sources import PanelUpdate

__all__ = ["command"]

_FEEDS = click.option(
    "--feeds",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="TOML file of feeds; the packaged one if left out.",
)


@click.group()
def command() -> None:
    """Pull official feeds and build a data panel from them."""


@command.command("list")
@_FEEDS
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_sources(feeds: Path | None, as_json: bool) -> None:
    """List sources: what they fill, what their licence says, which key they need."""
    from jpsim.sources import read_catalogue

    catalogue = read_catalogue(feeds)
    found: dict[str, dict[str, object]] = {
        publisher.id: {
            "name": publisher.name,
            "licence": publisher.licence,
            "key": publisher.key or None,
            "columns": [column for feed in catalogue.feeds if feed.source == publisher.id for column in feed.columns],
        }
        for publisher in catalogue.publishers.values()
    }
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    _print_sources(found)


@command.command("pull")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--into", type=click.Path(path_type=Path), default=Path("snapshots"), show_default=True,
              help="Folder of the snapshots.")  # fmt: skip
@click.option("--since", default="1970-01", show_default=True, help="First month that is asked for.")
@_FEEDS
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def pull_sources(sources: tuple[str, ...], into: Path, since: str, feeds: Path | None, as_json: bool) -> None:
    """Pull each SOURCE: a publisher of `jpsim data list`, or a CSV, Parquet or xlsx file of your own.

    A snapshot keeps what came byte for byte, with its hash, time and licence. A source whose answer cannot be
    read leaves nothing behind; the others are kept.
    """
    from jpsim.errors import InputError, Problem
    from jpsim.sources import pull, read_catalogue
    from jpsim.sources.transport import open_client

    first = _month(since)
    told: dict[str, dict[str, object]] = {}
    problems: list[Problem] = []
    catalogue, client = read_catalogue(feeds), open_client()
    for name in sources:
        now = datetime.now(UTC)
        try:
            snapshot, readings = pull(
                name, into, catalogue=catalogue, client=client, since=first, now=now, keys=os.environ
            )
        except InputError as error:
            problems.extend(error.problems)
            continue
        last = max(found.days[-1] for found in readings.values())
        told[name] = {"folder": str(snapshot.folder), "series": len(readings), "last": last.isoformat()}
        if not as_json:
            click.echo(f"{name}: {len(readings)} series to {last}, {snapshot.folder}")
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    if problems:
        raise InputError(problems)


@command.command("build")
@click.option("--from", "folder", type=click.Path(path_type=Path, exists=True, file_okay=False),
              default=Path("snapshots"), show_default=True, help="Folder of the snapshots.")  # fmt: skip
@click.option("--onto", type=click.Path(path_type=Path, exists=True, file_okay=False),
              help="Panel that is carried on: its history and its other files.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), required=True, help="New folder for the panel.")
@click.option("--until", help="Last month of the panel; the last full month before the newest snapshot if left out.")
@click.option("--as-of", "as_of", help="Use snapshots pulled on this day or before: an older vintage.")
@click.option("--revise", is_flag=True, help="Let feeds replace what the old panel has.")
@_FEEDS
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def build(
    folder: Path, onto: Path | None, out: Path, until: str | None, as_of: str | None, revise: bool, feeds: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Build a panel from the newest snapshots, for `jpsim calibrate`.

    Values that the old panel has stay as they are, and the largest revision of each column is shown.
    """
    from jpsim.months import Month
    from jpsim.sources import build_panel, newest_snapshots, read_catalogue
    from jpsim.sources.panel_files import read_base, write_panel

    snapshots = newest_snapshots(folder, _end_of_day(as_of) if as_of else None)
    last = _month(until) if until else Month.parse(max(found.pulled for found in snapshots.values()).date()) + -1
    base, daily_base = read_base(onto) if onto else ({}, {})
    monthly, daily, updates = build_panel(snapshots, read_catalogue(feeds), base, daily_base, last, revise=revise)
    write_panel(out, monthly, daily, snapshots, onto)
    if as_json:
        rows = [{"column": row.column, "source": row.source, "months": row.months, "last": str(row.last)}
                for row in updates]  # fmt: skip
        click.echo(json.dumps({"path": str(out), "until": str(last), "columns": rows}))
        return
    _print_updates(updates)
    click.echo(f"{out}  {len(monthly)} columns to {last}")


def _month(text: str) -> Month:
    from jpsim.months import Month

    try:
        return Month.parse(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _end_of_day(text: str) -> datetime:
    try:
        day = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a day such as 2026-01-30", param_hint="--as-of") from None
    return day.replace(hour=23, minute=59, second=59, tzinfo=UTC)


def _print_sources(found: dict[str, dict[str, object]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table()
    for title in ("source", "key", "columns", "licence"):
        table.add_column(title)
    for name, entry in found.items():
        columns = entry["columns"]
        assert isinstance(columns, list)
        table.add_row(name, str(entry["key"] or ""), ", ".join(columns), str(entry["licence"]))
    Console().print(table)


def _print_updates(updates: tuple[PanelUpdate, ...]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="New values, by column")
    table.add_column("column")
    table.add_column("source")
    for title in ("months", "to", "revision, sd"):
        table.add_column(title, justify="right")
    for row in updates:
        revised = "" if row.revised != row.revised else f"{row.revised:.3f}"
        table.add_row(row.column, row.source, str(row.months), str(row.last), revised)
    Console().print(table)
