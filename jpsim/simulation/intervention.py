"""The rule of currency intervention, where the scenario itself says where the yen goes.

A scenario that conditions USD/JPY has decided the path, interventions included; the rule then reports
how likely intervention would be on that path, and changes nothing.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt
from scipy.special import expit

__all__ = ["InterventionRisk", "intervention_risk"]

Floats = npt.NDArray[np.float64]

_FREE = 4.0  # depreciation over three months, in %, that does not yet count as disorderly


@dataclass(frozen=True, slots=True)
class InterventionRisk:
    """Probability of at least one intervention up to each month.

    Parameters
    ----------
    threshold
        Level in yen per dollar.
    probability, error
        (h,) probabilities and their Monte Carlo standard errors.
    """

    threshold: float
    probability: Floats
    error: Floats

    def __str__(self) -> str:
        return (
            f"reported, not applied: probability {self.probability[-1]:.0%} ± {self.error[-1]:.1%} of at least one "
            f"intervention near {self.threshold:g} yen on this path (prior)"
        )

    def to_dict(self) -> dict[str, object]:
        """Plain JSON."""
        return {
            "threshold": self.threshold,
            "probability": self.probability.tolist(),
            "error": self.error.tolist(),
        }


def intervention_risk(levels: Floats, start: float, weights: Floats, threshold: float) -> InterventionRisk:
    """Judge how likely intervention is on given paths of USD/JPY.

    Parameters
    ----------
    levels
        (h, count) month-end levels.
    start
        Level at month 0.
    weights
        (count,) weights that sum to 1.
    threshold
        Level near which intervention becomes likely.
    """
    prior = _prior()
    with_start = np.vstack([np.full((3, levels.shape[1]), start), levels])
    speed = 100.0 * np.log(with_start[3:] / with_start[:-3])
    logit = (
        prior["intercept"]
        + prior["slope"] * (levels - threshold) / 2.0
        + prior["speed"] * np.maximum(speed - _FREE, 0.0)
    )
    ever = 1.0 - np.cumprod(1.0 - expit(logit), axis=0)
    probability = (ever * weights).sum(axis=1)
    error = np.sqrt(((ever - probability[:, None]) ** 2 * weights**2).sum(axis=1))
    return InterventionRisk(threshold, probability, error)


@cache
def _prior() -> dict[str, float]:
    text = files("jpsim").joinpath("data", "rules.toml").read_text(encoding="utf-8")
    table: dict[str, float] = tomllib.loads(text)["fx_intervention"]
    return table
