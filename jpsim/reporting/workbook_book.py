"""Sheets that only some runs need: the book and its positions, limits, and the stories of mixtures."""

from __future__ import annotations

from typing import Any

from jpsim.reporting.holdings import BookInScenario, book_in_scenario
from jpsim.reporting.labels import Language, label_of
from jpsim.reporting.limit_checking import limit_checks
from jpsim.reporting.story import vocabulary
from jpsim.reporting.verdicts import plausibility_share
from jpsim.reporting.waterfall import driver_names
from jpsim.reporting.workbook_sheet import Sheet, Styles
from jpsim.runs import Run

__all__ = ["add_book_sheets", "add_limit_sheet", "add_mixture_sheet"]

_STATISTICS = ("mean", "sd", "q05", "q50", "q95", "p_loss", "var95", "es95", "var99", "es99")


def add_book_sheets(book: Any, styles: Styles, run: Run, language: Language) -> None:
    """Write the book's risk by scenario, what positions and drivers add, with charts; nothing without a book."""
    found = [book_in_scenario(run, scenario, run.horizon) for scenario in range(len(run.scenarios))]
    books = [one for one in found if one is not None]
    if not books:
        return
    words = vocabulary()
    sheet = Sheet.add(book, styles, "Book")
    sheet.title(f"{words['book'][language]}, {run.as_of + run.horizon}")
    sheet.paragraph(words["book_note"][language])
    sheet.head(["", *(head for name in run.scenarios for head in (name, "± se"))])
    for name in _STATISTICS:
        cells = [value for one in books for value in one.statistics[name]]
        sheet.row([words[f"book_{name}"][language], *cells], ["text", *["return", "return_fine"] * len(books)])
    for name in ("mean", "q95"):
        falls = [value for one in books for value in _drawdown(one, name)]
        sheet.row([words[f"drawdown_{name}"][language], *falls], ["text", *["return", "return_fine"] * len(books)])
    sheet.widths([36, *[14] * (2 * len(books))])
    sheet.freeze(3)
    _positions(book, Sheet.add(book, styles, "Positions"), run, books, language)
    if books[0].drivers:
        _drivers(book, Sheet.add(book, styles, "Drivers"), run, books, language)
    if books[0].hedges:
        _hedges(Sheet.add(book, styles, "Hedges"), run, books, language)


def add_limit_sheet(book: Any, styles: Styles, run: Run, language: Language) -> None:
    """Write each limit in each scenario; nothing where the run states none."""
    checks = limit_checks(run)
    if not checks:
        return
    words = vocabulary()
    sheet = Sheet.add(book, styles, "Limits")
    heads = ("col_series", "col_when", "scenario", "limit_measure", "limit_value", "limit_bound", "limit_verdict")
    sheet.head([words[key][language] for key in heads])
    for check in checks:
        style = "return" if check.label.kind != "factor" else "number"
        when, name = str(run.as_of + check.month), run.scenarios[check.scenario]
        verdict = words[f"limit_{check.verdict}"][language]
        row = [check.label.name(language), when, name, check.statistic, check.value, check.bound, verdict]
        sheet.row(
            row, ["text", "text", "text", "text", style, style, "bold" if "breached" in check.verdict else "text"]
        )
    sheet.widths([26, 12, 26, 12, 12, 12, 40])
    sheet.freeze(1)


def add_mixture_sheet(book: Any, styles: Styles, run: Run, language: Language) -> None:
    """Write the stories of each mixture with the factors' means; nothing where no scenario is a mixture."""
    mixed = [name for name in run.scenarios if run.diagnostics[name].get("members")]
    if not mixed:
        return
    words = vocabulary()
    sheet = Sheet.add(book, styles, "Mixtures")
    factors = list(run.diagnostics[mixed[0]]["members"][0].get("bands", {}))
    labels = [label_of(name, "factor").name_with_unit(language) for name in factors]
    heads = [words[key][language] for key in ("scenario", "member", "weight", "plausible")]
    sheet.head([*heads, *labels])
    for name in mixed:
        for member in run.diagnostics[name]["members"]:
            card = member.get("plausibility", {})
            ends = [member["bands"][factor]["mean"][-1] if factor in member["bands"] else None for factor in factors]
            row = [name, member["scenario"], member["weight"], plausibility_share(card), *ends]
            sheet.row(row, ["text", "text", "percent", "percent", *["level2"] * len(ends)])
    sheet.widths([24, 28, 10, 14, *[14] * len(factors)])
    sheet.freeze(1)


