"""`jpsim report`: rebuild the reports of a stored run without simulating."""

from __future__ import annotations

import json
from pathlib import Path

import click

__all__ = ["command"]

_FORMATS = ("html", "pdf", "xlsx")
_LANGUAGES = ("en", "ja")


@click.command()
@click.argument("run_id", metavar="RUN")
@click.option("--format", "formats", default="html", show_default=True, help="Formats, separated by commas.")
@click.option("--lang", "languages", default="en,ja", show_default=True, help="Languages; the first is shown first.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("outputs"), show_default=True,
              help="Folder that holds runs.")  # fmt: skip
@click.option("--into", "target", type=click.Path(path_type=Path), default=None,
              help="Folder for the report.  [default: the current one]")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(run_id: str, formats: str, languages: str, out: Path, target: Path | None, as_json: bool) -> None:
    """Build the reports of the stored run RUN: an id, the start of one, or the path of its folder."""
    from jpsim.errors import UnsupportedError

    wanted = _choices(formats, _FORMATS, "--format")
    spoken = _choices(languages, _LANGUAGES, "--lang")
    later = [name for name in wanted if name != "html"]
    if later:
        raise UnsupportedError(f"--format {','.join(later)}: this version writes html only")
    path = _write_html(run_id, out, spoken, target or Path())
    click.echo(json.dumps({"files": [str(path)]}) if as_json else str(path))


def _write_html(run_id: str, out: Path, languages: tuple[str, ...], target: Path) -> Path:
    from jpsim.errors import ResourceError
    from jpsim.reporting.html import render_report
    from jpsim.runs import find_run, load_run_folder

    run = load_run_folder(find_run(out, run_id))
    path = target / f"{run.run_id}.html"
    try:
        target.mkdir(parents=True, exist_ok=True)
        path.write_text(render_report(run, languages), encoding="utf-8")
    except OSError as error:
        raise ResourceError(f"{path}: not written ({error.strerror})") from error
    return path


def _choices(text: str, allowed: tuple[str, ...], option: str) -> tuple[str, ...]:
    from jpsim.errors import InputError, Problem

    chosen = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    unknown = [part for part in chosen if part not in allowed]
    if unknown or not chosen:
        found = f"{option} {text!r}"
        raise InputError(Problem(found, allowed=f"{', '.join(allowed)}, separated by commas"))
    return chosen
