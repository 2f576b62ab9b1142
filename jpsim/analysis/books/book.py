"""What a book is: positions in series of the model, as shares of its capital at month 0."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["CURRENCIES", "REBALANCINGS", "Book", "Currency", "Leg", "Position", "Rebalancing"]

Floats = npt.NDArray[np.float64]

Currency = Literal["JPY", "USD hedged", "USD unhedged"]
CURRENCIES: tuple[Currency, ...] = ("JPY", "USD hedged", "USD unhedged")

Rebalancing = Literal["none", "monthly"]
REBALANCINGS: tuple[Rebalancing, ...] = ("none", "monthly")


class Leg(NamedTuple):
    """What positions earn together: a series, and whether its return is turned into dollars month by month."""

    series: str
    unhedged: bool


@dataclass(frozen=True, slots=True)
class Position:
    """One line of a book.

    Parameters
    ----------
    name
        Id or code as the book writes it.
    series
        Id of the series that it earns: its own, or the sector of a code.
    weight
        Share of the book's capital at month 0, negative if sold short.
    currency
        Currency in which it is reported.
    """

    name: str
    series: str
    weight: float
    currency: Currency = "JPY"

    @property
    def leg(self) -> Leg:
        """What it earns."""
        return Leg(self.series, self.currency == "USD unhedged")


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
        Sum of the amounts, each taken as positive; None for a book of weights.
    """

    positions: tuple[Position, ...]
    rebalancing: Rebalancing = "none"
    capital: float | None = None

    @cached_property
    def legs(self) -> tuple[Leg, ...]:
        """The K different legs, in the order of their first positions."""
        return tuple(dict.fromkeys(position.leg for position in self.positions))

    @cached_property
    def leg_of(self) -> npt.NDArray[np.int64]:
        """(P,) number of each position's leg."""
        place = {leg: number for number, leg in enumerate(self.legs)}
        return np.array([place[position.leg] for position in self.positions], dtype=np.int64)

    @cached_property
    def weights(self) -> Floats:
        """(P,) weights of the positions."""
        return np.array([position.weight for position in self.positions])

    @cached_property
    def leg_weights(self) -> Floats:
        """(K,) net weights of the legs."""
        return np.bincount(self.leg_of, self.weights, len(self.legs)).astype(np.float64)

    @property
    def currency(self) -> str:
        """Currency of the book's returns: JPY or USD."""
        return self.positions[0].currency[:3]

    def to_csv(self) -> str:
        """Write the book so that `parse_book` reads an equal one, without a list of issues."""
        text = io.StringIO()
        text.write(f"# rebalancing: {self.rebalancing}\n")
        if self.capital is not None:
            text.write(f"# capital: {self.capital!r}\n")
        lines = csv.writer(text, lineterminator="\n")
        lines.writerow(["id", "code", "sector33", "weight", "currency"])
        for one in self.positions:
            coded = ("", one.name, one.series) if one.name != one.series else (one.name, "", "")
            lines.writerow([*coded, repr(one.weight), one.currency])
        return text.getvalue()
