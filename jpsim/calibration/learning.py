"""From a panel to a model: the steps of a calibration, in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jpsim.calibration.bridge import ROWS, Bridge, append_bridge, fit_bridge
from jpsim.calibration.card import write_card
from jpsim.calibration.dynamics import FactorLaw, discount, estimate_factors
from jpsim.calibration.equity import EquityLaw, Structure, build_structure, estimate_equities
from jpsim.calibration.observations import Observations, observe
from jpsim.calibration.outlook import FactorRow, factor_rows, loading_rows, series_rows, sign_rows
from jpsim.calibration.panel import Panel, read_panel
from jpsim.calibration.priors import Priors, read_priors
from jpsim.calibration.returns import TILTS, chain_returns
from jpsim.dictionary import factors as factor_entries
from jpsim.dictionary import series as series_entries
from jpsim.errors import InputError
from jpsim.model.core import Model
from jpsim.months import Month

__all__ = ["Calibration", "calibrate"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Calibration:
    """A model and what an economist looks at first.

    Parameters
    ----------
    model
        The model, not stored yet.
    outlook
        Its factors a year ahead.
    card
        The model card, Markdown.
    """

    model: Model
    outlook: tuple[FactorRow, ...]
    card: str


def calibrate(
    path: Path,
    *,
    version: str | None = None,
    priors: Priors | None = None,
    on_step: Callable[[int, int], None] | None = None,
) -> Calibration:
    """Estimate a model.

    Parameters
    ----------
    path
        A panel's folder, or its monthly file.
    version
        Version of the model; year, month of the panel's end and 1 if None.
    priors
        Judgements; the packaged ones if None.
    on_step
        Called with (done, total) as the sampler goes.

    Raises
    ------
    InputError
        The panel or the priors are not what they should be, or no sound model comes out.
    """
    priors = priors or read_priors()
    panel = read_panel(path)
    observations = observe(panel.monthly, priors.first)
    entries = factor_entries()
    summed = np.array([entries[name].in_differences for name in observations.names])
    law = estimate_factors(observations, panel.monthly, priors, summed, on_step)
    bridge = _fit_policy_bridge(panel, observations, law, priors)
    structure = build_structure(panel, priors["themes"])
    weights = discount(len(observations.y), priors["sample"]["half_life"])[len(law.B) :]
    innovations = law.innovations[len(law.B) :]
    returns = chain_returns(panel, observations.first + len(law.B), priors["themes"])
    equities = estimate_equities(
        returns, innovations, law.Sigma, weights, structure, observations.names, priors["equity"]
    )
    meta = _provenance(panel, observations, law, bridge, equities, structure, priors)
    version = version or f"{observations.last.year}.{observations.last.number:02d}.1"
    model = _assemble(observations, law, bridge, equities, structure, priors, panel, meta, version)
    outlook = tuple(factor_rows(model, law.parameter_sd))
    card = write_card(
        model,
        outlook,
        series_rows(model),
        loading_rows(model, equities.loadings_sd, equities.topix_sd),
        sign_rows(model, returns, innovations, weights),
    )
    return Calibration(model, outlook, card)


def _fit_policy_bridge(panel: Panel, observations: Observations, law: FactorLaw, priors: Priors) -> Bridge:
    first, last = Month.parse(priors["bridge"]["first"]), observations.last
    target = panel.monthly.since(first, last, "boj_policy_rate_decided")
    if not np.isfinite(target).all():
        raise InputError(f"boj_policy_rate_decided must be known in every month from {first} to {last}")
    two_year, count = observations.names.index("jgb_2y"), len(target)
    return fit_bridge(
        target, law.panel[-count:, two_year], law.innovations[-count:, two_year], priors["bridge"]
    )


def _assemble(
    observations: Observations,
    law: FactorLaw,
    bridge: Bridge,
    equities: EquityLaw,
    structure: Structure,
    priors: Priors,
    panel: Panel,
    meta: dict[str, Any],
    version: str,
) -> Model:
    c, B, Sigma = append_bridge(bridge, observations.names.index("jgb_2y"), law.c, law.B, law.Sigma)
    target = panel.monthly.since(observations.first, observations.last, "boj_policy_rate_decided")
    lags, series = len(B), series_entries()
    state = np.column_stack([law.state, bridge.expected[-lags:], target[-lags:]])
    return Model(
        id=priors["model"]["id"],
        version=version,
        as_of=observations.last,
        **_describe_factors(state[-1], observations),
        state=state,
        c=c,
        B=B,
        Sigma=Sigma,
        nu=law.nu,
        sv_phi=float(priors["tails"]["sv_phi"]),
        sv_sigma=float(priors["tails"]["sv_sigma"]),
        series=structure.series,
        kind=tuple(series[name].kind for name in structure.series),
        alpha=equities.alpha,
        beta=equities.beta,
        loadings=np.pad(equities.loadings, ((0, 0), (0, len(ROWS)))),
        common=equities.common,
        mix=structure.mix,
        idio_sd=equities.residuals.idio_sd,
        idio_nu=equities.residuals.idio_nu,
        aggregates=structure.aggregates,
        aggregate_kind=tuple(series[name].kind for name in structure.aggregates),
        aggregation=structure.aggregation,
        meta=meta,
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


def _provenance(
    panel: Panel,
    observations: Observations,
    law: FactorLaw,
    bridge: Bridge,
    equities: EquityLaw,
    structure: Structure,
    priors: Priors,
) -> dict[str, Any]:
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
        "factors": law.choices,
        "bridge": {
            "speed": bridge.speed,
            "premium": bridge.premium,
            "response": bridge.response,
            "own_sd": bridge.own_sd,
            "rounding_sd": bridge.rounding_sd,
        },
        "equity": equities.choices,
        "identities": _identities(panel, structure),
    }


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
