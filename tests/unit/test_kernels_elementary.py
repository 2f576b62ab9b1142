"""Elementary functions against numpy's and exact ends of their ranges."""

from __future__ import annotations

import numpy as np
from numba import njit

from jpsim.simulation.kernels.elementary import cos_sin_quarter, exponential, log_unit
from jpsim.simulation.kernels.threefry import unit_uniform


@njit(error_model="numpy")
def on_array(x, which):
    out = np.empty_like(x)
    for i in range(x.size):
        if which == 0:
            out[i] = exponential(x[i])
        elif which == 1:
            out[i] = log_unit(x[i])
        elif which == 2:
            out[i] = cos_sin_quarter(x[i])[0]
        else:
            out[i] = cos_sin_quarter(x[i])[1]
    return out


@njit
def uniform_of(word):
    return unit_uniform(word)


def test_exponential():
    x = np.concatenate([np.linspace(-700.0, 700.0, 20_011), np.linspace(-1e-3, 1e-3, 1001)])
    np.testing.assert_allclose(on_array(x, 0), np.exp(x), rtol=5e-16)


def test_exponential_keeps_nan_and_is_held_at_its_ends():
    out = on_array(np.array([np.nan, 1e4, -1e4, np.inf]), 0)
    assert np.isnan(out[0])
    np.testing.assert_allclose(out[1:], np.exp([708.0, -708.0, 708.0]), rtol=1e-13)


def test_logarithm_also_next_to_one():
    u = np.concatenate([np.linspace(2.0**-53, 1.0, 20_011), 1.0 - 2.0 ** -np.arange(2.0, 53.0)])
    np.testing.assert_allclose(on_array(u, 1), np.log(u), rtol=1e-15, atol=0.0)


def test_cosine_and_sine_of_quarter_turns():
    t = np.linspace(-0.5, 0.5, 20_011)
    np.testing.assert_allclose(on_array(t, 2), np.cos(0.5 * np.pi * t), rtol=4e-16)
    np.testing.assert_allclose(on_array(t, 3), np.sin(0.5 * np.pi * t), rtol=6e-16, atol=1e-300)


def test_uniforms_never_reach_their_ends():
    assert uniform_of(np.uint64(0)) == 2.0**-53
    assert uniform_of(np.uint64(2**64 - 1)) == 1.0 - 2.0**-53
