"""Plain twins of the Markov-switching filter and sampler, one chain and one month at a time."""

from __future__ import annotations

import numpy as np


def hamilton_filter(log_density: np.ndarray, transition: np.ndarray, start: np.ndarray) -> tuple[np.ndarray, float]:
    """Probabilities (T, K) of the states and the log likelihood, as in Hamilton (1989)."""
    law, filtered, likelihood = start, [], 0.0
    for month in log_density:
        joint = [law[k] * np.exp(month[k]) for k in range(len(law))]
        likelihood += np.log(sum(joint))
        filtered.append([value / sum(joint) for value in joint])
        law = [sum(filtered[-1][j] * transition[j, k] for j in range(len(law))) for k in range(len(law))]
    return np.array(filtered), float(likelihood)


def simulate_switching(
    covariances: np.ndarray, transition: np.ndarray, nu: float, months: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """States (T,) and Student-t variables (T, v) of a Markov chain."""
    states, y, state = np.empty(months, dtype=int), np.empty((months, covariances.shape[1])), 0
    for t in range(months):
        state = int(rng.random() > transition[state, 0]) if len(transition) == 2 else state
        scale = (nu - 2.0) / rng.chisquare(nu)
        y[t] = np.sqrt(scale) * np.linalg.cholesky(covariances[state]) @ rng.standard_normal(covariances.shape[1])
        states[t] = state
    return states, y
