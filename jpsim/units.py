"""Quantities as people write them, made canonical.

A number carries its unit wherever the unit could be mistaken. What units a text may have depends on
the quantity it speaks of (a rate, a price, a flow ...) and on the role it plays (a level, a change, a
standard deviation ...); `ACCEPTED` is that table. Parsing is exact: the text goes through decimal
arithmetic, so that a canonical quantity written out reads back as the same float.

| canonical unit | meaning                                                     | written as      |
|----------------|-------------------------------------------------------------|-----------------|
| `percent`      | level of a rate, 1.25 is 1.25 %                             | `1.25%`         |
| `pp`           | difference of rates or shares in percentage points          | `25bp`, `0.5pp` |
| `relative`     | return, or relative change of a price: -0.05 is -5 %        | `-5%`           |
| `level`        | in the unit of the dictionary                               | `155`, `150 JPY`, `2 tn JPY` |
| `sd`           | standard deviations of the factor's own innovations         | `1.5sd`         |
| `share`        | probability or weight between 0 and 1                       | `15%`, `0.4`    |
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

__all__ = ["ACCEPTED", "Quantity", "QuantityError", "Role", "parse_integer", "parse_quantity", "parse_share", "unusual"]

Unit = Literal["percent", "pp", "relative", "level", "sd", "share"]
Role = Literal["level", "change", "sd", "risk", "number"]

_NUMBER = re.compile(r"([+-]?(?:0|[1-9][0-9]*(?:_[0-9]{3})*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?)\s*(.*)", re.ASCII)
_SPELLINGS = {
    "bps": "bp", "basis points": "bp", "basis point": "bp", "b.p.": "bp", "pct": "%", "percent": "%",
    "ppt": "pp", "ppts": "pp", "percentage points": "pp", "yen": "JPY", "jpy": "JPY", "¥": "JPY", "円": "JPY",
    "usd": "USD", "$": "USD", "usd/bbl": "USD", "tn": "tn JPY", "trn jpy": "tn JPY", "trillion jpy": "tn JPY",
    "tn yen": "tn JPY", "tnjpy": "tn JPY", "兆円": "tn JPY", "sigma": "sd", "σ": "sd", "std": "sd", "s.d.": "sd",
}  # fmt: skip

_Units = dict[str, tuple[Unit, str]]
_RATE_CHANGE: _Units = {"bp": ("pp", "0.01"), "pp": ("pp", "1"), "sd": ("sd", "1")}
_RELATIVE: _Units = {"%": ("relative", "0.01"), "sd": ("sd", "1")}
ACCEPTED: dict[tuple[str, Role], _Units] = {
    ("rate", "level"): {"%": ("percent", "1")},
    ("rate", "change"): _RATE_CHANGE,
    ("rate", "sd"): _RATE_CHANGE,
    ("spread", "level"): {"bp": ("percent", "0.01"), "pp": ("percent", "1"), "%": ("percent", "1")},
    ("spread", "change"): _RATE_CHANGE,
    ("spread", "sd"): _RATE_CHANGE,
    ("price", "level"): {"": ("level", "1"), "unit": ("level", "1")},
    ("price", "change"): _RELATIVE,
    ("price", "sd"): {**_RELATIVE, "unit": ("level", "1")},
    ("index", "level"): {"": ("level", "1")},
    ("index", "change"): _RELATIVE,
    ("index", "sd"): _RELATIVE,
    ("basket", "change"): _RELATIVE,
    ("basket", "sd"): _RELATIVE,
    ("flow", "level"): {"unit": ("level", "1")},
    ("flow", "change"): {"unit": ("level", "1"), "sd": ("sd", "1")},
    ("flow", "sd"): {"unit": ("level", "1"), "sd": ("sd", "1")},
    ("activity", "level"): {"sd": ("level", "1")},
    ("activity", "change"): {"sd": ("sd", "1")},
    ("activity", "sd"): {"sd": ("sd", "1")},
    ("share", "level"): {"pp": ("pp", "1")},
    ("share", "change"): {"pp": ("pp", "1")},
    ("share", "sd"): {"pp": ("pp", "1")},
    ("rate", "risk"): {"bp": ("pp", "0.01"), "pp": ("pp", "1")},
    ("price", "risk"): {"unit": ("level", "1")},
    ("index", "risk"): {"": ("level", "1")},
    ("flow", "risk"): {"unit": ("level", "1")},
    ("activity", "risk"): {"sd": ("level", "1")},
    ("share", "risk"): {"pp": ("pp", "1")},
    ("return", "level"): {"%": ("relative", "0.01")},
    ("return", "risk"): {"%": ("relative", "0.01")},
    ("impulse", "number"): {"sd": ("sd", "1")},
    ("activity_level", "sd"): {"sd": ("level", "1")},
    ("weight", "number"): {"": ("level", "1")},
}
"""(quantity, role) -> written unit -> (canonical unit, factor). `unit` stands for the dictionary's own."""

