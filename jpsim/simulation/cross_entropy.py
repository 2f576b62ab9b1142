"""A proposal for the months' mixing variables, and for drawn values, that suits what a law requires.

Hard or distant requirements say that some months were wilder than usual, and values that are drawn far from the
model's mean say it, too. Drawn from their own law, few scales agree with that, and few paths carry the weight. The
proposal is a normal law of the standard normals that make the mixing variables and the drawn values, found by efficient
importance sampling on pilots (`jpsim.simulation.weight_regression`).

Under Student-t months a distant requirement is met by one huge month, and any month may be the one: the law given the
requirements has several modes, which no single normal law has. Where one component leaves too few effective pilots,
the proposal becomes a mixture, with a component for each month that may be the huge one, fitted by the weighted EM
algorithm: each round is the member of the family nearest in Kullback-Leibler divergence to the law given the
requirements, as weighted pilots show it. While few pilots carry the weight, the weights are flattened so that a share
of them stays effective. Paths are weighed over the density of the whole mixture (Veach and Guibas 1995,
doi:10.1145/218380.218498; Owen and Zhou 2000, doi:10.1080/01621459.2000.10473909). Weights over the proposal are exact
for any proposal; it only decides how even they are.

References
----------
Rubinstein, Kroese (2004), The cross-entropy method. https://doi.org/10.1007/978-1-4757-4321-1

Cappe, Douc, Guillin, Marin, Robert (2008), Adaptive importance sampling in general mixture classes.
https://doi.org/10.1007/s11222-008-9059-x
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from jpsim.errors import InputError
from jpsim.simulation.law import Law, Mixing, Proposal
from jpsim.simulation.one_thread import one_thread
from jpsim.simulation.pilots import Judged, Pilots
from jpsim.simulation.proposals import effective_share, empty_proposal, flattened, log_odds, principal
from jpsim.simulation.weight_regression import regressed

__all__ = ["fit_proposal"]

Floats = npt.NDArray[np.float64]
LEAST_EFFECTIVE: Final = 0.1
"""Share of the pilots of a mixture that stays effective in each round."""
ENOUGH: Final = 0.9
"""Share of effective pilots from which one component is enough."""
MIXTURE_ROUNDS: Final = 7
MIXTURE_PILOTS: Final = 4
"""Pilots of a mixture, as a multiple of those of one component."""
HUGE: Final = 3.0
"""Normal score of a component's huge month, to begin with."""
LEAST_SHARE: Final = 0.01
"""Of a component: what keeps the weights of its month's paths bounded."""
MOST_DIRECTIONS: Final = 4
"""In which the variances of a mixture's component differ from one."""
OWN_PILOTS: Final = 50.0
"""Pilots of the mixing variables' own law that a component's covariance is drawn to."""


@one_thread()
def fit_proposal(
    law: Law,
    seed: int,
    judged: Judged | None = None,
    *,
    pilots: int = 4096,
    rounds: int = 3,
    mixtures: bool = True,
) -> Proposal:
    """Fit the proposal of a law's mixing variables and of its drawn values.

    Parameters
    ----------
    law
        With requirements on mixed shocks; a proposal of one component that it already has is where the fit begins.
    seed
        Key of the generator; pilots are drawn from streams of their own.
    judged
        Targets and other weights of pilots whose values are drawn; None where none are.
    pilots, rounds
        Number of pilot paths of the last regression, the others taking half, and of regressions.
    mixtures
        Whether the proposal may become a mixture.

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
    drawn = Pilots(law, law.mixing, seed, judged)
    scores = 0 if judged is None else law.mixing.free - law.mixing.ranges
    proposal = law.mixing.proposal or empty_proposal(law.mixing.exposure.shape[0], scores)
    for number in range(1, rounds + 1):
        found = drawn.draw(proposal, 0, pilots if number == rounds else pilots // 2)
        proposal = regressed(proposal, drawn.active, found.normals, found.log_weights)
    if not mixtures or not np.isfinite(law.mixing.nu):
        return proposal
    if effective_share(drawn.draw(proposal, pilots, pilots).log_weights) >= ENOUGH:
        return proposal
    return _fit_mixture(drawn, proposal, MIXTURE_PILOTS * pilots)


def _fit_mixture(drawn: Pilots, one: Proposal, pilots: int) -> Proposal:
    """Fit a mixture that starts with one component and a huge month each, on new pilots in each round.

    Returns
    -------
    The proposal under which most pilots were effective, the one component included.
    """
    best, share = one, effective_share(drawn.draw(one, pilots, pilots).log_weights)
    proposal = _with_huge_months(drawn.mixing, one)
    for number in range(1, MIXTURE_ROUNDS + 1):
        found = drawn.draw(proposal, number * pilots, pilots)
        if (effective := effective_share(found.log_weights)) > share:
            best, share = proposal, effective
        proposal = _reweighted(proposal, drawn.active, found.y, flattened(found.log_weights, LEAST_EFFECTIVE))
    return best


def _with_huge_months(mixing: Mixing, one: Proposal) -> Proposal:
    """Mixture of a component and, for each month that requirements depend on, one in which it is huge."""
    months = np.flatnonzero(np.abs(mixing.exposure).sum(axis=(1, 2)) > 0.0)
    size, d = months.size + 1, one.mean.shape[1]
    mean, directions = np.zeros((size, d)), np.zeros((size, MOST_DIRECTIONS, d))
    curvature = np.zeros((size, MOST_DIRECTIONS))
    mean[0] = one.mean[0]
    mean[np.arange(1, size), months] = HUGE
    kept = min(MOST_DIRECTIONS, one.curvature.shape[1])
    directions[0, :kept], curvature[0, :kept] = one.directions[0, :kept], one.curvature[0, :kept]
    return one._replace(share=np.full(size, 1.0 / size), mean=mean, directions=directions, curvature=curvature)


def _reweighted(proposal: Proposal, active: npt.NDArray[np.int64], y: Floats, weights: Floats) -> Proposal:
    """One round of the weighted EM algorithm: each component from weights (count,) that sum to 1."""
    logs = np.log(proposal.share)[:, None] - log_odds(proposal, y)
    own = np.exp(logs - logs.max(axis=0))
    own *= weights / own.sum(axis=0)
    total = own.sum(axis=1)
    mean, directions, curvature = (np.array(part) for part in proposal[1:4])
    for c in np.flatnonzero(total > 0.1 * LEAST_SHARE):  # a component that few pilots speak for stays what it is
        share = own[c] / total[c]
        mean[c, active] = y[active] @ share
        found = principal(_drawn_in(y[active] - mean[c, active][:, None], share), MOST_DIRECTIONS)
        directions[c], curvature[c] = 0.0, 0.0
        directions[c, : found[1].size, active], curvature[c, : found[1].size] = found[0].T, found[1]
    share = np.maximum(total, LEAST_SHARE)
    return proposal._replace(share=share / share.sum(), mean=mean, directions=directions, curvature=curvature)


def _drawn_in(apart: Floats, share: Floats) -> Floats:
    """Covariance of weighted pilots, drawn towards the own one as far as few of them are effective."""
    effective = 1.0 / (share**2).sum()
    covariance = effective * (apart * share) @ apart.T + OWN_PILOTS * np.eye(apart.shape[0])
    return np.asarray(covariance / (effective + OWN_PILOTS), dtype=np.float64)
