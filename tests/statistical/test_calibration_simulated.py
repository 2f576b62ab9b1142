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
from jpsim.calibration.volatility import VolatilityGrid, estimate_volatility

BINS = 10


def uniform_p(ranks: np.ndarray, places: int) -> np.ndarray:
    """Chi-square p-value of each column of (N, m) ranks 0 to places - 1 in equal bins."""
    counts = np.array([np.bincount(column * BINS // places, minlength=BINS) for column in ranks.T])
    return stats.chisquare(counts, axis=1).pvalue


class Regressions:
    """A design of 240 months and 4 factors, and returns that are as likely as the discounted likelihood says.

    `posterior_discount` is the half-life that the factors' unit is taken with; the truth's is 60.
    """

    months, factors, sd = 240, 4, 0.05

    def __init__(self, rng: np.random.Generator, posterior_discount: float) -> None:
        self.rng, self.weights = rng, discount(self.months, 60.0)
        used = discount(self.months, posterior_discount)
        self.z = rng.standard_normal((self.months, self.factors))
        self.z /= np.sqrt(used @ self.z**2 / used.sum())
        self.design = np.column_stack([np.ones(self.months), self.z])
        self.root = np.sqrt(self.weights)[:, None]
        self.basis, self.triangle = np.linalg.qr(self.design * self.root)

    def returns(self, truth: np.ndarray) -> np.ndarray:
        """Returns (T, k) whose estimates and residual sums have the law of regressions on `truth` (k, n)."""
        k = len(truth)
        estimate = np.column_stack([np.zeros(k), truth]).T
        estimate = estimate + self.sd * np.linalg.solve(self.triangle, self.rng.standard_normal((self.factors + 1, k)))
        noise = self.rng.standard_normal((self.months, k))
        noise -= self.basis @ (self.basis.T @ noise)
        freedom = self.weights.sum() - self.design.shape[1]
        noise *= self.sd * np.sqrt(self.rng.chisquare(freedom, k)) / np.linalg.norm(noise, axis=0)
        return self.design @ estimate + noise / self.root


def shrunk(scale: float) -> Groups:
    return Groups(np.zeros(Regressions.factors, dtype=np.int64), ((scale,),))


def loading_ranks(simulations: int, seed: int, posterior_discount: float = 60.0) -> np.ndarray:
    """Ranks of 4 loadings of 3 series among 99 posterior draws."""
    rng, scale = np.random.default_rng(seed), 0.15
    made, used = Regressions(rng, posterior_discount), discount(Regressions.months, posterior_discount)
    centre, ranks = np.full((3, made.factors), 0.01), []
    for _ in range(simulations):
        truth = centre + scale * made.sd * rng.standard_normal(centre.shape)
        fit = fit_level(made.returns(truth), made.z, np.ones(made.factors), used, centre, shrunk(scale))
        draws = np.array([fit.posterior.draw(np.zeros_like(centre), rng) for _ in range(99)])
        ranks.append((draws < truth).sum(axis=0).ravel())
    return np.array(ranks)


def hierarchy_ranks(simulations: int, seed: int, follow: float = 1.0) -> np.ndarray:
    """Ranks of the loadings of TOPIX and of three sectors that are centred on their betas times TOPIX's.

    `follow` times what a draw of TOPIX departs from its mean moves the centres of the sectors' draws.
    """
    rng, own, market = np.random.default_rng(seed), 0.15, 1.0
    made, beta, ranks = Regressions(rng, 60.0), np.array([0.7, 1.0, 1.3]), []
    unit, above, still = np.ones(made.factors), np.full((1, made.factors), 0.01), np.zeros((1, made.factors))
    for _ in range(simulations):
        topix = above + market * made.sd * rng.standard_normal(above.shape)
        sectors = np.outer(beta, topix) + own * made.sd * rng.standard_normal((len(beta), made.factors))
        first = fit_level(made.returns(topix), made.z, unit, made.weights, above, shrunk(market))
        centre = np.outer(beta, first.loadings[0])
        second = fit_level(made.returns(sectors), made.z, unit, made.weights, centre, shrunk(own))
        places = np.zeros((1 + len(beta), made.factors), dtype=np.int64)
        for _ in range(99):
            drawn = first.posterior.draw(still, rng)
            moved = follow * np.outer(beta, drawn[0] - first.loadings[0])
            places += np.concatenate([drawn, second.posterior.draw(moved, rng)]) < np.concatenate([topix, sectors])
        ranks.append(places.ravel())
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
        draws = sample_posterior(y, weights, prior, rng, burn_in=20, kept=kept, thin=2)
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
    p = uniform_p(autoregression_ranks(2000, 105), 50)
    assert (p > 0.01).mean() >= 0.95


def test_ranks_down_the_hierarchy_are_uniform():
    """Within what 250 replications tell: TOPIX does not learn from the sectors, whose ranks are 3% too central."""
    ranks = hierarchy_ranks(250, 107)
    assert (uniform_p(ranks, 100) > 0.01).mean() >= 0.9
    assert ranks.std() / np.sqrt((100**2 - 1) / 12) == pytest.approx(0.98, abs=0.04)


def test_sectors_that_follow_the_draw_of_topix_too_far_are_found():
    p = uniform_p(hierarchy_ranks(250, 108, follow=5.0), 100)
    assert (p[4:] < 0.01).mean() > 0.5


TAILS = {
    "nu_mean": 9.0, "nu_log_sd": 1.0, "sv_phi": {"mean": 0.85, "sd": 0.08}, "sv_sigma": {"mean": 0.25, "log_sd": 1.0},
}  # fmt: skip
GRID = VolatilityGrid(
    np.linspace(-4.5, 4.5, 41), np.linspace(0.6, 0.95, 4), np.geomspace(0.1, 0.7, 4), 2.0 + np.geomspace(2.0, 30.0, 4)
)


def tail_errors(simulations: int, seed: int, weight: float = 1.0) -> np.ndarray:
    """Scores of what tails and volatility of simulated months depart from their posterior means.

    Parameters come from the prior on the grid. A posterior mean is right on average, and so is its product with
    whatever the months say; the squared error of the last log-variance is its posterior variance on average.
    """
    rng, months, n, errors = np.random.default_rng(seed), 60, 4, []
    count = 0.85 * 0.15 / 0.08**2 - 1.0
    laws = (
        (GRID.phi, stats.beta(0.85 * count, 0.15 * count).pdf(GRID.phi)),
        (GRID.sigma, stats.norm.pdf(np.log(GRID.sigma / 0.25))),
        (GRID.nu, stats.norm.pdf(np.log((GRID.nu - 2.0) / 7.0))),
    )
    for _ in range(simulations):
        phi, sigma, nu = (rng.choice(values, p=law / law.sum()) for values, law in laws)
        spread, d2 = sigma / np.sqrt(1.0 - phi**2), np.empty(months)
        v = spread * rng.standard_normal()
        for t in range(months):
            v = phi * v + sigma * rng.standard_normal()
            d2[t] = np.exp(v - spread**2 / 2.0) * (nu - 2.0) / rng.chisquare(nu) * rng.chisquare(n)
        found = estimate_volatility(d2, np.full(months, float(n)), np.full(months, weight), TAILS, GRID)
        told = np.array([found.phi, np.log(found.sigma), np.log(found.nu - 2.0), found.start])
        error = np.array([phi, np.log(sigma), np.log(nu - 2.0), v]) - told
        errors.append([*error, *(error * told), error[3] ** 2 - found.start_sd**2])
    table = np.array(errors)
    return table.mean(axis=0) / table.std(axis=0, ddof=1) * np.sqrt(simulations)


def test_posterior_means_of_tails_and_volatility_are_right_on_average():
    assert np.abs(tail_errors(250, 109)).max() < 3.5


def test_months_that_count_too_much_are_found_in_the_tails():
    assert np.abs(tail_errors(100, 110, weight=1.6)).max() > 6.0
