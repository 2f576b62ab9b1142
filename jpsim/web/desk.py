"""What the routes share while the workbench is open: settings, scenarios, children and jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from jpsim.web.children import Child, Failed
from jpsim.web.jobs import Jobs
from jpsim.web.refusals import refusal_of
from jpsim.web.settings import Settings
from jpsim.web.workspace import Workspace

__all__ = ["Desk"]

_LOOK_SECONDS = 0.5


class Desk:
    """One open workbench.

    Three children work: one explains, so that this never waits for a run; one carries runs out; and one draws for
    plans and comparisons, which starts when it is first needed.

    Parameters
    ----------
    settings
        What it was started with.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.workspace = Workspace(settings.folder)
        model = settings.models[settings.model]
        warm = {"model": model, "horizon": settings.horizon, "draws": False}
        self.children = {
            "explain": Child(settings.kernels, warm),
            "draw": Child(settings.kernels, warm),
            "run": Child(settings.kernels, warm | {"draws": True}),
        }
        self.jobs = Jobs(self.children["run"], settings.out)

    def open(self) -> None:
        """Start the children that are kept warm."""
        self.children["explain"].start()
        self.children["run"].start()
        self.jobs.start()

    async def close(self) -> None:
        """End everything that was started; nothing half-written is left."""
        await self.jobs.close()
        for child in self.children.values():
            await child.close()

    async def ask(self, request: Request, which: str, task: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Have a child answer a request; `Refusal` where it fails.

        What nobody waits for any more is not begun. A plan or a comparison, which may take minutes, is then ended;
        an explanation is over sooner than a child could be replaced.
        """
        begun = asyncio.Event()

        async def wanted() -> bool:
            begun.set()
            return not await request.is_disconnected()

        child = self.children[which]
        if which == "draw":
            await self.children["run"].warmed()  # kernels that it compiles are not compiled twice
        asking = asyncio.ensure_future(child.ask(task, asked, wanted=wanted))
        while not (await asyncio.wait({asking}, timeout=_LOOK_SECONDS))[0]:
            if which == "draw" and begun.is_set() and await request.is_disconnected():
                await child.interrupt()
        try:
            return asking.result()
        except Failed as failed:
            if failed.error["kind"] == "died":
                child.start()
            raise refusal_of(failed.error) from None
