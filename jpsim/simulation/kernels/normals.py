"""Filling arrays with draws, for the kernels (rows of a block) and for callers in Python."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from jpsim.simulation.kernels.arrays import BLOCK
from jpsim.simulation.kernels.jit import by_precision, entry, routine
from jpsim.simulation.kernels.threefry import half_words, normal_pair, polar_single, uniform_pair

__all__ = [
    "CHANCE", "COMMON", "FACTORS", "IDIOSYNCRATIC", "IMPULSES", "JUMPS", "MEASUREMENT", "MIXING", "PILOTS", "POLICY",
    "SPECIFIC", "TARGETS", "VOLATILITY", "fill_normals", "fill_single_normals",
    "fill_uniforms", "normals_per_call",
]  # fmt: skip

FACTORS: Final = 1
"""Stream of the factor shocks z_t: step t - 1 for month t, index the factor."""
COMMON: Final = 2
"""Stream of the common residuals zeta_t."""
IDIOSYNCRATIC: Final = 3
"""Stream of the idiosyncratic residuals e_t."""
MIXING: Final = 4
"""Stream of the months' scales s_t: index 0 of each step."""
TARGETS: Final = 5
"""Stream for callers who draw path-specific targets."""
MEASUREMENT: Final = 6
"""Stream of the measurement errors of conditioning rows: step 0, index the row."""
VOLATILITY: Final = 7
"""Stream of the news eta_t of log volatility: index 0 of each step."""
IMPULSES: Final = 8
"""Stream of the path-level impulse noise: step 0, index the channel."""
PILOTS: Final = (9, 10)
"""Streams that stand for `MIXING` and `VOLATILITY` when a proposal is fitted."""
POLICY: Final = 11
"""Stream of what the policy board adds to the rule at a meeting: index 0 of each step."""
CHANCE: Final = 12
"""Stream of uniforms of currency intervention: index 0 whether, index 1 what follows."""
JUMPS: Final = 13
"""Stream of normals of currency intervention: index 0 the jump, index 1 the turbulence after it."""
SPECIFIC: Final = 16
"""Stream of what single stocks of a book earn beside their series: index 0 of each step, 1 if turned into dollars."""

STEP_SHIFT = np.uint64(32)


def _two(_: Any) -> int:
    return 2


def _four(_: Any) -> int:
    return 4


normals_per_call = by_precision(_two, _four)
"""``normals_per_call(rows)``: how many normals one call of the generator gives in the precision of `rows`."""


def _fill_pair(out: Any, seed: Any, stream: Any, first: Any, counter: Any) -> None:
    even, odd = out[:BLOCK], out[BLOCK:]
    for p in range(BLOCK):
        even[p], odd[p] = normal_pair(seed, stream, first + np.uint64(p), counter)


def _fill_quad(out: Any, seed: Any, stream: Any, first: Any, counter: Any) -> None:
    # The words stand in the rows first: the generator's loop works on 64 bits, the other one on 32.
    words = out.view(np.uint32)
    w0, w1, w2, w3 = words[:BLOCK], words[BLOCK : 2 * BLOCK], words[2 * BLOCK : 3 * BLOCK], words[3 * BLOCK :]
    for p in range(BLOCK):
        w0[p], w1[p], w2[p], w3[p] = half_words(seed, stream, first + np.uint64(p), counter)
    # Indices into the whole, not slices of it: only so does the compiler see that the loop may become vector code.
    for p in range(2 * BLOCK):
        out[p], out[p + 2 * BLOCK] = polar_single(words[p], words[p + 2 * BLOCK])


_fill_rows = by_precision(_fill_pair, _fill_quad)


@routine
def fill_call(out: Any, seed: Any, stream: Any, first: Any, step: Any, call: Any) -> None:
    """Fill two rows of a block, or four of single precision, with the normals of one call of the generator."""
    _fill_rows(out, seed, stream, first, (np.uint64(step) << STEP_SHIFT) | np.uint64(call))


