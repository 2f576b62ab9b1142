"""Proposals for laws near one whose proposal is fitted: the same requirements at another draw of the parameters.

A draw of the parameters moves what requirements say of months' scales and of drawn values by little, and by a smooth
function: on common pilots the difference of the two laws' log weights is nearly quadratic in the normals that the
pilots were drawn from, where each log weight alone is not. Its least-squares coefficients have little noise on few
pilots, and the regressors, being those of all draws, are put together once. The fitted proposal, times the exponential
of the difference, is the draw's own: efficient importance sampling with the fitted law as control variate.

Of a mixture each component is tilted by the linear part, which keeps its covariance and changes mean and share.

References
----------
Richard, Zhang (2007), Efficient high-dimensional importance sampling. https://doi.org/10.1016/j.jeconom.2007.02.007
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from jpsim.simulation.law import Law, Proposal
from jpsim.simulation.one_thread import one_thread
from jpsim.simulation.pilots import Drawn, Judged, Pilots
from jpsim.simulation.proposals import effective_share, flattened
from jpsim.simulation.weight_regression import LEAST_EFFECTIVE, Quadratic, moved

__all__ = ["Refitting"]

Floats = npt.NDArray[np.float64]

COUNT: Final = 1024
"""Pilots."""
MOST_PAIRED: Final = 64
"""Normals whose products all are regressors; with more only their squares are."""
RIDGE: Final = 0.01
"""Of the regressors' mean squares: there are about as many as pilots."""


@dataclass(frozen=True, eq=False)
class Refitting:
    """Pilots of a law, weighed and made regressors of.

    Parameters
    ----------
    proposal
        That the law has.
    seed
        Key of the generator.
    places
        Positions of the regressed normals among the 2 h of the mixing variables and the scores.
    log_weights
        (count,) of the pilots under the law.
    solution
        (F, count) what turns differences of log weights into coefficients.
    """

    proposal: Proposal
    seed: int
    places: npt.NDArray[np.int64]
    log_weights: Floats
    solution: Floats

    @classmethod
    @one_thread()
    def of(cls, law: Law, seed: int, judged: Judged | None) -> Self:
        """Draw the pilots of a law that has a proposal; arguments as in `fit_proposal`."""
        assert law.mixing is not None
        assert law.mixing.proposal is not None
        proposal, pilots = law.mixing.proposal, Pilots(law, law.mixing, seed, judged)
        drawn = pilots.draw(proposal, 0, COUNT)
        scores, months = proposal.score_mean.size, proposal.mean.shape[1]
        places = np.concatenate([pilots.active, months + np.arange(scores)])
        table = _regressors(_taken(proposal, drawn)[places], scores, linear=proposal.share.size > 1)
        root = np.sqrt(COUNT * flattened(drawn.log_weights, LEAST_EFFECTIVE))
        table *= root
        gram = table.T @ table + RIDGE * COUNT * np.eye(COUNT)
        solution = np.asarray(np.linalg.solve(gram, table.T).T * root, dtype=np.float64)
        return cls(proposal, seed, places, drawn.log_weights, solution)

    @one_thread()
    def proposal_of(self, law: Law, judged: Judged | None) -> Proposal:
        """Fit the proposal of a law near the pilots' own; a mixture stays what it is where tilting makes it worse."""
        assert law.mixing is not None
        pilots = Pilots(law, law.mixing, self.seed, judged)
        found = pilots.draw(self.proposal, 0, COUNT).log_weights
        coefficients = (self.solution @ (found - self.log_weights))[1:]
        if self.proposal.share.size == 1:
            return moved(self.proposal, self.places, self._quadratic(coefficients))
        tilted = self._tilted(coefficients)
        after = pilots.draw(tilted, COUNT, COUNT).log_weights
        return tilted if effective_share(after) > effective_share(found) else self.proposal

    def _quadratic(self, coefficients: Floats) -> Quadratic:
        """Put coefficients in the order of `_regressors` into a form."""
        size, scores = self.places.size, self.proposal.score_mean.size
        pairs = size * (size - 1) // 2 if size <= MOST_PAIRED else 0
        cuts = np.cumsum([size, size, pairs])
        slope, square, product, widening = np.split(coefficients, cuts)
        hessian = np.diag(2.0 * square)
        if pairs:
            lower, upper = np.triu_indices(size, 1)
            hessian[lower, upper] = hessian[upper, lower] = product
        return Quadratic(slope, hessian, widening.reshape(scores, size - scores))

    def _tilted(self, slope: Floats) -> Proposal:
        """The mixture's density times ``exp(slope' (y, scores' own normals))``."""
        one, months = self.proposal, self.proposal.mean.shape[1]
        whole = np.zeros(months + one.score_mean.size)
        whole[self.places] = slope
        tilt, scores = np.split(whole, [months])
        along = one.directions @ tilt
        step = tilt + np.einsum("crd,cr->cd", one.directions, along * one.curvature / (1.0 - one.curvature))
        log_share = np.log(one.share) + (one.mean + 0.5 * step) @ tilt
        share = np.exp(log_share - log_share.max())
        return one._replace(
            share=share / share.sum(), mean=one.mean + step, score_mean=one.score_mean + one.score_root @ scores
        )


def _taken(proposal: Proposal, drawn: Drawn) -> Floats:
    """(2 h + q, count) what log weights are regressed on: of a mixture what all its components share."""
    if proposal.share.size == 1:
        return drawn.normals
    return np.concatenate([drawn.y, drawn.normals[drawn.y.shape[0] :]])


def _regressors(normals: Floats, scores: int, *, linear: bool) -> Floats:
    """(F, count) a constant, normals, their squares, their products, and the widening of scores."""
    size, count = normals.shape
    columns = [np.ones((1, count)), normals]
    if not linear:
        mixed, last = np.split(normals, [size - scores])
        lower, upper = np.triu_indices(size if size <= MOST_PAIRED else 0, 1)
        wide = (last[:, None] ** 2 - 1.0) * mixed
        columns += [normals**2 - 1.0, normals[lower] * normals[upper], wide.reshape(-1, count)]
    return np.concatenate(columns)
