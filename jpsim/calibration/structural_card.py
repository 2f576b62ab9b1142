"""The model card's chapters on structural shocks and on the tails of the months."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from jpsim.calibration.announcements import ProxyRow
from jpsim.calibration.episodes import episode_text
from jpsim.calibration.markdown import table
from jpsim.calibration.policy_evidence import PolicyOdds, PolicyRow, StorySize
from jpsim.calibration.responses import MONTHS, ResponseRow, SignProbability
from jpsim.calibration.tail_scores import Standing, TailScores, standing
from jpsim.calibration.volatility import Volatility
from jpsim.model.core import Model
from jpsim.model.skewness import shifted_skewness

__all__ = ["policy_chapter", "shock_chapter", "tail_chapter"]

_LAWS = {
    "gaussian": "Gaussian months",
    "student_t": "Student-t months",
    "student_t_sv": "Student-t months and stochastic volatility",
    "leverage": "leverage: the S&P 500 falls with news of volatility",
    "skewed_t": "skewed Student-t months",
    "skewed_t_sv": "skewed Student-t months and stochastic volatility",
    "currency_exponent": "an exponent of their own for the currencies' scale",
}


def shock_chapter(
    model: Model, responses: Sequence[ResponseRow], signs: Sequence[SignProbability], settings: dict[str, Any]
) -> str:
    """What is imposed on the shocks, what is not, and what they do."""
    found = model.meta["identification"]
    restrictions = table(
        ("shock", "in words", "imposed in the month of the shock", "reason"),
        (
            (name, shock["label"], _restriction_text(shock), shock["reason"])
            for name, shock in settings["shocks"].items()
        ),
    )
    return f"""\
## Structural shocks / 構造ショック

Seven orthogonal shocks of one standard deviation each; nine further directions of the innovations have no name. TOPIX \
belongs to the system that identifies: its loadings carry every shock to it, and its residual is an eighth shock (the \
equity premium) that no factor answers within the month. Bounds are in standard deviations of each variable's monthly \
innovation. {found["rotations"]} admissible rotations, by a Markov chain whose law does not depend on the order of the \
shocks. The published point is the admissible one closest to the pointwise medians (Fry and Pagan 2011, \
doi:10.1257/jel.49.4.938), {found["distance"]:.2f} standard deviations of the set from them on average. Bands and \
probabilities are over posterior draws of the VAR and the loadings and {settings["kept_of_draws"]} rotations of each: \
they hold both the sampling error and what the restrictions leave open.

{restrictions}
### Signs that were not imposed / 制約していない符号

Probability in percent, over posterior draws and rotations, that the variable rises on impact. An entry in words is \
imposed; what decision days say of the policy shock has a chapter of its own.

{_sign_table(signs, tuple(settings["shocks"]))}
### Impulse responses / インパルス応答

To one standard deviation; rates in basis points, prices in percent since the shock; 5 to 95% of posterior draws and \
rotations in brackets. Equities are repriced in the month of the shock and drift on from there: their response does \
not fade.

{_response_table(responses)}"""


def policy_chapter(
    rows: Sequence[PolicyRow],
    odds: Sequence[PolicyOdds],
    strength: float,
    sizes: Sequence[StorySize],
    meta: dict[str, Any],
) -> str:
    """Compare the policy shock with the evidence of decision days."""
    stories = "; ".join(
        f"by month {size.month} {size.path:.1f} in all, none above {size.largest:.1f}, or one of {size.single:.1f}"
        for size in sizes
    )
    return f"""\
## Monetary policy shock / 金融政策ショック

Per +10bp of the two-year yield: the ten-year yield in basis points, the others in percent; 5 to 95% of posterior \
draws and rotations. Decision days: changes on {meta["days"]} days since {meta["first_day"]} regressed on the two-year \
yield's; what they say of the yen and of TOPIX enters the admissible set, as an interval and as a likelihood. Left \
open: the same shock without them, told apart by what it is not. The monthly instrument (news of the month's decision \
days) has F = {strength:.1f} for the two-year yield's innovation: a weak one, so its intervals are those of Anderson \
and Rubin, and it is shown but not used.

{_effect_table(rows)}
The ten-year yield's response on decision days is not used: until 2024 the Bank moved it directly, by a band on the \
yield itself. With the restrictions a direction that moves the two-year yield much and the rest of the world little \
has little room left for the yen, which pulls its response toward zero. One standard deviation moves the two-year \
yield by {meta["two_year_bp"]:.1f}bp. Standard deviations of policy shocks behind +25bp of the expected policy rate: \
{stories}.

### Signs and sizes after a tightening / 引き締め後の符号と大きさ

Probability that the effect of +10bp is beyond a size. That the two-year yield rises is imposed. With decision days \
the sign of the yen is in effect imposed: the interval of the days has one sign only. What the model says by itself \
stands under left open.