@routine
def fill_block(out: Any, seed: Any, stream: Any, first: Any, step: Any, size: Any) -> None:
    """Fill `size` rows of a block, rounded up to whole calls of the generator, with standard normals."""
    each = normals_per_call(out)
    for call in range((size + each - 1) // each):
        fill_call(out[each * call * BLOCK : each * (call + 1) * BLOCK], seed, stream, first, step, call)


@routine
def fill_row(out: Any, seed: Any, stream: Any, first: Any, step: Any) -> None:
    """Fill one row of a block with the normals of index 0."""
    counter = np.uint64(step) << STEP_SHIFT
    for p in range(BLOCK):
        out[p] = normal_pair(seed, stream, first + np.uint64(p), counter)[0]


@routine
def fill_chances(out: Any, seed: Any, stream: Any, first: Any, step: Any) -> None:
    """Fill two rows of a block with uniforms."""
    counter = np.uint64(step) << STEP_SHIFT
    for p in range(BLOCK):
        out[p], out[p + BLOCK] = uniform_pair(seed, stream, first + np.uint64(p), counter)


@entry
def write_singles(out: Any, seed: Any, stream: Any, first: Any) -> None:
    """Fill a (steps, size, count) array with normals of single precision."""
    steps, size, count = out.shape
    block = np.empty(4 * BLOCK, dtype=np.float32)
    for step in range(steps):
        for index in range(0, size, 4):
            for begin in range(0, count, BLOCK):
                fill_call(block, seed, stream, first + np.uint64(begin), step, index // 4)
                for row in range(min(4, size - index)):
                    some = min(BLOCK, count - begin)
                    out[step, index + row, begin : begin + some] = block[row * BLOCK : row * BLOCK + some]


@entry
def write_draws(out: Any, seed: Any, stream: Any, first: Any, normal: bool) -> None:
    """Fill a (steps, size, count) array with normals, or with uniforms."""
    steps, size, count = out.shape
    for step in range(steps):
        for index in range(0, size, 2):
            counter = (np.uint64(step) << STEP_SHIFT) | np.uint64(index // 2)
            even, odd = out[step, index], out[step, min(index + 1, size - 1)]
            for p in range(count):
                if normal:
                    a, b = normal_pair(seed, stream, first + np.uint64(p), counter)
                else:
                    a, b = uniform_pair(seed, stream, first + np.uint64(p), counter)
                # Where the size is odd, the last row is both: its own draw is written last.
                odd[p] = b
                even[p] = a


def fill_normals(seed: int, stream: int, first_path: int, count: int, steps: int, size: int) -> npt.NDArray[np.float64]:
    """Draw standard normals.

    Parameters
    ----------
    seed, stream
        Key of the generator, 0 to 2**64 - 1.
    first_path, count
        Paths ``first_path`` to ``first_path + count - 1``.
    steps, size
        Number of steps and of draws in each.

    Returns
    -------
    (steps, size, count) array; each entry depends on seed, stream, path, step and index only. Step 0 is
    month 1.
    """
    return _draws(seed, stream, first_path, (steps, size, count), normal=True)


def fill_single_normals(
    seed: int, stream: int, first_path: int, count: int, steps: int, size: int
) -> npt.NDArray[np.float32]:
    """Draw standard normals of single precision, others than those of `fill_normals`; parameters and shape as there.

    None exceeds ``sqrt(-2 log 2**-33) = 6.764`` in size, and near zero they are multiples of about 2**-24 of their
    radius: the law differs from the normal one by less than 1e-9 in any probability.
    """
    out = np.empty((steps, size, count), dtype=np.float32)
    write_singles(out, np.uint64(seed), np.uint64(stream), np.uint64(first_path))
    return out


def fill_uniforms(
    seed: int, stream: int, first_path: int, count: int, steps: int, size: int
) -> npt.NDArray[np.float64]:
    """Draw uniforms in the open unit interval; parameters and shape as in `fill_normals`."""
    return _draws(seed, stream, first_path, (steps, size, count), normal=False)


def _draws(
    seed: int, stream: int, first_path: int, shape: tuple[int, int, int], *, normal: bool
) -> npt.NDArray[np.float64]:
    out = np.empty(shape)
    write_draws(out, np.uint64(seed), np.uint64(stream), np.uint64(first_path), normal)
    return out
