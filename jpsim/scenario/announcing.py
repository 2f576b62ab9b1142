"""Announced paths: which factors they may speak of, and what their blocks must say."""

from __future__ import annotations

from collections.abc import Sequence

from jpsim.dictionary import factors
from jpsim.scenario.cursor import Cursor

__all__ = ["check_announcement"]

_WHOLE = ("step", "linear")


def check_announcement(blocks: Sequence[Cursor], name: str) -> None:
    """Refuse announcements of what no yield prices, and those that leave a part of the path open.

    Parameters
    ----------
    blocks
        All blocks on one factor or combination.
    name
        Its id.
    """
    told = [at for at in blocks if isinstance(at.node.content, dict) and "announced" in at.node.content]
    for number, at in enumerate(told):
        if name not in factors() or not factors()[name].priced_by:
            allowed = "announced on " + ", ".join(entry.id for entry in factors().values() if entry.priced_by)
            at.refuse(f"an announced path of {name}: {_reason(name)}", allowed, _instead(name), "announced")
        elif number:
            at.refuse(f"a second announcement of {name}", "one announced block", "join the two", "announced")
        else:
            _check_path(at)


def _check_path(at: Cursor) -> None:
    """An announcement names values, all of them."""
    said = {key: node.content for key, node in at.node.content.items()}  # type: ignore[union-attr]
    for key in sorted(said.keys() & {"range", "table", "average", "maximum", "minimum"}):
        at.refuse(f"{key} beside announced", "level or change; put the rest into a block of its own", key=key)
    if said.get("kind", "hard") != "hard":
        allowed = "kind: hard, since an announcement names values"
        at.refuse(f"announced beside kind: {said['kind']}", allowed, key="kind")
    if said.get("fill") not in _WHOLE:
        found = "announced without fill: an announcement tells the whole path"
        at.refuse(found, "fill: step, or fill: linear", "add fill: step", "announced")


def _reason(name: str) -> str:
    if name not in factors():
        return "the model has no expectation of a combination"
    if _is_traded(name):
        return "what a market knows in advance is in its price at once"
    return "no factor of the dictionary carries what markets expect of it"


def _instead(name: str) -> str:
    """What to write to say nearly the same."""
    if name == "fiscal_impulse":
        learns = "jgb_10y, jgb_30y and usdjpy"
        return f"state what {learns} do in the month in which markets learn of it, and the spending when it is spent"
    if name == "us_policy_rate":
        return "state us_10y in the month of the announcement"
    if name in factors() and _is_traded(name):
        return f"state the level of {name} in the month of the announcement"
    return "state what jgb_2y, jgb_10y, usdjpy or sp500 do in the month of the announcement"


def _is_traded(name: str) -> bool:
    return factors()[name].group in ("japan_rates", "currencies", "world") and name != "us_policy_rate"
