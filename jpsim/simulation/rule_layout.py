"""From a law's state-dependent rules to what the kernels take."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from jpsim.simulation.kernels.arrays import Intervention, Meetings
from jpsim.simulation.law import Law
from jpsim.simulation.padding import pad

__all__ = ["lay_out_intervention", "lay_out_meetings"]

_COEFFICIENTS = 12  # of the meeting rule, from `age` on
_EFFECTS = 11  # of the intervention rule, up to `turbulence`


def lay_out_meetings(law: Law) -> Meetings:
    """Lay out the rules of the target policy rate; its row is -1 where none is in force."""
    months, rules = law.dynamics.intercept.shape[0], law.rules
    if rules is None or rules.target < 0:
        return Meetings(-1, -1, -1, -1, 0, -np.inf, 0.0, np.zeros(months, dtype=np.int64), np.zeros(_COEFFICIENTS))
    rule, start = rules.meetings, float(law.start[rules.target])
    if rule is None:
        nothing = np.zeros(months, dtype=np.int64), np.zeros(_COEFFICIENTS)
        return Meetings(rules.target, -1, -1, -1, 0, rules.floor, start, *nothing)
    numbers = np.array(rule[4:], dtype=np.float64)
    meets = np.array(rule.meets, dtype=np.int64)
    return Meetings(rules.target, rule.expected, rule.prices, rule.currency, 1, rules.floor, start, meets, numbers)


def lay_out_intervention(law: Law, sum_of: npt.NDArray[np.int64]) -> Intervention:
    """Lay out the rule of intervention; its factor is -1 where it is not in force.

    Parameters
    ----------
    law
        The law.
    sum_of
        (n,) row of each factor's summed differences.
    """
    months, rules = law.dynamics.intercept.shape[0], law.rules
    if rules is None or rules.intervention is None:
        nothing = np.zeros((months, 0)), np.zeros((months, 0), dtype=np.int64), np.zeros((months, 0, 0))
        return Intervention(-1, 1.0, -1, np.zeros(_EFFECTS), *nothing)
    rule = rules.intervention
    reach = np.array(rule.reach, dtype=np.float64)
    ahead, steer = np.zeros(reach.shape, dtype=np.int64), np.zeros((months, 0, 0))
    if law.mixing is not None and reach.shape[1]:
        mixing = law.mixing
        steer = -pad(mixing.exposure if mixing.response is None else mixing.response, 2)
        moves = np.any(np.asarray(mixing.exposure) != 0.0, axis=2)  # (h, m): month s moves the row
        ahead[:-1] = np.flip(np.logical_or.accumulate(np.flip(moves, 0), axis=0), 0)[1:]
    numbers = np.array(rule[:_EFFECTS], dtype=np.float64)
    base, row = float(law.levels.base[rules.currency]), int(sum_of[rules.currency])
    return Intervention(rules.currency, base, row, numbers, reach, ahead, steer)
