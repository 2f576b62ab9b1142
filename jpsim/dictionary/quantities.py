"""Factors and equity series: what scenarios and models may name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

from jpsim.dictionary.folder import FOLDER
from jpsim.toml import Fault, Form, flag, items, one_of, read_toml, ruled, table, text, whole
from jpsim.toml import Path as Keys
from jpsim.toml import entries as entries_of

__all__ = ["FactorEntry", "SeriesEntry", "factors", "read_factors", "read_series", "series"]

Quantity = Literal["rate", "price", "index", "flow", "activity", "share"]
Transform = Literal["level", "log100"]
Kind = Literal["index", "sector17", "sector33", "size", "segment", "theme"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorEntry:
    """One macro or market factor.

    Parameters
    ----------
    id, name_en, name_ja
        Its id in scenarios and files, and its names.
    unit
        Unit of its level, as written: ``%``, ``JPY``, ``USD``, ``index``, ``tn JPY``, ``sd``, ``pp``.
    quantity
        What decides which units a scenario may use: rate, price, index, flow, activity or share.
    transform
        ``level``, or ``log100`` for 100 times the logarithm.
    in_differences
        Whether the model sees the monthly difference of the transformed level.
    exogenous
        Whether it is imposed by scenarios and never forecast.
    publication_lag
        Months until the value of a month is known.
    group
        japan_rates, currencies, world, flows, japan_economy, policy.
    source
        Where the observations come from.
    column
        Column of the monthly panel, or what the factor is built from; empty if it has none.
    priced_by
        Factor whose level is what the market expects of its path; empty where the model carries no such expectation.
    """

    id: str
    name_en: str
    name_ja: str
    unit: str
    quantity: Quantity
    transform: Transform
    in_differences: bool
    exogenous: bool
    publication_lag: int
    group: str
    source: str
    column: str
    priced_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesEntry:
    """One equity series.

    Parameters
    ----------
    id, name_en, name_ja
        Its id and names; sectors are named as the exchange names them.
    kind
        index, sector17, sector33, size, segment or theme.
    parent
        The series that it is a part of; empty for the broadest ones.
    source
        Who publishes it, or how it is built.
    """

    id: str
    name_en: str
    name_ja: str
    kind: Kind
    parent: str
    source: str


@cache
def factors() -> Mapping[str, FactorEntry]:
    """All factors that scenarios may name, in the order of the dictionary."""
    return read_factors(FOLDER / "factors.toml")


@cache
def series() -> Mapping[str, SeriesEntry]:
    """All equity series, in the order of the dictionary."""
    return read_series(FOLDER / "series.toml")


def read_factors(path: Path) -> Mapping[str, FactorEntry]:
    """Read a dictionary of factors, such as an edited copy; InputError with all that is wrong in it."""
    return _entries(path, FactorEntry, _FACTOR, "priced_by")


def read_series(path: Path) -> Mapping[str, SeriesEntry]:
    """Read a dictionary of equity series, such as an edited copy; InputError with all that is wrong in it."""
    return _entries(path, SeriesEntry, _SERIES, "parent")


_NAMES: dict[str, Form] = {"name_en": text(), "name_ja": text(), "source": text()}
_FACTOR: dict[str, Form] = {
    **_NAMES,
    "unit": one_of(("%", "JPY", "USD", "index", "tn JPY", "sd", "pp")),
    "quantity": one_of(get_args(Quantity)),
    "transform": one_of(get_args(Transform)),
    "in_differences": flag(),
    "exogenous": flag(),
    "publication_lag": whole(0, 24),
    "group": text(),
    "column": text(blank=True),
    "priced_by": text(),
}
_SERIES: dict[str, Form] = {**_NAMES, "kind": one_of(get_args(Kind)), "parent": text(blank=True)}


def _entries(path: Path, kind: type[Any], forms: Mapping[str, Form], reference: str) -> Mapping[str, Any]:
    """Entries of one dictionary; what all rows of a group share stands beside its rows."""
    found: dict[str, Any] = {}
    for group in read_toml(path).check(_grouped(kind, forms, reference))["group"]:
        common = {key: value for key, value in group.items() if key != "rows"}
        found.update({name: kind(**{"id": name, **common, **row}) for name, row in group["rows"].items()})
    return MappingProxyType(found)


def _grouped(kind: type[Any], forms: Mapping[str, Form], reference: str) -> Form:
    """Form of a dictionary whose entries are in groups; `reference` is the key that names another entry."""
    needed = [entry.name for entry in fields(kind) if entry.default is MISSING and entry.name != "id"]

    def whole_entries(value: Any, path: Keys) -> Iterator[Fault]:
        ids: list[str] = [name for group in value["group"] for name in group["rows"]]
        for place, group in enumerate(value["group"]):
            for name, row in group["rows"].items():
                where = ("group", place, "rows", name)
                if ids.count(name) > 1:
                    yield Fault(where, f"{name} is there {ids.count(name)} times", "each id once", of_key=True)
                for key in needed:
                    if key not in row and key not in group:
                        yield Fault(where, f"{name} has no {key}", f"{key} beside the group's rows, or in the row")
                named = row.get(reference, group.get(reference, ""))
                if named and named not in ids:
                    spot = (*where, reference) if reference in row else ("group", place, reference)
                    yield Fault(spot, f"{name}: {reference} is {named!r}, which is not in this file", "an id of it")

    group = table({"rows": entries_of(table({}, forms), what="id")}, forms)
    return ruled(table({"group": items(group, 1)}), whole_entries)
