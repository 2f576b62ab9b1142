"""Numbers stated for a few series, carried to all of a model's base series so that aggregates stay coherent."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from jpsim.dictionary import series
from jpsim.model import Model

__all__ = ["spread_over_series"]

Floats = npt.NDArray[np.float64]


def spread_over_series(model: Model, stated: Mapping[str, float]) -> Floats:
    """Spread stated numbers over the base series through the model's own mix.

    A sector of the 33 gets what stands for ``topix``, for its sector of the 17 and for itself; sizes,
    segments and the Nikkei 225 get what TOPIX gets, themes what their sectors get, and their own number
    on top. Sizes are centred, so that their weighted sum stays TOPIX.

    Parameters
    ----------
    model
        The model.
    stated
        Numbers by series.

    Returns
    -------
    (S,) numbers in the unit of `stated`.
    """
    own = np.zeros(len(model.series))
    for name, number in stated.items():
        for position in _reach(model, name):
            own[position] += number
    spread: Floats = model.mix @ own
    return spread


def _reach(model: Model, name: str) -> list[int]:
    """Positions of the base series that a name stands for; none if the model lacks it."""
    if name in model.series:
        return [model.series.index(name)]
    sectors = [i for i, kind in enumerate(model.kind) if kind == "sector33"]
    if name == "topix":
        return sectors
    return [i for i in sectors if series()[model.series[i]].parent == name]
