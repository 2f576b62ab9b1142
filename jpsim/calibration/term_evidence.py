"""What the months say of the nonlinear terms: marginal likelihoods with and without each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jpsim.calibration.hierarchy import Hierarchy, build_design, fit_hierarchy
from jpsim.calibration.returns import Returns
from jpsim.calibration.structure import Structure
from jpsim.calibration.terms import TermPrior, read_terms, term_values

__all__ = ["TermEvidence", "weigh_terms"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TermEvidence:
    """Evidence for a term, or for all together.

    Parameters
    ----------
    id
        The term's id; ``all`` for all together.
    months
        Discounted months in which it was not zero; for all together, those in which one was not.
    topix, sectors, tilts
        Log Bayes factors in favour of it: TOPIX's regression, those of the 17 sectors, those of sizes, segments and
        themes. Series count as independent given the factors, so that sums over series overstate what they know.
    """

    id: str
    months: float
    topix: float
    sectors: float
    tilts: float


def weigh_terms(
    returns: Returns,
    innovations: Floats,
    before: Floats,
    weights: Floats,
    structure: Structure,
    names: tuple[str, ...],
    settings: dict[str, Any],
) -> tuple[TermEvidence, ...]:
    """Compare the marginal likelihood of the hierarchy with all terms to that without one, and without any.

    Parameters
    ----------
    returns
        Monthly simple returns of T months.
    innovations, before
        (T, n) innovations of the factors, and their reported levels at the end of the month before.
    weights
        (T,) discounts.
    structure, names, settings
        As for `estimate_equities`.
    """
    terms = read_terms(settings.get("terms", {}), names)
    joint = float(settings.get("reconciliation_covariance", 0.0))

    def fit(kept: Sequence[TermPrior]) -> Hierarchy:
        design = build_design(innovations, before, names, tuple(kept), weights, settings)
        return fit_hierarchy(returns, design, structure, joint)

    acting = term_values([prior.term for prior in terms], names, innovations, before) != 0.0
    full, found = fit(terms), []
    for k, prior in enumerate(terms):
        less = fit([*terms[:k], *terms[k + 1 :]])
        found.append(_compare(prior.term.id, float(weights @ acting[:, k]), full, less))
    if terms:
        found.append(_compare("all", float(weights @ acting.any(axis=1)), full, fit(())))
    return tuple(found)


def _compare(name: str, months: float, full: Hierarchy, less: Hierarchy) -> TermEvidence:
    levels = ("topix", "sector17", "tilts")
    gains = (getattr(full, level).evidence - getattr(less, level).evidence for level in levels)
    return TermEvidence(name, months, *gains)
