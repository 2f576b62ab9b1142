"""Several laws in one draw: each block of paths is the same as when its own law is drawn alone."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from jpsim.errors import InputError
from jpsim.simulation.engine import draw, draw_paths, log_likelihoods, memory_needed
from jpsim.simulation.kernels.arrays import BLOCK, SUPERBLOCK
from tests.naive import simulation as naive

SEED = 11
PATHS = SUPERBLOCK + 2 * BLOCK + 100


@pytest.fixture(scope="module")
def laws():
    """Three laws of one shape: other parameters, and in the last one fewer requirements and normal months."""
    first = naive.example_law(np.random.default_rng(1), nu=6.0, rows=3, sv=0.2, impulses=2)
    second = naive.example_law(np.random.default_rng(2), nu=9.0, rows=3, impulses=2)
    third = naive.example_law(np.random.default_rng(3), rows=1, impulses=2)
    ends = {"low": first.low, "high": first.high, "start": first.start}
    return [first, *(dataclasses.replace(law, **ends) for law in (second, third))]


def owner_of(block):
    return (2 * block + block // 4) % 3


def targets(first, count, scores=None):
    return np.sin(np.arange(1.0, 4.0)[:, None] * np.arange(first, first + count))


def own_targets(law):
    return lambda first, count, scores=None: targets(first, count)[: law.mixing.gap.size]


def blocks_of_each(laws):
    for k, law in enumerate(laws):
        owned = [b for b in range(-(-PATHS // BLOCK)) if owner_of(b) == k]
        assert len(owned) > 1
        yield law, np.concatenate([np.arange(b * BLOCK, min((b + 1) * BLOCK, PATHS)) for b in owned])


def test_each_block_follows_its_law(laws):
    together = draw_paths(laws, SEED, 0, PATHS, targets, owner=owner_of)
    weights = log_likelihoods(laws, SEED, 0, PATHS, targets(0, PATHS), owner=owner_of)
    for law, paths in blocks_of_each(laws):
        alone = draw_paths(law, SEED, 0, PATHS, own_targets(law))
        np.testing.assert_array_equal(together[:, :, paths], alone[:, :, paths])
        alone = log_likelihoods(law, SEED, 0, PATHS, own_targets(law)(0, PATHS))
        np.testing.assert_array_equal(weights[paths], alone[paths])


def test_chunks_may_begin_within_a_block(laws):
    whole = draw_paths(laws, SEED, 0, PATHS, targets, owner=owner_of)
    parts = [draw_paths(laws, SEED, *part, targets, owner=owner_of) for part in ((300, 700), (1000, 1900))]
    np.testing.assert_array_equal(np.concatenate(parts, axis=2), whole[:, :, 300:2900])


@pytest.mark.parametrize("weighted", [False, True])
def test_statistics_are_those_of_the_paths_together(laws, weighted):
    weights = np.random.default_rng(5).exponential(size=PATHS) if weighted else None
    owners = np.array([owner_of(b) for b in range(-(-PATHS // BLOCK))])
    samples = [
        draw(laws, scenario="a", seed=SEED, paths=PATHS, threads=n, targets=targets, weights=weights, owner=owners)
        for n in (1, 2)
    ]
    x = draw_paths(laws, SEED, 0, PATHS, targets, owner=owner_of)
    q = np.ones(PATHS) if weights is None else weights
    for sample in samples:
        np.testing.assert_allclose(sample.statistics["mean"], x @ q / q.sum(), rtol=1e-9, atol=1e-9)
        np.testing.assert_array_equal(sample.histogram.counts, samples[0].histogram.counts)
        np.testing.assert_array_equal(sample.statistics["es95"], samples[0].statistics["es95"])


def test_one_law_needs_no_owner_and_two_do(laws):
    alone = draw_paths(laws[0], SEED, 0, 10, targets)
    np.testing.assert_array_equal(draw_paths(laws[:1], SEED, 0, 10, targets), alone)
    with pytest.raises(InputError, match="owner"):
        draw_paths(laws, SEED, 0, 10, targets)
    with pytest.raises(InputError, match="no law"):
        draw_paths([], SEED, 0, 10)


def test_laws_that_do_not_fit_together_are_refused(laws):
    moved = dataclasses.replace(laws[1], low=laws[1].low - 1.0)
    with pytest.raises(InputError, match="array low"):
        draw([laws[0], moved], scenario="a", seed=1, paths=10, owner=owner_of)
    with pytest.raises(InputError, match="block 1 of paths belongs to law 7"):
        draw_paths(laws, SEED, BLOCK, 10, targets, owner=np.array([0, 7]))


def test_memory_grows_with_laws_by_their_own_arrays_only(laws):
    one, many = memory_needed(laws[:1], 1), memory_needed([laws[0]] * 101, 1)
    arrays = [*laws[0].dynamics, *laws[0].equity.aggregation, laws[0].mixing.exposure]
    bytes_of_one = sum(array.nbytes for array in arrays)
    assert bytes_of_one < (many - one) / 100 < 20 * bytes_of_one


def test_impulse_noise_lasts_for_the_whole_path_and_reaches_aggregates():
    """With nothing else that moves, returns of month t are impulse_t x, and gross returns their product."""
    law = naive.example_law(np.random.default_rng(4), common=0, impulses=3)
    still = law.equity._replace(
        drift=np.zeros_like(law.equity.drift), loadings=np.zeros_like(law.equity.loadings), idio_sd=np.zeros(7)
    )
    paths = draw_paths(dataclasses.replace(law, equity=still), SEED, 0, 4)
    for k in range(4):
        x = np.array([naive.normal(SEED, 8, k, 0, j) for j in range(3)])
        monthly = law.equity.impulse @ x
        gross = np.cumprod(1.0 + monthly, axis=0).T
        np.testing.assert_allclose(paths[5:12, :, k], gross - 1.0, atol=1e-14)
        groups = np.cumprod(1.0 + monthly @ naive.dense(law.equity.aggregation, 7).T, axis=0).T
        np.testing.assert_allclose(paths[12:, :, k], groups - 1.0, atol=1e-14)
