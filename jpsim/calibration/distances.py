"""What the densities of months depend on: squared distances of their residuals, and the leading one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Distances", "measure_distances"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Distances:
    """What the densities of T months depend on.

    Parameters
    ----------
    quadratic
        (T, 2, 2) squared Mahalanobis distance, split into the factors outside and inside a group.
    counts
        (T, 2) known factors outside and inside it.
    projected
        (T,) innovation of the leading factor over its sd.
    """

    quadratic: Floats
    counts: Floats
    projected: Floats

    def append(self, other: Distances) -> Distances:
        """Return these months and those of another."""
        pairs = ((getattr(self, name), getattr(other, name)) for name in ("quadratic", "counts", "projected"))
        return Distances(*(np.concatenate(pair) for pair in pairs))

    @property
    def total(self) -> tuple[Floats, Floats]:
        """Squared distances and numbers of known factors, (T,) each."""
        return self.quadratic.sum(axis=(1, 2)), self.counts.sum(axis=1)


def measure_distances(
    residual: Floats, Sigma: Floats, leading: int, group: npt.NDArray[np.bool_] | None = None
) -> Distances:
    """Measure months of (T, n) residuals, NaN where missing.

    Parameters
    ----------
    residual, Sigma
        (T, n) residuals and their covariance (n, n).
    leading
        Position of the factor whose regression gives the direction of asymmetry; known in every month.
    group
        (n,) factors that have an exponent of their own; none if left out.
    """
    inside = np.zeros(len(Sigma), dtype=np.bool_) if group is None else group
    quadratic, counts = np.zeros((len(residual), 2, 2)), np.zeros((len(residual), 2))
    for t, row in enumerate(residual):
        seen = np.isfinite(row)
        terms = np.outer(row[seen], row[seen]) * np.linalg.inv(Sigma[np.ix_(seen, seen)])
        member = np.column_stack([~inside[seen], inside[seen]]).astype(np.float64)
        quadratic[t], counts[t] = member.T @ terms @ member, member.sum(axis=0)
    return Distances(quadratic, counts, residual[:, leading] / np.sqrt(Sigma[leading, leading]))
