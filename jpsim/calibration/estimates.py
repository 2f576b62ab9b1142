"""What a calibration reads and estimates before a model is put together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jpsim.calibration.announcements import Announcements, announcement_effects
from jpsim.calibration.bridge import Bridge, fit_bridge
from jpsim.calibration.dynamics import FactorLaw, discount, estimate_factors
from jpsim.calibration.episodes import Surprises, episode_surprises
from jpsim.calibration.equity import EquityLaw, estimate_equities
from jpsim.calibration.observations import Observations, observe
from jpsim.calibration.panel import Panel
from jpsim.calibration.priors import Priors
from jpsim.calibration.regime_evidence import RegimeEvidence, weigh_departures
from jpsim.calibration.returns import Returns, chain_returns
from jpsim.calibration.structure import Structure, build_structure
from jpsim.calibration.term_evidence import TermEvidence, weigh_terms
from jpsim.dictionary import boj_meetings
from jpsim.dictionary import factors as factor_entries
from jpsim.errors import InputError
from jpsim.months import Month

__all__ = ["Estimates", "bridge_sample", "decision_news", "estimate", "narrative_surprises", "regime_departures"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Estimates:
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


def estimate(panel: Panel, priors: Priors, on_step: Callable[[int, int], None] | None) -> Estimates:
    """Estimate the parts of a model from a panel; `on_step` is called with (done, total) as the sampler goes."""
    observations = observe(panel.monthly, priors.first)
    chained = chain_returns(panel, observations.first, priors["themes"])  # refuses what is wrong before it takes time
    entries = factor_entries()
    summed = np.array([entries[name].in_differences for name in observations.names])
    law = estimate_factors(observations, panel.monthly, priors, summed, on_step)
    bridge = fit_bridge(*bridge_sample(panel, observations, law, priors), priors["bridge"])
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
    return Estimates(
        panel, priors, observations, law, bridge, structure, returns, innovations, weights, equities, evidence
    )


def bridge_sample(
    panel: Panel, observations: Observations, law: FactorLaw, priors: Priors
) -> tuple[Floats, Floats, Floats]:
    """Policy rate, two-year yield and its innovation in the months that the bridge is fitted to."""
    first, last = Month.parse(priors["bridge"]["first"]), observations.last
    target = panel.monthly.since(first, last, "boj_policy_rate_decided")
    if not np.isfinite(target).all():
        raise InputError(f"boj_policy_rate_decided must be known in every month from {first} to {last}")
    two_year, count = observations.names.index("jgb_2y"), len(target)
    return target, law.panel[-count:, two_year], law.innovations[-count:, two_year]


def decision_news(panel: Panel, priors: Priors, variables: Sequence[str]) -> Announcements:
    """Effects on the days on which the Bank of Japan decided."""
    first = Month.parse(priors["identification"]["announcements_first"])
    return announcement_effects(panel.daily, [meeting.day for meeting in boj_meetings()], first, tuple(variables))


def narrative_surprises(found: Estimates) -> Surprises:
    """Innovations in the months of the narrative restrictions."""
    first = found.observations.first + len(found.law.B)
    return episode_surprises(found.priors["identification"], found.innovations, first)


def regime_departures(found: Estimates) -> RegimeEvidence:
    """Score the regimes' departures out of sample."""
    settings, names = found.priors["regimes"], found.observations.names
    first = Month.parse(settings["scored_from"]) - (found.observations.first + len(found.law.B)) - 1
    half_life = found.priors["sample"]["half_life"]
    return weigh_departures(found.returns.topix, found.innovations, names, half_life, settings, first)
