"""Why the mean of a series differs between two scenarios, by factor or structural shock, and impulse channel.

Monthly means are linear in the factors' mean innovations, in the means of the model's nonlinear terms, in
the premium shift and in the impulses; telescoping over the months turns their differences into exact
contributions to the difference of compound returns. What compounding adds through covariances between
months stands on its own (driver ``compounding``), and what the closed form leaves of the sampled difference
is ``monte_carlo``. Stories are compared regime by regime; what a shift of the regimes' probabilities does
to the reference's own mean, or another regime's drift and loadings where the two share none, is the driver
``regime``. Closed forms are those of normal innovations, so under Student-t months with conditions and
under views ``monte_carlo`` also holds what tails and views add. Interventions are a driver of their own,
``fx_intervention``: what a pilot's cumulative returns gain by them, on the same draws with and without.

A nonlinear term is a function of one factor, and counts as that factor's, or a product of what two factors do: half
of it is each one's, which is the Shapley value of a product (Shapley 1953, doi:10.1515/9781400881970-018): alone
neither adds anything, together they add all. By structural shock terms are one driver, ``nonlinear``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.compounding import expected_growth
from jpsim.conditioning.drivers import exogenous_factors
from jpsim.conditioning.impulses import impulse_cov
from jpsim.conditioning.scenario_law import ScenarioLaw
from jpsim.conditioning.stories import Part, Story
from jpsim.model import Model

__all__ = [
    "INTERVENTION", "By", "attribute_means", "attribution_drivers", "expected_growth_of", "intervention_growth",
    "mean_growth", "monthly_mean", "term_parts",
]  # fmt: skip

Floats = npt.NDArray[np.float64]
By = Literal["factor", "shock"]

_SHIFTED = 1e-12
_NONLINEAR = "nonlinear"
INTERVENTION = "fx_intervention"
"""Driver of what the rule of currency intervention adds to returns."""


def attribution_drivers(stories: tuple[Story, ...], by: By = "factor") -> tuple[str, ...]:
    """Names of the drivers of a run: factors or shocks, what views state, impulse channels, rules, three remainders.

    Shocks are the structural ones that the model identifies, the exogenous factors, and ``unidentified``
    for what these do not span; what nonlinear terms add stands on its own there.
    """
    laws = [part.law for story in stories for part in story.parts]
    channels = sorted({effect.channel for law in laws for effect in law.impulses})
    booked = ["equity_premium", *(["earnings"] if any(law.shift.earnings.any() for law in laws) else [])]
    sources = _sources(laws[0].conditional.system.model, by)
    curved = [_NONLINEAR] if by == "shock" and any(law.conditional.system.model.terms for law in laws) else []
    acting = [INTERVENTION] if any(law.intervention is not None for law in laws) else []
    return (*sources, *curved, *booked, *channels, *acting, "compounding", "regime", "monte_carlo")


def attribute_means(
    reference: Story,
    scenario: Story,
    sampled: Floats,
    rows: Floats,
    drivers: tuple[str, ...],
    by: By = "factor",
    steps: Sequence[int] | None = None,
) -> Floats:
    """Decompose the differences of mean cumulative returns.

    Parameters
    ----------
    reference, scenario
        The two stories; their parts are compared draw by draw of the parameters.
    sampled
        (R, r) differences of the sampled means of R series.
    rows
        (R, S + G) weights in each of them of the S base series and G aggregates.
    drivers
        Names from `attribution_drivers`.
    by
        What the factors' innovations are taken apart by.
    steps
        The r steps that are wanted; all by default.

    Returns
    -------
    (D, R, r) contributions; they sum over the drivers to `sampled`.
    """
    total = np.zeros((len(drivers), *sampled.shape))
    implied = dict.fromkeys(map(id, reference.parts), 0.0)
    places = slice(None) if steps is None else np.array(steps) - 1
    for one in scenario.parts:
        partners = _partners(one, reference)
        mass = sum(other.weight for other in partners)
        for other in partners:
            weight = one.weight * other.weight / mass
            implied[id(other)] += weight
            total += weight * _explain(other.law, one.law, rows, drivers, by)[:, :, places]
    for part in reference.parts:
        if abs(shift := implied[id(part)] - part.weight) > _SHIFTED:
            total[drivers.index("regime")] += shift * _compound(part.law, rows)[:, places]
    total[-1] = sampled - total.sum(axis=0)
    return total


def _partners(part: Part, reference: Story) -> list[Part]:
    """Parts of the reference on the same draw of the parameters, in the same regime if it has that."""
    drawn = [other for other in reference.parts if other.draw == part.draw]
    return [other for other in drawn if other.regime == part.regime] or drawn


def _sources(model: Model, by: By) -> tuple[str, ...]:
    if by == "factor":
        return model.factors
    return (*model.shocks, *sorted(exogenous_factors() & set(model.factors)), "unidentified")


def _projections(model: Model, by: By) -> Floats:
    """(K, n, n) parts of the factors' innovations, one for each source; they sum to the identity.

    A shock whose impact is a, one column of ``chol(Sigma) Q``, has the size ``a' Sigma**-1 u``.
    """
    n = len(model.factors)
    if by == "factor":
        return np.eye(n)[:, :, None] * np.eye(n)[:, None, :]
    exogenous = [model.factor(name) for name in sorted(exogenous_factors() & set(model.factors))]
    own = model.Sigma[:, exogenous] / np.sqrt(np.diag(model.Sigma)[exogenous])
    impacts = np.column_stack([model.impacts.reshape(n, -1), own])
    sizes = np.linalg.solve(model.Sigma, impacts).T
    spanned = impacts.T[:, :, None] * sizes[:, None, :]
    return np.concatenate([spanned, (np.eye(n) - spanned.sum(axis=0))[None]])


def _explain(reference: ScenarioLaw, scenario: ScenarioLaw, rows: Floats, drivers: tuple[str, ...], by: By) -> Floats:
    """(D, R, h) contributions between two laws; the last driver is left at zero."""
    model = scenario.conditional.system.model
    picked = rows @ np.vstack([np.eye(len(model.series)), model.aggregation])
    loadings = picked @ model.loadings
    moved = scenario.conditional.mean_innovations - reference.conditional.mean_innovations
    monthly = np.zeros((len(drivers), moved.shape[0], len(rows)))
    monthly[: len(_sources(model, by))] = moved @ _projections(model, by).transpose(0, 2, 1) @ loadings.T
    for law, sign in ((scenario, 1.0), (reference, -1.0)):
        for name, part in term_parts(law, picked).items():
            monthly[drivers.index(name if by == "factor" else _NONLINEAR)] += sign * part
    for name, one, other in (
        ("equity_premium", scenario.shift.premium, reference.shift.premium),
        ("earnings", scenario.shift.earnings, reference.shift.earnings),
    ):
        if name in drivers:
            monthly[drivers.index(name)] = np.outer(one - other, picked @ model.beta)
    for law, sign in ((scenario, 1.0), (reference, -1.0)):
        for effect in law.impulses:
            monthly[drivers.index(effect.channel)] += sign * effect.mean @ picked.T
    mean_0, mean_1 = monthly_mean(reference, picked), monthly_mean(scenario, picked)
    if model is not reference.conditional.system.model:
        monthly[drivers.index("regime")] = mean_1 - mean_0 - monthly.sum(axis=0)
    linked = _link(monthly, mean_0, mean_1)
    growth = mean_growth(scenario, picked) - mean_growth(reference, picked)
    plain = (np.cumprod(1.0 + mean_1, axis=0) - np.cumprod(1.0 + mean_0, axis=0)).T
    linked[drivers.index("compounding")] = growth - plain
    for law, sign in ((scenario, 1.0), (reference, -1.0)):
        if law.intervention is not None:
            linked[drivers.index(INTERVENTION)] += sign * rows @ law.intervention.growth.T
    return linked


def _compound(law: ScenarioLaw, rows: Floats) -> Floats:
    """(R, h) mean compound growth since month 0."""
    model = law.conditional.system.model
    grown = mean_growth(law, rows @ np.vstack([np.eye(len(model.series)), model.aggregation]))
    return grown if law.intervention is None else grown + rows @ law.intervention.growth.T


def term_parts(law: ScenarioLaw, picked: Floats) -> dict[str, Floats]:
    """Factor to the (h, R) mean monthly returns that nonlinear terms bring as its own."""
    model, parts = law.conditional.system.model, dict[str, Floats]()
    if law.terms is None:
        return parts
    for k, term in enumerate(model.terms):
        part = np.outer(law.terms.mean[:, k], picked @ model.term_loadings[:, k])
        for factor, share in term.shares.items():
            parts[factor] = parts.get(factor, 0.0) + share * part
    return parts


def monthly_mean(law: ScenarioLaw, picked: Floats) -> Floats:
    """(h, R) mean monthly returns of R sums of base series without interventions, `picked` being (R, S)."""
    model = law.conditional.system.model
    mean: Floats = law.drift @ picked.T + law.conditional.mean_innovations @ (picked @ model.loadings).T
    return mean if law.terms is None else mean + law.terms.mean @ (picked @ model.term_loadings).T


def mean_growth(law: ScenarioLaw, picked: Floats) -> Floats:
    """(R, h) expected growth from month 0 of R sums of base series, covariances between months included."""
    mean, model = monthly_mean(law, picked), law.conditional.system.model
    exposures = picked @ model.loadings
    cov = law.conditional.innovation_cov(exposures) + impulse_cov(law.impulses, picked)
    if law.terms is not None:
        cov = cov + law.terms.between_months(exposures, picked @ model.term_loadings)
    return expected_growth(mean.T, cov)


def expected_growth_of(story: Story, rows: Floats) -> Floats:
    """(R, h) expected growth from month 0 in a story of R series, `rows` being their (R, S + G) weights."""
    return np.asarray(np.sum([part.weight * _compound(part.law, rows) for part in story.parts], axis=0))


def intervention_growth(story: Story, rows: Floats) -> Floats:
    """(R, h) what interventions add to mean cumulative returns in a story; `rows` as in `expected_growth_of`."""
    months = story.parts[0].law.conditional.system.horizon
    total = np.zeros((len(rows), months))
    for part in story.parts:
        if part.law.intervention is not None:
            total += part.weight * rows @ part.law.intervention.growth.T
    return total


def _link(monthly: Floats, mean_0: Floats, mean_1: Floats) -> Floats:
    """Carry (D, h, R) monthly contributions into (D, R, h) contributions to the compound difference.

    ``prod(1 + a) - prod(1 + b)`` telescopes: month t's difference is compounded with the scenario's
    months before it and the reference's months after it.
    """
    drivers, months, rows = monthly.shape
    linked = np.zeros((drivers, rows, months))
    total = np.zeros((drivers, rows))
    before = np.ones(rows)
    for t in range(months):
        total = total * (1.0 + mean_0[t]) + monthly[:, t] * before
        before = before * (1.0 + mean_1[t])
        linked[:, :, t] = total
    return linked
