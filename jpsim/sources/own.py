"""A user's own file: a first column of days or months, then columns named as in the panel."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import PurePath

from jpsim.errors import InputError, Place, Problem
from jpsim.months import Month
from jpsim.sources.readings import FeedError, Readings, collect, parse_day, parse_reading
from jpsim.sources.transport import Answer

__all__ = ["SUFFIXES", "columns_of", "read"]

SUFFIXES = (".csv", ".parquet", ".xlsx")
"""Kinds of files that are read."""

Rows = list[tuple[object, ...]]


def read(answers: Sequence[Answer], codes: Sequence[str]) -> Mapping[str, Readings]:
    """Read columns by name.

    Raises
    ------
    FeedError
        The file is not what its suffix says, a day appears twice, or a cell is neither a number nor blank; line and
        column are named.
    """
    answer = answers[0]
    rows = _rows(answer)
    titles = [str(cell or "").strip() for cell in rows[0]]
    days = [_day(row[0], answer.url, line) for line, row in enumerate(rows[1:], start=2)]
    _refuse_repeated(days, answer.url)
    out = {}
    for code in codes:
        cell = titles.index(code)
        pairs = [
            (day, parse_reading(row[cell], f"{code} on {day}", Place(answer.url, line, cell + 1)))
            for line, (day, row) in enumerate(zip(days, rows[1:], strict=True), start=2)
        ]
        out[code] = collect(pairs, f"column {code!r}", Place(answer.url))
    return out


def columns_of(answer: Answer) -> tuple[str, ...]:
    """Names of a file's columns after the first.

    Raises
    ------
    FeedError
        There are none, or one appears twice.
    """
    rows = _rows(answer)
    titles = [str(cell or "").strip() for cell in rows[0][1:]]
    if not titles or "" in titles:
        raise FeedError(Problem("a column without a name, or none at all", Place(answer.url, 1), "date,usdjpy,..."))
    if repeated := sorted({title for title in titles if titles.count(title) > 1}):
        raise FeedError(Problem(f"column {', '.join(repeated)} appears more than once", Place(answer.url, 1)))
    return tuple(titles)


def _rows(answer: Answer) -> Rows:
    suffix = PurePath(answer.url).suffix.lower()
    rows = {".csv": _csv_rows, ".parquet": _parquet_rows, ".xlsx": _xlsx_rows}[suffix](answer)
    rows = [row for row in rows if any(cell not in (None, "") for cell in row)]
    if len(rows) < 2:
        raise FeedError(Problem("no rows of values", Place(answer.url)))
    return rows


def _csv_rows(answer: Answer) -> Rows:
    try:
        text = answer.content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = answer.content.decode("cp932")
        except UnicodeDecodeError:
            raise FeedError(Problem("neither UTF-8 nor Shift-JIS", Place(answer.url, 1))) from None
    rows = [tuple(row) for row in csv.reader(text.splitlines()) if row]
    for line, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]):
            found = f"{len(row)} cells where the header has {len(rows[0])}"
            raise FeedError(Problem(found, Place(answer.url, line)))
    return list(rows)


def _parquet_rows(answer: Answer) -> Rows:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(io.BytesIO(answer.content))
    except (pa.ArrowInvalid, OSError) as error:
        raise FeedError(Problem(f"not a Parquet file: {error}", Place(answer.url))) from None
    return [tuple(table.column_names), *zip(*(column.to_pylist() for column in table.columns), strict=True)]


def _xlsx_rows(answer: Answer) -> Rows:
    try:
        import openpyxl
    except ImportError:
        raise InputError(Problem("reading xlsx needs openpyxl", fix='pip install "jpsim[feeds]"')) from None
    try:
        book = openpyxl.load_workbook(io.BytesIO(answer.content), read_only=True, data_only=True)
    except Exception:  # the library raises whatever its parts raise
        raise FeedError(Problem("not an xlsx workbook", Place(answer.url))) from None
    return list(book.worksheets[0].iter_rows(values_only=True))


def _refuse_repeated(days: Sequence[date], source: str) -> None:
    first: dict[date, int] = {}
    for line, day in enumerate(days, start=2):
        if first.setdefault(day, line) != line:
            found = f"{day} stands in line {first[day]}, too"
            raise FeedError(Problem(found, Place(source, line, 1), "every day or month once"))


def _day(cell: object, source: str, line: int) -> date:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    text = str(cell).strip()
    try:
        if len(text) == 7:
            month = Month.parse(text)
            return date(month.year, month.number, 1)
        return parse_day(text)
    except ValueError:
        raise FeedError(Problem(f"{text!r} is not a day or month", Place(source, line, 1), "2026-01-30")) from None
