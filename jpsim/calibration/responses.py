"""What the structural shocks do: impulse responses with bands, signs, and the size of a policy story."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jpsim.calibration.announcements import Announcements, ProxyRow, proxy_interval, proxy_strength
from jpsim.calibration.identification import Identified
from jpsim.calibration.steady_state import companion
from jpsim.model.core import Model
from jpsim.months import Month

__all__ = [
    "MONTHS",
    "PolicyRow",
    "ResponseRow",
    "SignProbability",
    "StorySize",
    "impulse_responses",
    "policy_rows",
    "response_rows",
    "sign_probabilities",
    "story_sizes",
]

Floats = npt.NDArray[np.float64]

MONTHS = (0, 3, 12, 24)
_RATES = frozenset({"jgb_2y", "jgb_10y", "jgb_30y", "us_policy_rate", "us_10y", "boj_policy_shadow"})
_SHOWN = (
    *("jgb_2y", "jgb_10y", "jgb_30y", "boj_policy_shadow", "usdjpy", "us_10y", "sp500", "semiconductors"),
    *("oil", "vix", "japan_activity", "core_cpi"),
)
_EQUITIES = (
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

    `point` (4,) is the model's, `band` (2, 4) the 5% and 95% points of the admissible set. Rates in basis
    points, equities and factors in differences in percent since the shock, other factors in their own unit.
    """

    shock: str
    variable: str
    unit: str
    point: Floats
    band: Floats


@dataclass(frozen=True)
class SignProbability:
    """Share of the admissible set in which a variable rises on impact; `imposed` says by which bound."""

    shock: str
    variable: str
    rises: float
    imposed: str


@dataclass(frozen=True)
class PolicyRow:
    """Effect of the policy shock per 10bp of the two-year yield, and what decision days say.

    `days` and `days_se` are NaN, and `proxy` is None, where there is no such estimate.
    """

    variable: str
    point: float
    low: float
    high: float
    falls: float
    days: float
    days_se: float
    proxy: ProxyRow | None


@dataclass(frozen=True)
class StorySize:
    """Size of a story of policy shocks alone that lifts the expected policy rate by 25bp in some month.

    `path` is the root sum of squares of the smallest path of shocks, `single` the size of one shock that does it
    in that month, and `largest` the largest monthly shock of the path, all in standard deviations.
    """

    month: int
    path: float
    single: float
    largest: float


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


def response_rows(model: Model, identified: Identified) -> list[ResponseRow]:
    """Responses of telling factors and equities; equities react in month 0 and stay where they are."""
    point = impulse_responses(model.B, identified.impacts, model.in_differences, MONTHS[-1])[list(MONTHS)]
    sets = impulse_responses(model.B, identified.admissible, model.in_differences, MONTHS[-1])[:, list(MONTHS)]
    rows = []
    for j, shock in enumerate(identified.shocks):
        for name in _SHOWN:
            i, scale = model.factor(name), 100.0 if name in _RATES else 1.0
            band = np.quantile(sets[:, :, i, j] * scale, [0.05, 0.95], axis=0)
            rows.append(ResponseRow(shock, name, _unit(model, name), point[:, i, j] * scale, band))
        for name, versus in _EQUITIES:
            row = _equity_row(model, name, versus)
            band = np.quantile(row @ identified.admissible[:, :, j].T, [0.05, 0.95])
            flat = np.ones(len(MONTHS))
            label = f"{name} against {versus}" if versus else name
            rows.append(
                ResponseRow(shock, label, "%", float(row @ identified.impacts[:, j]) * flat, np.outer(band, flat))
            )
    return rows


def sign_probabilities(model: Model, identified: Identified, settings: dict[str, Any]) -> list[SignProbability]:
    """Signs on impact of every factor and the telling equities, and which of them the table imposes."""
    rows = []
    factors = [(name, "", np.eye(len(model.factors))[i]) for i, name in enumerate(model.factors[:-1])]
    equities = [(name, versus, _equity_row(model, name, versus)) for name, versus in _EQUITIES]
    for j, shock in enumerate(identified.shocks):
        bounds = settings["shocks"][shock]["bounds"]
        for name, versus, row in (*factors, *equities):
            rises = float((row @ identified.admissible[:, :, j].T > 0).mean())
            imposed = _imposed(bounds[name]) if not versus and name in bounds else ""
            if shock == "monetary_policy" and not versus and name in settings["announcements"]:
                imposed = "decision days"
            rows.append(SignProbability(shock, f"{name} against {versus}" if versus else name, rises, imposed))
    return rows


