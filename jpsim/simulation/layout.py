"""From a law to what the kernels take: padded copies of its arrays, tables, and scratch memory."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from jpsim.simulation.kernels.arrays import BLOCK, LANES, SUPERBLOCK, TILE, Coefficients, Correction, Returns, Scratch
from jpsim.simulation.law import Equity, Law, Mixing, Sparse
from jpsim.simulation.tail_tables import scale_table, tail_table

__all__ = ["lay_out", "requirement_count", "scratch_bytes", "scratch_for"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def padded(size: int) -> int:
    """Round a number of rows up to whole tiles."""
    return -(-size // TILE) * TILE


def pad(array: npt.ArrayLike, axes: int) -> Floats:
    """Copy an array, with zeros behind its last `axes` axes up to whole tiles."""
    array = np.asarray(array, dtype=np.float64)
    widths = [(0, 0)] * (array.ndim - axes) + [(0, padded(size) - size) for size in array.shape[array.ndim - axes :]]
    return np.ascontiguousarray(np.pad(array, widths))


def dense(matrix: Sparse, shape: tuple[int, int]) -> Floats:
    """Expand compressed rows; entries given twice add up."""
    out = np.zeros(shape)
    rows = np.repeat(np.arange(shape[0]), np.diff(matrix.start))
    np.add.at(out, (rows, matrix.columns), matrix.values)
    return out


def by_lag(transition: Floats, n: int, p: int) -> Floats:
    """Split (..., n, d) into one padded (n', n') matrix per lag, (..., p, n', n')."""
    lags = np.stack([transition[..., k * n : (k + 1) * n] for k in range(p)], axis=-3)
    return pad(lags, 2)


def requirement_count(law: Law) -> int:
    """Count the path-specific targets m that the law takes; 0 if it takes none."""
    rows = 0 if law.mixing is None else len(law.mixing.gap)
    return max(int(law.dynamics.gain.shape[2]), rows)


def _correction(mixing: Mixing | None, months: int, n: int) -> Correction:
    if mixing is None:
        mixing = Mixing(np.inf, np.zeros((months, 0, n)), np.zeros(0), np.zeros(0))
    mixed = bool(np.isfinite(mixing.nu))
    exposure = pad(mixing.exposure, 2)
    return Correction(
        mixed=int(mixed),
        scale=scale_table(float(mixing.nu)).copy() if mixed else np.zeros((0, 4)),
        exposure=-exposure,
        response=np.ascontiguousarray(exposure.transpose(0, 2, 1)),
        products=np.ascontiguousarray(mixing.exposure @ mixing.exposure.transpose(0, 2, 1)),
        noise=np.array(mixing.noise, dtype=np.float64),
        gap=np.array(mixing.gap, dtype=np.float64),
    )


def _returns(equity: Equity) -> Returns:
    series, groups = equity.loadings.shape[0], equity.aggregation.start.size - 1
    finite = np.isfinite(equity.idio_nu)
    degrees, index = np.unique(np.where(finite, equity.idio_nu, 0.0), return_inverse=True)
    shift = int(degrees.size > 0 and degrees[0] == 0.0)
    tables = [tail_table(float(nu)) for nu in degrees[shift:]]
    return Returns(
        drift=pad(equity.drift, 1),
        loadings=pad(equity.loadings, 2),
        common=pad(equity.common, 2),
        mix=pad(dense(equity.mix, (series, series)) * equity.idio_sd, 2),
        aggregation=pad(dense(equity.aggregation, (groups, series)), 2),
        tail_of=np.where(finite, index - shift, -1).astype(np.int64),
        tails=np.stack(tables) if tables else np.zeros((0, 1, 4)),
    )


def lay_out(law: Law) -> Coefficients:
    """Lay out a law for the kernels.

    Parameters
    ----------
    law
        With n factors and p lags, ``p = (d - c) / n`` from the d state variables and c summed differences.

    Returns
    -------
    Padded, contiguous, writable copies; the recursion is split into the free one and the innovation.
    """
    dynamics, levels = law.dynamics, law.levels
    n, sums = dynamics.free_intercept.size, dynamics.cumulated.size
    p = (dynamics.state.size - sums) // n
    extra = dynamics.transition - dynamics.free_transition
    sum_of = np.full(n, -1, dtype=np.int64)
    sum_of[dynamics.cumulated] = np.arange(sums)
    return Coefficients(
        lags=np.array(dynamics.state[: p * n].reshape(p, n)),
        sums=np.array(dynamics.state[p * n :]),
        own=pad(dynamics.intercept - dynamics.free_intercept, 1),
        lag=by_lag(extra, n, p),
        sum=pad(extra[..., p * n :], 2),
        impact=pad(dynamics.impact, 2),
        gain=pad(dynamics.gain, 2),
        free_own=pad(dynamics.free_intercept, 1),
        free_lag=by_lag(dynamics.free_transition, n, p),
        free_sum=pad(dynamics.free_transition[:, p * n :], 2),
        cumulated=np.array(dynamics.cumulated, dtype=np.int64),
        correction=_correction(law.mixing, dynamics.intercept.shape[0], n),
        returns=_returns(law.equity),
        code=np.array(levels.code, dtype=np.int64),
        base=np.where(levels.code == 2, levels.base, 1.0),
        sum_of=sum_of,
    )


def _scratch_shapes(law: Coefficients, outputs: int) -> dict[str, int]:
    months, n = law.own.shape
    rows = max(law.gain.shape[2], law.correction.exposure.shape[1])
    base, groups = law.returns.mix.shape[0], law.returns.aggregation.shape[0]
    small = law.correction.gap.size
    return {
        "lags": (law.lags.shape[0] + 1) * n * BLOCK,
        "sums": law.sum.shape[2] * BLOCK,
        "shocks": n * BLOCK * (months if small else 1),
        "scales": months * BLOCK,
        "innovation": n * BLOCK,
        "draws": max(base, law.returns.common.shape[1]) * BLOCK,
        "returns": (base + groups) * BLOCK,
        "gross": (base + groups) * BLOCK,
        "values": outputs * BLOCK,
        "targets": rows * BLOCK,
        "multipliers": rows * BLOCK,
        "scaled": rows * BLOCK,
        "gram": small * small * LANES,
        "partial": 10 * LANES,
    }


def scratch_for(law: Coefficients, outputs: int) -> Scratch:
    """Allocate one thread's scratch memory, zeroed because padding rows are read."""
    flat = {name: np.zeros(size) for name, size in _scratch_shapes(law, outputs).items()}
    bins = np.zeros((outputs, law.own.shape[0], SUPERBLOCK), dtype=np.uint16)
    return Scratch(bins=bins, **flat)


def scratch_bytes(law: Coefficients, outputs: int) -> int:
    """Size of one thread's scratch memory in bytes."""
    return 8 * sum(_scratch_shapes(law, outputs).values()) + 2 * outputs * len(law.own) * SUPERBLOCK
