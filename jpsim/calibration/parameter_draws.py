"""Draws of a model's parameters from their posterior: factors, policy bridge, loadings, premium, rotations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from jpsim.calibration.announcements import Announcements
from jpsim.calibration.bridge import ROWS, Bridge, append_bridge
from jpsim.calibration.dynamics import FactorLaw
from jpsim.calibration.episodes import Surprises
from jpsim.calibration.equity import EquityLaw, model_beta
from jpsim.calibration.identification import paired_impacts
from jpsim.calibration.structure import Structure
from jpsim.calibration.terms import average_slopes, linearised
from jpsim.model.core import Model, ParameterDraws

__all__ = ["draw_parameters", "single", "spaced"]

Floats = npt.NDArray[np.float64]


def spaced(kept: int, count: int) -> npt.NDArray[np.int64]:
    """Positions of at most `count` draws of a chain, as far apart as can be."""
    return np.linspace(0, kept - 1, min(count, kept)).round().astype(np.int64)


def draw_parameters(
    model: Model,
    law: FactorLaw,
    bridges: list[Bridge],
    equities: EquityLaw,
    structure: Structure,
    news: Announcements,
    surprises: Surprises,
    identification: dict[str, Any],
    rng: np.random.Generator,
) -> ParameterDraws:
    """Draw as many sets of parameters as there are bridges.

    A draw of the factors' law keeps the scaling of the two-year yield's shocks; loadings are drawn down
    the hierarchy, together with those on the nonlinear terms, and add up as the point does; betas follow from
    the draw's own covariance, and the drift from them and a draw of the premium, stratified so that their mean
    is the point's. Residual laws, tails, and the observations at month 0 are those of the point.

    Parameters
    ----------
    model
        The point, without draws.
    law, equities, structure
        What was estimated.
    bridges
        Draws of the bridge.
    news, surprises, identification
        Evidence on and restrictions of the shocks: each draw gets an admissible set of its own.
    rng
        Source of randomness.
    """
    D = len(bridges)
    chosen, position = spaced(len(law.posterior.B), D), model.factor("jgb_2y")
    factors = [_factor_draw(law, d, bridge, position) for d, bridge in zip(chosen, bridges, strict=True)]
    c, B, Sigma = (single(np.array(part)) for part in zip(*factors, strict=True))
    n = len(model.factors) - len(ROWS)
    effects = np.array([equities.hierarchy.draw(structure, rng) for _ in range(D)])
    loadings = single(np.pad(effects[..., :n], ((0, 0), (0, 0), (0, len(ROWS)))))
    term_loadings = single(effects[..., n:])
    slopes = [average_slopes(model.terms, model.factors, covariance, model.base_level) for covariance in Sigma]
    linear = loadings + term_loadings @ np.array(slopes)
    beta = np.array(
        [
            model_beta(rows, equities.common, structure, equities.residuals.idio_sd, covariance)
            for rows, covariance in zip(linear, Sigma, strict=True)
        ]
    )
    strata = norm.ppf((rng.permutation(D) + 0.5) / D)
    premium = equities.choices["premium"] + equities.choices["premium_sd"] * strata
    alpha = beta * ((1.0 + premium) ** (1.0 / 12.0) - 1.0)[:, None]
    straight = linearised(model)
    drawn = [replace(straight, Sigma=Sigma[d], loadings=linear[d]) for d in range(D)]
    impacts = paired_impacts(straight, drawn, identification, news, surprises)
    return ParameterDraws(c, B, Sigma, alpha, beta, loadings, impacts, term_loadings)


def _factor_draw(law: FactorLaw, d: int, bridge: Bridge, position: int) -> tuple[Floats, Floats, Floats]:
    return append_bridge(bridge, position, law.drawn_c[d], law.posterior.B[d], law.posterior.Sigma[d])


def single(values: Floats) -> Floats:
    """Round to single precision, as draws are stored: what is derived from them is then exact."""
    return values.astype(np.float32).astype(np.float64)
