"""The scores of a backtest as tables: a row for every forecast."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from jpsim.calibration.backtest import BOUNDS, HORIZONS, MEASURES, Backtest, Scores

__all__ = ["energy_table", "score_table"]


def score_table(found: Backtest) -> pa.Table:
    """Tabulate every forecast that was scored.

    Columns ``mode, forecaster, horizon, origin, series, outcome`` (log return), the measures, and the quantiles
    ``q05`` to ``q95``; forecasts without outcome are left out.
    """
    return pa.concat_tables([_scores(scores) for scores in found.scores.values()])


def energy_table(found: Backtest) -> pa.Table:
    """Tabulate the joint scores of the 17 sectors: ``mode, forecaster, horizon, origin, energy, variogram``."""
    parts = []
    for scores in found.scores.values():
        places = np.argwhere(np.isfinite(scores.energy))
        columns = _places(scores, places)
        joint = {name: getattr(scores, name)[tuple(places.T)] for name in ("energy", "variogram")}
        parts.append(pa.table({**columns, **joint}))
    return pa.concat_tables(parts)


def _scores(scores: Scores) -> pa.Table:
    crps = scores.measures["crps"]
    places = np.argwhere(np.isfinite(crps))
    at = tuple(places.T)
    outcome = np.broadcast_to(scores.outcome, crps.shape)
    columns = _places(scores, places)
    columns["series"] = _named(scores.series, places[:, 3])
    columns["outcome"] = outcome[at]
    columns |= {name: scores.measures[name][at] for name in MEASURES}
    columns |= {f"q{round(100 * level):02d}": scores.bounds[(*at, i)] for i, level in enumerate(BOUNDS)}
    return pa.table(columns)


def _places(scores: Scores, places: Any) -> dict[str, Any]:
    return {
        "mode": pa.array([scores.mode] * len(places), pa.string()),
        "forecaster": _named(scores.forecasters, places[:, 0]),
        "horizon": pa.array(np.array(HORIZONS, dtype=np.int32)[places[:, 1]]),
        "origin": _named(tuple(str(month) for month in scores.origins), places[:, 2]),
    }


def _named(names: tuple[str, ...], positions: Any) -> Any:
    return pa.array(np.array(names, dtype=object)[positions], pa.string())
