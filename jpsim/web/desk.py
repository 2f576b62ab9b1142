"""What the routes share while the workbench is open: settings, scenarios, children and jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from jpsim.web.children import Child, Failed
from jpsim.web.jobs import Jobs
from jpsim.web.refusals import refusal_of
from jpsim.web.settings import Settings
from jpsim.web.workspace import Workspace

__all__ = ["Desk"]


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
        warm = {"model": model, "horizon": "12m", "draws": False}
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
        """Have a child answer a request, unless the one who asked has gone; `Refusal` where it fails."""

        async def wanted() -> bool:
            return not await request.is_disconnected()

        child = self.children[which]
        try:
            return await child.ask(task, asked, wanted=wanted)
        except Failed as failed:
            if failed.error["kind"] == "died":
                child.start()
            raise refusal_of(failed.error) from None
