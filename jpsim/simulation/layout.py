"""From a law to what the kernels take: padded copies of its arrays, tables, and scratch memory."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from jpsim.simulation.correction import lay_out_correction
from jpsim.simulation.kernels.arrays import BLOCK, LANES, SUPERBLOCK, Coefficients, Curvature, Returns, Scratch
from jpsim.simulation.kernels.interventions import YEN_ROWS
from jpsim.simulation.law import Equity, Law, Sparse
from jpsim.simulation.padding import pad
from jpsim.simulation.rule_layout import lay_out_intervention, lay_out_meetings
from jpsim.simulation.tail_tables import tail_maps

__all__ = ["law_bytes", "lay_out", "requirement_count", "scratch_bytes", "scratch_for"]

Floats = npt.NDArray[np.float64]
Laid = TypeVar("Laid", Coefficients, Returns, Curvature)
Integers = npt.NDArray[np.int64]


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
    return 0 if law.mixing is None else len(law.mixing.gap)


def _returns(equity: Equity, *, single: bool) -> Returns:
    series, groups = equity.loadings.shape[0], equity.aggregation.start.size - 1
    finite = np.isfinite(equity.idio_nu)
    degrees, index = np.unique(np.where(finite, equity.idio_nu, 0.0), return_inverse=True)
    shift = int(degrees.size > 0 and degrees[0] == 0.0)
    maps = tail_maps(tuple(float(nu) for nu in degrees[shift:]), single=single)
    impulse = np.zeros((*equity.drift.shape, 0)) if equity.impulse is None else equity.impulse
    return Returns(
        drift=pad(equity.drift, 1),
        loadings=pad(equity.loadings, 2),
        common=pad(equity.common, 2),
        mix=pad(dense(equity.mix, (series, series)) * equity.idio_sd, 2),
        aggregation=pad(dense(equity.aggregation, (groups, series)), 2),
        tail_of=np.where(finite, index - shift, -1).astype(np.int64),
        near=maps.near,
        far=maps.table,
        impulse=pad(impulse, 2),
    )


def _terms(equity: Equity, sum_of: Integers) -> Curvature:
    terms = equity.terms
    if terms is None:
        none, nothing = np.zeros(0, dtype=np.int64), np.zeros(0)
        loadings = pad(np.zeros((equity.loadings.shape[0], 0)), 2)
        return Curvature(none, none, none, none, nothing, nothing, nothing, loadings)
    return Curvature(
        kind=np.array(terms.kind, dtype=np.int64),
        factor=np.array(terms.factor, dtype=np.int64),
        other=np.array(terms.other, dtype=np.int64),
        summed=np.where(terms.other >= 0, sum_of[terms.other], -1),
        knot=np.array(terms.knot, dtype=np.float64),
        side=np.array(terms.side, dtype=np.float64),
        centre=np.array(terms.centre, dtype=np.float64),
        loadings=pad(terms.loadings, 2),
    )


@lru_cache(maxsize=256)
def lay_out(law: Law, *, pilots: bool = False) -> Coefficients:
    """Lay out a law for the kernels, once for all who draw from it.

    Parameters
    ----------
    law
        With n factors and p lags, ``p = (d - c) / n`` from the d state variables and c summed differences.
    pilots
        Whether scales come from the streams on which proposals are fitted.

    Returns
    -------
    Padded, contiguous copies; the recursion is split into the free one and the innovation. Tables are shared.
    For single precision the arrays of the recursion and of the returns are rounded; what weighs paths is not.

    Raises
    ------
    InputError
        Requirements that repeat or contradict each other, or explosive volatility.
    """
    dynamics, levels = law.dynamics, law.levels
    n, sums = dynamics.free_intercept.size, dynamics.cumulated.size
    p = (dynamics.state.size - sums) // n
    extra = dynamics.transition - dynamics.free_transition
    sum_of = np.full(n, -1, dtype=np.int64)
    sum_of[dynamics.cumulated] = np.arange(sums)
    single = law.numerics.precision == "float32"
    laid = Coefficients(
        lags=np.array(dynamics.state[: p * n].reshape(p, n)),
        sums=np.array(dynamics.state[p * n :]),
        own=pad(dynamics.intercept - dynamics.free_intercept, 1),
        lag=by_lag(extra, n, p),
        sum=pad(extra[..., p * n :], 2),
        impact=pad(dynamics.impact, 2),
        lean=pad(_lean(law), 1),
        free_own=pad(dynamics.free_intercept, 1),
        free_lag=by_lag(dynamics.free_transition, n, p),
        free_sum=pad(dynamics.free_transition[:, p * n :], 2),
        cumulated=np.array(dynamics.cumulated, dtype=np.int64),
        correction=lay_out_correction(law.mixing, dynamics.intercept.shape[0], n, pilots=pilots),
        returns=_returns(law.equity, single=single),
        terms=_terms(law.equity, sum_of),
        code=np.array(levels.code, dtype=np.int64),
        base=np.where(levels.code == 2, levels.base, 1.0),
        sum_of=sum_of,
        meetings=lay_out_meetings(law),
        intervention=lay_out_intervention(law, sum_of),
        place=_places(law),
    )
    if not single:
        return laid
    return _rounded(laid)._replace(returns=_rounded(laid.returns), terms=_rounded(laid.terms))


def _lean(law: Law) -> Floats:
    """(h, n) how the factors' innovations move with each month's excess."""
    skew = None if law.mixing is None else law.mixing.skew
    return np.zeros(law.dynamics.intercept.shape) if skew is None else np.asarray(law.dynamics.impact @ skew)


def _rounded(laid: Laid) -> Laid:
    """Round the double arrays among the fields to single precision."""
    doubles = {name: value for name, value in laid._asdict().items() if getattr(value, "dtype", None) == np.float64}
    rounded: Laid = laid._replace(**{name: value.astype(np.float32) for name, value in doubles.items()})
    return rounded


def _places(law: Law) -> Integers:
    places = np.full(law.dynamics.intercept.shape[0], -1, dtype=np.int64)
    places[law.reported - 1] = np.arange(law.reported.size)
    return places


def _reported(law: Coefficients) -> int:
    return int(law.place.max()) + 1


def _scratch_shapes(law: Coefficients, outputs: int) -> dict[str, int]:
    months, n = law.own.shape
    rows = law.correction.exposure.shape[1]
    base, groups = (law.returns.mix.shape[0], law.returns.aggregation.shape[0]) if outputs else (0, 0)
    small, intervening = law.correction.gap.size, law.intervention.factor >= 0
    return {
        "lags": (law.lags.shape[0] + 1) * n * BLOCK,
        "sums": law.sum.shape[2] * BLOCK,
        "shocks": n * BLOCK * (months if small else 1),
        "turned": law.correction.inward.shape[1] * BLOCK,
        "scales": months * BLOCK,
        "excess": months * BLOCK * law.correction.skewed,
        "volatility": BLOCK,
        "news": BLOCK,
        "ratio": BLOCK,
        "mixed": law.correction.proposal.mean.shape[1] * BLOCK,
        "along": law.correction.proposal.stretch.shape[1] * BLOCK,
        "odds": (law.correction.proposal.share.size + 1) * BLOCK,
        "impulses": law.returns.impulse.shape[2] * BLOCK,
        "innovation": n * BLOCK,
        "common": law.returns.common.shape[1] * BLOCK,
        "terms": law.terms.loadings.shape[1] * BLOCK,
        "draws": base * BLOCK,
        "returns": (base + groups) * BLOCK,
        "gross": (base + groups) * BLOCK,
        "values": outputs * BLOCK,
        "targets": rows * BLOCK,
        "multipliers": rows * BLOCK,
        "scaled": rows * BLOCK,
        "gram": small * small * LANES,
        "partial": 10 * LANES,
        "policy": 3 * BLOCK * law.meetings.decided,
        "yen": YEN_ROWS * BLOCK * intervening,
        "missing": rows * BLOCK * (law.intervention.reach.shape[1] > 0),
    }


_OF_PATHS: Final = {
    "lags", "sums", "shocks", "impulses", "innovation", "common", "draws", "returns", "gross", "values",
    "terms",
}  # fmt: skip
"""What is of the precision of the paths; the rest decides about weights and stays double."""


def _largest(laws: list[Coefficients], outputs: int) -> dict[str, int]:
    shapes = [_scratch_shapes(law, outputs) for law in laws]
    return {name: max(shape[name] for shape in shapes) for name in shapes[0]}


def _kind(law: Coefficients) -> np.dtype[np.floating]:
    """Precision of the law's paths."""
    return law.own.dtype


