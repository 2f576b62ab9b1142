"""Stated margins: least relative entropy, checked against a general optimiser (scipy)."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from jpsim.conditioning.feasibility import find_clashes
from jpsim.conditioning.margins import fit_margins, relative_entropy
from jpsim.conditioning.plausibility import judge_plausibility


def random_cov(rng: np.random.Generator, size: int) -> np.ndarray:
    root = rng.standard_normal((size, size + 3))
    return root @ root.T


@pytest.mark.parametrize("scale", [0.3, 1.0, 2.5])
def test_fitted_margins_hold_and_minimise_relative_entropy(scale: float) -> None:
    rng = np.random.default_rng(1)
    base = random_cov(rng, 3)
    sd = scale * np.sqrt(np.diag(base)) * np.array([0.8, 1.0, 1.2])
    fitted = fit_margins(base, sd)
    np.testing.assert_allclose(np.sqrt(np.diag(fitted)), sd, rtol=1e-10)
    changed = np.linalg.inv(fitted) - np.linalg.inv(base)
    np.testing.assert_allclose(changed - np.diag(np.diag(changed)), 0.0, atol=1e-8)

    def entropy(free: np.ndarray) -> float:
        correlation = np.eye(3)
        correlation[[0, 0, 1], [1, 2, 2]] = correlation[[1, 2, 2], [0, 0, 1]] = np.tanh(free)
        if np.linalg.eigvalsh(correlation)[0] <= 0:
            return 1e6
        return relative_entropy(np.zeros(3), correlation * np.outer(sd, sd), np.zeros(3), base)

    best = minimize(
        entropy, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 4000}
    )
    assert relative_entropy(np.zeros(3), fitted, np.zeros(3), base) == pytest.approx(best.fun, abs=1e-7)


def test_relative_entropy_of_a_mean_shift() -> None:
    cov = np.array([[2.0, 0.3], [0.3, 1.0]])
    shift = np.array([1.0, -0.5])
    expected = 0.5 * shift @ np.linalg.solve(cov, shift)
    assert relative_entropy(shift, cov, np.zeros(2), cov) == pytest.approx(expected)


def test_clashes_are_named() -> None:
    rows = np.array([[1.0, 0, 0], [0, 2.0, 0], [1.0, 2.0, 0], [0, 0, 1.0], [0, 0, 2.0]])
    same, against = find_clashes(rows, np.array([1.0, 1.0, 2.0, 0.5, 0.0]))
    assert same.rows == (0, 1, 2)
    assert not same.contradicts
    assert against.rows == (3, 4)
    assert against.contradicts
    assert against.difference == pytest.approx(-1.0)
    assert find_clashes(np.eye(4), np.ones(4)) == []


def test_decompositions_of_the_distance_sum_to_it() -> None:
    rng = np.random.default_rng(5)
    exposure = rng.standard_normal((3, 4, 5))
    flat = exposure.transpose(1, 0, 2).reshape(4, -1)
    gap = rng.standard_normal(4)
    card = judge_plausibility(gap, flat @ flat.T, exposure, exposure, np.array([3, 1, 2, 3]), [0, 3], np.inf, [])
    assert card.by_row.sum() == pytest.approx(card.distance)
    assert card.by_date.sum() == pytest.approx(card.distance)
    implied = flat.T @ np.linalg.solve(flat @ flat.T, gap)
    assert card.largest_shock == pytest.approx(np.abs(implied).max())
    assert implied @ implied == pytest.approx(card.distance)