_EXAMPLES: dict[tuple[str, Role], str] = {
    ("rate", "level"): "1.25%",
    ("rate", "change"): "+25bp, +0.25pp or 1.5sd",
    ("rate", "sd"): "25bp or 0.25pp",
    ("spread", "level"): "1.30% or 130bp",
    ("spread", "change"): "+25bp, +0.25pp or 1.5sd",
    ("spread", "sd"): "25bp or 0.25pp",
    ("price", "level"): "155 or 155 {unit}",
    ("price", "change"): "-5% or 1.5sd",
    ("price", "sd"): "4% or 6 {unit}",
    ("index", "level"): "a bare number such as 120",
    ("index", "change"): "+10% or 1.5sd",
    ("index", "sd"): "8% or 1sd",
    ("basket", "change"): "-5% or 1.5sd",
    ("basket", "sd"): "4%",
    ("flow", "level"): "2 {unit}",
    ("flow", "change"): "+1 {unit} or 1sd",
    ("flow", "sd"): "0.5 {unit} or 1sd",
    ("activity", "level"): "1sd",
    ("activity", "change"): "+1sd",
    ("activity", "sd"): "0.5sd",
    ("share", "level"): "1.5pp",
    ("share", "change"): "+0.5pp",
    ("share", "sd"): "0.5pp",
    ("rate", "risk"): "25bp or 0.25pp",
    ("price", "risk"): "6 {unit}",
    ("index", "risk"): "a bare number such as 8",
    ("flow", "risk"): "0.5 {unit}",
    ("activity", "risk"): "0.5sd",
    ("share", "risk"): "0.5pp",
    ("return", "level"): "10%",
    ("return", "risk"): "18%",
    ("impulse", "number"): "1sd",
    ("activity_level", "sd"): "0.5sd",
    ("weight", "number"): "a bare number such as -1 or 0.5",
}


class QuantityError(ValueError):
    """A text that is no quantity of the wanted kind.

    Parameters
    ----------
    found, allowed, fix
        What stands there, what may stand there, and the nearest right spelling if there is one.
    """

    def __init__(self, found: str, allowed: str, fix: str | None = None) -> None:
        super().__init__(f"{found}; allowed: {allowed}" + (f"; {fix}" if fix else ""))
        self.found, self.allowed, self.fix = found, allowed, fix


@dataclass(frozen=True, slots=True)
class Quantity:
    """A finite number in a canonical unit; see the table of this module.

    Parameters
    ----------
    value
        The number.
    unit
        One of `percent`, `pp`, `relative`, `level`, `sd`, `share`.
    """

    value: float
    unit: Unit

    def text(self, unit: str = "") -> str:
        """Write it so that the grammar reads it back; `unit` is the dictionary's, for levels that need one."""
        number = Decimal(repr(self.value))
        if self.unit in ("relative", "share"):
            return f"{_plain(number * 100)}%"
        suffix = {"percent": "%", "pp": "pp", "sd": "sd"}.get(self.unit)
        if suffix is None:
            suffix = {"": "", "sd": "sd"}.get(unit, f" {unit}")
        return _plain(number) + suffix

    def __str__(self) -> str:
        return self.text()


