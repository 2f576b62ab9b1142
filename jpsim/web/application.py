"""The workbench as one ASGI application: routes behind the guard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

from jpsim.errors import JpsimError
from jpsim.web.answers import answer, refuse
from jpsim.web.bodies import query, read_body
from jpsim.web.desk import Desk
from jpsim.web.guard import Guard
from jpsim.web.refusals import Refusal, refusal_of
from jpsim.web.run_routes import job_routes, result_routes
from jpsim.web.scenario_routes import scenario_routes
from jpsim.web.sessions import Sessions

__all__ = ["STATIC", "build_application"]

STATIC = Path(__file__).parent / "static"
"""Pages, scripts and styles."""

_REVALIDATED = {"cache-control": "no-cache"}  # kept, and asked for by its tag each time


class _Static(StaticFiles):
    """Files of the pages; browsers keep them as long as their tag is the same."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        found = await super().get_response(path, scope)
        found.headers.update(_REVALIDATED)
        return found


def build_application(desk: Desk, sessions: Sessions) -> ASGIApp:
    """Put the routes of a desk together.

    Parameters
    ----------
    desk
        What the routes work with; its children live as long as the application does.
    sessions
        Who may speak to it.
    """

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        desk.open()
        yield
        await desk.close()

    async def front(request: Request) -> Response:
        return FileResponse(STATIC / "index.html", headers=_REVALIDATED)

    async def invited(request: Request) -> Response:
        query(request)
        await read_body(request, {})
        return answer({"address": f"http://{request.headers['host']}/?token={sessions.issue()}"}, HTTPStatus.CREATED)

    routes = [Route("/", front), Route("/api/links", invited, methods=["POST"])]
    routes += [*scenario_routes(desk), *job_routes(desk), *result_routes(desk)]
    inner = Starlette(
        routes=[*routes, Mount("/static", _Static(directory=STATIC))],
        exception_handlers={
            Refusal: _refused,
            JpsimError: _refused,
            HTTPException: _refused,
            Exception: _refused,
        },
        lifespan=lifespan,
    )
    inner.router.redirect_slashes = False
    return Guard(inner, desk.settings.hosts, sessions)


async def _refused(request: Request, error: Exception) -> Response:
    """Every error ends here, and is told without a path of this machine."""
    if isinstance(error, Refusal):
        return refuse(error)
    if isinstance(error, HTTPException):
        return refuse(Refusal(error.status_code, HTTPStatus(error.status_code).phrase))
    return refuse(refusal_of(error))
