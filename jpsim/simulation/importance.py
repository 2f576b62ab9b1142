"""Importance weights of conditioned paths.

Under Student-t months the conditions say something about the months' scales, so paths whose scales
suit the conditions weigh more: ``N(c; 0, V_s)``, the density of the required values given the scales,
over the density from which stated values were drawn. Leaving the weights out is wrong without a warning:
tails come out too thin. Ranges are drawn given the scales, and weigh a path by their probability
(`jpsim.conditioning.truncation`). Where margins are stated, the weights are then tilted back to them with
least relative entropy (`jpsim.simulation.tilting`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.targets import TargetLaw
from jpsim.simulation.tilting import log_total

__all__ = ["effective_size", "log_model_density", "normalise"]

Floats = npt.NDArray[np.float64]


def normalise(log_weights: Floats) -> Floats:
    """Turn log weights into weights whose mean is 1."""
    weights: Floats = log_weights - log_total(log_weights)
    np.exp(weights, out=weights)
    weights *= log_weights.size
    return weights


def effective_size(weights: Floats) -> float:
    """Return ``(sum w)**2 / sum w**2`` (Kong, Liu and Wong 1994, doi:10.1080/01621459.1994.10476469)."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def log_model_density(law: TargetLaw, deviations: Floats) -> Floats:
    """Log density, up to a constant, of the values of rows with a stated law under the model's own, normal law.

    Months' scales that suit a draw of stated values are judged against it: what the stated law adds to or
    takes from the model's is no news about scales.

    Parameters
    ----------
    law
        Their law.
    deviations
        (a, count) values less their centres: marginal rows, then tables.
    """
    score = np.linalg.solve(np.linalg.cholesky(law.model_cov), deviations - law.model_gap[:, None])
    return np.asarray(-0.5 * (score**2).sum(axis=0))
