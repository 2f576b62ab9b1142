"""Structural stories: which shocks must deliver the conditions.

A structural shock moves the factors' innovations by its column of the model's impacts. If drivers are
named, only the shocks along their columns are steered, and all others keep their unconditional law
(Antolín-Díaz, Petrella and Rubio-Ramírez 2021, doi:10.1016/j.jmoneco.2020.06.001).
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.meetings import POLICY_RATE
from jpsim.conditioning.rows import RowTable
from jpsim.dictionary import factors
from jpsim.errors import InputError, Place, Problem
from jpsim.model import Model

__all__ = ["driver_basis", "exogenous_factors", "refuse_undeliverable", "refuse_undeliverable_anew"]

Floats = npt.NDArray[np.float64]

_SINGULAR = 1e-8


def exogenous_factors() -> set[str]:
    """Ids of the factors that scenarios impose and no other shock delivers."""
    return {name for name, entry in factors().items() if entry.exogenous}


def driver_basis(model: Model, drivers: tuple[str, ...], imposed: Collection[str] = ()) -> Floats:
    """Return the (n, k) orthonormal directions of the named shocks among the orthogonal shocks z.

    The rounding of the policy rate to its steps is noise, not a story: its direction is always among
    them, so that a story delivers the expected policy rate and not the last few basis points.

    Parameters
    ----------
    model
        The model.
    drivers
        Names of structural shocks.
    imposed
        Exogenous factors that conditions speak of: their surprises deliver them, whatever the drivers are. Those
        of which nothing is said keep their law like any other shock.
    """
    columns = model.impacts[:, [model.shocks.index(name) for name in drivers]]
    directions = np.linalg.solve(np.linalg.cholesky(model.Sigma), columns)
    if POLICY_RATE in model.factors:
        directions = np.column_stack([directions, _rounding(model)])
    for name in sorted(imposed):
        surprise = model.Sigma[:, model.factor(name)]
        directions = np.column_stack([directions, np.linalg.solve(np.linalg.cholesky(model.Sigma), surprise)])
    basis, _ = np.linalg.qr(directions)
    return np.asarray(basis, dtype=np.float64)


def refuse_undeliverable(table: RowTable, delivered: Floats, drivers: tuple[str, ...], place: Place | None) -> None:
    """Refuse conditions that the named shocks cannot carry.

    Parameters
    ----------
    table
        The rows.
    delivered
        (h, m, k) exposures of the rows to the named shocks of each month.
    drivers, place
        Their names, and where they were written.

    Raises
    ------
    InputError
        If more rows must be delivered up to a date than the drivers have shocks, or the shocks do not
        reach a row.
    """
    named = ", ".join(drivers)
    imposed = exogenous_factors()
    must = [i for i, row in enumerate(table.rows) if row.kind != "measurement" and row.name not in imposed]
    for month in sorted({table.rows[i].month for i in must}):
        due = [i for i in must if table.rows[i].month <= month]
        shocks = month * len(drivers)
        if len(due) > shocks:
            listed = "; ".join(table.rows[i].text for i in due)
            raise InputError(
                Problem(
                    f"{len(due)} conditions up to month {month} must be delivered, but the drivers [{named}] have only "
                    f"{shocks} shocks by then: {listed}",
                    place,
                    fix="name more drivers, state fewer dates, or give some conditions an sd (kind: measurement)",
                )
            )
    flat = delivered.transpose(1, 0, 2).reshape(delivered.shape[1], -1)
    size = np.linalg.norm(flat, axis=1)
    weak = [table.rows[i] for i in must if size[i] < 1e-12]
    values = np.linalg.svd(flat[must] / np.maximum(size[must, None], 1e-300), compute_uv=False) if must else np.ones(1)
    if weak or values[-1] < _SINGULAR * values[0]:
        listed = "; ".join(row.text for row in weak or [table.rows[i] for i in must])
        found = f"the drivers [{named}] cannot deliver these conditions independently of each other: {listed}"
        raise InputError(Problem(found, place, fix="name more drivers, or state fewer dates"))


def refuse_undeliverable_anew(table: RowTable, response: Floats, drivers: tuple[str, ...], place: Place | None) -> None:
    """Refuse conditions that the named shocks cannot carry after an intervention that nobody foresaw.

    Parameters
    ----------
    table
        The rows.
    response
        (h, m, n) exposures of the rows along the named shocks of each month.
    drivers, place
        Their names, and where they were written.

    Raises
    ------
    InputError
        If some month leaves the named shocks of later months too few for the rows that are due in these.
    """
    for month in range(1, response.shape[0]):
        left = [i for i, row in enumerate(table.rows) if row.month > month and row.kind != "measurement"]
        if not left:
            return
        flat = response[month:, left].transpose(1, 0, 2).reshape(len(left), -1)
        size = np.linalg.norm(flat, axis=1)
        values = np.linalg.svd(flat / np.maximum(size[:, None], 1e-300), compute_uv=False)
        if size.min() < 1e-12 or len(left) > flat.shape[1] or values[-1] < _SINGULAR * values[0]:
            listed = "; ".join(table.rows[i].text for i in left)
            found = (
                f"after an intervention in month {month} the drivers [{', '.join(drivers)}] could not deliver {listed}"
            )
            raise InputError(Problem(found, place, fix="name more drivers, state fewer dates, or state USD/JPY"))


def _rounding(model: Model) -> Floats:
    """Direction of the policy rate's own noise among the orthogonal shocks."""
    own = np.zeros(len(model.factors))
    own[model.factor(POLICY_RATE)] = 1.0
    direction: Floats = np.linalg.solve(np.linalg.cholesky(model.Sigma), own)
    return direction / np.linalg.norm(direction)
