"""Moments of the shipped model's months against a bootstrap of the data, weighted as the estimation weights it."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy import stats

import jpsim
from jpsim.calibration.dynamics import discount
from jpsim.calibration.tables import read_table
from jpsim.months import Month

NAMES = ("topix", "usdjpy", "jgb_10y", "sp500")
PATHS = 6000
OUTSIDE = {"correlation topix jgb_10y", "kurtosis usdjpy", "skewness sp500"}
"""What lies outside the band and is published in docs/backtest.md; a test fails when that changes, too."""

CONFIG = """\
schema: jpsim/run@1
scenarios: [nothing.yaml]
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
id: nothing
title: {en: Nothing said, ja: 条件なし}
as_of: 2026-01-30
"""


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
def simulated(tmp_path_factory) -> np.ndarray:
    folder = tmp_path_factory.mktemp("moments")
    (folder / "nothing.yaml").write_text(NOTHING, encoding="utf-8")
    (folder / "months.yaml").write_text(CONFIG.format(paths=PATHS), encoding="utf-8")
    jpsim.run(folder / "months.yaml", out=folder / "out")
    [file] = (folder / "out").glob("*/paths.parquet")
    table = pq.read_table(file).to_pandas().sort_values(["path", "month"])
    levels = np.log1p(table["topix"].to_numpy(float)), *(table[name].to_numpy(float) for name in NAMES[1:])
    stacked = np.column_stack(levels).reshape(PATHS, 12, 4)
    stacked[:, :, [1, 3]] = np.log(stacked[:, :, [1, 3]])
    return np.diff(stacked, axis=1).reshape(-1, 4)


def test_months_of_the_model_lie_within_the_band_of_the_data_or_are_published(simulated, data_dir):
    months = observed_months(data_dir)
    resampled = weighted_bootstrap(months, discount(len(months), 60.0), 1000, 111)
    found = moments(simulated)
    outside = set()
    for name, value in found.items():
        low, high = np.quantile(resampled[name], [0.05, 0.95])
        print(f"{name:32s} {value:8.3f} {low:8.3f} {high:8.3f}")
        if not low <= value <= high:
            outside.add(name)
    assert outside == OUTSIDE
