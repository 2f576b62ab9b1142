"""A proposal for the months' mixing variables that suits what a law requires.

Hard or distant requirements say that some months were wilder than usual. Drawn from their own law, few
scales agree with that, and few paths carry the weight. The proposal is the member of a family, gamma
laws of g_t and shifted news of log volatility, that is nearest in Kullback-Leibler divergence to the
law given the requirements: its weighted maximum-likelihood estimate from pilot paths, refined a few
times. While few pilots carry the weight, the weights are flattened so that a share of them stays
effective.

Under Student-t months a distant requirement is met by one huge month, and any month may be the one: the
law given the requirements has several modes, which months drawn independently cannot follow. Where
one component leaves too few effective pilots, the proposal becomes a mixture, with a component for
each month that may be the huge one, fitted by the weighted EM algorithm. Weights are over the density
of the whole mixture (Veach and Guibas 1995, doi:10.1145/218380.218498; Owen and Zhou 2000,
doi:10.1080/01621459.2000.10473909). Weights over the proposal are exact for any proposal; it only
decides how even they are.

References
----------
Rubinstein, Kroese (2004), The cross-entropy method. https://doi.org/10.1007/978-1-4757-4321-1

Cappe, Douc, Guillin, Marin, Robert (2008), Adaptive importance sampling in general mixture classes.
https://doi.org/10.1007/s11222-008-9059-x
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from jpsim.errors import InputError
from jpsim.simulation.correction import scale_tables
from jpsim.simulation.engine import log_likelihoods
from jpsim.simulation.kernels.normals import PILOTS, fill_normals
from jpsim.simulation.kernels.scales import TURN
from jpsim.simulation.kernels.tails import REACH, SCALE_NODES_PER_UNIT
from jpsim.simulation.law import Law, Mixing, ScaleTilt

__all__ = ["fit_scale_tilt"]

Floats = npt.NDArray[np.float64]
Targets = Callable[[int, int], Floats]

LEAST_EFFECTIVE: Final = 0.1
"""Share of the pilots that stays effective in each round."""
MOST_APPROACHES: Final = 20
"""Most fits to flattened weights."""
WIDEST: Final = (0.5, 20.0)
"""Ends of a proposal's gamma shape, as multiples of the prior's: below, scales near infinity overflow prices."""
NEWTON_STEPS: Final = 30
ENOUGH: Final = 0.7
"""Share of effective pilots from which one component is enough."""
MIXTURE_ROUNDS: Final = 9
MIXTURE_PILOTS: Final = 4
"""Pilots of a mixture, as a multiple of those of one component."""
HUGE: Final = 8.0
"""By how much the variance of a component's huge month exceeds its own law's, to begin with."""
LEAST_SHARE: Final = 0.01
"""Of a component: what keeps the weights of its month's paths bounded."""
SHAPES: Final = 48
"""Different gamma shapes in a mixture, so that months and components share the tables of scales."""


@dataclass(frozen=True, eq=False)
class _Pilots:
    """Pilot paths: how their weights come about.

    Parameters
    ----------
    law, seed, targets, other_weights
        See `fit_scale_tilt`.
    """

    law: Law
    mixing: Mixing
    seed: int
    targets: Targets | None
    other_weights: Callable[[Law, int, int], Floats] | None

    def log_weights(self, tilt: ScaleTilt, first: int, count: int) -> Floats:
        """Log weights (count,) of pilots drawn from a proposal."""
        trial = replace(self.law, mixing=self.mixing._replace(tilt=tilt))
        targets = None if self.targets is None else self.targets(first, count)
        found = log_likelihoods(trial, self.seed, first, count, targets, pilots=True)
        return found if self.other_weights is None else found + self.other_weights(trial, first, count)

    def variables(self, tilt: ScaleTilt, first: int, count: int) -> tuple[Floats, Floats, Floats]:
        """Gamma variables (h, count), their logs, and the news of log volatility, of the same pilots."""
        months = tilt.news.shape[1]
        normals = [fill_normals(self.seed, stream, first, count, months, 1)[:, 0] for stream in PILOTS]
        component = _components(tilt, first, count)
        g = _gamma_draws(self.mixing._replace(tilt=tilt), component, normals[0])
        return g, np.log(g), normals[1] + tilt.news[component].T


