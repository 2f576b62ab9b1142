"""Tables of heavy tails against scipy's quantile functions."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from jpsim.simulation.kernels.arrays import BLOCK
from jpsim.simulation.kernels.tails import bend_tails, scale_of
from jpsim.simulation.tail_tables import scale_table, tail_table
from tests.naive import simulation as naive

DRAWS = np.random.default_rng(3).uniform(-8.57, 8.57, BLOCK)
INNER = np.abs(DRAWS) < 5.0


@njit
def scales(row, table):
    scale_of(row, table)


@njit
def bent(row, table):
    bend_tails(row, table)


STUDENT = [(2.05, 1e-9, 3e-8), (3.0, 1e-9, 2e-9), (5.5, 1e-9, 1e-9), (200.0, 1e-9, 1e-9)]
SCALES = [(2.05, 1e-9, 3e-8), (4.0, 1e-9, 2e-9), (9.0, 1e-9, 1e-9), (200.0, 1e-9, 1e-9)]


@pytest.mark.parametrize(("nu", "inner", "outer"), STUDENT)
def test_student_draws(nu, inner, outer):
    row = DRAWS.copy()
    bent(row, tail_table(nu))
    exact = np.array([naive.student(nu, z) for z in DRAWS])
    np.testing.assert_allclose(row[INNER], exact[INNER], rtol=inner)
    np.testing.assert_allclose(row, exact, rtol=outer)


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
        bent(row, tail_table(nu))
        scales(row2, scale_table(nu, nu / 2))
        assert (np.diff(row) > 0.0).all()
        assert (np.diff(row2) > 0.0).all()
