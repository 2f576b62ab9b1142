"""Tables of dates and variables as others send them: comma-, semicolon- or tab-separated text."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from jpsim.errors import InputError, Place, Problem
from jpsim.scenario import When

__all__ = ["Table", "parse_date", "parse_number", "read_table_text"]

_MAX_BYTES = 20_000_000
_QUARTER = re.compile(r"(\d{4})\s*:?\s*Q([1-4])|Q([1-4])\s+(\d{4})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Table:
    """Cells of a file, as text.

    Parameters
    ----------
    source
        Name of the file.
    head
        Names of the columns.
    rows
        Line number and cells of each row; all rows have as many cells as there are columns.
    """

    source: str
    head: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]

    def place(self, line: int, column: int) -> Place:
        """Place of a cell: the line, and the number of the column."""
        return Place(self.source, line, column + 1)


def read_table_text(path: Path) -> Table:
    """Read a table in UTF-8; the separator is the commonest of comma, semicolon and tab in the first line.

    Raises
    ------
    InputError
        If the file cannot be read, is no text, is empty, or rows and head do not match.
    """
    text = _text(path)
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=first.count)
    lines = csv.reader(text.splitlines(), delimiter=delimiter)
    numbered = [(lines.line_num, [cell.strip() for cell in cells]) for cells in lines if any(map(str.strip, cells))]
    if len(numbered) < 2:
        raise InputError(Problem("no table", Place(str(path), 1), "a line of column names, and a row for each date"))
    head = tuple(numbered[0][1])
    uneven = [
        Problem(f"{len(cells)} cells under {len(head)} columns", Place(str(path), line))
        for line, cells in numbered[1:]
        if len(cells) != len(head)
    ]
    repeated = [name for place, name in enumerate(head) if name in head[:place]]
    uneven += [Problem(f"two columns are called {name!r}", Place(str(path), 1)) for name in repeated]
    if uneven:
        raise InputError(uneven)
    return Table(str(path), head, tuple((line, tuple(cells)) for line, cells in numbered[1:]))


def parse_date(text: str) -> When | None:
    """Read a month, a date, months ahead (``3m``) or a quarter (its last month); None if it is none of these."""
    quarter = _QUARTER.fullmatch(text)
    if quarter:
        year, number = quarter[1] or quarter[4], int(quarter[2] or quarter[3])
        text = f"{year}-{3 * number:02d}"
    try:
        return When.parse(text)
    except ValueError:
        return None


def parse_number(text: str) -> float | None:
    """Read a plain finite number, ``1,234.5`` included; None for anything else."""
    plain = text.replace(",", "") if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", text) else text
    return float(plain) if re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?", plain, re.ASCII) else None


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise InputError(Problem("the file is larger than 20 MB", Place(str(path))))
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(Problem("the file is not UTF-8 text", Place(str(path)), "CSV in UTF-8")) from None
    except OSError as error:
        raise InputError(Problem(f"cannot be read: {error.strerror}", Place(str(path)))) from None
    if "\0" in text:
        raise InputError(Problem("the file is binary", Place(str(path)), "CSV in UTF-8"))
    return text
