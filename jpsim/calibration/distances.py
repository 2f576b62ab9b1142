"""What the densities of months depend on: squared distances of their residuals, and the leading one."""

from __future__ import annotations

from dataclasses import dataclass, fields

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
    projected, strength
        (T,) innovation of the leading factor over its sd, and 1; where it is not known its regression on what is known,
        and the share of its variance that this explains.
    """

    quadratic: Floats
    counts: Floats
    projected: Floats
    strength: Floats

    def append(self, other: Distances) -> Distances:
        """Return these months and those of another."""
        names = [field.name for field in fields(self)]
        return Distances(*(np.concatenate([getattr(self, name), getattr(other, name)]) for name in names))

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
        Position of the factor that leads in asymmetric months: the others move as their regressions on it say.
    group
        (n,) factors that have an exponent of their own; none if left out.
    """
    inside = np.zeros(len(Sigma), dtype=np.bool_) if group is None else group
    quadratic, counts = np.zeros((len(residual), 2, 2)), np.zeros((len(residual), 2))
    projected, strength = np.zeros(len(residual)), np.zeros(len(residual))
    along = Sigma[:, leading] / np.sqrt(Sigma[leading, leading])
    for t, row in enumerate(residual):
        seen = np.isfinite(row)
        precision = np.linalg.inv(Sigma[np.ix_(seen, seen)])
        member = np.column_stack([~inside[seen], inside[seen]]).astype(np.float64)
        quadratic[t] = member.T @ (np.outer(row[seen], row[seen]) * precision) @ member
        counts[t] = member.sum(axis=0)
        pull = precision @ along[seen]
        projected[t], strength[t] = pull @ row[seen], pull @ along[seen]
    return Distances(quadratic, counts, projected, strength)
