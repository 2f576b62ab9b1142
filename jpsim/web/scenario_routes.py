"""Routes about scenarios, models and dictionaries."""

from __future__ import annotations

import asyncio
import json
from functools import cache
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jpsim._version import __version__
from jpsim.dictionary import FactorEntry, channels, factors, series
from jpsim.model.store import load_model
from jpsim.reporting.labels import GROUPS
from jpsim.scenario.families import families
from jpsim.scenario.json_schema import read_json_schema
from jpsim.units import ACCEPTED, Role
from jpsim.web.answers import answer
from jpsim.web.asking import EXPLAIN_KEYS, defaults, explain_question, knobs
from jpsim.web.bodies import known, query, read_body, slug
from jpsim.web.desk import Desk
from jpsim.web.wording import worded
from jpsim.web.workspace import check_text

__all__ = ["scenario_routes"]


def scenario_routes(desk: Desk) -> list[Route]:
    """Routes, by what they answer."""
    settings, workspace = desk.settings, desk.workspace

    async def about(request: Request) -> Response:
        query(request)
        models = [await asyncio.to_thread(_model_card, name, place) for name, place in settings.models.items()]
        told = {"version": __version__, "models": models, "defaults": defaults(settings), "knobs": knobs()}
        return answer(told)

    async def dictionary(request: Request) -> Response:
        query(request)
        return answer(_dictionary())

    async def listed(request: Request) -> Response:
        query(request)
        return answer(await asyncio.to_thread(workspace.entries))

    async def shown(request: Request) -> Response:
        query(request)
        return answer(await asyncio.to_thread(workspace.show, slug(request.path_params["scenario"], "scenario")))

    async def checked(request: Request) -> Response:
        query(request)
        body = await read_body(request, {"text": str}, ("text",))
        question = explain_question(body, settings)
        return answer(await asyncio.to_thread(check_text, question["text"], settings.folder))

    async def explained(request: Request) -> Response:
        query(request)
        question = explain_question(await read_body(request, EXPLAIN_KEYS), settings)
        return answer(worded(await desk.ask(request, "explain", "explain", question)))

    async def saved(request: Request) -> Response:
        query(request)
        identifier = slug(request.path_params["scenario"], "scenario")
        body = await read_body(request, {"text": str, "replace": bool}, ("text",))
        text = explain_question({"text": body["text"]}, settings)["text"]
        told = await asyncio.to_thread(workspace.save, identifier, text, replace=body.get("replace", False))
        return answer(told, HTTPStatus.CREATED)

    async def schema(request: Request) -> Response:
        query(request)
        kind = known(request.path_params["kind"], ("scenario", "run"), "schema")
        return answer(json.loads(read_json_schema(kind)))

    return [
        Route("/api/about", about),
        Route("/api/dictionary", dictionary),
        Route("/api/scenarios", listed),
        Route("/api/scenarios/check", checked, methods=["POST"]),
        Route("/api/scenarios/explain", explained, methods=["POST"]),
        Route("/api/scenarios/{scenario}", shown),
        Route("/api/scenarios/{scenario}", saved, methods=["PUT"]),
        Route("/api/schema/{kind}", schema),
    ]


@cache
def _model_card(identifier: str, place: str) -> dict[str, Any]:
    model = load_model(place)
    return {
        "id": identifier,
        "version": model.version,
        "as_of": str(model.as_of),
        "step": model.step,
        "regimes": [regime.name for regime in model.regimes],
        "parameter_draws": model.draws is not None,
        "factors": list(model.factors),
    }


@cache
def _dictionary() -> dict[str, Any]:
    """The dictionaries, in both languages."""
    return {
        "factors": [
            _names(entry)
            | {"unit": entry.unit, "transform": entry.transform, "group": entry.group, "quantity": entry.quantity}
            | {"accepts": _units(entry, "level")}
            | {"accepts_change": _units(entry, "change")}
            for entry in factors().values()
        ],
        "series": [_names(entry) | {"group": entry.kind, "parent": entry.parent} for entry in series().values()],
        "channels": [
            _names(entry)
            | {"drivers": entry.drivers, "effect": entry.effect, "carried_by": list(entry.carried_by)}
            | {"published": entry.published, "impulse": entry.impulse is not None}
            for entry in channels().values()
        ],
        "families": [_names(entry) | {"scenarios": list(entry.scenarios)} for entry in families().values()],
        "groups": [{"id": kind, **names} for kind, names in GROUPS.items()],
    }


def _names(entry: Any) -> dict[str, Any]:
    return {"id": entry.id, "en": entry.name_en, "ja": entry.name_ja}


def _units(entry: FactorEntry, role: Role) -> list[str]:
    """Units in which a factor may be written; an empty one stands for a bare number."""
    return [entry.unit if unit == "unit" else unit for unit in ACCEPTED.get((entry.quantity, role), {})]