def _drawdown(book: BookInScenario, name: str) -> tuple[float | None, float | None]:
    told = book.told.get("drawdown", {}).get(name, {})
    return told.get("value"), told.get("se")


def _drivers(book: Any, sheet: Sheet, run: Run, books: list[BookInScenario], language: Language) -> None:
    """What each driver brings to gain and shortfall in all scenarios, and a bar chart of the first scenario's."""
    words = vocabulary()
    heads = ("scenario", "driver", "book_mean", "book_var95", "book_es95")
    sheet.head([*(words[key][language] for key in heads), "± se", words["book_es99"][language], "± se"])
    for one in books:
        for driver in one.drivers:
            row = [run.scenarios[one.scenario], driver_names(driver.driver)[language], driver.mean, driver.var95]
            row += [float(driver.es95), driver.es95.se, float(driver.es99), driver.es99.se]
            sheet.row(row, ["text", "text", "change", "change", "change", "return_fine", "change", "return_fine"])
    _bar_chart(book, sheet, len(books[0].drivers), words["book_drivers"][language], run.scenarios[books[0].scenario])
    sheet.filter(8)
    sheet.widths([22, 34, 14, 12, 12, 10, 12, 10])


def _hedges(sheet: Sheet, run: Run, books: list[BookInScenario], language: Language) -> None:
    """Write the best hedges of all scenarios, a row for each leg; what a hedge does stands beside its first leg."""
    words = vocabulary()
    heads = [words[key][language] for key in ("scenario", "hedge", "hedge_ratio")]
    for key in ("hedge_before", "hedge_after", "hedge_saved"):
        heads += [words[key][language], "± se"]
    sheet.paragraph(words["book_hedges_note"][language])
    sheet.head([*heads[:3], "± se", *heads[3:]])
    for one in books:
        for hedge in one.hedges:
            told: list[float | None] = [
                x for each in (hedge.before, hedge.es95, hedge.saved) for x in (float(each), each.se)
            ]
            for series, ratio in hedge.legs.items():
                names = [run.scenarios[one.scenario], label_of(series, "series").name(language)]
                styles = ["text", "text", *["change", "return_fine"] * 4]
                sheet.row([*names, float(ratio), ratio.se, *told], styles)
                told = [None] * len(told)
    sheet.widths([24, 30, *[12] * 8])
    sheet.freeze(2)


def _bar_chart(book: Any, sheet: Sheet, rows: int, title: str, scenario: str) -> None:
    """Chart the fifth column of the first rows by the second, beside the table."""
    chart = book.add_chart({"type": "bar"})
    last = min(rows, 30)
    names, values = [sheet.name, 1, 1, last, 1], [sheet.name, 1, 4, last, 4]
    chart.add_series({"name": title, "categories": names, "values": values})
    chart.set_title({"name": f"{title}, {scenario}".replace("!", " ")})
    chart.set_legend({"none": True})
    chart.set_y_axis({"reverse": True, "label_position": "low"})
    chart.set_x_axis({"num_format": "0%"})
    sheet.page.insert_chart(1, 9, chart)


def _positions(book: Any, sheet: Sheet, run: Run, books: list[BookInScenario], language: Language) -> None:
    """All positions in all scenarios, and a bar chart of the first scenario's components."""
    words = vocabulary()
    heads = ("scenario", "position", "follows", "weight", "component", "marginal")
    sheet.head([*(words[key][language] for key in heads), "± se"])
    for one in books:
        for position in one.positions:
            name = run.scenarios[one.scenario]
            row = [name, position.name, position.series[language], position.weight]
            row += [position.component, position.marginal, position.error]
            sheet.row(row, ["text", "text", "text", "percent", "change", "change", "return_fine"])
    if books[0].positions:
        scenario = run.scenarios[books[0].scenario]
        _bar_chart(book, sheet, len(books[0].positions), words["component"][language], scenario)
    sheet.filter(7)
    sheet.widths([22, 24, 30, 11, 14, 12, 10])
