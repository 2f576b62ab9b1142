"""What ranges cost: how much of their joint probability each of them takes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.conditional import Conditional
from jpsim.conditioning.rows import Row
from jpsim.conditioning.truncation import Truncation
from jpsim.special import normal_cdf

__all__ = ["range_costs"]


def range_costs(conditional: Conditional) -> list[tuple[str, float]]:
    """Share minus twice the log probability of all ranges among them, by what each has by itself.

    That is the unit of a squared distance: d² is minus twice the log of a value's density over that of the mean. Ranges
    whose probabilities are independent cost minus twice the log of their own.

    Returns
    -------
    Statement and cost; a window is one statement.
    """
    law = conditional.targets.ranges
    if law is None:
        return []
    groups: dict[object, list[int]] = {}
    for place, row in enumerate(conditional.table.bounded):
        groups.setdefault(_statement(row, place), []).append(place)
    texts = [conditional.table.bounded[places[0]].text for places in groups.values()]
    own = -2.0 * np.log([max(_alone(law, places), 1e-300) for places in groups.values()])
    total = -2.0 * float(np.log(max(law.probability, 1e-300)))
    return list(zip(texts, (own * total / max(float(own.sum()), 1e-300)).tolist(), strict=True))


def _statement(row: Row, place: int) -> object:
    """What tells a statement from others: a window speaks once, for all its months."""
    if row.touch is not None:
        return row.touch.window
    return row.text if row.window else place


def _alone(law: Truncation, places: list[int]) -> float:
    """Probability of some ranges without the others."""
    reaches = tuple(reach for reach in law.reaches if set(reach.positions) & set(places))
    if len(places) == 1 and not reaches:
        [i] = places
        sd = float(np.sqrt(law.variance[i]))
        ends: npt.NDArray[np.float64] = (np.array([law.low[i], law.high[i]]) - law.mean[i]) / sd
        ends = -ends[::-1] if ends[0] > 0.0 else ends
        return float(np.diff(normal_cdf(ends))[0])
    ours = np.isin(np.arange(law.mean.size), places)
    low, high = np.where(ours, law.low, -np.inf), np.where(ours, law.high, np.inf)
    return replace(law, low=low, high=high, reaches=reaches).probability