{_odds_table(odds)}"""


def _effect_table(rows: Sequence[PolicyRow]) -> str:
    def band(ends: tuple[float, float]) -> str:
        return f"{ends[0]:+.2f} to {ends[1]:+.2f}"

    heads = ("variable", "model", "5 to 95%", "probability of a fall", "left open, 5 to 95%", "probability of a fall")
    return table(
        (*heads, "decision days (se)", "monthly instrument, 90%"),
        (
            (
                row.variable,
                f"{row.point:+.2f}",
                band(row.band),
                f"{row.falls:.2f}",
                band(row.open_band),
                f"{row.open_falls:.2f}",
                "-" if np.isnan(row.days) else f"{row.days:+.2f} ({row.days_se:.2f})",
                _interval(row.proxy),
            )
            for row in rows
        ),
    )


def _odds_table(odds: Sequence[PolicyOdds]) -> str:
    def told(row: PolicyOdds) -> str:
        if row.size == 0.0:
            return f"{row.variable} {'rises' if row.sign > 0 else 'falls'}"
        return f"{row.variable} {'above' if row.sign > 0 else 'below'} {row.sign * row.size:+g}%"

    def share(value: float) -> str:
        return "-" if np.isnan(value) else f"{value:.2f}"

    body = ((told(row), share(row.model), share(row.open), share(row.days)) for row in odds)
    return table(("per +10bp", "model", "left open", "decision days alone"), body)


def tail_chapter(found: Volatility, nu: float, scores: TailScores, first: str) -> str:
    """Describe the tails, the volatility of the months, and which law predicts best."""
    rows = standing(scores)
    laws = [row for row in rows if row.against == "gaussian"]
    winner = max(laws, key=lambda row: row.gain)
    verdict = _LAWS[winner.law] if winner.gain > 0 else "Gaussian months"
    refined, late = scores.refined, scores.skewed
    return f"""\
## Tails and volatility / 裾と変動

Posterior on a grid, months discounted: {found.nu:.1f} degrees of freedom (5 to 95%: {found.nu_range[0]:.1f} \
to {found.nu_range[1]:.1f}), persistence of the common log-variance {found.phi:.2f} ({found.phi_range[0]:.2f} to \
{found.phi_range[1]:.2f}), its monthly volatility {found.sigma:.2f} ({found.sigma_range[0]:.2f} to \
{found.sigma_range[1]:.2f}), its value at month 0 {found.start:+.2f} (sd {found.start_sd:.2f}; 0 is its mean). Without \
stochastic volatility, in symmetric months, the degrees of freedom are {nu:.1f}; the model keeps the first number for \
both laws. {_skewness_text(found)}

Joint log scores of the factors one month ahead, out of sample, {len(scores.scores)} months from {first}, every law \
estimated each January on the months before (conjugate form of the VAR, factors with three years of history):

{_score_table(rows)}
Best out of sample, and the law to choose: {verdict}. The last two refine a law and are not in the model. As the \
last January finds them: correlation of the S&P 500's innovation with the news of volatility {refined.rho:+.2f} (sd \
{refined.rho_sd:.2f}), which skews its months by about {3 * found.sigma * refined.rho:+.2f}; exponent of the \
currencies {refined.exponent:.2f} (1 is the model's). Skewed months then have a shift of {late.skew_shift:+.2f} (5 to \
95%: {late.skew_range[0]:+.2f} to {late.skew_range[1]:+.2f}) and {late.nu:.1f} degrees of freedom.
"""


def _skewness_text(found: Volatility) -> str:
    """Say what skews the months, and what skewness the leading factor's have."""
    if not found.skew_shift:
        return "Months are symmetric."
    skewness = shifted_skewness(found.nu, found.skew_shift)
    told = f"a skewness of {skewness:+.2f}" if np.isfinite(skewness) else "a skewness that is not finite"
    return (
        f"Months are skewed: {found.skew_factor} is shifted by {found.skew_shift:+.2f} of its standard deviations (5 "
        f"to 95%: {found.skew_range[0]:+.2f} to {found.skew_range[1]:+.2f}) per unit of the month's mixing variable "
        f"less its mean, the others as they depend on it. That alone gives {found.skew_factor} {told}."
    )


def _score_table(rows: Sequence[Standing]) -> str:
    return table(
        ("law", "against", "gain, nats a month", "standard error", "without its best month"),
        (
            (
                _LAWS[row.law],
                _LAWS[row.against],
                f"{row.gain:+.3f}",
                f"{row.standard_error:.3f}",
                f"{row.without_best:+.3f}",
            )
            for row in rows
        ),
    )


def _restriction_text(shock: dict[str, Any]) -> str:
    parts = []
    for name, bound in shock["bounds"].items():
        low, high = bound.get("min"), bound.get("max")
        if low is not None and high is not None:
            parts.append(f"{name} {low:g} to {high:g}")
        else:
            parts.append(f"{name} ≥ {low:g}" if low is not None else f"{name} ≤ {high:g}")
    parts += [f"{above} more than {below}" for above, below in shock.get("above", ())]
    parts += [episode_text(shock)] if "episodes" in shock else []
    return ", ".join(parts)


def _sign_table(signs: Sequence[SignProbability], shocks: tuple[str, ...]) -> str:
    cells = {(row.variable, row.shock): row.imposed or f"{100 * row.rises:.0f}" for row in signs}
    variables = dict.fromkeys(row.variable for row in signs)
    return table(("rises", *shocks), ((name, *(cells[name, shock] for shock in shocks)) for name in variables))


def _response_table(rows: Sequence[ResponseRow]) -> str:
    def cell(row: ResponseRow, m: int) -> str:
        return f"{row.point[m]:+.2f} [{row.band[0, m]:+.2f}, {row.band[1, m]:+.2f}]"

    body = ((row.shock, row.variable, row.unit, *(cell(row, m) for m in range(len(MONTHS)))) for row in rows)
    return table(("shock", "variable", "unit", *(f"month {month}" for month in MONTHS)), body)


def _interval(proxy: ProxyRow | None) -> str:
    if proxy is None:
        return "-"
    return f"{proxy.low:+.1f} to {proxy.high:+.1f}" if proxy.bounded else "unbounded"
