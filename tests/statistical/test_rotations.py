"""Admissible rotations against plain rejection from scipy's uniform law on orthogonal matrices."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from jpsim.calibration.rotations import QuotientEvidence, Restrictions, closest_to_median, sample_rotations
from jpsim.errors import InputError

ROOT = np.linalg.cholesky(np.array([[1.0, 0.5, 0.2], [0.5, 2.0, -0.3], [0.2, -0.3, 0.5]]))
INF = np.inf
# first shock: variables 0 and 1 rise; second: 1 falls, 2 rises, and 0 stays within half a unit
RULES = Restrictions(
    ("supply", "demand"),
    np.array([0, 0, 1, 1, 1]),
    np.eye(3)[[0, 1, 1, 2, 0]],
    np.array([0.0, 0.0, -INF, 0.0, -0.5]),
    np.array([INF, INF, 0.0, INF, 0.5]),
)
BELIEF = QuotientEvidence(0, np.eye(3)[[2]], np.eye(3)[0], np.array([0.6]), np.array([[1 / 0.3**2]]))


def _rejected(count):
    """Responses of the two shocks for uniform rotations that meet the rules, (R, 3, 2)."""
    rotations = stats.ortho_group.rvs(3, size=count, random_state=np.random.default_rng(1))
    told = ROOT @ rotations[:, :, :2]
    first, second = told[:, :, 0], told[:, :, 1]
    passed = (first[:, :2] >= 0).all(axis=1) & (second[:, 1] <= 0) & (second[:, 2] >= 0) & (np.abs(second[:, 0]) <= 0.5)
    return told[passed]


def _chain(evidence):
    rng = np.random.default_rng(2)
    responses = np.broadcast_to(ROOT, (400, 3, 3))
    draws = sample_rotations(responses, RULES, evidence, rng, burn_in=400, kept=12, thin=60)
    return ROOT @ draws  # (12, 400, 3, 2)


@pytest.mark.parametrize("evidence", [None, BELIEF], ids=["uniform", "with evidence"])
def test_the_chain_has_the_law_of_rejection_from_the_uniform_law(evidence):
    exact, chain = _rejected(400_000), _chain(evidence)
    weights = np.ones(len(exact))
    if evidence is not None:
        weights = stats.norm.pdf(exact[:, 2, 0] / exact[:, 0, 0], 0.6, 0.3)
    weights /= weights.sum()
    by_chain = chain.mean(axis=0)  # chains are independent of each other
    error = by_chain.std(axis=0, ddof=1) / np.sqrt(len(by_chain))
    expected = np.einsum("r,rvk->vk", weights, exact)
    own_error = np.sqrt(np.einsum("r,rvk->vk", weights**2, (exact - expected) ** 2))
    z = (by_chain.mean(axis=0) - expected) / np.hypot(error, own_error)
    assert np.abs(z).max() < 4.0
    spread = np.sqrt(np.einsum("r,rvk->vk", weights, (exact - expected) ** 2))
    np.testing.assert_allclose(chain.reshape(-1, 3, 2).std(axis=0), spread, rtol=0.06)


def test_every_draw_is_orthonormal_and_admissible():
    told = _chain(BELIEF).reshape(-1, 3, 2)
    directions = np.linalg.solve(ROOT, told)
    gram = np.swapaxes(directions, 1, 2) @ directions
    np.testing.assert_allclose(gram, np.broadcast_to(np.eye(2), gram.shape), atol=1e-12)
    assert told[:, :2, 0].min() >= 0.0
    assert told[:, 1, 1].max() <= 0.0
    assert told[:, 2, 1].min() >= 0.0
    assert np.abs(told[:, 0, 1]).max() <= 0.5


def test_the_published_point_is_admissible_and_no_draw_is_closer_to_the_medians():
    rng = np.random.default_rng(3)
    draws = np.linalg.solve(ROOT, _chain(None).reshape(-1, 3, 2))
    point, distance = closest_to_median(ROOT, RULES, draws, rng, counted=len(ROOT), steps=400)
    told = ROOT @ draws
    centre, spread = np.median(told, axis=0), told.std(axis=0)
    distances = np.sqrt((((told - centre) / spread) ** 2).mean(axis=(1, 2)))
    assert distance <= distances.min()
    found = ROOT @ point
    assert distance == pytest.approx(np.sqrt((((found - centre) / spread) ** 2).mean()), rel=1e-12)
    assert found[:2, 0].min() >= 0.0
    np.testing.assert_allclose(point.T @ point, np.eye(2), atol=1e-12)


def test_restrictions_that_exclude_each_other_are_refused_by_the_name_of_the_shock():
    rows, low = np.eye(3)[[0, 0]], np.array([0.9, 0.9])  # two orthogonal shocks cannot both explain all of one variable
    rules = Restrictions(("supply", "demand"), np.array([0, 1]), rows, low, np.full(2, INF))
    with pytest.raises(InputError, match="no direction of shock 'demand'"):
        sample_rotations(np.eye(3)[None], rules, None, np.random.default_rng(4), burn_in=1)
