"""Goal seek: how far one number of a scenario must go for a statistic to take a wanted value.

Every evaluation draws the scenario anew with the same random numbers, so that the statistic is a smooth
function of the number and a root of it is a root of the run that a user would carry out. Means of normal
laws come from the closed form, without any draw.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np
from scipy.optimize import brentq

from jpsim.errors import InputError, LimitBreached

__all__ = ["Answer", "Goal", "Solution", "seek_goal"]

_STRIDES = 12
_BEYOND = 1.2  # times the way that the last stride says is left
_LEAST_STRIDE, _MOST_STRIDE = 1.5, 8.0  # over the one before
_HALVINGS = 4
_MOST = 60
_ALIKE = 1e-9
_NEGLIGIBLE = 0.1  # of the Monte Carlo error: differences below it are not pursued


@dataclass(frozen=True, slots=True)
class Answer:
    """A statistic at one value of the knob: its value, and its Monte Carlo error (0 for a closed form)."""

    value: float
    error: float


Question = Callable[[float], Answer]
"""The statistic as a function of the knob; InputError or LimitBreached where the scenario cannot be carried out."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What is wanted of a knob.

    Parameters
    ----------
    target
        Wanted value of the statistic.
    start
        Value of the knob from which the search begins.
    step
        First step of the search, above 0.
    low, high
        Ends that the knob may not leave, infinite where there is none; the search begins between them.
    """

    target: float
    start: float
    step: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Solution:
    """The knob's value at which the statistic takes the wanted value.

    Parameters
    ----------
    value
        The knob.
    error
        Its standard error from Monte Carlo: the statistic's error over its slope.
    answer, slope
        The statistic at the solution, and its change per unit of the knob.
    tried
        The statistic at every value of the knob that was evaluated.
    """

    value: float
    error: float
    answer: Answer
    slope: float
    tried: Mapping[float, Answer]

    @property
    def evaluations(self) -> int:
        """Number of scenarios that were evaluated."""
        return len(self.tried)


def seek_goal(
    question: Question, goal: Goal, write: Callable[[float], str], tell: Callable[[float], str] = "{:.4g}".format
) -> Solution:
    """Find the value of a knob at which a statistic takes the wanted value.

    Parameters
    ----------
    question
        The statistic as a function of the knob, monotone between the ends.
    goal
        What is wanted, and where to look.
    write, tell
        A value of the knob, and one of the statistic, in words.

    Returns
    -------
    Solution
        Rounded to six significant digits.

    Raises
    ------
    InputError
        If the knob cannot reach the target: names what it can give, and why it goes no further.
    """
    search = _Search(question, goal, write, tell)
    low, high = search.bracket
    span = high - low
    root = low if span == 0.0 else brentq(search.miss, low, high, xtol=1e-8 * span, rtol=1e-12, maxiter=_MOST)
    root = _rounded(root)
    answer = search.ask(root)
    slope = search.slope(root)
    error = answer.error / abs(slope) if slope else np.inf
    return Solution(root, float(error), answer, slope, MappingProxyType(dict(search.asked)))


class _Search:
    """Evaluations so far, and the bracket of the root that they give."""

    def __init__(
        self, question: Question, goal: Goal, write: Callable[[float], str], tell: Callable[[float], str]
    ) -> None:
        self.goal, self.write, self.tell = goal, write, tell
        self.asked: dict[float, Answer] = {}
        self._question = question
        self._refused: dict[float, str] = {}

    def ask(self, value: float) -> Answer:
        if value not in self.asked:
            self.asked[value] = self._question(value)
        return self.asked[value]

    def miss(self, value: float) -> float:
        """Return the statistic less the target; 0 where the difference is far below the Monte Carlo error."""
        answer = self.ask(value)
        miss = answer.value - self.goal.target
        return 0.0 if abs(miss) < _NEGLIGIBLE * answer.error else miss

    @cached_property
    def bracket(self) -> tuple[float, float]:
        """Two values between which the statistic passes the target: first the promising direction is searched."""
        start = self.goal.start
        if self.miss(start) == 0.0:
            return start, start
        first = 1 if self._nears(1) else -1
        for sign in (first, -first):
            inner = start
            for outer in self._outwards(sign):
                if self.miss(outer) * self.miss(inner) <= 0.0:
                    return min(inner, outer), max(inner, outer)
                inner = outer
        raise self._out_of_reach()

    def slope(self, root: float) -> float:
        """Secant slope across the root; one-sided at an end."""
        goal = self.goal
        width = 0.02 * max(abs(root - goal.start), goal.step)
        values = [value for value in (root - width, root, root + width) if goal.low <= value <= goal.high]
        values = [value for value in values if self._possible(value)]
        first, last = min(values), max(values)
        return (self.ask(last).value - self.ask(first).value) / (last - first) if last > first else 0.0

    def _nears(self, sign: int) -> bool:
        """Whether a first step in a direction brings the statistic nearer to the target."""
        goal = self.goal
        value = _rounded(np.clip(goal.start + sign * goal.step, goal.low, goal.high))
        return self._possible(value) and abs(self.miss(value)) < abs(self.miss(goal.start))

    def _outwards(self, sign: int) -> Iterator[float]:
        """Possible values further and further from the start, until the target is passed or the knob ends."""
        goal, inner, way = self.goal, self.goal.start, self.goal.step
        for stride in range(_STRIDES):
            outer = _rounded(np.clip(goal.start + sign * way, goal.low, goal.high))
            if outer == inner:
                return
            if not self._possible(outer):
                yield from self._towards(inner, outer)
                return
            yield outer
            stuck = stride > 2 and abs(self.miss(outer) - self.miss(inner)) < _ALIKE
            if stuck and not np.isfinite([goal.low, goal.high]).all():
                return
            way, inner = way * self._lengthened(outer), outer

    def _lengthened(self, outer: float) -> float:
        """By how much the way from the start to a value should grow to pass the target: a little beyond its secant."""
        before = self.miss(self.goal.start)
        gone = (before - self.miss(outer)) / before
        return float(np.clip(_BEYOND / gone, _LEAST_STRIDE, _MOST_STRIDE)) if gone > 0.0 else 2.0

    def _towards(self, inner: float, refused: float) -> Iterator[float]:
        """Approach a value that is refused by halving the way to it."""
        for _ in range(_HALVINGS):
            middle = _rounded(0.5 * (inner + refused))
            if self._possible(middle):
                yield middle
                inner = middle
            else:
                refused = middle

    def _possible(self, value: float) -> bool:
        if value in self._refused:
            return False
        try:
            self.ask(value)
        except (InputError, LimitBreached) as problem:
            self._refused[value] = str(problem).splitlines()[0]
            return False
        return True

    def _out_of_reach(self) -> InputError:
        values = sorted(self.asked)
        answers = sorted(answer.value for answer in self.asked.values())
        found = (
            f"the knob cannot bring the statistic to {self.tell(self.goal.target)}: between {self.write(values[0])} "
            f"and {self.write(values[-1])} it gives {self.tell(answers[0])} to {self.tell(answers[-1])}"
        )
        below = [value for value in self._refused if value < values[0]]
        above = [value for value in self._refused if value > values[-1]]
        nearest = [*sorted(below)[-1:], *sorted(above)[:1]]
        reasons = [f"    at {self.write(value)}: {self._refused[value]}" for value in nearest]
        return InputError("\n".join([found, *reasons]))


def _rounded(value: float) -> float:
    """Six significant digits: what a person would write into a scenario."""
    return float(f"{value:.6g}")
