"""Common random numbers: which turn of a conditioned law's normals keeps its outputs closest to the unconditional ones.

Given the months' scales, conditions leave shocks ``M z`` of the normals z, plus constants. Any orthogonal Q gives
``M Q z`` the same law, and outputs ``F M Q z`` that lie closer to the unconditional ``F z`` or further away. Closest in
the mean of weighted squares is the polar factor of ``M' F' W F`` (Schoenemann 1966, doi:10.1007/BF02289451): normals of
directions that the conditions take away then move the same outputs along others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from jpsim.model.alignment import FACTORS, nearest_turn
from jpsim.simulation.kernels.normals import TARGETS, fill_normals
from jpsim.simulation.law import Dynamics, Equity, Law, Mixing, Rotation
from jpsim.simulation.layout import dense
from jpsim.simulation.one_thread import one_thread

__all__ = ["Answer", "couple", "couple_months"]

Floats = npt.NDArray[np.float64]
Answer = Callable[[Floats], Floats]
"""From scores (q, count) of drawn values to the targets (m, count) of all rows."""

_STILL: Final = 1e-3
"""Weight of leaving the normals as they are, against that of the outputs."""
_MOST: Final = 16
"""Most directions that are turned."""
_LEAST: Final = 5e-3
"""One less the cosine of the smallest angle that is worth a turn: about 6 degrees."""
_PINNED: Final = 1e-4
"""Standard deviation, as a part of the unconditional one, below which an output no longer moves."""


@one_thread()
def couple(law: Law, seed: int, pilots: int, answer: Answer | None) -> Rotation | None:
    """Turn the normals of a law with requirements so that its outputs stay close to the unconditional ones.

    Parameters
    ----------
    law
        With mixing variables, loadings including linear parts of terms. Its law is exactly the same when turned.
    seed, pilots
        Key of the generator, and number of pilots of drawn values.
    answer
        How values that are drawn follow from their scores; None where none are.

    Returns
    -------
    The rotation, or None where no turn is worth it. Scales are taken as one, terms and rules are left out: what is
    lost by that is closeness, never the law.
    """
    mixing = law.mixing
    if mixing is None or not mixing.gap.size:
        return None
    followed = _followed(law.dynamics)
    left = _left(mixing, followed, _slope(mixing, seed, pilots, answer))
    basis = _basis(followed, left)
    inner = (followed @ basis).T @ _weights(law, followed, left) @ (left @ basis)
    turn = nearest_turn(inner + _STILL * np.eye(basis.shape[1]))
    cosines, planes = np.linalg.eigh(0.5 * (turn + turn.T))
    count = min(_MOST, int((1.0 - cosines > _LEAST).sum()))
    if not count:
        return None
    kept, shape = planes[:, :count], mixing.exposure.shape
    outward = basis @ kept
    inward = (nearest_turn(kept.T @ turn.T @ kept) - np.eye(count)) @ outward.T
    return Rotation(inward.reshape(count, shape[0], shape[2]), outward.reshape(shape[0], shape[2], count))


@one_thread()
def couple_months(law: Law, free: Dynamics) -> Dynamics:
    """Turn each month's normals of a conditional recursion, so that its outputs stay close to those of a free one.

    It costs no path anything, and is what `couple` gives where normals of different months must not mix.

    Parameters
    ----------
    law
        Without mixing variables; its series load linearly.
    free
        The recursion without conditions.
    """
    followed, left = _followed(free), _followed(law.dynamics)
    weights, n = _weights(law, followed, left), law.dynamics.intercept.shape[1]
    months = [slice(t * n, (t + 1) * n) for t in range(law.dynamics.intercept.shape[0])]
    turns = [nearest_turn(followed[:, own].T @ weights @ left[:, own] + _STILL * np.eye(n)) for own in months]
    return law.dynamics._replace(impact=law.dynamics.impact @ np.array(turns))


def _steps(months: int) -> list[int]:
    """Steps at which outputs are kept close."""
    return sorted({-(-months // 4), -(-months // 2), months})


def _followed(dynamics: Dynamics) -> Floats:
    """What is kept close, (R, h n) functionals of the normals.

    At each step come the n factors' levels, then their innovations summed up to it, on which returns load.
    """
    months, n = dynamics.intercept.shape
    observed = dynamics.state.size - dynamics.cumulated.size
    state, total, found = np.zeros((dynamics.state.size, months * n)), np.zeros((n, months * n)), []
    for t in range(months):
        moved = dynamics.transition[t] @ state
        moved[:, t * n : (t + 1) * n] += dynamics.impact[t]
        total += moved - dynamics.free_transition @ state
        sums = state[observed:] + moved[dynamics.cumulated]
        state = np.concatenate([moved, state[: observed - n], sums])
        if t + 1 in _steps(months):
            level = state[:n].copy()
            level[dynamics.cumulated] = sums
            found += [level, total.copy()]
    return np.concatenate(found)


def _slope(mixing: Mixing, seed: int, pilots: int, answer: Answer | None) -> Floats:
    """(m, q) least-squares response of the rows' targets to the scores of drawn values."""
    if answer is None:
        return np.zeros((mixing.gap.size, 0))
    scores = fill_normals(seed, TARGETS, 0, pilots, 1, mixing.free)[0]
    targets = answer(scores)
    apart = targets - targets.mean(axis=1, keepdims=True)
    return np.asarray(np.linalg.lstsq(scores.T, apart.T, rcond=None)[0].T, dtype=np.float64)


