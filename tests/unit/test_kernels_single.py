"""Elementary functions of single precision against numpy's, and its normals against a plain twin."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from jpsim.simulation.kernels.arrays import BLOCK
from jpsim.simulation.kernels.elementary import like
from jpsim.simulation.kernels.normals import fill_single_normals
from jpsim.simulation.kernels.tails import bend_tails
from jpsim.simulation.tail_tables import tail_maps
from tests.naive import simulation as naive
from tests.unit.test_kernels_elementary import on_array

ULP = 2.0**-23


@njit
def in_kind_of(row, number):
    return like(row, number)


@njit
def bent(row, near, table):
    bend_tails(row, near, table)


def singles(x):
    return np.asarray(x, dtype=np.float32)


def test_results_are_of_single_precision():
    assert on_array(singles([0.5]), 0).dtype == np.float32
    assert in_kind_of(singles([1.0]), 0.1) == np.float32(0.1)
    assert in_kind_of(np.array([1.0]), 0.1) == 0.1


@pytest.mark.parametrize(
    ("which", "exact", "x"),
    [
        (0, np.exp, np.linspace(-86.0, 87.0, 20_011)),
        (1, np.log, np.concatenate([np.linspace(1e-4, 0.9999, 20_011), 2.0 ** -np.arange(2.0, 34.0)])),
        (1, np.log, 1.0 - 2.0 ** -np.arange(2.0, 25.0)),
        (2, lambda t: np.cos(0.5 * np.pi * t), np.linspace(-0.5, 0.5, 20_011)),
        (3, lambda t: np.sin(0.5 * np.pi * t), np.linspace(0.0001, 0.5, 20_011)),
    ],
)
def test_elementary_functions(which, exact, x):
    x = singles(x)
    np.testing.assert_allclose(on_array(x, which), exact(x.astype(np.float64)), rtol=2.0 * ULP)


def test_exponential_keeps_nan_and_is_held_at_its_ends():
    out = on_array(singles([np.nan, 1e4, -1e4]), 0)
    assert np.isnan(out[0])
    np.testing.assert_allclose(out[1:], np.exp([88.0, -87.0]), rtol=1e-5)


def test_normals_are_those_of_their_counter():
    drawn = fill_single_normals(7, 3, first_path=5, count=BLOCK + 3, steps=2, size=6)
    alone = fill_single_normals(7, 3, first_path=5 + BLOCK, count=1, steps=2, size=6)
    np.testing.assert_array_equal(drawn[:, :, BLOCK], alone[:, :, 0])
    for path, step, index in ((5, 0, 0), (6, 1, 1), (9, 0, 2), (BLOCK + 6, 1, 3), (7, 0, 4), (8, 1, 5)):
        expected = naive.single_normal(7, 3, path, step, index)
        assert drawn[step, index, path - 5] == pytest.approx(expected, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(("nu", "close"), [(2.05, 2e-5), (3.0, 1e-6), (5.5, 1e-6), (200.0, 1e-6)])
def test_student_draws(nu, close):
    draws = singles(np.random.default_rng(3).uniform(-6.76, 6.76, BLOCK))
    row, maps = draws.copy(), tail_maps((nu,), single=True)
    bent(row, maps.near[0], maps.table[0])
    assert maps.near.dtype == maps.table.dtype == np.float32
    np.testing.assert_allclose(row, [naive.student(nu, float(z)) for z in draws], rtol=close)
