"""What random scales do to the model's own law of single quantities, by which their drawn values are judged.

A path whose scales are s and whose drawn value is x weighs ``N(x; V_s) / m(x)``, m the model's density of x. Any
function of one quantity alone may stand for m, since the weights are tilted to the stated margins
afterwards; but where a stated margin is wide, values far out are judged against a normal density that the
model's tails exceed by far, and few paths carry the weight. The excess is averaged over pilots of the
scales, at nodes of each quantity, the others at their means given it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.targets import TargetLaw
from jpsim.simulation.importance import log_model_density
from jpsim.special import log_sum_exp

__all__ = ["MarginShapes", "find_shapes"]

Floats = npt.NDArray[np.float64]

NODES: Final = 25
REACH: Final = 6.0
"""How far the nodes go from a stated mean, in stated standard deviations."""
EVALUATIONS: Final = 16_384
FEWEST: Final = 256
"""Pilots at a node."""


@dataclass(frozen=True, eq=False)
class MarginShapes:
    """Log of the model's density of each of a quantities over the normal one, up to constants.

    Parameters
    ----------
    nodes, log_excess
        (a, K) scores of the quantity under the normal law, ascending, and the logs there.
    """

    nodes: Floats
    log_excess: Floats

    def at(self, law: TargetLaw, deviations: Floats) -> Floats:
        """(count,) sum over the quantities of a law that differs at most in its parameters."""
        out = np.zeros(deviations.shape[1])
        for nodes, logs, score in zip(self.nodes, self.log_excess, _scores(law, deviations), strict=True):
            out += np.interp(score, nodes, logs) + _beyond(score, nodes, logs)
        return out


def _beyond(score: Floats, nodes: Floats, logs: Floats) -> Floats:
    """What straight lines through the last two nodes on each side add outside of them."""
    first, *_, last = np.diff(logs) / np.diff(nodes)
    below, above = np.minimum(score - nodes[0], 0.0), np.maximum(score - nodes[-1], 0.0)
    added: Floats = first * below + last * above
    return added


def find_shapes(law: TargetLaw, log_likelihoods: Callable[[Floats], Floats]) -> MarginShapes:
    """Average the model's density at the nodes.

    Parameters
    ----------
    law
        Law of the drawn values.
    log_likelihoods
        From (a, count) deviations of stated values the log density of each given the scales of as many pilots.
    """
    stated = law.stated.size
    sd, model_sd = np.sqrt(np.diag(law.stated.cov)), np.sqrt(np.diag(law.model_cov))
    places = np.linspace(-REACH, REACH, NODES) * sd[:, None]  # (a, K) deviations
    points = np.concatenate([_through(law, i, places[i]) for i in range(stated)], axis=1)
    pilots = max(FEWEST, EVALUATIONS // points.shape[1])
    density = log_likelihoods(np.repeat(points, pilots, axis=1)).reshape(-1, pilots)
    excess = log_sum_exp(density) - log_model_density(law, points)
    return MarginShapes((places - law.model_gap[:, None]) / model_sd[:, None], excess.reshape(stated, NODES))


def _through(law: TargetLaw, row: int, places: Floats) -> Floats:
    """(a, K) deviations at which a row has given ones, and the others their means given it."""
    slope = law.model_cov[:, row] / law.model_cov[row, row]
    return np.asarray(law.model_gap[:, None] + slope[:, None] * (places - law.model_gap[row]))


def _scores(law: TargetLaw, deviations: Floats) -> Floats:
    """Scores (a, count) of the rows with a stated law under the model's normal law."""
    sd: Floats = np.sqrt(np.diag(law.model_cov))[:, None]
    return np.asarray((deviations - law.model_gap[:, None]) / sd)
