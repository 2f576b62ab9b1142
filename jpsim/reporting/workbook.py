"""The report of a run as an Excel workbook: formatted sheets and native charts, no macros, no formulas."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from importlib import import_module
from io import BytesIO
from typing import Any

from jpsim.errors import InputError, Problem
from jpsim.reporting.labels import GROUPS, Label, Language, group_name, label_of
from jpsim.reporting.statements import named, statement_text
from jpsim.reporting.story import scenario_stories, vocabulary
from jpsim.reporting.verdicts import plausibility_share
from jpsim.reporting.waterfall import contributions_of
from jpsim.reporting.widths import band_widths
from jpsim.reporting.workbook_book import add_book_sheets, add_limit_sheet, add_mixture_sheet
from jpsim.reporting.workbook_charts import add_fan_sheet, add_sector_chart
from jpsim.reporting.workbook_sheet import Sheet, Styles
from jpsim.runs import Run
from jpsim.runs.frames import summary_columns

__all__ = ["render_workbook"]

_STATISTICS = ("mean", "q05", "q50", "q95", "p_loss", "es95")
_FURTHER = ("condition", "shock", "earnings", "var95", "es95")
_HEADLINES = (
    "topix",
    "portfolio",
    "nikkei225",
    "core30",
    "small",
    "growth",
    "banks",
    "usdjpy",
    "jgb_10y",
    "boj_policy_rate",
)
_HEADS = {"q50": "median", "q05": "5%", "q95": "95%"}
_ASSUMED = ("series", "when", "statement")
_LONGEST_NAME = 31  # of a sheet


def render_workbook(run: Run, language: Language = "en") -> bytes:
    """Render a run as a workbook; the same run gives the same bytes.

    Sheets: an overview, a table and chart for each scenario, fan charts, limits, the book with its positions, drivers
    and hedges, the stories of mixtures (where the run has them), assumptions, attribution, other decompositions of the
    main series, where the width of bands comes from, and all statistics as a filtered table. Text is never run as a
    formula or made a link.

    Parameters
    ----------
    run
        The run.
    language
        Language of headings and of the first column of names.

    Raises
    ------
    InputError
        If xlsxwriter is not installed.
    """
    content = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = _xlsxwriter().Workbook(content, {**options, "nan_inf_to_errors": False})
    created = datetime.fromisoformat(str(run.manifest["created_utc"]).rstrip("Z"))
    book.set_properties({"title": run.run_id, "created": created})
    styles = Styles.of(book)
    _overview(Sheet.add(book, styles, vocabulary()["summary"][language]), run, language)
    for scenario in range(len(run.scenarios)):
        _scenario_sheet(Sheet.add(book, styles, _sheet_name(run, scenario)), book, run, scenario, language)
    add_fan_sheet(book, Sheet.add(book, styles, "Fans"), run, language)
    add_limit_sheet(book, styles, run, language)
    add_book_sheets(book, styles, run, language)
    add_mixture_sheet(book, styles, run, language)
    _assumptions(Sheet.add(book, styles, "Assumptions"), run, language)
    _attribution(Sheet.add(book, styles, "Attribution"), run)
    _decompositions(book, styles, run)
    _uncertainty(book, styles, run, language)
    _statistics(Sheet.add(book, styles, "Statistics"), run)
    book.close()
    return content.getvalue()


def _xlsxwriter() -> Any:
    try:
        return import_module("xlsxwriter")
    except ModuleNotFoundError:
        fix = 'install the workbook extra: pip install "jpsim[xlsx]"'
        raise InputError(Problem("xlsxwriter is not installed", fix=fix)) from None


def _sheet_name(run: Run, scenario: int) -> str:
    """Sheet name: its place makes it unique where a long id is cut or a sign is replaced."""
    return re.sub(r"[\[\]:*?/\\']", "_", f"{scenario + 1} {run.scenarios[scenario]}")[:_LONGEST_NAME]


def _overview(sheet: Sheet, run: Run, language: Language) -> None:
    words = vocabulary(run.step)
    sheet.title(f"{words['report'][language]}: {', '.join(run.scenarios)}")
    told = {
        "run": run.run_id,
        "as_of": str(run.as_of),
        "horizon": f"{run.horizon} {words['months'][language]}",
        "paths": run.manifest["paths"],
        "model": f"{run.manifest['model']['id']}@{run.manifest['model']['version']}",
        "seed": str(run.manifest["seed"]),
        "content_hash": run.content_hash,
    }
    for key, value in told.items():
        sheet.row([words[key][language], value], ["bold", "text"])
    sheet.skip()
    sheet.head(["", "id", words["plausible"][language], words["effective_sample"][language]])
    for story in scenario_stories(run):
        told_here = run.diagnostics[story.scenario]
        card = told_here.get("plausibility", {})
        values = [story.title[language], story.scenario, plausibility_share(card), told_here["effective_sample"]]
        sheet.row(values, ["wrap", "text", "percent", "whole"])
    sheet.skip()
    for story in scenario_stories(run):
        sheet.row([story.title[language]], ["bold"])
        sheet.paragraph(story.narrative)
        for warning in run.diagnostics[story.scenario].get("warnings", ()):
            sheet.paragraph(f"{words['warnings'][language]}: {statement_text(warning)[language]}")
    sheet.skip()
    _headlines(sheet, run, language)
    sheet.widths([44, 34, 24, 18])


def _headlines(sheet: Sheet, run: Run, language: Language) -> None:
    """Mean of the main outputs in the last month, a column for each scenario."""
    sheet.head([f"{vocabulary()['mean'][language]}, {run.as_of + run.horizon}", *run.scenarios])
    for output in (name for name in _HEADLINES if name in run.outputs):
        place = run.outputs.index(output)
        label = label_of(output, run.kinds[place], _median(run, 0, output))
        style = "return" if label.kind != "factor" else f"level{label.style.decimals}"
        means = [float(value) for value in run.statistics["mean"][:, place, -1]]
        sheet.row([label.name_with_unit(language), *means], ["text", *[style] * len(means)])


def _scenario_sheet(sheet: Sheet, book: Any, run: Run, scenario: int, language: Language) -> None:
    words = vocabulary(run.step)
    other: Language = "ja" if language == "en" else "en"
    sheet.title(f"{run.scenarios[scenario]}, {run.as_of + run.horizon}")
    sheet.paragraph(words[f"equities_note_{run.returns}"][language])
    names = [_HEADS.get(name, name) for name in _STATISTICS]
    heads = [words[name][language] if name in words else name for name in names]
    sheet.head(["", "", "id", heads[0], "± se", *heads[1:], *([words["change"][language]] if scenario else [])])
    sheet.freeze(3)
    for kind in GROUPS:
        outputs = run.of_kind(kind)
        if not outputs:
            continue
        sheet.row([group_name(kind, language)], ["group"])
        first = sheet.next_row
        for output in outputs:
            label = label_of(output, kind, _median(run, scenario, output))
            _output_row(sheet, run, scenario, label, (language, other))
        if kind == "sector17":
            add_sector_chart(book, sheet, (first, sheet.next_row - 1), run.scenarios[scenario], bool(scenario))
        if kind != "factor":
            sheet.shade(first, sheet.next_row - 1, 3)
    sheet.widths([34, 26, 26, *[12] * (len(_STATISTICS) + 2)])


def _median(run: Run, scenario: int, output: str) -> float:
    return float(run.statistics["q50"][scenario, run.outputs.index(output), -1])


def _output_row(sheet: Sheet, run: Run, scenario: int, label: Label, languages: Sequence[Language]) -> None:
    place = scenario, run.outputs.index(label.output), -1
    value = {name: float(run.statistics[name][place]) for name in _STATISTICS}
    style = "return" if label.kind != "factor" else f"level{label.style.decimals}"
    shown = [label.name_with_unit(languages[0]), label.name(languages[1]), label.output, value["mean"]]
    shown += [float(run.errors["mean"][place]), *(value[name] for name in _STATISTICS[1:])]
    fine = "return_fine" if label.kind != "factor" else "level3"
    styles = ["text", "dim", "dim", style, fine, style, style, style, "percent", style]
    if scenario:
        shown.append(value["mean"] - float(run.statistics["mean"][(0, *place[1:])]))
        styles.append("change" if label.kind != "factor" else "level3")
    sheet.row(shown, styles)


def _assumptions(sheet: Sheet, run: Run, language: Language) -> None:
    words = vocabulary(run.step)
    sheet.head([words["scenario"][language], "id", *(words[f"col_{key}"][language] for key in _ASSUMED)])
    for scenario in run.scenarios:
        for row in run.diagnostics[scenario].get("assumptions", ()):
            told = {"statement": row} if isinstance(row, str) else row
            series, statement = str(told.get("series", "")), statement_text(str(told.get("statement", "")))
            shown = [scenario, series, named(series).name(language) if series else "", str(told.get("when", ""))]
            sheet.row([*shown, statement[language]], ["text", "dim", "text", "text", "text"])
    sheet.widths([24, 20, 30, 14, 70])
    sheet.freeze(1)


def _attribution(sheet: Sheet, run: Run) -> None:
    """Decomposition of the means in the last month."""
    sheet.head(["scenario", "series", "month", "driver", "contribution"])
    entries = run.attribution
    columns = (entries.scenario, entries.series, entries.month, entries.driver, entries.contribution)
    for row in zip(*columns, strict=True):
        if row[2] == run.horizon:
            sheet.row(list(row), ["text", "text", "whole", "text", "change"])
    sheet.filter(5)
    sheet.widths([24, 24, 10, 26, 16])


def _decompositions(book: Any, styles: Styles, run: Run) -> None:
    """Write the other decompositions of the main series in the last month; nothing where the run holds none."""
    rows = [
        (by, scenario, series, driver, value)
        for by in _FURTHER
        for scenario in run.scenarios
        for series, parts in contributions_of(run, by, scenario).items()
        if series in _HEADLINES
        for driver, value in parts.items()
    ]
    if not rows:
        return
    sheet = Sheet.add(book, styles, "Decompositions")
    sheet.head(["decomposition", "scenario", "series", "driver", "contribution"])
    for row in rows:
        sheet.row(list(row), ["text", "text", "text", "text", "change"])
    sheet.filter(5)
    sheet.widths([16, 24, 24, 30, 16])


def _uncertainty(book: Any, styles: Styles, run: Run, language: Language) -> None:
    """Write where the width of the bands comes from in the last month; nothing where shocks are all there is."""
    found = [(name, widths) for name in run.scenarios if (widths := band_widths(run, name, run.horizon))]
    if not found:
        return
    words = vocabulary()
    sheet = Sheet.add(book, styles, "Uncertainty")
    sheet.paragraph(words["widths_note"][language])
    for name, widths in found:
        sheet.head(
            [words["scenario"][language], "", *(words[f"source_{source}"][language] for source in widths.sources)]
        )
        for label, shares in widths.rows:
            sheet.row([name, label.name(language), *shares], ["text", "text", *["return_fine"] * len(shares)])
    sheet.widths([24, 30, *[14] * max(len(widths.sources) for _, widths in found)])


def _statistics(sheet: Sheet, run: Run) -> None:
    columns = summary_columns(run)
    sheet.head(list(columns))
    rows = zip(*(list(column) for column in columns.values()), strict=True)
    styles = ["text", "text", "text", "whole", *["number"] * (len(columns) - 4)]
    for row in rows:
        sheet.row([value if isinstance(value, str) else float(value) for value in row], styles)
    sheet.filter(len(columns))
    sheet.widths([20, 12, 24, 8, *[12] * (len(columns) - 4)])
