"""One output on all paths of a scenario, put in order once for everything that is asked of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from jpsim.analysis.strata import Strata

__all__ = ["OrderedSample"]

Floats = npt.NDArray[np.float64]

_ROUNDING = 1e-12  # of cumulated weights: a quantile on a step of the distribution function stays on it


@dataclass(frozen=True, eq=False)
class OrderedSample:
    """A weighted sample.

    Parameters
    ----------
    values
        (N,) in the order of the paths.
    weights
        (N,) weights of the paths, summing to 1.
    strata
        Which part of its story each path follows; None where paths are a random sample.
    """

    values: Floats
    weights: Floats
    strata: Strata | None = None

    @cached_property
    def order(self) -> npt.NDArray[np.intp]:
        """(N,) paths from the lowest value to the highest; equal values in the order of the paths."""
        return np.argsort(self.values, kind="stable")

    @cached_property
    def ascending(self) -> Floats:
        """(N,) values from the lowest to the highest."""
        return self.values[self.order]

    @cached_property
    def effective(self) -> float:
        """Effective number of equally likely paths, ``1 / sum w**2``."""
        return float(1.0 / np.sum(self.weights**2))

    @cached_property
    def sd(self) -> float:
        """Standard deviation."""
        mean = self.mean_of(self.values)
        return float(np.sqrt(self.mean_of((self.values - mean) ** 2)))

    def mean_of(self, function: Floats) -> float:
        """Weighted mean of the (N,) values of a function of the path."""
        return float(np.sum(self.weights * function))  # pairwise, and not on all cores as a dot product

    def quantile(self, level: float) -> float:
        """Lowest value at or below which lies at least the share `level` of the weight."""
        place = int(np.searchsorted(self._cumulated, level - _ROUNDING, side="left"))
        return float(self.ascending[min(place, self.values.size - 1)])

    def spacing(self, level: float) -> float:
        """Slope of the quantile function at `level`, which is one over the density there.

        The difference of two quantiles at Bofinger's distance (1975, doi:10.1111/j.1467-842X.1975.tb01366.x).
        """
        distance = self._distance(level)
        return (self.quantile(level + distance) - self.quantile(level - distance)) / (2.0 * distance)

    @cached_property
    def _cumulated(self) -> Floats:
        total = np.cumsum(self.weights[self.order])
        share: Floats = total / total[-1]
        return share

    def _distance(self, level: float) -> float:
        z = NormalDist().inv_cdf(level)
        best = (4.5 * NormalDist().pdf(z) ** 4 / ((2.0 * z * z + 1.0) ** 2 * self.effective)) ** 0.2
        floor = (level * (1.0 - level) / self.effective) ** 0.5
        return float(min(max(best, floor), 0.9 * min(level, 1.0 - level)))
