"""What drawing a scenario gives: statistics with their Monte Carlo errors, and histograms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["STATISTICS", "Histogram", "PartMoments", "ScenarioSample"]

Floats = npt.NDArray[np.float64]

STATISTICS = (
    "mean", "sd", "q01", "q05", "q10", "q25", "q50", "q75", "q90", "q95", "q99",
    "var95", "es95", "var99", "es99", "p_loss",
)  # fmt: skip
"""Columns of the summary, in order; each has an error in ``<name>_se``."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """Weighted counts of O outputs at h months in B bins of equal width.

    Parameters
    ----------
    low, high
        (O, h) outer edges. Values beyond an edge are counted in the outermost bin.
    counts
        (O, h, B) sums of weights; the weights of all paths sum to the number of paths.
    squares
        (O, h, B) sums of squared weights; the same array as `counts` when all paths weigh the same.
    """

    low: Floats
    high: Floats
    counts: Floats
    squares: Floats


@dataclass(frozen=True, slots=True)
class PartMoments:
    """Moments of the paths of each of P laws that a scenario's paths were divided among.

    Parameters
    ----------
    weight
        (P,) shares of the paths' weight; they sum to 1. A law that no path followed has none.
    effective
        (P,) effective numbers of paths.
    paths
        (P,) numbers of paths.
    mean, variance
        (P, O, h) in reported units; zero for a law that no path followed.
    """

    weight: Floats
    effective: Floats
    paths: Floats
    mean: Floats
    variance: Floats


@dataclass(frozen=True, slots=True)
class ScenarioSample:
    """The sample of one scenario, reduced.

    Parameters
    ----------
    scenario
        Its id.
    paths
        Number of paths drawn.
    effective
        Effective number of equally likely paths, ``(sum w)**2 / sum w**2``.
    statistics, errors
        Each of `STATISTICS` as an (O, h) array, and its Monte Carlo standard error. Series are
        cumulative simple returns from month 0; factors are levels in their own unit. Value at risk and
        expected shortfall are positive for a loss; a factor's loss is its fall below month 0.
    histogram
        The distribution behind them.
    parts
        Moments of each law's own paths, in the order in which the laws were given; None where they were not kept.
    """

    scenario: str
    paths: int
    effective: float
    statistics: Mapping[str, Floats]
    errors: Mapping[str, Floats]
    histogram: Histogram
    parts: PartMoments | None = None
