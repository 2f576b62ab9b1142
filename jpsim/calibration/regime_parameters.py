"""A model's regimes: its point and its parameter draws with the departures of each regime laid over them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from jpsim.calibration.equity import EquityLaw, model_beta
from jpsim.calibration.parameter_draws import single
from jpsim.calibration.regimes import Regimes
from jpsim.calibration.structure import Structure
from jpsim.calibration.terms import average_slopes
from jpsim.model.core import Model, Regime, RegimeDraws

__all__ = ["build_regimes"]

Floats = npt.NDArray[np.float64]


def build_regimes(model: Model, regimes: Regimes, equities: EquityLaw, structure: Structure) -> tuple[Regime, ...]:
    """Build the regimes of a model.

    Betas follow from each regime's own covariance, the drift from them and the premium of the point or draw.

    Parameters
    ----------
    model
        The pooled model with its shocks and draws.
    regimes
        Departures, with as many draws as the model keeps.
    equities, structure
        The equity layer that was estimated.
    """
    n, count = len(model.factors), len(model.draws.c) if model.draws else 0
    spread = equities.hierarchy.spread(structure)

    def moved(
        regime: int,
        draw: int | None,
        Sigma: Floats,
        loadings: Floats,
        bent: Floats,
        alpha: Floats,
        impacts: Floats,
    ) -> Any:
        carried = regimes.transport(Sigma, regime, draw)
        covariance = carried @ Sigma @ carried.T
        covariance = (covariance + covariance.T) / 2.0
        response = np.zeros(n)
        response[regimes.core] = regimes.departure(regime, draw)
        slopes = average_slopes(model.terms, model.factors, covariance, model.base_level)
        own = loadings + np.outer(spread, response) + bent @ slopes
        beta = model_beta(own, equities.common, structure, equities.residuals.idio_sd, covariance)
        premium = float(model.aggregation[0] @ alpha)  # monthly, per unit of beta: TOPIX is the first aggregate
        return {
            "Sigma": covariance,
            "alpha": beta * premium,
            "beta": beta,
            "response": response,
            "impacts": carried @ impacts,
        }

    found = []
    for k, name in enumerate(regimes.names):
        point = moved(k, None, model.Sigma, model.loadings, model.term_loadings, model.alpha, model.impacts)
        draws = None
        if model.draws is not None:
            drawn = model.draws
            pooled = (drawn.Sigma, drawn.loadings, drawn.term_loadings, drawn.alpha, drawn.impacts)
            rows = [moved(k, d, *(part[d] for part in pooled)) for d in range(count)]
            draws = RegimeDraws(**{key: single(np.array([row[key] for row in rows])) for key in point})
        found.append(Regime(name, float(regimes.probability[k]), **point, spread=spread, draws=draws))
    return tuple(found)
