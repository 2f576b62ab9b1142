"""Paths that comply with what is said of maxima and minima where an average over the same months is stated.

The months of such a window follow from each other, so that their values cannot be drawn one by one; paths are drawn
without the window there, and those that leave it weigh nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.rows import Row
from jpsim.conditioning.scenario_law import ScenarioLaw
from jpsim.errors import InputError, Problem

__all__ = ["log_compliance", "window_factors"]

Floats = npt.NDArray[np.float64]


def window_factors(law: ScenarioLaw, rows: tuple[Row, ...]) -> list[str]:
    """Factors of which windows speak."""
    combinations = law.scenario.combinations
    return sorted({factor for row in rows for factor in combinations.get(row.name, {row.name: 1.0})})


def log_compliance(law: ScenarioLaw, rows: tuple[Row, ...], levels: Mapping[str, Floats]) -> Floats:
    """Return 0 for the paths that comply with the windows, and minus infinity for the others.

    Parameters
    ----------
    law
        Whose rows they are.
    rows
        The windows' rows.
    levels
        (h, count) reported levels of each factor of `window_factors`.

    Raises
    ------
    InputError
        If no path complies.
    """
    count = next(iter(levels.values())).shape[1]
    inside = np.ones(count, dtype=bool)
    reached: dict[str, npt.NDArray[np.bool_]] = {}
    for row in rows:
        value = _value(law, row, levels)
        inside &= (value >= row.low) & (value <= row.high)
        if row.touch is not None:
            hit = (value >= row.touch.low) & (value <= row.touch.high)
            reached[row.touch.window] = reached.get(row.touch.window, np.zeros(count, dtype=bool)) | hit
    for hit in reached.values():
        inside &= hit
    if not inside.any():
        problem = Problem(
            f"{law.scenario.id}: none of {count:,} paths complies with {rows[0].text}",
            rows[0].place,
            fix="move the bounds closer to the model, draw more paths, or state the average as a level",
        )
        raise InputError(problem)
    return np.where(inside, 0.0, -np.inf)


def _value(law: ScenarioLaw, row: Row, levels: Mapping[str, Floats]) -> Floats:
    """(count,) values of a row in model units."""
    model = law.conditional.system.model
    total = np.zeros(next(iter(levels.values())).shape[1])
    for factor, weight in law.scenario.combinations.get(row.name, {row.name: 1.0}).items():
        level = levels[factor][row.month - 1]
        logarithmic = model.transform[model.factor(factor)] == "log100"
        total += weight * (100.0 * np.log(level) if logarithmic else level)
    return total
