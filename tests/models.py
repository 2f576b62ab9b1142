"""Small models for tests: random but stable, with every kind of factor and a coherent equity layer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from jpsim.model import Model, Regime, Term
from jpsim.months import Month

FACTORS = ("jgb_2y", "jgb_10y", "usdjpy", "sp500", "vix", "boj_policy_shadow", "boj_policy_rate")
TRANSFORM = ("level", "level", "log100", "log100", "log100", "level", "level")
UNIT = ("%", "%", "JPY", "index", "index", "%", "%")
DIFFERENCES = np.array([False, False, True, True, False, False, False])
SERIES = ("tse33_banks", "tse33_electric_appliances", "core30", "small", "nikkei225")
KIND = ("sector33", "sector33", "size", "size", "index")


def small_model(seed: int = 3, *, lags: int = 2, nu: float = 7.0) -> Model:
    """Return a stable model of seven factors, five base series and one aggregate."""
    rng = np.random.default_rng(seed)
    n = len(FACTORS)
    own = np.array([0.95, 0.96, 0.05, 0.05, 0.8, 0.85, 0.0])
    B = np.zeros((lags, n, n))
    B[0] = np.diag(own) + 0.01 * rng.standard_normal((n, n))
    for lag in range(1, lags):
        B[lag] = 0.005 * rng.standard_normal((n, n))
    B[:, :, 5:] = 0.0  # nothing depends on the policy rows ...
    B[:, 5:, :] = 0.0
    B[0, 5, 5] = B[0, 6, 5] = 0.85  # ... and both follow the two-year yield with the same lag
    B[0, 5, 0] = B[0, 6, 0] = 0.15
    root = 0.3 * rng.standard_normal((n, n)) + np.eye(n)
    scale = np.array([0.08, 0.1, 2.6, 4.0, 15.0, 0.05, 0.05])
    Sigma = (root @ root.T) * np.outer(scale, scale)
    shadow = Sigma[5]
    Sigma[6], Sigma[:, 6] = shadow, shadow
    Sigma[6, 6] = Sigma[5, 5] + 0.07**2
    state = np.tile([1.2, 2.2, 0.1, 0.5, 100 * np.log(17.0), 0.75, 0.75], (lags, 1))
    state += 0.02 * rng.standard_normal(state.shape)
    c = (np.eye(n) - B.sum(axis=0)) @ state[-1]
    weights = np.array([0.4, 0.6])
    sizes = np.array([0.7, 0.3])
    common, loadings = 0.02 * rng.standard_normal((5, 2)), 0.003 * rng.standard_normal((5, n))
    mix = np.eye(5)
    for rows in (common, loadings):
        market = weights @ rows[:2]
        tilt = rows[2:4] - sizes @ rows[2:4]
        rows[2:4], rows[4] = market + tilt, market + rows[4] * 0.1
    mix[2:4, :2], mix[4, :2] = weights, weights
    mix[2:4, 2:4] = np.eye(2) - sizes
    beta = np.array([1.15, 0.9, 1.0, 1.0, 1.05])
    beta[:2] /= weights @ beta[:2]
    return Model(
        id="small", version="1", as_of=Month(2026, 1), factors=FACTORS, transform=TRANSFORM, unit=UNIT,
        in_differences=DIFFERENCES, state=state,
        base_level=np.array([state[-1, 0], state[-1, 1], 153.8, 6939.0, np.exp(state[-1, 4] / 100), state[-1, 5],
                             state[-1, 6]]),
        c=c, B=B, Sigma=Sigma, nu=nu, sv_phi=0.9, sv_sigma=0.2, series=SERIES, kind=KIND, alpha=0.004 * beta, beta=beta,
        loadings=loadings, common=common, mix=mix, idio_sd=np.array([0.04, 0.03, 0.008, 0.01, 0.006]),
        idio_nu=np.array([4.5, 6.0, np.inf, 8.0, 5.0]), aggregates=("topix",), aggregate_kind=("index",),
        aggregation=np.array([[0.4, 0.6, 0.0, 0.0, 0.0]]), meta={}, sha256="test",
    )  # fmt: skip


def regime_model(seed: int = 3, *, nu: float = 7.0) -> Model:
    """Return the small model with a calm regime and a wild one, in which a weak yen is bad for equities."""
    model = small_model(seed, nu=nu)
    spread = np.array([1.1, 0.933333, 1.0, 1.0, 1.05])

    def regime(name: str, probability: float, scale: float, response: float) -> Regime:
        widths = np.ones(len(FACTORS))
        widths[[1, 2, 3]] = scale
        moved = np.zeros(len(FACTORS))
        moved[2] = response
        return Regime(
            name, probability, Sigma=model.Sigma * np.outer(widths, widths), alpha=model.alpha * (1.0 + response),
            beta=model.beta, response=moved, impacts=model.impacts, spread=spread,
        )  # fmt: skip

    return replace(model, regimes=(regime("calm", 0.7, 0.8, 0.004), regime("wild", 0.3, 1.5, -0.006)))


def bent_model(model: Model, seed: int = 5, *, size: float = 1.0) -> Model:
    """Return a model with five nonlinear terms, of every kind, whose loadings add up as its linear ones do.

    A one standard deviation move adds about `size` percent a month to the average series.
    """
    rng = np.random.default_rng(seed)
    sd = dict(zip(model.factors, np.sqrt(np.diag(model.Sigma)), strict=True))
    dollar, rate = model.base_level[model.factor("usdjpy")], model.base_level[model.factor("jgb_10y")]
    cov = model.Sigma[model.factor("usdjpy"), model.factor("sp500")]
    # The mean of the positive part of N(0, sd**2) is sd / sqrt(2 pi), and beyond half an sd 0.197797 sd.
    terms = (
        Term("yen_loss", "hinge", "usdjpy", centre=sd["usdjpy"] / np.sqrt(2.0 * np.pi)),
        Term("stocks_down", "hinge", "sp500", knot=-0.5 * sd["sp500"], side=-1, centre=0.1977966 * sd["sp500"]),
        Term("usdjpy_above", "gate", "usdjpy", "usdjpy", knot=dollar * 0.97),
        Term("jgb_10y_above", "gate", "jgb_10y", "jgb_10y", knot=rate - 0.1),
        Term("yen_and_stocks", "pair", "usdjpy", "sp500", centre=cov),
    )
    deviations = [sd["usdjpy"], sd["sp500"], 5.0 * sd["usdjpy"], 0.2 * sd["jgb_10y"], sd["usdjpy"] * sd["sp500"]]
    blend = model.loadings @ rng.standard_normal((len(model.factors), len(terms)))
    loadings = 0.01 * size * blend / np.abs(blend).mean(axis=0) / np.array(deviations)
    draws = model.draws
    if draws is not None:
        wobble = 1.0 + 0.2 * rng.standard_normal((len(draws.c), 1, len(terms)))
        draws = replace(draws, term_loadings=(loadings * wobble).astype(np.float32).astype(np.float64))
    return replace(model, terms=terms, term_loadings=loadings, draws=draws)
