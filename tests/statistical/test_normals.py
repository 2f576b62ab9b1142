"""Normals and heavy-tailed draws: moments, tails and independence of a seeded sample, as z-scores."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from jpsim.simulation.kernels.normals import fill_normals, fill_single_normals, fill_uniforms

COUNT = 400_000
LIMIT = 4.0


@pytest.fixture(scope="module", params=[fill_normals, fill_single_normals], ids=["float64", "float32"])
def normals(request):
    return request.param(2024, 1, first_path=0, count=COUNT, steps=2, size=3).astype(np.float64)


def test_tails_of_single_precision_far_out():
    drawn = np.abs(fill_single_normals(5, 1, first_path=0, count=500_000, steps=20, size=4))
    for edge in (4.5, 5.0, 5.5):
        p = 2.0 * stats.norm.sf(edge)
        assert stats.binomtest(int((drawn > edge).sum()), drawn.size, p).pvalue > 1e-4
    assert drawn.max() < 6.765


@pytest.mark.parametrize(("power", "mean", "variance"), [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)])
def test_moments(normals, power, mean, variance):
    z = ((normals**power).mean(axis=2) - mean) / np.sqrt(variance / COUNT)
    assert np.abs(z).max() < LIMIT


@pytest.mark.parametrize("edge", [2.0, 3.0, 3.5, 4.0])
def test_tails(normals, edge):
    p = 2.0 * stats.norm.sf(edge)
    n = normals.size
    z = ((np.abs(normals) > edge).sum() - n * p) / np.sqrt(n * p * (1.0 - p))
    assert abs(z) < LIMIT


def test_distribution(normals):
    for row in normals.reshape(6, COUNT):
        assert stats.kstest(row, "norm").pvalue > 1e-4


def test_no_correlation_between_steps_indices_and_neighbours(normals):
    rows = normals.reshape(6, COUNT)
    pairs = np.corrcoef(np.concatenate([rows, rows**2]))
    # A normal and its own square are uncorrelated but not independent: five times the variance.
    own = np.abs(np.diagonal(pairs, offset=6)).max() * np.sqrt(COUNT / 5.0)
    others = np.abs(pairs[np.subtract.outer(np.arange(12), np.arange(12)) % 6 != 0]).max() * np.sqrt(COUNT)
    assert max(own, others) < LIMIT
    lagged = [np.corrcoef(row[:-1], row[1:])[0, 1] for row in rows]
    assert np.abs(lagged).max() * np.sqrt(COUNT) < LIMIT


def test_uniforms_are_uniform():
    u = fill_uniforms(2024, 5, first_path=0, count=COUNT, steps=1, size=2)[0]
    for row in u:
        counts = np.histogram(row, bins=256, range=(0.0, 1.0))[0]
        assert stats.chisquare(counts).pvalue > 1e-4
    assert abs(np.corrcoef(u)[0, 1]) * np.sqrt(COUNT) < LIMIT
