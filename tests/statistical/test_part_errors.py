"""Errors of paths that follow members or regimes and draws of the parameters by a fixed rule cover what they should.

The truth is the closed form of a mixture of normal laws: two regimes on each of 24 draws, whose means and standard
deviations are themselves drawn anew in each replication, so that draws that few paths leave out are left out by chance.
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import brentq

from jpsim.analysis.ordered_sample import OrderedSample
from jpsim.analysis.paired_errors import DIFFERENCES, Estimated, difference, estimate_all
from jpsim.analysis.strata import Strata
from jpsim.simulation.engine import draw, draw_paths
from jpsim.simulation.kernels.arrays import BLOCK
from jpsim.simulation.part_errors import left_out, unevenness
from tests.naive import simulation as naive

DRAWS, CELLS = 24, 2
REGIMES = np.array([0.625, 0.375])
MEANS, SDS = np.array([0.05, 0.01]), np.array([0.15, 0.18])  # of the two regimes
SHIFT, STRETCH = 0.05, 0.15  # sd of the draws' means, and of the logs of their standard deviations
LEVELS = {"q05": 0.05, "q25": 0.25, "q50": 0.50, "q95": 0.95}
TURN = 0.6180339887498949
REPLICATIONS, Z = 150, stats.norm.ppf(0.975)


class Mixture(NamedTuple):
    """Means and standard deviations (D, C) of a story's parts."""

    mean: np.ndarray
    sd: np.ndarray

    @classmethod
    def random(cls, rng: np.random.Generator) -> Mixture:
        shift, stretch = SHIFT * rng.standard_normal((DRAWS, 1)), STRETCH * rng.standard_normal((DRAWS, 1))
        return cls(MEANS + shift, SDS * np.exp(stretch))

    def moved(self, rng: np.random.Generator) -> Mixture:
        """A scenario: each draw responds in its own way."""
        return Mixture(self.mean + 0.02 + 0.01 * rng.standard_normal((DRAWS, 1)), 1.1 * self.sd)

    def expect(self, function) -> float:
        return float(function(self.mean, self.sd).mean(axis=0) @ REGIMES)

    def quantile(self, level: float) -> float:
        return brentq(lambda x: self.expect(lambda m, s: stats.norm.cdf(x, m, s)) - level, -5.0, 5.0)

    def truth(self) -> dict[str, float]:
        mean = self.expect(lambda m, s: m)
        found = {"mean": mean, "sd": self.expect(lambda m, s: s**2 + (m - mean) ** 2) ** 0.5}
        found["p_loss"] = self.expect(lambda m, s: stats.norm.cdf(0.0, m, s))
        found |= {name: self.quantile(level) for name, level in LEVELS.items()}
        q = found["q05"]
        below = self.expect(lambda m, s: (q - m) * stats.norm.cdf(q, m, s) + s * stats.norm.pdf((q - m) / s))
        return found | {"es95": below / 0.05 - q, "var95": -q}


def owner(block: int) -> int:
    """Draws take turns, regimes follow the golden section: as in stories."""
    return block % DRAWS * CELLS + int((0.5 + block * TURN) % 1.0 >= REGIMES[0])


def law_of(mean: float, sd: float):
    """One factor without memory; the rest as small as possible."""
    law = naive.example_law(np.random.default_rng(0), n=1, p=1, series=2, groups=1, common=0, months=1)
    dynamics = law.dynamics._replace(
        state=np.zeros(1),
        intercept=np.full((1, 1), mean),
        transition=np.zeros((1, 1, 1)),
        impact=np.full((1, 1, 1), sd),
        free_intercept=np.zeros(1),
        free_transition=np.zeros((1, 1)),
        cumulated=np.zeros(0, dtype=np.int64),
    )
    low, high = law.low.copy(), law.high.copy()
    low[0], high[0] = -2.0, 2.0
    levels = law.levels._replace(code=np.zeros(1, dtype=np.int64))
    return dataclasses.replace(law, dynamics=dynamics, levels=levels, low=low, high=high, start=np.zeros(4))


def check(hits: dict[str, list[bool]], least: float) -> None:
    """Intervals at 95 % cover the truth in a least share of the replications, which errs by 0.03 itself."""
    shares = {name: float(np.mean(found)) for name, found in hits.items()}
    assert all(least <= share <= 0.99 for share in shares.values()), shares


