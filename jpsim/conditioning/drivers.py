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
from jpsim.conditioning.rows import RowTable, cite
from jpsim.dictionary import factors
from jpsim.errors import InputError, Place, Problem
from jpsim.model import Model

__all__ = ["driver_basis", "exogenous_factors", "refuse_undeliverable"]

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
    directions = np.linalg.solve(model.root, columns)
    if POLICY_RATE in model.factors:
        directions = np.column_stack([directions, _rounding(model)])
    for name in sorted(imposed):
        surprise = model.Sigma[:, model.factor(name)]
        directions = np.column_stack([directions, np.linalg.solve(model.root, surprise)])
    basis, _ = np.linalg.qr(directions)
    return np.asarray(basis, dtype=np.float64)


def refuse_undeliverable(
    table: RowTable, delivered: Floats, drivers: tuple[str, ...], place: Place | None, *, anew: bool = False
) -> None:
    """Refuse conditions that the named shocks cannot carry.

    Parameters
    ----------
    table
        The rows.
    delivered
        (h, m, k) exposures of the rows to the named shocks of each month.
    drivers, place
        Their names, and where they were written.
    anew
        Whether interventions, which nobody foresees, act: then what is due after any month must be within reach of
        the shocks of later months alone.

    Raises
    ------
    InputError
        If more rows must be delivered up to a date than the drivers have shocks, or the shocks do not
        reach a row.
    """
    imposed = exogenous_factors()
    must = [i for i, row in enumerate(table.rows) if row.kind != "measurement" and row.name not in imposed]
    _refuse_too_many(table, must, drivers, place)
    named = ", ".join(drivers)
    for month in range(delivered.shape[0] if anew else 1):
        due = [i for i in must if table.rows[i].month > month]
        lost = _lost(delivered[month:, due])
        if not lost:
            continue
        listed = cite([table.rows[due[i]] for i in lost])
        found = f"the drivers [{named}] cannot deliver these conditions independently of each other: {listed}"
        fix = "name more drivers, or state fewer dates"
        if month:
            found = f"after an intervention in month {month} the drivers [{named}] could not deliver {listed}"
            fix = "name more drivers, state fewer dates, or state USD/JPY"
        raise InputError(Problem(found, place, fix=fix))


def _refuse_too_many(table: RowTable, must: list[int], drivers: tuple[str, ...], place: Place | None) -> None:
    """Refuse more rows up to a date than the drivers have shocks by then."""
    for month in sorted({table.rows[i].month for i in must}):
        due = [i for i in must if table.rows[i].month <= month]
        shocks = month * len(drivers)
        if len(due) > shocks:
            listed = cite([table.rows[i] for i in due])
            found = f"{len(due)} conditions up to month {month} must be delivered, but the drivers "
            found += f"[{', '.join(drivers)}] have only {shocks} shock{'s' if shocks > 1 else ''} by then: {listed}"
            fix = "name more drivers, state fewer dates, or give some conditions an sd (kind: measurement)"
            raise InputError(Problem(found, place, fix=fix))


def _lost(delivered: Floats) -> list[int]:
    """Rows out of reach of shocks to which they have (h, m, k) exposures; all if they are not within reach together."""
    rows = delivered.shape[1]
    if not rows:
        return []
    flat = delivered.transpose(1, 0, 2).reshape(rows, -1)
    size = np.linalg.norm(flat, axis=1)
    if (weak := np.flatnonzero(size < 1e-12)).size:
        return weak.tolist()
    values = np.linalg.svd(flat / size[:, None], compute_uv=False)
    return list(range(rows)) if rows > flat.shape[1] or values[-1] < _SINGULAR * values[0] else []


def _rounding(model: Model) -> Floats:
    """Direction of the policy rate's own noise among the orthogonal shocks."""
    own = np.zeros(len(model.factors))
    own[model.factor(POLICY_RATE)] = 1.0
    direction = np.linalg.solve(model.root, own)
    return np.asarray(direction / np.linalg.norm(direction), dtype=np.float64)
