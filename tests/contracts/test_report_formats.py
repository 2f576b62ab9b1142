"""What a run tells is in every format of its report: page, Markdown and workbook, section by section."""

from __future__ import annotations

import io
import re

import pytest

from jpsim import api
from jpsim.reporting.html import SECTIONS, render_report
from jpsim.reporting.markdown import render_markdown
from jpsim.reporting.story import vocabulary
from jpsim.reporting.workbook import render_workbook
from jpsim.runs import Run

RUN = """\
schema: jpsim/run@1
scenarios: [plain, hike, either]
horizon: 3m
paths: 4096
portfolio: book.csv
hedges: [index]
attribution: [condition, shock, earnings]
limits: [{series: portfolio, at: 3m, es95: 30%}]
"""
STORIES = {
    "plain": "",
    "hike": "conditions: {jgb_10y: {change: {3m: 40bp}, kind: marginal, sd: 25bp}}\n",
    "either": "mixture: [{scenario: plain, weight: 50%}, {scenario: hike, weight: 50%}]\n",
}
PAGE_ONLY = {
    "summary": "sentences of it stand above each scenario",
    "side_by_side": "charts of all scenarios",
    "shapes": "charts of densities",
    "card": "text of the model's card",
    "method": "text",
    "inputs": "digests of the manifest",
}
"""Sections of the page that Markdown has in another form, or that are charts and texts of the folder."""
OVERVIEW = vocabulary()["summary"]["en"]
SHEETS = {
    "summary": OVERVIEW,
    "limits": "Limits",
    "assumed": "Assumptions",
    "plausible": OVERVIEW,
    "members": "Mixtures",
    "happens": "2 hike",
    "side_by_side": "Fans",
    "why": "Attribution",
    "split": "Decompositions",
    "book": "Book",
    "uncertain": "Uncertainty",
    "again": OVERVIEW,
}
"""Section of the page to the sheet that has its numbers; shapes, card, method and inputs have none."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("formats")
    for name, story in STORIES.items():
        (folder / f"{name}.yaml").write_text(f"schema: jpsim/scenario@1\nid: {name}\n{story}", encoding="utf-8")
    (folder / "book.csv").write_text("id,weight\ntopix,60%\nbanks,40%\n", encoding="utf-8")
    (folder / "run.yaml").write_text(RUN, encoding="utf-8")
    return api.run(folder / "run.yaml", out=None)


def sheets(run: Run) -> dict[str, list[tuple[object, ...]]]:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.load_workbook(io.BytesIO(render_workbook(run)))
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}


def test_the_page_tells_every_section_of_this_run(run: Run) -> None:
    page = render_report(run, ("en",))
    assert [name for name, _ in SECTIONS if f'id="{name}"' not in page] == []


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_section_is_in_markdown(run: Run, language: str) -> None:
    text, words = render_markdown(run, language), vocabulary()
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    told = [name for name, _ in SECTIONS if name not in PAGE_ONLY and name != "happens"]
    assert [name for name in told if not any(head.startswith(words[name][language]) for head in headings)] == []
    assert text.count("| TOPIX") >= 3  # what happens, a table for each scenario
    for word in ("book_hedges_note", "book_drivers_note", "split_note", "widths_note"):
        assert words[word][language] in text


def test_every_section_is_in_the_workbook(run: Run) -> None:
    found, names = sheets(run), [name for name, _ in SECTIONS]
    assert set(SHEETS) | {"shapes", "card", "method", "inputs"} == set(names)
    assert [name for name in SHEETS if SHEETS[name] not in found] == []
    assert {"Positions", "Drivers", "Hedges"} <= set(found)
    assert {row[0] for row in found["Decompositions"]} >= {"condition", "shock", "earnings"}


def test_hedges_of_the_workbook_are_those_of_the_run(run: Run) -> None:
    rows = [row for row in sheets(run)["Hedges"][2:] if row[0] == "hike"]
    stored = run["hike"].portfolio.hedges()
    assert len(rows) == sum(len(hedge.legs) for hedge in stored)
    [best, *_] = stored
    [(_, ratio)] = best.legs.items()
    assert rows[0][2:4] == pytest.approx((float(ratio), ratio.se))
    assert rows[0][4:] == pytest.approx(
        [float(best.before), best.before.se, float(best.es95), best.es95.se, float(best.saved), best.saved.se]
    )


def test_widths_of_the_workbook_are_shares_of_the_variance(run: Run) -> None:
    [head, *rows] = [row for row in sheets(run)["Uncertainty"] if row[0] in ("plain", "Scenario")][:5]
    shares = [cell for name, cell in zip(head[2:], rows[0][2:], strict=True) if name and "Monte Carlo" not in name]
    assert sum(shares) == pytest.approx(1.0, abs=0.02)
