"""Yields of Japanese government bonds: CSV in Shift-JIS or English, western or era dates, ``-`` for missing."""

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

Pairs = list[tuple[date, float | None]]


def ask(client: Client, publisher: Publisher, codes: Sequence[str], since: Month, key: str) -> list[Answer]:
    """Get the whole history and the current month; each file holds every maturity."""
    return [client.ask(url) for url in publisher.urls]


def read(answers: Sequence[Answer], codes: Sequence[str]) -> Mapping[str, Readings]:
    """Read maturities such as ``10Y``; where files overlap, the later file holds."""
    pairs: dict[str, Pairs] = {code: [] for code in codes}
    for answer in answers:
        _read_file(answer, pairs)
    return {code: collect(found, f"yield {code}", Place(answers[0].url)) for code, found in pairs.items()}


def _read_file(answer: Answer, pairs: dict[str, Pairs]) -> None:
    rows = list(csv.reader(_text(answer.content).splitlines()))
    top = next((line for line, row in enumerate(rows) if row and row[0].strip() in ("Date", "基準日")), None)
    if top is None:
        raise FeedError(Problem("no line of maturities (Date, 1Y, ...)", Place(answer.url)))
    names = [name.strip().replace("年", "Y") for name in rows[top]]
    if lacking := [code for code in pairs if code not in names]:
        raise FeedError(Problem(f"no maturity {', '.join(lacking)}", Place(answer.url, top + 1), ", ".join(names[1:])))
    for line, row in enumerate(rows[top + 1 :], start=top + 2):
        if not row or not row[0].strip():
            continue
        try:
            day = parse_day(row[0])
        except ValueError:
            if row[0][0].isdigit() or row[0][0] in "MTSHR":
                raise FeedError(Problem(f"{row[0]!r} is not a day", Place(answer.url, line))) from None
            continue  # remarks stand below the numbers
        for code, found in pairs.items():
            found.append((day, parse_reading(row[names.index(code)], f"{code} on {day}", Place(answer.url, line))))


def _text(content: bytes) -> str:
    """Decode: the Japanese file is Shift-JIS, the English one ASCII, and either may become UTF-8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp932", errors="replace")
