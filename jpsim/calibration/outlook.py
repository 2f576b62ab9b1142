"""The numbers that an economist looks at first: a year ahead, loadings, and the signs behind them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jpsim.calibration.dynamics import forecast_moments
from jpsim.calibration.evidence import weigh_evidence
from jpsim.calibration.returns import Returns
from jpsim.model.core import Model

__all__ = [
    "SHOCKS",
    "FactorRow",
    "LoadingRow",
    "SeriesRow",
    "SignRow",
    "factor_rows",
    "loading_rows",
    "series_rows",
    "sign_rows",
]

Floats = npt.NDArray[np.float64]

# shocks that effects are stated for: factor, size in units of the innovation, label
SHOCKS = (
    ("jgb_10y", 0.10, "JGB 10y +10bp"),
    ("usdjpy", 100 * np.log(1.1), "USDJPY +10%"),
    ("sp500", 100 * np.log(1.1), "S&P 500 +10%"),
)

_WITNESSES = (
    "topix",
    "tse33_banks",
    "tse33_insurance",
    "tse33_transport_equip",
    "tse33_electric_appliances",
    "tse33_real_estate",
    "small",
    "growth",
)
_PARTIAL = (
    ("jgb_2y", 0.10, "JGB 2y +10bp"),
    *SHOCKS,
    ("semiconductors", 100 * np.log(1.1), "semiconductors +10%"),
    ("usd_broad", 100 * np.log(1.1), "broad dollar +10%"),
    ("policy_uncertainty", 100 * np.log(1.1), "policy uncertainty +10%"),
)


@dataclass(frozen=True)
class FactorRow:
    """A factor now and twelve months ahead.

    `mean`, `sd` and `parameter_sd` are in the unit of the level for rates, activity and flows, in percent
    of the level now (100 log) for factors in differences, and in 100 log for other log factors.
    """

    name: str
    unit: str
    level: float
    mean: float
    sd: float
    parameter_sd: float


@dataclass(frozen=True)
class SeriesRow:
    """A series' annual volatility, beta, correlation with TOPIX (all in the model) and drift a year."""

    name: str
    volatility: float
    residual: float
    beta: float
    correlation: float
    drift: float


@dataclass(frozen=True)
class LoadingRow:
    """Effect of one innovation on a series, %, every other innovation at zero; and its posterior sd."""

    series: str
    shock: str
    effect: float
    sd: float


@dataclass(frozen=True)
class SignRow:
    """Effect of one shock on a series, %: the model's, and least squares with its standard error."""

    series: str
    versus: str
    shock: str
    model: float
    estimate: float
    standard_error: float
    supported: bool


def factor_rows(model: Model, parameter_sd: Floats) -> list[FactorRow]:
    """Twelve-month outlook of every factor; `parameter_sd` as far as it goes, NaN after."""
    mean, covariance = forecast_moments(model.c, model.B, model.Sigma, model.state, 12, model.in_differences)
    spread = np.full(len(mean), np.nan)
    spread[: len(parameter_sd)] = parameter_sd
    rows = []
    for i, name in enumerate(model.factors):
        unit = model.unit[i] if model.transform[i] == "level" else "100 log"
        if model.in_differences[i]:
            unit = "% from now"
        level, sd = float(model.base_level[i]), float(np.sqrt(covariance[i, i]))
        rows.append(FactorRow(name, unit, level, float(mean[i]), sd, float(spread[i])))
    return rows


def series_rows(model: Model) -> list[SeriesRow]:
    """Annual moments of every base series and aggregate in the Gaussian law, months taken as independent."""
    rows = np.concatenate([np.eye(len(model.series)), model.aggregation])
    residual = rows @ model.residual_cov @ rows.T
    loadings = rows @ model.loadings
    covariance = loadings @ model.Sigma @ loadings.T + residual
    sd, topix = np.sqrt(np.diag(covariance)), len(model.series)
    return [
        SeriesRow(
            name=name,
            volatility=float(sd[i] * np.sqrt(12)),
            residual=float(np.sqrt(12 * residual[i, i])),
            beta=float(rows[i] @ model.beta),
            correlation=float(covariance[i, topix] / (sd[i] * sd[topix])),
            drift=float((1 + rows[i] @ model.alpha) ** 12 - 1),
        )
        for i, name in enumerate((*model.series, *model.aggregates))
    ]


def loading_rows(model: Model, loadings_sd: Floats, topix_sd: Floats) -> list[LoadingRow]:
    """Partial effects of a few telling series.

    Parameters
    ----------
    model
        The model.
    loadings_sd, topix_sd
        (S, n) and (n,) posterior sds; those of sizes and segments are of their difference from TOPIX.
    """
    loadings = np.concatenate([model.loadings, model.aggregation @ model.loadings])
    spread = np.concatenate([loadings_sd, np.full((len(model.aggregates), len(topix_sd)), np.nan)])
    spread[len(model.series)] = topix_sd
    index = {name: i for i, name in enumerate((*model.series, *model.aggregates))}
    rows = []
    for name in _WITNESSES:
        for factor, size, label in _PARTIAL:
            place = index[name], model.factor(factor)
            rows.append(LoadingRow(name, label, float(100 * size * loadings[place]), float(100 * size * spread[place])))
    return rows


def sign_rows(model: Model, returns: Returns, innovations: Floats, weights: Floats) -> list[SignRow]:
    """Model against plain least squares on the leading factors, TOPIX itself and everything else against TOPIX.

    Parameters
    ----------
    model
        The model.
    returns
        Returns of T months.
    innovations, weights
        (T, n) innovations of the estimated factors; (T,) discounts.
    """
    positions = [model.factor(name) for name, _, _ in SHOCKS]
    observed = _observed(returns, model)
    evidence = weigh_evidence(np.column_stack(list(observed.values())), innovations[:, positions], weights)
    effects = _projected(model, positions)
    index = {name: i for i, name in enumerate((*model.series, *model.aggregates))}
    rows = []
    for i, (name, versus) in enumerate(observed):
        effect = effects[index[name]] - (effects[index[versus]] if versus else 0.0)
        for j, (_, size, label) in enumerate(SHOCKS):
            scale = 100.0 * size
            estimate, error = evidence.estimate[i, j] * scale, evidence.standard_error[i, j] * scale
            supported = bool(evidence.supported[i, j] and estimate * effect[j] > 0)
            rows.append(
                SignRow(name, versus, label, float(effect[j] * scale), float(estimate), float(error), supported)
            )
    return rows


def _observed(returns: Returns, model: Model) -> dict[tuple[str, str], Floats]:
    market = returns.topix
    out = {("topix", ""): market}
    sectors = zip(model.aggregates[1:18], returns.sector17.T, strict=True)
    out |= {(name, "topix"): column - market for name, column in sectors}
    out |= {(name, "topix"): spread for name, spread in returns.tilts.items()}
    out["small", "core30"] = returns.tilts["small"] - returns.tilts["core30"]
    out |= {(name, "topix"): theme - market for name, theme in returns.themes.items()}
    return out


def _projected(model: Model, positions: list[int]) -> Floats:
    """Coefficients on a few innovations when the others move with them as they usually do, (S + G, m)."""
    loadings = np.concatenate([model.loadings, model.aggregation @ model.loadings])
    inner = model.Sigma[np.ix_(positions, positions)]
    return np.asarray(np.linalg.solve(inner, (loadings @ model.Sigma[:, positions]).T).T)
