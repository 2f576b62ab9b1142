"""What the legs of a book earn on paths: bought and held, or brought back to their weights every month."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from jpsim.analysis.books.book import Book, Leg
from jpsim.analysis.books.derivatives import Option, option_value
from jpsim.errors import InputError, Problem
from jpsim.simulation.kernels.normals import SPECIFIC, fill_normals
from jpsim.simulation.sampling import Sampler

__all__ = ["Revaluation", "drawdown"]

Floats = npt.NDArray[np.float64]

EXCHANGE, VIX, RATE, DOLLAR_RATE = "usdjpy", "vix", "boj_policy_rate", "us_policy_rate"
_LEAST = 1e-9  # of an index over that of month 0: options need a positive one


@dataclass(frozen=True, eq=False)
class Revaluation:
    """A book on the outputs of a model.

    Parameters
    ----------
    book
        The book.
    rows
        Position of each output that the book needs, by id.
    start
        Levels at month 0 of the factors among them.
    seed
        Key of the generator, for what stocks earn by themselves.
    carried, translated
        Whether hedges into dollars earn their carry, and yen are turned into dollars; without both, the book is
        that of an investor who counts in yen.
    """

    book: Book
    rows: dict[str, int]
    start: dict[str, float]
    seed: int
    carried: bool = True
    translated: bool = True

    @classmethod
    def of(cls, book: Book, sampler: Sampler) -> Self:
        """Find what a book needs among the outputs of a scenario.

        Raises
        ------
        InputError
            If the model lacks a factor that the book needs.
        """
        outputs = sampler.story.parts[0].law.conditional.system.model.outputs
        needed = _factors_needed(book)
        lacking = [
            Problem(f"the book {why}, and the model has no factor {name}", fix=fix)
            for name, (why, fix) in needed.items()
            if name not in outputs
        ]
        if lacking:
            raise InputError(lacking)
        rows = {name: outputs.index(name) for name in (*needed, *(leg.series for leg in book.legs if leg.series))}
        start = {name: float(sampler.laws[0].start[rows[name]]) for name in needed}
        return cls(book, rows, start, sampler.seed)

    def gains(self, outputs: Floats, first: int) -> Floats:
        """Return (K, h, m) gains of one unit of weight in each leg since month 0, as shares of the capital.

        Held legs earn their cumulative returns. A leg that is brought back to its weight w every month gains
        ``sum_s V_{s-1} rho_s`` for each unit of w, with rho_s its return in month s and V the value of the book
        before it, so that the gains times the weights are the book's own gain in both cases.

        Parameters
        ----------
        outputs
            (O, h, m) factor levels and cumulative simple returns.
        first
            Number of the first path.
        """
        legs = self.book.legs
        if self.book.rebalancing == "none":
            return np.stack([self._held(leg, outputs, first) for leg in legs])
        monthly = np.stack([self._restored(leg, outputs, first) for leg in legs])
        growth = np.cumprod(1.0 + np.einsum("k,khm->hm", self.book.leg_weights, monthly), axis=0)
        monthly[:, 1:] *= growth[:-1]
        return np.cumsum(monthly, axis=1)

    def value(self, gains: Floats) -> Floats:
        """(h, m) gain of the whole book since month 0."""
        whole: Floats = np.einsum("k,khm->hm", self.book.leg_weights, gains)
        return whole

    def in_dollars(self, outputs: Floats, first: int, gain: Floats) -> dict[str, Floats]:
        """(h, m) what counting in dollars adds to what the book gains in yen, each by its name; nothing in yen.

        ``translation`` is the gain less that of the same book whose yen are not turned into dollars, and
        ``hedge_carry`` what the hedges into dollars earn.

        Parameters
        ----------
        outputs, first
            See `gains`.
        gain
            (h, m) gain of the whole book, from `value`.
        """
        found = {}
        for name, asked, plain in (
            ("translation", self.translates, replace(self, translated=False)),
            ("hedge_carry", self.carries, replace(self, translated=False, carried=False)),
        ):
            if asked:
                kept = plain.value(plain.gains(outputs, first))
                found[name], gain = gain - kept, kept
        return found

    @property
    def translates(self) -> bool:
        """Whether gains in yen are turned into dollars."""
        return any(leg.currency == "USD unhedged" for leg in self.book.legs)

    @property
    def carries(self) -> bool:
        """Whether hedges into dollars earn a carry."""
        held = any(leg.currency == "USD hedged" and leg.instrument == "held" for leg in self.book.legs)
        return held and self.book.hedge == "policy_rates"

    def dollars(self, outputs: Floats) -> Floats:
        """(h, m) what turns a gain in yen into the book's currency; 1 if the book is in yen, or hedged whole."""
        rate = self.start[EXCHANGE] / outputs[self.rows[EXCHANGE]] if EXCHANGE in self.rows else 1.0
        return np.broadcast_to(rate, outputs.shape[1:])

    def _held(self, leg: Leg, outputs: Floats, first: int) -> Floats:
        """(h, m) gain since month 0 of a leg that is bought and held."""
        exchange = self._exchange(leg, outputs)
        if leg.instrument == "specific":
            gain: Floats = np.cumsum(self._specific(leg, outputs.shape[1:], first), axis=0) * exchange
            return gain
        if leg.instrument == "option":
            return self._option_gain(leg, outputs, exchange)
        gross = 1.0 + outputs[self.rows[leg.series]]
        if leg.instrument == "future":
            gain = (gross - 1.0) * exchange
            return gain
        if self.carried and leg.currency == "USD hedged" and self.book.hedge == "policy_rates":
            gross = np.cumprod(_ratios(gross) + self._carry(outputs), axis=0)
        gain = gross * exchange - 1.0
        return gain

    def _restored(self, leg: Leg, outputs: Floats, first: int) -> Floats:
        """(h, m) returns in single months of a leg that is brought back to its weight."""
        if leg.instrument == "held":
            return _ratios(1.0 + self._held(leg, outputs, first)) - 1.0
        if leg.instrument == "specific":
            earned = self._specific(leg, outputs.shape[1:], first)
        else:
            earned = _ratios(1.0 + outputs[self.rows[leg.series]]) - 1.0
        exchange = self._exchange(leg, outputs)
        if not isinstance(exchange, float):
            earned = earned * _ratios(exchange)
        return earned

    def _exchange(self, leg: Leg, outputs: Floats) -> Floats | float:
        """Dollars for a yen, over those of month 0; 1 where the leg is not turned into dollars."""
        if leg.currency != "USD unhedged" or not self.translated:
            return 1.0
        rate: Floats = self.start[EXCHANGE] / outputs[self.rows[EXCHANGE]]
        return rate

    def _carry(self, outputs: Floats) -> Floats:
        """(h, m) what selling yen a month forward earns: the rates of the month before, by covered parity."""
        carry = np.empty(outputs.shape[1:])
        carry[0] = (self.start[DOLLAR_RATE] - self.start[RATE]) / 1200.0
        carry[1:] = (outputs[self.rows[DOLLAR_RATE], :-1] - outputs[self.rows[RATE], :-1]) / 1200.0
        return carry

    def _specific(self, leg: Leg, shape: tuple[int, ...], first: int) -> Floats:
        """(h, m) what stocks earn beside their series in single months: independent and normal."""
        months, count = shape
        index = 1 if leg.currency == "USD unhedged" else 0
        draws = fill_normals(self.seed, SPECIFIC, first, count, months, 2)[:, index]
        earned: Floats = draws * (self.book.specific_sd[leg.currency] / 12.0**0.5)
        return earned

    def specific(self, shape: tuple[int, ...], first: int) -> Floats:
        """(h, m) what all stocks of the book earn beside their series in single months, in yen.

        Parameters
        ----------
        shape
            Months and paths.
        first
            Number of the first path.
        """
        earned = np.zeros(shape)
        for leg, weight in zip(self.book.legs, self.book.leg_weights, strict=True):
            if leg.instrument == "specific":
                earned += weight * self._specific(leg, shape, first)
        return earned

    def marks(self, option: Option, series: str, outputs: Floats) -> tuple[Floats, Floats, Floats]:
        """Index over that of month 0, rate and implied volatility: (h + 1, m) each, month 0 first."""
        start = np.array([[1.0], [self.start[RATE] / 100.0], [self._implied_at_start(option)]])
        index = np.maximum(1.0 + outputs[self.rows[series]], _LEAST)
        path = np.stack([index, outputs[self.rows[RATE]] / 100.0, self._implied(option, outputs)])
        index, rates, spreads = np.concatenate([np.broadcast_to(start[..., None], (3, 1, path.shape[2])), path], axis=1)
        return index, rates, spreads

    def _option_gain(self, leg: Leg, outputs: Floats, exchange: Floats | float) -> Floats:
        """(h, m) change of an option's value; once it has expired, of what it paid."""
        option = leg.option
        assert option is not None
        index, rates, spreads = self.marks(option, leg.series, outputs)
        last = min(option.expiry, outputs.shape[1])
        value = np.empty_like(index)
        for month in range(last + 1):
            left = (option.expiry - month) / 12.0
            value[month] = option_value(option, index[month], left, rates[month], spreads[month])
        value[1 : last + 1] *= exchange if isinstance(exchange, float) else exchange[:last]
        value[last + 1 :] = value[last]
        gain: Floats = value[1:] - value[0]
        return gain

    def _implied_at_start(self, option: Option) -> float:
        return option.volatility.level * (self.start[VIX] / 100.0 if option.volatility.of_vix else 1.0)

    def _implied(self, option: Option, outputs: Floats) -> Floats:
        """(h, m) implied volatility."""
        implied = self._implied_at_start(option)
        if self.book.elasticity == 0.0:
            return np.broadcast_to(implied, outputs.shape[1:])
        moved: Floats = implied * (outputs[self.rows[VIX]] / self.start[VIX]) ** self.book.elasticity
        return moved


