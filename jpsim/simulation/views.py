"""Views as moments of the sample: what a set of weights has to meet.

Each view becomes one or two functions of the path whose weighted means are zero, or bounded by zero. A
view on expected shortfall is linear once its value at risk is known (Meucci 2008; Vorobets 2021), so
that one is searched for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from jpsim.days import Instant
from jpsim.dictionary import factors, series
from jpsim.errors import InputError, Place, Problem
from jpsim.scenario import Bounds, View
from jpsim.simulation.tilting import Moments, Unreachable, relative_entropy_of, tilt

__all__ = ["Demand", "demands_of", "impose"]

Floats = npt.NDArray[np.float64]
Values = Callable[[str, int], Floats]
"""(series, month) -> (count,) level of a factor, or cumulative simple return of a series; at month 0 a number."""

_Stated = tuple[Floats, tuple[int, ...], tuple[Floats, float, float] | tuple[()]]
_ROUNDS = 3  # passes over several views on expected shortfall


@dataclass(frozen=True, eq=False)
class Demand:
    """One statement about the weighted sample.

    Parameters
    ----------
    text, place
        What it says, and where it was written.
    moments, signs
        k functions, and for each 0 (mean zero), 1 (at least) or -1 (at most zero).
    losses
        For expected shortfall the (count,) losses; None otherwise.
    share, shortfall
        Tail probability, and the stated expected shortfall, of such a view.
    seen
        What the drawn paths have to offer, for messages.
    """

    text: str
    place: Place | None
    moments: Moments
    signs: tuple[int, ...]
    losses: Floats | None = None
    share: float = 0.0
    shortfall: float = 0.0
    seen: str | None = None

    def part(self, begin: int, end: int) -> Floats:
        """(k, end - begin) functions of some paths."""
        return self.moments(begin, end) if callable(self.moments) else self.moments[:, begin:end]

    def at_risk(self, threshold: float) -> Demand:
        """Return the view on expected shortfall as two moments, given its value at risk."""
        if self.losses is None:
            return self
        beyond = (self.losses >= threshold).astype(np.float64)
        moments = np.array([beyond - self.share, (self.losses - self.shortfall) * beyond])
        return Demand(self.text, self.place, moments, (0, *self.signs[:1]), seen=self.seen)


def demands_of(
    view: View,
    place: Place | None,
    values: Values,
    as_of: Instant,
    weights: Floats,
    means: Mapping[tuple[str, int], float],
) -> list[Demand]:
    """Turn a view into demands on the sample.

    Parameters
    ----------
    view
        The view.
    place
        Where it was written.
    values
        The sample.
    as_of
        Month 0.
    weights
        (count,) weights before any view, summing to 1.
    means
        Stated means by series and month, around which a standard deviation is meant; elsewhere it is
        meant around the mean before any view.
    """
    when = view.at if view.at is not None else view.by
    assert when is not None  # the grammar asks for one of them
    month = when.index(as_of)
    x = _sample(view, values, month)
    text = f"view on the {view.statistic} of {view.series}"
    centre = means.get((view.series, month), float((x * weights).sum()))
    seen = _offered(view, x, weights)
    return [
        replace(Demand(text, place, moments, signs, *rest), seen=seen)
        for moments, signs, rest in _moments(view, x, centre)
    ]


def _offered(view: View, x: Floats, weights: Floats) -> str:
    """What the drawn paths have to offer a view."""
    if view.statistic == "probability":
        return f"what the drawn paths offer: a probability of {_inside(view, x) @ weights:.1%} before any view"
    low, high, mean = (
        f"{value:.1%}" if view.series in series() else f"{value:.5g}" for value in (x.min(), x.max(), x @ weights)
    )
    return f"what the drawn paths offer: {low} to {high}, {mean} on average before any view"


def _inside(view: View, x: Floats) -> npt.NDArray[np.bool_]:
    """(count,) whether a path is where the view's probability is meant."""
    if view.above is not None:
        return x > view.above.value
    assert view.below is not None  # the grammar asks for one of them
    return x < view.below.value


def _sample(view: View, values: Values, month: int) -> Floats:
    if view.by is not None:
        path = np.array([values(view.series, t) for t in range(1, month + 1)])
        extreme: Floats = path.max(axis=0) if view.above is not None else path.min(axis=0)
        return extreme
    x = values(view.series, month)
    if view.statistic[:-2] in ("var", "es") and view.series in factors():
        return x - values(view.series, 0)  # a factor's loss is its fall since month 0, as in the summary
    return x if view.versus is None else x - values(view.versus, month)


