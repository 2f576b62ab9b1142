"""From a panel to a model: the steps of a calibration, in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jpsim.calibration.announcements import Announcements, announcement_effects
from jpsim.calibration.bridge import ROWS, Bridge, append_bridge, draw_bridges, fit_bridge
from jpsim.calibration.card import write_card
from jpsim.calibration.diagnostics import diagnostics_chapter
from jpsim.calibration.dynamics import FactorLaw, discount, estimate_factors
from jpsim.calibration.episodes import Surprises, episode_surprises
from jpsim.calibration.equity import EquityLaw, estimate_equities
from jpsim.calibration.fiscal import add_fiscal_impulse, fiscal_chapter
from jpsim.calibration.history import historical_ranges
from jpsim.calibration.identification import Identified, identify, posterior_impacts
from jpsim.calibration.observations import Observations, observe
from jpsim.calibration.outlook import FactorRow, factor_rows, loading_rows, series_rows, sign_rows
from jpsim.calibration.panel import Panel, read_panel
from jpsim.calibration.parameter_draws import draw_parameters
from jpsim.calibration.policy_evidence import PolicyEvidence, policy_odds, policy_rows, story_sizes
from jpsim.calibration.priors import Priors, read_priors
from jpsim.calibration.regime_card import describe_regimes, regime_chapter
from jpsim.calibration.regime_evidence import RegimeEvidence, weigh_departures
from jpsim.calibration.regime_parameters import build_regimes
from jpsim.calibration.regimes import estimate_regimes
from jpsim.calibration.responses import response_draws, response_rows, sign_probabilities
from jpsim.calibration.returns import TILTS, Returns, chain_returns
from jpsim.calibration.structural_card import policy_chapter, shock_chapter, tail_chapter
from jpsim.calibration.structure import Structure, build_structure
from jpsim.calibration.tail_scores import score_tails
from jpsim.calibration.term_card import term_chapter
from jpsim.calibration.term_evidence import TermEvidence, weigh_terms
from jpsim.calibration.terms import linearised
from jpsim.dictionary import boj_meetings
from jpsim.dictionary import factors as factor_entries
from jpsim.dictionary import series as series_entries
from jpsim.errors import InputError
from jpsim.model.core import Model, ParameterDraws
from jpsim.model.store import next_version
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
        Version of the model; the one after the packaged ones of the month of the panel's end if None.
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
    news = _announcements(panel, priors, priors["identification"]["announcements"])
    found = _estimate(panel, priors, on_step)
    model = _assemble(found, version or next_version(priors["model"]["id"], found.observations.last))
    surprises = _surprises(found)
    identified = identify(linearised(model), priors["identification"], news, surprises)
    model = replace(
        model,
        shocks=identified.shocks,
        impacts=identified.impacts,
        meta={**model.meta, "identification": _describe_shocks(model, identified, news)},
    )
    model = replace(model, draws=_draw(found, model, news, surprises))
    model = _divide(found, model)
    outlook = tuple(factor_rows(model, found.law.parameter_sd))
    straight = linearised(model)
    card = write_card(
        model,
        outlook,
        series_rows(straight),
        loading_rows(straight, found.equities.loadings_sd, found.equities.market_sd),
        sign_rows(straight, found.returns, found.innovations, found.weights),
        [
            term_chapter(model, found.equities.residual_sd, found.evidence, priors["equity"].get("terms", {})),
            *_chapters(found, straight, identified, news),
            regime_chapter(model, priors["regimes"], _departures(found)),
            fiscal_chapter(priors["fiscal"]),
        ],
    )
    return Calibration(add_fiscal_impulse(model, priors["fiscal"]), outlook, card)


@dataclass(frozen=True, eq=False)
class _Found:
    """What was read and estimated; `innovations`, `returns` and `weights` are of the months after the lags."""

    panel: Panel
    priors: Priors
    observations: Observations
    law: FactorLaw
    bridge: Bridge
    structure: Structure
    returns: Returns
    innovations: Floats
    weights: Floats
    equities: EquityLaw
    evidence: tuple[TermEvidence, ...]


def _estimate(panel: Panel, priors: Priors, on_step: Callable[[int, int], None] | None) -> _Found:
    observations = observe(panel.monthly, priors.first)
    chained = chain_returns(panel, observations.first, priors["themes"])  # refuses what is wrong before it takes time
    entries = factor_entries()
    summed = np.array([entries[name].in_differences for name in observations.names])
    law = estimate_factors(observations, panel.monthly, priors, summed, on_step)
    bridge = fit_bridge(*_bridge_sample(panel, observations, law, priors), priors["bridge"])
    structure = build_structure(panel, priors["themes"])
    lags = len(law.B)
    weights = discount(len(observations.y), priors["sample"]["half_life"])[lags:]
    innovations = law.innovations[lags:]
    returns = chained.after(lags)
    equities = estimate_equities(
        returns,
        innovations,
        observations.levels[lags - 1 :],
        law.Sigma,
        law.volatility,
        weights,
        structure,
        observations.names,
        priors["equity"],
    )
    before = observations.levels[lags - 1 : -1]
    evidence = weigh_terms(returns, innovations, before, weights, structure, observations.names, priors["equity"])
    return _Found(
        panel, priors, observations, law, bridge, structure, returns, innovations, weights, equities, evidence
    )


def _bridge_sample(
    panel: Panel, observations: Observations, law: FactorLaw, priors: Priors
) -> tuple[Floats, Floats, Floats]:
    """Policy rate, two-year yield and its innovation in the months that the bridge is fitted to."""
    first, last = Month.parse(priors["bridge"]["first"]), observations.last
    target = panel.monthly.since(first, last, "boj_policy_rate_decided")
    if not np.isfinite(target).all():
        raise InputError(f"boj_policy_rate_decided must be known in every month from {first} to {last}")
    two_year, count = observations.names.index("jgb_2y"), len(target)
    return target, law.panel[-count:, two_year], law.innovations[-count:, two_year]


def _announcements(panel: Panel, priors: Priors, variables: Sequence[str]) -> Announcements:
    """Effects on the days on which the Bank of Japan decided."""
    first = Month.parse(priors["identification"]["announcements_first"])
    return announcement_effects(panel.daily, [meeting.day for meeting in boj_meetings()], first, tuple(variables))


def _surprises(found: _Found) -> Surprises:
    """Innovations in the months of the narrative restrictions."""
    first = found.observations.first + len(found.law.B)
    return episode_surprises(found.priors["identification"], found.innovations, first)


def _draw(found: _Found, model: Model, news: Announcements, surprises: Surprises) -> ParameterDraws:
    """Draw the parameters of the model."""
    sampler = found.priors["sampler"]
    rng = np.random.Generator(np.random.Philox(sampler["seed"] + 1))
    sample = _bridge_sample(found.panel, found.observations, found.law, found.priors)
    count = min(int(sampler["stored"]), len(found.law.posterior.B))
    bridges = draw_bridges(*sample, found.priors["bridge"], count, rng)
    settings = found.priors["identification"]
    return draw_parameters(model, found.law, bridges, found.equities, found.structure, news, surprises, settings, rng)


def _divide(found: _Found, model: Model) -> Model:
    """Return the model with its regimes, and what its record says of them."""
    draws = 0 if model.draws is None else len(model.draws.c)
    names = found.observations.names
    regimes = estimate_regimes(
        found.returns.topix, found.innovations, names, found.weights, found.priors["regimes"], draws
    )
    parts = build_regimes(model, regimes, found.equities, found.structure)
    first = found.observations.first + len(model.B)
    return replace(model, regimes=parts, meta={**model.meta, "regimes": describe_regimes(regimes, first)})


def _departures(found: _Found) -> RegimeEvidence:
    """Score the regimes' departures out of sample."""
    settings, names = found.priors["regimes"], found.observations.names
    first = Month.parse(settings["scored_from"]) - (found.observations.first + len(found.law.B)) - 1
    half_life = found.priors["sample"]["half_life"]
    return weigh_departures(found.returns.topix, found.innovations, names, half_life, settings, first)


