"""Rebuild the numbers of an unconditional run from a model's export, with numpy alone.

    python docs/rebuild.py MODEL.npz [RUN_FOLDER [gaussian|student_t|stochastic_volatility]]

Nothing of jpsim is imported. With a run's folder means, standard deviations and 5% quantiles of every factor and
series in every month are compared with its ``summary.parquet``, as z-scores (this needs pyarrow).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

Arrays = dict[str, np.ndarray]


def draw(model: Arrays, paths: int, months: int, rng: np.random.Generator, law: str) -> np.ndarray:
    """Draw factor levels and cumulative returns, (paths, months, factors + base series + aggregates)."""
    if law == "gaussian":
        return follow(model, np.ones((2, months, paths)), rng, law)
    probability, scales = model["regime_probability"], draw_scales(model, paths, months, rng, law)
    if not len(probability):
        return follow(model, scales, rng, law)
    own, parts = rng.choice(len(probability), paths, p=probability / probability.sum()), []
    for k in range(len(probability)):
        regime = model | {name: model[f"regime_{name}"][k] for name in ("Sigma", "alpha", "loadings", "skew")}
        parts.append(follow(regime, scales[:, :, own == k], rng, law))
    return np.concatenate(parts)


def draw_scales(model: Arrays, paths: int, months: int, rng: np.random.Generator, law: str) -> np.ndarray:
    """Mixing variable of the months and factor of their volatility, (2, months, paths)."""
    drawn = rng.chisquare(model["nu"], (months, paths))
    mixing = (model["nu"] - 2.0) / np.maximum(drawn, model["chi_square_least"])
    phi, sigma, wild = model["sv_phi"], model["sv_sigma"], np.ones((months, paths))
    v = np.full(paths, model["sv_start"])
    for t in range(months if law == "stochastic_volatility" else 0):
        v = phi * v + sigma * rng.standard_normal(paths)
        wild[t] = np.exp(0.5 * v - 0.25 * sigma**2 / (1.0 - phi**2))
    return np.stack([mixing, wild])


def draw_innovations(
    model: Arrays, mixing: np.ndarray, wild: np.ndarray, rng: np.random.Generator, law: str
) -> np.ndarray:
    """Draw the innovations of one month, (paths, n), which lean on the mixing variable if the model is skewed."""
    lean, Sigma = model["skew"], model["Sigma"]
    if law == "gaussian" or not lean.any():
        lean, spread = np.zeros(len(Sigma)), Sigma
    else:
        spread = Sigma - 2.0 / (model["nu"] - 4.0) * np.outer(lean, lean)
    normal = rng.standard_normal((len(mixing), len(Sigma))) @ np.linalg.cholesky(spread).T
    return wild * ((mixing - 1.0) * lean + np.sqrt(mixing) * normal)


def follow(model: Arrays, scales: np.ndarray, rng: np.random.Generator, law: str) -> np.ndarray:
    """Follow paths whose months have these mixing variables and volatilities, (2, months, paths)."""
    paths, (lags, n) = scales.shape[2], model["state"].shape
    logarithmic = model["transform"] == "log100"
    log_base = np.where(logarithmic, 100.0 * np.log(np.where(logarithmic, model["base_level"], 1.0)), 0.0)
    base = np.where(logarithmic, log_base, model["base_level"])
    past = [np.tile(model["state"][lags - 1 - k], (paths, 1)) for k in range(lags)]  # newest first
    summed, growth, out = np.zeros((paths, n)), 1.0, []
    level = np.tile(model["base_level"], (paths, 1))
    for mixing, wild in scales.transpose(1, 0, 2)[..., None]:
        innovation = draw_innovations(model, mixing, wild, rng, law)
        y = model["c"] + sum(lag @ matrix.T for lag, matrix in zip(past, model["B"], strict=True)) + innovation
        past = [y, *past[:-1]]
        summed += y
        x = np.where(model["in_differences"], base + summed, y)
        residual = draw_residuals(model, wild * np.sqrt(mixing), rng, law)
        returns = model["alpha"] + innovation @ model["loadings"].T + residual
        if law != "gaussian":
            returns += term_values(model, innovation, level) @ model["term_loadings"].T
        level = np.where(logarithmic, np.exp(np.where(logarithmic, x, 0.0) / 100.0), x)
        growth = growth * (1.0 + np.hstack([returns, returns @ model["aggregation"].T]))
        out.append(np.hstack([level, growth - 1.0]))
    return np.stack(out, axis=1)


def draw_residuals(model: Arrays, scale: np.ndarray, rng: np.random.Generator, law: str) -> np.ndarray:
    """Residuals of one month, (paths, base series)."""
    paths, (series, common) = len(scale), model["common"].shape
    if law == "gaussian":
        return rng.standard_normal((paths, series)) @ np.linalg.cholesky(model["residual_cov"]).T
    nu = model["idio_nu"]
    heavy = np.where(np.isfinite(nu), nu, 3.0)
    tails = np.where(np.isfinite(nu), np.sqrt((heavy - 2.0) / rng.chisquare(heavy, (paths, series))), 1.0)
    own = model["idio_sd"] * tails * rng.standard_normal((paths, series))
    return scale * (rng.standard_normal((paths, common)) @ model["common"].T) + own @ model["mix"].T


def term_values(model: Arrays, u: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Terms beyond their linear parts in one month, (paths, terms), from innovations and the levels before."""
    ids, out = list(model["factors"]), np.zeros((len(u), len(model["terms"])))
    for k, kind in enumerate(model["term_kind"]):
        knot, side, slope = (model[f"term_{name}"][k] for name in ("knot", "side", "slope"))
        i = ids.index(model["term_factor"][k])
        if kind == "hinge":
            out[:, k] = np.maximum(side * (u[:, i] - knot), 0.0) - model["term_centre"][k] - slope * u[:, i]
            continue
        j = ids.index(model["term_other"][k])
        if kind == "gate":
            logarithmic = model["transform"][j] == "log100"
            beyond = 100.0 * np.log(before[:, j] / knot) if logarithmic else before[:, j] - knot
            out[:, k] = (np.maximum(side * beyond, 0.0) - slope) * u[:, i]
        else:
            out[:, k] = u[:, i] * u[:, j] - model["term_centre"][k]
    return out


