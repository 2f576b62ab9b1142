"""Intervals of value at risk and expected shortfall cover 93 to 97 % over 1,000 replications of known laws.

The truth is the closed form of the normal law; samples are counted as a run counts them, in histograms whose ends
come from the sample, with equal and with importance weights.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import norm

from jpsim.analysis.books import draw_book, parse_book

MONTHS, PATHS, REPLICATIONS = 1, 10_000, 1000
MEAN, SD, OTHER = 0.02, 0.2, 0.1
SIZES = np.array([1.5, -0.5])
TILT = -0.5  # of the mean of the common draw, towards the losses, made good by importance weights
Z = norm.ppf(0.975)


class Pair:
    """Two normal series and the weights of their paths."""

    id, seed = "pair", 1

    def __init__(self, seed: int, *, weighted: bool) -> None:
        rng = np.random.default_rng(seed)
        tilt = TILT if weighted else 0.0
        z = rng.standard_normal((2, MONTHS, PATHS))
        z[0] += tilt
        self.outputs = np.stack([MEAN + SD * z[0], SD * 0.8 * z[0] + OTHER * z[1]])
        self.weights = np.exp(-tilt * z[0, 0] + 0.5 * tilt**2) if weighted else None
        model = SimpleNamespace(outputs=("topix", "banks"))
        system = SimpleNamespace(system=SimpleNamespace(model=model))
        self.story = SimpleNamespace(parts=[SimpleNamespace(law=SimpleNamespace(conditional=system))])
        self.laws = [SimpleNamespace(dynamics=None, mixing=None, equity=None, levels=None, start=np.zeros(2),
                                     low=np.zeros((2, MONTHS)), reported=np.arange(1, MONTHS + 1))]  # fmt: skip

    def paths(self, first: int, count: int) -> np.ndarray:
        return self.outputs[:, :, first : first + count]


def truth() -> dict[str, float]:
    """Closed form of the book, and of what its positions add to its shortfall."""
    loadings = SIZES @ np.array([[SD, 0.0], [SD * 0.8, OTHER]])
    mean, sd = SIZES[0] * MEAN, float(np.hypot(*loadings))
    found = {"mean": mean, "sd": sd, "p_loss": norm.cdf(-mean / sd)}
    for name, share in (("95", 0.05), ("99", 0.01)):
        found[f"var{name}"] = -mean - sd * norm.ppf(share)
        found[f"es{name}"] = -mean + sd * norm.pdf(norm.ppf(share)) / share
    covariance = np.array([[SD, 0.0], [SD * 0.8, OTHER]]) @ loadings
    tail = norm.pdf(norm.ppf(0.05)) / 0.05
    found["topix"], found["banks"] = SIZES * (np.array([-MEAN, 0.0]) + covariance / sd * tail)
    return found


def coverage(replications: int, *, weighted: bool) -> dict[str, float]:
    """Share of the intervals at 95 % that hold the truth."""
    book = parse_book(f"id,weight\ntopix,{SIZES[0]}\nbanks,{SIZES[1]}\n", "book.csv", ("topix", "banks"))
    expected = truth()
    hits = dict.fromkeys(expected, 0)
    for seed in range(replications):
        sampler = Pair(20260130 + seed, weighted=weighted)
        found = draw_book(book, sampler, PATHS, weights=sampler.weights, threads=1)  # type: ignore[arg-type]
        numbers = {name: (float(found.sample.statistics[name][0, 0]), float(found.sample.errors[name][0, 0]))
                   for name in expected if name in found.sample.statistics}  # fmt: skip
        parts = zip(("topix", "banks"), found.components[:, 0], found.component_errors[:, 0], strict=True)
        numbers |= {name: (float(value), float(error)) for name, value, error in parts}
        for name, (value, error) in numbers.items():
            hits[name] += abs(value - expected[name]) <= Z * error
    return {name: count / replications for name, count in hits.items()}


@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
def test_intervals_cover_93_to_97_percent(weighted: bool) -> None:
    found = coverage(REPLICATIONS, weighted=weighted)
    assert all(0.93 <= share <= 0.97 for share in found.values()), found
