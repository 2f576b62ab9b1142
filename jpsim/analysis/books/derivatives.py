"""Index futures and options: what a contract is, and what a European option is worth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from jpsim.dictionary import series as series_entries
from jpsim.special import normal_cdf
from jpsim.toml import Fault, entries, number, one_of, read_toml, ruled, table, text
from jpsim.toml import Path as Keys

__all__ = [
    "Contract",
    "Option",
    "Right",
    "Volatility",
    "contract_of",
    "hedging_series",
    "option_value",
    "read_contracts",
    "vix_elasticity",
]

Floats = npt.NDArray[np.float64]

Right = Literal["call", "put"]


class Volatility(NamedTuple):
    """Implied volatility of an option at month 0: a share a year, or a multiple of the VIX of month 0."""

    level: float
    of_vix: bool = False

    def __str__(self) -> str:
        return f"{self.level!r} vix" if self.of_vix else repr(self.level)


@dataclass(frozen=True, slots=True)
class Option:
    """A European option on an index; prices are shares of the index at month 0.

    Parameters
    ----------
    right
        ``call`` or ``put``.
    strike
        As a share of the index at month 0.
    expiry
        Month at whose end it is exercised, from 1.
    volatility
        Implied volatility at month 0.
    dividend_yield
        Share a year that the index pays, continuously.
    """

    right: Right
    strike: float
    expiry: int
    volatility: Volatility
    dividend_yield: float

    def __str__(self) -> str:
        return f"{self.right} {self.strike:.4%} {self.expiry}m".replace(".0000%", "%")


@dataclass(frozen=True, slots=True)
class Contract:
    """What is known of the listed contracts on an index; None where nothing is.

    Parameters
    ----------
    future_multiplier, option_multiplier
        Yen for each point of the index.
    dividend_yield
        Share a year, a prior.
    vix_ratio
        Implied volatility at month 0 over the VIX, a prior.
    """

    future_multiplier: float | None = None
    option_multiplier: float | None = None
    dividend_yield: float | None = None
    vix_ratio: float | None = None


def contract_of(series: str) -> Contract:
    """Return what ``data/derivatives.toml`` says of the contracts on a series."""
    table = _priors().get(series, {})
    return Contract(**{name: table.get(name) for name in Contract.__slots__})


def hedging_series() -> tuple[str, ...]:
    """Series that have listed futures."""
    return tuple(name for name, table in _priors().items() if isinstance(table, dict))


def vix_elasticity() -> float:
    """Power of the VIX with which implied volatility moves, a prior."""
    return float(_priors()["vix_elasticity"])


def option_value(option: Option, index: Floats, years: float, rate: Floats, volatility: Floats) -> Floats:
    """Price a European option on the forward of its index.

    With forward ``F = S exp((r - q) T)`` the price is ``exp(-r T) (F N(d1) - K N(d2))`` for a call, and by parity for
    a put (Black 1976, doi:10.1016/0304-405X(76)90024-6); at expiry it is what exercise pays.

    Parameters
    ----------
    option
        The option.
    index
        (m,) positive levels of the index, over that of month 0.
    years
        Time left; 0 at expiry.
    rate, volatility
        (m,) continuous rate and implied volatility, both a year.
    """
    sign = 1.0 if option.right == "call" else -1.0
    if years <= 0.0:
        return np.maximum(sign * (index - option.strike), 0.0)
    forward = index * np.exp((rate - option.dividend_yield) * years)
    spread = volatility * np.sqrt(years)
    d1 = np.log(forward / option.strike) / spread + 0.5 * spread
    paid = option.strike * normal_cdf(sign * (d1 - spread))
    value: Floats = np.exp(-rate * years) * sign * (forward * normal_cdf(sign * d1) - paid)
    return value


@cache
def _priors() -> dict[str, Any]:
    return read_contracts(Path(str(files("jpsim"))) / "data" / "derivatives.toml")


def read_contracts(path: Path) -> dict[str, Any]:
    """Read what contracts are, such as an edited copy of the file that ships; InputError with all that is wrong."""
    return read_toml(path).check(_CONTRACTS)


def _explained(value: Any, path: Keys) -> Iterator[Fault]:
    """Every prior says how uncertain it is and where it comes from."""
    for name in ("dividend_yield", "vix_ratio"):
        keys = (name, f"{name}_sd", f"{name}_source")
        there = [key for key in keys if key in value]
        if there and len(there) < len(keys):
            missing = ", ".join(key for key in keys if key not in value)
            yield Fault(path, f"{path[-1]} has {there[0]}, but no {missing}", f"all of {', '.join(keys)}, or none")


_POSITIVE = number(above=0.0)
_NOT_NEGATIVE = number(least=0.0)
_CONTRACT = ruled(
    table(
        {"future_multiplier": _POSITIVE},
        {
            "option_multiplier": _POSITIVE,
            "dividend_yield": number(least=0.0, most=0.5),
            "dividend_yield_sd": _NOT_NEGATIVE,
            "dividend_yield_source": text(),
            "vix_ratio": _POSITIVE,
            "vix_ratio_sd": _NOT_NEGATIVE,
            "vix_ratio_source": text(),
        },
    ),
    _explained,
)
_CONTRACTS = entries(
    _CONTRACT,
    one_of(lambda: series_entries().keys(), "series"),
    what="series",
    beside={
        "vix_elasticity": number(least=0.0, most=2.0),
        "vix_elasticity_sd": _NOT_NEGATIVE,
        "vix_elasticity_source": text(),
    },
)
