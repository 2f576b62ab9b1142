"""A scenario's conditional law of the factors: where model and conditions meet."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.contradictions import refuse_clashes, refuse_empty_ranges
from jpsim.conditioning.drivers import driver_basis, exogenous_factors, refuse_undeliverable
from jpsim.conditioning.plausibility import Plausibility, judge_plausibility
from jpsim.conditioning.rows import Row, RowTable, tabulate_rows
from jpsim.conditioning.sequential import ConditionalSystem, Moments, condition_system
from jpsim.conditioning.stacked import StackedRows, stack_rows, stacked_moments
from jpsim.conditioning.system import System
from jpsim.conditioning.targets import TargetLaw, find_targets
from jpsim.conditioning.ties import set_ties_apart
from jpsim.errors import Place
from jpsim.model import Model

__all__ = ["Conditional", "condition", "log_normal"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Conditional:
    """The law of the factors given a scenario's conditions.

    Parameters
    ----------
    system
        The unconditional recursion, with the scenario's own month 0 and held months.
    table, stacked
        The rows, and their closed form.
    targets
        Law of the values of soft rows.
    response
        (h, m, n) directions in which each month's shocks are steered: the rows' exposures, or their parts
        along the shocks that must deliver them.
    steered
        Whether only some shocks are steered.
    basis
        (n, k) orthonormal directions of the shocks that are steered; None where all are.
    plausibility
        How far the rows are from the model's mean.
    """

    system: System
    table: RowTable
    stacked: StackedRows
    targets: TargetLaw
    response: Floats
    steered: bool
    plausibility: Plausibility
    basis: Floats | None = None

    @cached_property
    def recursion(self) -> ConditionalSystem | None:
        """The conditional recursion, its soft rows at their centres.

        None if only some shocks are steered, or a row is an average over months.
        """
        table = self.table
        if self.basis is not None or not np.array_equal(table.firsts, table.months):
            return None
        values, free = _centres(table, self.targets) - table.constants, list(self.targets.free)
        return condition_system(self.system, table.weights, table.months, values, table.noise, free, table.news)

    @cached_property
    def moments(self) -> Moments:
        """Closed-form means and covariances of the state under normal innovations."""
        if self.recursion is not None:
            return self.recursion.moments(self.targets.spread)
        return stacked_moments(self.system, self.mean_shocks, self.shock_cov)

    @cached_property
    def log_evidence(self) -> float:
        """What the model says of the conditions under normal innovations, in logs and up to a constant.

        The density of hard and measured values given what is imposed on exogenous factors, less the relative
        entropy of stated laws and ranges from the model's (of a table only what depends on the model).
        """
        given = self.table.of_kind("hard") + self.table.of_kind("measurement")
        imposed = [i for i in given if self.table.rows[i].name in exogenous_factors()]
        density = self._log_density(given) - self._log_density(imposed)
        targets = self.targets
        if targets.stated.grid is None:
            return density - targets.entropy
        spread = targets.spread[: len(targets.model_gap), : len(targets.model_gap)]
        density += log_normal(targets.model_gap, targets.model_cov)
        density -= 0.5 * float(np.trace(np.linalg.solve(targets.model_cov, spread)))
        return density + (0.0 if targets.ranges is None else float(np.log(targets.ranges.probability)))

    def _log_density(self, rows: list[int]) -> float:
        gap = self.table.values[rows] - self.stacked.mean[rows]
        return log_normal(gap, self.stacked.cov[np.ix_(rows, rows)] + np.diag(self.table.noise[rows]))

    @cached_property
    def order(self) -> list[int]:
        """Positions of the rows as paths meet them: given values first, then those that are drawn."""
        return [i for i in range(len(self.table.rows)) if i not in self.targets.free] + list(self.targets.free)

    @cached_property
    def with_ties(self) -> tuple[tuple[Row, ...], StackedRows]:
        """The rows and, behind them, the ranges that follow from them; and the closed form of all."""
        if self.table.ties is None:
            return self.table.rows, self.stacked
        rows, weights, constants = self.table.ties
        mean = np.concatenate([self.stacked.mean, weights @ self.stacked.mean + constants])
        exposure = np.concatenate([self.stacked.exposure, weights @ self.stacked.exposure], axis=1)
        return self.table.rows + rows, StackedRows(mean, exposure)

    @cached_property
    def gap(self) -> Floats:
        """(m,) centres of the stated values less the model's means."""
        return _centres(self.table, self.targets) - self.stacked.mean

    @cached_property
    def shock_gain(self) -> Floats:
        """(h n, m) response of the stacked shocks to the gaps."""
        h, m, n = self.response.shape
        steered = self.response.transpose(1, 0, 2).reshape(m, h * n)
        variance = steered @ self.stacked.flat.T + np.diag(self.table.noise)
        return np.ascontiguousarray(np.linalg.solve(variance, steered).T, dtype=np.float64)

    @cached_property
    def shock_cov(self) -> Floats:
        """(h n, h n) conditional covariance of the stacked shocks under normal innovations."""
        left = np.eye(self.shock_gain.shape[0]) - self.shock_gain @ self.stacked.flat
        cov: Floats = left @ left.T + self.shock_gain @ self.value_cov @ self.shock_gain.T
        return cov

    def spread_shocks(self, functionals: Floats) -> Floats:
        """(..., h n) covariances of functionals (..., h n) of the stacked shocks with these shocks themselves."""
        onto, shared = functionals @ self.shock_gain, functionals @ self.stacked.flat.T
        spread = onto @ (self.stacked.cov + self.value_cov) - shared
        moved: Floats = functionals - onto @ self.stacked.flat + spread @ self.shock_gain.T
        return moved

    @cached_property
    def value_cov(self) -> Floats:
        """(m, m) covariance of what the rows are steered to: stated margins, ranges, measurement noise."""
        cov = np.diag(self.table.noise)
        free = list(self.targets.free)
        cov[np.ix_(free, free)] = self.targets.spread
        return cov

    @cached_property
    def mean_shocks(self) -> Floats:
        """(h, n) conditional means of the shocks z_t under normal innovations."""
        shape = self.stacked.exposure.shape
        return (self.shock_gain @ self.gap).reshape(shape[0], shape[2])

    @cached_property
    def mean_innovations(self) -> Floats:
        """(h, n) conditional means of the factors' innovations u_t under normal innovations."""
        n = self.stacked.exposure.shape[2]
        moved: Floats = np.einsum("hij,hj->hi", self.system.impact[:, :n], self.mean_shocks)
        return moved

    def innovation_cov(self, exposures: Floats) -> Floats:
        """(R, h, h) covariances between months of ``exposures[r] @ u_t`` under normal innovations.

        Parameters
        ----------
        exposures
            (R, n).
        """
        h, m, n = self.stacked.exposure.shape
        along = exposures @ self.system.impact[:, :n]  # (h, R, n)
        onto = (along @ self.shock_gain.reshape(h, n, m)).transpose(1, 0, 2)
        shared = (along @ self.stacked.exposure.transpose(0, 2, 1)).transpose(1, 0, 2)
        crossed = shared @ onto.transpose(0, 2, 1)
        spread = onto @ (self.stacked.cov + self.value_cov)
        cov: Floats = spread @ onto.transpose(0, 2, 1) - crossed - crossed.transpose(0, 2, 1)
        months = np.arange(h)
        cov[:, months, months] += (along**2).sum(axis=2).T
        return cov


