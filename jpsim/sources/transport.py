"""Asking a publisher over HTTP: time limits, retries, size limits, and errors that a user understands."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jpsim._version import __version__
from jpsim.errors import InputError, Place, Problem
from jpsim.sources.readings import FeedError

if TYPE_CHECKING:
    import httpx

__all__ = ["Answer", "Client", "open_client"]

_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
_LARGEST = 100_000_000
_DENIED = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class Answer:
    """What a publisher sent.

    Parameters
    ----------
    url
        Address that was asked, without the user's key.
    content
        Its bytes, as they came.
    modified
        When the publisher says that they changed last; empty if it does not say.
    """

    url: str
    content: bytes
    modified: str = ""


@dataclass(frozen=True, slots=True)
class Client:
    """Asks with retries: a busy or failing server is asked again after 1, 2 and 4 pauses.

    Parameters
    ----------
    connection
        The HTTP connection.
    pause
        Seconds of the first pause.
    sleep
        What waits; for tests.
    """

    connection: httpx.Client
    pause: float = 1.0
    sleep: Callable[[float], None] = field(default=time.sleep)

    def ask(
        self, url: str, parameters: Mapping[str, str] | None = None, *, secret: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:  # fmt: skip
        """Get an address; `secret` parameters are sent but never kept or shown.

        Raises
        ------
        FeedError
            No connection, an error status after all retries, or an answer that is empty or too large.
        """
        import httpx

        shown = str(httpx.URL(url, params=dict(parameters))) if parameters else url
        query = {**(parameters or {}), **(secret or {})}
        reason = ""
        for attempt in range(4):
            if attempt:
                self.sleep(self.pause * 2 ** (attempt - 1))
            try:
                response = self.connection.get(url, params=query or None, headers=dict(headers or {}))
            except httpx.HTTPError as error:
                reason = f"no answer: {type(error).__name__}"
                continue
            if response.status_code not in _RETRIED:
                return _check(response, shown)
            reason = f"HTTP {response.status_code}"
        raise FeedError(Problem(reason, Place(shown), fix="try again later; nothing was written"))


def _check(response: httpx.Response, shown: str) -> Answer:
    if response.status_code in _DENIED:
        found = f"HTTP {response.status_code}: the publisher refuses the key or the plan behind it"
        raise FeedError(Problem(found, Place(shown), fix="check the key"))
    if response.status_code != 200:
        raise FeedError(Problem(f"HTTP {response.status_code}", Place(shown), fix="check the code in the feeds file"))
    if not response.content.strip():
        raise FeedError(Problem("an empty answer", Place(shown), fix="try again later; nothing was written"))
    if len(response.content) > _LARGEST:
        raise FeedError(Problem(f"{len(response.content):,} bytes", Place(shown), f"at most {_LARGEST:,}"))
    return Answer(shown, response.content, response.headers.get("last-modified", ""))


def open_client(timeout: float = 30.0) -> Client:
    """Open a client; InputError names the extra if the HTTP library is not installed."""
    try:
        import httpx
    except ImportError:
        raise InputError(Problem("pulling feeds needs httpx", fix='pip install "jpsim[feeds]"')) from None
    agent = {"User-Agent": f"jpsim/{__version__}"}
    return Client(httpx.Client(timeout=timeout, follow_redirects=True, headers=agent))