def fit_scale_tilt(
    law: Law,
    seed: int,
    targets: Targets | None = None,
    *,
    pilots: int = 4096,
    rounds: int = 3,
    mixtures: bool = True,
    other_weights: Callable[[Law, int, int], Floats] | None = None,
) -> ScaleTilt:
    """Fit the proposal of a law's mixing variables.

    Parameters
    ----------
    law
        With requirements on mixed shocks; a proposal it already has is where the fit begins.
    seed
        Key of the generator; pilots are drawn from streams of their own.
    targets
        Targets of pilot paths, ``(first, count) -> (m, count)``.
    pilots, rounds
        Number of pilot paths, and of fits to their unflattened weights; fits on the way there come on top.
    mixtures
        Whether the proposal may become a mixture.
    other_weights
        What the log weight of paths ``(law, first, count)`` holds besides `log_likelihoods`, (count,), the law being
        this one with the proposal on trial.

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
    drawn = _Pilots(law, law.mixing, seed, targets, other_weights)
    tilt = _fit_one(drawn, law.mixing.tilt or _prior(law.mixing), pilots, rounds)
    if tilt.share.size > 1 or not mixtures or not np.isfinite(law.mixing.nu):
        return tilt
    if _effective(drawn.log_weights(tilt, 0, pilots)) >= ENOUGH:
        return tilt
    return _fit_mixture(drawn, tilt, MIXTURE_PILOTS * pilots)


def _fit_one(drawn: _Pilots, tilt: ScaleTilt, pilots: int, rounds: int) -> ScaleTilt:
    """Refine a proposal on the same pilots, flattened weights first."""
    approaching, refining = MOST_APPROACHES, rounds
    while approaching > 0 and refining > 0:
        weights, arrived = _flattened(drawn.log_weights(tilt, 0, pilots))
        variables = drawn.variables(tilt, 0, pilots)
        tilt = _fit(drawn.mixing, tilt, variables, _responsibilities(drawn.mixing, tilt, variables) * weights)
        approaching, refining = approaching - (not arrived), refining - arrived
    return tilt


def _fit_mixture(drawn: _Pilots, one: ScaleTilt, pilots: int) -> ScaleTilt:
    """Fit a mixture that starts with one component and a huge month each, on new pilots in each round.

    Returns
    -------
    The proposal under which most pilots were effective, the one component included.
    """
    tilt = _with_huge_months(drawn.mixing, one)
    best, found = one, _effective(drawn.log_weights(one, 0, pilots))
    for number in range(1, MIXTURE_ROUNDS + 1):
        log_weights = drawn.log_weights(tilt, number * pilots, pilots)
        if (share := _effective(log_weights)) > found:
            best, found = tilt, share
        weights, _ = _flattened(log_weights)
        variables = drawn.variables(tilt, number * pilots, pilots)
        tilt = _fit(drawn.mixing, tilt, variables, _responsibilities(drawn.mixing, tilt, variables) * weights)
    return best


def _prior(mixing: Mixing) -> ScaleTilt:
    months = mixing.exposure.shape[0]
    shape = 0.5 * mixing.nu if np.isfinite(mixing.nu) else 1.0
    return ScaleTilt(np.full((1, months), shape), np.full((1, months), 0.5), np.zeros((1, months)), np.ones(1))


def _with_huge_months(mixing: Mixing, one: ScaleTilt) -> ScaleTilt:
    """Mixture of a component and, for each month that requirements depend on, one in which it is huge."""
    months = np.flatnonzero(np.abs(mixing.exposure).sum(axis=(1, 2)) > 0.0)
    shape, rate, news = _prior(mixing)[:3]
    huge = np.repeat(rate, months.size, axis=0)
    huge[np.arange(months.size), months] *= HUGE
    size = months.size + 1
    return ScaleTilt(
        np.vstack([one.shape, np.repeat(shape, months.size, axis=0)]),
        np.vstack([one.rate, huge]),
        np.vstack([one.news, np.repeat(news, months.size, axis=0)]),
        np.full(size, 1.0 / size),
    )


def _effective(log_weights: Floats) -> float:
    weights = np.exp(log_weights - log_weights.max())
    return float(weights.sum() ** 2 / (weights**2).sum() / weights.size)


def _flattened(log_weights: Floats) -> tuple[Floats, bool]:
    """Weights that sum to 1, raised to the highest power that keeps the least share effective; whether that is 1."""
    if _effective(log_weights) >= LEAST_EFFECTIVE:
        return _normalised(log_weights), True
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _effective(middle * log_weights) >= LEAST_EFFECTIVE else (low, middle)
    return _normalised(low * log_weights), False


def _normalised(log_weights: Floats) -> Floats:
    weights = np.exp(log_weights - log_weights.max())
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def _components(tilt: ScaleTilt, first: int, count: int) -> npt.NDArray[np.int64]:
    """Component of each path, as `kernels.scales` chooses it."""
    place = (0.5 + np.arange(first, first + count, dtype=np.float64) * TURN) % 1.0
    component = np.searchsorted(np.cumsum(tilt.share)[:-1], place, side="right")
    return np.asarray(component, dtype=np.int64)


def _responsibilities(mixing: Mixing, tilt: ScaleTilt, variables: tuple[Floats, Floats, Floats]) -> Floats:
    """(C, pilots) probability of each component given a pilot's variables."""
    from scipy.special import gammaln

    if tilt.share.size == 1:
        return np.ones((1, variables[0].shape[1]))
    g, log_g, news = variables
    constant = np.log(tilt.share) - 0.5 * (tilt.news**2).sum(axis=1)
    log = constant[:, None] + np.einsum("ch,hn->cn", tilt.news, news)
    if np.isfinite(mixing.nu):
        log += (tilt.shape * np.log(tilt.rate) - gammaln(tilt.shape)).sum(axis=1)[:, None]
        log += np.einsum("ch,hn->cn", tilt.shape, log_g) - np.einsum("ch,hn->cn", tilt.rate, g)
    odds = np.exp(log - log.max(axis=0))
    return np.asarray(odds / odds.sum(axis=0), dtype=np.float64)


