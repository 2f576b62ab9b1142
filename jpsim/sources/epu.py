"""The Japanese policy-uncertainty index: an xlsx sheet of year, month and index, with remarks beside it."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import date

from jpsim.errors import InputError, Place, Problem
from jpsim.months import Month
from jpsim.sources.catalogue import Publisher
from jpsim.sources.readings import FeedError, Readings, collect, parse_reading
from jpsim.sources.transport import Answer, Client

__all__ = ["ask", "read"]


def ask(client: Client, publisher: Publisher, codes: Sequence[str], since: Month, key: str) -> list[Answer]:
    """Get the workbook."""
    return [client.ask(publisher.urls[0])]


def read(answers: Sequence[Answer], codes: Sequence[str]) -> Mapping[str, Readings]:
    """Read columns of the first sheet by their titles."""
    rows = _first_sheet(answers[0])
    place = Place(answers[0].url)
    titles = [str(cell or "").strip() for cell in rows[0]] if rows else []
    if lacking := [name for name in ("Year", "Month", *codes) if name not in titles]:
        allowed = ", ".join(title for title in titles if title)
        raise FeedError(Problem(f"no column {', '.join(lacking)}", place, allowed))
    year, month = titles.index("Year"), titles.index("Month")
    dated = [row for row in rows[1:] if isinstance(row[year], int) and isinstance(row[month], int)]
    out = {}
    for code in codes:
        cell = titles.index(code)
        pairs = [(date(_int(row[year]), _int(row[month]), 1), parse_reading(row[cell], code, place)) for row in dated]
        out[code] = collect(pairs, code, place)
    return out


def _int(cell: object) -> int:
    assert isinstance(cell, int)
    return cell


def _first_sheet(answer: Answer) -> list[tuple[object, ...]]:
    try:
        import openpyxl
    except ImportError:
        raise InputError(Problem("reading xlsx needs openpyxl", fix='pip install "jpsim[feeds]"')) from None
    try:
        book = openpyxl.load_workbook(io.BytesIO(answer.content), read_only=True, data_only=True)
    except Exception:  # the library raises whatever its parts raise
        raise FeedError(Problem("not an xlsx workbook", Place(answer.url))) from None
    return list(book.worksheets[0].iter_rows(values_only=True))
