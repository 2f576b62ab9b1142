"""Threefry-2x64-20: a counter-based generator, its uniforms and its normals.

A draw is a function of (seed, stream, path, step, index) and of nothing else: the key of the cipher
is (seed, stream), its counter (path, step << 32 | index // 2). Order, thread, chunk and machine do
not enter. In single precision one call gives four normals, and the counter ends in index // 4.

References
----------
Salmon, Moraes, Dror, Shaw (2011), Parallel random numbers: as easy as 1, 2, 3. SC'11.
https://doi.org/10.1145/2063384.2063405

Box, Muller (1958), A note on the generation of random normal deviates. Annals of Mathematical
Statistics 29. https://doi.org/10.1214/aoms/1177706645
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jpsim.simulation.kernels.elementary import bits_of, cos_sin_quarter, from_bits, log_unit
from jpsim.simulation.kernels.jit import inlined

__all__ = ["half_words", "normal_pair", "polar_single", "threefry", "uniform_pair", "unit_uniform"]

PARITY = np.uint64(0x1BD11BDAA9FC1A22)
ONE_BITS = np.uint64(0x3FF0000000000000)
HALF_STEP = 2.0**-53
LOWEST = np.uint64(1)
SWAP = np.uint64(2)
SHIFT_SIGN = np.uint64(63)
SHIFT_MANTISSA = np.uint64(12)
WORD = np.uint64(64)
HALF_WORD = np.uint64(32)
STEP_SINGLE, HALF_STEP_SINGLE, MINUS_TWO = np.float32(2.0**-32), np.float32(2.0**-33), np.float32(-2.0)
LOWEST_SINGLE, SWAP_SINGLE, SHIFT_SIGN_SINGLE = np.uint32(1), np.uint32(2), np.uint32(31)


@inlined
def turn(word: Any, by: Any) -> Any:
    """Rotate a 64-bit word to the left."""
    return (word << by) | (word >> (WORD - by))


@inlined
def four_rounds(x0: Any, x1: Any, r0: Any, r1: Any, r2: Any, r3: Any) -> Any:
    """Four mix rounds with the given rotations."""
    x0 = x0 + x1
    x1 = turn(x1, r0) ^ x0
    x0 = x0 + x1
    x1 = turn(x1, r1) ^ x0
    x0 = x0 + x1
    x1 = turn(x1, r2) ^ x0
    x0 = x0 + x1
    x1 = turn(x1, r3) ^ x0
    return x0, x1


R0, R1, R2, R3 = np.uint64(16), np.uint64(42), np.uint64(12), np.uint64(31)
R4, R5, R6, R7 = np.uint64(16), np.uint64(32), np.uint64(24), np.uint64(21)
ONE, TWO, THREE, FOUR, FIVE = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4), np.uint64(5)


@inlined
def threefry(key0: Any, key1: Any, counter0: Any, counter1: Any) -> Any:
    """Twenty rounds of Threefry-2x64: two words from a key and a counter of two words each."""
    key2 = PARITY ^ key0 ^ key1
    x0 = counter0 + key0
    x1 = counter1 + key1
    x0, x1 = four_rounds(x0, x1, R0, R1, R2, R3)
    x0, x1 = x0 + key1, x1 + key2 + ONE
    x0, x1 = four_rounds(x0, x1, R4, R5, R6, R7)
    x0, x1 = x0 + key2, x1 + key0 + TWO
    x0, x1 = four_rounds(x0, x1, R0, R1, R2, R3)
    x0, x1 = x0 + key0, x1 + key1 + THREE
    x0, x1 = four_rounds(x0, x1, R4, R5, R6, R7)
    x0, x1 = x0 + key1, x1 + key2 + FOUR
    x0, x1 = four_rounds(x0, x1, R0, R1, R2, R3)
    return x0 + key2, x1 + key0 + FIVE


@inlined
def unit_uniform(word: Any) -> Any:
    """Map a word to one of the 2**52 midpoints ``(k + 1/2) 2**-52`` of the unit interval, never 0 or 1."""
    return (from_bits((word >> SHIFT_MANTISSA) | ONE_BITS) - 1.0) + HALF_STEP


@inlined
def uniform_pair(key0: Any, key1: Any, counter0: Any, counter1: Any) -> Any:
    """Two uniforms in the open unit interval."""
    x0, x1 = threefry(key0, key1, counter0, counter1)
    return unit_uniform(x0), unit_uniform(x1)


@inlined
def normal_pair(key0: Any, key1: Any, counter0: Any, counter1: Any) -> Any:
    """Two standard normals by the polar angle and radius of Box and Muller, without a branch.

    The angle is uniform on a quarter circle around the first axis; one spare bit of its word chooses
    the side, another exchanges the axes.
    """
    x0, x1 = threefry(key0, key1, counter0, counter1)
    radius = np.sqrt(-2.0 * log_unit(unit_uniform(x0)))
    cosine, sine = cos_sin_quarter(unit_uniform(x1) - 0.5)
    cosine = from_bits(bits_of(cosine) ^ ((x1 & LOWEST) << SHIFT_SIGN))
    swapped = (x1 & SWAP) != np.uint64(0)
    first = sine if swapped else cosine
    second = cosine if swapped else sine
    return radius * first, radius * second


@inlined
def half_words(key0: Any, key1: Any, counter0: Any, counter1: Any) -> Any:
    """Four words of 32 bits: upper and lower half of the first word, then of the second."""
    x0, x1 = threefry(key0, key1, counter0, counter1)
    return np.uint32(x0 >> HALF_WORD), np.uint32(x0), np.uint32(x1 >> HALF_WORD), np.uint32(x1)


@inlined
def polar_single(word0: Any, word1: Any) -> Any:
    """Two standard normals of single precision from two words of 32 bits, as `normal_pair`.

    The radius keeps 24 leading bits of the uniform ``(k + 1/2) 2**-32``, so that a normal is at most
    ``sqrt(-2 log 2**-33) = 6.764`` in size.
    """
    uniform = np.float32(word0) * STEP_SINGLE + HALF_STEP_SINGLE
    radius = np.sqrt(MINUS_TWO * log_unit(uniform))
    cosine, sine = cos_sin_quarter(np.float32(np.int32(word1)) * STEP_SINGLE)
    flipped = np.float32(cosine).view(np.uint32) ^ np.uint32((word1 & LOWEST_SINGLE) << SHIFT_SIGN_SINGLE)
    cosine = np.uint32(flipped).view(np.float32)
    swapped = (word1 & SWAP_SINGLE) != np.uint32(0)
    first = sine if swapped else cosine
    second = cosine if swapped else sine
    return radius * first, radius * second