def _fit(mixing: Mixing, tilt: ScaleTilt, variables: tuple[Floats, Floats, Floats], weights: Floats) -> ScaleTilt:
    """Weighted maximum-likelihood estimate of each component from (C, pilots) weights that sum to 1."""
    g, log_g, news = variables
    total = weights.sum(axis=1)
    share = np.maximum(total, LEAST_SHARE) if total.size > 1 else np.ones(1)
    own = weights / np.maximum(total, 1e-300)[:, None]
    seen = total > 0.1 * LEAST_SHARE  # a component that few pilots speak for stays what it is
    moved = np.einsum("cn,hn->ch", own, news) if mixing.sv_sigma > 0.0 else tilt.news
    out = tilt._replace(news=np.where(seen[:, None], moved, tilt.news), share=share / share.sum())
    if not np.isfinite(mixing.nu):
        return out
    mean, mean_log = np.einsum("cn,hn->ch", own, g), np.einsum("cn,hn->ch", own, log_g)
    gap = np.where(seen[:, None], np.maximum(np.log(mean) - mean_log, 1e-9), 1.0)
    least, most = (0.5 * mixing.nu * end for end in WIDEST)
    shape = np.clip(_gamma_shape(gap), least, most)
    if total.size > 1:
        nodes = np.geomspace(least, most, SHAPES)
        shape = nodes[np.argmin(np.abs(np.log(shape[..., None] / nodes)), axis=-1)]
    return out._replace(
        shape=np.where(seen[:, None], shape, tilt.shape), rate=np.where(seen[:, None], shape / mean, tilt.rate)
    )


def _gamma_draws(mixing: Mixing, component: npt.NDArray[np.int64], normals: Floats) -> Floats:
    """Gamma variables (h, pilots) of the kernels' scales, by the same tables; ones where months are normal."""
    if not np.isfinite(mixing.nu):
        return np.ones_like(normals)
    tables, table, stretch = scale_tables(mixing)
    place = (normals + REACH) * SCALE_NODES_PER_UNIT
    node = place.astype(np.int64)
    part = place - node
    a, b, c, d = np.moveaxis(tables[table[component].T, node], -1, 0)
    scale = stretch[component].T * (a + part * (b + part * (c + part * d)))
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
