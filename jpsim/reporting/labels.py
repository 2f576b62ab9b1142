"""Names of outputs in two languages, and numbers written the way people in markets write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from jpsim.dictionary import FactorEntry, factors, series

__all__ = ["GROUPS", "LANGUAGES", "Label", "NumberStyle", "group_name", "label_of", "share_error"]

Language = Literal["en", "ja"]
LANGUAGES: tuple[Language, ...] = ("en", "ja")

GROUPS: Mapping[str, Mapping[Language, str]] = {
    "factor": {"en": "Factors", "ja": "ファクター"},
    "index": {"en": "Indices", "ja": "指数"},
    "size": {"en": "Size", "ja": "規模別"},
    "segment": {"en": "Market segments", "ja": "市場区分別"},
    "sector17": {"en": "TOPIX-17 sectors", "ja": "TOPIX-17業種"},
    "sector33": {"en": "TSE 33 sectors", "ja": "東証33業種"},
    "theme": {"en": "Themes", "ja": "テーマ"},
    "portfolio": {"en": "Portfolio", "ja": "ポートフォリオ"},
}
"""Kinds of outputs in the order of presentation, with their names."""

_TOLD_BY_NAME = ("", "index", "JPY")
_MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True, slots=True)
class NumberStyle:
    """How the numbers of one output are written.

    Parameters
    ----------
    unit
        What follows a level, such as ``%``; empty if nothing does.
    scale, decimals
        A number is multiplied by `scale` and shown to `decimals` places.
    signed
        Whether levels bear a plus sign.
    change_unit, change_scale, change_decimals
        The same for differences; they always bear a sign.
    """

    unit: str
    scale: float
    decimals: int
    signed: bool
    change_unit: str
    change_scale: float
    change_decimals: int

    def level(self, value: float) -> str:
        """Write a level or a return, without its unit."""
        return _number(value * self.scale, self.decimals, self.signed)

    def error(self, se: float) -> str:
        """Write a Monte Carlo error, to one significant digit but no finer than needed."""
        return _error(se * self.scale, self.decimals)

    def change(self, value: float) -> str:
        """Write a difference with its sign, without its unit."""
        return _number(value * self.change_scale, self.change_decimals, True)

    def change_error(self, se: float) -> str:
        """Write the Monte Carlo error of a difference."""
        return _error(se * self.change_scale, self.change_decimals)


@dataclass(frozen=True, slots=True)
class Label:
    """Names of an output and the style of its numbers.

    Parameters
    ----------
    output, kind
        Its id and kind.
    names
        Name by language.
    style
        How its numbers are written.
    """

    output: str
    kind: str
    names: Mapping[Language, str]
    style: NumberStyle

    def name(self, language: Language) -> str:
        """Name in one language."""
        return self.names[language]

    def name_with_unit(self, language: Language) -> str:
        """Name, and the unit of the level if the number alone would not show it."""
        told = self.kind == "factor" and self.style.unit not in _TOLD_BY_NAME
        return f"{self.names[language]}, {self.style.unit}" if told else self.names[language]


_RETURN = NumberStyle("%", 100.0, 1, True, "pp", 100.0, 1)


def label_of(output: str, kind: str, typical: float = 1.0) -> Label:
    """Label of an output.

    Parameters
    ----------
    output, kind
        Its id and kind; an id that the dictionaries lack is its own name.
    typical
        A typical level, which decides how many decimals a price or an index has.
    """
    entry = factors().get(output) if kind == "factor" else series().get(output)
    names: dict[Language, str] = {"en": entry.name_en, "ja": entry.name_ja} if entry else {"en": output, "ja": output}
    if kind == "portfolio":
        names = dict(GROUPS[kind])
    if kind != "factor":
        return Label(output, kind, names, _RETURN)
    return Label(output, kind, names, _factor_style(entry if isinstance(entry, FactorEntry) else None, typical))


def share_error(se: float) -> str:
    """Write the Monte Carlo error of a probability, in percentage points."""
    return _error(100 * se, 1)


def group_name(kind: str, language: Language) -> str:
    """Name of a kind of outputs."""
    return GROUPS[kind][language] if kind in GROUPS else kind


def _factor_style(entry: FactorEntry | None, typical: float) -> NumberStyle:
    if entry is not None and entry.quantity == "rate":
        change = ("pp", 1.0, 2) if entry.group == "japan_economy" else ("bp", 100.0, 0)
        return NumberStyle("%", 1.0, 2, False, *change)
    unit = entry.unit if entry else ""
    decimals = 0 if abs(typical) >= 1000 else 1 if abs(typical) >= 10 else 2
    return NumberStyle(unit, 1.0, decimals, False, unit, 1.0, decimals)


def _number(value: float, decimals: int, signed: bool) -> str:
    rounded = round(value, decimals) + 0.0
    text = f"{abs(rounded):,.{decimals}f}"
    return f"{_MINUS if rounded < 0 else '+' if signed and rounded > 0 else ''}{text}"


def _error(se: float, decimals: int) -> str:
    for places in range(decimals, decimals + 3):
        text = f"{se:,.{places}f}"
        if float(text.replace(",", "")) > 0 or se == 0:
            return text
    return f"<{10.0**-places:.{places}f}"
