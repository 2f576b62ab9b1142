"""Routes about runs: carrying them out, watching them, reading what is stored."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from jpsim.runs import Run, verify_run
from jpsim.scenario import draft_run
from jpsim.web import results
from jpsim.web.answers import answer
from jpsim.web.asking import RUN_KEYS, run_question
from jpsim.web.bodies import job_id, known, query, read_body, run_id, whole
from jpsim.web.desk import Desk
from jpsim.web.refusals import Refusal, plain_error
from jpsim.web.wording import worded

__all__ = ["REPORT_POLICY", "job_routes", "result_routes"]

REPORT_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; "
    "base-uri 'none'; form-action 'none'"
)
"""A stored report needs its own style and nothing else; whatever was written into it cannot reach the workbench."""

_FILE_POLICY = "sandbox; default-src 'none'"
_REPORT = "report.html"


def job_routes(desk: Desk) -> list[Route]:
    """Routes that plan, start, watch, cancel and resume runs."""
    settings, jobs = desk.settings, desk.jobs

    async def planned(request: Request) -> Response:
        query(request)
        question = run_question(await read_body(request, RUN_KEYS, ("scenarios",)), settings)
        return answer(worded(await desk.ask(request, "draw", "plan", question)))

    async def submitted(request: Request) -> Response:
        query(request)
        question = run_question(await read_body(request, RUN_KEYS, ("scenarios",)), settings)
        await asyncio.to_thread(draft_run, question["keys"], question["drafts"], settings.folder)
        return answer({"job": jobs.submit(question).id}, HTTPStatus.ACCEPTED)

    async def listed(request: Request) -> Response:
        query(request)
        return answer([job.to_json() for job in jobs.all()])

    async def shown(request: Request) -> Response:
        query(request)
        return answer(jobs.find(job_id(request.path_params["job"])).to_json())

    async def watched(request: Request) -> Response:
        query(request)
        job = jobs.find(job_id(request.path_params["job"]))
        return StreamingResponse(_events(jobs.watch(job)), media_type="text/event-stream")

    async def cancelled(request: Request) -> Response:
        query(request)
        job = jobs.find(job_id(request.path_params["job"]))
        await jobs.cancel(job)
        return answer(job.to_json())

    async def resumed(request: Request) -> Response:
        query(request)
        await read_body(request, {})
        return answer({"job": jobs.resume(jobs.find(job_id(request.path_params["job"]))).id}, HTTPStatus.ACCEPTED)

    return [
        Route("/api/plan", planned, methods=["POST"]),
        Route("/api/runs", submitted, methods=["POST"]),
        Route("/api/jobs", listed),
        Route("/api/jobs/{job}", shown),
        Route("/api/jobs/{job}", cancelled, methods=["DELETE"]),
        Route("/api/jobs/{job}/events", watched),
        Route("/api/jobs/{job}/resume", resumed, methods=["POST"]),
    ]


async def _events(states: AsyncIterator[dict[str, Any] | None]) -> AsyncIterator[str]:
    """Server-sent events of a job's states; a comment where nothing happened for long."""
    async for state in states:
        if state is None:
            yield ": still here\n\n"
            continue
        name = state["state"] if state["state"] in ("done", "failed", "cancelled") else "progress"
        yield f"event: {name}\ndata: {json.dumps(state, allow_nan=False)}\n\n"


