"""The Markov-switching law behind the regimes: against statsmodels, a naive filter, and simulated data."""

from __future__ import annotations

import numpy as np
import pytest

from jpsim.calibration.switching import filter_states, local_scale, sample_switching
from tests.naive.switching import hamilton_filter, simulate_switching

NU = 8.0
COVARIANCES = np.array([[[1.0, 0.5], [0.5, 1.0]], [[1.0, -0.5], [-0.5, 1.0]]])
TRANSITION = np.array([[0.98, 0.02], [0.04, 0.96]])


def test_the_filter_is_hamiltons_as_in_statsmodels() -> None:
    """Source: statsmodels' MarkovRegression with switching mean and variance at fixed parameters."""
    from statsmodels.tsa.regime_switching.markov_regression import MarkovRegression

    rng = np.random.default_rng(4)
    y = np.concatenate([rng.normal(0.5, 1.0, 80), rng.normal(-0.5, 2.0, 60)])
    known = MarkovRegression(y, k_regimes=2, switching_variance=True)
    found = known.smooth(np.array([0.97, 0.05, 0.5, -0.5, 1.0, 4.0]))
    mean, variance = np.array([0.5, -0.5]), np.array([1.0, 4.0])
    log_density = -0.5 * (np.log(2 * np.pi * variance) + (y[:, None] - mean) ** 2 / variance)
    filtered, likelihood = filter_states(log_density[None], np.array([[[0.97, 0.03], [0.05, 0.95]]]))
    np.testing.assert_allclose(filtered[0], found.filtered_marginal_probabilities, atol=1e-10)
    assert likelihood[0] == pytest.approx(found.llf, abs=1e-8)


def test_many_chains_are_each_the_naive_filter() -> None:
    rng = np.random.default_rng(5)
    log_density = rng.normal(-40.0, 3.0, (3, 25, 3))
    transition = rng.dirichlet(np.ones(3), (3, 3))
    filtered, likelihood = filter_states(log_density, transition)
    for chain in range(3):
        values, vectors = np.linalg.eig(transition[chain].T)
        start = np.real(vectors[:, np.argmax(np.real(values))])
        expected, score = hamilton_filter(log_density[chain], transition[chain], start / start.sum())
        np.testing.assert_allclose(filtered[chain], expected, atol=1e-12)
        assert likelihood[chain] == pytest.approx(score, abs=1e-9)


def test_the_sampler_finds_what_was_simulated() -> None:
    """Correlations, transitions and dates of simulated regimes within the posterior's own errors."""
    states, y = simulate_switching(COVARIANCES, TRANSITION, NU, 600, np.random.default_rng(11))
    centres = np.array([[[1.0, 0.2], [0.2, 1.0]], [[1.0, -0.2], [-0.2, 1.0]]])
    rng = np.random.default_rng(12)
    found = sample_switching(y, centres, 6.0, (19.0, 1.0), NU, rng, chains=8, burn_in=60, kept=60)
    for k in range(2):
        root = np.sqrt(found.covariance[:, k, 0, 0] * found.covariance[:, k, 1, 1])
        correlation = found.covariance[:, k, 0, 1] / root
        assert abs(correlation.mean() - (0.5, -0.5)[k]) < 3.5 * correlation.std()
        stay = found.transition[:, k, k]
        assert abs(stay.mean() - TRANSITION[k, k]) < 3.5 * stay.std()
    assert ((found.smoothed[:, 1] > 0.5) == (states == 1)).mean() > 0.85
    assert np.log(found.smoothed[np.arange(600), states]).mean() > np.log(0.7)


def test_probabilities_are_calibrated() -> None:
    """Of months that the smoother gives a probability p, a share p is in that state (seeded, in sds)."""
    gaps, spread = [], []
    for seed in range(5):
        states, y = simulate_switching(COVARIANCES, TRANSITION, NU, 300, np.random.default_rng(seed))
        rng = np.random.default_rng(100 + seed)
        found = sample_switching(y, COVARIANCES, 200.0, (98.0, 2.0), NU, rng, chains=8, burn_in=20, kept=40)
        gaps.append(float((found.smoothed[:, 1] - (states == 1)).mean()))
        spread.append(float((found.states == 1).mean(axis=1).std()))
    assert abs(np.sum(gaps)) < 3.5 * np.sqrt(np.sum(np.square(spread)))


def test_labels_follow_the_priors() -> None:
    """Chains that start under swapped names do not stay there: state 0 is the one whose prior is positive."""
    _, y = simulate_switching(COVARIANCES, TRANSITION, NU, 400, np.random.default_rng(3))
    found = sample_switching(
        y, COVARIANCES, 12.0, (19.0, 1.0), NU, np.random.default_rng(8), chains=16, burn_in=100, kept=10
    )
    assert (found.covariance[:, 0, 0, 1] > found.covariance[:, 1, 0, 1]).mean() > 0.99


def test_months_with_gaps_say_nothing() -> None:
    _, y = simulate_switching(COVARIANCES, TRANSITION, NU, 60, np.random.default_rng(1))
    y[20:40, 1] = np.nan
    found = sample_switching(
        y, COVARIANCES, 1e5, (50.0, 50.0), NU, np.random.default_rng(2), chains=8, burn_in=5, kept=50
    )
    assert np.abs(found.filtered[30] - 0.5).max() < 0.1
    assert np.isfinite(found.covariance).all()


def test_local_scale_is_a_weighted_root_mean_square() -> None:
    x = np.array([[1.0], [np.nan], [2.0]])
    weights = np.array([1.0, 0.25])
    assert local_scale(x, 1.0)[0, 0] == pytest.approx(np.sqrt(weights @ [1.0, 4.0] / weights.sum()))
