"""Random scales of the months against closed forms, quadrature and rejection.

Sources: moments of log-normal and inverse chi-square variables; for one month the gamma posterior of
a precision, and numerical integration; for several months rejection from draws that numpy makes.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import integrate, stats

from jpsim.errors import InputError
from jpsim.simulation.cross_entropy import fit_proposal
from jpsim.simulation.engine import draw_paths, log_likelihoods
from jpsim.simulation.importance import effective_size, normalise
from jpsim.simulation.law import Mixing
from jpsim.simulation.proposals import empty_proposal
from jpsim.simulation.weight_regression import WIDER, fit_quadratic, regressed
from tests.naive import simulation as naive

SEED = 41


def memoryless(mixing, n=3):
    """A law whose factors are the shocks themselves."""
    months = mixing.exposure.shape[0]
    law = naive.example_law(np.random.default_rng(0), n=n, p=1, months=months, series=2, groups=1, common=0)
    dynamics = law.dynamics._replace(
        state=np.zeros(n),
        intercept=np.zeros((months, n)),
        transition=np.zeros((months, n, n)),
        impact=np.tile(np.eye(n), (months, 1, 1)),
        free_intercept=np.zeros(n),
        free_transition=np.zeros((n, n)),
        cumulated=np.zeros(0, dtype=np.int64),
    )
    levels = law.levels._replace(code=np.zeros(n, dtype=np.int64))
    return dataclasses.replace(law, dynamics=dynamics, levels=levels, mixing=mixing)


def free_mixing(months, n, **settings):
    return Mixing(exposure=np.zeros((months, 0, n)), noise=np.zeros(0), gap=np.zeros(0), **settings)


def with_proposal(law, proposal):
    return dataclasses.replace(law, mixing=law.mixing._replace(proposal=proposal))


@pytest.mark.parametrize("nu", [np.inf, 12.0])
def test_moments_of_stochastic_volatility(nu):
    months, n, count, phi, sigma, start = 6, 3, 300_000, 0.8, 0.4, 0.5
    law = memoryless(free_mixing(months, n, nu=nu, sv_phi=phi, sv_sigma=sigma, sv_start=start))
    y = draw_paths(law, SEED, 0, count)[:n]
    t = np.arange(1, months + 1)
    mean, variance = phi**t * start, sigma**2 * (1 - phi ** (2 * t)) / (1 - phi**2)
    centre = sigma**2 / (2 * (1 - phi**2))
    heavy = 1.0 if np.isinf(nu) else (nu - 2) / (nu - 4)
    second = np.exp(mean + variance / 2 - centre)
    fourth = 3 * heavy * np.exp(2 * mean + 2 * variance - 2 * centre)
    together = np.exp(mean[:-1] + mean[1:] + (variance[:-1] * (1 + 2 * phi) + variance[1:]) / 2 - 2 * centre)
    samples = [(y[0] ** 2, second), (y[1] ** 4, fourth), (y[0, :-1] ** 2 * y[2, 1:] ** 2, together)]
    for x, truth in samples:
        z = (x.mean(axis=1) - truth) / (x.std(axis=1) / np.sqrt(count))
        assert np.abs(z).max() < 4.0


def test_scales_of_stationary_volatility_have_mean_square_one():
    law = memoryless(free_mixing(80, 1, nu=8.0, sv_phi=0.9, sv_sigma=0.25), n=1)
    square = draw_paths(law, SEED, 0, 40_000)[0, 50:] ** 2
    mean = square.mean(axis=0)
    assert abs(mean.mean() - 1.0) < 4.0 * mean.std() / np.sqrt(mean.size)


def requirements(months, n, rows, gap, noise, **settings):
    """Row r: the sum of factor r's shocks, more of later months."""
    exposure = np.zeros((months, rows, n))
    for r in range(rows):
        exposure[:, r, r] = 0.5 + 0.5 * np.arange(1, months + 1) / months
    return Mixing(exposure=exposure, noise=np.array(noise), gap=np.array(gap), **settings)