def _factors_needed(book: Book) -> dict[str, tuple[str, str]]:
    """Factors that the book's revaluation takes, each with what needs it and what to do without it."""
    needed: dict[str, tuple[str, str]] = {}
    if any(leg.currency == "USD unhedged" for leg in book.legs):
        needed[EXCHANGE] = "is in USD, unhedged", "write USD hedged, or JPY"
    if book.hedge == "policy_rates" and any(leg.currency == "USD hedged" and leg.instrument == "held"
                                            for leg in book.legs):  # fmt: skip
        told = "is hedged into USD at the difference of the policy rates", "write '# hedge: free' above the head"
        needed |= dict.fromkeys((RATE, DOLLAR_RATE), told)
    options = [leg.option for leg in book.legs if leg.option is not None]
    if options:
        needed[RATE] = "has options", "take them out"
    if any(book.elasticity != 0.0 or option.volatility.of_vix for option in options):
        fix = "give their volatility as a share, and write '# vix_elasticity: 0' above the head"
        needed[VIX] = "has options whose volatility follows the VIX", fix
    return needed


def drawdown(value: Floats) -> Floats:
    """(h, m) deepest fall from an earlier month end, up to each month, as a share of that value.

    Parameters
    ----------
    value
        (h, m) gains since month 0.
    """
    wealth = 1.0 + value
    peak = np.maximum(np.maximum.accumulate(wealth, axis=0), 1.0)
    deepest: Floats = np.maximum.accumulate(1.0 - wealth / peak, axis=0)
    return deepest


def _ratios(gross: Floats) -> Floats:
    """(h, m) growth in single months."""
    out = gross.copy()
    out[1:] /= gross[:-1]
    return out
