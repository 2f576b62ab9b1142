"""Moments of the shipped model's months against a bootstrap of the data, weighted as the estimation weights it.

The model's regimes weigh as the estimation weighs them: paths pinned to each regime, as many as its discounted months.
As month 0 sees them they weigh differently; what that alone puts outside the band is published, too.
"""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy import stats

import jpsim
from jpsim.calibration.dynamics import discount
from jpsim.calibration.tables import read_table
from jpsim.model.store import load_model
from jpsim.months import Month

NAMES = ("topix", "usdjpy", "jgb_10y", "sp500")
PATHS = 6000
OUTSIDE = {"kurtosis usdjpy", "skewness sp500"}
"""What lies outside the band and is published in docs/backtest.md; a test fails when that changes, too."""
AT_MONTH_0 = {"correlation topix jgb_10y"}
"""What lies outside besides with the regimes' probabilities at month 0."""

CONFIG = """\
schema: jpsim/run@1
scenarios: [nothing.yaml, reflation.yaml, term_premium_stress.yaml]
model: japan_monthly
horizon: 12m
paths: {paths}
seed: 20260130
innovations: stochastic_volatility
parameter_uncertainty: false
series: [topix]
paths_out: all
formats: [parquet]
"""
NOTHING = """\
schema: jpsim/scenario@1
id: {name}
title: {{en: Nothing said, ja: 条件なし}}
as_of: 2026-01-30
"""
REGIMES = ("reflation", "term_premium_stress")


def moments(months: np.ndarray) -> dict[str, float]:
    """Sd, skewness, excess kurtosis and correlations of (N, 4) months."""
    correlation = np.corrcoef(months.T)
    out = {f"sd {name}": float(column.std(ddof=1)) for name, column in zip(NAMES, months.T, strict=True)}
    out |= {f"skewness {name}": float(stats.skew(column)) for name, column in zip(NAMES, months.T, strict=True)}
    out |= {f"kurtosis {name}": float(stats.kurtosis(column)) for name, column in zip(NAMES, months.T, strict=True)}
    pairs = [(i, j) for i in range(4) for j in range(i)]
    return out | {f"correlation {NAMES[j]} {NAMES[i]}": float(correlation[i, j]) for i, j in pairs}


def observed_months(data_dir) -> np.ndarray:
    """Log returns, and changes of the ten-year yield in percentage points, since 2001."""
    table = read_table(data_dir / "panel_monthly.csv")
    first, last = Month(2001, 6), table.months[-1]
    levels = np.column_stack([table.since(first, last, name) for name in NAMES])
    levels[:, [0, 1, 3]] = np.log(levels[:, [0, 1, 3]])
    return np.diff(levels, axis=0)


def weighted_bootstrap(months: np.ndarray, weights: np.ndarray, count: int, seed: int) -> dict[str, np.ndarray]:
    """Moments of resamples of as many months as the weights are worth, in blocks of six on average."""
    rng, size = np.random.default_rng(seed), round(weights.sum() ** 2 / (weights**2).sum())
    found = []
    for _ in range(count):
        places = rng.choice(len(months), size, p=weights / weights.sum())
        for t in range(1, size):
            if rng.random() > 1 / 6:
                places[t] = (places[t - 1] + 1) % len(months)
        found.append(moments(months[places]))
    return {name: np.array([row[name] for row in found]) for name in found[0]}


@pytest.fixture(scope="module")
def simulated(tmp_path_factory) -> dict[str, np.ndarray]:
    """Months (paths, 11, 4) of a scenario that says nothing, and with each regime pinned."""
    folder = tmp_path_factory.mktemp("moments")
    for name in ("nothing", *REGIMES):
        text = NOTHING.format(name=name) + (f"regime: {name}\n" if name in REGIMES else "")
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    (folder / "months.yaml").write_text(CONFIG.format(paths=PATHS), encoding="utf-8")
    jpsim.run(folder / "months.yaml", out=folder / "out")
    [file] = (folder / "out").glob("*/paths.parquet")
    table = pq.read_table(file).to_pandas().sort_values(["path", "month"])
    return {name: log_changes(rows) for name, rows in table.groupby("scenario")}


def log_changes(rows) -> np.ndarray:
    """Months (paths, 11, 4) in the units of `observed_months`; `rows` are levels by path and month."""
    levels = np.column_stack(
        [np.log1p(rows["topix"].to_numpy(float)), *(rows[name].to_numpy(float) for name in NAMES[1:])]
    )
    stacked = levels.reshape(PATHS, 12, 4)
    stacked[:, :, [1, 3]] = np.log(stacked[:, :, [1, 3]])
    return np.diff(stacked, axis=1)


@pytest.fixture(scope="module")
def bands(data_dir) -> dict[str, np.ndarray]:
    months = observed_months(data_dir)
    resampled = weighted_bootstrap(months, discount(len(months), 60.0), 1000, 111)
    return {name: np.quantile(values, [0.05, 0.95]) for name, values in resampled.items()}


def outside(months: np.ndarray, bands: dict[str, np.ndarray]) -> set[str]:
    found = moments(months)
    for name, (low, high) in bands.items():
        print(f"{name:32s} {found[name]:8.3f} {low:8.3f} {high:8.3f}")
    return {name for name, (low, high) in bands.items() if not low <= found[name] <= high}


def test_months_weighed_as_the_estimation_weighs_regimes_lie_within_the_band_or_are_published(simulated, bands):
    counted = load_model("japan_monthly").meta["regimes"]["discounted_months"]
    shares = np.array([counted[name] for name in REGIMES]) / sum(counted.values())
    months = [simulated[name][: round(PATHS * share)] for name, share in zip(REGIMES, shares, strict=True)]
    assert outside(np.concatenate(months).reshape(-1, 4), bands) == OUTSIDE


def test_months_as_month_0_sees_the_regimes_lie_within_the_band_or_are_published(simulated, bands):
    assert outside(simulated["nothing"].reshape(-1, 4), bands) == OUTSIDE | AT_MONTH_0