def scratch_for(laws: list[Coefficients], outputs: int) -> Scratch:
    """Allocate one thread's scratch memory for any of some laws, zeroed because padding rows are read.

    With no `outputs` it does for all that reports none, and is small.
    """
    kinds = {name: _kind(laws[0]) if name in _OF_PATHS else np.float64 for name in _scratch_shapes(laws[0], outputs)}
    flat = {name: np.zeros(size, kinds[name]) for name, size in _largest(laws, outputs).items()}
    bins = np.zeros((outputs, _reported(laws[0]), SUPERBLOCK), dtype=np.uint16)
    return Scratch(bins=bins, component=np.zeros(BLOCK, dtype=np.int64), **flat)


def scratch_bytes(laws: list[Coefficients], outputs: int) -> int:
    """Size of one thread's scratch memory in bytes."""
    each = {name: _kind(laws[0]).itemsize if name in _OF_PATHS else 8 for name in _scratch_shapes(laws[0], outputs)}
    flat = sum(each[name] * size for name, size in _largest(laws, outputs).items())
    return flat + 8 * BLOCK + 2 * outputs * _reported(laws[0]) * SUPERBLOCK


def law_bytes(law: Coefficients) -> int:
    """Size of a law's own arrays in bytes; the tables, which laws share, are left out."""
    tables = law.correction._replace(scale=np.zeros(0)), law.returns._replace(far=np.zeros(0))
    parts = (law, *tables, law.correction.proposal, law.terms, law.meetings, law.intervention)
    return sum(value.nbytes for part in parts for value in part if isinstance(value, np.ndarray))
