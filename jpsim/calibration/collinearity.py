"""Factors that say the same thing twice: a VAR of them has no unique estimate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from jpsim.errors import InputError, Place, Problem

__all__ = ["check_independent"]

Floats = npt.NDArray[np.float64]

_SMALLEST = 1e-7
"""Share of the largest singular value below which a combination of factors does not move."""
_INVOLVED = 0.05


def check_independent(y: Floats, names: Sequence[str], source: str) -> None:
    """Refuse observations of which one is a linear combination of others.

    Parameters
    ----------
    y
        (T, n) observations; months with an unknown cell are left out.
    names
        Ids of the n columns.
    source
        Path of the panel, for the message.

    Raises
    ------
    InputError
        It names the factors of each combination that never moves.
    """
    known = y[np.isfinite(y).all(axis=1)]
    if len(known) <= y.shape[1]:
        return  # too few whole months to tell
    scaled = (known - known.mean(axis=0)) / known.std(axis=0)
    _, sizes, directions = np.linalg.svd(scaled, full_matrices=False)
    problems = []
    for direction in directions[sizes < _SMALLEST * sizes[0]]:
        weights = direction / np.abs(direction).max()
        involved = [name for name, weight in zip(names, weights, strict=True) if abs(weight) > _INVOLVED]
        found = f"a linear combination of {', '.join(involved)} never moves"
        problems.append(Problem(found, Place(source), fix="leave one of their columns as it was published"))
    if problems:
        raise InputError(problems)
