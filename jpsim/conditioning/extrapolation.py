"""How far a scenario's mean paths leave what the model expects, and what its sample has seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.conditional import Conditional
from jpsim.conditioning.drivers import exogenous_factors
from jpsim.conditioning.meetings import EXPECTED_RATE
from jpsim.conditioning.stacked import stacked_moments
from jpsim.conditioning.system import System
from jpsim.days import Step, say_step
from jpsim.model import Model

__all__ = ["BEYOND", "FAR", "Extrapolation", "find_extrapolations", "warn_of"]

Floats = npt.NDArray[np.float64]

FAR = 3.0
"""Departure from the model's own mean, in standard deviations of its forecast, from which a factor's path warns."""
BEYOND = 1.0
"""Historical standard deviations outside the sample's range from which a factor's path warns."""
_YEAR = 12
_STILL = 1e-6


@dataclass(frozen=True, slots=True)
class Extrapolation:
    """The furthest point of a factor's mean path.

    Parameters
    ----------
    factor
        Its id.
    month, departure
        Where its mean is furthest from the model's own, and by how many standard deviations of the model's forecast.
    beyond
        By how many historical standard deviations its mean leaves the range of the estimation sample: levels,
        or changes over a year for a factor in differences; 0 inside, None if the model does not know its history.
    expected_beyond
        The same of the model's own mean path: rates may be on their way out of the sample's range anyway.
    """

    factor: str
    month: int
    departure: float
    beyond: float | None
    expected_beyond: float | None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        known = {} if self.beyond is None else {"beyond": self.beyond, "expected_beyond": self.expected_beyond}
        return {"factor": self.factor, "month": self.month, "departure": self.departure} | known


def find_extrapolations(conditional: Conditional, forecast: System | None = None) -> tuple[Extrapolation, ...]:
    """Judge the mean path of every factor, the furthest departure first.

    Imposed factors are left out, and the expected policy rate, for which the rate itself speaks.

    Parameters
    ----------
    conditional
        The law given the conditions.
    forecast
        The recursion that forecasts, if the law's own is not the model's, because it follows an announced path.
    """
    system, model = forecast or conditional.system, conditional.system.model
    h, n = system.horizon, system.impact.shape[2]
    free = stacked_moments(system, np.zeros((h, n)), np.eye(h * n))
    left_out = exogenous_factors() | {EXPECTED_RATE}
    found = []
    for position, factor in enumerate(model.factors):
        if factor in left_out:
            continue
        row, constant = system.level_row(position)
        mean, expected = conditional.moments.mean @ row + constant, free.mean @ row + constant
        sd = np.sqrt(np.maximum(np.einsum("i,hij,j->h", row, free.cov, row), 0.0))
        apart = np.where(sd > _STILL, mean - expected, 0.0) / np.maximum(sd, _STILL)
        month = int(np.argmax(np.abs(apart)))
        start = float(row @ system.start) + constant
        beyond = [_beyond(model, position, start, path) for path in (mean, expected)]
        found.append(Extrapolation(factor, month + 1, float(apart[month]), *beyond))
    return tuple(sorted(found, key=lambda one: -abs(one.departure)))


def warn_of(found: tuple[Extrapolation, ...], step: Step = "month") -> list[str]:
    """Plain warnings about factors that leave the model's forecast, or its experience, far behind."""
    far = [
        f"{one.factor} ({one.departure:+.1f} sd {say_step(one.month, step)})"
        for one in found
        if abs(one.departure) > FAR
    ]
    new = [f"{one.factor} ({one.beyond:.1f} sd)" for one in found if _is_new(one)]
    said = []
    if far:
        said.append(f"far from the model's own forecast: {', '.join(far)}; its linear answer is an extrapolation there")
    if new:
        said.append(f"outside the range of the estimation sample: {', '.join(new)}, in historical standard deviations")
    return said


def _is_new(one: Extrapolation) -> bool:
    """Whether the scenario, and not already the model's own forecast, leaves the sample's range."""
    return one.beyond is not None and one.beyond - (one.expected_beyond or 0.0) > BEYOND


def _beyond(model: Model, position: int, start: float, mean: Floats) -> float | None:
    history: Mapping[str, Mapping[str, float]] = model.meta.get("history", {})
    known = history.get(model.factors[position])
    if known is None:
        return None
    path, seen = np.concatenate([[start], mean]), mean
    if model.in_differences[position]:
        seen = path[_YEAR:] - path[:-_YEAR] if path.size > _YEAR else path[-1:] - start
    out = max(float(seen.max()) - known["high"], known["low"] - float(seen.min()), 0.0)
    return out / known["sd"]
