"""The gate in front of every route: where a request comes from, whom it belongs to, what it may carry."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from starlette.datastructures import QueryParams
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jpsim.web.answers import refuse
from jpsim.web.bodies import MAX_BYTES
from jpsim.web.refusals import Refusal
from jpsim.web.sessions import Sessions

__all__ = ["PAGE_POLICY", "Guard"]

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)
"""Content security policy of every answer that does not bring its own."""

_HEADERS = {
    "content-security-policy": PAGE_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "SAMEORIGIN",
}
_READS, _WRITES = ("GET", "HEAD"), ("POST", "PUT", "DELETE")
_CLOSED = """<!doctype html><html lang="en"><meta charset="utf-8"><title>jpsim</title>
<p>This workbench is closed to this browser: open the address that <code>jpsim serve</code> printed.
An address opens one browser, once; a browser in which the workbench is open makes one for another.</p></html>
"""
_POLICY_VIOLATION = 1008  # of RFC 6455, which closes a web socket


class Guard:
    """Lets a request through to `inner` only from the workbench's own pages in a browser that has a session.

    Parameters
    ----------
    inner
        The application.
    hosts
        Names under which it answers, each with its port.
    sessions
        Tokens and sessions.
    """

    def __init__(self, inner: ASGIApp, hosts: tuple[str, ...], sessions: Sessions) -> None:
        self._inner, self._hosts, self._sessions = inner, hosts, sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that may not pass; hand on one that may, and mark its answer."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        elif scope["type"] != "http":
            await self._inner(scope, receive, send)
        else:
            answered = self._judge(scope)
            await (self._inner if answered is None else answered)(scope, receive, _marked(send))

    def _judge(self, scope: Scope) -> Response | None:
        """Return the answer to a request that does not reach the application."""
        headers = _headers(scope)
        try:
            self._check_place(scope, headers)
            if scope["method"] not in (*_READS, *_WRITES):
                raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED, f"{scope['method'][:20]} is not answered here")
        except Refusal as refusal:
            return refuse(refusal)
        opened = self._opened(scope)
        if opened is not None or not self._sessions.admits(";".join(headers.get("cookie", []))):
            return opened or self._closed(scope)
        try:
            _check_write(scope["method"], headers)
        except Refusal as refusal:
            return refuse(refusal)
        return None

    def _check_place(self, scope: Scope, headers: Mapping[str, list[str]]) -> None:
        """Refuse what did not come from here: other names of this host, other pages, web sockets."""
        hosts, origins = headers.get("host", []), headers.get("origin", [])
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            raise Refusal(HTTPStatus.FORBIDDEN, "the workbench does not answer under this name")
        if "upgrade" in headers:
            raise Refusal(HTTPStatus.FORBIDDEN, "the workbench speaks plain HTTP only")
        write = scope["method"] not in _READS
        if (origins or write) and origins != [f"http://{hosts[0]}"]:
            raise Refusal(HTTPStatus.FORBIDDEN, "the request does not come from a page of the workbench")
        foreign = any(site not in ("same-origin", "none") for site in headers.get("sec-fetch-site", []))
        if foreign and (write or scope["path"] != "/" or headers.get("sec-fetch-mode") != ["navigate"]):
            raise Refusal(HTTPStatus.FORBIDDEN, "the request comes from another site")

    def _opened(self, scope: Scope) -> Response | None:
        """Open a session for a token; the address is then free of it."""
        tokens = QueryParams(scope["query_string"]).getlist("token") if scope["path"] == "/" else []
        if scope["method"] != "GET" or len(tokens) != 1:
            return None
        session = self._sessions.redeem(tokens[0])
        answered = RedirectResponse("/", HTTPStatus.SEE_OTHER)
        if session is not None:
            answered.set_cookie(self._sessions.cookie, session, path="/", httponly=True, samesite="strict")
        elif not self._sessions.admits(";".join(_headers(scope).get("cookie", []))):
            return self._closed(scope)
        return answered

    def _closed(self, scope: Scope) -> Response:
        if scope["path"].startswith("/api/"):
            told = "no session: open the address that jpsim serve printed"
            return refuse(Refusal(HTTPStatus.UNAUTHORIZED, told))
        return HTMLResponse(_CLOSED, HTTPStatus.UNAUTHORIZED)


def _headers(scope: Scope) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return found


def _check_write(method: str, headers: Mapping[str, list[str]]) -> None:
    """Refuse bodies that are not JSON, which other sites could send without asking first, and large ones."""
    if method in _READS:
        return
    length = headers.get("content-length", ["0"])
    if len(length) != 1 or not length[0].isdecimal() or len(length[0]) > 12:
        raise Refusal(HTTPStatus.BAD_REQUEST, "the length of the body is no number")
    if int(length[0]) > MAX_BYTES:
        raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is larger than 1 MB")
    empty = length == ["0"] and "transfer-encoding" not in headers
    if method == "DELETE" and empty and "content-type" not in headers:
        return
    kinds = [kind.partition(";")[0].strip().lower() for kind in headers.get("content-type", [])]
    if kinds != ["application/json"]:
        raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the body must be application/json")


def _marked(send: Send) -> Send:
    """Add the headers of every answer that it does not set itself."""

    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = list(message.get("headers", []))
            own = {name.lower() for name, _ in given}
            more = [(key.encode(), text.encode()) for key, text in _HEADERS.items() if key.encode() not in own]
            message = {**message, "headers": given + more}
        await send(message)

    return marked
