"""Rebuild the numbers of an unconditional Gaussian run from a model's export, with numpy alone.

    python docs/rebuild.py MODEL.npz [RUN_FOLDER]

Nothing of jpsim is imported. With a run's folder the means and standard deviations of every factor and
series in every month are compared with its ``summary.parquet``, as z-scores (this needs pyarrow).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np


def draw(model: dict[str, np.ndarray], paths: int, months: int, rng: np.random.Generator) -> np.ndarray:
    """Draw factor levels and cumulative returns, (paths, months, factors + base series + aggregates)."""
    lags, n = model["state"].shape
    root = np.linalg.cholesky(model["Sigma"])
    residual_root = np.linalg.cholesky(model["residual_cov"])
    logarithmic = model["transform"] == "log100"
    log_base = np.where(logarithmic, 100.0 * np.log(np.where(logarithmic, model["base_level"], 1.0)), 0.0)
    base = np.where(logarithmic, log_base, model["base_level"])
    past = [np.tile(model["state"][lags - 1 - k], (paths, 1)) for k in range(lags)]  # newest first
    summed, growth, out = np.zeros((paths, n)), 1.0, []
    for _ in range(months):
        innovation = rng.standard_normal((paths, n)) @ root.T
        y = model["c"] + sum(lag @ matrix.T for lag, matrix in zip(past, model["B"], strict=True)) + innovation
        past = [y, *past[:-1]]
        summed += y
        x = np.where(model["in_differences"], base + summed, y)
        level = np.where(logarithmic, np.exp(np.where(logarithmic, x, 0.0) / 100.0), x)
        residual = rng.standard_normal((paths, len(model["series"]))) @ residual_root.T
        returns = model["alpha"] + innovation @ model["loadings"].T + residual
        growth = growth * (1.0 + np.hstack([returns, returns @ model["aggregation"].T]))
        out.append(np.hstack([level, growth - 1.0]))
    return np.stack(out, axis=1)


def summarise(model: dict[str, np.ndarray], paths: int, months: int, seed: int) -> dict[str, np.ndarray]:
    """Mean and standard deviation of each output and month, (outputs, months), with their errors."""
    rng = np.random.default_rng(seed)
    values = np.concatenate([draw(model, min(5_000, paths - first), months, rng) for first in range(0, paths, 5_000)])
    mean, sd = values.mean(axis=0), values.std(axis=0)
    fourth = ((values - mean) ** 4).mean(axis=0)
    sd_se = np.sqrt(np.maximum(fourth - sd**4, 0.0) / paths) / (2.0 * sd)
    return {"mean": mean.T, "sd": sd.T, "mean_se": sd.T / np.sqrt(paths), "sd_se": sd_se.T}


def compare(model: dict[str, np.ndarray], found: dict[str, np.ndarray], folder: Path) -> dict[str, np.ndarray]:
    """z-scores (outputs, months) of the rebuilt mean and sd against those of a stored run."""
    from pyarrow.parquet import read_table

    table = read_table(folder / "summary.parquet")
    rows = {key: i for i, key in enumerate(zip(table["series"].to_pylist(), table["month"].to_pylist(), strict=True))}
    ids = [*model["factors"], *model["series"], *model["aggregates"]]
    order = np.array([[rows[str(name), month + 1] for month in range(found["mean"].shape[1])] for name in ids])
    scores = {}
    for name in ("mean", "sd"):
        stored, error = (table[column].to_numpy()[order] for column in (name, f"{name}_se"))
        scores[name] = (found[name] - stored) / np.hypot(found[f"{name}_se"], error)
    return scores


def main(export: str, folder: str | None = None) -> None:
    """Rebuild, print TOPIX and the yen, and compare with a run if there is one."""
    with np.load(export) as arrays:
        model = dict(arrays)
    found = summarise(model, paths=40_000, months=12, seed=1)
    ids = [*model["factors"], *model["series"], *model["aggregates"]]
    for name in ("usdjpy", "topix", "banks"):
        i = ids.index(name)
        print(f"{name}: mean {found['mean'][i, -1]:.4g} ± {found['mean_se'][i, -1]:.2g}, sd {found['sd'][i, -1]:.4g}")
    if folder is not None:
        for name, z in compare(model, found, Path(folder)).items():
            print(f"{name}: {z.size} z-scores, rms {np.sqrt((z**2).mean()):.2f}, largest {np.abs(z).max():.2f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