def result_routes(desk: Desk) -> list[Route]:
    """Routes that read what is stored."""
    out = desk.settings.out

    async def opened(request: Request) -> Run:
        return await asyncio.to_thread(results.open_run, out, run_id(request.path_params["run"]))

    async def catalogue(request: Request) -> Response:
        query(request)
        return answer(await asyncio.to_thread(results.catalogue, out))

    async def described(request: Request) -> Response:
        query(request)
        return answer(results.describe(await opened(request)))

    async def summary(request: Request) -> Response:
        words = query(request, "scenario", "kind", "month")
        run = await opened(request)
        month = run.steps[run.place(whole(words["month"], "month"))] if "month" in words else None
        kind = known(words["kind"], run.kinds, "kind") if "kind" in words else None
        scenario = known(words.get("scenario", run.scenarios[0]), run.scenarios, "scenario of this run")
        return await asyncio.to_thread(lambda: answer(results.summary(run, scenario, kind, month)))

    async def fan(request: Request) -> Response:
        words = query(request, "series")
        run = await opened(request)
        return answer(results.fan(run, known(words.get("series", ""), run.outputs, "series of this run")))

    async def distribution(request: Request) -> Response:
        words = query(request, "series", "month")
        run = await opened(request)
        month = whole(words.get("month", str(run.horizon)), "month")
        series = known(words.get("series", ""), run.outputs, "series of this run")
        return answer(results.distribution(run, series, month))

    async def attribution(request: Request) -> Response:
        words = query(request, "scenario", "series", "month", "by")
        run = await opened(request)
        by = known(words.get("by", "factor"), tuple(results.decompositions(run)), "decomposition of this run")
        scenario = known(words.get("scenario", ""), run.scenarios, "scenario of this run")
        series = known(words.get("series", ""), run.outputs, "series of this run")
        month = whole(words.get("month", str(run.horizon)), "month")
        return answer(await asyncio.to_thread(results.attribution, run, scenario, series, month, by))

    async def report(request: Request) -> Response:
        query(request)
        folder = results.find_folder(out, run_id(request.path_params["run"]))
        path = results.listed_file(folder, _REPORT)
        return FileResponse(path, media_type="text/html", headers={"content-security-policy": REPORT_POLICY})

    async def file(request: Request) -> Response:
        query(request)
        folder = results.find_folder(out, run_id(request.path_params["run"]))
        path = results.listed_file(folder, request.path_params["name"])
        kind, policy = "application/octet-stream", {"content-security-policy": _FILE_POLICY}
        return FileResponse(path, media_type=kind, filename=path.name, headers=policy)

    async def verified(request: Request) -> Response:
        query(request)
        await read_body(request, {})
        folder = results.find_folder(out, run_id(request.path_params["run"]))
        try:
            files = await asyncio.to_thread(verify_run, folder)
        except Exception as error:
            told = plain_error(error)
            if told["kind"] != "input":
                raise
            return answer({"ok": False, "files": [], "problems": told["problems"]})
        return answer({"ok": True, "files": list(files), "problems": []})

    async def compared(request: Request) -> Response:
        words = query(request, "a", "b", "month", "series")
        sides = [_side(words.get(name, "")) for name in ("a", "b")]
        for name, scenario in sides:
            run = await asyncio.to_thread(results.open_run, out, name)
            known(scenario, run.scenarios, f"scenario of {name}")
        asked: dict[str, Any] = {"out": str(out), "a": sides[0], "b": sides[1], "series": None, "month": None}
        if "month" in words:
            asked["month"] = whole(words["month"], "month")
        if "series" in words:
            asked["series"] = words["series"].split(",")
        return answer(await desk.ask(request, "draw", "compare", asked))

    return [
        Route("/api/runs", catalogue),
        Route("/api/runs/{run}", described),
        Route("/api/runs/{run}/summary", summary),
        Route("/api/runs/{run}/fan", fan),
        Route("/api/runs/{run}/distribution", distribution),
        Route("/api/runs/{run}/attribution", attribution),
        Route("/api/runs/{run}/report", report),
        Route("/api/runs/{run}/files/{name}", file),
        Route("/api/runs/{run}/verify", verified, methods=["POST"]),
        Route("/api/compare", compared),
    ]


def _side(text: str) -> tuple[str, str]:
    """Run and scenario of ``RUN:SCENARIO``."""
    name, colon, scenario = text.partition(":")
    if not colon:
        raise Refusal(HTTPStatus.BAD_REQUEST, "a and b: a run and one of its scenarios, as RUN:SCENARIO")
    return run_id(name), scenario
