"""Skewed months: scipy's densities integrated, published moments, and the law that made the data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate, stats

from jpsim.calibration.distances import measure_distances
from jpsim.calibration.skewed_months import estimate_tails, filter_skewed, mixing_law, skewed_densities
from jpsim.calibration.volatility import filter_months, squared_distances
from jpsim.errors import InputError
from jpsim.model.checks import check_model
from jpsim.model.skewness import SkewedShocks, mixing_variance, shifted_skewness
from tests.models import small_model

SIGMA = np.array([[1.0, 0.4, -0.2], [0.4, 2.0, 0.1], [-0.2, 0.1, 0.5]])
MONTHS = np.array([[0.3, -1.0, 0.2], [-3.5, -2.0, 1.5], [-2.0, np.nan, 0.4], [np.nan, 2.5, -1.0]])
PRIORS = {
    "nu_mean": 9.0, "nu_log_sd": 0.5, "sv_phi": {"mean": 0.9, "sd": 0.06}, "sv_sigma": {"mean": 0.25, "log_sd": 0.5},
    "skew": {"factor": "first", "sd": 0.5},
}  # fmt: skip


def densities(residual, nu, shift):
    months = measure_distances(residual, SIGMA, 0)
    return skewed_densities(*months.total, months.projected, months.strength, nu, shift)


def left_out(residual):
    """What the package leaves out of each month's log density."""
    seen = [np.flatnonzero(np.isfinite(row)) for row in residual]
    return np.array([0.5 * np.linalg.slogdet(SIGMA[np.ix_(s, s)])[1] + len(s) / 2 * np.log(np.pi) for s in seen])


def mixed_density(row, nu, shift):
    """Integral over W = (nu - 2) / chi-square of normal densities."""
    seen, b = np.flatnonzero(np.isfinite(row)), shift * SIGMA[:, 0]
    rest = (SIGMA - 2.0 / (nu - 4.0) * np.outer(b, b))[np.ix_(seen, seen)]

    def at(x):
        W = (nu - 2.0) / x
        return stats.multivariate_normal((b * (W - 1.0))[seen], W * rest).pdf(row[seen]) * stats.chi2.pdf(x, nu)

    return integrate.quad(at, 1e-8, 80.0, points=[0.5, 2.0, 8.0], limit=400)[0]


def skewed_months(count, nu, shift, n, rng, sigma=0.0):
    """Months of n independent factors, the first of which leads, from the definition."""
    b = np.eye(n)[0] * shift
    W = (nu - 2.0) / rng.chisquare(nu, count)
    rest = np.linalg.cholesky(np.eye(n) - 2.0 / (nu - 4.0) * np.outer(b, b))
    u = (W - 1.0)[:, None] * b + np.sqrt(W)[:, None] * rng.standard_normal((count, n)) @ rest.T
    v = np.zeros(count)
    for t in range(1, count):
        v[t] = 0.9 * v[t - 1] + sigma * rng.standard_normal()
    return np.exp(0.5 * (v - sigma**2 / (2 * (1 - 0.81))))[:, None] * u


@pytest.mark.parametrize(("nu", "shift"), [(9.0, -0.4), (6.0, 0.2), (4.6, 0.5), (9.0, 1e-5), (9.0, 0.0)])
def test_their_density_is_that_of_a_normal_mean_variance_mixture(nu, shift):
    expected = [np.log(mixed_density(row, nu, shift)) for row in MONTHS]
    assert_allclose(densities(MONTHS, nu, shift) - left_out(MONTHS), expected, atol=1e-6)


def test_both_forms_of_their_density_meet_near_symmetry():
    shifts = np.array([0.9, 1.1]) * 1e-3 / np.sqrt(7.0)  # on both sides of where the series takes over
    low, high = (densities(MONTHS, 9.0, shift) for shift in shifts)
    assert_allclose(low, high, atol=1e-3)
    assert_allclose(low - densities(MONTHS, 9.0, 0.0), (high - low) * 0.9 / 0.2, rtol=1e-2, atol=1e-7)


def test_a_shift_that_leaves_no_variance_has_no_density():
    assert np.isneginf(densities(MONTHS, 5.0, 0.8)).all()


def test_without_a_shift_the_filter_is_that_of_symmetric_months():
    rng = np.random.default_rng(71)
    residual, weights = rng.standard_normal((30, 3)), rng.uniform(0.2, 1.0, 30)
    expected, _ = filter_months(*squared_distances(residual, SIGMA), weights, np.array([7.0]), 0.9, np.array([0.25]))
    months = measure_distances(residual, SIGMA, 0)
    found = filter_skewed(months, weights, np.array([7.0]), np.zeros(1), 0.9, 0.25)
    assert_allclose(found.sum(), expected.sum(), atol=5e-3)


