"""Simulation-based calibration: parameters drawn from the prior are placed anywhere among posterior draws alike.

Talts, Betancourt, Simpson, Vehtari and Gelman (2018), arXiv:1804.06788. A discounted likelihood is the product of
densities raised to weights, which no law of the months has as it stands. It is simulated by what it is a
likelihood of. For a regression these are estimates and a residual sum with as many degrees of freedom as the weights
sum to. For the VAR they are months whose innovations have covariance Sigma / w, whatever their lags:
``|Sigma|^(-w/2) exp(-w u' Sigma^-1 u / 2)`` is their density times ``|Sigma|^((1-w)/2)``, and the second factor is
what 1 - w degrees of freedom fewer do to an inverse-Wishart prior. So Sigma is drawn with as many degrees of freedom
fewer than the posterior is told as the discount takes from the months.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from jpsim.calibration.dynamics import discount
from jpsim.calibration.loadings import Groups, fit_level
from jpsim.calibration.steady_state import SteadyStatePrior, companion, sample_posterior

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


def autoregression_ranks(simulations: int, seed: int, told: float = 1.0) -> np.ndarray:
    """Ranks of 18 parameters of three variables and one lag, of log det Sigma and of the largest root of B.

    They are ranks among 49 thinned posterior draws of B, psi and Sigma.

    `told` times the months that the discount takes away is what the prior's degrees of freedom are raised by.
    """
    rng, months, kept, n, dof = np.random.default_rng(seed), 61, 49, 3, 9.0
    weights = discount(months, 20.0)  # the first counts an eighth
    lost = float((1.0 - weights[1:]).sum())
    truth_prior = SteadyStatePrior(
        mean=np.array([np.diag([0.7, 0.3, 0.0])]), sd=np.full((1, n, n), 0.15), psi_mean=np.array([1.0, 0.0, -0.5]),
        psi_sd=np.array([0.3, 0.2, 0.3]), scale=np.diag([1.0, 2.0, 1.0]), dof=dof,
    )  # fmt: skip
    prior = replace(truth_prior, dof=dof + told * lost)
    ranks = []
    for _ in range(simulations):
        Sigma = stats.invwishart.rvs(dof, truth_prior.scale, random_state=rng)
        psi = truth_prior.psi_mean + truth_prior.psi_sd * rng.standard_normal(n)
        B = _stable(truth_prior, rng)
        root, y = np.linalg.cholesky(Sigma), rng.standard_normal((months, n))
        for t in range(1, months):
            y[t] = psi + B[0] @ (y[t - 1] - psi) + root @ rng.standard_normal(n) / np.sqrt(weights[t])
        draws = sample_posterior(y, weights, prior, rng, burn_in=30, kept=kept, thin=6)
        told_apart = [_described(*draw) for draw in zip(draws.B, draws.psi, draws.Sigma, strict=True)]
        ranks.append((np.array(told_apart) < _described(B, psi, Sigma)).sum(axis=0))
    return np.array(ranks)


def _described(B: np.ndarray, psi: np.ndarray, Sigma: np.ndarray) -> np.ndarray:
    root = np.abs(np.linalg.eigvals(companion(B))).max()
    return np.concatenate([B.ravel(), psi, Sigma[np.tril_indices(len(psi))], [np.linalg.slogdet(Sigma)[1], root]])


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


def test_ranks_of_a_small_discounted_autoregression_are_uniform():
    p = uniform_p(autoregression_ranks(30, 104), 50)
    assert (p > 0.001).all()


def test_ranks_of_variances_are_not_uniform_when_every_month_counts_one_degree_of_freedom():
    p = uniform_p(autoregression_ranks(40, 106, told=0.0), 50)
    assert (p[[12, 14, 17]] < 0.01).all()  # the three variances


@pytest.mark.slow
def test_ranks_of_the_discounted_autoregression_are_uniform():
    p = uniform_p(autoregression_ranks(500, 105), 50)
    print(np.sort(p).round(3))
    assert (p > 0.01).mean() >= 0.95
