"""Tables of heavy tails against scipy's quantile functions."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from jpsim.model.wildness import WILDEST
from jpsim.simulation.kernels.arrays import BLOCK
from jpsim.simulation.kernels.tails import NEAR, bend_tails, scale_of
from jpsim.simulation.tail_tables import near_polynomial, scale_table, tail_table
from tests.naive import simulation as naive

DRAWS = np.random.default_rng(3).uniform(-8.57, 8.57, BLOCK)
INNER = np.abs(DRAWS) < 5.0


@njit
def scales(row, table):
    scale_of(row, table)


@njit
def bent(row, near, table):
    bend_tails(row, near, table)


STUDENT = [(2.05, 2e-9, 3e-8), (3.0, 1e-9, 2e-9), (5.5, 1e-9, 1e-9), (200.0, 1e-9, 1e-9)]
SCALES = [(2.05, 1e-9, 3e-8), (4.0, 1e-9, 2e-9), (9.0, 1e-9, 1e-9), (200.0, 1e-9, 1e-9)]


@pytest.mark.parametrize(("nu", "inner", "outer"), STUDENT)
def test_student_draws(nu, inner, outer):
    row = DRAWS.copy()
    bent(row, near_polynomial(nu), tail_table(nu))
    exact = np.array([naive.student(nu, z) for z in DRAWS])
    np.testing.assert_allclose(row[INNER], exact[INNER], rtol=inner)
    np.testing.assert_allclose(row, exact, rtol=outer)


@pytest.mark.parametrize(("nu", "close"), [(2.05, 2e-9), (3.0, 1e-10), (4.0, 1e-12), (200.0, 1e-12)])
def test_a_draw_is_the_same_whether_or_not_its_row_has_a_far_one(nu, close):
    near, table = near_polynomial(nu), tail_table(nu)
    alone = np.random.default_rng(4).uniform(-NEAR, NEAR, BLOCK)
    beside = alone.copy()
    beside[17] = 6.0
    exact = np.array([naive.student(nu, z) for z in alone])
    bent(alone, near, table)
    bent(beside, near, table)
    np.testing.assert_array_equal(np.delete(alone, 17), np.delete(beside, 17))
    np.testing.assert_allclose(alone, exact, rtol=close, atol=1e-12)


@pytest.mark.parametrize(("nu", "inner", "outer"), SCALES)
def test_scales(nu, inner, outer):
    row = DRAWS.copy()
    scales(row, scale_table(nu, nu / 2))
    exact = np.array([naive.scale(nu, z) for z in DRAWS])
    np.testing.assert_allclose(row[INNER], exact[INNER], rtol=inner)
    np.testing.assert_allclose(row, exact, rtol=outer)


def test_both_maps_are_increasing():
    z = np.sort(DRAWS)
    for nu in (2.1, 4.0, 30.0):
        row, row2 = z.copy(), z.copy()
        bent(row, near_polynomial(nu), tail_table(nu))
        scales(row2, scale_table(nu, nu / 2))
        assert (np.diff(row) > 0.0).all()
        assert (np.diff(row2[z < WILDEST]) > 0.0).all()
        assert (row2[z >= WILDEST] == row2[z >= WILDEST][0]).all()