def condition(
    system: System,
    rows: tuple[Row, ...],
    drivers: tuple[str, ...] = (),
    place: Place | None = None,
    *,
    intervened: bool = False,
) -> Conditional:
    """Condition a system on a scenario's rows.

    Parameters
    ----------
    system
        The unconditional recursion.
    rows
        What is known of the path.
    drivers, place
        Structural shocks that must deliver the rows, and where they were named; all shocks if empty.
    intervened
        Whether interventions act, after each of which named shocks must deliver what is still due.

    Raises
    ------
    InputError
        If rows contradict each other or say the same thing twice, a range has no mass, or the drivers
        cannot deliver the rows.
    """
    table = tabulate_rows(rows, system.start.size)
    stacked = stack_rows(system, table.weights, table.constants, table.months, table.firsts, table.news)
    table, stacked = set_ties_apart(table, stacked)
    refuse_clashes(table, stacked)
    targets = find_targets(table, stacked)
    refuse_empty_ranges(table, stacked, targets)
    response, basis = stacked.exposure, None
    if drivers and rows:
        basis = driver_basis(system.model, drivers, _imposed(system.model, table))
        refuse_undeliverable(table, stacked.exposure @ basis, drivers, place, anew=intervened)
        response = stacked.exposure @ basis @ basis.T
    entropy = np.inf if table.of_kind("hard") else targets.entropy + _measured_entropy(table, stacked)
    card = _judge(table, stacked, targets, response, entropy)
    return Conditional(system, table, stacked, targets, response, bool(drivers), card, basis)


def _imposed(model: Model, table: RowTable) -> list[str]:
    """Exogenous factors that rows speak of, by themselves or within a combination."""
    carried = sorted(exogenous_factors() & set(model.factors))
    return [name for name in carried if table.weights[:, model.factor(name)].any()]


def _judge(table: RowTable, stacked: StackedRows, targets: TargetLaw, response: Floats, entropy: float) -> Plausibility:
    """Judge the values; ranges by their probability given them, and by what they take to be met on average."""
    ranges = table.of_kind("range")
    valued = sorted(set(range(len(table.rows))) - set(ranges), key=lambda i: table.rows[i].month)
    return judge_plausibility(
        _centres(table, targets) - stacked.mean,
        stacked.cov + np.diag(table.noise),
        stacked.exposure,
        response,
        table.months,
        sorted({table.rows[i].name: i for i in valued}.values()),
        entropy,
        [i for i, row in enumerate(table.rows) if row.name in exogenous_factors()],
        ranges,
        None if targets.ranges is None else targets.ranges.probability,
    )


def log_normal(gap: Floats, cov: Floats) -> float:
    """Log density of N(0, cov) at a point, without its power of two pi; 0 for no dimensions."""
    return float(-0.5 * (gap @ np.linalg.solve(cov, gap) + np.linalg.slogdet(cov)[1])) if gap.size else 0.0


def _centres(table: RowTable, targets: TargetLaw) -> Floats:
    centres = table.values.copy()
    centres[list(targets.free)] = targets.centre
    return centres


def _measured_entropy(table: RowTable, stacked: StackedRows) -> float:
    """Relative entropy of the posterior from the prior that measurement rows bring, in nats."""
    rows = table.of_kind("measurement")
    if not rows:
        return 0.0
    cov, noise = stacked.cov[np.ix_(rows, rows)], table.noise[rows]
    gap = table.values[rows] - stacked.mean[rows]
    gain = np.linalg.solve(cov + np.diag(noise), cov).T
    left = cov - gain @ cov
    shift = gain @ gap
    ratio = np.linalg.solve(cov, left)
    return float(
        0.5 * (np.trace(ratio) - len(rows) + shift @ np.linalg.solve(cov, shift) - np.linalg.slogdet(ratio)[1])
    )
