"""What a model consists of and implies, number by number: what a change of model is told in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jpsim.calibration.dynamics import forecast_moments
from jpsim.calibration.outlook import series_rows
from jpsim.calibration.terms import linearised
from jpsim.model import Model

__all__ = ["Numbers", "facts", "moments", "parameters"]

Floats = npt.NDArray[np.float64]

_YEAR = 12
_MONTHS = ("inverse degrees of freedom", "sv_phi", "sv_sigma", "sv_start", "skew_shift")
_LONG = ("regimes.filtered.", "regimes.smoothed.", "identities.", "history.")
"""Parts of the record that follow from the rest, month by month or series by series."""


@dataclass(frozen=True, eq=False)
class Numbers:
    """Named numbers of one kind.

    Parameters
    ----------
    names, values
        m names and (m,) values.
    spread
        (m,) standard deviations over the model's posterior draws; NaN where it keeps none of them.
    """

    names: tuple[str, ...]
    values: Floats
    spread: Floats


def parameters(model: Model) -> dict[str, Numbers]:
    """Parameters of a model by block, in units of the model, with their posterior standard deviations.

    ``Sigma`` is told as standard deviations and correlations of the innovations, the residuals as standard deviations.
    """
    point = _blocks(model)
    drawn = [_blocks(one) for one in model.posterior()] if model.draws is not None else []
    return {
        block: Numbers(names, values, _spread([each[block][1] for each in drawn if block in each], values))
        for block, (names, values) in point.items()
    }


def moments(model: Model) -> dict[str, Numbers]:
    """Moments that follow from the parameters, of normal innovations and linearised terms.

    Mean and standard deviation of every factor a year ahead (of its change, where it enters in differences), and of
    every series its drift and volatility a year, beta and correlation with TOPIX, in decimals.
    """
    straight = linearised(model)
    mean, covariance = forecast_moments(
        model.c, model.B, model.Sigma, model.state, _YEAR * model.steps_per_month, model.in_differences
    )
    rows = series_rows(straight)
    names = tuple(row.name for row in rows)
    columns: dict[str, tuple[tuple[str, ...], Floats]] = {
        "factors, mean in a year": (model.factors, mean),
        "factors, sd in a year": (model.factors, np.sqrt(np.diag(covariance))),
        "series, drift a year": (names, np.array([row.drift for row in rows])),
        "series, volatility a year": (names, np.array([row.volatility for row in rows])),
        "series, beta": (names, np.array([row.beta for row in rows])),
        "series, correlation with TOPIX": (names, np.array([row.correlation for row in rows])),
    }
    return {block: Numbers(*column, np.full(len(column[0]), np.nan)) for block, column in columns.items()}


def facts(model: Model) -> dict[str, str]:
    """Record of a model, leaf by leaf: sample, priors, choices, digests of what it was estimated from."""
    told = {"id": model.id, "version": model.version, "as_of": str(model.as_of), "sha256": model.sha256}
    leaves = _leaves(model.meta, ())
    return told | {leaf: text for leaf, text in leaves if not leaf.startswith(_LONG)}


def _blocks(model: Model) -> dict[str, tuple[tuple[str, ...], Floats]]:
    """Names and values of each block."""
    n, factors, series = len(model.factors), model.factors, model.series
    sd = np.sqrt(np.diag(model.Sigma))
    rows, columns = np.tril_indices(n, -1)
    scale = np.where(sd > 0.0, sd, 1.0)
    correlation = (model.Sigma / np.outer(scale, scale))[rows, columns]
    lags = tuple(f"{row} on {name}, lag {lag + 1}" for lag in range(model.lags) for row in factors for name in factors)
    months = (1.0 / model.nu, model.sv_phi, model.sv_sigma, model.sv_start, model.skew_shift)
    return {
        "level at month 0": (factors, model.base_level),
        "intercept": (factors, model.c),
        "lag coefficient": (lags, model.B.ravel()),
        "innovation, sd": (factors, sd),
        "innovations, correlation": (_pairs(factors, rows, columns), correlation),
        "law of the months": (_MONTHS, np.array(months)),
        "drift": (series, model.alpha),
        "beta": (series, model.beta),
        "loading": (_products(series, factors), model.loadings.ravel()),
        "term loading": (_products(series, [term.id for term in model.terms]), model.term_loadings.ravel()),
        "residual, sd": (series, np.sqrt(np.diag(model.residual_cov))),
        "residual, inverse degrees of freedom": (series, 1.0 / model.idio_nu),
        "structural impact": (_products(factors, model.shocks), model.impacts.ravel()),
        "regime, probability": (
            tuple(regime.name for regime in model.regimes),
            np.array([regime.probability for regime in model.regimes]),
        ),
        **_regime_blocks(model),
    }


def _regime_blocks(model: Model) -> dict[str, tuple[tuple[str, ...], Floats]]:
    """What each regime puts in the place of the average: drift, widths of innovations, TOPIX's loadings."""
    blocks = {}
    for regime in model.regimes:
        blocks[f"{regime.name}: drift"] = (model.series, regime.alpha)
        blocks[f"{regime.name}: innovation, sd"] = (model.factors, np.sqrt(np.diag(regime.Sigma)))
        blocks[f"{regime.name}: TOPIX's loading beyond the average"] = (model.factors, regime.response)
    return blocks


def _pairs(names: tuple[str, ...], rows: npt.NDArray[Any], columns: npt.NDArray[Any]) -> tuple[str, ...]:
    return tuple(f"{names[i]}, {names[j]}" for i, j in zip(rows, columns, strict=True))


def _products(rows: tuple[str, ...], columns: Any) -> tuple[str, ...]:
    return tuple(f"{row} on {column}" for row in rows for column in columns)


def _spread(drawn: list[Floats], values: Floats) -> Floats:
    """Standard deviation over draws, NaN where the draws do not differ; draws are of one regime, the average."""
    if not drawn or drawn[0].shape != values.shape:
        return np.full(len(values), np.nan)
    with np.errstate(invalid="ignore"):
        spread = np.std(np.array(drawn), axis=0)
    return np.where(spread > 1e-9 * np.maximum(np.abs(values), 1e-9), spread, np.nan)


def _leaves(content: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for key, below in content.items():
        if isinstance(below, Mapping):
            yield from _leaves(below, (*path, str(key)))
        else:
            yield ".".join((*path, str(key))), f"{below:.6g}" if isinstance(below, float) else str(below)
