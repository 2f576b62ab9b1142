"""Reports as Markdown, CSV and Excel: read back by openpyxl and the csv module, and hostile names stay text."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from jpsim.interop import summary_csv
from jpsim.reporting.markdown import render_markdown
from jpsim.reporting.workbook import render_workbook
from jpsim.runs import Run
from tests.synthetic_run import DIAGNOSTICS, KINDS, OUTPUTS, RESOLVED, synthetic_run

HOSTILE = '=cmd|"/c calc"!A1'


def hostile_run() -> Run:
    """Return the synthetic run with a formula for a scenario's id, title and assumption, and script in its story."""
    resolved = RESOLVED.replace("BOJ hikes to 1.50% in a year", HOSTILE.replace('"', "'"))
    resolved = resolved.replace("Banks earn more", "<script>alert(1)</script> | [x](javascript:1)")
    run = synthetic_run(resolved=resolved.replace("id: boj_hike", f"id: '{HOSTILE}'"))
    told = {"baseline": DIAGNOSTICS["baseline"], HOSTILE: {**DIAGNOSTICS["boj_hike"], "assumptions": ["=1+1"],
                                                           "effective_sample": 1.0}}  # fmt: skip
    told = {name: {"effective_sample": 1.0, **entry} for name, entry in told.items()}
    return replace(run, scenarios=("baseline", HOSTILE), diagnostics=MappingProxyType(told))


@pytest.fixture(scope="module")
def book() -> Any:
    openpyxl = pytest.importorskip("openpyxl")
    return openpyxl.load_workbook(io.BytesIO(render_workbook(synthetic_run())))


def test_markdown_says_what_the_run_says() -> None:
    run = synthetic_run()
    text = render_markdown(run)
    tables = [line for line in text.splitlines() if line.startswith("| TOPIX |")]
    last = run["boj_hike"]["topix"].at(12)
    assert f"{100 * last.mean:+.1f} ±" in tables[1]
    assert f"{100 * last.es():.1f} ±" in tables[1]
    for needed in ("House baseline", "at three meetings", run.run_id, "0.81", "TOPIX-17 sectors"):
        assert needed in text
    widths = {line.count(" | ") for line in text.splitlines() if line.startswith("| TOPIX")}
    assert widths == {5, 6}
    assert text == render_markdown(synthetic_run())


def test_markdown_speaks_japanese() -> None:
    text = render_markdown(synthetic_run(), "ja")
    assert "基本シナリオ" in text
    assert "損失確率" in text


def test_markdown_takes_no_markup_from_names() -> None:
    text = render_markdown(hostile_run())
    assert "<script>" not in text
    assert "[x](" not in text
    head = next(line for line in text.splitlines() if line.startswith("## ") and "cmd" in line)
    assert "\\|" in head


def test_csv_has_every_number_and_no_formula() -> None:
    run = hostile_run()
    rows = list(csv.DictReader(io.StringIO(summary_csv(run).decode())))
    assert len(rows) == 2 * len(OUTPUTS) * 12
    assert {row["scenario"] for row in rows} == {"baseline", f"'{HOSTILE}"}
    assert float(rows[5]["q05"]) == float(run.statistics["q05"][0, 0, 5])
    assert any(float(row["q01"]) < 0 for row in rows), "negative numbers are left alone"


def test_the_workbook_has_the_numbers_of_the_run(book: Any) -> None:
    run = synthetic_run()
    sheets = ["In brief", "1 baseline", "2 boj_hike", "Fans", "Assumptions", "Attribution", "Statistics"]
    assert book.sheetnames == sheets
    brief = {row[0]: row[1:3] for row in book["In brief"].iter_rows(values_only=True)}
    assert brief["TOPIX"] == pytest.approx([run[name]["topix"].at(12).mean for name in run.scenarios])
    rows = {row[2].value: row for row in book["2 boj_hike"].iter_rows(min_row=4) if row[2].value}
    assert set(rows) == set(OUTPUTS)
    last = run["boj_hike"]["banks"].at(12)
    assert rows["banks"][3].value == pytest.approx(last.mean)
    assert rows["banks"][9].value == pytest.approx(last.es())
    assert rows["banks"][10].value == pytest.approx(last.mean - run["baseline"]["banks"].at(12).mean)
    assert rows["banks"][3].number_format == "+0.0%;-0.0%;0.0%"
    table = list(book["Statistics"].iter_rows(values_only=True))
    assert len(table) == 1 + 2 * len(OUTPUTS) * 12
    assert table[1][:5] == ("baseline", KINDS[0], OUTPUTS[0], 1, pytest.approx(run.statistics["mean"][0, 0, 0]))
    assert book["Statistics"].auto_filter.ref
    assert book["Statistics"].freeze_panes == "B2"


def test_the_workbook_draws_native_charts(book: Any) -> None:
    assert len(book["Fans"]._charts) == 7
    assert len(book["2 boj_hike"]._charts) == 1
    content = zipfile.ZipFile(io.BytesIO(render_workbook(synthetic_run())))
    charts = [content.read(name).decode() for name in content.namelist() if "charts/chart" in name]
    assert len(charts) == 9
    assert all(re.search(r"Fans!|1 baseline'!|2 boj_hike'!", chart) for chart in charts)


def test_the_workbook_runs_no_text() -> None:
    openpyxl = pytest.importorskip("openpyxl")
    content = render_workbook(hostile_run())
    book = openpyxl.load_workbook(io.BytesIO(content))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert HOSTILE in {cell.value for cell in cells}
    assert "=1+1" in {cell.value for cell in cells}
    assert not [cell.coordinate for cell in cells if cell.data_type == "f" or cell.hyperlink]
    sheets = zipfile.ZipFile(io.BytesIO(content))
    assert not [name for name in sheets.namelist() if b"<f>" in sheets.read(name) and "worksheets" in name]


def test_the_workbook_has_the_same_bytes_again() -> None:
    assert render_workbook(synthetic_run()) == render_workbook(synthetic_run())
