"""The Bank of Japan's time-series API: JSON that is HTTP 200 even on error, its status in the body."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from jpsim.errors import Place, Problem
from jpsim.months import Month
from jpsim.sources.catalogue import Publisher
from jpsim.sources.readings import FeedError, Readings, collect, parse_reading
from jpsim.sources.transport import Answer, Client

__all__ = ["ask", "read"]

_MONTHS_PER_PERIOD = {"MONTHLY": 1, "QUARTERLY": 3, "SEMIANNUAL": 6, "ANNUAL": 12}


def ask(client: Client, publisher: Publisher, codes: Sequence[str], since: Month, key: str) -> list[Answer]:
    """Ask for codes written ``DATABASE/SERIES``, one at a time because a request may hold one frequency only."""
    answers = []
    for code in codes:
        database, series = _split(code)
        query = {"format": "json", "lang": "en", "db": database, "code": series}
        position: int | None = 1
        while position is not None:
            answer = client.ask(publisher.urls[0], {**query, "startPosition": str(position)})
            answers.append(answer)
            position = _body(answer)["NEXTPOSITION"]
    return answers


def read(answers: Sequence[Answer], codes: Sequence[str]) -> Mapping[str, Readings]:
    """Read all pages; a quarter's reading bears its last month."""
    pairs: dict[str, list[tuple[date, float | None]]] = {}
    for answer in answers:
        for entry in _body(answer)["RESULTSET"]:
            pairs.setdefault(str(entry["SERIES_CODE"]), []).extend(_pairs(entry, answer.url))
    out = {}
    for code in codes:
        series = _split(code)[1]
        out[code] = collect(pairs.get(series, []), f"series {series}", Place(answers[0].url))
    return out


def _split(code: str) -> tuple[str, str]:
    database, slash, series = code.partition("/")
    if not slash:
        raise FeedError(Problem(f"code {code!r} of the Bank of Japan", None, "DATABASE/SERIES, e.g. FM01/STRDCLUCON"))
    return database, series


def _body(answer: Answer) -> dict[str, Any]:
    try:
        body: dict[str, Any] = json.loads(answer.content)
        status, message = body["STATUS"], f"{body.get('MESSAGEID')}: {body.get('MESSAGE')}"
    except (ValueError, KeyError, TypeError):
        raise FeedError(Problem("not an answer of the time-series API", Place(answer.url))) from None
    if status != 200:
        raise FeedError(Problem(f"status {status}, {message}", Place(answer.url), fix="check the code"))
    if not isinstance(body.get("RESULTSET"), list):
        raise FeedError(Problem(f"no series in the answer ({message})", Place(answer.url), fix="check the code"))
    return {"NEXTPOSITION": None, **body}


def _pairs(entry: Mapping[str, Any], url: str) -> Iterator[tuple[date, float | None]]:
    name, values = entry["SERIES_CODE"], entry["VALUES"]
    days, readings = values["SURVEY_DATES"], values["VALUES"]
    if len(days) != len(readings):
        raise FeedError(Problem(f"{name}: {len(days)} dates and {len(readings)} values", Place(url)))
    frequency = str(entry.get("FREQUENCY", "")).partition("(")[0]
    for day, value in zip(days, readings, strict=True):
        yield _day(int(day), frequency, url), parse_reading(value, f"{name} on {day}", Place(url))


def _day(number: int, frequency: str, url: str) -> date:
    """Day of YYYYMMDD, YYYYMM, YYYYQQ, YYYYHH or YYYY, by the series' frequency."""
    try:
        if number > 9_999_999:
            return date(number // 10_000, number // 100 % 100, number % 100)
        months = _MONTHS_PER_PERIOD[frequency]
        if months == 12:
            return date(number, 12, 1)
        return date(number // 100, number % 100 * months, 1)
    except (KeyError, ValueError):
        raise FeedError(Problem(f"date {number} of a series of frequency {frequency!r}", Place(url))) from None
