"""What a nonlinear term of the equity layer may say in a file of priors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jpsim.calibration.terms import term_prior
from jpsim.dictionary import factors as factor_entries
from jpsim.dictionary import series as series_entries
from jpsim.toml import Fault, Form, Path, entries, items, number, one_of, table, text

__all__ = ["TERMS"]

_FACTOR = one_of(lambda: factor_entries().keys(), "factor")
_SERIES = one_of(lambda: series_entries().keys(), "series")
_SIDE = one_of((1, -1))
_ALWAYS: dict[str, Form] = {
    "scales": items(number(above=0.0), 1),
    "label": table({"en": text(), "ja": text()}),
    "reason": text(),
    "source": text(),
}
_OWN: dict[str, dict[str, Form]] = {
    "hinge": {"factor": _FACTOR, "side": _SIDE, "knot": number(), "move": number()},
    "gate": {
        "factor": _FACTOR,
        "other": _FACTOR,
        "side": _SIDE,
        "knot": number(),
        "move": number(),
        "level": number(),
    },
    "pair": {"factor": _FACTOR, "other": _FACTOR, "move": number(), "other_move": number()},
}
_KIND = one_of(tuple(_OWN))
_EFFECTS = {"effects": entries(number(), _SERIES, what="series")}
_FORMS = {kind: table({"kind": _KIND, **own, **_ALWAYS}, _EFFECTS) for kind, own in _OWN.items()}
_ANY = table({"kind": _KIND, **_ALWAYS}, {key: form for own in _OWN.values() for key, form in own.items()} | _EFFECTS)


def _term(value: Any, path: Path) -> Iterator[Fault]:
    """Faults of one term: its kind says which keys it has."""
    kind = value.get("kind") if isinstance(value, dict) else None
    faults = list((_FORMS[kind] if isinstance(kind, str) and kind in _FORMS else _ANY)(value, path))
    yield from faults or _sense(value, path)


def _sense(value: dict[str, Any], path: Path) -> Iterator[Fault]:
    """Faults of a term whose keys are right: prices that are none, a move for which it does not count."""
    where = ".".join(str(part) for part in path)
    prices = value["kind"] == "gate" and factor_entries()[value["other"]].transform == "log100"
    if prices and min(value["knot"], value["level"]) <= 0:
        key = "knot" if value["knot"] <= 0 else "level"
        yield Fault((*path, key), f"{where}.{key} = {value[key]}: no price", "a positive level")
    elif not term_prior(path[-1] if isinstance(path[-1], str) else "", value).example:
        found = f"{where}: its move does not reach beyond the knot"
        yield Fault((*path, "move"), found, fix="state a move for which the term counts")


TERMS: Form = entries(_term, what="term", least=0)
"""Form of section ``equity.terms``."""
