"""One normal proposal by efficient importance sampling: log weights are regressed on a quadratic form.

Where the log weight of a path is nearly ``a + b'e + e'He/2`` in the standard normals e that the path was drawn from,
the weights become even if e is drawn from ``N((I - H)**-1 b, (I - H)**-1)`` instead. The coefficients are least-squares
estimates on pilots, weighed by what each counts for; the error of a least-squares fit shrinks with what it does not
explain, so that few pilots say more than weighted moments of as many would.

Where months are wild, drawn values go further: the product of a normal with the square of a score is a regressor, too,
and the scores' standard deviations follow it.

With many normals the products of pairs are too many. Then only those of some directions are taken, along which the log
weight is most curved, by Stein's lemma (Li 1992), beside the square of each normal.

References
----------
Richard, Zhang (2007), Efficient high-dimensional importance sampling. https://doi.org/10.1016/j.jeconom.2007.02.007

Li (1992), On principal Hessian directions. https://doi.org/10.1080/01621459.1992.10476258
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from jpsim.simulation.law import Proposal
from jpsim.simulation.proposals import flattened, principal

__all__ = ["LEAST_EFFECTIVE", "WIDER", "Quadratic", "fit_quadratic", "moved", "regressed"]

Floats = npt.NDArray[np.float64]

MOST_PAIRED: Final = 36
"""Normals whose products all are regressors."""
CURVED: Final = 20
"""Directions whose products are, where normals are more."""
LEAST_EFFECTIVE: Final = 0.3
"""Share of the pilots that stays effective in a regression."""
RIDGE: Final = 1e-6
STEEPEST: Final = (-4.0, 0.8)
"""Ends of the curvatures that one regression may find."""
WIDER: Final = 1.05
"""Factor on the scores' standard deviations: pilots do not reach the tails of drawn values, where weights grow."""
WIDEST: Final = 0.2
"""Standard deviation of the log by which wild months may widen a score."""
FARTHEST: Final = 4.0
"""Length of the step of the mean that one regression may take."""


class Quadratic(NamedTuple):
    """Coefficients of a log weight in standard normals e, those of q scores last."""

    slope: Floats  # (D,)
    hessian: Floats  # (D, D)
    widening: Floats  # (q, D - q) of the product of each other normal with a score's square less one


def regressed(proposal: Proposal, active: npt.NDArray[np.int64], normals: Floats, log_weights: Floats) -> Proposal:
    """Improve a proposal of one component by the log weights of pilots.

    Parameters
    ----------
    proposal
        From which the pilots were drawn; it has one component.
    active
        Positions among the 2 h normals of the mixing variables of those that count.
    normals
        (2 h + q, count) the standard normals from which the pilots were drawn: those of y, then those of the scores.
    log_weights
        (count,) of the pilots, up to a constant.
    """
    d, q = proposal.mean.shape[1], proposal.score_mean.size
    places = np.concatenate([active, np.arange(d, d + q)])
    found = fit_quadratic(normals[places], q, log_weights, flattened(log_weights, LEAST_EFFECTIVE))
    return moved(proposal, places, found, wider=WIDER)


def moved(proposal: Proposal, places: npt.NDArray[np.int64], found: Quadratic, *, wider: float = 1.0) -> Proposal:
    """The normal law nearest to a proposal of one component times the exponential of a form.

    Parameters
    ----------
    proposal
        Of one component.
    places
        Positions of the form's normals among the 2 h of the mixing variables and the q of the scores behind them.
    found
        The form, in the standard normals from which the proposal is drawn.
    wider
        Factor on the scores' standard deviations.
    """
    d, q = proposal.mean.shape[1], proposal.score_mean.size
    mean, covariance = _normal(found)
    step, spread, widening = np.zeros(d + q), np.eye(d + q), np.zeros((q, d))
    step[places], spread[np.ix_(places, places)] = mean, covariance
    widening[:, places[: places.size - q]] = found.widening
    return _composed(proposal, step, spread, widening, wider)


