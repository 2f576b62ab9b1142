"""From the body of a request to what a child is asked: models by id, keys of a run that take no path."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, get_args

from jpsim.scenario import RunRequest
from jpsim.scenario.request import LONGEST
from jpsim.web.bodies import known, slug
from jpsim.web.refusals import Refusal
from jpsim.web.settings import Settings

__all__ = ["EXPLAIN_KEYS", "MAX_DRAFT", "RUN_KEYS", "defaults", "explain_question", "knobs", "run_question"]

MAX_DRAFT = 100_000
"""Longest text of a scenario, in characters: reading YAML strictly takes about a second for as much."""

_MOST_SCENARIOS = 60
_HORIZON = re.compile(r"[1-9][0-9]{0,2}[md]", re.ASCII)
_OPTIONS = ("innovations", "returns", "statistics", "precision", "arithmetic", "paths_out")
Plain = dict[str, Any]
Kinds = Mapping[str, type | tuple[type, ...]]

EXPLAIN_KEYS: Kinds = {
    "id": str, "text": str, "model": str, "horizon": str, "innovations": str, "parameter_uncertainty": bool,
}  # fmt: skip
RUN_KEYS: Kinds = {
    "scenarios": list, "drafts": dict, "model": str, "horizon": str, "report_at": list, "paths": int, "seed": int,
    "innovations": str, "parameter_uncertainty": bool, "series": (str, list), "returns": str, "statistics": str,
    "precision": str, "arithmetic": str, "attribution": list, "limits": list, "paths_out": str, "formats": list,
}  # fmt: skip
"""Key -> type. Keys of a run file that name files or addresses are none of these."""


def explain_question(body: Plain, settings: Settings) -> Plain:
    """What a child is asked to explain; a text goes before an id."""
    if ("text" in body) == ("id" in body):
        raise Refusal(HTTPStatus.BAD_REQUEST, "one of id and text is needed")
    subject = {"text": _draft(body["text"])} if "text" in body else {"id": slug(body["id"], "scenario")}
    horizon = body.get("horizon", settings.horizon)
    if _HORIZON.fullmatch(horizon) is None:
        raise Refusal(HTTPStatus.BAD_REQUEST, "horizon: months, as 12m, or trading days on a daily model, as 21d")
    innovations = known(body.get("innovations", "student_t"), _words("innovations"), "law of innovations")
    plain = innovations == "gaussian" and not body.get("parameter_uncertainty", False)
    return {**subject, "model": _model(body, settings), "horizon": horizon, "plain": plain}


def run_question(body: Plain, settings: Settings) -> Plain:
    """What a child is asked to carry out or to plan."""
    listed = body["scenarios"]
    if not 1 <= len(listed) <= _MOST_SCENARIOS:
        raise Refusal(HTTPStatus.BAD_REQUEST, f"scenarios: 1 to {_MOST_SCENARIOS} ids")
    drafts = {slug(name, "scenario"): _draft(text) for name, text in body.get("drafts", {}).items()}
    keys = {name: value for name, value in body.items() if name != "drafts"}
    keys = {"horizon": settings.horizon} | keys
    keys |= {"scenarios": [slug(name, "scenario") for name in listed], "model": _model(body, settings)}
    return {"keys": keys, "drafts": drafts, "out": str(settings.out)}


def defaults(settings: Settings) -> Plain:
    """What a run is carried out with where nothing is said."""
    fields = RunRequest.model_fields
    names = ("paths", "seed", "parameter_uncertainty", *_OPTIONS)
    return {"model": settings.model, "horizon": settings.horizon} | {name: fields[name].default for name in names}


def knobs() -> Plain:
    """What may be said of a run, by key."""
    options = {name: {"options": list(_words(name))} for name in _OPTIONS}
    return options | {
        "horizon": {f"{step}s": [1, longest] for step, longest in LONGEST.items()},
        "paths": {"least": 1, "most": 10**15},
        "seed": {"least": 0, "most": 2**64 - 1},
        "parameter_uncertainty": {"options": [False, True]},
        "keys": list(RUN_KEYS),
    }


def _words(name: str) -> tuple[str, ...]:
    return get_args(RunRequest.model_fields[name].annotation)


def _model(body: Plain, settings: Settings) -> str:
    """What the facade takes for the model that is named."""
    return settings.models[known(body.get("model", settings.model), settings.models, "model")]


def _draft(text: object) -> str:
    if not isinstance(text, str) or len(text) > MAX_DRAFT:
        raise Refusal(HTTPStatus.BAD_REQUEST, f"the text of a scenario is text of at most {MAX_DRAFT:,} characters")
    return text
