"""What a book is: positions in series of the model, as shares of its capital at month 0."""

from __future__ import annotations

import csv
import io
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from jpsim.analysis.books.derivatives import Option

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = [
    "CURRENCIES", "HEDGES", "REBALANCINGS", "Book", "Currency", "Hedge", "Instrument", "Leg", "Position", "Rebalancing",
]  # fmt: skip

Floats = npt.NDArray[np.float64]

Currency = Literal["JPY", "USD hedged", "USD unhedged"]
CURRENCIES: tuple[Currency, ...] = ("JPY", "USD hedged", "USD unhedged")

Rebalancing = Literal["none", "monthly"]
REBALANCINGS: tuple[Rebalancing, ...] = ("none", "monthly")

Hedge = Literal["policy_rates", "free"]
HEDGES: tuple[Hedge, ...] = ("policy_rates", "free")

Instrument = Literal["held", "future", "option", "specific"]

_COLUMNS_WRITTEN = (
    "id", "code", "proxy", "instrument", "strike", "expiry", "dividend_yield", "beta", "volatility", "weight",
    "currency",
)  # fmt: skip


class Leg(NamedTuple):
    """What positions earn together, for one unit of weight.

    A leg that is ``held`` is bought with the book's capital; a ``future`` earns the same return without capital;
    ``specific`` is the sum of what the stocks with a volatility of their own earn beside their series, and has
    no series.
    """

    series: str
    currency: Currency
    instrument: Instrument = "held"
    option: Option | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """One line of a book.

    Parameters
    ----------
    name
        Id or code as the book writes it.
    series
        Id of the series that it earns: its own, or the one that stands for a code.
    weight
        Share of the book's capital at month 0, negative if sold short; of a future or option the value of the index
        that it is on.
    currency
        Currency in which it is reported.
    beta
        What it earns for each unit that the series earns.
    volatility
        Standard deviation a year of what it earns beside its series.
    instrument
        ``held``, ``future``, or an option.
    """

    name: str
    series: str
    weight: float
    currency: Currency = "JPY"
    beta: float = 1.0
    volatility: float = 0.0
    instrument: Literal["held", "future"] | Option = "held"

    @property
    def label(self) -> str:
        """Name, and the instrument if it is a derivative."""
        return self.name if self.instrument == "held" else f"{self.name} {self.instrument}"

    @property
    def parts(self) -> Iterator[tuple[Leg, float]]:
        """Legs, and how much of each a unit of weight holds."""
        if isinstance(self.instrument, Option):
            yield Leg(self.series, self.currency, "option", self.instrument), 1.0
            return
        if self.instrument == "held":
            yield Leg(self.series, self.currency), 1.0
        # What a beta adds needs no capital: only the gain is turned into dollars, as with a future.
        more = self.beta - (self.instrument == "held")
        if more != 0.0:
            # In yen a future earns what its index earns, and a future hedged into dollars does, too.
            plain = self.currency != "USD unhedged"
            yield Leg(self.series, "JPY" if plain else self.currency, "held" if plain else "future"), more


