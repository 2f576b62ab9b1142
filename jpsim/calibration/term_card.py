"""The card's chapter on the nonlinear terms: what a stated move does, and how far the months speak of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from jpsim.calibration.markdown import table
from jpsim.calibration.term_evidence import TermEvidence
from jpsim.calibration.terms import TermPrior, read_terms
from jpsim.model.core import Model

__all__ = ["term_chapter"]

Floats = npt.NDArray[np.float64]

_SHOWN = ("sector17", "size", "segment")
_SILENT = 0.9  # share of the prior's sd that is left where months are said to be silent


def term_chapter(
    model: Model, residual_sd: float, evidence: Sequence[TermEvidence], settings: Mapping[str, Any]
) -> str:
    """Write the chapter.

    Parameters
    ----------
    model
        The model with its terms and draws.
    residual_sd
        Residual sd of TOPIX a month, which its prior sds are stated in.
    evidence
        Marginal likelihoods of the terms, and of all together.
    settings
        Section ``equity.terms`` of the priors.
    """
    head = "## Nonlinear terms / 非線形項\n\n"
    if not model.terms:
        return head + "None: returns are linear in the factors' innovations.\n"
    priors = read_terms(settings, model.factors)
    rows = [_row(model, k, prior, settings[prior.term.id], residual_sd) for k, prior in enumerate(priors)]
    told = {found.id: found for found in evidence}
    cells = table(
        ("term", "move", "TOPIX % (sd; prior sd)", "furthest below TOPIX (sd)", "furthest above TOPIX (sd)"), rows
    )
    factors = table(
        ("term", "months", "log Bayes factor, TOPIX", "17 sectors", "sizes, segments, themes"),
        (
            (name, f"{found.months:.1f}", f"{found.topix:+.1f}", f"{found.sectors:+.1f}", f"{found.tilts:+.1f}")
            for name, found in told.items()
        ),
    )
    return head + _TEXT.format(cells=cells, factors=factors, silent=_silent(model, priors, residual_sd))


_TEXT = """\
What a term adds to a month's return, beyond the linear loadings, for the move that its prior is stated for. Terms \
have mean zero in the model's own law. A gate counts from the level at the end of the month before.

{cells}
Discounted months in which a term was not zero, and log Bayes factors in its favour (above 0: the marginal likelihood \
is higher with it than without). Series count as independent given the factors, so that sums over many series \
overstate what is known.

{factors}
{silent}"""


def _row(model: Model, k: int, prior: TermPrior, settings: Mapping[str, Any], residual_sd: float) -> tuple[str, ...]:
    effects, draws = _effects(model, k, prior.example)
    names, kinds = (*model.series, *model.aggregates), (*model.kind, *model.aggregate_kind)
    topix = names.index("topix")
    apart, spread = effects - effects[topix], (draws - draws[:, [topix]]).std(axis=0)
    shown = [i for i, kind in enumerate(kinds) if kind in _SHOWN]
    low, high = min(shown, key=lambda i: apart[i]), max(shown, key=lambda i: apart[i])
    ends = (f"{names[i]} {apart[i]:+.2f} ({spread[i]:.2f})" for i in (low, high))
    own = f"{effects[topix]:+.2f} ({draws[:, topix].std():.2f}; {100 * prior.scales[0] * residual_sd:.2f})"
    return (prior.term.id, _move(settings), own, *ends)


def _effects(model: Model, k: int, example: float) -> tuple[Floats, Floats]:
    """Effects (S + G,) of a move on every series and aggregate, percent, and their draws (D, S + G)."""
    rows = np.concatenate([np.eye(len(model.series)), model.aggregation])
    draws = model.term_loadings[None] if model.draws is None else model.draws.term_loadings
    return 100.0 * example * rows @ model.term_loadings[:, k], 100.0 * example * draws[:, :, k] @ rows.T


def _move(settings: Mapping[str, Any]) -> str:
    move = f"{settings['factor']} {settings['move']:+g}"
    if settings["kind"] == "gate":
        return f"{move}, {settings['other']} at {settings['level']:g}"
    return move + (f", {settings['other']} {settings['other_move']:+g}" if settings["kind"] == "pair" else "")


def _silent(model: Model, priors: Sequence[TermPrior], residual_sd: float) -> str:
    """Name the terms of which the months say next to nothing about TOPIX."""
    quiet = []
    for k, prior in enumerate(priors):
        draws = _effects(model, k, prior.example)[1][:, len(model.series)]
        if draws.std() > _SILENT * 100 * prior.scales[0] * residual_sd:
            quiet.append(f"`{prior.term.id}`")
    if not quiet:
        return ""
    return f"Of {', '.join(quiet)} the months say next to nothing: what stands above is the prior.\n"
