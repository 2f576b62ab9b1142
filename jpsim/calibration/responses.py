"""What the structural shocks do: impulse responses and signs, with bands over posterior draws and rotations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jpsim.calibration.identification import Identified
from jpsim.calibration.steady_state import companion
from jpsim.model.core import Model

__all__ = [
    "EQUITIES",
    "MONTHS",
    "ResponseDraws",
    "ResponseRow",
    "SignProbability",
    "impact",
    "impact_draws",
    "impulse_responses",
    "response_draws",
    "response_rows",
    "sign_probabilities",
]

Floats = npt.NDArray[np.float64]

MONTHS = (0, 3, 12, 24)
_RATES = frozenset({"jgb_2y", "jgb_10y", "jgb_30y", "us_policy_rate", "us_10y", "boj_policy_shadow"})
_SHOWN = (
    *("jgb_2y", "jgb_10y", "jgb_30y", "boj_policy_shadow", "usdjpy", "us_10y", "sp500", "semiconductors"),
    *("oil", "vix", "japan_activity", "core_cpi"),
)
EQUITIES = (
    ("topix", ""),
    ("banks", "topix"),
    ("financials_ex_banks", "topix"),
    ("autos", "topix"),
    ("electric_precision", "topix"),
    ("real_estate", "topix"),
    ("small", "core30"),
    ("growth", "topix"),
)


@dataclass(frozen=True, eq=False)
class ResponseRow:
    """Responses of one variable to one standard deviation of a shock at `MONTHS`.

    `point` (4,) is the model's, `band` (2, 4) the 5% and 95% points over posterior draws and rotations. Rates in basis
    points, equities and factors in differences in percent since the shock, other factors in their own unit.
    """

    shock: str
    variable: str
    unit: str
    point: Floats
    band: Floats


@dataclass(frozen=True)
class SignProbability:
    """Share of posterior draws and rotations in which a variable rises on impact; `imposed` says by which bound."""

    shock: str
    variable: str
    rises: float
    imposed: str


@dataclass(frozen=True, eq=False)
class ResponseDraws:
    """Posterior draws of the shocks' effects, R rotations of each of D draws of the parameters.

    Parameters
    ----------
    B
        (D, p, n, n) lag matrices.
    equities
        (D, S + G, n) loadings of the series and aggregates on the innovations, in percent.
    impacts
        (R, D, n, k) responses of the innovations to one standard deviation.
    """

    B: Floats
    equities: Floats
    impacts: Floats


def impulse_responses(B: Floats, impacts: Floats, in_differences: npt.NDArray[np.bool_], months: int) -> Floats:
    """Responses of the factors, summed where they are monthly differences.

    Parameters
    ----------
    B
        (p, n, n) lag matrices.
    impacts
        (..., n, k) responses in month 0.
    in_differences
        (n,) factors whose responses are summed.
    months
        Last month.

    Returns
    -------
    (..., months + 1, n, k).
    """
    p, n = B.shape[:2]
    transition, power, out = companion(B), np.eye(p * n), []
    for _ in range(months + 1):
        out.append(power[:n, :n] @ impacts)
        power = power @ transition
    path = np.stack(out, axis=-3)
    return np.where(in_differences[:, None], np.cumsum(path, axis=-3), path)


def response_draws(model: Model, impacts: Floats) -> ResponseDraws:
    """Effects under the draws that a model keeps; `impacts` (R, D, n, k) are those of `posterior_impacts`."""
    draws = model.draws
    if draws is None:
        raise ValueError("the model keeps no draws")
    equities = np.concatenate([draws.loadings, model.aggregation @ draws.loadings], axis=1)
    return ResponseDraws(draws.B, 100.0 * equities, impacts)


def response_rows(model: Model, identified: Identified, drawn: ResponseDraws) -> list[ResponseRow]:
    """Responses of telling factors and equities; equities react in month 0 and stay where they are."""
    point = impulse_responses(model.B, identified.impacts, model.in_differences, MONTHS[-1])[list(MONTHS)]
    sets = np.concatenate(
        [
            impulse_responses(B, drawn.impacts[:, d], model.in_differences, MONTHS[-1])[:, list(MONTHS)]
            for d, B in enumerate(drawn.B)
        ]
    )
    rows = []
    for j, shock in enumerate(identified.shocks):
        for name in _SHOWN:
            i, scale = model.factor(name), 100.0 if name in _RATES else 1.0
            band = np.quantile(sets[:, :, i, j] * scale, [0.05, 0.95], axis=0)
            rows.append(ResponseRow(shock, name, _unit(model, name), point[:, i, j] * scale, band))
        for name, versus in EQUITIES:
            told, drawn_told = impact(model, identified, name, versus)[j], impact_draws(model, drawn, name, versus)
            band = np.quantile(drawn_told[:, j], [0.05, 0.95])
            flat = np.ones(len(MONTHS))
            label = f"{name} against {versus}" if versus else name
            rows.append(ResponseRow(shock, label, "%", float(told) * flat, np.outer(band, flat)))
    return rows


def sign_probabilities(
    model: Model, identified: Identified, drawn: ResponseDraws, settings: dict[str, Any]
) -> list[SignProbability]:
    """Signs on impact of every factor and the telling equities, and which of them the table imposes."""
    rows = []
    variables = [*((name, "") for name in model.factors[:-1]), *EQUITIES]
    for name, versus in variables:
        rises = (impact_draws(model, drawn, name, versus) > 0).mean(axis=0)
        for j, shock in enumerate(identified.shocks):
            bounds = settings["shocks"][shock]["bounds"]
            imposed = _imposed(bounds[name]) if not versus and name in bounds else ""
            if shock == "monetary_policy" and not versus and name in settings["announcements"]:
                imposed = "decision days"
            label = f"{name} against {versus}" if versus else name
            rows.append(SignProbability(shock, label, float(rises[j]), imposed))
    return rows


def impact(model: Model, identified: Identified, name: str, versus: str) -> Floats:
    """Responses (k,) in month 0 of a factor or series, or of its difference from another, at the point."""
    if name in model.factors:
        return np.asarray(identified.impacts[model.factor(name)])
    equities = 100.0 * np.concatenate([model.loadings, model.aggregation @ model.loadings])
    return np.asarray(_difference(model, equities, name, versus) @ identified.impacts)


def impact_draws(model: Model, drawn: ResponseDraws, name: str, versus: str) -> Floats:
    """Draws (R D, k) of the same."""
    if name in model.factors:
        told = drawn.impacts[:, :, model.factor(name)]
    else:
        told = np.einsum("dn,rdnk->rdk", _difference(model, drawn.equities, name, versus), drawn.impacts)
    return np.asarray(told.reshape(-1, told.shape[-1]))


def _difference(model: Model, equities: Floats, name: str, versus: str) -> Floats:
    """Row of a series, or of its difference from another, of (..., S + G, n)."""
    index = {label: i for i, label in enumerate((*model.series, *model.aggregates))}
    return np.asarray(equities[..., index[name], :] - (equities[..., index[versus], :] if versus else 0.0))


def _unit(model: Model, name: str) -> str:
    if name in _RATES:
        return "bp"
    i = model.factor(name)
    return "%" if model.in_differences[i] or model.transform[i] == "log100" else model.unit[i]


def _imposed(bound: dict[str, float]) -> str:
    low, high = bound.get("min"), bound.get("max")
    if low is not None and high is not None:
        return f"{low:g} to {high:g} sd"
    return f"at least {low:g} sd" if low is not None else f"at most {high:g} sd"
