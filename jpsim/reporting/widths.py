"""Where the width of the bands comes from, as a table of the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from jpsim.reporting.labels import Label, label_of
from jpsim.reporting.story import resolved_run
from jpsim.runs import Run
from jpsim.runs.arrow import rows_of, values_of

__all__ = ["Widths", "band_widths", "uncertain_words"]

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
        Label, and for each source its share of the variance; of ``monte_carlo``, of the standard deviation.
    """

    sources: tuple[str, ...]
    rows: tuple[tuple[Label, tuple[float, ...]], ...]

    @property
    def texts(self) -> tuple[tuple[Label, tuple[str, ...]], ...]:
        """Rows in percent."""
        digits = [2 if source == _BESIDE else 1 for source in self.sources]
        return tuple(
            (label, tuple(f"{100 * share:.{digit}f}" for share, digit in zip(shares, digits, strict=True)))
            for label, shares in self.rows
        )


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
    rows = ((name, tuple(_share(shares[name][source], source) for source in sources)) for name in names)
    return Widths(tuple(sources), tuple((label_of(name, kinds[name]), cells) for name, cells in rows))


def uncertain_words(run: Run) -> tuple[str, ...]:
    """Words of the sentences that say what a run's errors and bands cover."""
    drawn = bool(resolved_run(run).get("parameter_uncertainty"))
    paired = ("uncertain_paired",) if len(run.scenarios) > 1 else ()
    return ("uncertain_error", *paired, "uncertain_drawn" if drawn else "uncertain_fixed", "uncertain_limits")


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


def _share(share: float, source: str) -> float:
    """Share of the variance; of the standard deviation for the Monte Carlo error."""
    return float(share**0.5) if source == _BESIDE else float(share)
