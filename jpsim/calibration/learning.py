"""From a panel to a model: the steps of a calibration, in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from jpsim.calibration.announcements import Announcements
from jpsim.calibration.assembly import assemble
from jpsim.calibration.bridge import draw_bridges
from jpsim.calibration.card import write_card
from jpsim.calibration.episodes import Surprises
from jpsim.calibration.estimates import (
    Estimates,
    bridge_sample,
    decision_news,
    estimate,
    narrative_surprises,
    regime_departures,
)
from jpsim.calibration.evidence_card import evidence_chapters
from jpsim.calibration.fiscal import add_fiscal_impulse, fiscal_chapter
from jpsim.calibration.identification import Identified, identify
from jpsim.calibration.outlook import FactorRow, factor_rows, loading_rows, series_rows, sign_rows
from jpsim.calibration.panel import read_panel
from jpsim.calibration.parameter_draws import draw_parameters
from jpsim.calibration.prior_months import check_months
from jpsim.calibration.priors import Priors, read_priors
from jpsim.calibration.regime_card import describe_regimes, regime_chapter
from jpsim.calibration.regime_parameters import build_regimes
from jpsim.calibration.regimes import estimate_regimes
from jpsim.calibration.term_card import term_chapter
from jpsim.calibration.terms import linearised
from jpsim.model.core import Model, ParameterDraws
from jpsim.model.store import next_version

__all__ = ["Calibration", "calibrate"]


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
    check_months(priors, panel.monthly.months[-1])
    news = decision_news(panel, priors, priors["identification"]["announcements"])
    found = estimate(panel, priors, on_step)
    model = assemble(found, version or next_version(priors["model"]["id"], found.observations.last))
    surprises = narrative_surprises(found)
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
            *evidence_chapters(found, straight, identified, news),
            regime_chapter(model, priors["regimes"], regime_departures(found)),
            fiscal_chapter(priors["fiscal"]),
        ],
    )
    return Calibration(add_fiscal_impulse(model, priors["fiscal"]), outlook, card)


def _draw(found: Estimates, model: Model, news: Announcements, surprises: Surprises) -> ParameterDraws:
    """Draw the parameters of the model."""
    sampler = found.priors["sampler"]
    rng = np.random.Generator(np.random.Philox(sampler["seed"] + 1))
    sample = bridge_sample(found.panel, found.observations, found.law, found.priors)
    count = min(int(sampler["stored"]), len(found.law.posterior.B))
    bridges = draw_bridges(*sample, found.priors["bridge"], count, rng)
    settings = found.priors["identification"]
    return draw_parameters(model, found.law, bridges, found.equities, found.structure, news, surprises, settings, rng)


def _divide(found: Estimates, model: Model) -> Model:
    """Return the model with its regimes, and what its record says of them."""
    draws = 0 if model.draws is None else len(model.draws.c)
    names = found.observations.names
    regimes = estimate_regimes(
        found.returns.topix, found.innovations, names, found.weights, found.priors["regimes"], draws
    )
    parts = build_regimes(model, regimes, found.equities, found.structure)
    first = found.observations.first + len(model.B)
    return replace(model, regimes=parts, meta={**model.meta, "regimes": describe_regimes(regimes, first)})


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