def _moments(view: View, x: Floats, centre: float) -> Iterator[_Stated]:
    statistic = view.statistic
    if statistic == "quantile":
        for share, bounds in (view.quantile or {}).items():
            for value, sign in _each(bounds):  # a quantile is at least v if at most that share lies below v
                yield np.array([(x <= value) - share]), (-sign,), ()
        return
    for value, sign in _each(getattr(view, statistic)):
        if statistic == "mean":
            yield np.array([x - value]), (sign,), ()
        elif statistic == "sd":
            yield np.array([x - centre, (x - centre) ** 2 - value**2]), (0, sign), ()
        elif statistic == "probability":
            yield np.array([_inside(view, x) - value]), (sign,), ()
        elif statistic.startswith("var"):
            yield np.array([(x <= -value) - _tail(statistic)]), (sign,), ()
        else:
            yield np.zeros((0, x.size)), (sign,), (-x, _tail(statistic), value)


def _each(bounds: Bounds) -> Iterator[tuple[float, int]]:
    for stated, sign in ((bounds.equal, 0), (bounds.at_least, 1), (bounds.at_most, -1)):
        if stated is not None:
            yield stated.value, sign


def _tail(statistic: str) -> float:
    return 1.0 - int(statistic[-2:]) / 100.0


def impose(log_weights: Floats, demands: list[Demand]) -> Floats:
    """Return log weights that meet all demands, nearest to those given in relative entropy.

    Raises
    ------
    InputError
        If no weights on the drawn paths can; it names the views that clash.
    """
    if not demands:
        return log_weights
    thresholds = {i: _start(demand) for i, demand in enumerate(demands) if demand.losses is not None}

    def at_risk(trial: dict[int, float]) -> list[Demand]:
        return [demand.at_risk(trial.get(i, 0.0)) for i, demand in enumerate(demands)]

    def solve(trial: dict[int, float]) -> Floats:
        return _tilt(log_weights, at_risk(trial))

    try:
        for _ in range(_ROUNDS if len(thresholds) > 1 else 1):
            for i in thresholds:
                thresholds[i] = _best_threshold(i, thresholds, demands[i], log_weights, solve)
        return solve(thresholds)
    except Unreachable:
        raise _refusal(_clashing(log_weights, at_risk(thresholds))) from None


def _tilt(log_weights: Floats, demands: list[Demand]) -> Floats:
    signs = np.array([sign for demand in demands for sign in demand.signs], dtype=np.int64)
    return tilt(log_weights, lambda *place: np.vstack([demand.part(*place) for demand in demands]), signs)


def _clashing(log_weights: Floats, demands: list[Demand]) -> list[Demand]:
    """Fewest of the demands that no weights meet together: each one without which the rest still clash is left out."""
    left = demands
    for demand in demands:
        rest = [other for other in left if other is not demand]
        try:
            if rest:
                _tilt(log_weights, rest)
        except Unreachable:
            left = rest
    return left


def _refusal(clashing: list[Demand]) -> InputError:
    together = " together with the other views named here" if len(clashing) > 1 else ""
    return InputError(
        [
            Problem(
                f"{demand.text}: no reweighting of the drawn paths meets it{together}",
                demand.place,
                demand.seen,
                "move the view closer to the model, or state it as a condition",
            )
            for demand in clashing
        ]
    )


def _start(demand: Demand) -> float:
    assert demand.losses is not None
    return min(float(np.quantile(demand.losses, 1.0 - demand.share)), 0.98 * demand.shortfall)


def _best_threshold(
    i: int,
    thresholds: dict[int, float],
    demand: Demand,
    log_weights: Floats,
    solve: Callable[[dict[int, float]], Floats],
) -> float:
    """Value at risk at which the view on expected shortfall costs the least relative entropy."""
    from scipy.optimize import minimize_scalar  # a tenth of a second that most runs do not need

    assert demand.losses is not None
    low, high = float(np.quantile(demand.losses, 0.5)), 0.999 * demand.shortfall

    def cost(threshold: float) -> float:
        try:
            return relative_entropy_of(solve({**thresholds, i: threshold}), log_weights)
        except Unreachable:
            return 1e6

    found = minimize_scalar(cost, bounds=(min(low, high - 1e-6), high), method="bounded", options={"xatol": 1e-4})
    if found.fun >= 1e6:
        solve({**thresholds, i: thresholds[i]})
    return float(found.x)
