"""Residuals of parts against the residual of their whole, and reconciliation with a covariance."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from jpsim.calibration.loadings import reconcile
from jpsim.calibration.residuals import decompose_residuals, discounted_covariance, match_aggregate, recent_covariance


@pytest.fixture(scope="module")
def law():
    rng = np.random.default_rng(91)
    loadings = np.abs(rng.standard_normal((12, 2))) * 0.02
    return loadings, np.full(12, 0.03**2), rng.dirichlet(np.ones(12))


@pytest.mark.parametrize("share", [0.6, 1.3])
def test_the_whole_gets_its_variance_and_every_part_keeps_its_own(law, share):
    loadings, own, weights = law
    before = loadings @ loadings.T + np.diag(own)
    target = share * float(weights @ before @ weights)
    moved, rest = match_aggregate(loadings, own, weights, target)
    after = moved @ moved.T + np.diag(rest)
    assert float(weights @ after @ weights) == pytest.approx(target, rel=1e-9)
    assert_allclose(np.diag(after), np.diag(before))
    assert (rest > 0).all()


def test_nothing_moves_where_the_whole_fits_already(law):
    loadings, own, weights = law
    covariance = loadings @ loadings.T + np.diag(own)
    moved, rest = match_aggregate(loadings, own, weights, float(weights @ covariance @ weights))
    assert_allclose(moved, loadings, atol=1e-12)
    assert_allclose(rest, own, atol=1e-12)


def test_decomposed_residuals_add_up_to_the_variance_of_the_whole_that_was_seen():
    rng = np.random.default_rng(92)
    common = rng.standard_normal((240, 2)) @ (0.02 * rng.standard_normal((2, 8)))
    parts = common + 0.03 * rng.standard_normal((240, 8))
    weights, discount = np.full(8, 1 / 8), np.ones(240)
    whole = parts @ weights
    found = decompose_residuals(parts, parts[:, :1], discount, discount, 2, 0.16, 0.06, (weights, whole))
    covariance = found.common[:8] @ found.common[:8].T + np.diag(found.idio_sd[:8] ** 2)
    assert float(weights @ covariance @ weights) == pytest.approx(float(np.mean(whole**2)), rel=1e-8)
    assert_allclose(np.diag(covariance), np.diag(discounted_covariance(parts, discount)), rtol=1e-8)


def test_variances_are_recent_where_correlations_are_long():
    """numpy's weighted moments of a panel whose volatility halved, with a month missing."""
    rng = np.random.default_rng(94)
    x = (rng.standard_normal((200, 1)) + rng.standard_normal((200, 3))) * np.repeat([0.04, 0.02], 100)[:, None]
    recent, longer = 0.5 ** (np.arange(200)[::-1] / 12.0), 0.5 ** (np.arange(200)[::-1] / 90.0)
    x[150, 2] = np.nan
    seen = np.isfinite(x[:, 2])
    found = recent_covariance(x, recent, longer)
    assert found[0, 0] == pytest.approx(np.average(x[:, 0] ** 2, weights=recent))
    assert found[2, 2] == pytest.approx(np.average(x[seen, 2] ** 2, weights=recent[seen]))
    pair = [np.average(x[seen, i] * x[seen, j], weights=longer[seen]) for i, j in ((0, 2), (2, 2))]
    expected = pair[0] / np.sqrt(pair[1] * np.average(x[:, 0] ** 2, weights=longer))
    assert found[0, 2] / np.sqrt(found[0, 0] * found[2, 2]) == pytest.approx(expected)
    assert_allclose(recent_covariance(x, recent, recent), discounted_covariance(x, recent), rtol=1e-12)


def test_reconciliation_with_a_covariance_is_its_trace_minimising_closed_form():
    rng = np.random.default_rng(93)
    root = rng.standard_normal((4, 4))
    error, weights = root @ root.T, np.array([0.1, 0.4, 0.3, 0.2])
    parts, whole = rng.standard_normal((4, 3)), rng.standard_normal(3)
    found = reconcile(parts, whole, weights, error)
    # constrained generalised least squares: minimise (b - parts)' error^-1 (b - parts) subject to weights b = whole
    inverse = np.linalg.inv(error)
    system = np.block([[inverse, weights[:, None]], [weights[None, :], np.zeros((1, 1))]])
    solved = np.linalg.solve(system, np.vstack([inverse @ parts, whole]))[:4]
    assert_allclose(found, solved, rtol=1e-9)
    assert_allclose(weights @ found, whole)


def test_a_diagonal_covariance_is_the_same_as_its_variances():
    rng = np.random.default_rng(94)
    parts, whole, variance = rng.standard_normal((3, 2)), rng.standard_normal(2), np.array([1.0, 4.0, 0.5])
    weights = np.array([0.5, 0.2, 0.3])
    assert_allclose(reconcile(parts, whole, weights, np.diag(variance)), reconcile(parts, whole, weights, variance))
