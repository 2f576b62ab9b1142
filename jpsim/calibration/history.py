"""What the factors did in the estimation sample: against it a scenario's extrapolation is measured."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["YEAR", "historical_ranges"]

Floats = npt.NDArray[np.float64]

YEAR = 12
"""Months over which the changes of factors without a stable level are taken."""


def historical_ranges(
    levels: Floats, names: Sequence[str], logarithmic: Sequence[bool], summed: Sequence[bool]
) -> dict[str, dict[str, float]]:
    """Describe the range of each factor in the sample.

    Parameters
    ----------
    levels
        (T, n) reported levels; NaN where not known.
    names, logarithmic, summed
        Ids, whether model units are logarithms, and whether the factor enters in differences.

    Returns
    -------
    By factor ``low``, ``high`` and ``sd`` in model units: of its levels, or of its changes over a year where it
    enters in differences (an index has no range that it comes back to).
    """
    found = {}
    for name, column, log, differences in zip(names, levels.T, logarithmic, summed, strict=True):
        values = 100.0 * np.log(column) if log else column
        if differences:
            values = values[YEAR:] - values[:-YEAR]
        seen = values[np.isfinite(values)]
        found[name] = {"low": float(seen.min()), "high": float(seen.max()), "sd": float(seen.std())}
    return found
