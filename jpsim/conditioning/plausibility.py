"""How likely a scenario is by the model's own lights.

A scenario states values, and bounds within which others must stay. The squared Mahalanobis distance of the stated
values from the model's mean is chi-square with as many degrees of freedom as there are values, whatever the scenario
says. Its two decompositions say when and which conditions cost most, and the implied shocks say how large the surprises
are that deliver it (modesty: Leeper and Zha 2003, doi:10.1016/j.jmoneco.2003.02.002). Ranges have no distance but a
probability, given the values. The headline is the probability of both: of lying at least as far out, and within the
ranges.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jpsim.days import Step, say_step
from jpsim.special import chi_square_tail

__all__ = ["Plausibility", "judge_plausibility"]

Floats = npt.NDArray[np.float64]

SMOOTH = 0.99  # an upper tail above this is suspiciously close to the model's own mean path
IMPLAUSIBLE = 0.01
IMMODEST = 3.0  # implied shocks beyond this many standard deviations are outside most experience


@dataclass(frozen=True, slots=True)
class Plausibility:
    """The plausibility card of a scenario.

    Parameters
    ----------
    rows
        Number of stated values that carry information: ranges are not among them.
    distance
        Squared Mahalanobis distance d² of the stated values.
    percentile
        Probability that the model's own paths lie at least as far from its mean in these rows.
    terminal_rows, terminal_percentile
        The same for the last row of each quantity alone: filled-in paths dilute the first figure.
    by_row
        (m,) symmetric shares ``gap_i (V^-1 gap)_i`` of the distance; they sum to it.
    by_date
        (m,) shares by time, each row's surprise given the rows before it; they sum to it.
    largest_shock
        Largest mean shock that the conditions imply, ranges at their means, in standard deviations, and its month.
    relative_entropy
        Information in nats that the conditions add to the rows' law; inf for hard conditions.
    range_probability
        Probability of the ranges given the stated values; None without ranges.
    """

    rows: int
    distance: float
    percentile: float
    terminal_rows: int
    terminal_percentile: float
    by_row: Floats
    by_date: Floats
    largest_shock: float
    largest_shock_month: int
    relative_entropy: float
    range_probability: float | None = None

    @property
    def share(self) -> float | None:
        """Share of the model's own paths that lie at least as far out, and within the ranges.

        By the lower of the two percentiles: filled-in paths dilute the first. None if nothing is stated.
        """
        if not self.rows and self.range_probability is None:
            return None
        within = 1.0 if self.range_probability is None else self.range_probability
        return min(self.percentile, self.terminal_percentile) * within

    def warnings(self, step: Step = "month") -> list[str]:
        """Plain warnings about an implausible, immodest or suspiciously smooth scenario."""
        found = []
        if self.share is not None and self.share < IMPLAUSIBLE:
            far = "at least this far from its mean" if self.rows else ""
            within = "" if self.range_probability is None else "within the ranges"
            where = " and ".join(part for part in (far, within) if part)
            found.append(f"implausible: the model sees paths {where} in {self.share:.2%} of cases")
        if self.rows > 3 and self.percentile > SMOOTH:
            found.append(
                "suspiciously smooth: nearly all of the model's own paths vary more than the stated one; "
                "state fewer dates or give them an sd"
            )
        if self.largest_shock > IMMODEST:
            when = say_step(self.largest_shock_month, step)
            found.append(f"immodest: it takes a mean shock of {self.largest_shock:.1f} sd {when}")
        return found

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON of the card without the per-row shares."""
        return {
            "rows": self.rows,
            "distance": self.distance,
            "percentile": self.percentile,
            "terminal_rows": self.terminal_rows,
            "terminal_percentile": self.terminal_percentile,
            "largest_shock": self.largest_shock,
            "largest_shock_month": self.largest_shock_month,
            "relative_entropy": None if np.isinf(self.relative_entropy) else self.relative_entropy,
            "share": self.share,
        } | ({} if self.range_probability is None else {"range_probability": self.range_probability})