def parse_quantity(text: str, quantity: str, role: Role, unit: str = "") -> Quantity:
    """Read one quantity.

    Parameters
    ----------
    text
        As written, for example ``+25bp``.
    quantity
        What is spoken of: rate, price, index, flow, activity, share, spread, basket, return or impulse.
    role
        Whether it is a level, a change from month 0, a standard deviation, a risk number (a standard deviation, value
        at risk or shortfall of a level, in the level's own unit), or a plain number.
    unit
        The dictionary's unit, for prices and flows: ``JPY``.

    Raises
    ------
    QuantityError
        With what was found, what is allowed and the nearest right spelling.

    Examples
    --------
    >>> parse_quantity("+25bp", "rate", "change")
    Quantity(value=0.25, unit='pp')
    """
    units = {(unit if name == "unit" else name): how for name, how in _accepted(quantity, role).items()}
    allowed = _EXAMPLES[quantity, role].format(unit=unit)
    number, written = _split(text, allowed)
    if written not in units:
        raise QuantityError(_wrong_unit(text, written), allowed, _nearest_spelling(text, units))
    canonical, factor = units[written]
    result = Quantity(_finite(number * Decimal(factor), text, allowed), canonical)
    _check_sign(result, text, quantity, role, allowed)
    return result


def parse_share(text: str) -> Quantity:
    """Read a probability or weight, ``15%`` or ``0.15``; QuantityError outside 0 to 1."""
    allowed = "a share between 0 and 1, as 15% or 0.15"
    number, written = _split(text, allowed)
    if written not in ("", "%"):
        raise QuantityError(_wrong_unit(text, written), allowed)
    share = Quantity(_finite(number / 100 if written else number, text, allowed), "share")
    if not 0 <= share.value <= 1:
        fix = f"write {_plain(number)}%" if not written and 1 < number <= 100 else None
        raise QuantityError(f"{text!r} is not between 0 and 1", allowed, fix)
    return share


def parse_integer(text: str, low: int, high: int) -> int:
    """Read a whole number, ``100_000`` or ``1e5``, between `low` and `high`; QuantityError otherwise."""
    allowed = f"a whole number from {low} to {high}"
    number, written = _split(text, allowed)
    if written:
        raise QuantityError(_wrong_unit(text, written), allowed, f"write {_plain(number)}")
    value = _finite(number, text, allowed)
    if not value.is_integer():
        raise QuantityError(f"{text!r} is not a whole number", allowed)
    if not low <= number <= high:
        raise QuantityError(f"{text!r} is too {'small' if number < low else 'large'}", allowed)
    return int(number)


def unusual(quantity: Quantity) -> str | None:
    """Say why a quantity looks like a slip: more than 500bp or 50%; None if it does not."""
    if quantity.unit in ("percent", "pp") and abs(quantity.value) > 5:
        return f"{quantity} is more than 500bp"
    if quantity.unit == "relative" and abs(quantity.value) > 0.5:
        return f"{quantity} is more than 50%"
    return None


def _accepted(quantity: str, role: Role) -> _Units:
    try:
        return ACCEPTED[quantity, role]
    except KeyError:
        kind = {"basket": "a combination of prices"}.get(quantity, f"a {quantity}")
        raise QuantityError(f"{kind} has no {role}", "a change, as -5%", "say it as a change") from None


def _split(text: str, allowed: str) -> tuple[Decimal, str]:
    """Take a text apart into its number and its unit."""
    match = _NUMBER.fullmatch(text.strip())
    if match is None or re.match(r"[0-9_.:,]", match[2]):
        raise QuantityError(f"{text!r} is not a number", allowed, _plainer_spelling(text))
    return Decimal(match[1].replace("_", "")), match[2]


