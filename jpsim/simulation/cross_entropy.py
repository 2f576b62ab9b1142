"""A proposal for the months' mixing variables that suits what a law requires.

Hard or distant requirements say that some months were wilder than usual. Drawn from their own law, few
scales agree with that, and few paths carry the weight. The proposal is the member of a family, gamma
laws of g_t and shifted news of log volatility, that is nearest in Kullback-Leibler divergence to the
law given the requirements: its weighted maximum-likelihood estimate from pilot paths, refined a few
times. While few pilots carry the weight, the weights are flattened so that a share of them stays
effective. Weights over the proposal are exact for any proposal; it only decides how even they are.

References
----------
Rubinstein, Kroese (2004), The cross-entropy method. https://doi.org/10.1007/978-1-4757-4321-1
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from jpsim.errors import InputError
from jpsim.simulation.correction import scale_tables
from jpsim.simulation.drawing import Targets
from jpsim.simulation.engine import log_likelihoods
from jpsim.simulation.kernels.normals import PILOTS, fill_normals
from jpsim.simulation.kernels.tails import REACH, SCALE_NODES_PER_UNIT
from jpsim.simulation.law import Law, Mixing, ScaleTilt

__all__ = ["fit_scale_tilt"]

Floats = npt.NDArray[np.float64]

LEAST_EFFECTIVE: Final = 0.1
"""Share of the pilots that stays effective in each round."""
MOST_APPROACHES: Final = 20
"""Most fits to flattened weights."""
WIDEST: Final = (0.5, 20.0)
"""Ends of a proposal's gamma shape, as multiples of the prior's: below, scales near infinity overflow prices."""
NEWTON_STEPS: Final = 30


def fit_scale_tilt(
    law: Law,
    seed: int,
    targets: Targets | None = None,
    *,
    pilots: int = 4096,
    rounds: int = 3,
    other_weights: Callable[[int, int], Floats] | None = None,
) -> ScaleTilt:
    """Fit the proposal of a law's mixing variables.

    Parameters
    ----------
    law
        With requirements on mixed shocks; a proposal it already has is where the fit begins.
    seed
        Key of the generator; pilots are drawn from streams of their own.
    targets
        Path-specific targets, as in `jpsim.simulation.engine.draw`.
    pilots, rounds
        Number of pilot paths, and of fits to their unflattened weights; fits on the way there come on top.
    other_weights
        What the log weight of paths ``(first, count)`` holds besides `log_likelihoods`, (count,).

    Returns
    -------
    The proposal; the same one, bit by bit, for the same arguments.

    Raises
    ------
    InputError
        A law without requirements on mixed shocks, or fewer than two pilots.
    """
    if law.mixing is None:
        raise InputError("the law has no mixing variables to propose")
    if pilots < 2:
        raise InputError(f"{pilots} pilots; at least 2 are needed")
    mixing = law.mixing
    tilt = mixing.tilt or _prior(mixing)
    extra = np.zeros(pilots) if other_weights is None else other_weights(0, pilots)
    draws = np.stack([fill_normals(seed, stream, 0, pilots, len(tilt.news), 1)[:, 0] for stream in PILOTS])
    approaching, refining = MOST_APPROACHES, rounds
    while approaching > 0 and refining > 0:
        trial = replace(law, mixing=mixing._replace(tilt=tilt))
        log_weights = log_likelihoods(trial, seed, 0, pilots, targets, pilots=True) + extra
        weights, arrived = _flattened(log_weights)
        tilt = _fit(mixing, tilt, draws, weights)
        approaching, refining = approaching - (not arrived), refining - arrived
    return tilt


def _prior(mixing: Mixing) -> ScaleTilt:
    months = mixing.exposure.shape[0]
    shape = 0.5 * mixing.nu if np.isfinite(mixing.nu) else 1.0
    return ScaleTilt(np.full(months, shape), np.full(months, 0.5), np.zeros(months))


def _flattened(log_weights: Floats) -> tuple[Floats, bool]:
    """Weights that sum to 1, raised to the highest power that keeps the least share effective; whether that is 1."""

    def powered(power: float) -> Floats:
        raised = np.exp(power * (log_weights - log_weights.max()))
        weights: Floats = raised / raised.sum()
        return weights

    def effective(weights: Floats) -> bool:
        return 1.0 / float((weights**2).sum()) >= LEAST_EFFECTIVE * weights.size

    if effective(powered(1.0)):
        return powered(1.0), True
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if effective(powered(middle)) else (low, middle)
    return powered(low), False


def _fit(mixing: Mixing, tilt: ScaleTilt, draws: Floats, weights: Floats) -> ScaleTilt:
    """Weighted maximum-likelihood estimate from the pilots' normals (2, h, pilots)."""
    news = tilt.news + (draws[1] * weights).sum(axis=1) if mixing.sv_sigma > 0.0 else tilt.news
    if not np.isfinite(mixing.nu):
        return tilt._replace(news=news)
    g = _gamma_draws(mixing._replace(tilt=tilt), draws[0])
    mean, mean_log = (g * weights).sum(axis=1), (np.log(g) * weights).sum(axis=1)
    shape = np.clip(_gamma_shape(np.log(mean) - mean_log), *(0.5 * mixing.nu * np.array(WIDEST)))
    return ScaleTilt(shape, shape / mean, news)


def _gamma_draws(mixing: Mixing, normals: Floats) -> Floats:
    """Gamma variables (h, pilots) of the kernels' scales, by the same tables."""
    place = (normals + REACH) * SCALE_NODES_PER_UNIT
    node = place.astype(np.int64)
    part = place - node
    rows = [table[i] for table, i in zip(scale_tables(mixing), node, strict=True)]
    a, b, c, d = np.moveaxis(np.stack(rows), -1, 0)
    scale = a + part * (b + part * (c + part * d))
    out: Floats = (mixing.nu - 2.0) / scale**2
    return out


def _gamma_shape(gap: Floats) -> Floats:
    """Solve ``log a - digamma(a) = gap`` by Newton's steps in 1 / a (Minka 2002)."""
    from scipy.special import digamma, polygamma

    shape: Floats = (3.0 - gap + np.sqrt((gap - 3.0) ** 2 + 24.0 * gap)) / (12.0 * gap)
    for _ in range(NEWTON_STEPS):
        miss = np.log(shape) - digamma(shape) - gap
        shape = 1.0 / (1.0 / shape + miss / (shape * (1.0 - shape * polygamma(1, shape))))
    return shape
