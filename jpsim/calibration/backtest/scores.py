"""Scores of forecasts, kept origin by origin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jpsim.calibration.backtest.forecasts import Forecast
from jpsim.months import Month

__all__ = ["BANDS", "BOUNDS", "HORIZONS", "MEASURES", "TAIL", "Scores", "quantile_weighted", "score", "variogram"]

Floats = npt.NDArray[np.float64]

HORIZONS = (1, 3, 6, 12)
BOUNDS = (0.05, 0.10, 0.25, 0.75, 0.90, 0.95)
BANDS = {"50%": (2, 3), "80%": (1, 4), "90%": (0, 5)}
"""Central bands and the positions of their ends in `BOUNDS`."""
MEASURES = ("mean", "crps", "tail_crps", "log_score", "pit")
TAIL = 0.05  # value at risk and expected shortfall
_LEVELS: Floats = (np.arange(100, dtype=np.float64) + 0.5) / 100.0
_TAIL_LEVELS: Floats = (np.arange(20, dtype=np.float64) + 0.5) / 20.0 * TAIL
ENERGY_DRAWS = 300


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of F forecasters at O origins, over H horizons, for k series; NaN where something is missing.

    Parameters
    ----------
    mode
        ``unconditional`` or ``conditional``: whether the factors' realised paths are given.
    forecasters
        The model first, then the benchmarks.
    origins, series
        Months, and ids.
    outcome
        (H, O, k) log returns that came.
    measures
        Name in `MEASURES` to (F, H, O, k).
    bounds
        (F, H, O, k, 6) quantiles at `BOUNDS`.
    tail
        (F, O, k, 20) quantiles of the lower tail one month ahead, the tail cut into twenty equal parts.
    energy, variogram
        (F, H, O) energy and variogram scores of the vector of the 17 sectors.
    """

    mode: str
    forecasters: tuple[str, ...]
    origins: tuple[Month, ...]
    series: tuple[str, ...]
    outcome: Floats
    measures: dict[str, Floats]
    bounds: Floats
    tail: Floats
    energy: Floats
    variogram: Floats

    @classmethod
    def blank(
        cls, mode: str, forecasters: tuple[str, ...], origins: tuple[Month, ...], series: tuple[str, ...]
    ) -> Scores:
        """Nothing scored yet."""
        shape = len(forecasters), len(HORIZONS), len(origins), len(series)
        return cls(
            mode=mode,
            forecasters=forecasters,
            origins=origins,
            series=series,
            outcome=np.full(shape[1:], np.nan),
            measures={name: np.full(shape, np.nan) for name in MEASURES},
            bounds=np.full((*shape, len(BOUNDS)), np.nan),
            tail=np.full((shape[0], *shape[2:], len(_TAIL_LEVELS)), np.nan),
            energy=np.full(shape[:3], np.nan),
            variogram=np.full(shape[:3], np.nan),
        )

    def enter(
        self, forecaster: int, horizon: int, origin: int, forecast: Forecast, vector: slice, noise: Floats
    ) -> None:
        """Score one forecast; arguments are positions, `vector` selects the series that are scored together."""
        place, y = (forecaster, horizon, origin), self.outcome[horizon, origin]
        for name, values in score(forecast, y).items():
            self.measures[name][place] = values
        self.bounds[place] = forecast.quantiles(np.array(BOUNDS)).T
        if HORIZONS[horizon] == 1:
            self.tail[forecaster, origin] = forecast.quantiles(_TAIL_LEVELS).T
        draws = forecast.draws(noise)[:, vector]
        self.energy[place] = _energy(draws, y[vector])
        self.variogram[place] = variogram(draws, y[vector])


def score(forecast: Forecast, y: Floats) -> dict[str, Floats]:
    """Every measure of one forecast at what came (k,)."""
    return {
        "mean": forecast.mean,
        "crps": forecast.crps(y),
        "tail_crps": quantile_weighted(forecast.quantiles(_LEVELS), y),
        "log_score": forecast.log_score(y),
        "pit": forecast.pit(y),
    }


def quantile_weighted(quantiles: Floats, y: Floats) -> Floats:
    """CRPS with weight ``(1 - level)^2`` on the quantile scores, so that the left tail counts most, (k,).

    Parameters
    ----------
    quantiles
        (100, k) quantiles at the middles of a hundred equal parts.
    y
        (k,) outcomes.

    References
    ----------
    Gneiting and Ranjan (2011), doi:10.1198/jbes.2010.08110.
    """
    levels = _LEVELS[:, None]
    losses = ((y < quantiles) - levels) * (quantiles - y)
    return np.asarray(2.0 * ((1.0 - levels) ** 2 * losses).mean(axis=0))


def variogram(draws: Floats, y: Floats) -> float:
    """Variogram score of order one half of (m, k) draws at what came (k,); NaN if a part of it is missing.

    It sees correlations where the energy score hardly does.

    References
    ----------
    Scheuerer and Hamill (2015), doi:10.1175/MWR-D-14-00269.1.
    """
    gaps = np.sqrt(np.abs(draws[:, :, None] - draws[:, None, :])).mean(axis=0)
    return float(((gaps - np.sqrt(np.abs(y[:, None] - y[None, :]))) ** 2).sum())


def _energy(draws: Floats, y: Floats) -> float:
    """Energy score of a vector; NaN if a part of it is missing."""
    from scoringrules import es_ensemble

    if not (np.isfinite(y).all() and np.isfinite(draws).all()):
        return float("nan")
    return float(es_ensemble(y, np.ascontiguousarray(draws[:ENERGY_DRAWS])))
