"""FRED's CSV of one series: ``observation_date,CODE``, blank or ``.`` for missing, HTML on error."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs, urlsplit

from jpsim.errors import Place, Problem
from jpsim.months import Month
from jpsim.sources.catalogue import Publisher
from jpsim.sources.readings import FeedError, Readings, collect, parse_day, parse_reading
from jpsim.sources.transport import Answer, Client

__all__ = ["ask", "read"]


def ask(client: Client, publisher: Publisher, codes: Sequence[str], since: Month, key: str) -> list[Answer]:
    """Ask for one series after the other."""
    first = f"{since.year}-{since.number:02d}-01"
    return [client.ask(publisher.urls[0], {"id": code, "cosd": first}) for code in codes]


def read(answers: Sequence[Answer], codes: Sequence[str]) -> Mapping[str, Readings]:
    """Read the file of each series."""
    by_code = {parse_qs(urlsplit(answer.url).query)["id"][0]: answer for answer in answers}
    return {code: _read_file(by_code[code], code) for code in codes}


def _read_file(answer: Answer, code: str) -> Readings:
    place = Place(answer.url, 1)
    try:
        rows = list(csv.reader(answer.content.decode("utf-8-sig").splitlines()))
    except UnicodeDecodeError:
        raise FeedError(Problem("not text", place)) from None
    if not rows or rows[0] not in (["observation_date", code], ["DATE", code]):
        found = ",".join(rows[0])[:60] if rows else ""
        raise FeedError(Problem(f"{found!r}", place, f"observation_date,{code}", "check the code"))
    pairs = []
    for line, row in enumerate(rows[1:], start=2):
        where = Place(answer.url, line)
        try:
            day, value = parse_day(row[0]), row[1]
        except (ValueError, IndexError):
            raise FeedError(Problem(f"{','.join(row)!r}", where, "a day and a number")) from None
        pairs.append((day, parse_reading(value, f"{code} on {day}", where)))
    return collect(pairs, code, place)
