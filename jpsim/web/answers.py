"""Answers as JSON that any page can read: numbers that are not finite are null, and nothing is markup."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from jpsim.web.refusals import Refusal

__all__ = ["answer", "finite", "refuse"]


def answer(content: Any, status: int = 200) -> Response:
    """Answer with plain JSON."""
    text = json.dumps(finite(content), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # Characters that a lone surrogate of a request leaves behind are written as escapes, which JSON allows.
    body = text.encode("utf-8", "backslashreplace")
    return Response(body, status, media_type="application/json")


def refuse(refusal: Refusal) -> Response:
    """Answer with an error."""
    return answer(refusal.content, refusal.status)


def finite(content: Any) -> Any:
    """Replace every number that JSON has no word for by None."""
    if isinstance(content, float):
        return content if math.isfinite(content) else None
    if isinstance(content, Mapping):
        return {str(key): finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [finite(value) for value in content]
    return content
