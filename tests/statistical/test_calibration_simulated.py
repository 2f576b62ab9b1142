"""Simulation-based calibration: parameters drawn from the prior are placed anywhere among posterior draws alike.

Talts, Betancourt, Simpson, Vehtari and Gelman (2018), arXiv:1804.06788. A discounted likelihood is the product of
densities raised to weights, which no law of the months has as it stands. It is simulated by what it is a
likelihood of: for a regression by estimates and a residual sum with as many degrees of freedom as the weights sum
to, for the VAR by months that count in full or not at all.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from jpsim.calibration.dynamics import discount
from jpsim.calibration.loadings import Groups, fit_level
from jpsim.calibration.steady_state import SteadyStatePrior, companion, sample_posterior
from tests.naive import bvar as naive

BINS = 10


def uniform_p(ranks: np.ndarray, places: int) -> np.ndarray:
    """Chi-square p-value of each column of (N, m) ranks 0 to places - 1 in equal bins."""
    counts = np.array([np.bincount(column * BINS // places, minlength=BINS) for column in ranks.T])
    return stats.chisquare(counts, axis=1).pvalue


def loading_ranks(simulations: int, seed: int, posterior_discount: float = 60.0) -> np.ndarray:
    """Ranks of 4 loadings of 3 series among 99 posterior draws."""
    rng, months, factors, series, scale = np.random.default_rng(seed), 240, 4, 3, 0.15
    weights, used = discount(months, 60.0), discount(months, posterior_discount)
    z = rng.standard_normal((months, factors))
    z /= np.sqrt(used @ z**2 / used.sum())
    design = np.column_stack([np.ones(months), z])
    root = np.sqrt(weights)[:, None]
    basis, triangle = np.linalg.qr(design * root)
    groups, centre = Groups(np.zeros(factors, dtype=np.int64), ((scale,),)), np.full((series, factors), 0.01)
    ranks = []
    for _ in range(simulations):
        sd = 0.05
        truth = centre + scale * sd * rng.standard_normal((series, factors))
        estimate = np.column_stack([np.zeros(series), truth]).T
        estimate = estimate + sd * np.linalg.solve(triangle, rng.standard_normal((factors + 1, series)))
        noise = rng.standard_normal((months, series))
        noise -= basis @ (basis.T @ noise)
        freedom = weights.sum() - design.shape[1]
        noise *= sd * np.sqrt(rng.chisquare(freedom, series)) / np.linalg.norm(noise, axis=0)
        returns = design @ estimate + noise / root
        fit = fit_level(returns, z, np.ones(factors), used, centre, groups)
        draws = np.array([fit.posterior.draw(np.zeros((series, factors)), rng) for _ in range(99)])
        ranks.append((draws < truth).sum(axis=0).ravel())
    return np.array(ranks)


def autoregression_ranks(simulations: int, seed: int, inflated: float = 1.0) -> np.ndarray:
    """Ranks of B, psi and Sigma of two variables and one lag among 49 thinned posterior draws."""
    rng, months, kept = np.random.default_rng(seed), 60, 49
    prior = SteadyStatePrior(
        mean=np.array([np.diag([0.7, 0.0])]), sd=np.full((1, 2, 2), 0.2), psi_mean=np.array([1.0, 0.0]),
        psi_sd=np.array([0.3, 0.2]), scale=np.diag([1.0, 2.0]) * inflated, dof=8.0,
    )  # fmt: skip
    weights = np.ones(months)
    weights[1:21] = 0.0  # as if they had never been: their months follow another law
    ranks = []
    for _ in range(simulations):
        Sigma = stats.invwishart.rvs(8, np.diag([1.0, 2.0]), random_state=rng)
        psi = np.array([1.0, 0.0]) + np.array([0.3, 0.2]) * rng.standard_normal(2)
        B = _stable(prior, rng)
        start = psi + rng.standard_normal(2)
        before = naive.simulate(np.zeros(2), np.array([0.5 * np.eye(2)]), np.eye(2), start[None], 20, rng)[0]
        after = naive.simulate(psi - B[0] @ psi, B, Sigma, before[-1:], months - 21, rng)[0]
        y = np.vstack([start[None], before, after[-(months - 21) :]])[:months]
        draws = sample_posterior(y, weights, prior, rng, burn_in=30, kept=kept, thin=6)
        truth = np.concatenate([B.ravel(), psi, Sigma[np.tril_indices(2)]])
        sample = np.column_stack([draws.B.reshape(kept, -1), draws.psi, draws.Sigma[:, *np.tril_indices(2)]])
        ranks.append((sample < truth).sum(axis=0))
    return np.array(ranks)


def _stable(prior: SteadyStatePrior, rng: np.random.Generator) -> np.ndarray:
    while True:
        B = prior.mean + prior.sd * rng.standard_normal(prior.mean.shape)
        if np.abs(np.linalg.eigvals(companion(B))).max() < 1.0:
            return B


def test_ranks_of_loadings_are_uniform():
    p = uniform_p(loading_ranks(150, 101), 100)
    assert (p > 0.01).mean() >= 0.9


def test_ranks_of_loadings_are_not_uniform_under_a_wrong_discount():
    p = uniform_p(loading_ranks(150, 102, posterior_discount=6.0), 100)
    assert (p < 0.01).mean() > 0.5


@pytest.mark.slow
def test_ranks_of_many_loadings_are_uniform():
    p = uniform_p(loading_ranks(1000, 103), 100)
    assert (p > 0.01).mean() >= 0.95


def test_ranks_of_a_small_autoregression_are_uniform():
    p = uniform_p(autoregression_ranks(30, 104), 50)
    assert (p > 0.001).all()


@pytest.mark.slow
def test_ranks_of_the_autoregression_are_uniform():
    p = uniform_p(autoregression_ranks(500, 105), 50)
    assert (p > 0.01).mean() >= 0.95