@pytest.mark.parametrize(("shift", "sigma"), [(-0.5, 0.0), (0.0, 0.3), (0.4, 0.3)])
def test_the_posterior_finds_the_law_that_made_the_months(shift, sigma):
    rng = np.random.default_rng(73)
    residual = skewed_months(800, 9.0, shift, 4, rng, sigma)
    found = estimate_tails(residual, np.eye(4), np.ones(800), PRIORS, ("first", "b", "c", "d"))
    low, high = found.skew_range
    assert abs(found.skew_shift - shift) < 3.0 * max((high - low) / 3.29, 0.05)
    assert found.nu == pytest.approx(9.0, rel=0.25)
    assert found.skew_factor == "first"


def test_months_are_symmetric_where_the_priors_do_not_speak_of_skewness():
    residual = skewed_months(300, 9.0, -0.5, 4, np.random.default_rng(73))
    priors = {name: value for name, value in PRIORS.items() if name != "skew"}
    found = estimate_tails(residual, np.eye(4), np.ones(300), priors, ("first", "b", "c", "d"))
    assert (found.skew_factor, found.skew_shift) == ("", 0.0)


def test_a_leading_factor_that_is_none_is_refused():
    with pytest.raises(InputError, match=r"tails.skew names 'first', which is no factor"):
        estimate_tails(np.zeros((60, 2)), np.eye(2), np.ones(60), PRIORS, ("a", "b"))


def test_draws_of_the_mixing_variable_have_the_moments_of_their_law():
    month, count = measure_distances(MONTHS[1:2], SIGMA, 0), 200_000
    law = mixing_law(*month.total, month.projected, month.strength, 7.0, -0.6)
    law = law._replace(**{name: np.full(count, getattr(law, name)[0]) for name in law._fields})
    drawn = law.draw(np.random.default_rng(5))
    order, chi, psi = float(law.order[0]), float(law.chi[0]), float(law.psi[0])
    exact = stats.geninvgauss(-order, np.sqrt(chi * psi), scale=np.sqrt(chi / psi))
    assert abs(drawn.mean() - exact.mean()) < 4.0 * exact.std() / np.sqrt(count)
    assert stats.kstest(drawn[:2000], exact.cdf).pvalue > 1e-3


@pytest.mark.parametrize(("nu", "shift"), [(12.0, -0.5), (9.5, 0.3)])
def test_the_skewness_is_that_of_aas_and_haff(nu, shift):
    """Their formula for delta**2 = nu_0 - 2 and beta, brought to mean zero and a given sd; their nu is nu here.

    skewness = 2 sqrt(nu - 4) beta delta / (2 beta^2 delta^2 + (nu - 2)(nu - 4))^(3/2)
               (3 (nu - 2) + 8 beta^2 delta^2 / (nu - 6)).
    """
    left = 1.0 - mixing_variance(nu) * shift**2
    # shift (W - 1) + sqrt(W left) e is mu + beta Z + sqrt(Z) e with Z = left W inverse gamma, delta^2 = left (nu - 2)
    beta, delta = shift / left, np.sqrt(left * (nu - 2.0))
    square = (beta * delta) ** 2
    expected = 2.0 * np.sqrt(nu - 4.0) * beta * delta / (2.0 * square + (nu - 2.0) * (nu - 4.0)) ** 1.5
    expected *= 3.0 * (nu - 2.0) + 8.0 * square / (nu - 6.0)
    assert shifted_skewness(nu, shift) == pytest.approx(expected, rel=1e-12)


def test_the_skewness_is_infinite_where_its_moment_is():
    assert shifted_skewness(5.5, -0.3) == -np.inf


def test_shocks_have_unit_covariance_and_lean_on_the_shift():
    A, nu = np.linalg.cholesky(SIGMA), 8.0
    b = -0.4 * SIGMA[:, 0]
    found = SkewedShocks.of(np.linalg.cholesky(SIGMA), b, nu)
    impact = A @ found.root
    assert_allclose(impact @ impact.T + mixing_variance(nu) * np.outer(b, b), SIGMA, atol=1e-14)
    assert_allclose(impact @ found.lean, b, atol=1e-14)
    along = found.directions(np.eye(3)[:, :2])
    assert_allclose((found.root @ along)[2], 0.0, atol=1e-14)  # x moves in the first two directions only
    assert_allclose(along.T @ along, np.eye(2), atol=1e-14)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"skew_factor": "gold"}, "'gold', which leads in skewed months"),
        ({"nu": 4.0}, "leave no variance to sp500"),
        ({"skew_shift": np.nan}, "leave no variance to sp500"),
        ({"skew_shift": -1.3}, "must be below 1"),
    ],
)
def test_unsound_skewness_is_refused(changes, message):
    model = replace(small_model(), skew_factor="sp500", skew_shift=-0.4)
    check_model(model)
    with pytest.raises(InputError, match=message):
        check_model(replace(model, **changes))
