"""Pictures of comparisons in matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jpsim.runs.plots import pyplot, title_of

if TYPE_CHECKING:
    from jpsim.analysis.contrasts import Contrast

__all__ = ["plot_contrast"]

_MOST = 20


def plot_contrast(contrast: Contrast, measure: str = "mean", ax: Any = None) -> Any:
    """Draw the equity series that move most: one difference with its interval; returns the Axes."""
    equities = [entry for entry in contrast.series if entry.kind != "factor"][:_MOST] or list(contrast.series[:_MOST])
    scale = 100.0 if equities[0].kind != "factor" else 1.0
    rows = sorted(equities, key=lambda entry: entry.differences[measure].value)
    if ax is None:
        ax = pyplot().subplots(figsize=(7.0, 1.2 + 0.28 * len(rows)), layout="constrained")[1]
    found = [entry.differences[measure] for entry in rows]
    value = scale * np.array([one.value for one in found])
    ends = scale * np.array([[one.low for one in found], [one.high for one in found]])
    colours = ["#8fbadd" if one >= 0 else "#eea65a" for one in value]
    places = np.arange(len(rows))
    ax.barh(places, value, color=colours, edgecolor="#06365f", lw=0.6)
    ax.hlines(places, ends[0], ends[1], color="#1b2430", lw=1.5)
    ax.axvline(0.0, color="#5a6675", lw=0.8)
    ax.set_yticks(places, [title_of(entry.output) for entry in rows], fontsize="small")
    unit = ", pp" if scale == 100.0 else ""
    ax.set_title(
        f"{contrast.scenario}: difference of {measure}, {contrast.month}m{unit}", fontsize="medium", loc="left"
    )
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    return ax