def policy_rows(
    model: Model, identified: Identified, days: Announcements, topix: Floats, innovations: Floats
) -> tuple[list[PolicyRow], float]:
    """Compare the policy shock with decision days and with the monthly instrument.

    Parameters
    ----------
    model, identified
        The model and its shocks.
    days
        Effects on decision days.
    topix, innovations
        (T,) monthly returns of TOPIX and (T, n) innovations of the estimated factors, both ending at month 0.

    Returns
    -------
    Rows, and the robust F statistic of the instrument in the months since the first decision day.
    """
    first = min(days.days)
    assert isinstance(model.as_of, Month)  # shocks are identified on monthly models only
    count = model.as_of - Month(first.year, first.month) + 1
    news, recent = days.monthly_news(model.as_of + (1 - count), count), innovations[-count:]
    two_year = recent[:, model.factor("jgb_2y")]
    monthly = {"usdjpy": recent[:, model.factor("usdjpy")], "topix": 100.0 * topix[-count:]}
    monthly["jgb_10y"] = recent[:, model.factor("jgb_10y")]
    rows = []
    for name, versus in (("jgb_10y", ""), ("usdjpy", ""), *_EQUITIES[:3]):
        scale = 10.0 if name == "jgb_10y" else 0.1  # bp per 10bp of the two-year yield, or percent
        own, day = not versus and name in days.variables, _quotients(model, identified, name, versus) * scale
        place = days.variables.index(name) if own else 0
        proxy = proxy_interval(scale * monthly[name], two_year, news) if not versus and name in monthly else None
        rows.append(
            PolicyRow(
                variable=f"{name} against {versus}" if versus else name,
                point=float(day[0]),
                low=float(np.quantile(day[1:], 0.05)),
                high=float(np.quantile(day[1:], 0.95)),
                falls=float((day[1:] < 0).mean()),
                days=float(scale * days.effect[place]) if own else np.nan,
                days_se=float(scale * np.sqrt(days.covariance[place, place])) if own else np.nan,
                proxy=proxy,
            )
        )
    return rows, proxy_strength(two_year, news)


def story_sizes(model: Model, months: tuple[int, ...] = (1, 6, 12)) -> list[StorySize]:
    """Sizes of the policy shocks behind +25bp of the expected policy rate."""
    responses = impulse_responses(model.B, model.impacts, model.in_differences, max(months))
    row = responses[:, model.factor("boj_policy_shadow"), model.shocks.index("monetary_policy")]
    sizes = []
    for month in months:
        reach = row[:month]
        path = 0.25 * reach / (reach @ reach)
        sizes.append(StorySize(month, float(np.linalg.norm(path)), float(0.25 / reach[-1]), float(np.abs(path).max())))
    return sizes


def _equity_row(model: Model, name: str, versus: str) -> Floats:
    """Loadings of a series, or of its difference from another, on the innovations, in percent."""
    rows = np.concatenate([model.loadings, model.aggregation @ model.loadings])
    index = {label: i for i, label in enumerate((*model.series, *model.aggregates))}
    row = rows[index[name]] - (rows[index[versus]] if versus else 0.0)
    return np.asarray(100.0 * row)


def _quotients(model: Model, identified: Identified, name: str, versus: str) -> Floats:
    """Response per percentage point of the two-year yield: the point's first, then the set's."""
    j, two_year = identified.shocks.index("monetary_policy"), model.factor("jgb_2y")
    columns = np.concatenate([identified.impacts[None, :, j], identified.admissible[:, :, j]])
    row = np.eye(len(model.factors))[model.factor(name)] if name in model.factors else _equity_row(model, name, versus)
    return np.asarray(columns @ row / columns[:, two_year])


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
