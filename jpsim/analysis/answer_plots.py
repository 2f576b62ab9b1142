"""Pictures of a reverse stress and of a goal seek in matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jpsim.dictionary import factors
from jpsim.runs.plots import draw_waterfall, pyplot, title_of

if TYPE_CHECKING:
    from jpsim.analysis.reverse_stress import ReverseStress
    from jpsim.analysis.scenario_goal import ScenarioGoal

__all__ = ["plot_goal", "plot_loss"]


def plot_loss(stress: ReverseStress, most: int = 8, ax: Any = None) -> Any:
    """Draw what makes the most plausible loss, driver by driver, as a waterfall; returns the Axes."""
    ax = draw_waterfall(stress.path.contributions, "return on the path", most, ax)
    told = (
        f"{title_of(stress.series)}, {stress.scenario}: the likeliest loss of {stress.loss:.0%} by {stress.month}m, pp"
    )
    ax.set_title(told, fontsize="medium", loc="left")
    return ax


def plot_goal(found: ScenarioGoal, ax: Any = None) -> Any:
    """Draw the statistic at every value of the knob that was tried, the target and the solution; returns the Axes."""
    if ax is None:
        ax = pyplot().subplots(figsize=(6.0, 3.6), layout="constrained")[1]
    scale = 1.0 if found.wish.series in factors() else 100.0
    tried = sorted(found.solution.tried.items())
    knob = np.array([value for value, _ in tried])
    reached, error = (scale * np.array([getattr(answer, name) for _, answer in tried]) for name in ("value", "error"))
    ax.errorbar(knob, reached, yerr=1.96 * error, fmt="o-", color="#06365f", ms=4, lw=1, capsize=2)
    ax.axhline(scale * found.target, color="#9a4a00", ls="--", lw=1)
    ax.axvline(found.solution.value, color="#9a4a00", ls=":", lw=1)
    ax.set_xlabel(f"{found.knob.key}, {found.knob.start.unit}", fontsize="small")
    unit = ", %" if scale == 100.0 else ""
    told = f"{found.wish.statistic} of {title_of(found.wish.series)}, {found.scenario}, {found.month}m{unit}"
    ax.set_title(told, fontsize="medium", loc="left")
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    return ax
