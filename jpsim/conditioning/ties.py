"""Ranges that follow from other rows, as the last month of an average does from the months before it.

Requirements that follow from others have no covariance that could be inverted. Such ranges leave the rows that paths
are steered to, and stay among the bounds that the drawn values of the other ranges must meet.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from jpsim.conditioning.feasibility import find_ties
from jpsim.conditioning.rows import RowTable, Ties, drawing_order
from jpsim.conditioning.stacked import StackedRows

__all__ = ["set_ties_apart"]


def set_ties_apart(table: RowTable, stacked: StackedRows) -> tuple[RowTable, StackedRows]:
    """Return the rows without the ranges that follow from others, which become the table's ties.

    Of ranges that are tied the ones that would be drawn last are set apart. Measurements tie nothing: the values that
    they are about are not known.
    """
    known = [i for i, row in enumerate(table.rows) if row.kind not in ("range", "measurement")]
    found = find_ties(stacked.flat, known, drawing_order(table)) if table.of_kind("range") else {}
    if not found:
        return table, stacked
    kept = np.array([i for i in range(len(table.rows)) if i not in found])
    weights = np.array(list(found.values()))
    constants = stacked.mean[list(found)] - weights @ stacked.mean
    ties = Ties(tuple(table.rows[i] for i in found), weights[:, kept], constants)
    return replace(table.part(kept), ties=ties), StackedRows(stacked.mean[kept], stacked.exposure[:, kept])
