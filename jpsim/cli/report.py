"""`jpsim report`: rebuild the reports of a stored run without simulating."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from jpsim.runs import Run

__all__ = ["command"]

_LANGUAGES = ("en", "ja")


@click.command()
@click.argument("run_id", metavar="RUN")
@click.option("--format", "formats", default="html", show_default=True,
              help="html, md, csv, xlsx; separated by commas.")  # fmt: skip
@click.option("--lang", "languages", default="en,ja", show_default=True, help="Languages; the first is shown first.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("outputs"), show_default=True,
              help="Folder that holds runs.")  # fmt: skip
@click.option("--into", "target", type=click.Path(path_type=Path), default=None,
              help="Folder for the report.  [default: the current one]")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(run_id: str, formats: str, languages: str, out: Path, target: Path | None, as_json: bool) -> None:
    """Build the reports of the stored run RUN: an id, the start of one, or the path of its folder."""
    from jpsim.errors import UnsupportedError

    wanted = _choices(formats, (*_RENDERERS, "pdf"), "--format")
    spoken = _choices(languages, _LANGUAGES, "--lang")
    if "pdf" in wanted:
        raise UnsupportedError("--format pdf: this version writes html, md, csv and xlsx; print the html to PDF")
    paths = _write(run_id, out, wanted, spoken, target or Path())
    click.echo(json.dumps({"files": list(map(str, paths))}) if as_json else "\n".join(map(str, paths)))


def _write(run_id: str, out: Path, formats: tuple[str, ...], languages: tuple[str, ...], target: Path) -> list[Path]:
    """Render everything first, so that a report that fails leaves no file behind."""
    from jpsim.errors import ResourceError
    from jpsim.runs import find_run, load_run_folder

    run = load_run_folder(find_run(out, run_id))
    rendered = {target / f"{run.run_id}.{name}": _RENDERERS[name](run, languages) for name in formats}
    for path, content in rendered.items():
        try:
            target.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError as error:
            raise ResourceError(f"{path}: not written ({error.strerror})") from error
    return list(rendered)


def _html(run: Run, languages: tuple[str, ...]) -> bytes:
    from jpsim.reporting.html import render_report

    return render_report(run, languages).encode()


def _markdown(run: Run, languages: tuple[str, ...]) -> bytes:
    from jpsim.reporting.markdown import render_markdown

    return render_markdown(run, "ja" if languages[0] == "ja" else "en").encode()


def _csv(run: Run, languages: tuple[str, ...]) -> bytes:
    from jpsim.interop import summary_csv

    return summary_csv(run)


def _workbook(run: Run, languages: tuple[str, ...]) -> bytes:
    from jpsim.reporting.workbook import render_workbook

    return render_workbook(run, "ja" if languages[0] == "ja" else "en")


_RENDERERS: dict[str, Callable[[Run, tuple[str, ...]], bytes]] = {
    "html": _html,
    "md": _markdown,
    "csv": _csv,
    "xlsx": _workbook,
}


def _choices(text: str, allowed: tuple[str, ...], option: str) -> tuple[str, ...]:
    from jpsim.errors import InputError, Problem

    chosen = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    unknown = [part for part in chosen if part not in allowed]
    if unknown or not chosen:
        found = f"{option} {text!r}"
        raise InputError(Problem(found, allowed=f"{', '.join(allowed)}, separated by commas"))
    return chosen
