"""Fiscal impulse: an exogenous factor whose effects are labelled priors.

No monthly series of the cyclically adjusted deficit exists, so nothing here is estimated. The impulse is
a near random walk; a surprise in it moves other factors at once by stated responses, feeds into activity
and prices month by month, and moves equities by their beta on a stated response of TOPIX. It is a row
of the VAR like any other, so that conditions on it work as on any other factor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from jpsim.calibration.bridge import ROWS as BRIDGE
from jpsim.calibration.markdown import table
from jpsim.model.core import Model, ParameterDraws, Regime

__all__ = ["FISCAL", "add_fiscal_impulse", "fiscal_chapter"]

Floats = npt.NDArray[np.float64]

FISCAL = "fiscal_impulse"


def add_fiscal_impulse(model: Model, priors: Mapping[str, Any]) -> Model:
    """Return the model with the fiscal impulse as its last factor.

    Parameters
    ----------
    model
        An estimated model without it.
    priors
        Section ``fiscal``: ``persistence``, ``own_sd``, ``topix`` and the tables ``impact`` and ``monthly``
        of responses by factor, all per percentage point of GDP.
    """
    impact, monthly = _responses(model, priors)
    c, B, Sigma = _extend(model.c, model.B, model.Sigma, impact, monthly, priors)
    return replace(
        model,
        factors=(*model.factors, FISCAL),
        transform=(*model.transform, "level"),
        unit=(*model.unit, "pp"),
        in_differences=np.append(model.in_differences, False),
        state=np.pad(model.state, ((0, 0), (0, 1))),
        base_level=np.append(model.base_level, 0.0),
        c=c,
        B=B,
        Sigma=Sigma,
        impacts=np.pad(model.impacts, ((0, 1), (0, 0))),
        loadings=_load(model.loadings, model.beta, priors["topix"]),
        draws=_extend_draws(model, priors),
        regimes=tuple(_extend_regime(model, regime, priors) for regime in model.regimes),
    )


def fiscal_chapter(priors: Mapping[str, Any]) -> str:
    """Write the card's chapter on the fiscal impulse."""
    rows = [
        (name, f"{priors['impact'].get(name, 0.0):g}", f"{priors['monthly'].get(name, 0.0):g}")
        for name in dict.fromkeys((*priors["impact"], *priors["monthly"]))
    ]
    return (
        "## Fiscal impulse / 財政インパルス\n\n"
        f"`{FISCAL}` is the last factor: exogenous, all of it a labelled prior. It keeps {priors['persistence']:g} of "
        f"its level a month and is surprised by {priors['own_sd']:g} points of GDP; a point moves TOPIX by "
        f"{100 * priors['topix']:g}% directly and the factors as follows. Source: {priors['source']}.\n\n"
        + table(("factor", "at once, per point", "a month, per point"), rows)
    )


def _responses(model: Model, priors: Mapping[str, Any]) -> tuple[Floats, Floats]:
    """(n,) responses of the factors at once, and (n,) month by month."""
    impact, monthly = (
        np.array([float(priors[name].get(factor, 0.0)) for factor in model.factors]) for name in ("impact", "monthly")
    )
    for name in BRIDGE:  # the policy rows follow the two-year yield's surprises as they follow any other
        impact[model.factor(name)] += model.meta["bridge"]["response"] * priors["impact"].get("jgb_2y", 0.0)
    return impact, monthly


def _extend(
    c: Floats, B: Floats, Sigma: Floats, impact: Floats, monthly: Floats, priors: Mapping[str, Any]
) -> tuple[Floats, Floats, Floats]:
    """Add the row of the impulse to a VAR.

    A surprise e moves the others' innovations by ``impact e`` and, from the next month, their means by
    ``monthly`` times the level of the impulse.
    """
    n = c.size
    B_out = np.zeros((B.shape[0], n + 1, n + 1))
    B_out[:, :n, :n] = B
    B_out[0, :n, n] = monthly
    B_out[0, n, n] = priors["persistence"]
    moved = np.append(impact, 1.0) * priors["own_sd"]
    Sigma_out = np.pad(Sigma, ((0, 1), (0, 1))) + np.outer(moved, moved)
    return np.append(c, 0.0), B_out, Sigma_out


def _load(loadings: Floats, beta: Floats, topix: float) -> Floats:
    """Loadings (..., S, n + 1): the direct response of TOPIX, scaled by each series' beta."""
    return np.concatenate([loadings, (beta * topix)[..., None]], axis=-1)


def _extend_draws(model: Model, priors: Mapping[str, Any]) -> ParameterDraws | None:
    """Draws of the parameters with the same priors' point values: their uncertainty is not drawn."""
    if model.draws is None:
        return None
    draws = model.draws
    impact, monthly = _responses(model, priors)
    extended = [_extend(*parts, impact, monthly, priors) for parts in zip(draws.c, draws.B, draws.Sigma, strict=True)]
    c, B, Sigma = (np.array(part) for part in zip(*extended, strict=True))
    loadings = _load(draws.loadings, draws.beta, priors["topix"])
    impacts = np.pad(draws.impacts, ((0, 0), (0, 1), (0, 0)))
    return replace(draws, c=c, B=B, Sigma=Sigma, loadings=loadings, impacts=impacts)


def _extend_regime(model: Model, regime: Regime, priors: Mapping[str, Any]) -> Regime:
    """Return the regime with the impulse, whose priors know no regimes."""
    whole = add_fiscal_impulse(model.in_regime(regime.name), priors)
    draws = regime.draws
    if draws is not None and whole.draws is not None:
        response = np.pad(draws.response, ((0, 0), (0, 1)))
        draws = replace(draws, Sigma=whole.draws.Sigma, impacts=whole.draws.impacts, response=response)
    response = np.append(regime.response, 0.0)
    return replace(regime, Sigma=whole.Sigma, impacts=whole.impacts, response=response, draws=draws)
