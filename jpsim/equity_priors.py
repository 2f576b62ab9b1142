"""Labelled priors about shares that no series of the panel stands behind: dividend yields and earnings.

They are TOML files in ``jpsim/data`` that users may edit; what is wrong in one is named all at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jpsim.dictionary import factors, series
from jpsim.toml import Fault, Form, entries, number, one_of, read_toml, table, text, whole
from jpsim.toml import Path as Keys

__all__ = [
    "DIVIDENDS_FILE",
    "EARNINGS_FILE",
    "DividendPrior",
    "EarningsPrior",
    "EarningsResponse",
    "Normal",
    "dividend_prior",
    "earnings_prior",
    "read_dividends",
    "read_earnings",
]

DIVIDENDS_FILE = Path(__file__).parent / "data" / "dividends.toml"
EARNINGS_FILE = Path(__file__).parent / "data" / "earnings.toml"

_LONGEST_LAG = 60


@dataclass(frozen=True, slots=True)
class DividendPrior:
    """Dividend yields in percent a year.

    Parameters
    ----------
    sectors
        Yield of each of the 33 sectors.
    tilts
        What sizes, segments, the Nikkei 225 and themes yield beyond what their sectors give.
    sd
        Uncertainty of a yield.
    source
        Where the numbers come from.
    """

    sectors: Mapping[str, float]
    tilts: Mapping[str, float]
    sd: float
    source: str


@dataclass(frozen=True, slots=True)
class Normal:
    """Mean and standard deviation of a normal prior."""

    mean: float
    sd: float


@dataclass(frozen=True, slots=True)
class EarningsResponse:
    """How expected earnings answer to lasting surprises of one factor.

    Parameters
    ----------
    factor
        Its id.
    months
        Months over which the effect comes in equal steps.
    effects
        Percent of earnings for one unit of the factor, by series.
    own_sd
        Standard deviation of what each sector of the 33 has beside that.
    price_share
        Part of the same-month price response that is news about earnings; None where prices do not update
        the prior.
    source
        Where the numbers come from.
    """

    factor: str
    months: int
    effects: Mapping[str, Normal]
    own_sd: float
    price_share: Normal | None
    source: str


@dataclass(frozen=True, slots=True)
class EarningsPrior:
    """Trend of earnings in percent a year, and their responses by factor."""

    trend: Normal
    responses: Mapping[str, EarningsResponse]


@cache
def earnings_prior() -> EarningsPrior:
    """Return the responses that ship with the package."""
    return read_earnings(EARNINGS_FILE)


def read_earnings(path: Path) -> EarningsPrior:
    """Read responses of earnings, such as an edited copy of those that ship.

    Raises
    ------
    InputError
        All that is wrong in the file: unknown factors, series and keys, numbers that are not finite,
        standard deviations that are not positive, lags that are no whole months.
    """
    content = read_toml(path).check(_EARNINGS)
    rows = {name: _response(name, row) for name, row in content.items() if name != "trend"}
    return EarningsPrior(_normal(content["trend"]), MappingProxyType(rows))


def _response(name: str, row: Mapping[str, Any]) -> EarningsResponse:
    effects = MappingProxyType({key: _normal(value) for key, value in row["effects"].items()})
    share = _normal(row["price_share"]) if "price_share" in row else None
    return EarningsResponse(name, row["months"], effects, float(row["own_sd"]), share, row["source"])


def _normal(row: Mapping[str, Any]) -> Normal:
    return Normal(float(row["mean"]), float(row["sd"]))


_SOURCE = text('a publication, or "prior: judgement; why"')
_NORMAL: dict[str, Form] = {"mean": number(), "sd": number(above=0.0)}
_LISTED = one_of(lambda: [name for name in series() if name != "tse_all"], "series other than tse_all")
_EARNINGS = entries(
    table(
        {
            "months": whole(1, _LONGEST_LAG),
            "own_sd": number(above=0.0),
            "source": _SOURCE,
            "effects": entries(table(_NORMAL), _LISTED, what="series"),
        },
        {"price_share": table(_NORMAL)},
    ),
    one_of(lambda: factors().keys(), "factor"),
    what="factor",
    beside={"trend": table({**_NORMAL, "source": _SOURCE})},
)


@cache
def dividend_prior() -> DividendPrior:
    """Return the yields that ship with the package."""
    return read_dividends(DIVIDENDS_FILE)


def read_dividends(path: Path) -> DividendPrior:
    """Read dividend yields, such as an edited copy of those that ship.

    Raises
    ------
    InputError
        All that is wrong in the file: keys and ids that do not exist or are missing, yields below 0 or
        above 20 %, numbers that are not finite.
    """
    content = read_toml(path).check(_dividends)
    sectors, tilts = (
        MappingProxyType({k: float(v) for k, v in content[name].items()}) for name in ("sectors", "tilts")
    )
    return DividendPrior(sectors, tilts, float(content["sd"]), content["source"])


def _dividends(value: Any, path: Keys) -> Iterator[Fault]:
    """Form of the file of yields; ids are asked for when it is read, not before."""
    sectors = [name for name, entry in series().items() if entry.kind == "sector33"]
    others = [name for name, entry in series().items() if entry.kind in _TILTED or name == "nikkei225"]
    yields = {
        "source": _SOURCE,
        "sd": number(least=0.0),
        "sectors": table(dict.fromkeys(sectors, number(least=0.0, most=20.0))),
        "tilts": table({}, dict.fromkeys(others, number())),
    }
    yield from table(yields)(value, path)


_TILTED = ("size", "segment", "theme")