def _describe_shocks(model: Model, identified: Identified, news: Announcements) -> dict[str, Any]:
    two_year = identified.impacts[model.factor("jgb_2y"), identified.shocks.index("monetary_policy")]
    return {
        "rotations": len(identified.admissible),
        "distance": identified.distance,
        "days": len(news.days),
        "first_day": str(min(news.days)),
        "effects_per_point": dict(zip(news.variables, news.effect.tolist(), strict=True)),
        "two_year_bp": float(100 * two_year),
    }


def _chapters(found: _Found, model: Model, identified: Identified, news: Announcements) -> list[str]:
    """Write the card's chapters on shocks, policy, tails and diagnostics."""
    settings = found.priors["identification"]
    surprises = _surprises(found)
    informed = response_draws(model, posterior_impacts(model, settings, news, surprises))
    uninformed = response_draws(model, posterior_impacts(model, settings, None, surprises))
    days = _announcements(found.panel, found.priors, ("jgb_10y", *settings["announcements"]))
    evidence = PolicyEvidence(identified, informed, uninformed, days)
    rows, strength = policy_rows(model, evidence, found.returns.topix, found.innovations)
    signs = sign_probabilities(model, identified, informed, settings)
    odds, sizes = policy_odds(model, evidence), story_sizes(model)
    return [
        shock_chapter(model, response_rows(model, identified, informed), signs, settings),
        policy_chapter(rows, odds, strength, sizes, model.meta["identification"]),
        _tail_chapter(found),
        _diagnostics_chapter(found),
    ]


def _diagnostics_chapter(found: _Found) -> str:
    law, observations = found.law, found.observations
    seen = observations.y[len(law.B) :]
    return diagnostics_chapter(observations.names, law.posterior, law.B, found.innovations, seen)


def _tail_chapter(found: _Found) -> str:
    """Write the chapter on tails, with the log scores of each law."""
    observations = found.observations
    first = found.priors["tails"]["scored_from"]
    scores = score_tails(
        observations.y,
        found.priors.of_factors(observations.names, "own_lag"),
        found.priors["sample"]["half_life"],
        Month.parse(first) - observations.first,
        found.priors["minnesota"],
        found.priors["tails"],
        leading=observations.names.index(found.law.volatility.skew_factor or "sp500"),
        group=np.array([name in ("usdjpy", "usd_broad") for name in observations.names]),
    )
    nu = found.law.choices["nu_without_volatility"]
    return tail_chapter(found.law.volatility, nu, scores, first)


def _assemble(found: _Found, version: str) -> Model:
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


def _provenance(found: _Found) -> dict[str, Any]:
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
