"""The model card's chapter on regimes, and what the model's record says of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from jpsim.calibration.markdown import table
from jpsim.calibration.regime_evidence import RegimeEvidence
from jpsim.calibration.regimes import Regimes
from jpsim.calibration.terms import linearised
from jpsim.model.core import Model
from jpsim.months import Month

__all__ = ["describe_regimes", "regime_chapter"]

Floats = npt.NDArray[np.float64]

_SERIES = ("topix", "banks", "electric_precision", "growth")
_FACTORS = (
    ("jgb_10y", 0.1, "+10bp ten-year JGB"),
    ("usdjpy", 1.0, "+1% USDJPY"),
    ("us_10y", 0.1, "+10bp ten-year Treasury"),
)
_PAIRS = (("jgb_10y", "sp500"), ("us_10y", "sp500"), ("usdjpy", "sp500"), ("usdjpy", "us_10y"), ("jgb_10y", "usdjpy"))


def describe_regimes(regimes: Regimes, first: Month) -> dict[str, Any]:
    """What a model's record keeps: the probabilities of every month and what supports them, as plain JSON.

    Parameters
    ----------
    regimes
        The estimates.
    first
        Month of the first row.
    """
    return {
        "smoothed": _by_month(regimes, regimes.smoothed, first),
        "filtered": _by_month(regimes, regimes.filtered, first),
        "stay": dict(zip(regimes.names, regimes.stay.tolist(), strict=True)),
        "discounted_months": dict(zip(regimes.names, regimes.months.tolist(), strict=True)),
        "log_likelihood_gain": regimes.gain,
    }


def _by_month(regimes: Regimes, probability: Floats, first: Month) -> dict[str, dict[str, float]]:
    """Regime to month to probability."""
    columns = zip(regimes.names, np.round(probability.T, 4).tolist(), strict=True)
    return {name: {str(first + month): value for month, value in enumerate(column)} for name, column in columns}


def regime_chapter(model: Model, settings: dict[str, Any], evidence: RegimeEvidence) -> str:
    """Write when each regime held, what differs between them, and what that is worth out of sample."""
    found = model.meta["regimes"]
    names = [regime.name for regime in model.regimes]
    now = ", ".join(f"{regime.name} {regime.probability:.0%}" for regime in model.regimes)
    laws = "; ".join(f"`{name}` ({law['reason']})" for name, law in settings["laws"].items())
    return f"""\
## Regimes / レジーム

At month 0: **{now}**. A path stays in its regime throughout; a scenario may pin one (`regime: {names[-1]}`). Regimes \
differ in the covariance of the ten-year yields, USDJPY and the S&P 500, with what other factors do given these left \
alone, and in what these four do to TOPIX and, by beta, to all series; structural shocks are the same ones, carried \
along. The regimes' average over the discounted months is the pooled law of the tables above.

When each held is learned from monthly surprises of TOPIX, {", ".join(settings["variables"])}, each divided by its \
local volatility: a Markov chain between two Student-t laws, by Gibbs sampling (Hamilton 1989, doi:10.2307/1912559). \
The laws have a prior worth {settings["strength"]:g} months that names them by the correlations of years that stand \
for them: {laws}. Two regimes raise the log likelihood over one by {found["log_likelihood_gain"]:.1f} in \
{len(found["smoothed"][names[0]])} months. Most of that is the correlation of the S&P 500 with Treasury yields and \
USDJPY, which turned in 2022 and turned back: what the model calls `{names[-1]}` is a time in which bonds and equities \
fell together everywhere, and Japan's yields were part of it. That it is about Japan's own budget, the data do not \
say. A regime lasts {_years(found, names[0])} and {_years(found, names[1])} years on average.

Probability of `{names[-1]}`, mean of each year, given all months / 各年の平均確率

{_yearly(found, names[-1])}
### What differs / 違い

{_effects(model)}
Effects of a factor alone (others move with it as they do in that regime), in percent. Departures of more factors than \
these four, and of single sectors, were tried: marginal likelihood does not support them.

{_correlations(model)}
### Out of sample / アウトオブサンプル

TOPIX given the core factors, {evidence.months} months from {settings["scored_from"]} on, regimes dated and departures \
estimated anew each year from what was there by then: root mean squared error {evidence.pooled:.2f}% with pooled \
loadings, {evidence.divided:.2f}% with the regimes'. Slope of what pooled loadings miss on what the departures \
contribute; a true departure has 1, noise 0, and the effect of each factor here is with the others given. The priors \
of the regimes are of today, which flatters them.

{_slopes(evidence)}"""


def _slopes(evidence: RegimeEvidence) -> str:
    rows = [(name, f"{slope:.2f}", f"{error:.2f}") for name, (slope, error) in evidence.slopes.items()]
    return table(("departures from", "slope", "se"), rows)


def _years(found: dict[str, Any], name: str) -> str:
    return f"{1.0 / (1.0 - found['stay'][name]) / 12.0:.0f}"


def _yearly(found: dict[str, Any], name: str) -> str:
    years: dict[str, list[float]] = {}
    for month, value in found["smoothed"][name].items():
        years.setdefault(month[:4], []).append(value)
    shown = list(years.items())
    rows = [shown[start : start + 9] for start in range(0, len(shown), 9)]
    return "\n".join(
        table([year for year, _ in row], [[f"{np.mean(values):.2f}" for _, values in row]]) for row in rows
    )


def _models(model: Model) -> dict[str, Model]:
    inside = {regime.name: linearised(model.in_regime(regime.name)) for regime in model.regimes}
    return {"pooled": linearised(model), **inside}


def _effects(model: Model) -> str:
    position = {name: i for i, name in enumerate((*model.series, *model.aggregates))}
    rows = []
    for series in _SERIES:
        for factor, size, label in _FACTORS:
            cells = []
            for law in _models(model).values():
                exposure = np.concatenate([law.loadings, law.aggregation @ law.loadings])[position[series]]
                place = law.factor(factor)
                cells.append(f"{100 * size * exposure @ law.Sigma[:, place] / law.Sigma[place, place]:+.2f}")
            rows.append((series, label, *cells))
    return table(("series", "factor", *_models(model)), rows)


def _correlations(model: Model) -> str:
    rows = []
    for one, other in _PAIRS:
        cells = []
        for law in _models(model).values():
            i, j = law.factor(one), law.factor(other)
            cells.append(f"{law.Sigma[i, j] / np.sqrt(law.Sigma[i, i] * law.Sigma[j, j]):+.2f}")
        rows.append((one, other, *cells))
    return table(("correlation of", "with", *_models(model)), rows)