def _finite(number: Decimal, text: str, allowed: str) -> float:
    value = float(number)
    if not math.isfinite(value) or (value == 0 and number != 0):
        raise QuantityError(f"{text!r} is not a finite number", allowed)
    return value + 0.0  # turns -0.0 into 0.0


def _check_sign(result: Quantity, text: str, quantity: str, role: Role, allowed: str) -> None:
    """Refuse prices that are not positive, and standard deviations that are not."""
    if role in ("sd", "risk") and result.value <= 0:
        raise QuantityError(f"{text!r} is not positive", f"a positive number, as {allowed}")
    if quantity in ("price", "index") and role == "level" and result.value <= 0:
        raise QuantityError(f"{text!r} is a price that is not positive", f"a positive level, as {allowed}")
    if result.unit == "relative" and role not in ("sd", "risk") and result.value <= -1:
        raise QuantityError(f"{text!r} leaves a price that is not positive", f"more than -100%, as {allowed}")


def _wrong_unit(text: str, written: str) -> str:
    return f"{text!r} has the unit {written!r}" if written else f"{text!r} has no unit"


def _nearest_spelling(text: str, units: _Units) -> str | None:
    """Suggest the text in a unit that is allowed here."""
    import difflib  # only where a text is wrong: reading good ones must be quick

    number, written = _split(text, "")
    stem = text.strip()[: len(text.strip()) - len(written)].rstrip()
    if not written:
        return "write " + " or ".join(_joined(stem, name) for name in _plausible(number, units))
    guess = _SPELLINGS.get(written.lower(), written)
    close = difflib.get_close_matches(guess, list(units), 1, 0.5)
    if guess in units or close:
        return f"write {_joined(stem, guess if guess in units else close[0])}"
    if guess == "bp" and "%" in units:
        return f"write {_plain(number / 100)}%"
    if guess == "%" and "bp" in units:
        return f"write {'+' if stem[:1] == '+' else ''}{_plain(number * 100)}bp"
    return f"write {_joined(stem, next(iter(units)))}" if len(units) == 1 and guess != "%" else None


def _plausible(number: Decimal, units: _Units) -> list[str]:
    """Units in which a bare number would not look like a slip; all of them if there is no such unit."""
    named = [name for name in units if name]
    usual = [
        name for name in named if unusual(Quantity(float(number * Decimal(units[name][1])), units[name][0])) is None
    ]
    return [name for name in usual if name != "sd" or abs(number) < 10] or named


def _plainer_spelling(text: str) -> str | None:
    """Suggest the ASCII form of full-width digits, minus signs (▲ in Japan), currency signs, commas, leading zeros."""
    import unicodedata

    plain = re.sub("^[\N{MINUS SIGN}\N{EN DASH}▲△]", "-", unicodedata.normalize("NFKC", text).strip())
    plain = re.sub(r"(?<=\d),(?=\d{3})", "", re.sub(r"^([+-])\s+", r"\1", plain))
    if plain[:1] in ("$", "\N{YEN SIGN}"):
        plain = f"{plain[1:].strip()} {_SPELLINGS[plain[0]]}"
    plain = re.sub(r"^([+-]?)0+(?=\d)", r"\1", re.sub(r"^([+-]?)\.", r"\g<1>0.", plain))
    match = _NUMBER.fullmatch(plain)
    meant = match is not None and plain != text.strip() and (not match[2] or match[2].lower() in _written_units())
    return f"write {plain}" if meant else None


def _written_units() -> set[str]:
    """All units that people write, in lower case."""
    accepted = {name for units in ACCEPTED.values() for name in units}
    return {name.lower() for name in {*accepted, *_SPELLINGS, *_SPELLINGS.values()}}


def _joined(stem: str, unit: str) -> str:
    return f"{stem} {unit}" if unit[:1].isupper() or " " in unit else stem + unit


def _plain(number: Decimal) -> str:
    """Write a decimal without exponent and without trailing zeros."""
    text = f"{number:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
