"""What a book may be hedged with."""

from __future__ import annotations

from collections.abc import Sequence

from jpsim.analysis.books.derivatives import hedging_series
from jpsim.errors import InputError, Problem
from jpsim.model import Model
from jpsim.runs.outcomes import position

__all__ = ["list_instruments"]

_MOST = 90


def list_instruments(model: Model, among: Sequence[str]) -> list[str]:
    """List the series of a model that may be sold or bought as hedges.

    Parameters
    ----------
    model
        The model.
    among
        Series, or kinds of them; those with listed futures if empty.

    Raises
    ------
    InputError
        If the model has no such series, or they are too many.
    """
    kinds = dict(zip(model.outputs, model.output_kinds, strict=True))
    equities = [name for name in model.outputs if kinds[name] != "factor"]
    if not among:
        return [name for name in hedging_series() if name in equities]
    for name in among:
        if name not in kinds.values() or name == "factor":
            position(tuple(equities), name)
    found = [name for name in equities if name in among or kinds[name] in among]
    if len(found) > _MOST:
        raise InputError(Problem(f"hedges among {len(found)} series", allowed=f"at most {_MOST}"))
    return found
