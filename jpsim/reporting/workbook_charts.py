"""Native charts of a workbook: fans of medians and bands, and bars of the sectors."""

from __future__ import annotations

from typing import Any

from jpsim.reporting.labels import Language, label_of
from jpsim.reporting.workbook_sheet import Sheet
from jpsim.runs import Run

__all__ = ["add_fan_sheet", "add_sector_chart"]

_FANS = ("topix", "nikkei225", "small", "growth", "usdjpy", "jgb_10y", "boj_policy_rate")
_BANDS = ("q05", "q25", "q50", "q75", "q95")
_HEIGHT = 20  # rows between charts
_DASHES = {"q05": "round_dot", "q25": "dash", "q50": "solid", "q75": "dash", "q95": "round_dot"}
_COLOURS = ("#1F4E79", "#C55A11", "#548235", "#7F6000", "#7030A0")


def add_fan_sheet(book: Any, sheet: Sheet, run: Run, language: Language) -> None:
    """Write the bands of the main outputs by month, and a chart of each beside them."""
    shown = [output for output in _FANS if output in run.outputs]
    sheet.head(["series", "scenario", "month", *_BANDS])
    for place, output in enumerate(shown):
        kind = run.kinds[run.outputs.index(output)]
        chart = book.add_chart({"type": "line"})
        for scenario in range(len(run.scenarios)):
            first = sheet.next_row
            _write_bands(sheet, run, scenario, output, kind)
            colour = _COLOURS[scenario % len(_COLOURS)]
            _add_lines(chart, sheet.name, run.scenarios[scenario], first, len(run.steps), colour)
        chart.set_title({"name": label_of(output, kind).name_with_unit(language)})
        chart.set_y_axis({"num_format": "0%" if kind != "factor" else "General", "major_gridlines": {"visible": True}})
        chart.set_legend({"position": "bottom"})
        chart.set_size({"width": 720, "height": 380})
        sheet.page.insert_chart(1 + place * _HEIGHT, len(_BANDS) + 4, chart)
    sheet.widths([20, 24, 10, *[11] * len(_BANDS)])
    sheet.freeze(1)


def add_sector_chart(book: Any, sheet: Sheet, rows: tuple[int, int], scenario: str, compared: bool) -> None:
    """Bars of the sectors' means, or of their differences from the reference where there is one."""
    column = 10 if compared else 3
    chart = book.add_chart({"type": "bar"})
    values = [sheet.name, rows[0], column, rows[1], column]
    names = [sheet.name, rows[0], 0, rows[1], 0]
    measure = "Δ mean" if compared else "Mean"
    series = {"name": _legend(f"{measure} {scenario}"), "categories": names, "values": values}
    chart.add_series({**series, "fill": {"color": _COLOURS[0]}})
    chart.set_title({"name": measure})
    chart.set_legend({"none": True})
    chart.set_y_axis({"reverse": True, "label_position": "low"})
    chart.set_x_axis({"num_format": "0%"})
    chart.set_size({"width": 640, "height": 460})
    sheet.page.insert_chart(3, 12, chart)


def _legend(text: str) -> str:
    """Name of a line; with an exclamation mark it would be taken for a reference to a cell."""
    return text.replace("!", " ")


def _write_bands(sheet: Sheet, run: Run, scenario: int, output: str, kind: str) -> None:
    row = run.outputs.index(output)
    style = "return" if kind != "factor" else "level2"
    for place, month in enumerate(run.steps):
        bands = [float(run.statistics[name][scenario, row, place]) for name in _BANDS]
        sheet.row([output, run.scenarios[scenario], str(run.as_of + month), *bands], ["text"] * 3 + [style] * 5)


def _add_lines(chart: Any, sheet: str, scenario: str, first: int, months: int, colour: str) -> None:
    last = first + months - 1
    for place, name in enumerate(_BANDS):
        chart.add_series(
            {
                "name": _legend(f"{name} {scenario}"),
                "categories": [sheet, first, 2, last, 2],
                "values": [sheet, first, 3 + place, last, 3 + place],
                "line": {"color": colour, "width": 2.25 if name == "q50" else 1.0, "dash_type": _DASHES[name]},
            }
        )
