"""Decisions on the target policy rate in a story: what the rule decides, or what it says of a stated path."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jpsim.simulation.law import MeetingRule
from jpsim.special import normal_cdf

__all__ = ["STEPS", "DecidedTarget", "StatedTarget", "judge_target", "move_probabilities", "tell_target"]

Floats = npt.NDArray[np.float64]

STEPS = (-2, -1, 0, 1, 2)
"""Moves at one meeting, in steps."""

_YEN_BOUND = 10.0  # percent
_STILL = 1e-6  # percentage points


@dataclass(frozen=True, slots=True)
class DecidedTarget:
    """What the rules decide, at the horizon and by month.

    Parameters
    ----------
    moves
        Net number of steps up to the horizon -> probability.
    at_floor
        (h,) probabilities that the target is at its floor.
    gap
        (h,) mean target less mean expected rate, in percentage points.
    """

    moves: dict[int, float]
    at_floor: Floats
    gap: Floats

    def __str__(self) -> str:
        signed = {steps: f"{steps:+d}".replace("+0", "0").replace("-", "\N{MINUS SIGN}") for steps in self.moves}
        told = ", ".join(f"{signed[steps]}: {share:.0%}" for steps, share in self.moves.items() if share >= 0.005)
        return f"decided at meetings; net steps of 25bp by the end: {told} (prior)"

    def to_dict(self) -> dict[str, object]:
        """Plain JSON."""
        moves = {str(steps): share for steps, share in self.moves.items()}
        return {"acts": True, "moves": moves, "at_floor": self.at_floor.tolist(), "gap": self.gap.tolist()}


@dataclass(frozen=True, slots=True)
class StatedTarget:
    """How likely the moves of a stated path are under the rule, meeting by meeting.

    Parameters
    ----------
    months
        Months with a meeting, 1 to h.
    probability
        Probability of the path's move at each, given the path before it.
    joint
        Probability of all of them together.
    """

    months: tuple[int, ...]
    probability: Floats
    joint: float

    def __str__(self) -> str:
        return f"reported, not applied: the rule would decide this path with probability {self.joint:.1%} (prior)"

    def to_dict(self) -> dict[str, object]:
        """Plain JSON."""
        return {
            "acts": False,
            "months": list(self.months),
            "probability": self.probability.tolist(),
            "joint": self.joint,
        }


def move_probabilities(rule: MeetingRule, index: Floats, age: Floats) -> Floats:
    """Probabilities of the moves `STEPS`, (5, ...), an ordered probit (McKelvey and Zavoina 1975).

    doi:10.1080/0022250X.1975.9989847.

    Parameters
    ----------
    rule
        Its coefficients.
    index
        Response x of `MeetingRule` without its noise.
    age
        Months since the last move, the month itself included.
    """
    up = rule.one_step + rule.caution * np.maximum(0.0, 1.0 - age / rule.recovery)
    down = -up - rule.patience
    cuts = np.stack([down - rule.two_steps, down, up, up + rule.two_steps])
    below = normal_cdf((cuts - index) / rule.noise)
    ends = np.zeros((1, *below.shape[1:]))
    probabilities: Floats = np.diff(np.concatenate([ends, below, 1.0 + ends]), axis=0)
    return probabilities


def tell_target(
    target: Floats, expected: Floats, start: float, weights: Floats, step: float, floor: float
) -> DecidedTarget:
    """Summarise decided targets.

    Parameters
    ----------
    target, expected
        (h, count) the target and the expected rate, in %.
    start
        Target at month 0.
    weights
        (count,) they sum to 1.
    step, floor
        Size of a step, and the lowest target.
    """
    net = np.ceil((target[-1] - start) / step - _STILL).astype(int)  # a floor off the grid counts as the step above
    moves = {int(steps): float(weights[net == steps].sum()) for steps in np.unique(net)}
    at_floor = (target <= floor + _STILL) @ weights
    return DecidedTarget(moves, at_floor, (target - expected) @ weights)


def judge_target(
    rule: MeetingRule, target: Floats, observed: tuple[Floats, Floats, Floats], start: float, weights: Floats
) -> StatedTarget:
    """Judge stated paths of the target by the rule.

    Parameters
    ----------
    rule
        The rule.
    target
        (h, count) stated target, in %.
    observed
        Expected rate, core CPI and USD/JPY, each (h, count).
    start, weights
        As in `tell_target`.
    """
    before = np.vstack([np.full(target.shape[1], start), target[:-1]])
    index = response(rule, *observed) - before
    moved = target - before
    moves = np.where(np.abs(moved) < _STILL, 0, np.sign(moved) * np.maximum(1, np.rint(np.abs(moved) / rule.step)))
    months, age, likely = np.flatnonzero(rule.meets), np.full(target.shape[1], rule.age), []
    for month in range(target.shape[0]):
        age = age + 1.0
        if rule.meets[month]:
            place = np.clip(moves[month], STEPS[0], STEPS[-1]).astype(int) - STEPS[0]
            probabilities = move_probabilities(rule, index[month], age)
            likely.append(np.take_along_axis(probabilities, place[None], axis=0)[0])
        age = np.where(moves[month] != 0, 0.0, age)
    each = np.array(likely).reshape(months.size, target.shape[1])
    return StatedTarget(tuple((months + 1).tolist()), each @ weights, float(np.prod(each, axis=0) @ weights))


def response(rule: MeetingRule, expected: Floats, prices: Floats, level: Floats) -> Floats:
    """Response x of `MeetingRule` plus the target."""
    weak = np.clip(100.0 * np.log(level / rule.yen_level), -_YEN_BOUND, _YEN_BOUND)
    found: Floats = expected + rule.inflation * (prices - rule.inflation_target) + rule.yen * weak
    return found
