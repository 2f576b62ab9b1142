"""The generator and its normals under published tests, along every axis that draws are counted by.

Sequences run over paths, steps, indices, streams and seeds, one axis at a time, because a counter-based generator is
read in all of these orders. All probabilities together are held to one in a thousand, after Bonferroni.
"""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit
from scipy.stats import binomtest, kstest, norm

from jpsim.simulation.kernels.normals import fill_normals
from jpsim.simulation.kernels.threefry import threefry
from tests.naive.battery import BITS, anderson_darling, both_sides

pytestmark = [pytest.mark.statistical, pytest.mark.slow]

AXES = ("path", "step", "index", "stream", "seed")
WORDS = 2**21
NORMALS = 6
LEAST = 1e-3 / (len(AXES) * len(BITS) + NORMALS)


@njit
def fill_words(out, axis):
    for i in range(out.size // 2):
        n = np.uint64(i)
        seed, stream, path, step, pair = np.uint64(7), np.uint64(3), np.uint64(11), np.uint64(0), np.uint64(0)
        if axis == 0:
            path = n
        elif axis == 1:
            step = n
        elif axis == 2:
            pair = n
        elif axis == 3:
            stream = n
        else:
            seed = n
        out[2 * i], out[2 * i + 1] = threefry(seed, stream, path, (step << np.uint64(32)) | pair)


def words_along(axis):
    out = np.empty(WORDS, dtype=np.uint64)
    fill_words(out, AXES.index(axis))
    return out


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("statistic", BITS, ids=lambda statistic: statistic.__name__)
def test_words(axis, statistic):
    assert statistic(words_along(axis)) > LEAST


@pytest.mark.parametrize("statistic", BITS, ids=lambda statistic: statistic.__name__)
def test_a_bad_generator_fails(statistic):
    weyl = np.arange(1, WORDS + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    assert statistic(weyl) < LEAST


def test_normals_have_the_distribution():
    z = fill_normals(5, 1, 0, 200_000, 5, 2).ravel()
    assert kstest(z, "norm").pvalue > LEAST
    assert anderson_darling(norm.cdf(z)) > LEAST


@pytest.mark.parametrize("size", [3.0, 4.0, 5.0])
def test_tails_of_normals_have_their_share(size):
    beyond, count = 0, 0
    for first in range(0, 20_000_000, 500_000):
        z = fill_normals(6, 2, first, 500_000, 1, 2)
        beyond, count = beyond + int((np.abs(z) > size).sum()), count + z.size
    assert binomtest(beyond, count, 2.0 * norm.sf(size)).pvalue > LEAST


@pytest.mark.parametrize("power", [1, 2])
def test_neighbours_in_paths_steps_and_indices_are_uncorrelated(power):
    z = fill_normals(9, 4, 0, 20_000, 12, 8) ** power
    z = (z - z.mean()) / z.std()
    lowest = min(
        both_sides((a * b).sum() / np.sqrt(a.size))
        for a, b in ((z[1:], z[:-1]), (z[:, 1:], z[:, :-1]), (z[:, :, 1:], z[:, :, :-1]))
    )
    assert lowest > LEAST
