"""Who may speak to the workbench: a token opens it once, a session cookie from then on."""

from __future__ import annotations

import secrets

__all__ = ["Sessions"]

_BYTES = 32


class Sessions:
    """Tokens that were given out and not used yet, and the sessions that they opened.

    Parameters
    ----------
    port
        Part of the cookie's name: browsers send a cookie to every port of a host.
    """

    def __init__(self, port: int) -> None:
        self.cookie = f"jpsim_{port}"
        self._tokens: set[str] = set()
        self._sessions: set[str] = set()

    def issue(self) -> str:
        """Return a token that opens one session."""
        token = secrets.token_urlsafe(_BYTES)
        self._tokens.add(token)
        return token

    def redeem(self, token: str) -> str | None:
        """Return a new session for a token, which is void from then on; None if it opens nothing."""
        found = _among(token, self._tokens)
        if found is None:
            return None
        self._tokens.discard(found)
        session = secrets.token_urlsafe(_BYTES)
        self._sessions.add(session)
        return session

    def admits(self, cookies: str) -> bool:
        """Whether a request with this cookie header belongs to a session."""
        pairs = (part.strip().partition("=") for part in cookies.split(";"))
        return any(name == self.cookie and _among(value, self._sessions) is not None for name, _, value in pairs)


def _among(offered: str, known: set[str]) -> str | None:
    """The secret that equals what is offered; comparing takes as long for each wrong one."""
    given = offered.encode("utf-8", "surrogateescape")
    matches = [secret for secret in known if secrets.compare_digest(secret.encode(), given)]
    return matches[0] if matches else None
