"""The monetary policy shock beside what decision days and the monthly instrument say of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from jpsim.calibration.announcements import Announcements, ProxyRow, proxy_interval, proxy_strength
from jpsim.calibration.identification import Identified
from jpsim.calibration.responses import EQUITIES, ResponseDraws, impact, impact_draws, impulse_responses
from jpsim.model.core import Model
from jpsim.months import Month

__all__ = ["PolicyEvidence", "PolicyOdds", "PolicyRow", "StorySize", "policy_odds", "policy_rows", "story_sizes"]

Floats = npt.NDArray[np.float64]

_SIZES = {
    ("usdjpy", ""): (-1, (0.0, 1.0, 2.0, 3.0)),
    ("topix", ""): (-1, (0.0, 0.5, 1.0, 2.0)),
    ("banks", "topix"): (1, (0.0, 1.0, 2.0, 3.0)),
}
"""Variable to the sign of a tightening as usually told, and sizes in percent per 10bp."""


@dataclass(frozen=True, eq=False)
class PolicyEvidence:
    """The policy shock under the posterior, with decision days in it and without, and those days."""

    identified: Identified
    informed: ResponseDraws
    uninformed: ResponseDraws
    days: Announcements


@dataclass(frozen=True)
class PolicyRow:
    """Effect of the policy shock per 10bp of the two-year yield, and what decision days say.

    `band` and `falls` are the 5% and 95% points over posterior draws and rotations and the probability of a fall,
    `open_band` and `open_falls` those without the decision days. `days` and `days_se` are NaN, and `proxy` is None,
    where there is no such estimate.
    """

    variable: str
    point: float
    band: tuple[float, float]
    falls: float
    open_band: tuple[float, float]
    open_falls: float
    days: float
    days_se: float
    proxy: ProxyRow | None


@dataclass(frozen=True)
class PolicyOdds:
    """Probability that the effect per 10bp is beyond a size, in the direction `sign`.

    `model` and `open` are over posterior draws and rotations, with and without decision days; `days` is that of the
    days' estimate under its normal law, NaN where there is none.
    """

    variable: str
    sign: int
    size: float
    model: float
    open: float
    days: float


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


def policy_rows(
    model: Model, evidence: PolicyEvidence, topix: Floats, innovations: Floats
) -> tuple[list[PolicyRow], float]:
    """Compare the policy shock with decision days and with the monthly instrument.

    Parameters
    ----------
    model, evidence
        The model and its policy shock.
    topix, innovations
        (T,) monthly returns of TOPIX and (T, n) innovations of the estimated factors, both ending at month 0.

    Returns
    -------
    Rows, and the robust F statistic of the instrument in the months since the first decision day.
    """
    days = evidence.days
    first = min(days.days)
    assert isinstance(model.as_of, Month)  # shocks are identified on monthly models only
    count = model.as_of - Month(first.year, first.month) + 1
    news, recent = days.monthly_news(model.as_of + (1 - count), count), innovations[-count:]
    two_year = recent[:, model.factor("jgb_2y")]
    monthly = {name: recent[:, model.factor(name)] for name in ("usdjpy", "jgb_10y")} | {
        "topix": 100.0 * topix[-count:]
    }
    rows = []
    for name, versus in (("jgb_10y", ""), ("usdjpy", ""), *EQUITIES[:3]):
        scale, instrumented = _scale(name), not versus and name in monthly
        informed = scale * _quotients(model, evidence, evidence.informed, name, versus)
        free = scale * _quotients(model, evidence, evidence.uninformed, name, versus)
        point = impact(model, evidence.identified, name, versus) / impact(model, evidence.identified, "jgb_2y", "")
        effect, error = _day_estimate(days, name, versus)
        rows.append(
            PolicyRow(
                variable=_label(name, versus),
                point=float(scale * point[_shock(evidence)]),
                band=_band(informed),
                falls=float((informed < 0).mean()),
                open_band=_band(free),
                open_falls=float((free < 0).mean()),
                days=effect,
                days_se=error,
                proxy=proxy_interval(scale * monthly[name], two_year, news) if instrumented else None,
            )
        )
    return rows, proxy_strength(two_year, news)


def policy_odds(model: Model, evidence: PolicyEvidence) -> list[PolicyOdds]:
    """Probabilities of each sign and size of the policy shock's effects."""
    rows = []
    for (name, versus), (sign, sizes) in _SIZES.items():
        informed, free = (
            sign * _scale(name) * _quotients(model, evidence, drawn, name, versus)
            for drawn in (evidence.informed, evidence.uninformed)
        )
        effect, error = _day_estimate(evidence.days, name, versus)
        for size in sizes:
            days = float(norm.sf((size - sign * effect) / error))
            shares = float((informed > size).mean()), float((free > size).mean())
            rows.append(PolicyOdds(_label(name, versus), sign, size, *shares, days))
    return rows


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


def _shock(evidence: PolicyEvidence) -> int:
    return evidence.identified.shocks.index("monetary_policy")


def _quotients(model: Model, evidence: PolicyEvidence, drawn: ResponseDraws, name: str, versus: str) -> Floats:
    """Draws of the response per percentage point of the two-year yield."""
    j = _shock(evidence)
    return np.asarray(impact_draws(model, drawn, name, versus)[:, j] / impact_draws(model, drawn, "jgb_2y", "")[:, j])


def _day_estimate(days: Announcements, name: str, versus: str) -> tuple[float, float]:
    """Effect on decision days per 10bp and its standard error; NaN where there is none."""
    if versus or name not in days.variables:
        return np.nan, np.nan
    place = days.variables.index(name)
    error = np.sqrt(days.covariance[place, place])
    return float(_scale(name) * days.effect[place]), float(_scale(name) * error)


def _scale(name: str) -> float:
    """From a percentage point of the two-year yield to 10bp; yields in basis points, prices in percent."""
    return 10.0 if name == "jgb_10y" else 0.1


def _band(draws: Floats) -> tuple[float, float]:
    low, high = np.quantile(draws, [0.05, 0.95])
    return float(low), float(high)


def _label(name: str, versus: str) -> str:
    return f"{name} against {versus}" if versus else name
