"""Write every figure and table of the documentation that is drawn from the shipped models: ``python docs/figures.py``.

    python docs/figures.py            all of them
    python docs/figures.py NAME...    some of them
    python docs/figures.py --list     what there is

This is the one list of what has to be drawn anew when a model, the kernels or a report change. Numbers of the
benchmarks are not here (``make bench``, on an idle machine), nor are those of the backtest (``jpsim backtest``, with
a panel).
Drawn twice, files are the same byte by byte, but for the id and the time of a run in the two pictures of pages.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "_static"
README_WIDTH = 92
BEFORE = "2026.01.3"
"""Version of the monthly model that `docs/changes.md` compares the shipped one with; it is taken from the history."""


@dataclass(frozen=True)
class Figure:
    """Something that is drawn.

    Parameters
    ----------
    name
        What `main` calls it.
    files
        Files that it writes, from the project's folder.
    draw
        Writes them.
    needs
        What must be there beside Python and the packages of `make figures`.
    """

    name: str
    files: tuple[str, ...]
    draw: Callable[[], None]
    needs: str = ""


def draw_schemas() -> None:
    """Write the JSON Schemas of scenarios and runs."""
    from jpsim.scenario.json_schema import render_json_schema

    for kind in ("scenario", "run"):
        (ROOT / "jpsim" / "data" / "schemas" / f"{kind}.json").write_text(render_json_schema(kind), encoding="utf-8")


def draw_library() -> None:
    """Write the page of the library."""
    import library  # of this folder

    library.PAGE.write_text(library.render(), encoding="utf-8")


def draw_gallery() -> None:
    """Carry out the examples and write their pictures and their page."""
    import gallery  # of this folder

    gallery.main()


@cache
def main_job() -> Path:
    """Folder of the run of ``configs/boj_hike.yaml``, which several figures are of."""
    import jpsim

    run = jpsim.run(ROOT / "configs" / "boj_hike.yaml", out=workspace() / "outputs")
    return workspace() / "outputs" / run.run_id


@cache
def workspace() -> Path:
    """Folder of all runs of this process."""
    return Path(tempfile.mkdtemp(prefix="jpsim-figures-"))


def draw_readme_table() -> None:
    """Write the rows of README's table anew: those that stand there, from the run that README speaks of."""
    from rich.console import Console

    from jpsim.reporting.table import run_table
    from jpsim.runs import load_run_folder

    console = Console(width=README_WIDTH, file=io.StringIO(), color_system=None)
    console.print(run_table(load_run_folder(main_job()), width=README_WIDTH))
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    page = ROOT / "README.md"
    text = page.read_text(encoding="utf-8")
    [table] = [block for block in re.findall(r"```text\n(.*?)```", text, re.DOTALL) if block.startswith("baseline (")]
    page.write_text(text.replace(table, chosen_rows(table, printed)), encoding="utf-8")


def chosen_rows(table: str, printed: str) -> str:
    """Lines of a printed table that stand for those of an older, shorter one: the same heads, labels and notes."""
    parts = re.split(r"(?m)^(?=\S.*, 12 months after )", printed)
    found = []
    for part, old in zip((part for part in parts if " months after " in part), table.split("\n\n"), strict=False):
        lines = [line.rstrip() for line in part.splitlines()]
        rows = {re.split(r"\s{2,}", line)[0]: line for line in lines[3:] if line}
        labels = [re.split(r"\s{2,}", line)[0] for line in old.splitlines()[3:]]
        found.append("\n".join([*lines[:3], *(row_of(label, rows) for label in labels)]))
    notes = "\n".join(line.rstrip() for line in printed.splitlines() if line.strip())
    return "\n\n".join([*found, notes[notes.index("Series: cumulative") :]]) + "\n"


def row_of(label: str, rows: dict[str, str]) -> str:
    """The row of a label, also where one of the two is cut short."""
    start = label.rstrip("…")
    return next(row for name, row in rows.items() if name == label or name.rstrip("…").startswith(start))


@contextmanager
def browser(width: int, height: int) -> Iterator[Any]:
    """A page of a headless Chromium of this size."""
    from playwright.sync_api import sync_playwright

    found = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--font-render-hinting=none"])
        yield opened.new_page(viewport={"width": width, "height": height})
        opened.close()


def keep(page: Any, name: str) -> None:
    """Store what a page shows, in 128 colours: a quarter of the size, and no difference to see."""
    from PIL import Image

    with Image.open(io.BytesIO(page.screenshot())) as picture:
        picture.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(PICTURES / name, optimize=True)


def draw_report() -> None:
    """Photograph the top of the main job's report."""
    with browser(1280, 1540) as page:
        page.goto((main_job() / "report.html").as_uri())
        keep(page, "report.png")


