"""Differences of statistics between two scenarios, with intervals that use their common draws.

Every statistic is written as a mean of influence values psi of the paths: to first order its error is
``sum w psi``. Where path i of both scenarios comes from one draw, the error of a difference is therefore
``sqrt(sum (v psi_v - w psi_w)**2)``, which holds for weighted samples as well, and for quantiles of equally
likely paths is Bahadur's ``[a(1 - a)(1/f**2 + 1/g**2) - 2 (P_joint - a**2) / (f g)] / N``. Without common
draws the two errors add in squares. Where paths follow the parts of a story by a fixed rule, influence values are taken
less their means on the parts, and what draws of the parameters leave is added, see `jpsim.analysis.strata`.

References
----------
Bahadur (1966), A note on quantiles in large samples. https://doi.org/10.1214/aoms/1177699450

Manistre, Hancock (2005), Variance of the CTE estimator. https://doi.org/10.1080/10920277.2005.10596207
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from jpsim.analysis.ordered_sample import OrderedSample
from jpsim.analysis.strata import Strata

__all__ = [
    "DIFFERENCES",
    "LEVEL",
    "Difference",
    "Estimated",
    "difference",
    "estimate_all",
    "mean_estimate",
    "probability_lower",
]

Floats = npt.NDArray[np.float64]

DIFFERENCES = ("mean", "q05", "q50", "q95", "p_loss", "var95", "es95")
"""Statistics that are compared, by their names in the summary."""

LEVEL = 0.95
"""Confidence of the intervals."""

_Z = 1.959963984540054
_TAIL = 0.05


@dataclass(frozen=True, slots=True)
class Difference:
    """A number that compares two scenarios.

    Parameters
    ----------
    value
        The number.
    se
        Its Monte Carlo standard error.
    low, high
        Ends of its interval at the confidence `LEVEL`.
    """

    value: float
    se: float
    low: float
    high: float

    @classmethod
    def around(cls, value: float, se: float, least: float = -np.inf, most: float = np.inf) -> Difference:
        """Normal interval around a value, cut to what is possible."""
        low, high = max(value - _Z * se, least), min(value + _Z * se, most)
        return cls(float(value), float(se), float(low), float(high))

    @property
    def span(self) -> str:
        """The interval in words."""
        return f"{self.low:.4g} to {self.high:.4g}"

    def to_dict(self) -> dict[str, float]:
        """Plain JSON."""
        return asdict(self)


class Estimated(NamedTuple):
    """A statistic of one sample.

    Parameters
    ----------
    value
        The estimate.
    influence
        (N,) each path's part in its error: weight times influence value.
    strata
        Which part of its story each path follows; None where paths are a random sample.
    """

    value: float
    influence: Floats
    strata: Strata | None = None

    @property
    def variance(self) -> float:
        """Squared error."""
        if self.strata is None:
            return float(np.sum(self.influence**2))
        return self.strata.variance(self.strata.split(self.influence))


def difference(
    reference: Estimated, scenario: Estimated, *, paired: bool, least: float = -np.inf, most: float = np.inf
) -> Difference:
    """Scenario less reference, with its error.

    Parameters
    ----------
    reference, scenario
        The same statistic of both samples.
    paired
        Whether path i of both comes from one draw.
    least, most
        What the difference can be.
    """
    variance = _paired_variance(reference, scenario) if paired else reference.variance + scenario.variance
    return Difference.around(scenario.value - reference.value, variance**0.5, least, most)


def _paired_variance(reference: Estimated, scenario: Estimated) -> float:
    """Squared error of a difference on common draws."""
    first, second = reference.strata, scenario.strata
    if first is None or second is None or first.draws != second.draws:
        return Estimated(0.0, scenario.influence - reference.influence, first or second).variance
    return second.variance(second.split(scenario.influence).less(first.split(reference.influence)))


def estimate_all(sample: OrderedSample, start: float) -> dict[str, Estimated]:
    """Each of `DIFFERENCES` for one sample.

    Parameters
    ----------
    sample
        Outputs in one month.
    start
        Value at month 0, from which a loss is counted.

    Returns
    -------
    Statistics by name; value at risk and expected shortfall are positive for a loss.
    """
    lower = _quantile(sample, _TAIL)
    return {
        "mean": mean_estimate(sample, sample.values),
        "q05": lower,
        "q50": _quantile(sample, 0.50),
        "q95": _quantile(sample, 0.95),
        "p_loss": mean_estimate(sample, (sample.values < start).astype(np.float64)),
        "var95": Estimated(start - lower.value, -lower.influence, sample.strata),
        "es95": _shortfall(sample, lower.value, start),
    }


def mean_estimate(sample: OrderedSample, function: Floats) -> Estimated:
    """Mean of a function of the path, given by its (N,) values."""
    mean = sample.mean_of(function)
    return Estimated(mean, sample.weights * (function - mean), sample.strata)


def probability_lower(reference: OrderedSample, scenario: OrderedSample) -> Difference:
    """Probability that a path ends lower in the scenario than in the reference on the same draw.

    Each path weighs the mean of its two weights. The error is half the width of Wilson's interval (1927,
    doi:10.1080/01621459.1927.10502953) at one standard error, which is never zero.
    """
    weights = 0.5 * (reference.weights + scenario.weights)
    lower = scenario.values < reference.values
    p, one = float(np.sum(weights * lower)), float(np.sum(weights**2))
    variance = Estimated(p, weights * (lower - p), scenario.strata).variance
    return Difference.around(p, (variance + 0.25 * one * one) ** 0.5 / (1.0 + one), 0.0, 1.0)


def _quantile(sample: OrderedSample, level: float) -> Estimated:
    """Quantile by Bahadur's representation."""
    q = sample.quantile(level)
    return Estimated(q, sample.weights * (level - (sample.values <= q)) * sample.spacing(level), sample.strata)


def _shortfall(sample: OrderedSample, q: float, start: float) -> Estimated:
    """Mean loss in the worst share: to first order the error of its quantile does not matter."""
    excess = np.minimum(sample.values - q, 0.0) / _TAIL
    tail = q + sample.mean_of(excess)
    return Estimated(start - tail, sample.weights * (tail - q - excess), sample.strata)
