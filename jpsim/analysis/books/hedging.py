"""Sizes of hedges on a sample of paths: least variance in closed form, least expected shortfall by cutting planes.

A hedge of sizes x in instruments with gains G turns the gain p of a book into ``p + G x``. Its variance is least at
``x = -Cov(G)^-1 cov(G, p)``. Its expected shortfall is convex in x (Rockafellar, Uryasev 2000,
doi:10.21314/JOR.2000.038), and minus the mean of G over the worst paths is one of its slopes; the planes that these
slopes span support it from below, and the lowest point of the planes is where the next one is laid.

References
----------
Kuenzi-Bay, Mayer (2006), Computational aspects of minimizing conditional value-at-risk.
https://doi.org/10.1007/s10287-005-0042-0
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import numpy.typing as npt

__all__ = ["least_shortfall", "least_variance", "rank_subsets", "shortfall_plane"]

Floats = npt.NDArray[np.float64]

_RIDGE = 1e-10  # of the mean variance: instruments that are sums of others have many best sizes
_MOST_PLANES = 200
_TOLERANCE = 1e-7  # of the capital: what the lowest point of the planes may lie below the shortfall
_BATCH = 20_000


def least_variance(gain: Floats, instruments: Floats, weights: Floats) -> Floats:
    """Return the (J,) sizes of the hedge of least variance.

    Parameters
    ----------
    gain
        (N,) gains of the book.
    instruments
        (J, N) gains of a unit of each instrument.
    weights
        (N,) weights of the paths, summing to 1.
    """
    covariance, with_book, _ = _moments(gain, instruments, weights)
    return np.asarray(-np.linalg.solve(covariance, with_book), dtype=np.float64)


def rank_subsets(gain: Floats, instruments: Floats, weights: Floats, size: int) -> list[tuple[int, ...]]:
    """All subsets of so many instruments, from the one that takes most of the variance away to the least.

    Parameters
    ----------
    gain, instruments, weights
        See `least_variance`.
    size
        Number of instruments in a subset.
    """
    covariance, with_book, _ = _moments(gain, instruments, weights)
    subsets = np.array(list(combinations(range(len(instruments)), size)), dtype=np.intp)
    removed = np.concatenate([_removed(covariance, with_book, part) for part in _batches(subsets)])
    order = np.argsort(-removed, kind="stable")
    return [tuple(map(int, subsets[place])) for place in order]


def least_shortfall(
    gain: Floats, instruments: Floats, weights: Floats, share: float, start: Floats, most: float
) -> Floats:
    """Return the (J,) sizes of the hedge of least expected shortfall.

    Parameters
    ----------
    gain, instruments, weights
        See `least_variance`.
    share
        Probability of the tail.
    start
        (J,) sizes to begin with.
    most
        Largest size, long or short.
    """
    sizes = best = np.clip(start, -most, most)
    lowest, planes = np.inf, list[tuple[float, Floats]]()
    for _ in range(_MOST_PLANES):
        value, slope = shortfall_plane(gain + sizes @ instruments, instruments, weights, share)
        planes.append((float(value - slope @ sizes), slope))
        if value < lowest:
            lowest, best = value, sizes
        bound, sizes = _lowest_point(planes, most)
        if lowest - bound <= _TOLERANCE:
            break
    return best


def shortfall_plane(hedged: Floats, instruments: Floats, weights: Floats, share: float) -> tuple[float, Floats]:
    """Expected shortfall of a hedged book, and its slope in the sizes.

    The path that the quantile cuts counts with the part of its weight that belongs to the tail.

    Parameters
    ----------
    hedged
        (N,) gains of the hedged book.
    instruments, weights, share
        See `least_shortfall`.
    """
    order = _worst_first(hedged, weights, share)
    inside = np.diff(np.minimum(np.cumsum(weights[order]), share), prepend=0.0) / share
    return float(-inside @ hedged[order]), np.asarray(-(instruments[:, order] @ inside), dtype=np.float64)


def _worst_first(hedged: Floats, weights: Floats, share: float) -> npt.NDArray[np.intp]:
    """Paths from the worst on, at least as many as have the weight `share`."""
    count = min(int(2.0 * share * hedged.size) + 1, hedged.size)
    while True:
        worst = np.argpartition(hedged, count - 1)[:count] if count < hedged.size else np.arange(hedged.size)
        if count == hedged.size or weights[worst].sum() >= share:
            return worst[np.argsort(hedged[worst], kind="stable")]
        count = min(2 * count, hedged.size)


def _lowest_point(planes: list[tuple[float, Floats]], most: float) -> tuple[float, Floats]:
    """Lowest point of the upper envelope of planes within the bounds: its height and place."""
    from scipy.optimize import linprog

    slopes = np.array([slope for _, slope in planes])
    heights = np.array([height for height, _ in planes])
    rows = np.column_stack([slopes, -np.ones(len(planes))])
    cost = np.append(np.zeros(slopes.shape[1]), 1.0)
    bounds = [(-most, most)] * slopes.shape[1] + [(None, None)]
    found = linprog(cost, A_ub=rows, b_ub=-heights, bounds=bounds, method="highs")
    return float(found.fun), np.asarray(found.x[:-1], dtype=np.float64)


def _moments(gain: Floats, instruments: Floats, weights: Floats) -> tuple[Floats, Floats, float]:
    """Covariance of the instruments, a little away from singular; theirs with the book; the book's variance."""
    apart = instruments - (instruments @ weights)[:, None]
    own = gain - gain @ weights
    covariance = (apart * weights) @ apart.T
    covariance[np.diag_indices_from(covariance)] += _RIDGE * np.trace(covariance) / len(covariance) + 1e-300
    return covariance, (apart * weights) @ own, float(weights @ own**2)


def _removed(covariance: Floats, with_book: Floats, subsets: npt.NDArray[np.intp]) -> Floats:
    """Variance that the hedge of least variance with each subset takes away."""
    own = with_book[subsets]
    sizes = np.linalg.solve(covariance[subsets[:, :, None], subsets[:, None, :]], own[..., None])[..., 0]
    return np.asarray(np.einsum("sj,sj->s", own, sizes), dtype=np.float64)


def _batches(subsets: npt.NDArray[np.intp]) -> Iterator[npt.NDArray[np.intp]]:
    for first in range(0, len(subsets), _BATCH):
        yield subsets[first : first + _BATCH]
