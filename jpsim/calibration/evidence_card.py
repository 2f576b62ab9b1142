"""Chapters of the card on what the data say of shocks, policy, tails and the law's fit."""

from __future__ import annotations

import numpy as np

from jpsim.calibration.announcements import Announcements
from jpsim.calibration.diagnostics import diagnostics_chapter
from jpsim.calibration.estimates import Estimates, decision_news, narrative_surprises
from jpsim.calibration.identification import Identified, posterior_impacts
from jpsim.calibration.policy_evidence import PolicyEvidence, policy_odds, policy_rows, story_sizes
from jpsim.calibration.responses import response_draws, response_rows, sign_probabilities
from jpsim.calibration.structural_card import policy_chapter, shock_chapter, tail_chapter
from jpsim.calibration.tail_scores import score_tails
from jpsim.model.core import Model
from jpsim.months import Month

__all__ = ["evidence_chapters"]


def evidence_chapters(found: Estimates, model: Model, identified: Identified, news: Announcements) -> list[str]:
    """Write the card's chapters on shocks, policy, tails and diagnostics."""
    settings = found.priors["identification"]
    surprises = narrative_surprises(found)
    informed = response_draws(model, posterior_impacts(model, settings, news, surprises))
    uninformed = response_draws(model, posterior_impacts(model, settings, None, surprises))
    days = decision_news(found.panel, found.priors, ("jgb_10y", *settings["announcements"]))
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


def _diagnostics_chapter(found: Estimates) -> str:
    law, observations = found.law, found.observations
    seen = observations.y[len(law.B) :]
    return diagnostics_chapter(observations.names, law.posterior, law.B, found.innovations, seen)


def _tail_chapter(found: Estimates) -> str:
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