def fit_quadratic(normals: Floats, scores: int, values: Floats, weights: Floats) -> Quadratic:
    """Fit values (count,) by normals (D, count), the last of which are scores, their products, and the widening.

    The squared misses are weighed by `weights` (count,), which sum to 1.
    """
    size, (mixed, last) = normals.shape[0], np.split(normals, [normals.shape[0] - scores])
    paired = size <= MOST_PAIRED
    along = np.eye(size) if paired else _curved_directions(normals, values)
    lower, upper = np.triu_indices(along.shape[0], int(paired))
    turned = normals if paired else along @ normals
    wide = (last[:, None] ** 2 - 1.0) * mixed if paired else np.zeros((0, 0, values.size))
    columns = [normals, normals**2 - 1.0, turned[lower] * turned[upper], wide.reshape(-1, values.size)]
    cuts = np.cumsum([column.shape[0] for column in columns])[:-1]
    slope, square, product, widening = np.split(_least_squares(columns, values, weights), cuts)
    products = np.zeros((along.shape[0], along.shape[0]))
    products[lower, upper] = product
    hessian = np.diag(2.0 * square) + along.T @ (products + products.T) @ along
    return Quadratic(slope, hessian, np.resize(widening, (scores, size - scores)))


def _curved_directions(normals: Floats, values: Floats) -> Floats:
    """(CURVED, D) orthonormal directions: ``E (v - linear part) (e e' - I)`` is the mean Hessian of v."""
    count = values.size
    linear = np.vstack([np.ones(count), normals, normals**2 - 1.0])
    rest = values - linear.T @ np.linalg.solve(linear @ linear.T, linear @ values)
    moment = (normals * rest) @ normals.T / count
    size_of, vectors = np.linalg.eigh(moment)
    return np.ascontiguousarray(vectors[:, np.argsort(-np.abs(size_of), kind="stable")[:CURVED]].T)


def _least_squares(columns: list[Floats], values: Floats, weights: Floats) -> Floats:
    """Coefficients of regressors (k, count), besides a constant; a trace of a ridge makes them unique."""
    table, root = np.vstack([np.ones(values.size), *columns]), np.sqrt(weights)
    table *= root
    gram = table @ table.T
    gram[np.diag_indices_from(gram)] += RIDGE
    found: Floats = np.linalg.solve(gram, table @ (root * values))[1:]
    return found


def _normal(found: Quadratic) -> tuple[Floats, Floats]:
    """Mean and covariance of the normal law whose density is ``exp(b'e + e'He/2)`` times the standard one."""
    curvature, vectors = np.linalg.eigh(found.hessian)
    variance = 1.0 / (1.0 - np.clip(curvature, *STEEPEST))
    covariance = (vectors * variance) @ vectors.T
    mean = covariance @ found.slope
    return mean * min(1.0, FARTHEST / max(float(np.linalg.norm(mean)), 1e-300)), covariance


def _composed(proposal: Proposal, step: Floats, spread: Floats, widening: Floats, wider: float) -> Proposal:
    """The law of what a proposal makes of normals with mean `step` and covariance `spread`, scores widened besides."""
    d, q = proposal.mean.shape[1], proposal.score_mean.size
    directions = proposal.directions[0]
    stretch = 1.0 / np.sqrt(1.0 - proposal.curvature[0]) - 1.0
    root = np.eye(d) + directions.T @ (stretch[:, None] * directions)
    made = np.block([[root, np.zeros((d, q))], [proposal.score_follow @ root, proposal.score_root]])
    mean, covariance = made @ step, made @ spread @ made.T
    centre = proposal.mean[0] + mean[:d]
    scores = proposal.score_mean + proposal.score_follow @ proposal.mean[0] + mean[d:]
    follow = np.linalg.solve(covariance[:d, :d], covariance[:d, d:]).T
    left = covariance[d:, d:] - follow @ covariance[:d, d:]
    along, curvature = principal(covariance[:d, :d], d)
    widen = proposal.score_widen + np.linalg.solve(root, widening.T).T
    widen *= WIDEST / np.maximum(np.linalg.norm(widen, axis=1, keepdims=True), WIDEST)
    return Proposal(
        share=np.ones(1),
        mean=centre[None],
        directions=along[None],
        curvature=curvature[None],
        score_mean=scores - follow @ centre,
        score_follow=follow,
        score_root=wider * _symmetric_root(left),
        score_width=-widen @ centre,
        score_widen=widen,
    )


def _symmetric_root(covariance: Floats) -> Floats:
    variance, vectors = np.linalg.eigh(covariance)
    root: Floats = (vectors * np.sqrt(np.clip(variance, 0.01, 10.0))) @ vectors.T
    return root
