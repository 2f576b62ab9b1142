"""Values of a model's nonlinear terms, at single points and on paths, and whose they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jpsim.model import Model, Term

__all__ = ["TermValues", "evaluate_terms", "path_terms", "term_shares"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TermValues:
    """Nonlinear terms at one point, and their derivatives with respect to their two arguments.

    `value` is (t, T), `slope` (t, T, 2), `second` (t, T, 2, 2).
    """

    value: Floats
    slope: Floats
    second: Floats


def evaluate_terms(terms: tuple[Term, ...], arguments: Floats, widths: Floats | None = None) -> TermValues:
    """Evaluate nonlinear terms.

    Parameters
    ----------
    terms
        T terms.
    arguments
        (t, T, 2) what they are functions of, see `jpsim.conditioning.term_moments.term_arguments`.
    widths
        (T,) widths over which kinks are rounded off, ``(x + (x**2 + width**2)**0.5) / 2`` for the positive part of x.
    """
    t, count = arguments.shape[:2]
    value, slope, second = np.zeros((t, count)), np.zeros((t, count, 2)), np.zeros((t, count, 2, 2))
    for k, term in enumerate(terms):
        u, x = arguments[:, k, 0], arguments[:, k, 1]
        width = 0.0 if widths is None else float(widths[k])
        if term.kind == "pair":
            value[:, k], slope[:, k, 0], slope[:, k, 1] = u * x - term.centre, x, u
            second[:, k, 0, 1] = second[:, k, 1, 0] = 1.0
        elif term.kind == "hinge":
            above, rise, bend = _positive_part(term.side * (u - term.knot), width)
            value[:, k], slope[:, k, 0], second[:, k, 0, 0] = above - term.centre, term.side * rise, bend
        else:
            above, rise, bend = _positive_part(term.side * x, width)
            value[:, k], slope[:, k, 0], slope[:, k, 1] = above * u, above, term.side * rise * u
            second[:, k, 0, 1] = second[:, k, 1, 0] = term.side * rise
            second[:, k, 1, 1] = bend * u
    return TermValues(value, slope, second)


def _positive_part(x: Floats, width: float) -> tuple[Floats, Floats, Floats]:
    """Positive part of x with its kink rounded off, and its first two derivatives."""
    reach = np.hypot(x, width)
    ratio = np.divide(x, reach, out=np.zeros_like(x), where=reach > 0)
    bend = np.divide(1.0 - ratio**2, 2.0 * reach, out=np.zeros_like(x), where=reach > 0)
    return 0.5 * (x + reach), 0.5 * (1.0 + ratio), bend


def path_terms(model: Model, start: Floats, innovations: Floats, levels: Floats) -> Floats:
    """Evaluate a model's T terms on paths.

    Parameters
    ----------
    model
        The model.
    start
        Reported levels at month 0, factors first.
    innovations, levels
        (n, h, m) innovations of the factors, and their reported levels, on m paths.

    Returns
    -------
    (T, h, m) values.
    """
    months, paths = innovations.shape[1:]
    arguments = np.zeros((months, paths, len(model.terms), 2))
    for k, term in enumerate(model.terms):
        arguments[:, :, k, 0] = innovations[model.factor(term.factor)]
        if term.kind == "pair":
            arguments[:, :, k, 1] = innovations[model.factor(term.other)]
        elif term.kind == "gate":
            other = model.factor(term.other)
            logarithmic = model.transform[other] == "log100"
            before = np.vstack([np.full(paths, start[other]), levels[other, :-1]])
            level = 100.0 * np.log(before) if logarithmic else before
            arguments[:, :, k, 1] = level - term.threshold(logarithmic=logarithmic)
    value = evaluate_terms(model.terms, arguments.reshape(months * paths, len(model.terms), 2)).value
    return np.ascontiguousarray(value.T).reshape(len(model.terms), months, paths)


def term_shares(model: Model) -> Floats:
    """(n, T) share of each factor in each nonlinear term."""
    shares = np.zeros((len(model.factors), len(model.terms)))
    for k, term in enumerate(model.terms):
        for factor, share in term.shares.items():
            shares[model.factor(factor), k] = share
    return shares
