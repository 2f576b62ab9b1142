"""Clusters of weighted points: k-means whose result depends on the points alone.

Lloyd's iteration (Lloyd 1982, doi:10.1109/TIT.1982.1056489) starts from groups of equal weight along each of
the leading principal components, so that no random numbers are needed; the number of clusters is the one
with the largest mean silhouette (Rousseeuw 1987, doi:10.1016/0377-0427(87)90125-7).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Clustering", "choose_clusters", "mean_silhouette", "partition"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_DIRECTIONS = 4  # principal components along which starts are laid
_ROUNDS = 300
_COMPARED = 800  # points on which silhouettes are computed: their number squared is the work


@dataclass(frozen=True, eq=False)
class Clustering:
    """Points divided into clusters.

    Parameters
    ----------
    member
        (P,) cluster of each point; clusters are sorted by weight, the heaviest first.
    centre
        (k, F) weighted means.
    silhouette
        Mean silhouette, from -1 to 1; below about 0.25 the clusters shade into each other.
    """

    member: Integers
    centre: Floats
    silhouette: float


def choose_clusters(points: Floats, weights: Floats, counts: tuple[int, ...] = (2, 3, 4)) -> Clustering:
    """Cluster points into the number of clusters that separates them best.

    Parameters
    ----------
    points
        (P, F), all features on one scale; P at least the largest count.
    weights
        (P,) positive weights.
    counts
        Numbers of clusters to try; of equals the first is taken.
    """
    found = []
    for count in counts:
        member, centre = partition(points, weights, count)
        few = slice(0, _COMPARED)
        found.append(Clustering(member, centre, mean_silhouette(points[few], weights[few], member[few])))
    return max(found, key=lambda clustering: round(clustering.silhouette, 12))


def partition(points: Floats, weights: Floats, count: int) -> tuple[Integers, Floats]:
    """Divide points into `count` clusters of least weighted squared distance from their means.

    Returns
    -------
    (P,) cluster of each point, sorted by weight, and (k, F) means.
    """
    centred = points - np.average(points, axis=0, weights=weights)
    _, _, directions = np.linalg.svd(centred * np.sqrt(weights)[:, None], full_matrices=False)
    starts = [_even_groups(centred @ direction, weights, count) for direction in directions[:_DIRECTIONS]]
    tried = [_lloyd(points, weights, start, count) for start in starts]
    member, centre, _ = min(tried, key=lambda result: round(result[2] / float(weights.sum()), 12))
    mass = np.bincount(member, weights, count)
    order = np.argsort(-mass, kind="stable")
    return np.argsort(order, kind="stable")[member], centre[order]


def mean_silhouette(points: Floats, weights: Floats, member: Integers) -> float:
    """Weighted mean of ``(b - a) / max(a, b)``: distance to the own and to the nearest other cluster.

    A point alone in its cluster counts 0; so does everything if there is one cluster only.
    """
    squares = (points**2).sum(axis=1)
    apart = np.sqrt(np.maximum(squares[:, None] + squares[None, :] - 2.0 * points @ points.T, 0.0))
    np.fill_diagonal(apart, 0.0)
    labels = np.unique(member)
    if labels.size < 2:
        return 0.0
    inside = member[:, None] == labels[None, :]
    mass = weights @ inside
    total = apart @ (inside * weights[:, None])
    own = np.argmax(inside, axis=1)
    rows = np.arange(member.size)
    left = mass[own] - weights
    alone = left <= 1e-12 * mass[own]
    within = np.where(alone, 0.0, total[rows, own] / np.where(alone, 1.0, left))
    beyond = total / mass
    beyond[rows, own] = np.inf
    nearest = beyond.min(axis=1)
    widest = np.maximum(within, nearest)
    score = np.where(alone | (widest == 0.0), 0.0, (nearest - within) / np.where(widest == 0.0, 1.0, widest))
    return float(np.average(score, weights=weights))


def _even_groups(along: Floats, weights: Floats, count: int) -> Integers:
    """Groups of about equal weight in the order of one coordinate, none of them empty."""
    order = np.argsort(along, kind="stable")
    reached = np.cumsum(weights[order]) - 0.5 * weights[order]
    group = np.minimum((reached / weights.sum() * count).astype(np.int64), count - 1)
    if np.unique(group).size < count:
        group = np.arange(along.size) * count // along.size
    out = np.empty(along.size, dtype=np.int64)
    out[order] = group
    return out


def _lloyd(points: Floats, weights: Floats, member: Integers, count: int) -> tuple[Integers, Floats, float]:
    """Alternate between means and nearest means until nothing changes; returns the weighted inertia, too."""
    centre = _centres(points, weights, member, count, points[:count])
    for _ in range(_ROUNDS):
        distance = _squared(points, centre)
        nearest = np.argmin(distance, axis=1)
        if (nearest == member).all():
            break
        member = nearest
        centre = _centres(points, weights, member, count, centre)
    return member, centre, float(weights @ _squared(points, centre).min(axis=1))


def _squared(points: Floats, centre: Floats) -> Floats:
    distance: Floats = ((points[:, None, :] - centre[None, :, :]) ** 2).sum(axis=2)
    return distance


def _centres(points: Floats, weights: Floats, member: Integers, count: int, before: Floats) -> Floats:
    """Weighted means; a cluster that lost all its points stays where it was."""
    mass = np.bincount(member, weights, count)
    sums = np.array([np.bincount(member, weights * column, count) for column in points.T]).T
    return np.where(mass[:, None] > 0.0, sums / np.where(mass > 0.0, mass, 1.0)[:, None], before)
