"""The law of the values that soft conditions take: margins as stated, ranges as truncations.

Hard and measurement rows leave a normal law of the other rows. Marginal rows replace its margins,
tables put probabilities on single values (`jpsim.conditioning.stated`); ranges truncate what is left
given those. A path's draw of these values, less their centres, is its target, and the gain of the
conditional system does the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.margins import relative_entropy
from jpsim.conditioning.rows import Row, RowTable, drawing_order
from jpsim.conditioning.stacked import StackedRows
from jpsim.conditioning.stated import StatedLaw, fit_stated
from jpsim.conditioning.truncation import Reach, Truncation
from jpsim.special import normal_cdf

__all__ = ["TargetLaw", "find_targets"]

Floats = npt.NDArray[np.float64]

_LEAST = 1e-15  # what keeps uniforms within the open unit interval


@dataclass(frozen=True, eq=False)
class TargetLaw:
    """Joint law of the q free rows' values, as deviations from their centres.

    Parameters
    ----------
    free
        Positions of the rows: the marginal ones, the tables, then the ranges.
    centre
        (q,) centres, in model units.
    stated
        Law of the a rows with a stated law.
    follow
        (q - a, a) response of the ranges' means to the rows with a stated law.
    ranges
        Truncated law of the ranges' deviations, given deviations of zero there; None without ranges. Ranges that follow
        from other rows come last in it, and are no free rows.
    tied
        (k, a) response of these ranges to the rows with a stated law.
    model_gap, model_cov
        (a,) and (a, a): what the model itself says of the rows with a stated law, as its mean less their
        centres, and its covariance.
    spread
        (q, q) covariance of the deviations (for one range or none, and as an approximation for several).
    entropy
        Relative entropy of this law from the model's, in nats.
    """

    free: tuple[int, ...]
    centre: Floats
    stated: StatedLaw
    follow: Floats
    ranges: Truncation | None
    tied: Floats
    model_gap: Floats
    model_cov: Floats
    spread: Floats
    entropy: float

    @property
    def weighted(self) -> bool:
        """Whether draws carry weights: with ranges, but for one range and at most one stated law, or as they do."""
        several = self.ranges is not None and (self.ranges.mean.size > 1 or self.stated.size > 1)
        return several or self.stated.weighted

    @property
    def size(self) -> int:
        """Number of free rows q."""
        return len(self.free)

    @property
    def choices(self) -> int:
        """Number of uniforms that a draw takes besides its scores."""
        return 0 if self.ranges is None else len(self.ranges.reaches)

    def points(self, row: int) -> tuple[Floats, Floats] | None:
        """Values (k,) that a table or range takes, in model units, and their probabilities; None for a normal margin.

        Those of a range are points of a lattice rule, with the rows of a stated law at their centres.

        Parameters
        ----------
        row
            Position of the row.
        """
        place = self.free.index(row)
        if place < self.stated.normal:
            return None
        if place >= self.stated.size:
            assert self.ranges is not None
            values, share = self.ranges.sample(place - self.stated.size)
        else:
            assert self.stated.grid is not None
            values, share = self.stated.grid.points[place - self.stated.normal], self.stated.grid.probabilities
        return self.centre[place] + values, share

    def draw_stated(self, scores: Floats) -> Floats:
        """Turn standard normal scores (q, count) into deviations (a, count) of the rows with a stated law.

        Each value rises with its own score, given the rows before it.
        """
        normal, size = self.stated.normal, self.stated.size
        uniforms = np.clip(normal_cdf(scores[normal:size]), _LEAST, 1.0 - _LEAST)
        return self.stated.draw(scores[:normal], uniforms)

    def draw_ranges(
        self, scores: Floats, choices: Floats, stated: Floats, given: tuple[Floats, Floats] | None = None
    ) -> tuple[Floats, Floats]:
        """Turn scores (q, count) into deviations (q - a, count) of the free ranges, and their log weights (count,).

        Parameters
        ----------
        scores
            As in `draw_stated`.
        choices
            Uniforms that choose the months in which windows are reached.
        stated
            (a, count) deviations of the rows with a stated law.
        given
            Mean (q - a, count) of the ranges' deviations given these and the months' scales, and roots (q - a, q - a,
            count) of their covariances; where all scales are 1 they are known here.
        """
        if self.ranges is None:
            return np.zeros((0, scores.shape[1])), np.zeros(scores.shape[1])
        free = self.size - self.stated.size
        mean, root = given or (self.ranges.mean[:free, None] + self.follow @ stated, None)
        if self.ranges.ties is not None:
            mean = np.concatenate([mean, self.ranges.ties @ mean + self.tied @ stated])
        values, log_weight = self.ranges.draw(scores[self.stated.size :], choices, mean, root)
        return values[:free], log_weight


def find_targets(table: RowTable, stacked: StackedRows) -> TargetLaw:
    """Derive the law of the free rows' values from the model's law given the hard and measured rows."""
    normal, tabled, ranges = table.of_kind("marginal"), table.of_kind("table"), drawing_order(table)
    rows = normal + tabled
    mean, cov = _given(table, stacked, table.of_kind("hard") + table.of_kind("measurement"))
    wanted, apart = table.values[rows], cov[np.ix_(rows, rows)]
    sd, laws = np.array([table.rows[i].sd for i in normal]), [table.rows[i].table for i in tabled]
    stated = fit_stated(apart, sd, table.values[tabled], laws)
    entropy = np.inf if tabled else relative_entropy(wanted, stated.cov, mean[rows], apart) if rows else 0.0
    follow, left_mean, left_cov = _regress(mean, cov, rows, ranges, wanted)
    law, centre, within = _truncate(table, ranges, left_mean, left_cov)
    tied = np.zeros((0, len(rows))) if table.ties is None else table.ties.weights[:, rows]
    if law is not None:
        entropy -= float(np.log(max(law.probability, 1e-300)))
    cross = follow @ stated.cov
    return TargetLaw(
        tuple(rows + ranges),
        np.concatenate([wanted, centre]),
        stated,
        follow,
        law,
        tied,
        mean[rows] - wanted,
        apart,
        np.block([[stated.cov, cross.T], [cross, within + cross @ follow.T]]),
        float(entropy),
    )


def _given(table: RowTable, stacked: StackedRows, given: list[int]) -> tuple[Floats, Floats]:
    """Mean and covariance of all rows given the hard and measured ones."""
    variance = stacked.cov[np.ix_(given, given)] + np.diag(table.noise[given])
    gain = np.linalg.solve(variance, stacked.cov[given]).T
    mean = stacked.mean + gain @ (table.values[given] - stacked.mean[given])
    return mean, stacked.cov - gain @ stacked.cov[given]


def _regress(
    mean: Floats, cov: Floats, on: list[int], rows: list[int], values: Floats
) -> tuple[Floats, Floats, Floats]:
    """Regression of `rows` on the rows `on`: slope, mean at the given values, residual covariance."""
    slope = np.asarray(np.linalg.solve(cov[np.ix_(on, on)], cov[np.ix_(on, rows)]).T, dtype=np.float64)
    left_mean = mean[rows] + slope @ (values - mean[on])
    return slope, left_mean, cov[np.ix_(rows, rows)] - slope @ cov[np.ix_(on, rows)]


def _truncate(
    table: RowTable, ranges: list[int], mean: Floats, cov: Floats
) -> tuple[Truncation | None, Floats, Floats]:
    """Truncated law of the ranges' deviations from their own truncated mean, that mean, and its covariance.

    Mean and covariance are of the ranges that are rows; the law has the tied ones, too.
    """
    if not ranges:
        return None, np.zeros(0), np.zeros((0, 0))
    bounded, ties, free = table.bounded, None, len(ranges)
    if table.ties is not None:
        values = np.nan_to_num(table.values)
        values[ranges] = mean
        mean = np.concatenate([mean, table.ties.weights @ values + table.ties.constants])
        ties = np.ascontiguousarray(table.ties.weights[:, ranges])
    low, high = np.array([row.low for row in bounded]), np.array([row.high for row in bounded])
    law = Truncation(mean, cov, low, high, _reaches(bounded, np.zeros(mean.size)), ties)
    centre, within = law.moments
    moved = Truncation(mean - centre, cov, low - centre, high - centre, _reaches(bounded, centre), ties)
    return moved, centre[:free], within[:free, :free]


def _reaches(ranges: Sequence[Row], centre: Floats) -> tuple[Reach, ...]:
    """Bounds that one month of a window must meet, as deviations from the rows' centres."""
    touches = {place: touch for place, row in enumerate(ranges) if (touch := row.touch) is not None}
    found = []
    for window in dict.fromkeys(touch.window for touch in touches.values()):
        at = [place for place, touch in touches.items() if touch.window == window]
        low, high = np.array([touches[i].low for i in at]), np.array([touches[i].high for i in at])
        found.append(Reach(tuple(at), low - centre[at], high - centre[at]))
    return tuple(found)
