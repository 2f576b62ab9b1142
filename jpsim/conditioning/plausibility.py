"""How likely a scenario is by the model's own lights.

The squared Mahalanobis distance of the stated values from the model's mean is chi-square with as many
degrees of freedom as there are rows, whatever the scenario says. Its two decompositions say when and
which conditions cost most, and the implied shocks say how large the surprises are that deliver it
(modesty: Leeper and Zha 2003, doi:10.1016/j.jmoneco.2003.02.002).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
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
        Number of rows m that carry information.
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
        Largest mean shock that the conditions imply, in standard deviations, with its month and
        position among the orthogonal shocks.
    relative_entropy
        Information in nats that the conditions add to the rows' law; inf for hard conditions.
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

    def warnings(self, step: Step = "month") -> list[str]:
        """Plain warnings about an implausible, immodest or suspiciously smooth scenario."""
        found = []
        lowest = min(self.percentile, self.terminal_percentile)
        if self.rows and lowest < IMPLAUSIBLE:
            found.append(f"implausible: the model sees paths at least this far from its mean in {lowest:.2%} of cases")
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
        }


def judge_plausibility(
    gap: Floats,
    cov: Floats,
    exposure: Floats,
    response: Floats,
    months: npt.NDArray[np.int64],
    terminal: list[int],
    entropy: float,
    imposed: list[int],
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
        Positions of the last row of each quantity.
    entropy
        Relative entropy of the conditions, in nats.
    imposed
        Positions of rows on exogenous factors: they are taken as given, and the rest is judged given them.
    """
    kept = [i for i in range(gap.size) if i not in imposed]
    if not kept:
        none = np.zeros(gap.size)
        return Plausibility(0, 0.0, 1.0, 0, 1.0, none, none, 0.0, 0, 0.0)
    if imposed:
        slope = np.linalg.solve(cov[np.ix_(imposed, imposed)], cov[np.ix_(imposed, kept)]).T
        card = judge_plausibility(
            gap[kept] - slope @ gap[imposed],
            cov[np.ix_(kept, kept)] - slope @ cov[np.ix_(imposed, kept)],
            exposure[:, kept] - slope @ exposure[:, imposed],
            response[:, kept] - slope @ response[:, imposed],
            months[kept],
            [kept.index(i) for i in terminal if i in kept],
            entropy,
            [],
        )
        by_row, by_date = np.zeros(gap.size), np.zeros(gap.size)
        by_row[kept], by_date[kept] = card.by_row, card.by_date
        return replace(card, by_row=by_row, by_date=by_date)
    weight = np.linalg.solve(cov, gap)
    by_row = gap * weight
    distance = float(by_row.sum())
    steered = np.einsum("hmn,hkn->mk", response, exposure)
    noise = cov - np.einsum("hmn,hkn->mk", exposure, exposure)
    shocks = np.abs(np.einsum("hmn,m->hn", response, np.linalg.solve(steered + noise, gap)))
    month, _ = np.unravel_index(int(np.argmax(shocks)), shocks.shape)
    last = np.array(terminal)
    terminal_distance = float(gap[last] @ np.linalg.solve(cov[np.ix_(last, last)], gap[last]))
    return Plausibility(
        rows=gap.size,
        distance=distance,
        percentile=chi_square_tail(distance, gap.size),
        terminal_rows=last.size,
        terminal_percentile=chi_square_tail(terminal_distance, last.size),
        by_row=by_row,
        by_date=_surprises(gap, cov, months),
        largest_shock=float(shocks.max()),
        largest_shock_month=int(month) + 1,
        relative_entropy=entropy,
    )


def _surprises(gap: Floats, cov: Floats, months: npt.NDArray[np.int64]) -> Floats:
    """Squared chronological innovations of the rows, in the rows' own order."""
    order = np.argsort(months, kind="stable")
    factor = np.linalg.cholesky(cov[np.ix_(order, order)])
    squared = np.empty(gap.size)
    squared[order] = np.linalg.solve(factor, gap[order]) ** 2
    return squared
