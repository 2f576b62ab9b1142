"""Policy rates of the Bank for International Settlements: SDMX CSV, columns by name, ``NaN`` for missing."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import date

from jpsim.errors import Place, Problem
from jpsim.months import Month
from jpsim.sources.catalogue import Publisher
from jpsim.sources.readings import FeedError, Readings, collect, parse_day, parse_reading
from jpsim.sources.transport import Answer, Client

__all__ = ["ask", "read"]


def ask(client: Client, publisher: Publisher, codes: Sequence[str], since: Month, key: str) -> list[Answer]:
    """Ask for keys such as ``D.JP``: frequency and country."""
    return [client.ask(f"{publisher.urls[0]}/{code}", {"format": "csv"}) for code in codes]


def read(answers: Sequence[Answer], codes: Sequence[str]) -> Mapping[str, Readings]:
    """Read the file of each key."""
    return {code: _read_file(answer, code) for answer, code in zip(answers, codes, strict=True)}


def _read_file(answer: Answer, code: str) -> Readings:
    place = Place(answer.url, 1)
    try:
        rows = list(csv.DictReader(answer.content.decode("utf-8-sig").splitlines()))
    except UnicodeDecodeError:
        raise FeedError(Problem("not text", place)) from None
    if not rows or not {"FREQ", "REF_AREA", "TIME_PERIOD", "OBS_VALUE"} <= rows[0].keys():
        raise FeedError(Problem("no table of observations", place, "FREQ,REF_AREA,TIME_PERIOD,OBS_VALUE"))
    frequency, _, area = code.partition(".")
    mine = [row for row in rows if (row["FREQ"], row["REF_AREA"]) == (frequency, area)]
    pairs = [(_day(row["TIME_PERIOD"], answer.url), parse_reading(row["OBS_VALUE"], code, place)) for row in mine]
    return collect(pairs, code, place)


def _day(text: str, url: str) -> date:
    try:
        return parse_day(text if text.count("-") == 2 else f"{text}-01")
    except ValueError:
        raise FeedError(Problem(f"TIME_PERIOD {text!r}", Place(url), "2026-01-30 or 2026-01")) from None
