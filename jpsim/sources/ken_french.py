"""Kenneth French's factors: a zip with one CSV, remarks above, monthly then annual rows, -99.99 for missing."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date

from jpsim.errors import Place, Problem
from jpsim.months import Month
from jpsim.sources.catalogue import Publisher
from jpsim.sources.readings import FeedError, Readings, collect, parse_reading
from jpsim.sources.transport import Answer, Client

__all__ = ["ask", "read"]

_MONTH = re.compile(r"\d{6}")
_NONE = {-99.99, -999.0}
_LARGEST = 50_000_000


def ask(client: Client, publisher: Publisher, codes: Sequence[str], since: Month, key: str) -> list[Answer]:
    """Get the file; it holds every factor."""
    return [client.ask(publisher.urls[0])]


def read(answers: Sequence[Answer], codes: Sequence[str]) -> Mapping[str, Readings]:
    """Read monthly returns in percent; the annual ones below them are left out."""
    answer = answers[0]
    lines = _text(answer).splitlines()
    cells = [[cell.strip() for cell in line.split(",")] for line in lines]
    top = next((line for line, row in enumerate(cells) if row[0] == "" and set(codes) <= set(row)), None)
    if top is None:
        raise FeedError(Problem(f"no line of factors with {', '.join(codes)}", Place(answer.url)))
    names = cells[top]
    pairs: dict[str, list[tuple[date, float | None]]] = {code: [] for code in codes}
    for line, row in enumerate(cells[top + 1 :], start=top + 2):
        if not _MONTH.fullmatch(row[0]):
            break  # the annual part begins
        day = date(int(row[0][:4]), int(row[0][4:]), 1)
        for code, found in pairs.items():
            value = parse_reading(row[names.index(code)], f"{code} in {row[0]}", Place(answer.url, line))
            found.append((day, None if value in _NONE else value))
    return {code: collect(found, code, Place(answer.url)) for code, found in pairs.items()}


def _text(answer: Answer) -> str:
    if not answer.content.startswith(b"PK"):
        return answer.content.decode("latin-1")
    try:
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            names = [info for info in archive.infolist() if info.filename.lower().endswith(".csv")]
            if len(names) != 1 or names[0].file_size > _LARGEST:
                raise FeedError(Problem("not one CSV file of a sensible size in the archive", Place(answer.url)))
            return archive.read(names[0]).decode("latin-1")
    except zipfile.BadZipFile:
        raise FeedError(Problem("a damaged archive", Place(answer.url))) from None
