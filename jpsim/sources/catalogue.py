"""Which feed fills which column of the panel: ``feeds.toml``, or a user's copy of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from jpsim.errors import InputError, Problem
from jpsim.toml import Fault, entries, items, number, one_of, read_toml, ruled, table, text, whole
from jpsim.toml import Path as Keys

__all__ = ["Catalogue", "Feed", "Publisher", "read_catalogue"]

_TAKES = ("last", "mean", "sum", "next")


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who serves a feed.

    Parameters
    ----------
    id, name
        Its id in the file and its name.
    licence
        What may be done with its numbers; kept with every snapshot.
    urls
        Addresses that are asked, all of them.
    key
        Environment variable that holds the user's key; empty if none is needed.
    """

    id: str
    name: str
    licence: str
    urls: tuple[str, ...]
    key: str = ""


@dataclass(frozen=True, slots=True)
class Feed:
    """Columns that one publisher fills in one way.

    Parameters
    ----------
    source
        Id of the publisher.
    take
        What makes a month of its readings: the last one, their mean, their sum, or the next month's first one.
    scale
        Factor from the publisher's unit to the panel's.
    hold
        Months for which a reading stays valid after its own, for surveys taken once a quarter.
    columns, daily
        Column of the monthly and of the daily panel to the publisher's code.
    """

    source: str
    take: Literal["last", "mean", "sum", "next"]
    scale: float = 1.0
    hold: int = 0
    columns: Mapping[str, str] = field(default_factory=dict)
    daily: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All publishers and feeds.

    Parameters
    ----------
    publishers
        By id.
    feeds
        In the order of the file.
    """

    publishers: Mapping[str, Publisher]
    feeds: tuple[Feed, ...]

    def codes(self, source: str) -> tuple[str, ...]:
        """All codes that are wanted of a publisher, once each."""
        wanted = {}
        for feed in self.feeds:
            if feed.source == source:
                wanted.update(dict.fromkeys((*feed.columns.values(), *feed.daily.values())))
        return tuple(wanted)

    def publisher(self, source: str) -> Publisher:
        """Return a publisher; InputError with the nearest name if there is none."""
        if source in self.publishers:
            return self.publishers[source]
        near = get_close_matches(source, self.publishers, 1)
        fix = f"did you mean {near[0]}?" if near else "or the path of a CSV, Parquet or xlsx file of your own"
        raise InputError(Problem(f"there is no source {source!r}", None, ", ".join(self.publishers), fix))


def read_catalogue(path: Path | None = None) -> Catalogue:
    """Read a file of feeds; the packaged one if `path` is None.

    Raises
    ------
    InputError
        The file is not TOML, or says something that is not known; all such problems at once, with their places.
    """
    source = path if path is not None else files("jpsim") / "data" / "feeds.toml"
    content = read_toml(source).check(_FEEDS)
    publishers = {
        name: Publisher(name, entry["name"], entry["licence"], tuple(entry["urls"]), entry.get("key", ""))
        for name, entry in content["publisher"].items()
    }
    feeds = tuple(
        Feed(
            entry["source"],
            entry["take"],
            float(entry.get("scale", 1.0)),
            int(entry.get("hold", 0)),
            entry.get("columns", {}),
            entry.get("daily", {}),
        )
        for entry in content["feed"]
    )
    return Catalogue(publishers, feeds)


def _each_column_once(value: Any, path: Keys) -> Iterator[Fault]:
    """Every feed has a publisher, and every column one feed."""
    seen: set[str] = set()
    for place, entry in enumerate(value["feed"]):
        where = ("feed", place)
        yield from one_of(value["publisher"], "publisher")(entry["source"], (*where, "source"))
        for column in entry.get("columns", {}):
            if column in seen:
                found = f"column {column!r} is filled twice"
                yield Fault((*where, "columns", column), found, "each column once", of_key=True)
            seen.add(column)


_PUBLISHER = table({"name": text(), "licence": text(), "urls": items(text(), 1)}, {"key": text()})
_FEED = table(
    {"source": text(), "take": one_of(_TAKES)},
    {
        "scale": number(),
        "hold": whole(0, 24),
        "columns": entries(text(), what="column", least=0),
        "daily": entries(text(), what="column", least=0),
    },
)
_FEEDS = ruled(table({"publisher": entries(_PUBLISHER, what="publisher"), "feed": items(_FEED, 1)}), _each_column_once)
