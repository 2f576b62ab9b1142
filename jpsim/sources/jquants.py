"""The exchange's J-Quants API, version 2: JSON pages behind the user's key."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import parse_qsl

from jpsim.errors import Place, Problem
from jpsim.months import Month
from jpsim.sources.catalogue import Publisher
from jpsim.sources.readings import FeedError, Readings, collect, parse_day, parse_reading
from jpsim.sources.transport import Answer, Client

__all__ = ["ask", "read"]


def ask(client: Client, publisher: Publisher, codes: Sequence[str], since: Month, key: str) -> list[Answer]:
    """Ask for codes written ``path?filter=...#field``, page after page."""
    answers = []
    for code in codes:
        path, _, filters = code.partition("#")[0].partition("?")
        query = {**dict(parse_qsl(filters)), "from": f"{since.year}-{since.number:02d}-01"}
        page: dict[str, str] | None = {}
        while page is not None:
            answer = client.ask(f"{publisher.urls[0]}/{path}", {**query, **page}, headers={"x-api-key": key})
            answers.append(answer)
            following = _body(answer).get("pagination_key")
            page = {"pagination_key": str(following)} if following else None
    return answers


def read(answers: Sequence[Answer], codes: Sequence[str]) -> Mapping[str, Readings]:
    """Read the field of each code; weekly rows bear the last day of their week."""
    pairs: dict[str, list[tuple[date, float | None]]] = {code: [] for code in codes}
    remaining = list(codes)
    for answer in answers:
        code = remaining[0]
        field = code.rpartition("#")[2]
        for row in _body(answer)["data"]:
            pairs[code].append(_pair(row, field, answer.url))
        if not _body(answer).get("pagination_key"):
            remaining.pop(0)
    return {code: collect(found, code, Place(answers[0].url)) for code, found in pairs.items()}


def _pair(row: Mapping[str, Any], field: str, url: str) -> tuple[date, float | None]:
    day = row.get("Date", row.get("EnDate"))
    if day is None or field not in row:
        raise FeedError(Problem(f"a row without its day or {field!r}", Place(url), ", ".join(map(str, row))))
    return parse_day(str(day)), parse_reading(row[field], f"{field} on {day}", Place(url))


def _body(answer: Answer) -> dict[str, Any]:
    try:
        body = json.loads(answer.content)
        rows = body["data"]
    except (ValueError, KeyError, TypeError):
        raise FeedError(Problem("not an answer of J-Quants", Place(answer.url))) from None
    if not isinstance(rows, list):
        raise FeedError(Problem("no rows in the answer", Place(answer.url)))
    return dict(body)
