"""The workbench without a network: its ASGI application, asked as a browser with a session would ask."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx

from jpsim.simulation.kernel_cache import default_folder
from jpsim.web.application import build_application
from jpsim.web.desk import Desk
from jpsim.web.sessions import Sessions
from jpsim.web.settings import Settings

PORT = 8712
T = TypeVar("T")
ORIGIN = f"http://127.0.0.1:{PORT}"


def settings(folder: Path) -> Settings:
    """A workbench whose runs and scenarios lie below a folder."""
    return Settings(
        port=PORT, out=folder / "outputs", folder=folder, kernels=default_folder(),
        model="japan_monthly", horizon="12m",
        models={"japan_monthly": "japan_monthly", "japan_daily": "japan_daily"},
    )  # fmt: skip


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[tuple[httpx.AsyncClient, Desk]]:
    """A client with a session; the children are not started before somebody asks them."""
    desk, sessions = Desk(settings(folder)), Sessions(PORT)
    transport = httpx.ASGITransport(build_application(desk, sessions), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, timeout=120.0) as client:
        answered = await client.get("/", params={"token": sessions.issue()})
        assert answered.status_code == 303
        desk.jobs.start()
        try:
            yield client, desk
        finally:
            await desk.close()


def carried_out(story: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns, in a thread of its own: an open browser of other tests runs a loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, story).result()


def asked(folder: Path, method: str, address: str, **options: Any) -> httpx.Response:
    """The answer to one request of a page of the workbench."""

    async def once() -> httpx.Response:
        async with opened(folder) as (client, _):
            headers = {"origin": ORIGIN, **options.pop("headers", {})}
            return await client.request(method, address, headers=headers, **options)

    return carried_out(once())
