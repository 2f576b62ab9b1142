"""The Statistics Bureau's e-Stat API: JSON that is HTTP 200 on error, times such as 2026000101."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import parse_qsl

from jpsim.errors import Place, Problem
from jpsim.months import Month
from jpsim.sources.catalogue import Publisher
from jpsim.sources.readings import FeedError, Readings, collect, parse_reading
from jpsim.sources.transport import Answer, Client

__all__ = ["ask", "read"]

_MONTH = re.compile(r"(\d{4})00(0[1-9]|1[0-2])\2")


def ask(client: Client, publisher: Publisher, codes: Sequence[str], since: Month, key: str) -> list[Answer]:
    """Ask for codes written ``TABLE?filter=...``; long tables come in several pages, all are asked for."""
    answers = []
    for code in codes:
        table, _, filters = code.partition("?")
        query = {"statsDataId": table, **dict(parse_qsl(filters)), "metaGetFlg": "N", "lang": "E"}
        start: str | None = "1"
        while start is not None:
            answer = client.ask(publisher.urls[0], {**query, "startPosition": start}, secret={"appId": key})
            answers.append(answer)
            following = _table(answer).get("RESULT_INF", {}).get("NEXT_KEY")
            start = None if following is None else str(following)
    return answers


def read(answers: Sequence[Answer], codes: Sequence[str]) -> Mapping[str, Readings]:
    """Read the monthly values of each code; quarters and years in the same table are left out."""
    pairs: dict[str, list[tuple[date, float | None]]] = {code: [] for code in codes}
    places = {}
    remaining = list(codes)
    for answer in answers:
        code = remaining[0]
        places[code] = Place(answer.url)
        pairs[code].extend(_pairs(answer, code))
        if _table(answer).get("RESULT_INF", {}).get("NEXT_KEY") is None:
            remaining.pop(0)
    return {code: collect(found, f"table {code}", places.get(code)) for code, found in pairs.items()}


def _table(answer: Answer) -> dict[str, Any]:
    try:
        body = json.loads(answer.content)["GET_STATS_DATA"]
        status, message = int(body["RESULT"]["STATUS"]), body["RESULT"].get("ERROR_MSG", "")
    except (ValueError, KeyError, TypeError):
        raise FeedError(Problem("not an answer of e-Stat", Place(answer.url))) from None
    if status != 0:
        fix = "check the application id" if status == 100 else "check the table and its filters"
        raise FeedError(Problem(f"status {status}: {message}", Place(answer.url), fix=fix))
    found: dict[str, Any] = body["STATISTICAL_DATA"]
    return found


def _pairs(answer: Answer, code: str) -> Iterator[tuple[date, float | None]]:
    values = _table(answer)["DATA_INF"]["VALUE"]
    seen: set[date] = set()
    for entry in values if isinstance(values, list) else [values]:
        month = _MONTH.fullmatch(str(entry["@time"]))
        if month is None:
            continue
        day = date(int(month[1]), int(month[2]), 1)
        if day in seen:
            raise FeedError(
                Problem(f"{code}: more than one value in {day:%Y-%m}", Place(answer.url), fix="filter more")
            )
        seen.add(day)
        yield day, parse_reading(entry.get("$"), f"{code} in {day:%Y-%m}", Place(answer.url))
