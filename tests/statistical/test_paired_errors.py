"""Intervals of differences and distances cover what they should, over 2,000 replications of known pairs.

The truth is the closed form of normal laws, and quadrature of their distribution functions for distances.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import norm

from jpsim.analysis.distances import distances
from jpsim.analysis.ordered_sample import OrderedSample
from jpsim.analysis.paired_errors import DIFFERENCES, Difference, difference, estimate_all, probability_lower

REPLICATIONS = 2000
PATHS = 3000
CORRELATION = 0.9
REFERENCE, SCENARIO = (0.05, 0.20), (0.02, 0.26)  # mean and sd of two returns
TILTS = 0.25, 0.5  # of the draws' mean, met by importance weights

Pair = tuple[OrderedSample, OrderedSample]


def closed_form(mean: float, sd: float) -> dict[str, float]:
    """Statistics of a normal return."""
    q05, q95 = (mean + sd * norm.ppf(level) for level in (0.05, 0.95))
    es95 = -mean + sd * norm.pdf(norm.ppf(0.05)) / 0.05
    return {
        "mean": mean,
        "q05": q05,
        "q50": mean,
        "q95": q95,
        "p_loss": norm.cdf(-mean / sd),
        "var95": -q05,
        "es95": es95,
    }


def quadrature(reference: tuple[float, float], scenario: tuple[float, float]) -> dict[str, float]:
    """Distances and effect sizes of two normal laws, from their distribution functions on a fine grid."""
    grid, step = np.linspace(-2.5, 2.5, 500_001, retstep=True)
    gap = norm.cdf(grid, *reference) - norm.cdf(grid, *scenario)
    deficit = -np.cumsum(gap) * step
    return {
        "wasserstein": np.abs(gap).sum() * step, "kolmogorov_smirnov": np.abs(gap).max(),
        "energy": 2 * (gap**2).sum() * step, "fsd_worse": (-gap).max(), "fsd_better": gap.max(),
        "ssd_worse": deficit.max(),
    }  # fmt: skip


def plain_pair(rng: np.random.Generator) -> Pair:
    """Equally likely paths; path i of both comes from one correlated draw."""
    common, own = rng.standard_normal(PATHS), rng.standard_normal((2, PATHS))
    even = np.full(PATHS, 1.0 / PATHS)
    shocks = np.sqrt(CORRELATION) * common + np.sqrt(1 - CORRELATION) * own
    return tuple(OrderedSample(m + s * z, even) for (m, s), z in zip((REFERENCE, SCENARIO), shocks, strict=True))  # type: ignore[return-value]


def weighted_pair(rng: np.random.Generator) -> Pair:
    """Importance weights shift the mean of the common draw; values are centred so that the law stays."""
    common, own = rng.standard_normal(PATHS), rng.standard_normal((2, PATHS))
    samples = []
    for (mean, sd), tilt, e in zip((REFERENCE, SCENARIO), TILTS, own, strict=True):
        weights = np.exp(tilt * common)
        z = np.sqrt(CORRELATION) * (common - tilt) + np.sqrt(1 - CORRELATION) * e
        samples.append(OrderedSample(mean + sd * z, weights / weights.sum()))
    return samples[0], samples[1]


def independent_pair(rng: np.random.Generator) -> Pair:
    """Another seed for each side, and another number of paths for the second."""
    first, _ = plain_pair(rng)
    (mean, sd), paths = SCENARIO, PATHS // 2
    return first, OrderedSample(mean + sd * rng.standard_normal(paths), np.full(paths, 1.0 / paths))


def coverage(
    draw: Callable[[np.random.Generator], Pair],
    measure: Callable[[Pair], dict[str, Difference]],
    truth: dict[str, float],
    replications: int = REPLICATIONS,
) -> dict[str, float]:
    """Share of the replications whose interval holds the truth, by statistic."""
    rng = np.random.default_rng(20260130)
    hits = dict.fromkeys(truth, 0)
    for _ in range(replications):
        found = measure(draw(rng))
        for name in truth:
            hits[name] += found[name].low <= truth[name] <= found[name].high
    return {name: count / replications for name, count in hits.items()}


def differences(pair: Pair, *, paired: bool) -> dict[str, Difference]:
    one, two = (estimate_all(sample, 0.0) for sample in pair)
    return {name: difference(one[name], two[name], paired=paired) for name in DIFFERENCES}


TRUTH = {name: value - closed_form(*REFERENCE)[name] for name, value in closed_form(*SCENARIO).items()}


@pytest.mark.parametrize(
    ("draw", "paired"),
    [(plain_pair, True), (weighted_pair, True), (independent_pair, False)],
    ids=["paired", "weighted", "independent"],
)
def test_intervals_of_differences_cover_93_to_97_percent(draw: Callable[..., Pair], paired: bool) -> None:
    found = coverage(draw, lambda pair: differences(pair, paired=paired), TRUTH)
    assert all(0.93 <= share <= 0.97 for share in found.values()), found


@pytest.mark.parametrize("draw", [plain_pair, weighted_pair], ids=["paired", "weighted"])
def test_intervals_of_distances_cover_93_to_97_percent(draw: Callable[..., Pair]) -> None:
    found = coverage(draw, lambda pair: distances(*pair, paired=True), quadrature(REFERENCE, SCENARIO))
    assert all(0.93 <= share <= 0.97 for share in found.values()), found


def test_interval_of_the_probability_of_ending_lower_covers_93_to_97_percent() -> None:
    """The difference of the two normal returns is normal."""
    (m, s), (other, spread) = REFERENCE, SCENARIO
    apart = np.sqrt(s**2 + spread**2 - 2 * CORRELATION * s * spread)
    truth = {"p_lower": float(norm.cdf((m - other) / apart))}
    found = coverage(plain_pair, lambda pair: {"p_lower": probability_lower(*pair)}, truth)
    assert 0.93 <= found["p_lower"] <= 0.97, found


def test_errors_of_independent_samples_are_far_too_wide_for_common_draws() -> None:
    """What pairing is for: treating common draws as independent nearly always covers the difference of means."""
    found = coverage(plain_pair, lambda pair: differences(pair, paired=False), {"mean": TRUTH["mean"]}, 300)
    assert found["mean"] > 0.99
