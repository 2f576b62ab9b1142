"""How far a scenario lies from what the model expects, as one share and one word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["VALUE_FIGURES", "plausibility_share", "plausibility_text", "share_key", "share_text", "verdict_of"]

_LIMITS = ((0.25, "ordinary"), (0.05, "unusual"), (0.01, "rare"))

VALUE_FIGURES = ("rows", "distance", "percentile", "terminal_rows", "terminal_percentile")
"""Figures of a card that mean nothing where no values are stated."""


def plausibility_share(card: Mapping[str, Any]) -> float | None:
    """Share of the model's own paths that lie at least as far out, and within the ranges; None without conditions."""
    share = card.get("share")
    return None if share is None else float(share)


def plausibility_text(card: Mapping[str, Any]) -> str:
    """Say in a sentence how far the stated values lie, how probable the ranges are, and both together."""
    if plausibility_share(card) is None:
        return "no conditions on factors"
    parts = []
    if card["rows"]:
        count = f"{card['rows']} value{'' if card['rows'] == 1 else 's'}"
        parts.append(
            f"{count}, d² {card['distance']:.1f}; the model's own paths lie further from its mean in "
            f"{card['percentile']:.0%} of cases ({card['terminal_percentile']:.0%} by the last dates alone)"
        )
    if "range_probability" in card:
        given = "given these, they" if card["rows"] else "the model's own paths"
        parts.append(f"{given} stay within the ranges in {card['range_probability']:.1%} of cases")
    both = f"; together {share_text(card['share'])}" if len(parts) > 1 else ""
    return "; ".join(parts) + both


def share_text(share: float) -> str:
    """Write a share with two digits where it is small."""
    return f"{100 * share:.0f}%" if share >= 0.1 else f"{100 * share:.2g}%"


def share_key(card: Mapping[str, Any]) -> str:
    """Key of the words for what the share is of."""
    if "range_probability" not in card:
        return "plausible_share"
    return "plausible_both" if card["rows"] else "plausible_within"


def verdict_of(share: float) -> str:
    """Word for a share: ``ordinary``, ``unusual``, ``rare`` or ``implausible``."""
    return next((word for limit, word in _LIMITS if share >= limit), "implausible")
