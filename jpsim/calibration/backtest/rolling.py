"""The backtest: at every origin everything is estimated anew on what was known, and what came is scored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from jpsim.calibration.backtest.benchmarks import (
    Garch,
    bootstrap,
    bootstrap_indices,
    correlation_root,
    fit_garch,
    fit_regression,
    random_walk,
)
from jpsim.calibration.backtest.candidate import Candidate, learn, realised_path
from jpsim.calibration.backtest.drawing import draw_returns
from jpsim.calibration.backtest.forecasts import Ensemble, Forecast
from jpsim.calibration.backtest.sample import HISTORY, Sample
from jpsim.calibration.backtest.scores import ENERGY_DRAWS, HORIZONS, Scores
from jpsim.calibration.volatility import Volatility
from jpsim.errors import InputError
from jpsim.months import Month

__all__ = ["CONDITIONAL_FROM", "FORECASTERS", "MODES", "UNCONDITIONAL_FROM", "Backtest", "roll"]

Floats = npt.NDArray[np.float64]

UNCONDITIONAL_FROM, CONDITIONAL_FROM = Month(2012, 12), Month(2015, 12)  # origins whose first scored month is January
MODES = ("unconditional", "conditional")
FORECASTERS = ("model", "regression", "random_walk", "garch_t", "bootstrap")
"""The model and its benchmarks; the last three know no path and are the same in both modes."""
_VECTOR = slice(1, 18)  # the 17 sectors among the scored series


@dataclass(frozen=True, eq=False)
class Backtest:
    """Scores of each mode.

    Parameters
    ----------
    specification, last
        What was estimated, in words, and the panel's last month.
    scores
        Mode to its scores.
    draws, seed
        Draws of each ensemble, and the seed of all randomness.
    """

    specification: str
    last: Month
    scores: dict[str, Scores]
    draws: int
    seed: int


def roll(
    sample: Sample,
    origins: Sequence[Month],
    modes: Sequence[str],
    *,
    draws: int = 1000,
    seed: int = 20260130,
    on_origin: Callable[[int, int], None] | None = None,
) -> Backtest:
    """Score the model and its benchmarks.

    Parameters
    ----------
    sample
        The panel, checked.
    origins
        Months at whose end forecasts are made, in order.
    modes
        Names in `MODES`; a conditional forecast is made from `CONDITIONAL_FROM` on.
    draws, seed
        Draws of each ensemble, and the seed of all randomness.
    on_origin
        Called with (done, total) after each origin.

    Raises
    ------
    InputError
        There is no origin with a month after it.
    """
    usable = [origin for origin in origins if origin < sample.last]
    kept = {mode: tuple(month for month in usable if month >= _first_origin(mode)) for mode in modes}
    kept = {mode: months for mode, months in kept.items() if months}
    if not kept:
        raise InputError(
            f"there is no origin from {_first_origin(modes[0])} to {sample.last + -1} among those asked for"
        )
    scores = {mode: Scores.blank(mode, FORECASTERS, months, sample.series) for mode, months in kept.items()}
    every = sorted({month for months in kept.values() for month in months})
    indices, yearly = bootstrap_indices(draws, max(HORIZONS), seed), dict[int, _Yearly]()
    for done, origin in enumerate(every, start=1):
        observed = sample.observed[: sample.row(origin) + 1]
        slow = yearly.get((origin + 1).year)
        candidate = learn(sample, origin, slow.volatility if slow else None)
        slow = yearly.setdefault((origin + 1).year, slow or _Yearly(candidate.volatility, fit_garch(observed)))
        rng = np.random.Generator(np.random.Philox([seed, origin.ordinal]))
        shared = _pathless(observed, slow.garch, indices, draws, rng)
        for mode, found in scores.items():
            if origin in kept[mode]:
                own = _own(sample, candidate, mode, draws, rng)
                _enter(found, sample, origin, own | shared, rng)
        if on_origin is not None:
            on_origin(done, len(every))
    return Backtest(sample.priors.source, sample.last, scores, draws, seed)


@dataclass(frozen=True, eq=False)
class _Yearly:
    """What is estimated once a year, on the months before the year's first origin."""

    volatility: Volatility
    garch: Garch


def _first_origin(mode: str) -> Month:
    return CONDITIONAL_FROM if mode == "conditional" else UNCONDITIONAL_FROM


_Ahead = Callable[[int], Forecast]


def _pathless(
    observed: Floats, garch: Garch, indices: npt.NDArray[np.int64], draws: int, rng: np.random.Generator
) -> dict[str, _Ahead]:
    """Benchmarks that know no path of the factors: each is a function of the months ahead."""
    months, count = max(HORIZONS), observed.shape[1]
    noise = rng.standard_normal((months, draws, count)) @ correlation_root(observed).T
    chi = 2.0 * rng.standard_gamma(np.nan_to_num(garch.nu, nan=10.0) / 2.0, (months, draws, count))
    simulated = garch.forecast(observed, months, noise, chi)
    return {
        "random_walk": partial(random_walk, observed),
        "garch_t": lambda horizon: simulated[horizon - 1],
        "bootstrap": partial(bootstrap, observed, indices),
    }


def _own(sample: Sample, candidate: Candidate, mode: str, draws: int, rng: np.random.Generator) -> dict[str, _Ahead]:
    """The model and the regression, which take the factors' paths where the mode gives them."""
    row, months = sample.row(candidate.origin), min(max(HORIZONS), sample.last - candidate.origin)
    regression = fit_regression(sample.observed[: row + 1], sample.leading[: row + 1])
    path = realised_path(sample, candidate, months) if mode == "conditional" else None
    returns = draw_returns(candidate, months, draws, rng, path)

    def linear(horizon: int) -> Forecast:
        if mode != "conditional":
            return regression.free(horizon)
        return regression.given(sample.leading[row + 1 : row + 1 + horizon].sum(axis=0), horizon)

    return {"model": lambda horizon: Ensemble(returns[horizon - 1]), "regression": linear}


def _enter(scores: Scores, sample: Sample, origin: Month, ahead: dict[str, _Ahead], rng: np.random.Generator) -> None:
    row, place = sample.row(origin), scores.origins.index(origin)
    noise = rng.standard_normal((ENERGY_DRAWS, len(sample.series)))
    known = np.isfinite(sample.observed[: row + 1]).sum(axis=0)
    for position, horizon in _horizons(sample, origin):
        outcome = sample.observed[row + 1 : row + 1 + horizon].sum(axis=0)
        scores.outcome[position, place] = np.where(known >= HISTORY, outcome, np.nan)
        for index, name in enumerate(scores.forecasters):
            scores.enter(index, position, place, ahead[name](horizon), _VECTOR, noise)


def _horizons(sample: Sample, origin: Month) -> Iterator[tuple[int, int]]:
    """Positions and lengths of the horizons that end within the panel."""
    return ((i, months) for i, months in enumerate(HORIZONS) if origin + months <= sample.last)
