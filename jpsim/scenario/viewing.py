"""Reading one view."""

from __future__ import annotations

from typing import Any

from jpsim.dictionary import factors, series
from jpsim.scenario.cursor import Cursor, Subject
from jpsim.scenario.node import Node
from jpsim.scenario.schema import Bounds, View
from jpsim.units import Quantity, Role

__all__ = ["STATISTICS", "read_view"]

STATISTICS = ("mean", "sd", "probability", "quantile", "var95", "var99", "es95", "es99")
"""What a view may be about."""

_PROBABILITY = Subject("probability")


def read_view(at: Cursor) -> View | None:
    """Read a view; None if there are problems."""
    before = len(at.findings.problems)
    keys = at.fields(tuple(View.model_fields), "a view")
    known = {**factors(), **series()}
    values: dict[str, Any] = {
        key: keys[key].known(known, "factor or series") for key in ("series", "versus") if key in keys
    }
    values |= {key: keys[key].when() for key in ("at", "by") if key in keys}
    name = values.get("series")
    _check_keys(at, keys, name, values.get("versus"))
    if name is not None:
        values |= _numbers(keys, _subject(name))
        values["absorb"] = keys["absorb"].word(_ABSORB) if "absorb" in keys else _default_absorb(name, keys)
        _check_absorb(keys, name, values["absorb"])
    return View.model_validate(values) if len(at.findings.problems) == before else None


_ABSORB = ("equity_premium", "factors", "earnings")


def _subject(name: str) -> Subject:
    entry = factors().get(name)
    return Subject("return") if entry is None else Subject(entry.quantity, entry.unit)


def _default_absorb(name: str, keys: dict[str, Cursor]) -> str:
    entry = series().get(name)
    on_index = entry is not None and entry.kind == "index"
    return "equity_premium" if "mean" in keys and on_index and "versus" not in keys else "factors"


def _numbers(keys: dict[str, Cursor], subject: Subject) -> dict[str, Any]:
    """Read the statistic and the thresholds."""
    values: dict[str, Any] = {key: keys[key].quantity(subject, "level") for key in ("above", "below") if key in keys}
    roles: dict[str, Role] = {"mean": "level"}
    for key in ("mean", "sd", "var95", "var99", "es95", "es99"):
        if key in keys:
            values[key] = _bounds(keys[key], subject, roles.get(key, "risk"))
    if "probability" in keys:
        values["probability"] = _bounds(keys["probability"], _PROBABILITY, "number")
    if "quantile" in keys:
        found = keys["quantile"].entries("probability -> value")
        shares = {text: keys["quantile"].at(_key(keys["quantile"], text)).share() for text in found}
        values["quantile"] = {shares[text]: _bounds(cursor, subject, "level") for text, cursor in found.items()}
        if not found:
            keys["quantile"].refuse("quantile is empty", "{5%: -20%}")
    return values


def _key(at: Cursor, key: str) -> Node:
    return Node(key, at.node.key_place(key))


def _bounds(at: Cursor, subject: Subject, role: Role) -> Bounds | None:
    """Read a number, or bounds on it."""
    if not isinstance(at.node.content, dict):
        quantity = _number(at, subject, role)
        return None if quantity is None else Bounds(equal=quantity)
    keys = at.fields(("at_least", "at_most"), "a number, or bounds")
    ends = {key: _number(cursor, subject, role) for key, cursor in keys.items()}
    low, high = ends.get("at_least"), ends.get("at_most")
    if not keys:
        at.refuse("bounds without a number", "{at_least: 2%} or {at_most: 15%}")
    if low is not None and high is not None and low.value >= high.value:
        at.refuse(f"at_least {low} is not below at_most {high}", "at_least below at_most")
    return None if None in ends.values() else Bounds(**ends)


def _number(at: Cursor, subject: Subject, role: Role) -> Quantity | None:
    if subject is not _PROBABILITY:
        return at.quantity(subject, role)
    share = at.share()
    return None if share is None else Quantity(share, "share")


def _check_keys(at: Cursor, keys: dict[str, Cursor], name: str | None, versus: str | None) -> None:
    """Refuse views whose keys do not fit together."""
    if "series" not in keys:
        at.refuse("the view has no series", "series: an id of a factor or a series")
    if len(keys.keys() & set(STATISTICS)) != 1:
        at.refuse("a view is about exactly one statistic", "one of " + ", ".join(STATISTICS))
    if ("at" in keys) == ("by" in keys):
        at.refuse("a view needs one of at and by", "at: 12m (that month), or by: 12m (any month's end up to it)")
    if ("probability" in keys) != (len(keys.keys() & {"above", "below"}) == 1):
        at.refuse("probability and one of above and below belong together", "{above: 160, probability: 15%}")
    if "by" in keys and "probability" not in keys:
        at.refuse("by speaks of a probability", "at: 12m beside any other statistic", key="by")
    if versus is not None and (versus not in series() or name in factors() or name == versus):
        at.refuse(f"{name} versus {versus}", "two different equity series", key="versus")


def _check_absorb(keys: dict[str, Cursor], name: str, absorb: str | None) -> None:
    """Only the mean of an equity series can be booked as premium or earnings."""
    if "absorb" not in keys or absorb in (None, "factors"):
        return
    if "mean" not in keys or name not in series() or "versus" in keys:
        keys["absorb"].refuse(f"absorb: {absorb} on something else", "the mean of an equity series", "write factors")
