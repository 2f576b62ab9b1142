"""One sheet of a workbook, written from top to bottom, and the cell formats that all sheets share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

__all__ = ["Sheet", "Styles"]

_FORMATS: Mapping[str, Mapping[str, Any]] = {
    "title": {"bold": True, "font_size": 16},
    "head": {"bold": True, "bottom": 2, "text_wrap": True, "valign": "top"},
    "group": {"bold": True, "font_color": "#1F4E79"},
    "bold": {"bold": True},
    "text": {},
    "wrap": {"text_wrap": True, "valign": "top"},
    "dim": {"font_color": "#595959"},
    "whole": {"num_format": "#,##0"},
    "number": {"num_format": "0.0000"},
    "percent": {"num_format": "0.0%"},
    "return": {"num_format": "+0.0%;-0.0%;0.0%"},
    "return_fine": {"num_format": "0.00%"},
    "change": {"num_format": "+0.00%;-0.00%;0.00%"},
    "level0": {"num_format": "#,##0"},
    "level1": {"num_format": "#,##0.0"},
    "level2": {"num_format": "#,##0.00"},
    "level3": {"num_format": "#,##0.000"},
}


@dataclass(frozen=True, slots=True)
class Styles:
    """Cell formats of a workbook by name."""

    formats: Mapping[str, Any]

    @classmethod
    def of(cls, book: Any) -> Styles:
        """Add all formats to a workbook."""
        return cls({name: book.add_format(dict(properties)) for name, properties in _FORMATS.items()})


@dataclass(slots=True)
class Sheet:
    """A sheet and the row that is written next.

    Parameters
    ----------
    page
        The xlsxwriter worksheet.
    styles
        Formats.
    next_row
        Number of the next row, from 0.
    """

    page: Any
    styles: Styles
    next_row: int = 0

    @classmethod
    def add(cls, book: Any, styles: Styles, name: str) -> Sheet:
        """Add a sheet to a workbook."""
        return cls(book.add_worksheet(name), styles)

    @property
    def name(self) -> str:
        """Name of the sheet."""
        return str(self.page.get_name())

    def title(self, text: str) -> None:
        """Write the sheet's title."""
        self.row([text], ["title"])

    def head(self, names: Sequence[str]) -> None:
        """Write names of columns."""
        self.row(list(names), ["head"] * len(names))

    def row(self, values: Sequence[Any], styles: Sequence[str]) -> None:
        """Write one row; text stays text, whatever it begins with."""
        for column, (value, style) in enumerate(zip(values, styles, strict=True)):
            form = self.styles.formats[style]
            if value is None or value == "":
                self.page.write_blank(self.next_row, column, None, form)
            elif isinstance(value, str) or not isfinite(value):
                self.page.write_string(self.next_row, column, str(value), form)
            else:
                self.page.write_number(self.next_row, column, value, form)
        self.next_row += 1

    def paragraph(self, text: str, columns: int = 4) -> None:
        """Write a text over several columns."""
        form = self.styles.formats["wrap"]
        self.page.merge_range(self.next_row, 0, self.next_row, columns - 1, "", form)
        self.page.write_string(self.next_row, 0, text, form)
        self.page.set_row(self.next_row, 15 * (1 + len(text) // 100))
        self.next_row += 1

    def skip(self) -> None:
        """Leave a row empty."""
        self.next_row += 1

    def widths(self, widths: Sequence[float]) -> None:
        """Set the widths of the first columns."""
        for column, width in enumerate(widths):
            self.page.set_column(column, column, width)

    def freeze(self, rows: int) -> None:
        """Keep the first rows and the first column in view."""
        self.page.freeze_panes(rows, 1)

    def filter(self, columns: int) -> None:
        """Let readers filter the rows under a head in the first row."""
        self.page.autofilter(0, 0, max(self.next_row - 1, 1), columns - 1)
        self.freeze(1)

    def shade(self, first: int, last: int, column: int) -> None:
        """Shade numbers from orange over white to blue, which the colour-blind can tell apart."""
        scale = {"type": "3_color_scale", "mid_type": "num", "mid_value": 0}
        colours = {"min_color": "#F4B183", "mid_color": "#FFFFFF", "max_color": "#9DC3E6"}
        self.page.conditional_format(first, column, last, column, scale | colours)
