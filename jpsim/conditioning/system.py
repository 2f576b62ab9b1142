"""A model's factor dynamics as a first-order recursion of a state vector.

The state is ``[y_t, y_{t-1}, ..., y_{t-p+1}, cum_t]``, as `jpsim.simulation.law` describes it: p blocks
of n observations, then the sum since month 0 of each factor that is observed as a monthly
difference. Levels of all factors, in model units, are then linear in the state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from jpsim.model import Model

__all__ = ["System", "build_system"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class System:
    """``s_t = offset_t + transition_t s_{t-1} + impact_t z_t`` over h months, ``z_t ~ N(0, I_n)``.

    Parameters
    ----------
    model
        The model behind it.
    start
        (d,) state at month 0.
    base_level
        (n,) reported levels at month 0, scenario overrides included.
    offset, transition, impact
        (h, d), (h, d, d), (h, d, n).
    """

    model: Model
    start: Floats
    base_level: Floats
    offset: Floats
    transition: Floats
    impact: Floats

    @property
    def horizon(self) -> int:
        """Number of months h."""
        return int(self.offset.shape[0])

    @cached_property
    def cumulated(self) -> npt.NDArray[np.int64]:
        """Positions of the factors whose differences are summed in the state."""
        return np.flatnonzero(self.model.in_differences)

    def level_row(self, factor: int) -> tuple[Floats, float]:
        """Return (row, constant): the factor's level in model units is ``row @ s_t + constant``."""
        row = np.zeros(self.start.size)
        if not self.model.in_differences[factor]:
            row[factor] = 1.0
            return row, 0.0
        first = self.start.size - self.cumulated.size
        row[first + int(np.searchsorted(self.cumulated, factor))] = 1.0
        return row, 100.0 * float(np.log(self.base_level[factor]))

    def hold(self, factor: int, months: set[int]) -> System:
        """Return the system in which a factor does not move in some months (1 to h).

        Meant for a factor on which no other depends, such as the policy rate between meetings.
        """
        offset, transition, impact = self.offset.copy(), self.transition.copy(), self.impact.copy()
        for month in months:
            offset[month - 1, factor] = 0.0
            transition[month - 1, factor] = 0.0
            transition[month - 1, factor, factor] = 1.0
            impact[month - 1, factor] = 0.0
        return System(self.model, self.start, self.base_level, offset, transition, impact)

    def impose(self, factors: Sequence[int], path: Mapping[int, float]) -> System:
        """Return the system in which factors observed as levels follow a known path in some months (1 to h).

        Meant for factors on which no others depend.
        """
        offset, transition, impact = self.offset.copy(), self.transition.copy(), self.impact.copy()
        for month, value in path.items():
            for factor in factors:
                offset[month - 1, factor] = value
                transition[month - 1, factor] = 0.0
                impact[month - 1, factor] = 0.0
        return System(self.model, self.start, self.base_level, offset, transition, impact)

    @cached_property
    def means(self) -> Floats:
        """(h + 1, d) unconditional means of the state, month 0 first."""
        path = [self.start]
        for offset, transition in zip(self.offset, self.transition, strict=True):
            path.append(offset + transition @ path[-1])
        return np.array(path)


def build_system(model: Model, horizon: int, levels: Mapping[str, float] | None = None) -> System:
    """Build the recursion of a model from its state.

    Parameters
    ----------
    model
        The model.
    horizon
        Months h.
    levels
        Reported levels at month 0 that replace the model's, by factor.
    """
    n, lags = len(model.factors), model.lags
    cumulated = np.flatnonzero(model.in_differences)
    size = n * lags + cumulated.size
    offset, transition, impact = np.zeros(size), np.zeros((size, size)), np.zeros((size, n))
    offset[:n] = model.c
    for lag in range(lags):
        transition[:n, lag * n : (lag + 1) * n] = model.B[lag]
    transition[n : n * lags, : n * (lags - 1)] = np.eye(n * (lags - 1))
    impact[:n] = model.root
    sums = slice(n * lags, size)
    offset[sums], transition[sums], impact[sums] = offset[cumulated], transition[cumulated], impact[cumulated]
    transition[sums, sums] = np.eye(cumulated.size)
    start, base_level = _start(model, levels or {}, size)
    return System(
        model,
        start,
        base_level,
        np.repeat(offset[None], horizon, axis=0),
        np.repeat(transition[None], horizon, axis=0),
        np.repeat(impact[None], horizon, axis=0),
    )


def _start(model: Model, levels: Mapping[str, float], size: int) -> tuple[Floats, Floats]:
    start, base_level = np.zeros(size), model.base_level.copy()
    blocks = model.state[::-1].reshape(-1)
    start[: blocks.size] = blocks
    for name, level in levels.items():
        position = model.factor(name)
        base_level[position] = level
        if not model.in_differences[position]:
            start[position] = 100.0 * np.log(level) if model.transform[position] == "log100" else level
    return start, base_level
