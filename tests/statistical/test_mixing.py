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
from jpsim.simulation.cross_entropy import fit_scale_tilt
from jpsim.simulation.engine import draw_paths, log_likelihoods
from jpsim.simulation.importance import effective_size, normalise
from jpsim.simulation.law import Mixing
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


def with_proposal(law, tilt):
    return dataclasses.replace(law, mixing=law.mixing._replace(tilt=tilt))


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
    tilted = with_proposal(law, fit_scale_tilt(law, SEED))
    count = 60_000
    ours = draw_paths(tilted, SEED, 0, count)[:n].reshape(n * months, count)
    np.testing.assert_allclose(mixing.exposure[:, 0, 0] @ ours[:months], target, atol=1e-9)
    q = normalise(log_likelihoods(tilted, SEED, 0, count)) / count
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


def test_student_month_gets_its_exact_posterior():
    """One month: g given m requirements is gamma with shape (nu + m) / 2, whose weights are all equal."""
    nu, gap = 6.0, np.array([2.5, -1.0])
    law = memoryless(requirements(1, 3, 2, gap, [0.0, 0.0], nu=nu))
    tilt = fit_scale_tilt(law, SEED, pilots=20_000)
    rate = 0.5 + (gap @ gap) / (2.0 * (nu - 2.0))
    # Relative errors of the estimates of a gamma law's shape and rate from 20 000 draws: under 1.2 %.
    assert tilt.shape[0, 0] == pytest.approx((nu + 2) / 2, rel=0.05)
    assert tilt.rate[0, 0] == pytest.approx(rate, rel=0.05)
    exact = with_proposal(law, tilt._replace(shape=np.array([[(nu + 2) / 2]]), rate=np.array([[rate]])))
    weights = normalise(log_likelihoods(exact, SEED, 0, 1000))
    np.testing.assert_allclose(weights, 1.0, atol=1e-6)


def test_news_get_their_posterior_mean():
    """One month of stochastic volatility: the mean of eta given a shock of 3, by quadrature."""
    phi, sigma = 0.9, 0.8
    law = memoryless(requirements(1, 1, 1, [3.0], [0.0], nu=np.inf, sv_phi=phi, sv_sigma=sigma), n=1)
    tilt = fit_scale_tilt(law, SEED, pilots=20_000)

    def joint(eta):
        scale = np.exp(0.5 * (sigma * eta - sigma**2 / 2 / (1 - phi**2)))
        return stats.norm.pdf(eta) * stats.norm.pdf(3.0, scale=scale)

    mass = integrate.quad(joint, -10, 10)[0]
    truth = integrate.quad(lambda eta: eta * joint(eta), -10, 10)[0] / mass
    assert tilt.news[0, 0] == pytest.approx(truth, abs=4 / np.sqrt(20_000))
    # The mean weight is the density of the requirement, whatever the proposal.
    weights = np.exp(log_likelihoods(with_proposal(law, tilt), SEED, 0, 100_000))
    z = (weights.mean() - mass) / (weights.std() / np.sqrt(weights.size))
    assert abs(z) < 4.0


def test_fit_depends_on_its_arguments_only_and_uses_other_weights():
    law = memoryless(requirements(4, 3, 2, [3.0, -2.0], [0.0, 0.0], nu=6.0, sv_phi=0.9, sv_sigma=0.25))
    one, two = fit_scale_tilt(law, SEED), fit_scale_tilt(law, SEED)
    other = fit_scale_tilt(law, SEED, other_weights=lambda _, first, count: 0.001 * np.arange(first, first + count))
    for a, b, c in zip(one, two, other, strict=True):
        np.testing.assert_array_equal(a, b)
        assert (a != c).any()


def test_laws_without_mixing_are_refused():
    law = memoryless(free_mixing(2, 3, nu=6.0))
    with pytest.raises(InputError, match="no requirements"):
        fit_scale_tilt(law, 1)
    with pytest.raises(InputError, match="no mixing"):
        fit_scale_tilt(dataclasses.replace(law, mixing=None), 1)
    with pytest.raises(InputError, match="persistence 1"):
        draw_paths(memoryless(free_mixing(2, 3, nu=6.0, sv_phi=1.0, sv_sigma=0.1)), 1, 0, 1)
    repeated = requirements(2, 3, 2, [0.0, 0.0], [0.0, 0.0], nu=np.inf)
    repeated.exposure[:, 1] = repeated.exposure[:, 0]
    with pytest.raises(InputError, match="positive definite"):
        draw_paths(memoryless(repeated), 1, 0, 1)


@pytest.mark.parametrize(
    ("nu", "distance", "share"),
    [(6.0, 1.5, 0.70), (8.0, 1.5, 0.70), (6.0, 3.0, 0.55), (8.0, 3.0, 0.55), (6.0, 5.0, 0.45), (8.0, 5.0, 0.45)],
)
def test_effective_sample_at_two_distant_requirements(nu, distance, share):
    mixing = requirements(12, 3, 2, [0.0, 0.0], [0.0, 0.0], nu=nu, sv_phi=0.9, sv_sigma=0.25)
    sd = np.sqrt((mixing.exposure**2).sum(axis=(0, 2)))
    law = memoryless(mixing._replace(gap=distance * sd * np.array([1.0, -1.0])))
    weights = normalise(log_likelihoods(with_proposal(law, fit_scale_tilt(law, SEED)), SEED, 0, 50_000))
    assert effective_size(weights) / 50_000 > share
