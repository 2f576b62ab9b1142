"""The joint law of quantities with stated margins: normal ones, and tables of probabilities.

Both kinds together have the law of least relative entropy whose margins are exactly those stated:
normal quantities are drawn first, and the tables given them (`jpsim.conditioning.grid`). Beside one
normal quantity that is exact; beside several, the sum over the tables' points says how their
dependence differs from the normal one, which weights make up for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.grid import Grid, Table, fit_grid
from jpsim.conditioning.margins import fit_margins

__all__ = ["StatedLaw", "fit_stated"]

Floats = npt.NDArray[np.float64]

_LEAST_SPREAD = 1e-4  # of the model's sd: what stands for the sd of a table with one value


@dataclass(frozen=True, eq=False)
class StatedLaw:
    """b quantities with normal margins, then a quantities with tables, as deviations from their stated means.

    Parameters
    ----------
    root
        (b, b) root of the covariance of the normal ones: what turns a path's own scores into values that stay
        as close to its own as the law allows.
    grid
        Law of the others given these; None without tables.
    cov
        (b + a, b + a) covariance of all.
    precision
        (b + a, b + a) precision of the normal law with the same margins' variances and the model's dependence.
    """

    root: Floats
    grid: Grid | None
    cov: Floats
    precision: Floats

    @property
    def normal(self) -> int:
        """Number b of quantities with normal margins."""
        return int(self.root.shape[0])

    @property
    def size(self) -> int:
        """Number of all quantities."""
        return int(self.cov.shape[0])

    @property
    def weighted(self) -> bool:
        """Whether draws carry weights: with tables beside several normal margins."""
        return self.grid is not None and self.normal > 1

    def draw(self, normals: Floats, uniforms: Floats) -> Floats:
        """Turn (b, count) normals and (a, count) uniforms, of which one is used, into deviations (b + a, count)."""
        values: Floats = self.root @ normals
        return values if self.grid is None else np.vstack([values, self.grid.draw(uniforms[0], values)])

    def log_bend(self, deviations: Floats) -> Floats:
        """Log of the density of (b + a, count) drawn deviations over that of the normal law with `precision`."""
        if self.grid is None:
            return np.zeros(deviations.shape[1])
        values = deviations[: self.normal]
        density = -0.5 * (np.linalg.solve(self.root, values) ** 2).sum(axis=0)
        density += 0.5 * (deviations * (self.precision @ deviations)).sum(axis=0)
        return np.asarray(density + self.grid.log_probability(deviations[self.normal :], values))

    def log_weight(self, deviations: Floats) -> Floats:
        """Log weight (count,) that makes the drawn dependence the one of least relative entropy.

        It is exact once the margins are held: a factor that depends on one quantity alone does not matter.
        """
        if self.grid is None or not self.weighted:
            return np.zeros(deviations.shape[1])
        values = deviations[: self.normal]
        weight: Floats = self.grid.log_total(values) - 0.5 * (values * (self._bend @ values)).sum(axis=0)
        return weight

    @cached_property
    def _bend(self) -> Floats:
        """(b, b) quadratic part of what tables do to the dependence of the normal quantities."""
        size, precision = self.normal, self.precision
        return np.asarray(precision[:size, size:] @ np.linalg.solve(precision[size:, size:], precision[size:, :size]))


def fit_stated(cov: Floats, sd: Floats, means: Floats, tables: Sequence[Table]) -> StatedLaw:
    """Fit the law of least relative entropy with stated margins.

    Parameters
    ----------
    cov
        (b + a, b + a) covariance of the model: the normal quantities, then those with tables.
    sd
        (b,) stated standard deviations of the normal ones.
    means
        (a,) means of the tables.
    tables
        For each of the others its values and their probabilities.

    Raises
    ------
    InputError
        If the tables have too many combinations.
    """
    size, spread = sd.size, [_spread(table) for table in tables]
    least = _LEAST_SPREAD * np.sqrt(np.diag(cov)[size:])
    fitted = fit_margins(cov, np.concatenate([sd, np.maximum(spread, least)])) if cov.size else cov
    root = _nearest_root(cov[:size, :size], fitted[:size, :size])
    precision = np.asarray(np.linalg.inv(fitted), dtype=np.float64)
    if not tables:
        return StatedLaw(root, None, fitted, precision)
    grid = fit_grid(fitted, means, tables)
    whole = np.block([[fitted[:size, :size], grid.cross], [grid.cross.T, grid.cov]])
    return StatedLaw(root, grid, whole, precision)


def _nearest_root(model: Floats, stated: Floats) -> Floats:
    """Root R of the stated covariance such that ``R L**-1 x`` is as close to x ~ N(0, L L') as a draw of it can be.

    L is Cholesky's factor of the model's covariance, and distance is measured in units of it: in these the map
    from the model's law to the stated one is symmetric, which makes it the optimal transport (Dowson and Landau
    1982, doi:10.1016/0047-259X(82)90077-X).
    """
    lower = np.linalg.cholesky(model)
    inner = np.linalg.solve(lower, np.linalg.solve(lower, stated).T)
    values, vectors = np.linalg.eigh((inner + inner.T) / 2.0)
    root: Floats = lower @ (vectors * np.sqrt(values)) @ vectors.T
    return root


def _spread(table: Table) -> float:
    values, shares = np.array(table).T
    return float(np.sqrt(max(shares @ values**2 - (shares @ values) ** 2, 0.0)))
