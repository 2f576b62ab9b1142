"""`jpsim report`: rebuild the reports of a stored run without simulating."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

import click

from jpsim.cli.files import writing

if TYPE_CHECKING:
    from jpsim.runs import Run

__all__ = ["command"]

Language = Literal["en", "ja"]
_Word = TypeVar("_Word", bound=str)
_LANGUAGES: tuple[Language, ...] = ("en", "ja")


@click.command()
@click.argument("run_id", metavar="RUN")
@click.option("--format", "formats", default="html", show_default=True,
              help="html, md, csv, xlsx, pdf; separated by commas.")  # fmt: skip
@click.option("--lang", "languages", default="en,ja", show_default=True, help="Languages; the first is shown first.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("outputs"), show_default=True,
              help="Folder that holds runs.")  # fmt: skip
@click.option("--into", "target", type=click.Path(path_type=Path), default=None,
              help="Folder for the report.  [default: the current one]")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(run_id: str, formats: str, languages: str, out: Path, target: Path | None, as_json: bool) -> None:
    """Build the reports of the stored run RUN: an id, the start of one, or the path of its folder."""
    wanted = _choices(formats, tuple(_RENDERERS), "--format")
    spoken = _choices(languages, _LANGUAGES, "--lang")
    paths = _write(run_id, out, wanted, spoken, target or Path())
    click.echo(json.dumps({"files": list(map(str, paths))}) if as_json else "\n".join(map(str, paths)))


def _write(
    run_id: str, out: Path, formats: tuple[str, ...], languages: tuple[Language, ...], target: Path
) -> list[Path]:
    """Render everything first, so that a report that fails leaves no file behind."""
    from jpsim.runs import find_run, load_run_folder

    run = load_run_folder(find_run(out, run_id))
    rendered = {target / f"{run.run_id}.{name}": _RENDERERS[name](run, languages) for name in formats}
    for path, content in rendered.items():
        with writing(path):
            target.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return list(rendered)


def _html(run: Run, languages: tuple[Language, ...]) -> bytes:
    from jpsim.reporting.html import render_report

    return render_report(run, languages).encode()


def _markdown(run: Run, languages: tuple[Language, ...]) -> bytes:
    from jpsim.reporting.markdown import render_markdown

    return render_markdown(run, languages[0]).encode()


def _csv(run: Run, languages: tuple[Language, ...]) -> bytes:
    from jpsim.interop import summary_csv

    return summary_csv(run)


def _workbook(run: Run, languages: tuple[Language, ...]) -> bytes:
    from jpsim.reporting.workbook import render_workbook

    return render_workbook(run, languages[0])


def _pdf(run: Run, languages: tuple[Language, ...]) -> bytes:
    from jpsim.reporting.pdf import render_pdf

    return render_pdf(run, languages)


_RENDERERS: dict[str, Callable[[Run, tuple[Language, ...]], bytes]] = {
    "html": _html,
    "md": _markdown,
    "csv": _csv,
    "xlsx": _workbook,
    "pdf": _pdf,
}


def _choices(text: str, allowed: tuple[_Word, ...], option: str) -> tuple[_Word, ...]:
    from jpsim.errors import InputError, Problem

    chosen = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not chosen or any(part not in allowed for part in chosen):
        found = f"{option} {text!r}"
        raise InputError(Problem(found, allowed=f"{', '.join(allowed)}, separated by commas"))
    return tuple(next(word for word in allowed if word == part) for part in chosen)
