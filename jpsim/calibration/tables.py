"""CSV files of dated numbers: strict reading with messages that name line and column."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from jpsim.errors import InputError, Place, Problem
from jpsim.months import Month

__all__ = ["DailyTable", "Table", "parse_number", "read_daily", "read_lines", "read_table"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Table:
    """Monthly columns; NaN where a cell is blank.

    Parameters
    ----------
    source
        Path it was read from, for messages.
    months
        Consecutive months, oldest first.
    columns
        Column name to (T,) values.
    """

    source: str
    months: tuple[Month, ...]
    columns: Mapping[str, Floats]

    def since(self, first: Month, last: Month, name: str) -> Floats:
        """Values of a column from `first` to `last`, NaN outside the table; InputError if it is missing."""
        if name not in self.columns:
            raise InputError(Problem(f"there is no column {name!r}", Place(self.source), fix="add the column"))
        values = np.full(last - first + 1, np.nan)
        offset = self.months[0] - first
        low, high = max(offset, 0), min(offset + len(self.months), len(values))
        if low < high:
            values[low:high] = self.columns[name][low - offset : high - offset]
        return values

    def until(self, last: Month) -> Table:
        """Return the table without the months after `last`."""
        kept = max(last - self.months[0] + 1, 0)
        return Table(self.source, self.months[:kept], {name: column[:kept] for name, column in self.columns.items()})


@dataclass(frozen=True, eq=False)
class DailyTable:
    """Daily columns; NaN where a cell is blank.

    Parameters
    ----------
    source
        Path it was read from, for messages.
    days
        Days, oldest first.
    columns
        Column name to (T,) values.
    """

    source: str
    days: tuple[date, ...]
    columns: Mapping[str, Floats]

    def column(self, name: str) -> Floats:
        """Values of a column; InputError if it is missing."""
        if name not in self.columns:
            raise InputError(Problem(f"there is no column {name!r}", Place(self.source), fix="add the column"))
        return self.columns[name]


def read_table(file: Path) -> Table:
    """Read a CSV file of months and numbers; InputError lists everything that is wrong with it."""
    header, *rows = _read_rows(file)
    problems = _check_header(header, file, "month")
    months, values = [], np.full((len(rows), max(len(header) - 1, 0)), np.nan)
    for line, row in enumerate(rows, start=2):
        try:
            months.append(Month.parse(row[0]))
        except ValueError as error:
            problems.append(Problem(str(error), Place(str(file), line, 1)))
            continue
        problems += _fill_row(values[line - 2], row, header, Place(str(file), line))
    if not problems:
        problems = _check_calendar(months, str(file))
    if problems:
        raise InputError(problems[:20])
    columns = {name: values[:, index] for index, name in enumerate(header[1:])}
    return Table(str(file), tuple(months), columns)


def read_daily(file: Path) -> DailyTable:
    """Read a CSV file of days and numbers; InputError lists everything that is wrong with it."""
    header, *rows = _read_rows(file)
    problems = _check_header(header, file, "date")
    days, values = [], np.full((len(rows), max(len(header) - 1, 0)), np.nan)
    for line, row in enumerate(rows, start=2):
        try:
            days.append(date.fromisoformat(row[0]))
        except ValueError:
            problems.append(Problem(f"{row[0]!r} is not a day", Place(str(file), line, 1), "2026-01-30"))
            continue
        problems += _fill_row(values[line - 2], row, header, Place(str(file), line))
    if not problems:
        problems = _check_days(days, str(file))
    if problems:
        raise InputError(problems[:20])
    columns = {name: values[:, index] for index, name in enumerate(header[1:])}
    return DailyTable(str(file), tuple(days), columns)


def read_lines(file: Path) -> list[str]:
    """Lines of a text file; InputError names the first line that is not UTF-8."""
    content = file.read_bytes()
    try:
        return content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"not UTF-8 text (byte 0x{content[error.start]:02x})"
        fix = "save the file as UTF-8; Japanese programs often write Shift-JIS"
        raise InputError(Problem(found, Place(str(file), line), "UTF-8", fix)) from None


def _read_rows(file: Path) -> list[list[str]]:
    """Cells of a CSV file, header first, empty lines left out; InputError if it is not UTF-8 or has no values."""
    rows = [row for row in csv.reader(read_lines(file)) if row]
    if len(rows) < 2:
        raise InputError(Problem("the file has no rows of values", Place(str(file), 1)))
    return rows


def _check_header(header: list[str], file: Path, first: str) -> list[Problem]:
    """Check that the first column is called `first` and no column appears twice."""
    place = Place(str(file), 1)
    problems = [] if header[0] == first else [Problem(f"the first column is {header[0]!r}", place, first)]
    repeated = sorted({name for name in header if header.count(name) > 1})
    return problems + [Problem(f"column {name!r} appears more than once", place) for name in repeated]


def _fill_row(out: Floats, row: list[str], header: list[str], place: Place) -> list[Problem]:
    """Write the numbers after a row's first cell to `out`, NaN where blank; returns what is wrong with them."""
    if len(row) != len(header):
        return [Problem(f"{len(row)} cells where the header has {len(header)}", place)]
    problems = []
    for index, text in enumerate(row[1:]):
        if not text.strip():
            continue
        number = parse_number(text)
        if number is None:
            where = Place(place.source, place.line, index + 2)
            problems.append(Problem(f"{text!r} in column {header[index + 1]!r} ({row[0]})", where, "a finite number"))
        else:
            out[index] = number
    return problems


def parse_number(text: str) -> float | None:
    """Return the finite number that a cell holds, or None."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in text else None


def _check_days(days: list[date], source: str) -> list[Problem]:
    """Name the first day that does not come after the one above; in a file turned round all of them do not."""
    for line, (before, day) in enumerate(pairwise(days), start=3):
        if day <= before:
            found = f"{day} does not come after the line above, {before}"
            return [Problem(found, Place(source, line, 1), "every day once, oldest first")]
    return []


def _check_calendar(months: list[Month], source: str) -> list[Problem]:
    for line, (before, month) in enumerate(pairwise(months), start=3):
        if month - before != 1:
            word = "repeats" if month == before else "comes after" if month > before else "stands below"
            found = f"{month} {word} {before}"
            return [Problem(found, Place(source, line, 1), "every month once, oldest first, none left out")]
    return []
