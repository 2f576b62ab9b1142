"""The scores of a backtest as tables: a row for every forecast."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from jpsim.calibration.backtest import BOUNDS, HORIZONS, MEASURES, Backtest, Scores

__all__ = ["energy_table", "score_table", "tail_table"]


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


def tail_table(found: Backtest) -> pa.Table:
    """Tabulate the lower tails that expected shortfall is tested with, one month ahead.

    Columns ``mode, forecaster, horizon, origin, series``, then ``t01`` to ``t20``: quantiles of the forecast at the
    levels ``(j - 1/2) / 20`` of the tail's probability.
    """
    parts = []
    for scores in found.scores.values():
        places = np.argwhere(np.isfinite(scores.tail[..., 0]))
        first = np.insert(places, 1, HORIZONS.index(1), axis=1)
        columns = _places(scores, first) | {"series": _named(scores.series, places[:, 2])}
        tails = scores.tail[tuple(places.T)]
        parts.append(pa.table(columns | {f"t{j:02d}": column for j, column in enumerate(tails.T, start=1)}))
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
