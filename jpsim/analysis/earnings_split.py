"""Prices as earnings times multiples: the log growth of the mean price, by what moves either.

What is taken apart is ``log(1 + mean)`` with the mean cumulative simple return of the summary: the log
change of the expected price. Earnings are those expected for the next twelve months. They follow their
trend, the mean innovations of the factors through `jpsim.analysis.elasticities`, each with its lag, and
what views book as earnings. The multiple is the rest, by driver: what a factor's innovations do to the
price beyond what they do to earnings so far, the equity premium, the impulses, and the model's drift beyond
the trend. What nonlinear terms do is the multiple's, by factor as in `attribution`. What interventions in the
currency market add to a price is known from paths; earnings follow the yen's mean shift by them. A month's simple
contributions become logs by the factor ``log(1 + m) / m`` of its mean (Cariño 1999, Journal of Performance
Measurement 3(4)).

Closed forms are those of normal innovations. ``monte_carlo`` is what they leave of the sampled mean: the
finite sample, fat tails under conditions, and views that reweight paths.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from jpsim.analysis.attribution import INTERVENTION, intervention_growth, mean_growth, monthly_mean, term_parts
from jpsim.analysis.elasticities import Elasticities
from jpsim.conditioning.scenario_law import ScenarioLaw
from jpsim.conditioning.stories import Story
from jpsim.equity_priors import earnings_prior

__all__ = ["earnings_drivers", "split_growth"]

Floats = npt.NDArray[np.float64]


def earnings_drivers(stories: tuple[Story, ...], elasticities: Elasticities) -> tuple[str, ...]:
    """Names of the drivers of a run: ``earnings:...``, ``multiple:...``, dividends if asked for, ``monte_carlo``."""
    laws = [part.law for story in stories for part in story.parts]
    channels = sorted({effect.channel for law in laws for effect in law.impulses})
    stated = ["stated"] if any(law.shift.earnings.any() for law in laws) else []
    dividends = ["dividends"] if any(law.dividends.any() for law in laws) else []
    factors = laws[0].conditional.system.model.factors
    acting = [INTERVENTION] if any(law.intervention is not None for law in laws) else []
    earnings = [f"earnings:{name}" for name in ("trend", *elasticities.factors, *stated, *acting)]
    rest = (*factors, "equity_premium", *channels, "drift", "compounding", *acting)
    multiple = [f"multiple:{name}" for name in rest]
    return (*earnings, *multiple, *dividends, "monte_carlo")


def split_growth(
    story: Story, sampled: Floats, rows: Floats, drivers: tuple[str, ...], elasticities: Elasticities
) -> Floats:
    """Take the log growth of the mean price of one scenario apart.

    Parameters
    ----------
    story
        The scenario.
    sampled
        (R, h) sampled means of R series, as cumulative simple returns above -1.
    rows
        (R, S + G) weights in each of them of the S base series and G aggregates.
    drivers
        Names from `earnings_drivers`.
    elasticities
        Of the model.

    Returns
    -------
    (D, R, h) contributions; they sum over the drivers to ``log(1 + sampled)``.
    """
    total = np.zeros((len(drivers), *sampled.shape))
    growth = np.zeros(sampled.shape)
    for part in story.parts:
        model = part.law.conditional.system.model
        picked = rows @ np.vstack([np.eye(len(model.series)), model.aggregation])
        total += part.weight * _split_law(part.law, picked, rows, drivers, elasticities)
        growth += part.weight * mean_growth(part.law, picked)
    total[drivers.index("multiple:compounding")] = np.log(growth) - total.sum(axis=0)
    whole = growth
    if f"multiple:{INTERVENTION}" in drivers:
        whole = growth + intervention_growth(story, rows)
        earned = rows @ _intervened_earnings(story, elasticities)
        total[drivers.index(f"earnings:{INTERVENTION}")] = earned
        total[drivers.index(f"multiple:{INTERVENTION}")] = np.log(whole / growth) - earned
    total[drivers.index("monte_carlo")] = np.log1p(sampled) - np.log(whole)
    return total


def _intervened_earnings(story: Story, elasticities: Elasticities) -> Floats:
    """(S + G, h) what the yen's mean shift by interventions adds to the logs of earnings."""
    yen = elasticities.factors.index("usdjpy") if "usdjpy" in elasticities.factors else None
    added = np.zeros((elasticities.mean.shape[1], story.parts[0].law.conditional.system.horizon))
    for part in story.parts:
        if yen is not None and part.law.intervention is not None:
            lagged = _lagged(part.law.intervention.yen, elasticities.months[yen])
            added += part.weight * np.outer(elasticities.mean[yen] / 100.0, lagged)
    return added


def _split_law(
    law: ScenarioLaw, picked: Floats, rows: Floats, drivers: tuple[str, ...], elasticities: Elasticities
) -> Floats:
    """(D, R, h) cumulative log contributions of one law, but for the two that compare it with the sample."""
    model = law.conditional.system.model
    place = {name: i for i, name in enumerate(drivers)}
    mean = monthly_mean(law, picked)
    logs = np.where(np.abs(mean) > 1e-12, np.log1p(mean) / np.where(mean == 0.0, 1.0, mean), 1.0)
    moved, months = law.conditional.mean_innovations, np.arange(1, mean.shape[0] + 1)
    out = np.zeros((len(drivers), mean.shape[1], mean.shape[0]))

    def cumulate(monthly: Floats) -> Floats:
        return np.asarray(np.cumsum(logs * monthly, axis=0).T)

    for i, name in enumerate(model.factors):
        out[place[f"multiple:{name}"]] = cumulate(np.outer(moved[:, i], picked @ model.loadings[:, i]))
    for name, part in term_parts(law, picked).items():
        out[place[f"multiple:{name}"]] += cumulate(part)
    for effect in law.impulses:
        out[place[f"multiple:{effect.channel}"]] = cumulate(effect.mean @ picked.T)
    out[place["multiple:equity_premium"]] = cumulate(np.outer(law.shift.premium, picked @ model.beta))
    out[place["multiple:drift"]] = cumulate(np.broadcast_to(picked @ model.alpha, mean.shape))
    if "dividends" in place:
        out[place["dividends"]] = cumulate(np.broadcast_to(picked @ law.dividends, mean.shape))
    if "earnings:stated" in place:
        out[place["earnings:stated"]] = cumulate(np.outer(law.shift.earnings, picked @ model.beta))
    out[place["earnings:trend"]] = np.log1p(earnings_prior().trend.mean / 100.0) * months / 12.0
    out[place["multiple:drift"]] -= out[place["earnings:trend"]]
    for i, (name, lag) in enumerate(zip(elasticities.factors, elasticities.months, strict=True)):
        earned = np.outer(rows @ elasticities.mean[i] / 100.0, _lagged(moved[:, model.factor(name)], lag))
        out[place[f"earnings:{name}"]] = earned
        out[place[f"multiple:{name}"]] -= earned
    return out


def _lagged(surprises: Floats, months: int) -> Floats:
    """(h,) surprises that have come through by each month, each in equal steps over `months`."""
    h = surprises.size
    age = np.subtract.outer(np.arange(h), np.arange(h)) + 1
    through: Floats = np.clip(age, 0, months) / months @ surprises
    return through
