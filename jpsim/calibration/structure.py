"""How the equity series hang together: sectors in TOPIX, sizes and segments beside it, themes as mixes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jpsim.calibration.panel import Panel
from jpsim.calibration.returns import TILTS, ids_of_kind
from jpsim.dictionary import series as series_entries
from jpsim.errors import InputError

__all__ = ["Structure", "build_structure"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Structure:
    """How the series hang together.

    Parameters
    ----------
    series, aggregates
        Ids of the S base series and of the G aggregates.
    mix
        (S, S) base series from raw series: sectors as they are; TOPIX plus tilt; sectors' mix plus tilt.
    aggregation
        (G, S) aggregates from base series.
    sector_weights
        (33,) weights in TOPIX.
    members
        (17, 33) weights of the 33 in the 17, rows summing to 1.
    """

    series: tuple[str, ...]
    aggregates: tuple[str, ...]
    mix: Floats
    aggregation: Floats
    sector_weights: Floats
    members: Floats

    @property
    def shares(self) -> Floats:
        """Weights of the 17 in TOPIX, (17,)."""
        return np.array([self.sector_weights[row > 0].sum() for row in self.members])


def build_structure(panel: Panel, themes: dict[str, Any]) -> Structure:
    """Collect weights and mixes; InputError if the weights file lacks a sector."""
    sectors, parents = ids_of_kind("sector33"), ids_of_kind("sector17")
    entries = series_entries()
    row = {name: index for index, name in enumerate(panel.sector_names)}
    unknown = [entries[name].name_ja for name in sectors if entries[name].name_ja not in row]
    if unknown:
        raise InputError(f"the weights file lacks sectors: {', '.join(unknown)}")
    cells = panel.sector_weights[[row[entries[name].name_ja] for name in sectors]]
    weights, sizes = cells.sum(axis=1), cells.sum(axis=0)
    members = np.array([[entries[name].parent == parent for name in sectors] for parent in parents]) * weights
    members /= members.sum(axis=1, keepdims=True)
    series = (*sectors, *TILTS[0], *TILTS[1], *themes)
    mix = np.eye(len(series))
    mix[33:41, :33] = weights
    mix[33:37, 33:37] -= sizes
    mix[41:, :33] = np.array([_theme_mix(theme["mix"], sectors) for theme in themes.values()]).reshape(-1, 33)
    aggregation = np.zeros((19, len(series)))
    aggregation[0, :33] = weights
    aggregation[1:18, :33] = members
    aggregation[18, 37:40] = [panel.segment_weights[name] for name in TILTS[1][:3]]
    return Structure(series, ("topix", *parents, "tse_all"), mix, aggregation, weights, members)


def _theme_mix(mix: dict[str, float], sectors: tuple[str, ...]) -> Floats:
    row = np.zeros(len(sectors))
    for name, share in mix.items():
        row[sectors.index(f"tse33_{name}")] = share
    return row