def judge_plausibility(
    gap: Floats,
    cov: Floats,
    exposure: Floats,
    response: Floats,
    months: npt.NDArray[np.int64],
    terminal: list[int],
    entropy: float,
    imposed: list[int],
    ranges: list[int] | None = None,
    range_probability: float | None = None,
) -> Plausibility:
    """Judge stated values against the model's law of the rows.

    Parameters
    ----------
    gap
        (m,) stated values (centres of soft ones) less the model's means.
    cov
        (m, m) covariance of the rows, measurement noise included.
    exposure, response
        (h, m, n) exposures to the shocks of each month, and their parts that are steered.
    months
        (m,) month of each row.
    terminal
        Positions of the last row of each quantity that has a value.
    entropy
        Relative entropy of the conditions, in nats.
    imposed
        Positions of rows on exogenous factors: they are taken as given, and the rest is judged given them.
    ranges, range_probability
        Positions of the ranges, none by default, and their probability given the values.
    """
    kept = [i for i in range(gap.size) if i not in imposed]
    by_row, by_date = np.zeros(gap.size), np.zeros(gap.size)
    if not kept:
        return Plausibility(0, 0.0, 1.0, 0, 1.0, by_row, by_date, 0.0, 0, 0.0, range_probability)
    slope = np.linalg.solve(cov[np.ix_(imposed, imposed)], cov[np.ix_(imposed, kept)]).T
    gap = gap[kept] - slope @ gap[imposed]
    cov = cov[np.ix_(kept, kept)] - slope @ cov[np.ix_(imposed, kept)]
    exposure, response = (part[:, kept] - slope @ part[:, imposed] for part in (exposure, response))
    shocks = _mean_shocks(gap, cov, exposure, response)
    values = [place for place, i in enumerate(kept) if i not in (ranges or [])]
    told, last = [kept[place] for place in values], [kept.index(i) for i in terminal if i in kept]
    distance, shares = _distance(gap, cov, values)
    by_row[told], by_date[told] = shares, _surprises(gap[values], cov[np.ix_(values, values)], months[told])
    return Plausibility(
        rows=len(values),
        distance=distance,
        percentile=_beyond(distance, len(values)),
        terminal_rows=len(last),
        terminal_percentile=_beyond(_distance(gap, cov, last)[0], len(last)),
        by_row=by_row,
        by_date=by_date,
        largest_shock=float(shocks.max()),
        largest_shock_month=int(np.unravel_index(int(np.argmax(shocks)), shocks.shape)[0]) + 1,
        relative_entropy=entropy,
        range_probability=range_probability,
    )


def _mean_shocks(gap: Floats, cov: Floats, exposure: Floats, response: Floats) -> Floats:
    """(h, n) sizes of the mean shocks that close the gaps, steered as the response says."""
    steered = np.einsum("hmn,hkn->mk", response, exposure)
    noise = cov - np.einsum("hmn,hkn->mk", exposure, exposure)
    shocks: Floats = np.einsum("hmn,m->hn", response, np.linalg.solve(steered + noise, gap))
    return np.abs(shocks)


def _distance(gap: Floats, cov: Floats, rows: list[int]) -> tuple[float, Floats]:
    """Squared distance of some rows, and the share of each."""
    shares = gap[rows] * np.linalg.solve(cov[np.ix_(rows, rows)], gap[rows])
    return float(shares.sum()), shares


def _beyond(distance: float, rows: int) -> float:
    return chi_square_tail(distance, rows) if rows else 1.0


def _surprises(gap: Floats, cov: Floats, months: npt.NDArray[np.int64]) -> Floats:
    """Squared chronological innovations of the rows, in the rows' own order."""
    order = np.argsort(months, kind="stable")
    factor = np.linalg.cholesky(cov[np.ix_(order, order)])
    squared = np.empty(gap.size)
    squared[order] = np.linalg.solve(factor, gap[order]) ** 2
    return squared
