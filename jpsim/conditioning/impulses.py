"""Impulses: effects on equities that no macro factor carries, from the dictionary of channels.

A channel's prior says what one standard deviation of it does to prices by the end of its window, and
how uncertain that is. Only the part that is not priced in acts. Effects are spread over the series
through the model's own mix, so that aggregates stay coherent on every path.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.spreading import spread_over_series
from jpsim.days import Instant
from jpsim.dictionary import ImpulsePrior, channels
from jpsim.model import Model
from jpsim.scenario import Impulse

__all__ = ["ImpulseEffect", "impulse_cov", "impulse_effects"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ImpulseEffect:
    """What one impulse adds to the monthly returns of the base series.

    Parameters
    ----------
    channel
        Its id.
    mean
        (h, S) expected monthly effects, as simple returns.
    uncertainty
        Standard deviation of the whole effect, as a share of it.
    """

    channel: str
    mean: Floats
    uncertainty: float


def impulse_effects(model: Model, impulses: Mapping[str, Impulse], horizon: int) -> tuple[ImpulseEffect, ...]:
    """Derive the monthly effects of a scenario's impulses.

    Parameters
    ----------
    model
        Whose series are moved.
    impulses
        Channel to impulse; every channel has a prior in the dictionary.
    horizon
        Months h.
    """
    effects = []
    for name, impulse in impulses.items():
        prior = channels()[name].impulse
        assert prior is not None  # channels without a prior were refused by name
        size = impulse.size.value * (1.0 - impulse.priced_in)
        whole = size * spread_over_series(model, prior.effects) / 100.0
        monthly = np.outer(_profile(impulse, prior, model.as_of, horizon), whole)
        effects.append(ImpulseEffect(name, monthly, prior.uncertainty))
    return tuple(effects)


def impulse_cov(effects: tuple[ImpulseEffect, ...], weights: Floats) -> Floats:
    """(R, 1 or h, 1 or h) covariances between months that uncertain effects bring to R sums of base series.

    Parameters
    ----------
    effects
        The impulses; the size of each is drawn once per path.
    weights
        (R, S) weights of the base series.
    """
    cov = np.zeros((weights.shape[0], 1, 1))
    for effect in effects:
        monthly = weights @ effect.mean.T * effect.uncertainty
        cov = cov + monthly[:, :, None] * monthly[:, None, :]
    return cov


def _profile(impulse: Impulse, prior: ImpulsePrior, as_of: Instant, horizon: int) -> Floats:
    """(h,) shares of the effect by month, summing to 1 over the impulse's own window."""
    shares = np.zeros(horizon)
    if impulse.when is not None:
        shares[impulse.when.index(as_of) - 1] = 1.0
        return shares
    months = impulse.over.index(as_of) if impulse.over is not None else horizon
    weights = np.ones(months) if prior.profile == "even" else np.arange(months, 0, -1.0)
    shares[: min(months, horizon)] = (weights / weights.sum())[:horizon]
    return shares
