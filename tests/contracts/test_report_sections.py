"""What the sections of the report say: limits, books, mixtures, the card, sentences, and statements in Japanese."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from jpsim import api
from jpsim.cli import cli
from jpsim.errors import DamagedError, InputError
from jpsim.reporting.brief import brief_sentences
from jpsim.reporting.holdings import book_in_scenario
from jpsim.reporting.html import SECTIONS, render_report
from jpsim.reporting.limit_checking import limit_checks
from jpsim.reporting.markdown import render_markdown
from jpsim.reporting.statements import statement_text
from jpsim.reporting.waterfall import shortfall_chart
from jpsim.reporting.workbook import render_workbook
from jpsim.runs import Run, load_run_folder, write_run_folder
from jpsim.runs.manifest import file_digest, manifest_bytes
from jpsim.scenario import find_scenarios, load_scenario
from tests.synthetic_run import BOOK_RUN, DIAGNOSTICS, MEMBERS, RESOLVED, synthetic_run


def plain(report: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", report).split())


def section(report: str, name: str) -> str:
    found = re.search(rf'<section id="{name}">(.*?)</section>', report, re.DOTALL)
    return plain(found[1]) if found else ""


def test_sections_without_matter_are_left_out() -> None:
    report = render_report(synthetic_run())
    present = re.findall(r'<section id="(\w+)">', report)
    assert [word for word, _ in SECTIONS if word not in present] == ["limits", "members", "split", "book"]
    assert re.findall(r'href="#(\w+)"', report) == present


def test_limits_are_held_against_the_summary() -> None:
    run = synthetic_run(resolved=RESOLVED + BOOK_RUN)
    checks = limit_checks(run)
    assert [(check.scenario, check.statistic, check.month) for check in checks] == [
        (0, "es95", 12), (1, "es95", 12), (0, "var99", 6), (1, "var99", 6)
    ]  # fmt: skip
    for check in checks:
        found = run[run.scenarios[check.scenario]]["topix"].at(check.month).statistic(check.statistic)
        assert check.value == float(found)
        assert ("breached" in check.verdict) is (float(found) > check.bound)
    assert section(render_report(run, ("en",)), "limits").count("breached") == 2


def test_a_verdict_that_the_simulation_could_turn_says_so() -> None:
    run = synthetic_run()
    value = run["baseline"]["topix"].at(12).es()
    text = f"limits: [{{series: topix, at: 12m, es95: {100 * (value + value.se):.4f}%}}]\n"
    assert limit_checks(synthetic_run(resolved=RESOLVED + text))[0].verdict == "close_held"


@pytest.fixture
def mixed(monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setitem(DIAGNOSTICS, "boj_hike", {**DIAGNOSTICS["boj_hike"], "members": MEMBERS})
    return synthetic_run()


def test_members_of_a_mixture_stand_side_by_side(mixed: Run) -> None:
    english = section(render_report(mixed, ("en",)), "members")
    for told in ("yen_slide", "60%", "yen_surge", "40%", "169.2", "139.9"):
        assert told in english
    assert "2027-01に169.18（周辺分布を指定、標準偏差3.64%）" in section(render_report(mixed, ("ja",)), "members")


MEASURES = ("mean", "var95", "es95", "es99")


def with_book(run: Run) -> Run:
    """Name one output the portfolio, with two positions and four drivers that add up to its shortfall."""
    outputs = tuple("portfolio" if name == "standard" else name for name in run.outputs)
    kinds = tuple(
        "portfolio" if name == "standard" else kind for name, kind in zip(run.outputs, run.kinds, strict=True)
    )
    place = run.outputs.index("standard")
    rows: list[dict[str, Any]] = []
    for scenario, name in enumerate(run.scenarios):
        whole = float(run.statistics["es95"][scenario, place, -1])
        for position, share in (("=1+1", 1.2), ("<script>", -0.2)):
            row = {"scenario": name, "month": 12, "position": position, "series": "banks", "currency": "JPY"}
            rows.append(row | {"weight": share, "component": share * whole, "component_se": 0.001, "marginal": whole})
    told = {
        "positions": 2,
        "proxied": 0,
        "capital": 1e6,
        "currency": "JPY",
        "gross": 1.4,
        "net": 1.0,
        "rebalancing": "none",
    }
    told |= {"drawdown": {"mean": {"value": 0.08, "se": 0.001}, "q95": {"value": 0.2, "se": 0.002}}, "breaches": []}
    diagnostics = {name: {**found, "portfolio": told} for name, found in run.diagnostics.items()}
    drivers = [
        {"scenario": name, "month": 12, "driver": driver, "es99_se": 0.002, "es95_se": 0.001,
         **{measure: share * float(run.statistics[measure][scenario, place, -1]) for measure in MEASURES}}
        for scenario, name in enumerate(run.scenarios)
        for driver, share in (("usdjpy", 0.7), ("translation", 0.5), ("volatility", -0.25), ("residual", 0.05))
    ]  # fmt: skip
    tables = {name: pa.Table.from_pylist(found) for name, found in (("components", rows), ("drivers", drivers))}
    tables = {f"{name}.parquet": found for name, found in tables.items()}
    return replace(run, outputs=outputs, kinds=kinds, tables=tables, diagnostics=diagnostics)


def test_the_book_tells_its_risk_and_its_positions() -> None:
    run = with_book(synthetic_run())
    found = book_in_scenario(run, 1, 12)
    assert found is not None
    assert sum(one.component for one in found.positions) == pytest.approx(found.shortfall, abs=1e-12)
    text = section(render_report(run, ("en",)), "book")
    assert f"{100 * found.shortfall:.1f}%" in text
    assert "&lt;script&gt;" in text
    assert "120%" in text
    assert text.count("Translation into dollars") == 4  # in both scenarios, in the table and in the waterfall
    assert f"{100 * 0.7 * found.shortfall:.2f}%" in text


def test_the_shortfall_by_driver_is_a_waterfall_from_zero() -> None:
    """Bars join, the last is the shortfall, and a driver that makes it smaller turns back."""
    run = with_book(synthetic_run())
    chart = shortfall_chart(run, 0, 12)
    assert chart is not None
    *steps, whole = chart.bars
    assert [bar.kind for bar in steps] == ["gain", "gain", "fall", "gain"]
    assert whole.left == steps[0].left == chart.zero
    for bar, after, (x, _, _) in zip(steps, steps[1:], chart.links, strict=False):
        ends = {"gain": bar.left + bar.width, "fall": bar.left}
        begins = {"gain": after.left, "fall": after.left + after.width}
        assert ends[bar.kind] == pytest.approx(x, abs=0.11)
        assert begins[after.kind] == pytest.approx(x, abs=0.11)
    shortfall = 100 * float(run.statistics["es95"][0, run.outputs.index("portfolio"), -1])
    assert float(whole.text.replace("\N{MINUS SIGN}", "-")) == pytest.approx(shortfall, abs=0.05)
    assert shortfall_chart(synthetic_run(), 0, 12) is None


def test_sentences_are_made_from_the_numbers() -> None:
    run = synthetic_run()
    topix = run["boj_hike"]["topix"].at(12)
    told = {sentence.question: sentence.text for sentence in brief_sentences(run, 1)}
    assert list(told) == ["assumed", "plausible", "happens", "drives", "uncertain"]
    assert "22%" in told["plausible"]["en"]
    assert "unusual" in told["plausible"]["en"]
    for language in ("en", "ja"):
        assert f"{100 * topix.mean:+.1f}%" in told["happens"][language]
        assert f"{100 * topix.p_loss:.1f}%" in told["happens"][language]
        assert f"−{100 * topix.es():.1f}%" in told["happens"][language]
    assert f"+{100 * topix.quantile(0.95):.1f}%" in told["uncertain"]["en"]


def test_the_card_is_that_of_the_very_model() -> None:
    assert "not at hand" in section(render_report(synthetic_run(), ("en",)), "card")
    run = api.simulate(load_scenario("baseline"), paths=512)
    report = render_report(run, ("en",))
    assert "Scenario analysis and stress tests" in section(report, "card")
    assert "<script" not in report
    assert run.manifest["model"]["version"] in report


def test_every_statement_of_the_library_has_its_japanese_form(project: Path) -> None:
    """No English word but ids is left in what the shipped scenarios assume."""
    left = {}
    for name in find_scenarios(project / "scenarios"):
        told = api.explain(load_scenario(name, project / "scenarios"))
        for text in [*(row["statement"] for row in told["assumptions"]), *told["warnings"],
                     *(cost["row"] for cost in told["costs"])]:  # fmt: skip
            japanese = statement_text(text)["ja"]
            value = re.fullmatch(r"[-\d.,%]+", text.split(" in ")[0])
            if japanese == text and not value:
                left[text] = name
            if re.search(r"\b(?:within|impulse|priced|delivered|shift|view|probability|forecast|sample)\b", japanese):
                left[text] = name
    assert left == {}


def test_an_unknown_statement_is_shown_as_it_stands() -> None:
    assert statement_text("something new at 5%")["ja"] == "something new at 5%"


@pytest.mark.parametrize("languages", ["en", "ja", "ja,en"])
def test_every_format_is_built_from_the_stored_run_alone(
    languages: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is drawn, and the stored folder stays as it was."""
    folder = write_run_folder(with_book(synthetic_run(resolved=RESOLVED + BOOK_RUN)), tmp_path / "runs")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    monkeypatch.setattr("jpsim.simulation.engine.draw", None)
    formats = ["csv", "html", "md", *(["pdf"] if languages == "en" else []), "xlsx"]
    arguments = ["report", str(folder), "--format", ",".join(formats), "--lang", languages]
    done = CliRunner().invoke(cli, [*arguments, "--into", str(tmp_path / "into")], catch_exceptions=False)
    assert done.exit_code == 0
    names = sorted(path.suffix for path in (tmp_path / "into").iterdir())
    assert names == [f".{name}" for name in formats]
    first = (tmp_path / "into" / f"{folder.name}.md").read_text("utf-8")
    assert ("シナリオ・レポート" in first) is (languages[:2] == "ja")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_workbook_and_markdown_hold_the_book_the_limits_and_the_stories(monkeypatch: pytest.MonkeyPatch) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    monkeypatch.setitem(DIAGNOSTICS, "boj_hike", {**DIAGNOSTICS["boj_hike"], "members": MEMBERS})
    run = with_book(synthetic_run(resolved=RESOLVED + BOOK_RUN))
    book = openpyxl.load_workbook(io.BytesIO(render_workbook(run, "ja")))
    assert {"Book", "Positions", "Drivers", "Limits", "Mixtures"} <= set(book.sheetnames)
    drivers = list(book["Drivers"].iter_rows(min_row=2, values_only=True))
    assert [row[1] for row in drivers[:4]] == [
        "ドル円",
        "ドル換算",
        "系列固有のリターン",
        "インプライド・ボラティリティ",
    ]
    first = run[run.scenarios[0]]["portfolio"].at(12)
    assert sum(row[4] for row in drivers[:4]) == pytest.approx(float(first.es()))
    rows = list(book["Positions"].iter_rows(min_row=2, values_only=True))
    assert [row[1] for row in rows[:2]] == ["=1+1", "<script>"]
    shortfall = float(run.statistics["es95"][0, run.outputs.index("portfolio"), -1])
    assert sum(row[4] for row in rows[:2]) == pytest.approx(shortfall)
    assert book["Positions"]["B2"].data_type == "s"
    assert [row[1:3] for row in book["Mixtures"].iter_rows(min_row=2, values_only=True)] == [
        ("yen_slide", 0.6), ("yen_surge", 0.4)
    ]  # fmt: skip
    assert "周辺分布を指定" in str(list(book["Assumptions"].iter_rows(values_only=True)))
    text = render_markdown(run, "ja")
    for told in ("抵触", "ES95%への寄与", "ドル換算", "yen\\_slide", "&lt;script&gt;"):
        assert told in text


