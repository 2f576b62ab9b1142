"""What of a run is exported: scenarios, equity series and a month, checked against the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jpsim.errors import InputError
from jpsim.runs import Run

__all__ = ["Selection", "select_outputs"]


@dataclass(frozen=True, slots=True)
class Selection:
    """Part of a run.

    Parameters
    ----------
    scenarios
        Ids of scenarios.
    factors, series
        Ids of factors and of equity series, in the order of the run.
    month
        Month, counted from `as_of`, at which formats of one date look.
    """

    scenarios: tuple[str, ...]
    factors: tuple[str, ...]
    series: tuple[str, ...]
    month: int

    @property
    def outputs(self) -> tuple[str, ...]:
        """All ids."""
        return self.factors + self.series


def select_outputs(
    run: Run, scenarios: Sequence[str] = (), series: Sequence[str] = (), at: int | str | None = None
) -> Selection:
    """Choose part of a run; all factors always belong to it.

    Parameters
    ----------
    run
        The run.
    scenarios
        Ids; all if empty.
    series
        Ids of equity series or their kinds, such as ``sector17``; all if empty.
    at
        Month as ``6``, ``"6m"`` or ``"2026-07"``; the horizon if None.

    Raises
    ------
    InputError
        Naming what the run does not hold, with the nearest spelling.
    """
    kept = tuple(name for name in run.scenarios if name in scenarios or not scenarios)
    for name in (name for name in scenarios if name not in run.scenarios):
        run[name]  # raises, with the nearest spelling
    pairs = zip(run.outputs, run.kinds, strict=True)
    equities = [(output, kind) for output, kind in pairs if kind not in ("factor", "portfolio")]
    kinds = {kind for _, kind in equities}
    for name in (name for name in series if name not in kinds):
        run[kept[0]][name]
    chosen = tuple(output for output, kind in equities if not series or output in series or kind in series)
    if not chosen:
        raise InputError("--series names no equity series of the run")
    anywhere = run[kept[0]][chosen[0]]
    month = anywhere.at(run.horizon if at is None else at).month
    return Selection(kept, run.of_kind("factor"), chosen, month)
