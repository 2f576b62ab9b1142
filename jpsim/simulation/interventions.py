"""Currency intervention in a story: how likely it is, month by month.

A scenario that conditions USD/JPY has decided the path, interventions included; the rule then reports how
likely intervention would be on that path, and changes nothing. Where USD/JPY is free the rule acts in the
kernels, and what is reported is the share of paths on which it did.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jpsim.dictionary import rule_priors

__all__ = ["InterventionRisk", "intervention_risk", "intervention_share"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class InterventionRisk:
    """Probability of at least one intervention up to each month.

    Parameters
    ----------
    threshold
        Level in yen per dollar.
    probability, error
        (h,) probabilities and their Monte Carlo standard errors.
    expected
        (h,) expected number of interventions in each month.
    acts
        Whether interventions act on the paths.
    """

    threshold: float
    probability: Floats
    error: Floats
    expected: Floats
    acts: bool

    def __str__(self) -> str:
        risk = f"probability {self.probability[-1]:.0%} ± {self.error[-1]:.1%} of at least one intervention"
        near = f"near {self.threshold:g} yen"
        if not self.acts:
            return f"reported, not applied: {risk} {near} on this path (prior)"
        return f"acts on the paths: {risk} {near}, {self.expected.sum():.1f} expected (prior)"

    def to_dict(self) -> dict[str, object]:
        """Plain JSON."""
        return {
            "threshold": self.threshold,
            "acts": self.acts,
            "probability": self.probability.tolist(),
            "error": self.error.tolist(),
            "expected": self.expected.tolist(),
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
    prior = rule_priors("fx_intervention")
    with_start = np.vstack([np.full((3, levels.shape[1]), start), levels])
    speed = 100.0 * np.log(with_start[3:] / with_start[:-3])
    logit = (
        prior["intercept"]
        + prior["slope"] * (levels - threshold) / 2.0
        + prior["speed"] * np.maximum(speed - prior["free"], 0.0)
    )
    monthly = 1.0 / (1.0 + np.exp(-logit))
    return _risk(threshold, monthly, 1.0 - np.cumprod(1.0 - monthly, axis=0), weights, acts=False)


def intervention_share(fired: Floats, weights: Floats, threshold: float) -> InterventionRisk:
    """Weighted shares of paths with interventions.

    Parameters
    ----------
    fired
        (h, count) 1 in months with an intervention.
    weights, threshold
        As in `intervention_risk`.
    """
    return _risk(threshold, fired, np.maximum.accumulate(fired, axis=0), weights, acts=True)


def _risk(threshold: float, monthly: Floats, ever: Floats, weights: Floats, *, acts: bool) -> InterventionRisk:
    probability = ever @ weights
    error = np.sqrt((ever - probability[:, None]) ** 2 @ weights**2)
    return InterventionRisk(threshold, probability, error, monthly @ weights, acts)