def rewritten(folder: Path, **changes: Any) -> None:
    """Write the manifest anew, whole, with other entries."""
    manifest = json.loads((folder / "manifest.json").read_text("utf-8")) | changes
    (folder / "manifest.json").write_bytes(manifest_bytes(manifest))


def test_damaged_and_foreign_runs_are_told_apart(tmp_path: Path) -> None:
    folder = write_run_folder(synthetic_run(), tmp_path)
    whole = (folder / "summary.parquet").read_bytes()
    (folder / "summary.parquet").write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(DamagedError, match=r"summary\.parquet: damaged"):
        load_run_folder(folder)
    pq.write_table(pq.read_table(io.BytesIO(whole)).drop_columns(["es99"]), folder / "summary.parquet")
    files = json.loads((folder / "manifest.json").read_text("utf-8"))["files"]
    rewritten(folder, files=files | {"summary.parquet": file_digest(folder / "summary.parquet")})
    with pytest.raises(InputError, match=r"written by jpsim 0\.1\.0, its summary lacks es99"):
        load_run_folder(folder)
    rewritten(folder, schema="jpsim/manifest@2")
    with pytest.raises(InputError, match="jpsim/manifest@2"):
        load_run_folder(folder)
    done = CliRunner().invoke(cli, ["report", str(folder)])
    assert isinstance(done.exception, InputError)
    assert done.exception.exit_code == 2