def _left(mixing: Mixing, followed: Floats, slope: Floats) -> Floats:
    """``followed M``, (R, h n): what the requirements leave of the functionals, drawn values included."""
    rows = mixing.gap.size
    exposure = mixing.exposure.transpose(1, 0, 2).reshape(rows, -1)
    response = exposure if mixing.response is None else mixing.response.transpose(1, 0, 2).reshape(rows, -1)
    variance = response @ exposure.T + np.diag(mixing.noise)
    variance = 0.5 * (variance + variance.T)
    own = np.linalg.solve(np.linalg.cholesky(variance), response)[rows - slope.shape[1] :]
    moved = followed @ np.linalg.solve(variance, response).T
    return np.asarray(followed - moved @ (exposure - slope @ own), dtype=np.float64)


def _basis(followed: Floats, left: Floats) -> Floats:
    """(h n, r) orthonormal directions that hold all functionals: beyond them nothing need turn."""
    both = np.concatenate([followed, left])
    if both.shape[0] >= both.shape[1]:
        return np.eye(both.shape[1])
    return np.asarray(np.linalg.qr(both.T)[0], dtype=np.float64)


def _weights(law: Law, followed: Floats, left: Floats) -> Floats:
    """(R, R) weights of the functionals' products: outputs in units of their standard deviations, later steps more."""
    months, n = law.dynamics.intercept.shape
    steps = _steps(months)
    loadings, residual = _loadings(law.equity)
    weights = np.zeros((followed.shape[0], followed.shape[0]))
    for place, step in enumerate(steps):
        level, total = (slice((2 * place + k) * n, (2 * place + k + 1) * n) for k in (0, 1))
        before, after = (np.sqrt((x[level] ** 2).sum(axis=1)) for x in (followed, left))
        moving = after > _PINNED * before
        own = np.where(moving, FACTORS / (n * np.where(moving, before * after, 1.0)), 0.0)
        free, bound = (((loadings @ x[total]) ** 2).sum(axis=1) + step * residual for x in (followed, left))
        share = 1.0 / (residual.size * np.sqrt(free * bound))
        weights[level, level] = step / months * np.diag(own)
        weights[total, total] = step / months * (loadings.T * share) @ loadings
    return weights


def _loadings(equity: Equity) -> tuple[Floats, Floats]:
    """(S + G, n) loadings of all series, and the variances of their monthly residuals."""
    series, groups = equity.loadings.shape[0], equity.aggregation.start.size - 1
    every = np.concatenate([np.eye(series), dense(equity.aggregation, (groups, series))])
    own = dense(equity.mix, (series, series)) * equity.idio_sd
    return every @ equity.loadings, ((every @ equity.common) ** 2).sum(axis=1) + ((every @ own) ** 2).sum(axis=1)
