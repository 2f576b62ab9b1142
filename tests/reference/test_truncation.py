"""Truncated normal draws and probabilities against scipy's distributions and plain rejection."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal, truncnorm

from jpsim.conditioning.truncation import Truncation

COV = np.array([[1.0, 0.7, 0.4], [0.7, 1.5, 0.9], [0.4, 0.9, 2.0]])


def test_one_range_is_scipys_truncated_normal() -> None:
    law = Truncation(np.array([1.0]), np.array([[4.0]]), np.array([2.0]), np.array([3.5]))
    u = np.linspace(0.001, 0.999, 51)
    values, log_weight = law.draw(u[None])
    oracle = truncnorm(0.5, 1.25, loc=1.0, scale=2.0)
    np.testing.assert_allclose(oracle.cdf(values[0]), u, atol=1e-12)
    assert np.ptp(log_weight) == 0.0
    mean, cov = law.moments
    assert mean[0] == pytest.approx(oracle.mean(), abs=1e-4)
    assert cov[0, 0] == pytest.approx(oracle.var(), abs=1e-4)


@pytest.mark.parametrize(("low", "high"), [(9.0, 9.5), (-9.5, -9.0), (30.0, np.inf)])
def test_far_tails_keep_their_digits(low: float, high: float) -> None:
    law = Truncation(np.zeros(1), np.eye(1), np.array([low]), np.array([high]))
    values, _ = law.draw(np.array([[0.1, 0.5, 0.9]]))
    np.testing.assert_allclose(values[0], truncnorm(low, high).ppf([0.1, 0.5, 0.9]), rtol=1e-6)


def test_probability_of_a_box_is_scipys() -> None:
    low, high = np.array([0.0, -0.5, 0.5]), np.array([1.5, np.inf, 2.0])
    law = Truncation(np.array([0.2, 0.0, -0.3]), COV, low, high)
    oracle = multivariate_normal(law.mean, COV).cdf(np.minimum(high, 50.0), lower_limit=low)
    assert law.probability == pytest.approx(oracle, rel=2e-3)


def test_weighted_draws_are_the_rejected_law() -> None:
    rng = np.random.default_rng(11)
    low, high = np.array([0.0, -0.5, 0.5]), np.array([1.5, 3.0, 2.0])
    law = Truncation(np.zeros(3), COV, low, high)
    values, log_weight = law.draw(rng.uniform(size=(3, 200_000)))
    assert np.all((values >= low[:, None]) & (values <= high[:, None]))
    weight = np.exp(log_weight) / np.exp(log_weight).sum()
    free = rng.multivariate_normal(np.zeros(3), COV, 1_000_000)
    kept = free[np.all((free >= low) & (free <= high), axis=1)]
    mean = values @ weight
    error = np.sqrt(((values - mean[:, None]) ** 2) @ weight**2 + kept.var(axis=0) / len(kept))
    z = (mean - kept.mean(axis=0)) / error
    assert np.abs(z).max() < 4.0
    np.testing.assert_allclose(mean, law.moments[0], atol=4e-3)
