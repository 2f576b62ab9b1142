"""`jpsim export`: a stored run in the formats that other systems read."""

from __future__ import annotations

import json
from pathlib import Path

import click

from jpsim.cli.references import model_folders

__all__ = ["command"]


@click.command()
@click.argument("run_id", metavar="RUN")
@click.option("--to", "formats", required=True, metavar="FORMATS",
              help="skfolio, fortitudo, ore, atoti, csv, parquet, netcdf, json; separated by commas.")  # fmt: skip
@click.option("--scenario", "scenarios", multiple=True, help="Only this scenario; repeatable.")
@click.option("--series", default="", help="Only these series or kinds, such as sector17, separated by commas.")
@click.option("--at", "month", default=None, metavar="WHEN",
              help="Month of formats that hold one: 6m, 2026-07.  [default: the horizon]")  # fmt: skip
@click.option("--paths", type=int, default=None,
              help="The first N paths.  [default: all for skfolio and fortitudo, else 1000]")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), default=Path("outputs"), show_default=True,
              help="Folder that holds runs.")  # fmt: skip
@model_folders
@click.option("--into", "target", type=click.Path(path_type=Path), default=None,
              help="Folder for the exports.  [default: the current one]")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    run_id: str,
    formats: str,
    scenarios: tuple[str, ...],
    series: str,
    month: str | None,
    paths: int | None,
    out: Path,
    models: tuple[Path, ...],
    target: Path | None,
    as_json: bool,
) -> None:
    """Export the stored run RUN: an id, the start of one, or the path of its folder.

    Paths that were not stored are drawn again from their counters.
    """
    from jpsim import api
    from jpsim.cli.kernels import choose_kernel_folder
    from jpsim.interop import check_formats, export_run, select_outputs
    from jpsim.runs import find_run

    wanted = check_formats(_parts(formats))
    path = find_run(out, run_id)
    choose_kernel_folder()
    run, job = api.reopen(path, models=models)
    chosen = select_outputs(run, scenarios, _parts(series), month)
    folders = export_run(run, job, chosen, wanted, target or Path(), paths=paths)
    if as_json:
        click.echo(json.dumps({"run_id": run.run_id, "folders": [str(folder) for folder in folders]}))
        return
    for folder in folders:
        click.echo(str(folder))


def _parts(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
