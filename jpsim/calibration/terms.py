"""Nonlinear terms of the equity layer: what is believed of them beforehand, and what months make of them.

Centres, which only the law of the months gives, come last: regressions have an intercept and do not need them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import roots_genlaguerre, roots_hermitenorm
from scipy.stats import norm

from jpsim.calibration.volatility import Volatility
from jpsim.dictionary import factors as factor_entries
from jpsim.model.core import Model
from jpsim.model.skewness import mixing_variance
from jpsim.model.terms import Term

__all__ = ["TermPrior", "average_slopes", "centred", "linearised", "read_terms", "sloped", "term_prior", "term_values"]

Floats = npt.NDArray[np.float64]

_NODES = 40


@dataclass(frozen=True, eq=False)
class TermPrior:
    """A term and what is believed of its effects.

    Parameters
    ----------
    term
        The term; its centre is not known yet.
    example
        Value of the term, not centred, for the move that `scales` and `effects` are stated for.
    scales
        Prior sds, in residual sds, of what that move does to a series; of several, marginal likelihood chooses.
    effects
        Series to prior mean of what that move does to it beside its parent's share, percent.
    """

    term: Term
    example: float
    scales: tuple[float, ...]
    effects: Mapping[str, float]


def excess(term: Term, level: Floats) -> Floats:
    """How far levels of `other` lie beyond the knot of a gate, zero on the near side; any shape."""
    beyond = 100.0 * np.log(level / term.knot) if _in_logs(term.other) else level - term.knot
    return np.asarray(np.maximum(term.side * beyond, 0.0))


def value(term: Term, own: Floats, other: Floats, before: Floats) -> Floats:
    """Term, not centred, from innovations of `factor` and `other` and the level of `other` before; any shape."""
    if term.kind == "hinge":
        return np.asarray(np.maximum(term.side * (own - term.knot), 0.0))
    return excess(term, before) * own if term.kind == "gate" else own * other


def read_terms(table: Mapping[str, Any], names: Sequence[str]) -> tuple[TermPrior, ...]:
    """Read the terms of a file of priors.

    Parameters
    ----------
    table
        Section ``equity.terms``, which has its form.
    names
        Ids of the factors there are; a term that needs another is left out.
    """
    priors = [term_prior(name, row) for name, row in table.items()]
    return tuple(prior for prior in priors if set(prior.term.shares) <= set(names))


def term_values(terms: Sequence[Term], names: Sequence[str], innovations: Floats, before: Floats) -> Floats:
    """Values of terms, less their centres.

    Parameters
    ----------
    terms, names
        K terms; ids of the n factors.
    innovations
        (..., n) innovations.
    before
        (..., n) reported levels at the end of the month before; those that no gate looks at may be NaN.

    Returns
    -------
    (..., K).
    """
    place = {name: index for index, name in enumerate(names)}
    columns = []
    for term in terms:
        i, j = place[term.factor], place[term.other or term.factor]
        columns.append(value(term, innovations[..., i], innovations[..., j], before[..., j]) - term.centre)
    whole = np.zeros((*np.broadcast_shapes(innovations.shape[:-1], before.shape[:-1]), len(terms)))
    for k, column in enumerate(columns):
        whole[..., k] = column
    return whole


def average_slopes(terms: Sequence[Term], names: Sequence[str], Sigma: Floats, levels: Floats) -> Floats:
    """Slopes (K, n) of the terms' best linear approximations in normal innovations.

    Parameters
    ----------
    terms, names
        K terms; ids of the n factors.
    Sigma
        (n, n) covariance of the innovations.
    levels
        (n,) reported levels at the end of the month before.

    Notes
    -----
    By Stein's lemma ``Cov(h(u), u) Sigma^-1`` is the mean derivative of ``h``: for a hinge the probability of lying
    beyond the knot, for a gate its excess, for a pair nothing.
    """
    out = np.zeros((len(terms), len(names)))
    place = {name: index for index, name in enumerate(names)}
    for row, term in zip(out, terms, strict=True):
        i = place[term.factor]
        if term.kind == "hinge":
            row[i] = term.side * norm.sf(term.side * term.knot / math.sqrt(Sigma[i, i]))
        elif term.kind == "gate":
            row[i] = excess(term, levels[place[term.other]])
    return out


def sloped(terms: Sequence[Term], names: Sequence[str], slopes: Floats) -> tuple[Term, ...]:
    """Terms with the linear parts that a plain run keeps: slopes (K, n), as `average_slopes` finds them."""
    own = (float(row[names.index(term.factor)]) for row, term in zip(slopes, terms, strict=True))
    return tuple(replace(term, slope=slope) for term, slope in zip(terms, own, strict=True))


def linearised(model: Model) -> Model:
    """Model whose terms are replaced by their best linear approximations at month 0, its regimes and draws too.

    It is what answers questions about a typical small surprise: structural impacts, betas, correlations.
    """
    if not model.terms:
        return model
    loadings = model.loadings + model.term_loadings @ _slopes(model, model.Sigma)
    draws = model.draws
    if draws is not None:
        slopes = np.array([_slopes(model, Sigma) for Sigma in draws.Sigma])
        bent = draws.loadings + draws.term_loadings @ slopes
        draws = replace(draws, loadings=bent, term_loadings=np.zeros((0, 0, 0)))
    return replace(model, terms=(), term_loadings=np.zeros((0, 0)), loadings=loadings, draws=draws)


def _slopes(model: Model, Sigma: Floats) -> Floats:
    return average_slopes(model.terms, model.factors, Sigma, model.base_level)


def centred(terms: Sequence[Term], names: Sequence[str], Sigma: Floats, months: Volatility) -> tuple[Term, ...]:
    """Terms less their means in the law of the months, so that they move no mean of a return.

    Parameters
    ----------
    terms, names
        K terms; ids of the n factors.
    Sigma
        (n, n) covariance of the innovations.
    months
        Tails and common volatility of the months.

    Notes
    -----
    Given a month's scale the mean of a hinge is that of a normal, where months are skewed around their excess; scales
    are integrated out by Gauss quadrature. A gate has mean zero in any law, a pair the covariance.
    """
    scale, excess, weight = _month_scales(months)
    place = {name: index for index, name in enumerate(names)}
    out = np.zeros(len(terms))
    for k, term in enumerate(terms):
        i = place[term.factor]
        if term.kind == "hinge":
            lean = _lean(months, names, Sigma, i)
            taken = mixing_variance(months.nu) * lean**2 if lean else 0.0
            sd = scale * math.sqrt(Sigma[i, i] - taken)
            knot = term.side * (term.knot - lean * excess)
            out[k] = weight @ (sd * norm.pdf(knot / sd) - knot * norm.sf(knot / sd))
        elif term.kind == "pair":
            out[k] = Sigma[i, place[term.other]]
    return tuple(replace(term, centre=float(mean)) for term, mean in zip(terms, out, strict=True))


def _lean(months: Volatility, names: Sequence[str], Sigma: Floats, factor: int) -> float:
    """By what a factor's innovation moves per unit of the month's mixing variable; 0 in symmetric months."""
    if not months.skew_shift:
        return 0.0
    leader = names.index(months.skew_factor)
    return float(months.skew_shift * Sigma[factor, leader] / math.sqrt(Sigma[leader, leader]))


def _month_scales(months: Volatility) -> tuple[Floats, Floats, Floats]:
    """Nodes, excesses and weights of the stationary law of a month's scale: log-normal volatility times Student-t."""
    z, wz = roots_hermitenorm(_NODES)
    g, wg = roots_genlaguerre(_NODES, months.nu / 2.0 - 1.0)
    spread = months.sigma / math.sqrt(1.0 - months.phi**2)
    volatility = np.exp(0.5 * spread * z - 0.25 * spread**2)
    mixing = (months.nu / 2.0 - 1.0) / g
    scale, excess = np.outer(volatility, np.sqrt(mixing)), np.outer(volatility, mixing - 1.0)
    return scale.ravel(), excess.ravel(), np.outer(wz / wz.sum(), wg / wg.sum()).ravel()


def term_prior(name: str, row: Mapping[str, Any]) -> TermPrior:
    """Read one term of a file of priors."""
    term = Term(
        id=name,
        kind=row["kind"],
        factor=row["factor"],
        other=row.get("other", ""),
        knot=float(row.get("knot", 0.0)),
        side=int(row.get("side", 1)),
        en=row["label"]["en"],
        ja=row["label"]["ja"],
    )
    parts = (row["move"], row.get("other_move", 0.0), row.get("level", 1.0))
    return TermPrior(
        term=term,
        example=float(value(term, *(np.array(float(part)) for part in parts))),
        scales=tuple(float(scale) for scale in row["scales"]),
        effects={key: float(effect) for key, effect in row.get("effects", {}).items()},
    )


def _in_logs(factor: str) -> bool:
    return factor_entries()[factor].transform == "log100"
