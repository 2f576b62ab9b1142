"""Expected compound returns against Isserlis' theorem summed over all pairings by dynamic programming."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from jpsim.conditioning.compounding import expected_growth


def by_all_pairings(mean: np.ndarray, cov: np.ndarray) -> float:
    @cache
    def expectation(left: frozenset[int]) -> float:
        if not left:
            return 1.0
        first = min(left)
        rest = left - {first}
        return (1 + mean[first]) * expectation(rest) + sum(cov[first, j] * expectation(rest - {j}) for j in rest)

    return expectation(frozenset(range(mean.size)))


@pytest.mark.parametrize("months", [1, 2, 3, 6, 12])
def test_agrees_with_all_pairings(months: int) -> None:
    rng = np.random.default_rng(months)
    root = 0.01 * rng.standard_normal((2, months, months))
    cov = root @ root.transpose(0, 2, 1)
    mean = 0.01 * rng.standard_normal((2, months))
    growth = expected_growth(mean, cov)
    for row in range(2):
        for t in range(months):
            expected = by_all_pairings(mean[row, : t + 1], cov[row, : t + 1, : t + 1])
            assert growth[row, t] == pytest.approx(expected, abs=1e-7)


def test_independent_months_compound_their_means() -> None:
    growth = expected_growth(np.full((1, 12), 0.01), np.eye(12)[None])
    np.testing.assert_allclose(growth[0], 1.01 ** np.arange(1, 13), rtol=1e-14)
