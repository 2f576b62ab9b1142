"""A series' monthly returns within a scenario, as a normal law, and a departure from their mean path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.impulses import impulse_cov
from jpsim.conditioning.premium import series_weights
from jpsim.conditioning.scenario_law import ScenarioLaw

__all__ = ["Departure", "ReturnLaw", "monthly_law"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ReturnLaw:
    """Normal law of a series' monthly returns over the first t months of a scenario, nonlinear terms apart.

    Parameters
    ----------
    mean
        (t,) mean returns.
    along
        (t, h n) derivatives with respect to the stacked shocks.
    factor_cov
        (t, t) covariance that the factors bring.
    impulses
        Channel to the (t, t) covariance that the uncertainty of its size brings.
    residual
        Variance of the series' own part of a month.
    """

    mean: Floats
    along: Floats
    factor_cov: Floats
    impulses: Mapping[str, Floats]
    residual: float

    @property
    def cov(self) -> Floats:
        """(t, t) covariance of the returns."""
        own = self.residual * np.eye(self.mean.size)
        return self.factor_cov + sum(self.impulses.values(), start=own)


@dataclass(frozen=True, eq=False)
class Departure:
    """How a path departs from the mean path to suffer a loss.

    Parameters
    ----------
    returns
        (t,) returns of the path.
    shocks
        (h, n) shifts of the shocks.
    own, channels
        (t,) monthly returns that the series' own part brings, and those of each impulse.
    forces
        Multipliers of the rows that are held at a bound, by row.
    distance, factor_share
        Its length, and the share of the squared length that is spent on factors' shocks.
    probability
        Probability of such a loss under the normal law; only where no row is held.
    """

    returns: Floats
    shocks: Floats
    own: Floats
    channels: Mapping[str, Floats]
    forces: Mapping[int, float]
    distance: float
    factor_share: float
    probability: float


def monthly_law(law: ScenarioLaw, series: str, months: int) -> ReturnLaw:
    """Derive the normal law of a series' first monthly returns within a scenario.

    Parameters
    ----------
    law
        The scenario's law.
    series
        A base series or aggregate.
    months
        Number of months t, at most the horizon.
    """
    conditional, model = law.conditional, law.conditional.system.model
    h, n = conditional.stacked.exposure.shape[0], len(model.factors)
    weights = series_weights(conditional, series)
    exposure = weights @ model.loadings
    along = np.zeros((months, h * n))
    for t in range(months):
        along[t, t * n : (t + 1) * n] = exposure @ conditional.system.impact[t, :n]
    mean = (law.drift @ weights + conditional.mean_innovations @ exposure)[:months]
    impulses = {effect.channel: impulse_cov((effect,), weights[None])[0, :months, :months] for effect in law.impulses}
    factor_cov = along @ conditional.shock_cov @ along.T
    return ReturnLaw(mean, along, factor_cov, impulses, float(weights @ model.residual_cov @ weights))