@dataclass(frozen=True)
class Book:
    """Positions, and what becomes of their weights.

    What the weights leave of 1 is cash that earns nothing.

    Parameters
    ----------
    positions
        In the order of the file; at least one.
    rebalancing
        ``none``: bought at month 0 and held; ``monthly``: back to the same weights at the end of each month.
    capital
        Money to which the weights refer; None for a book that names none.
    hedge
        What a hedge into dollars earns: the difference of the policy rates, or nothing.
    elasticity
        Power of the VIX with which the implied volatility of options moves.
    """

    positions: tuple[Position, ...]
    rebalancing: Rebalancing = "none"
    capital: float | None = None
    hedge: Hedge = "policy_rates"
    elasticity: float = 0.0

    @cached_property
    def legs(self) -> tuple[Leg, ...]:
        """The K different legs, in the order of their first positions; specific ones last."""
        named = dict.fromkeys(leg for position in self.positions for leg, _ in position.parts)
        return (*named, *(Leg("", currency, "specific") for currency in self.specific_sd))

    @cached_property
    def holdings(self) -> csr_array:
        """(P, K) legs of a unit of each position's weight; a specific leg's unit is all of it."""
        place = {leg: number for number, leg in enumerate(self.legs)}
        cells = [(row, place[leg], size) for row, one in enumerate(self.positions) for leg, size in one.parts] + [
            (row, place[Leg("", self.positions[row].currency, "specific")], share) for row, share in self._shares()
        ]
        rows, columns, sizes = zip(*cells, strict=True)
        from scipy.sparse import csr_array

        return csr_array((np.array(sizes, dtype=float), (rows, columns)), shape=(len(self.positions), len(self.legs)))

    @cached_property
    def weights(self) -> Floats:
        """(P,) weights of the positions."""
        return np.array([position.weight for position in self.positions])

    @cached_property
    def leg_weights(self) -> Floats:
        """(K,) net weights of the legs."""
        summed: Floats = np.asarray(self.holdings.T @ self.weights, dtype=np.float64)
        return summed

    @cached_property
    def bought(self) -> dict[str, float]:
        """Net weight of each series that the book holds or has futures on."""
        found: dict[str, float] = defaultdict(float)
        for leg, weight in zip(self.legs, self.leg_weights, strict=True):
            if leg.instrument in ("held", "future"):
                found[leg.series] += float(weight)
        return found

    @cached_property
    def specific_sd(self) -> dict[Currency, float]:
        """Standard deviation a year of all that stocks earn beside their series, by currency."""
        return {
            currency: math.sqrt(variance) for currency, variance in self._specific_variance.items() if variance > 0.0
        }

    @property
    def currency(self) -> str:
        """Currency of the book's returns: JPY or USD."""
        return self.positions[0].currency[:3]

    @property
    def proxied(self) -> int:
        """Number of listed issues that earn what their series earns and nothing of their own."""
        return sum(one.name != one.series and one.volatility == 0.0 for one in self.positions)

    @cached_property
    def _net(self) -> dict[tuple[str, Currency], float]:
        """Weight times volatility of each issue: lines of one code share what it earns by itself."""
        found: dict[tuple[str, Currency], float] = defaultdict(float)
        for one in self.positions:
            if one.volatility > 0.0:
                found[one.name, one.currency] += one.weight * one.volatility
        return found

    @cached_property
    def _specific_variance(self) -> dict[Currency, float]:
        found: dict[Currency, float] = defaultdict(float)
        for (_, currency), spread in self._net.items():
            found[currency] += spread**2
        return found

    def _shares(self) -> Iterator[tuple[int, float]]:
        """Position, and what a unit of its weight adds to the specific leg of its currency.

        The legs are normal, so that a stock's part of a leg that is known is its covariance with it.
        """
        for row, one in enumerate(self.positions):
            if one.volatility > 0.0 and self._specific_variance[one.currency] > 0.0:
                spread = self._net[one.name, one.currency]
                yield row, one.volatility * spread / self._specific_variance[one.currency]

    def to_csv(self) -> str:
        """Write the book so that `parse_book` reads an equal one, without a list of issues or priors."""
        text = io.StringIO()
        text.write(f"# rebalancing: {self.rebalancing}\n# hedge: {self.hedge}\n")
        if self.elasticity:
            text.write(f"# vix_elasticity: {self.elasticity!r}\n")
        if self.capital is not None:
            text.write(f"# capital: {self.capital!r}\n")
        lines = csv.writer(text, lineterminator="\n")
        lines.writerow(_COLUMNS_WRITTEN)
        lines.writerows(_written(one) for one in self.positions)
        return text.getvalue()


def _written(one: Position) -> list[str]:
    named = [one.name, "", ""] if one.name == one.series else ["", one.name, one.series]
    if isinstance(one.instrument, Option):
        option = one.instrument
        kind = [option.right, f"{option.strike!r}x", f"{option.expiry}m", repr(option.dividend_yield)]
        return [*named, *kind, "", str(option.volatility), repr(one.weight), one.currency]
    beta, volatility = ("" if number == usual else repr(number)
                        for number, usual in ((one.beta, 1.0), (one.volatility, 0.0)))  # fmt: skip
    instrument = "" if one.instrument == "held" else one.instrument
    return [*named, instrument, "", "", "", beta, volatility, repr(one.weight), one.currency]
