"""An announced policy path: markets learn it as a whole in one month, and what follows is no news.

In that month the two-year yield moves by the mean departure, over its own maturity, of the announced policy
rate from the one that was expected the month before; the scenario's shocks deliver this move and nothing else.
Later steps of the path are met by the two rows of the policy bridge, on which nothing depends: they need no
shock and cost no plausibility. That is a news shock in the sense of McKay and Wolf (2023,
doi:10.3982/ECTA21045), with the move of the yield curve as its size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.conditional import condition
from jpsim.conditioning.meetings import EXPECTED_RATE, POLICY_RATE
from jpsim.conditioning.rows import Row
from jpsim.conditioning.system import System
from jpsim.dictionary import factors
from jpsim.errors import Place

__all__ = ["MATURITY", "Announcement", "announce", "is_announced"]

Floats = npt.NDArray[np.float64]

MATURITY = 24
"""Months over which the two-year yield averages the policy rate."""


@dataclass(frozen=True, eq=False)
class Announcement:
    """What an announcement does to the law.

    Parameters
    ----------
    month
        Month 1 to h in which it is made.
    path
        Announced policy rate by month, in percent, from that month to the last that it speaks of.
    expected
        The policy rate that was expected the month before for these months, in percent.
    move
        What the two-year yield does at once, in percentage points.
    row
        The condition on the month's innovation of that yield.
    told
        The statements that the path consists of.
    before
        The recursion that does not follow the path.
    """

    month: int
    path: Mapping[int, float]
    expected: Mapping[int, float]
    move: float
    row: Row
    told: tuple[Row, ...]
    before: System

    @property
    def last(self) -> int:
        """Last month that it speaks of."""
        return max(self.path)


def is_announced(row: Row) -> bool:
    """Whether the market knows a row before its month, or learns it in that month with what follows."""
    return 0 < row.announced <= row.month


def announce(
    system: System,
    free: System,
    rows: Sequence[Row],
    told: Sequence[Row],
    drivers: tuple[str, ...] = (),
    place: Place | None = None,
) -> tuple[System, Announcement]:
    """Announce a policy path.

    Parameters
    ----------
    system
        The recursion, with the months in which the policy rate is held.
    free
        The recursion of the model, without such months.
    rows
        What else is known; what concerns earlier months is part of what is expected.
    told
        The path: a row for each month from the announcement on.
    drivers, place
        As in `jpsim.conditioning.conditional.condition`.

    Returns
    -------
    The system that follows the path, and the announcement.
    """
    model, month, path = system.model, told[0].announced, {row.month: row.value for row in told}
    state = _state_before(system, rows, month, drivers, place)
    expected = _expected_path(free, state, max(len(path), MATURITY + 1))
    departure = np.array([path[each] for each in sorted(path)]) - expected[: len(path)]
    held = np.append(departure, np.full(MATURITY, departure[-1]))
    move = float(held[1 : MATURITY + 1].mean())
    yields = factors()[POLICY_RATE].priced_by
    weights, _ = system.level_row(model.factor(yields))
    text = f"{POLICY_RATE} announced in {model.as_of + month}: {yields} {100 * move:+.0f}bp at once"
    row = Row(
        POLICY_RATE, month, "hard", weights, 0.0, move, 0.0, -np.inf, np.inf, text, told[0].place, news=True
    )  # fmt: skip
    followed = system.impose([model.factor(POLICY_RATE), model.factor(EXPECTED_RATE)], path)
    prior = dict(zip(sorted(path), expected.tolist(), strict=False))
    return followed, Announcement(month, path, prior, move, row, tuple(told), system)


def _state_before(
    system: System, rows: Sequence[Row], month: int, drivers: tuple[str, ...], place: Place | None
) -> Floats:
    """Mean state at the end of the month before, given what the scenario says of the time up to it."""
    if month == 1:
        return system.start
    known = tuple(row for row in rows if row.month < month)
    mean: Floats = condition(system, known, drivers, place).moments.mean[month - 2]
    return mean


def _expected_path(free: System, state: Floats, months: int) -> Floats:
    """(months,) policy rate expected from a state on, in percent; coefficients are the same every month."""
    position, found = free.model.factor(POLICY_RATE), []
    for _ in range(months):
        state = free.offset[0] + free.transition[0] @ state
        found.append(state[position])
    return np.array(found)
