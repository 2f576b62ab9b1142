"""Bodies of requests: JSON of at most a megabyte, with known keys of known types."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from difflib import get_close_matches
from http import HTTPStatus
from typing import Any, NoReturn

from starlette.requests import Request

from jpsim.web.refusals import Refusal

__all__ = ["MAX_BYTES", "job_id", "known", "query", "read_body", "run_id", "slug", "whole"]

MAX_BYTES = 1_000_000
_SLUG = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_RUN = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}", re.ASCII)
_JOB = re.compile(r"[0-9a-f]{16}", re.ASCII)
_SHOWN = 80
Kinds = Mapping[str, type | tuple[type, ...]]


async def read_body(request: Request, kinds: Kinds, required: tuple[str, ...] = ()) -> dict[str, Any]:
    """Read a body.

    Parameters
    ----------
    request
        The request.
    kinds
        Key -> type or types of its value.
    required
        Keys that must be there.

    Raises
    ------
    Refusal
        It is too large, no JSON object, or has keys or types that are not these; all problems of the keys at once.
    """
    content = _parsed(await _limited(request))
    if not isinstance(content, dict):
        _refuse("the body is no JSON object")
    problems = [f"{_shown(key)} is no key here{_hint(key, kinds)}" for key in content if key not in kinds]
    problems += [f"{key} is missing" for key in required if key not in content]
    for key in (key for key in kinds if key in content):
        kind = kinds[key]
        allowed = kind if isinstance(kind, tuple) else (kind,)
        if type(content[key]) not in allowed:  # a subclass will not do: true is no number
            names = " or ".join(_KINDS[kind] for kind in allowed)
            problems.append(f"{key}: {_shown(json.dumps(content[key]))} is no {names}")
    if problems:
        _refuse("\n".join(problems))
    return content


_KINDS = {str: "text", int: "whole number", float: "number", bool: "true or false", list: "list", dict: "object"}


def query(request: Request, *names: str) -> dict[str, str]:
    """Parameters of an address, each once; `Refusal` for any other."""
    given = request.query_params.multi_items()
    for name, _ in given:
        if name not in names:
            _refuse(f"{_shown(name)} is no parameter here{_hint(name, dict.fromkeys(names))}")
    if len(dict(given)) < len(given):
        _refuse("a parameter is given twice")
    return dict(given)


def slug(text: object, what: str) -> str:
    """A scenario's id, never a path; what does not look like one is not found."""
    return _matching(_SLUG, text, what)


def run_id(text: object) -> str:
    """A run's whole id."""
    return _matching(_RUN, text, "run")


def job_id(text: object) -> str:
    """A job's id."""
    return _matching(_JOB, text, "job")


def known(text: str, ids: Mapping[str, Any] | tuple[str, ...], what: str) -> str:
    """One of a list of ids; `Refusal` with the nearest one otherwise."""
    if text not in ids:
        raise Refusal(HTTPStatus.NOT_FOUND, f"no {what} is called {_shown(text)}{_hint(text, ids)}")
    return text


def whole(text: str, what: str) -> int:
    """A whole number of an address."""
    if re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) is None:
        _refuse(f"{what}: {_shown(text)} is no whole number")
    return int(text)


async def _limited(request: Request) -> bytes:
    """The bytes of a body, however its length is announced."""
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > MAX_BYTES:
            raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is larger than 1 MB")
    return bytes(received)


def _parsed(body: bytes) -> Any:
    if not body:
        return {}
    try:
        return json.loads(
            body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number, parse_float=_finite_number
        )
    except RecursionError:
        _refuse("the body is nested too deeply")
    except ValueError:  # also numbers of thousands of digits, and bytes that are no UTF-8
        _refuse("the body is no JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        _refuse("the body has a key twice")
    return content


def _no_number(_: str) -> NoReturn:
    _refuse("NaN and Infinity are no JSON numbers")


def _finite_number(text: str) -> float:
    if not math.isfinite(number := float(text)):
        _refuse(f"{_shown(text)} is beyond the largest number")
    return number


def _matching(pattern: re.Pattern[str], text: object, what: str) -> str:
    if not isinstance(text, str) or pattern.fullmatch(text) is None:
        raise Refusal(HTTPStatus.NOT_FOUND, f"no {what} has the id {_shown(str(text))}")
    return text


def _hint(text: str, ids: Mapping[str, Any] | tuple[str, ...]) -> str:
    near = get_close_matches(text[:_SHOWN], list(ids), 1)
    return f"; did you mean {near[0]}?" if near else ""


def _shown(text: str) -> str:
    """Quote what was sent, cut short, without signs that steer a terminal or turn the direction of writing."""
    cut = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
    return repr("".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in cut))


def _refuse(message: str) -> NoReturn:
    raise Refusal(HTTPStatus.BAD_REQUEST, message)