def summarise(model: Arrays, paths: int, months: int, seed: int, law: str = "gaussian") -> Arrays:
    """Mean, standard deviation and 5% quantile of each output and month, (outputs, months), with their errors."""
    rng = np.random.default_rng(seed)
    sizes = [min(5_000, paths - first) for first in range(0, paths, 5_000)]
    values = np.concatenate([draw(model, size, months, rng, law) for size in sizes])
    mean, sd = values.mean(axis=0), values.std(axis=0)
    fourth = ((values - mean) ** 4).mean(axis=0)
    sd_se = np.sqrt(np.maximum(fourth - sd**4, 0.0) / paths) / (2.0 * sd)
    tail = 0.05 + np.sqrt(0.05 * 0.95 / paths) * np.array([-1.0, 0.0, 1.0])
    low, q05, high = np.quantile(values, tail, axis=0)
    q05_se = (high - low) / 2.0
    found = {"mean": mean, "mean_se": sd / np.sqrt(paths), "sd": sd, "sd_se": sd_se, "q05": q05, "q05_se": q05_se}
    return {name: each.T for name, each in found.items()}


def compare(model: Arrays, found: Arrays, folder: Path) -> Arrays:
    """z-scores (outputs, months) of the rebuilt statistics against those of a stored run."""
    from pyarrow.parquet import read_table

    table = read_table(folder / "summary.parquet")
    rows = {key: i for i, key in enumerate(zip(table["series"].to_pylist(), table["month"].to_pylist(), strict=True))}
    ids = [*model["factors"], *model["series"], *model["aggregates"]]
    order = np.array([[rows[str(name), month + 1] for month in range(found["mean"].shape[1])] for name in ids])
    scores = {}
    for name in ("mean", "sd", "q05"):
        stored, error = (table[column].to_numpy()[order] for column in (name, f"{name}_se"))
        scores[name] = (found[name] - stored) / np.hypot(found[f"{name}_se"], error)
    return scores


def main(export: str, folder: str | None = None, law: str = "gaussian") -> None:
    """Rebuild, print TOPIX and the yen, and compare with a run if there is one."""
    with np.load(export) as arrays:
        model = dict(arrays)
    found = summarise(model, paths=40_000, months=12, seed=1, law=law)
    ids = [*model["factors"], *model["series"], *model["aggregates"]]
    for name in ("usdjpy", "topix", "banks"):
        i = ids.index(name)
        print(f"{name}: mean {found['mean'][i, -1]:.4g} ± {found['mean_se'][i, -1]:.2g}, sd {found['sd'][i, -1]:.4g}")
    if folder is not None:
        for name, z in compare(model, found, Path(folder)).items():
            print(f"{name}: {z.size} z-scores, rms {np.sqrt((z**2).mean()):.2f}, largest {np.abs(z).max():.2f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
