"""Pulling: ask a publisher, make sure that the answer can be read, and keep it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Protocol

from jpsim.errors import InputError, Place, Problem
from jpsim.months import Month
from jpsim.sources import own
from jpsim.sources.catalogue import Catalogue, Publisher
from jpsim.sources.readings import Readings
from jpsim.sources.snapshots import Snapshot, write_snapshot
from jpsim.sources.transport import Answer, Client

__all__ = ["OWN", "Source", "pull", "source_of"]

OWN = "own-"
"""What the ids of snapshots of a user's own files begin with."""

_ADAPTERS = ("mof", "boj", "fred", "bis", "ken_french", "estat", "jquants", "epu")


class Source(Protocol):
    """What an adapter module offers."""

    def ask(
        self, client: Client, publisher: Publisher, codes: Sequence[str], since: Month, key: str
    ) -> Sequence[Answer]:
        """Ask for codes from a month on."""
        ...

    def read(self, answers: Sequence[Answer], codes: Sequence[str]) -> Mapping[str, Readings]:
        """Read what came, code by code."""
        ...


def source_of(name: str) -> Source:
    """Return the adapter of a publisher."""
    if name not in _ADAPTERS:
        raise InputError(Problem(f"no adapter reads {name!r}", None, ", ".join(_ADAPTERS)))
    adapter: Source = import_module(f"jpsim.sources.{name}")
    return adapter


def pull(
    name: str,
    into: Path,
    *,
    catalogue: Catalogue,
    client: Client,
    since: Month,
    now: datetime,
    keys: Mapping[str, str],
) -> tuple[Snapshot, Mapping[str, Readings]]:
    """Pull one source; nothing is written unless all of its answers can be read.

    Parameters
    ----------
    name
        Id of a publisher, or the path of a user's own file.
    into
        Folder of the snapshots.
    catalogue, client
        Which codes, and how to ask.
    since
        First month that is asked for where a publisher can be asked so.
    now
        Time of the pull.
    keys
        The user's keys, by the variable that the catalogue names.

    Raises
    ------
    InputError
        An unknown source, a missing key, or a `FeedError`: no answer, or one that is not what it should be.
    """
    if name.lower().endswith(own.SUFFIXES):
        return _pull_own(Path(name), into, now)
    publisher = catalogue.publisher(name)
    key = keys.get(publisher.key, "")
    if publisher.key and not key:
        found = f"{name} needs a key of your own"
        raise InputError(Problem(found, None, fix=f"set the environment variable {publisher.key}"))
    adapter, codes = source_of(name), catalogue.codes(name)
    answers = adapter.ask(client, publisher, codes, since, key)
    readings = adapter.read(answers, codes)
    return write_snapshot(into, name, now, publisher.licence, codes, answers), readings


def _pull_own(path: Path, into: Path, now: datetime) -> tuple[Snapshot, Mapping[str, Readings]]:
    try:
        answer = Answer(str(path), path.read_bytes())
    except OSError as error:
        raise InputError(Problem(f"cannot be read: {error.strerror}", Place(str(path)))) from None
    codes = own.columns_of(answer)
    readings = own.read([answer], codes)
    kept = Answer(path.name, answer.content)
    return write_snapshot(into, f"{OWN}{path.stem}", now, "the user's own", codes, [kept]), readings
