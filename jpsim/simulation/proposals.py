"""The family of proposals of mixing variables and scores: mixtures of normal laws, and their densities.

The same arithmetic as in the kernels (`jpsim.simulation.kernels.proposals`), for pilots.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from jpsim.simulation.kernels.proposals import TURN
from jpsim.simulation.law import Proposal

__all__ = [
    "components", "draw_normals", "draw_scores", "effective_share", "empty_proposal", "flattened", "levels", "log_odds",
    "offsets", "principal", "score_level",
]  # fmt: skip

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

VARIANCES: Final = (0.1, 10.0)
"""Ends of a component's variances, as multiples of the mixing variables' own."""
NO_CURVATURE: Final = 1e-3
"""Directions along which one less the precision is smaller than this are left out."""


def empty_proposal(months: int, scores: int) -> Proposal:
    """Propose the mixing variables' own law and standard normal scores."""
    d = 2 * months
    nothing = np.zeros((1, d)), np.zeros((1, 0, d)), np.zeros((1, 0))
    own = np.zeros(scores), np.zeros((scores, d)), np.eye(scores), np.zeros(scores), np.zeros((scores, d))
    return Proposal(np.ones(1), *nothing, *own)


def principal(covariance: Floats, most: int) -> tuple[Floats, Floats]:
    """Directions (r, D) and curvatures (r,) of a covariance, r at most `most`: those that change a normal law most."""
    variance, vectors = np.linalg.eigh(covariance)
    variance = np.clip(variance, *VARIANCES)
    curvature = 1.0 - 1.0 / variance
    chosen = np.argsort(np.log(variance) + 1.0 - variance, kind="stable")[:most]
    chosen = chosen[np.abs(curvature[chosen]) > NO_CURVATURE]
    return np.ascontiguousarray(vectors[:, chosen].T), curvature[chosen]


def offsets(proposal: Proposal) -> Floats:
    """(C, r) parts of the means along the directions."""
    found: Floats = np.einsum("crd,cd->cr", proposal.directions, proposal.mean)
    return found


def levels(proposal: Proposal) -> Floats:
    """(C,) constants of the log of the standard normal density over each component's."""
    found: Floats = 0.5 * (proposal.mean**2).sum(axis=1) - 0.5 * np.log1p(-proposal.curvature).sum(axis=1)
    return found


def score_level(proposal: Proposal) -> float:
    """Log determinant of what scores are multiplied by."""
    return float(np.linalg.slogdet(proposal.score_root)[1])


def components(proposal: Proposal, first: int, count: int) -> Integers:
    """Component of each path, as the kernels choose it."""
    place = (0.5 + np.arange(first, first + count, dtype=np.float64) * TURN) % 1.0
    return np.searchsorted(np.cumsum(proposal.share)[:-1], place, side="right").astype(np.int64)


def draw_normals(proposal: Proposal, component: Integers, normals: Floats) -> Floats:
    """Turn standard normals (2 h, count) of paths into those of their components."""
    out = np.empty_like(normals)
    for c in range(proposal.share.size):
        mine, directions = component == c, proposal.directions[c]
        stretch = 1.0 / np.sqrt(1.0 - proposal.curvature[c]) - 1.0
        own = normals[:, mine]
        out[:, mine] = proposal.mean[c][:, None] + own + directions.T @ (stretch[:, None] * (directions @ own))
    return out


def log_odds(proposal: Proposal, y: Floats) -> Floats:
    """(C, count) log of the standard normal density of y over each component's."""
    along = proposal.directions @ y - offsets(proposal)[..., None]
    bent = (proposal.curvature[..., None] * along**2).sum(axis=1)
    found: Floats = levels(proposal)[:, None] - proposal.mean @ y - 0.5 * bent
    return found


def draw_scores(proposal: Proposal, y: Floats, normals: Floats) -> tuple[Floats, Floats]:
    """Turn standard normals (q, count) into scores, given y; and the log (count,) of their prior over the proposal."""
    width = proposal.score_width[:, None] + proposal.score_widen @ y
    scores = proposal.score_mean[:, None] + proposal.score_follow @ y + proposal.score_root @ normals
    scores *= np.exp(width)
    return scores, score_level(proposal) + (width + 0.5 * (normals**2 - scores**2)).sum(axis=0)


def effective_share(log_weights: Floats) -> float:
    """Share of the pilots that their weights leave effective."""
    weights = np.exp(log_weights - log_weights.max())
    return float(weights.sum() ** 2 / (weights**2).sum() / weights.size)


def flattened(log_weights: Floats, least: float) -> Floats:
    """Weights that sum to 1, raised to the highest power, at most 1, that leaves a least share of pilots effective."""
    low, high = (1.0, 1.0) if effective_share(log_weights) >= least else (0.0, 1.0)
    for _ in range(40 if low < high else 0):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if effective_share(middle * log_weights) >= least else (low, middle)
    weights = np.exp(low * (log_weights - log_weights.max()))
    return np.asarray(weights / weights.sum(), dtype=np.float64)
