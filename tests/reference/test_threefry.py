"""The generator against Random123's known answers and a twin in Python integers."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from jpsim.simulation.kernels.normals import fill_normals, fill_uniforms
from jpsim.simulation.kernels.threefry import threefry
from tests.naive import simulation as naive

PI_COUNTER = (0x243F6A8885A308D3, 0x13198A2E03707344)
PI_KEY = (0xA4093822299F31D0, 0x082EFA98EC4E6C89)
ONES = (0xFFFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF)
# kat_vectors of Random123 1.14: threefry2x64, 20 rounds.
KNOWN_ANSWERS = [
    ((0, 0), (0, 0), (0xC2B6E3A8C2C69865, 0x6F81ED42F350084D)),
    (ONES, ONES, (0xE02CB7C4D95D277A, 0xD06633D0893B8B68)),
    (PI_COUNTER, PI_KEY, (0x263C7D30BB0F0AF1, 0x56BE8361D3311526)),
]


@njit
def one_block(key0, key1, counter0, counter1):
    return threefry(key0, key1, counter0, counter1)


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN_ANSWERS)
def test_known_answers(counter, key, answer):
    words = [np.uint64(word) for word in (*key, *counter)]
    assert tuple(int(word) for word in one_block(*words)) == answer
    assert naive.threefry2x64(key, counter) == answer


@pytest.mark.parametrize("seed", [0, 7, 2**64 - 1])
def test_normals_equal_twin_within_units_of_last_place(seed):
    ours = fill_normals(seed, 3, first_path=2**40, count=40, steps=2, size=3)
    twin = [[[naive.normal(seed, 3, 2**40 + p, t, i) for p in range(40)] for i in range(3)] for t in range(2)]
    np.testing.assert_allclose(ours, np.array(twin), rtol=4e-15, atol=4e-15)


def test_uniforms_equal_twin_exactly():
    ours = fill_uniforms(5, 1, first_path=9, count=20, steps=2, size=2)
    for t in range(2):
        for p in range(20):
            words = naive.threefry2x64((5, 1), (9 + p, t << 32))
            assert tuple(ours[t, :, p]) == tuple(naive.uniform(word) for word in words)


def test_draw_depends_on_its_coordinates_only():
    whole = fill_normals(11, 2, first_path=0, count=300, steps=4, size=5)
    part = fill_normals(11, 2, first_path=123, count=17, steps=2, size=2)
    np.testing.assert_array_equal(part, whole[:2, :2, 123:140])
    assert not np.isin(fill_normals(11, 1, 0, 300, 4, 5), whole).any()
    assert not np.isin(fill_normals(12, 2, 0, 300, 4, 5), whole).any()