def draw_workbench() -> None:
    """Photograph a result in the workbench."""
    import jpsim

    ids = ("baseline", "boj_hike", "yen_surge")
    scenarios = "\n".join(f"  - {(ROOT / 'scenarios' / f'{name}.yaml').as_posix()}" for name in ids)
    config = workspace() / "three.yaml"
    config.write_text(f"schema: jpsim/run@1\nscenarios:\n{scenarios}\npaths: 50000\n", encoding="utf-8")
    run = jpsim.run(config, out=workspace() / "workbench")
    words = [sys.executable, "-m", "jpsim", "serve", "--no-browser", "--port", "0"]
    words += ["--out", str(workspace() / "workbench")]
    server = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        origin = address.partition("/?")[0]
        with browser(1400, 1160) as page:
            page.goto(address)
            page.goto(f"{origin}/#/result/{run.run_id}?series=banks&scenario=boj_hike&sort=-change")
            page.wait_for_selector("svg")
            page.wait_for_load_state("networkidle")
            keep(page, "workbench.png")
    finally:
        server.terminate()
        server.wait()


def draw_changes() -> None:
    """Write the table of `docs/changes.md`: what the shipped model changes in every scenario of the library."""
    from jpsim import api

    change = api.compare_models(earlier_model(BEFORE), "japan_monthly")
    rows: dict[str, dict[str, Any]] = {}
    for row in change.scenarios:
        rows.setdefault(row.scenario, {})[row.output] = row
    lines = [f"| {' | '.join([name, *cells_of(found)])} |" for name, found in rows.items()]
    page = ROOT / "docs" / "changes.md"
    text = page.read_text(encoding="utf-8")
    [table] = re.findall(r"(?m)^\| scenario \| TOPIX, mean .*\n\|[:| -]+\|\n((?:\|.*\n)+)", text)
    page.write_text(text.replace(table, "\n".join(lines).replace("-", "−") + "\n"), encoding="utf-8")


def cells_of(found: dict[str, Any]) -> Iterator[str]:
    """Cells of one scenario: new means and their changes."""
    for name in ("topix", "banks"):
        yield f"{100 * found[name].after['mean']:+.1f}"
        yield from moved(found[name])
    yield from moved(found["small"])
    yield moved(found["usdjpy"], 1.0)[0]


def moved(row: Any, unit: float = 100.0) -> tuple[str, str]:
    """By how much mean and expected shortfall of an output move; 0.0 without a sign."""
    told = (f"{unit * row.changes[name].value:+.1f}" for name in ("mean", "es95"))
    mean, shortfall = ("0.0" if text in ("+0.0", "-0.0") else text for text in told)
    return mean, shortfall


def earlier_model(version: str) -> Path:
    """Folder of a version that no longer ships, from the project's history."""
    place = f"jpsim/data/models/japan_monthly/{version}"
    git = ["git", "-C", str(ROOT)]
    gone = subprocess.run([*git, "rev-list", "-1", "HEAD", "--", place], capture_output=True, text=True, check=True)
    stored = subprocess.run([*git, "archive", f"{gone.stdout.strip()}~1", place], capture_output=True, check=True)
    with tarfile.open(fileobj=io.BytesIO(stored.stdout)) as archive:
        archive.extractall(workspace(), filter="data")
    return workspace() / place


FIGURES = (
    Figure("schemas", ("jpsim/data/schemas/scenario.json", "jpsim/data/schemas/run.json"), draw_schemas),
    Figure("library", ("docs/library.md",), draw_library),
    Figure("gallery", ("docs/gallery.md", "docs/_static/gallery/"), draw_gallery),
    Figure("readme", ("README.md",), draw_readme_table),
    Figure("report", ("docs/_static/report.png",), draw_report, "Chromium on the path"),
    Figure("workbench", ("docs/_static/workbench.png",), draw_workbench, "Chromium on the path"),
    Figure("changes", ("docs/changes.md",), draw_changes, f"the git history, which has japan_monthly {BEFORE}"),
)


def main(words: list[str]) -> None:
    """Draw the figures that are named, or all."""
    known = {figure.name: figure for figure in FIGURES}
    if words == ["--list"]:
        for figure in FIGURES:
            print(f"{figure.name:10} {', '.join(figure.files)}" + (f"  (needs {figure.needs})" if figure.needs else ""))
        return
    if unknown := [word for word in words if word not in known]:
        sys.exit(f"no figure is called {', '.join(unknown)}; there are {', '.join(known)}")
    sys.path[:0] = [str(ROOT), str(ROOT / "docs")]
    try:
        for name in words or list(known):
            print(name, flush=True)
            known[name].draw()
    finally:
        shutil.rmtree(workspace(), ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