@pytest.mark.parametrize(("blocks", "least"), [(14, 0.82), (53, 0.86)], ids=["some draws", "all, unevenly"])
def test_intervals_of_statistics_cover_the_truth(blocks: int, least: float) -> None:
    hits: dict[str, list[bool]] = {}
    for seed in range(REPLICATIONS):
        mixture = Mixture.random(np.random.default_rng(seed))
        laws = [law_of(m, s) for m, s in zip(mixture.mean.ravel(), mixture.sd.ravel(), strict=True)]
        paths = blocks * BLOCK
        sample = draw(laws, scenario="a", seed=seed, paths=paths, threads=1, owner=owner, cells=REGIMES,
                      weights=regime_weights(blocks))  # fmt: skip
        for name, value in mixture.truth().items():
            gap = sample.statistics[name][0, 0] - value
            hits.setdefault(name, []).append(abs(gap) <= Z * sample.errors[name][0, 0])
    check(hits, least)


def regime_weights(blocks: int) -> np.ndarray:
    """Weights that give the regimes their shares, as stories do."""
    cells = np.array([owner(block) % CELLS for block in range(blocks)])
    return np.repeat((REGIMES / (np.bincount(cells) / blocks))[cells], BLOCK)


def pair(blocks: int, seed: int) -> tuple[dict[str, Estimated], dict[str, Estimated], Mixture, Mixture]:
    """Both sides of a comparison on common draws."""
    rng = np.random.default_rng(seed)
    one = Mixture.random(rng)
    two = one.moved(rng)
    parts = np.array([owner(block) for block in range(blocks)])
    weights = regime_weights(blocks)
    weights /= weights.sum()
    strata = Strata(parts, REGIMES, DRAWS, weights)
    z = rng.standard_normal((blocks, BLOCK))
    found = [
        estimate_all(OrderedSample((m.mean.ravel()[parts, None] + m.sd.ravel()[parts, None] * z).ravel(),
                                   weights, strata), 0.0)
        for m in (one, two)
    ]  # fmt: skip
    return found[0], found[1], one, two


@pytest.mark.parametrize(("blocks", "least"), [(14, 0.82), (53, 0.86)], ids=["some draws", "all, unevenly"])
def test_intervals_of_differences_cover_the_truth(blocks: int, least: float) -> None:
    hits: dict[str, list[bool]] = {}
    for seed in range(REPLICATIONS):
        first, second, one, two = pair(blocks, seed)
        before, after = one.truth(), two.truth()
        for name in DIFFERENCES:
            found = difference(first[name], second[name], paired=True)
            hits.setdefault(name, []).append(found.low <= after[name] - before[name] <= found.high)
    check(hits, least)


def test_plain_errors_miss_the_draws_that_are_left_out() -> None:
    """What the strata are for: on ten of 24 draws plain errors are several times too small."""
    ratios = []
    for seed in range(20):
        first, _, _, _ = pair(10, seed)
        plain = Estimated(first["mean"].value, first["mean"].influence)
        ratios.append(first["mean"].variance / plain.variance)
    assert np.median(ratios) > 4.0


def test_one_cell_is_a_sample_without_replacement() -> None:
    """Cochran (1977), section 2.5: ``S**2 (1 / k - 1 / D)``."""
    effects = np.random.default_rng(4).standard_normal((DRAWS, 1))
    followed = np.arange(DRAWS)[:, None] < 10
    effects -= effects[followed].mean()
    missed = unevenness(followed * 512.0, np.ones(1))
    expected = effects[followed].var(ddof=1) * (1 / 10 - 1 / DRAWS)
    assert left_out(effects, np.zeros_like(effects), followed, missed) == pytest.approx(expected, rel=1e-12)


def test_errors_from_moments_are_those_from_paths() -> None:
    """What a run reports against the same paths looked at one by one."""
    blocks, mixture = 53, Mixture.random(np.random.default_rng(8))
    laws = [law_of(m, s) for m, s in zip(mixture.mean.ravel(), mixture.sd.ravel(), strict=True)]
    weights, paths = regime_weights(blocks), blocks * BLOCK
    sample = draw(laws, scenario="a", seed=8, paths=paths, owner=owner, cells=REGIMES, weights=weights)
    values = draw_paths(laws, 8, 0, paths, owner=owner, rows=[0])[0, 0]
    parts, share = np.array([owner(block) for block in range(blocks)]), weights / weights.sum()
    found = estimate_all(OrderedSample(values, share, Strata(parts, REGIMES, DRAWS, share)), 0.0)
    for name in DIFFERENCES:
        expected = found[name].variance ** 0.5
        assert sample.errors[name][0, 0] == pytest.approx(expected, rel=1e-3 if name == "mean" else 0.2), name


def test_one_part_changes_nothing() -> None:
    rng = np.random.default_rng(3)
    influence = rng.standard_normal(1300)
    influence -= influence.mean()
    strata = Strata(np.zeros(3, dtype=np.int64), np.ones(1), 1, np.full(1300, 1 / 1300))
    assert Estimated(0.0, influence, strata).variance == pytest.approx(float(np.sum(influence**2)), rel=1e-12)
