"""Putting point estimates together: the arrays, names and record of a model."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from jpsim.calibration.bridge import ROWS, append_bridge
from jpsim.calibration.estimates import Estimates
from jpsim.calibration.history import historical_ranges
from jpsim.calibration.observations import Observations
from jpsim.calibration.panel import Panel
from jpsim.calibration.returns import TILTS
from jpsim.calibration.structure import Structure
from jpsim.dictionary import factors as factor_entries
from jpsim.dictionary import series as series_entries
from jpsim.errors import InputError
from jpsim.model.core import Model

__all__ = ["assemble"]

Floats = npt.NDArray[np.float64]


def assemble(found: Estimates, version: str) -> Model:
    """Put the point estimates together."""
    observations, law, bridge, equities = found.observations, found.law, found.bridge, found.equities
    structure, tails = found.structure, found.law.volatility
    c, B, Sigma = append_bridge(bridge, observations.names.index("jgb_2y"), law.c, law.B, law.Sigma)
    target = found.panel.monthly.since(observations.first, observations.last, "boj_policy_rate_decided")
    lags, series = len(B), series_entries()
    state = np.column_stack([law.state, bridge.expected[-lags:], target[-lags:]])
    return Model(
        id=found.priors["model"]["id"],
        version=version,
        as_of=observations.last,
        **_describe_factors(state[-1], observations),
        state=state,
        c=c,
        B=B,
        Sigma=Sigma,
        nu=tails.nu,
        sv_phi=tails.phi,
        sv_sigma=tails.sigma,
        sv_start=tails.start,
        skew_factor=tails.skew_factor,
        skew_shift=tails.skew_shift,
        series=structure.series,
        kind=tuple(series[name].kind for name in structure.series),
        alpha=equities.alpha,
        beta=equities.beta,
        loadings=np.pad(equities.loadings, ((0, 0), (0, len(ROWS)))),
        common=equities.common,
        terms=equities.terms,
        term_loadings=equities.term_loadings,
        mix=structure.mix,
        idio_sd=equities.residuals.idio_sd,
        idio_nu=equities.residuals.idio_nu,
        aggregates=structure.aggregates,
        aggregate_kind=tuple(series[name].kind for name in structure.aggregates),
        aggregation=structure.aggregation,
        meta=_provenance(found),
    )


def _describe_factors(last: Floats, observations: Observations) -> dict[str, Any]:
    """Ids, transforms, units and levels of the factors, the two policy rows included."""
    names = (*observations.names, *ROWS)
    entries = [factor_entries()[name] for name in names]
    transform = tuple(entry.transform for entry in entries)
    in_differences = np.array([entry.in_differences for entry in entries])
    return {
        "factors": names,
        "transform": transform,
        "unit": tuple(entry.unit for entry in entries),
        "in_differences": in_differences,
        "base_level": _base_level(last, transform, in_differences, observations),
    }


def _base_level(
    last: Floats, transform: tuple[str, ...], in_differences: npt.NDArray[np.bool_], observations: Observations
) -> Floats:
    """Return levels at month 0: what the state implies, or the panel's level of a factor in differences."""
    implied = np.where([name == "log100" for name in transform], np.exp(last / 100.0), last)
    implied[in_differences] = 0.0
    known = in_differences.nonzero()[0]
    implied[known] = observations.levels[-1, known]
    if not np.isfinite(implied).all():
        late = [observations.names[i] for i in known if not np.isfinite(implied[i])]
        raise InputError(f"the level of {', '.join(late)} at {observations.last} is not in the panel")
    return implied


def _provenance(found: Estimates) -> dict[str, Any]:
    observations, panel, priors, bridge = found.observations, found.panel, found.priors, found.bridge
    return {
        "sample": {
            "first": str(observations.first),
            "last": str(observations.last),
            "half_life_months": float(priors["sample"]["half_life"]),
        },
        "panel_sha256": dict(panel.sha256),
        "priors_sha256": priors.sha256,
        "priors": priors.sections,
        "topix_weights_date": panel.weights_date,
        "factors": found.law.choices,
        "bridge": {
            "speed": bridge.speed,
            "premium": bridge.premium,
            "response": bridge.response,
            "own_sd": bridge.own_sd,
            "rounding_sd": bridge.rounding_sd,
        },
        "equity": found.equities.choices,
        "identities": _identities(panel, found.structure),
        "history": _history(panel, observations),
    }


def _history(panel: Panel, observations: Observations) -> dict[str, dict[str, float]]:
    """Ranges of the factors in the sample, the policy rate included."""
    names = (*observations.names, "boj_policy_rate")
    policy = panel.monthly.since(observations.first, observations.last, "boj_policy_rate_decided")
    entries = [factor_entries()[name] for name in names]
    return historical_ranges(
        np.column_stack([observations.levels, policy]),
        names,
        [entry.transform == "log100" for entry in entries],
        [entry.in_differences for entry in entries],
    )


def _identities(panel: Panel, structure: Structure) -> list[dict[str, Any]]:
    """State what adds up to what, with weights; loading a model checks them."""
    sizes = panel.sector_weights.sum(axis=0)
    shares = [float(structure.sector_weights[row > 0].sum()) for row in structure.members]
    return [
        {"whole": "topix", "parts": dict(zip(structure.series[:33], structure.sector_weights.tolist(), strict=True))},
        {"whole": "topix", "parts": dict(zip(structure.aggregates[1:18], shares, strict=True))},
        {"whole": "topix", "parts": dict(zip(TILTS[0], sizes.tolist(), strict=True))},
        {"whole": "tse_all", "parts": dict(panel.segment_weights)},
    ]
