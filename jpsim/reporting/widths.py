"""Where the width of the bands comes from, as a table of the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from jpsim.reporting.labels import Label, label_of
from jpsim.runs import Run
from jpsim.runs.arrow import rows_of, values_of

__all__ = ["Widths", "band_widths"]

_SERIES = ("topix", "banks", "electric_precision", "small", "growth", "usdjpy", "jgb_10y")
_BESIDE = "monte_carlo"
_TABLE = "uncertainty.parquet"


@dataclass(frozen=True, slots=True)
class Widths:
    """Shares of the variance of a few series at one month.

    Parameters
    ----------
    sources
        Sources with a share worth a line, and ``monte_carlo``.
    rows
        Label and the text of each source's share.
    """

    sources: tuple[str, ...]
    rows: tuple[tuple[Label, tuple[str, ...]], ...]


def band_widths(run: Run, scenario: str, month: int) -> Widths | None:
    """Lay out the split of one scenario at one month; None if the run keeps none or shocks are all there is."""
    shares = _by_scenario(run, month).get(scenario, {})
    names = [name for name in _SERIES if name in shares]
    if not names:
        return None
    largest = {source: max(shares[name][source] for name in names) for source in shares[names[0]]}
    sources = [source for source, share in largest.items() if source == _BESIDE or share > 0.0]
    if sources == ["shocks", _BESIDE]:
        return None
    kinds = dict(zip(run.outputs, run.kinds, strict=True))
    rows = ((name, tuple(_percent(shares[name][source], source) for source in sources)) for name in names)
    return Widths(tuple(sources), tuple((label_of(name, kinds[name]), cells) for name, cells in rows))


@lru_cache(maxsize=1)
def _by_scenario(run: Run, month: int) -> Mapping[str, Mapping[str, Mapping[str, float]]]:
    """Read the shares of the shown series once for all scenarios."""
    table = run.tables.get(_TABLE)
    if table is None:
        return {}
    last = rows_of(table, np.flatnonzero(values_of(table["month"]) == month))
    found: dict[str, dict[str, dict[str, float]]] = {}
    columns = (last[name] for name in ("scenario", "series", "source", "share"))
    for name, series, source, share in zip(*columns, strict=True):
        if series in _SERIES:
            found.setdefault(name, {}).setdefault(series, {})[source] = share
    return found


def _percent(share: float, source: str) -> str:
    """Percent of the variance; of the standard deviation for the Monte Carlo error."""
    return f"{100 * share**0.5:.2f}" if source == _BESIDE else f"{100 * share:.1f}"
