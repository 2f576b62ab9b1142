"""Elasticities of expected earnings: labelled priors, updated by the model's loadings of prices.

The prior of a factor's responses is ``e = M theta`` for the S base series, ``theta ~ N(theta_0, D)`` the
stated effects and each sector's own. A loading b_i of prices is an observation of ``e_i``: of the price
response a share phi is news about earnings, so that ``E[phi] b_i = e_i + noise``. The noise of each of
the 33 sectors has a variance ``E[phi]**2 sd(b_i)**2 + c**2 E[e_i**2]`` of its own, ``c = sd(phi) / E[phi]``, and
all share a variance ``c**2 E[e**2]`` with the e of TOPIX: the share may be wrong for a sector and for the
market. Both take the prior's second moments and not the loadings, which would pull the result below both
prior and loadings (D'Agostini 1994, doi:10.1016/0168-9002(94)90719-6). The normal-normal update (Gelman
et al. 2013, Bayesian Data Analysis) is
``theta = theta_0 + D M' (M D M' + R)**-1 (phi b - M theta_0)``. No earnings are observed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.spreading import spread_over_series
from jpsim.equity_priors import EarningsResponse, earnings_prior
from jpsim.model import Model

__all__ = ["Elasticities", "update_elasticities", "update_normal"]

Floats = npt.NDArray[np.float64]

_WHOLE = 100.0
"""Loadings are shares of the price, effects percent."""


@dataclass(frozen=True, eq=False)
class Elasticities:
    """Percent of earnings for a lasting surprise of one unit of each responding factor.

    Parameters
    ----------
    factors, months
        The F factors that have a response, and their lag profiles.
    prior, mean
        (F, S + G) before and after the update, for the base series and the aggregates.
    prior_sd, sd
        (F, S + G) standard deviations before and after.
    observed
        (F, S + G) what the loadings say, ``E[phi] b``; NaN where prices do not update the prior.
    """

    factors: tuple[str, ...]
    months: tuple[int, ...]
    prior: Floats
    mean: Floats
    prior_sd: Floats
    sd: Floats
    observed: Floats


def update_elasticities(model: Model) -> Elasticities:
    """Combine the priors with the model's loadings, factor by factor; factors that the model lacks are left out."""
    responses = [response for name, response in earnings_prior().responses.items() if name in model.factors]
    rows = [_update_response(model, response) for response in responses]
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    factors = tuple(response.factor for response in responses)
    return Elasticities(factors, tuple(response.months for response in responses), *columns)


def update_normal(mean: Floats, cov: Floats, design: Floats, observed: Floats, noise: Floats) -> tuple[Floats, Floats]:
    """Posterior mean and covariance of ``theta ~ N(mean, cov)`` given ``observed = design theta + N(0, noise)``.

    Parameters
    ----------
    mean, cov
        (k,), (k, k).
    design, observed, noise
        (m, k), (m,), (m, m).
    """
    gain = np.linalg.solve(design @ cov @ design.T + noise, design @ cov).T
    return mean + gain @ (observed - design @ mean), cov - gain @ design @ cov


def _update_response(model: Model, response: EarningsResponse) -> tuple[Floats, ...]:
    """Prior, posterior, their sds and the observations of one factor, each (S + G,)."""
    effects, design = _design(model, response)
    everything = np.vstack([design, model.aggregation @ design])
    prior = np.array([effect.mean for effect in response.effects.values()])
    mean = np.concatenate([prior, np.zeros(design.shape[1] - effects)])
    spread = [effect.sd for effect in response.effects.values()]
    cov = np.diag(np.concatenate([spread, np.full(design.shape[1] - effects, response.own_sd)]) ** 2)
    after, after_cov, said = mean, cov, np.full(everything.shape[0], np.nan)
    if response.price_share is not None:
        sectors = [i for i, kind in enumerate(model.kind) if kind == "sector33"]
        factor, share = model.factor(response.factor), response.price_share
        loading = _WHOLE * model.loadings[:, factor]
        own = _WHOLE * _loading_sd(model, factor)[sectors]
        second, wrong = np.outer(mean, mean) + cov, (share.sd / share.mean) ** 2
        market = model.aggregation[model.aggregates.index("topix")] @ design
        noise = np.diag((share.mean * own) ** 2 + wrong * _along(design[sectors], second))
        noise += wrong * float(_along(market[None], second)[0])
        after, after_cov = update_normal(mean, cov, design[sectors], share.mean * loading[sectors], noise)
        said = share.mean * np.concatenate([loading, model.aggregation @ loading])
    return (
        everything @ mean,
        everything @ after,
        np.sqrt(_along(everything, cov)),
        np.sqrt(_along(everything, after_cov)),
        said,
    )


def _design(model: Model, response: EarningsResponse) -> tuple[int, Floats]:
    """Number of stated effects, and (S, k) how the base series follow them and each sector's own."""
    sectors = [name for name, kind in zip(model.series, model.kind, strict=True) if kind == "sector33"]
    columns = [spread_over_series(model, {name: 1.0}) for name in (*response.effects, *sectors)]
    if "topix" in response.effects:
        weights = model.aggregation[model.aggregates.index("topix")]
        level = list(response.effects).index("topix")
        columns = [column - (i != level) * (weights @ column) for i, column in enumerate(columns)]
    return len(response.effects), np.array(columns).T


def _loading_sd(model: Model, factor: int) -> Floats:
    """(S,) posterior standard deviations of the loadings on a factor; zero for a model that keeps no draws."""
    if model.draws is None:
        return np.zeros(len(model.series))
    spread: Floats = model.draws.loadings[:, :, factor].std(axis=0)
    return spread


def _along(rows: Floats, moments: Floats) -> Floats:
    """(R,) second moments of R sums of effects."""
    found: Floats = np.einsum("ri,ij,rj->r", rows, moments, rows)
    return np.maximum(found, 0.0)
