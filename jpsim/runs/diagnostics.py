"""What a run says about each of its scenarios, beyond the numbers of the summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

__all__ = ["PolicyPath", "ScenarioDiagnostics"]


class PolicyPath(TypedDict):
    """The policy rate of each month, in percent: what yields price at month 0 and what the scenario says.

    `surprise` is the departure that acts on markets, in percentage points.
    """

    priced: Sequence[float]
    scenario: Sequence[float]
    surprise: Sequence[float]


class ScenarioDiagnostics(TypedDict, total=False):
    """Diagnostics of one scenario; plain JSON, every key optional except `effective_sample`.

    Attributes
    ----------
    effective_sample
        Number of equally likely paths that the weighted sample is worth.
    warnings
        Sentences for the user.
    plausibility
        How far the scenario lies from what the model expects; scalars, or lists of rows.
    assumptions
        What was assumed, in words: sentences, or rows that share their keys.
    start
        Level of each factor at month 0, in its own unit.
    costs
        Conditions with their shares of the squared distance, dearest first: `row`, `share`, `surprise`.
    shocks
        Largest mean innovations that the conditions imply: `factor`, `month`, `sd`.
    extrapolation
        Furthest point of each factor's mean path from the model's forecast: `factor`, `month`, `departure` in its
        standard deviations, and `beyond`, historical sds outside the estimation sample's range, where known.
    premium
        Monthly shift of the equity premium.
    policy_path
        Priced path, scenario path and surprise of the policy rate.
    bands
        Closed-form mean, sd and quantiles of each factor by month.
    intervention
        Rule of currency intervention: threshold, whether it acts, probabilities by month.
    policy_rate
        Rule of the target: whether it decides, its steps, or the probability of the stated moves.
    regimes
        Regime to its probability, `prior` at month 0 and `posterior` given the conditions.
    """

    effective_sample: float
    warnings: Sequence[str]
    plausibility: Mapping[str, Any]
    assumptions: Sequence[str | Mapping[str, Any]]
    start: Mapping[str, float]
    costs: Sequence[Mapping[str, Any]]
    shocks: Sequence[Mapping[str, Any]]
    extrapolation: Sequence[Mapping[str, Any]]
    premium: Sequence[float]
    policy_path: PolicyPath
    bands: Mapping[str, Mapping[str, Sequence[float]]]
    intervention: Mapping[str, Any]
    policy_rate: Mapping[str, Any]
    regimes: Mapping[str, Mapping[str, float]]