SETTINGS = {
    "student": {"nu": 6.0},
    "volatility": {"nu": np.inf, "sv_phi": 0.9, "sv_sigma": 0.5},
    "both": {"nu": 7.0, "sv_phi": 0.9, "sv_sigma": 0.35, "sv_start": 0.3},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_conditioned_proposal_is_the_rejected_law(name):
    """One exact requirement at 2 sd (rejection), one measured with error (weights); 3 factors, 4 months."""
    settings, months, n = SETTINGS[name], 4, 3
    mixing = requirements(months, n, 2, [0.0, -2.0], [0.0, 0.5], **settings)
    target = 2.0 * np.sqrt((mixing.exposure[:, 0, 0] ** 2).sum())
    law = memoryless(mixing._replace(gap=np.array([target, -2.0])))
    proposed = with_proposal(law, fit_proposal(law, SEED))
    count = 60_000
    ours = draw_paths(proposed, SEED, 0, count)[:n].reshape(n * months, count)
    np.testing.assert_allclose(mixing.exposure[:, 0, 0] @ ours[:months], target, atol=1e-9)
    q = normalise(log_likelihoods(proposed, SEED, 0, count)) / count
    theirs, weight = rejected(law.mixing, months, n)
    z = []
    for f in (lambda y: y, lambda y: y**2):
        a, b = f(ours), f(theirs)
        mean, other = a @ q, b @ weight
        error = np.sqrt((a - mean[:, None]) ** 2 @ q**2 + (b - other[:, None]) ** 2 @ weight**2)
        z += list((mean - other) / error)
    assert np.abs(z).max() < 4.0
    assert np.sqrt(np.mean(np.square(z))) < 1.6


def rejected(mixing, months, n, count=1_500_000):
    """Shocks from numpy that meet row 0 within 0.04 sd, weighted by the density of row 1's error."""
    rng = np.random.default_rng(9)
    v, y = np.full(count, mixing.sv_start), np.empty((n, months, count))
    for t in range(months):
        v = mixing.sv_phi * v + mixing.sv_sigma * rng.normal(size=count)
        square = np.exp(v - mixing.sv_sigma**2 / (2 * (1 - mixing.sv_phi**2)))
        if np.isfinite(mixing.nu):
            square *= (mixing.nu - 2) / rng.chisquare(mixing.nu, size=count)
        y[:, t] = np.sqrt(square) * rng.normal(size=(n, count))
    moved = np.einsum("trn,ntk->rk", mixing.exposure, y)
    sd = np.sqrt((mixing.exposure[:, 0, 0] ** 2).sum())
    near = np.abs(moved[0] - mixing.gap[0]) < 0.04 * sd
    weight = stats.norm.pdf(moved[1, near], mixing.gap[1], np.sqrt(mixing.noise[1]))
    return y[:, :, near].reshape(n * months, -1), weight / weight.sum()


def test_weights_of_a_student_month_are_even():
    """One month: the normal proposal stands for the exact posterior of g, which is gamma with shape (nu + m) / 2."""
    nu, gap = 6.0, np.array([2.5, -1.0])
    law = memoryless(requirements(1, 3, 2, gap, [0.0, 0.0], nu=nu))
    proposal = fit_proposal(law, SEED)
    weights = np.exp(log_likelihoods(with_proposal(law, proposal), SEED, 0, 100_000))
    assert effective_size(weights) / 100_000 > 0.98
    # The mean weight is the density of the requirements: of a Student-t law, scaled to unit variance.
    truth = stats.multivariate_t([0.0, 0.0], np.eye(2) * (nu - 2.0) / nu, df=nu).pdf(gap)
    assert abs(weights.mean() - truth) < 4.0 * weights.std() / np.sqrt(weights.size)
    posterior = stats.gamma((nu + 2) / 2, scale=1.0 / (0.5 + gap @ gap / (2.0 * (nu - 2.0))))
    scores = stats.norm.isf(stats.chi2.cdf(posterior.rvs(200_000, random_state=1), nu))
    assert proposal.mean[0, 0] == pytest.approx(scores.mean(), abs=0.03)
    assert 1.0 / np.sqrt(1.0 - proposal.curvature[0, 0]) == pytest.approx(scores.std(), abs=0.03)


def test_news_get_their_posterior_mean():
    """One month of stochastic volatility: the mean of eta given a shock of 3, by quadrature."""
    phi, sigma = 0.9, 0.8
    law = memoryless(requirements(1, 1, 1, [3.0], [0.0], nu=np.inf, sv_phi=phi, sv_sigma=sigma), n=1)
    proposal = fit_proposal(law, SEED)

    def joint(eta):
        scale = np.exp(0.5 * (sigma * eta - sigma**2 / 2 / (1 - phi**2)))
        return stats.norm.pdf(eta) * stats.norm.pdf(3.0, scale=scale)

    mass = integrate.quad(joint, -10, 10)[0]
    truth = integrate.quad(lambda eta: eta * joint(eta), -10, 10)[0] / mass
    assert proposal.mean[0, 1] == pytest.approx(truth, abs=0.1)  # of a law that is not normal, whose sd is 0.8
    # The mean weight is the density of the requirement, whatever the proposal.
    weights = np.exp(log_likelihoods(with_proposal(law, proposal), SEED, 0, 100_000))
    assert effective_size(weights) / 100_000 > 0.95
    z = (weights.mean() - mass) / (weights.std() / np.sqrt(weights.size))
    assert abs(z) < 4.0


def test_fit_depends_on_its_arguments_only_and_uses_what_is_judged():
    law = memoryless(requirements(4, 3, 2, [3.0, -2.0], [0.0, 0.0], nu=6.0, sv_phi=0.9, sv_sigma=0.25))
    one, two = fit_proposal(law, SEED), fit_proposal(law, SEED)

    def judged(_, first, scores):
        count = scores.shape[1]
        return np.zeros((2, count)), 0.001 * np.arange(first, first + count)

    other = fit_proposal(law, SEED, judged)
    for a, b, c in zip(one[:4], two[:4], other[:4], strict=True):
        np.testing.assert_array_equal(a, b)
        assert a is one.share or (a.shape != c.shape or (a != c).any())


def test_quadratic_log_weights_become_even():
    """A log weight that is a quadratic form of normals and scores, against the normal law that it makes."""
    rng = np.random.default_rng(3)
    d, q, count = 6, 2, 3000
    square = rng.normal(size=(d + q, d + q))
    hessian = 0.4 * (square + square.T) / np.abs(np.linalg.eigvalsh(square + square.T)).max()
    slope = 0.3 * rng.normal(size=d + q)
    covariance = np.linalg.inv(np.eye(d + q) - hessian)
    normals = rng.normal(size=(d + q, count))
    values = slope @ normals + 0.5 * np.einsum("in,ij,jn->n", normals, hessian, normals)
    found = regressed(empty_proposal(d // 2, q), np.arange(d), normals, values)
    mean = covariance @ slope
    directions = found.directions[0]
    own = np.linalg.inv(np.eye(d) - directions.T @ np.diag(found.curvature[0]) @ directions)
    np.testing.assert_allclose(own, covariance[:d, :d], atol=2e-3)
    np.testing.assert_allclose(found.mean[0], mean[:d], atol=2e-3)
    follow = covariance[d:, :d] @ np.linalg.inv(covariance[:d, :d])
    np.testing.assert_allclose(found.score_follow, follow, atol=2e-3)
    np.testing.assert_allclose(found.score_mean, mean[d:] - follow @ mean[:d], atol=2e-3)
    left = covariance[d:, d:] - follow @ covariance[:d, d:]
    np.testing.assert_allclose(found.score_root @ found.score_root, WIDER**2 * left, atol=2e-3)
    np.testing.assert_allclose(found.score_widen, 0.0, atol=2e-3)


def test_curved_directions_are_found_among_many_normals():
    """Forty normals, more than are paired: two directions of curvature and one square."""
    rng = np.random.default_rng(4)
    normals = rng.normal(size=(40, 8000))
    first, second = np.linalg.qr(rng.normal(size=(40, 2)))[0].T
    values = 0.4 * (first @ normals) ** 2 - 0.5 * (second @ normals) ** 2 + 0.2 * normals[7] ** 2 + normals[3]
    found = fit_quadratic(normals, 0, values, np.full(8000, 1.0 / 8000))
    truth = 0.8 * np.outer(first, first) - np.outer(second, second)
    truth[7, 7] += 0.4
    assert np.abs(found.hessian - truth).max() < 0.03
    np.testing.assert_allclose(found.slope, np.eye(40)[3], atol=0.03)


def test_laws_without_mixing_are_refused():
    law = memoryless(free_mixing(2, 3, nu=6.0))
    with pytest.raises(InputError, match="no requirements"):
        fit_proposal(law, 1)
    with pytest.raises(InputError, match="no mixing"):
        fit_proposal(dataclasses.replace(law, mixing=None), 1)
    with pytest.raises(InputError, match="persistence 1"):
        draw_paths(memoryless(free_mixing(2, 3, nu=6.0, sv_phi=1.0, sv_sigma=0.1)), 1, 0, 1)
    repeated = requirements(2, 3, 2, [0.0, 0.0], [0.0, 0.0], nu=np.inf)
    repeated.exposure[:, 1] = repeated.exposure[:, 0]
    with pytest.raises(InputError, match="positive definite"):
        draw_paths(memoryless(repeated), 1, 0, 1)


@pytest.mark.parametrize(
    ("nu", "distance", "share"),
    [(6.0, 1.5, 0.90), (8.0, 1.5, 0.90), (6.0, 3.0, 0.80), (8.0, 3.0, 0.80), (6.0, 5.0, 0.60), (8.0, 5.0, 0.60)],
)
def test_effective_sample_at_two_distant_requirements(nu, distance, share):
    mixing = requirements(12, 3, 2, [0.0, 0.0], [0.0, 0.0], nu=nu, sv_phi=0.9, sv_sigma=0.25)
    sd = np.sqrt((mixing.exposure**2).sum(axis=(0, 2)))
    law = memoryless(mixing._replace(gap=distance * sd * np.array([1.0, -1.0])))
    weights = normalise(log_likelihoods(with_proposal(law, fit_proposal(law, SEED)), SEED, 0, 50_000))
    assert effective_size(weights) / 50_000 > share
