"""How far a scenario lies from what the model expects, as one share and one word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["plausibility_share", "verdict_of"]

_LIMITS = ((0.25, "ordinary"), (0.05, "unusual"), (0.01, "rare"))


def plausibility_share(card: Mapping[str, Any]) -> float | None:
    """Smaller of the card's two tail probabilities: filled-in paths dilute the first; None without conditions."""
    if not card.get("rows"):
        return None
    return float(min(card["percentile"], card.get("terminal_percentile", 1.0)))


def verdict_of(share: float) -> str:
    """Word for a share: ``ordinary``, ``unusual``, ``rare`` or ``implausible``."""
    return next((word for limit, word in _LIMITS if share >= limit), "implausible")
