"""Serving the workbench on the loopback interface until Ctrl-C."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable

import uvicorn

from jpsim.errors import InputError, Problem
from jpsim.web.application import build_application
from jpsim.web.desk import Desk
from jpsim.web.sessions import Sessions
from jpsim.web.settings import Settings

__all__ = ["bind", "serve"]

_LOOPBACK = "127.0.0.1"
_MOST_CONNECTIONS = 200


class _Server(uvicorn.Server):
    """A server that ends what its desk does before it waits for open connections."""

    def __init__(self, config: uvicorn.Config, desk: Desk, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._desk, self._ready = desk, ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._desk.close()
        await super().shutdown(sockets)


def bind(port: int) -> socket.socket:
    """Open a port of the loopback interface; 0 takes a free one.

    Raises
    ------
    InputError
        The port is taken, or is not for users.
    """
    opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((_LOOPBACK, port))
    except OSError as error:
        opened.close()
        why = {errno.EADDRINUSE: "is taken", errno.EACCES: "is not for users"}.get(error.errno or 0, "cannot be opened")
        raise InputError(Problem(f"port {port} of this machine {why}", fix="give another: --port 8801")) from None
    return opened


def serve(opened: socket.socket, settings: Settings, ready: Callable[[str, str], None]) -> None:
    """Serve until SIGINT or SIGTERM, which are raised again when everything has ended.

    Parameters
    ----------
    opened
        The port.
    settings
        Choices of the workbench.
    ready
        Called with two addresses when requests are answered: one to print, and one to open a browser with; each
        opens one session.
    """
    sessions, desk = Sessions(settings.port), Desk(settings)
    config = uvicorn.Config(
        build_application(desk, sessions),
        access_log=False,  # it would hold tokens
        log_level="warning",
        limit_concurrency=_MOST_CONNECTIONS,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=1,
        ws="none",
    )

    def tell() -> None:
        first, second = (f"http://{_LOOPBACK}:{settings.port}/?token={sessions.issue()}" for _ in range(2))
        ready(first, second)

    _Server(config, desk, tell).run([opened])
