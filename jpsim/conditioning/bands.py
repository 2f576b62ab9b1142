"""Bands of the factors in closed form: those of one normal law, or of a mixture of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.conditional import Conditional
from jpsim.special import normal_cdf

__all__ = ["mixed_bands"]

Floats = npt.NDArray[np.float64]

_STILL = 1e-9  # standard deviations below this part of the level are rounding
_WIDEST, _HALVINGS = 12.0, 60


def mixed_bands(conditionals: Sequence[Conditional], weights: Floats) -> dict[str, dict[str, list[float]]]:
    """Mean, sd, 5 and 95 % of each factor by month, under normal innovations.

    Quantiles are those of normal laws with these moments; where a factor is stated to lie within a range, or to take
    the values of a table, they are those of its own law, which leaves neither.

    Parameters
    ----------
    conditionals
        Laws on models that differ in parameters alone.
    weights
        Their probabilities; they sum to 1.

    Returns
    -------
    Factor to ``mean``, ``sd``, ``q05`` and ``q95``, each (h,), in reported units.
    """
    model = conditionals[0].system.model
    mean, sd = (np.array(part) for part in zip(*map(_moments, conditionals), strict=True))
    low, high = _quantile(mean, sd, weights, 0.05), _quantile(mean, sd, weights, 0.95)
    for cell, values, share in _stated_points(conditionals, weights):
        low[cell], high[cell] = np.quantile(values, (0.05, 0.95), weights=share, method="inverted_cdf")
    return {
        factor: _reported(
            (mean[:, place], sd[:, place]),
            (low[place], high[place]),
            weights,
            logarithmic=model.transform[place] == "log100",
        )
        for place, factor in enumerate(model.factors)
    }


def _moments(conditional: Conditional) -> tuple[Floats, Floats]:
    """(n, h) means and sds of the factors in model units."""
    system, moments = conditional.system, conditional.moments
    levels = [system.level_row(position) for position in range(len(system.model.factors))]
    rows, constants = np.array([row for row, _ in levels]), np.array([constant for _, constant in levels])
    mean = rows @ moments.mean.T + constants[:, None]
    sd = np.sqrt(np.maximum(np.einsum("hfi,fi->fh", rows @ moments.cov, rows), 0.0))
    sd[sd < _STILL * np.maximum(1.0, np.abs(mean))] = 0.0
    return mean, sd


def _stated_points(
    conditionals: Sequence[Conditional], weights: Floats
) -> Iterator[tuple[tuple[int, int], Floats, Floats]]:
    """(factor, month) of each range and table, with the values that it takes and their probabilities in the mixture."""
    first = conditionals[0]
    for i, row in enumerate(first.table.rows):
        if row.kind not in ("range", "table") or row.first is not None or row.name not in first.system.model.factors:
            continue
        parts = [one.targets.points(i) for one in conditionals]
        values = np.concatenate([part[0] for part in parts if part is not None])
        share = np.concatenate(
            [weight * part[1] for weight, part in zip(weights, parts, strict=True) if part is not None]
        )
        yield (first.system.model.factor(row.name), row.month - 1), values, share


def _reported(
    moments: tuple[Floats, Floats], ends: tuple[Floats, Floats], weights: Floats, *, logarithmic: bool
) -> dict[str, list[float]]:
    """Statistics of a mixture of k normals of means and sds (k, h), or of their exponentials."""
    (mean, sd), (low, high) = moments, ends
    if logarithmic:
        low, high = np.exp(low / 100.0), np.exp(high / 100.0)
        mean, shape = np.exp((mean + sd**2 / 200.0) / 100.0), np.expm1((sd / 100.0) ** 2)
        sd = mean * np.sqrt(shape)
    centre = weights @ mean
    spread = np.sqrt(weights @ (sd**2 + (mean - centre) ** 2))
    return {"mean": centre.tolist(), "sd": spread.tolist(), "q05": low.tolist(), "q95": high.tolist()}


def _quantile(mean: Floats, sd: Floats, weights: Floats, level: float) -> Floats:
    """Quantiles (n, h) of mixtures of k normals (k, n, h), by bisection."""
    low, high = (mean - _WIDEST * sd).min(axis=0), (mean + _WIDEST * sd).max(axis=0)
    scale = np.maximum(sd, 1e-300)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        below = np.tensordot(weights, normal_cdf((middle - mean) / scale), 1) < level
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray(0.5 * (low + high))
