"""Normal quantities that must stay within ranges, or reach one.

Draws go through the ranges one after the other (Geweke, Hajivassiliou and Keane;
doi:10.1016/0304-4076(94)01716-6): each is drawn from its truncated conditional, and the product of the
conditional probabilities is the draw's importance weight.

That at least one of several quantities meets tighter bounds is a union of events. Each draw first chooses
the quantity that shall, by its probability, and draws it within these bounds, all others after it; the
weight is the sum of the probabilities over the number of quantities that came to meet their bounds (Owen,
Maximov and Chertkov 2019, doi:10.1214/18-EJS1527). It lies between the mean of the probabilities and their
sum, however rare the union is.

Quantities may be tied, as the months of an average are whose value is known: some follow from the others. Each draw
then stays where what is left of the tie can still be met within the ranges of the quantities that come after it, so
that no draw leaves the range of the last one, which follows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from jpsim.special import normal_cdf, normal_quantile

__all__ = ["Reach", "Truncation"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_LATTICE = 8191  # points of the lattice rule behind probabilities and moments
_LEAST = 1e-15  # what keeps uniforms within the open unit interval
_GONE = 1e-13  # share of a variance that counts as nothing
_FOLLOWS = 1e-10  # the same, of a quantity that follows from others
_ROUNDING = 1e-4  # how far it may be from its bounds, in the standard deviations that count as nothing
_ENTRIES = 2**21  # of the covariances that are worked on at a time


@dataclass(frozen=True, eq=False)
class Reach:
    """Tighter bounds, of which at least one of several quantities must meet its own.

    Parameters
    ----------
    positions
        The quantities.
    low, high
        Their bounds; infinite where there is none.
    """

    positions: tuple[int, ...]
    low: Floats
    high: Floats


@dataclass(frozen=True, eq=False)
class Truncation:
    """N(mean, cov) within ``low <= x <= high``, some quantities tied to the others.

    Parameters
    ----------
    mean
        (q + k,) of the law before truncation.
    cov
        (q, q) covariance of the first q quantities.
    low, high
        (q + k,) bounds; infinite where there is none.
    reaches
        What must hold besides; no quantity in two of them.
    ties
        (k, q) how the last k quantities move with the first; none by default.
    """

    mean: Floats
    cov: Floats
    low: Floats
    high: Floats
    reaches: tuple[Reach, ...] = ()
    ties: Floats | None = None

    def draw(
        self, scores: Floats, choices: Floats, mean: Floats | None = None, root: Floats | None = None
    ) -> tuple[Floats, Floats]:
        """Turn scores into draws within the ranges.

        Each value rises with the value ``root @ scores`` that its draw has by itself, given what came before it.

        Parameters
        ----------
        scores
            (q, count) standard normals.
        choices
            (number of reaches, count) uniforms, which choose the quantities that reach.
        mean
            (q + k, count) mean before truncation, draw by draw; that of the law by default.
        root
            (q, q, count) lower triangular roots of each draw's covariance of the first q; of the law's by default.

        Returns
        -------
        Values (q + k, count), and log weights (count,): their mean is the probability of the ranges.
        """
        size, count = self.mean.size, scores.shape[1]
        mean = np.broadcast_to(self.mean[:, None], (size, count)) if mean is None else mean
        roots: Floats = np.asarray(np.linalg.cholesky(self.cov)[:, :, None] if root is None else root)
        values, log_weight = np.empty((size, count)), np.empty(count)
        for here in _pieces(count, size):
            own = roots[:, :, here] if roots.shape[2] > 1 else roots
            path = _Path.of(self, mean[:, here], own, scores[:, here])
            found = [path.reach(one, choices[k, here]) for k, one in enumerate(self.reaches)]
            for i in np.flatnonzero(np.isfinite(self.low) | np.isfinite(self.high)).tolist():
                path.stay(i)
            path.settle()
            for one, total in zip(self.reaches, found, strict=True):
                path.log_weight += total - np.log(_hits(one, path.values))
            values[:, here], log_weight[here] = path.values, path.log_weight
        return values, log_weight

    @property
    def variance(self) -> Floats:
        """(q + k,) variances before truncation."""
        own = np.diag(self.cov)
        return own if self.ties is None else np.concatenate([own, ((self.ties @ self.cov) * self.ties).sum(axis=1)])

    @cached_property
    def tied(self) -> Floats:
        """(k, q + k) weights with which sums of the quantities keep the value that their means give them."""
        own = len(self.cov)
        ties = np.zeros((0, own)) if self.ties is None else self.ties
        return np.hstack([-ties, np.eye(len(ties))])

    @cached_property
    def _lattice(self) -> tuple[Floats, Floats]:
        """Draws on a rank-one lattice with a tent transform, and their weights."""
        roots = np.sqrt(np.array([2.0, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71]))
        own = len(self.cov)
        uniforms = own + len(self.reaches)
        step = np.resize(roots, uniforms) + np.arange(uniforms) // roots.size
        points = (np.arange(1, _LATTICE + 1) * step[:, None]) % 1.0
        tent = np.clip(np.abs(2.0 * points - 1.0), 1e-12, 1.0 - 1e-12)
        values, log_weight = self.draw(normal_quantile(tent[:own]), tent[own:])
        return values, np.exp(log_weight)

    def sample(self, i: int) -> tuple[Floats, Floats]:
        """Values (k,) of quantity i within the ranges, and their probabilities."""
        values, weight = self._lattice
        return values[i], weight / weight.sum()

    @cached_property
    def probability(self) -> float:
        """Probability of the ranges under N(mean, cov)."""
        return float(self._lattice[1].mean())

    @cached_property
    def moments(self) -> tuple[Floats, Floats]:
        """Mean (q + k,) and covariance (q + k, q + k) within the ranges."""
        values, weight = self._lattice
        weight = weight / weight.sum()
        mean = values @ weight
        apart = values - mean[:, None]
        return mean, (apart * weight) @ apart.T


@dataclass(eq=False)
class _Path:
    """Draws on their way through the ranges: what is left of their laws given the values drawn so far.

    Parameters
    ----------
    law
        The ranges, of Q quantities.
    totals
        (k, n) what the tied sums come to.
    root
        (Q, q, n) roots of the covariances before anything is drawn; (Q, q, 1) if all draws share one.
    mean, variance
        (Q, n) and (Q, n) or (Q, 1) of the values still to be drawn.
    least
        Variances that count as nothing.
    own
        (Q, n) what the draws' own values exceed their mean by, given their own earlier values.
    values, drawn
        (Q, n) the values, and which of them are known.
    log_weight
        (n,) log probability of the ranges so far.
    known
        For each value drawn so far the covariances of all with it, in its standard deviations.
    """

    law: Truncation
    totals: Floats
    root: Floats
    mean: Floats
    variance: Floats
    least: Floats
    own: Floats
    values: Floats
    drawn: npt.NDArray[np.bool_]
    log_weight: Floats
    known: list[Floats] = field(default_factory=list)

    @classmethod
    def of(cls, law: Truncation, mean: Floats, root: Floats, scores: Floats) -> _Path:
        if law.ties is not None:
            root = np.concatenate([root, np.tensordot(law.ties, root, axes=1)])
        shared, variance = root.shape[2] == 1, (root**2).sum(axis=1)
        own = root[:, :, 0] @ scores if shared else np.einsum("ikn,kn->in", root, scores)
        drawn, nothing = np.zeros(mean.shape, dtype=bool), np.zeros(mean.shape)
        least = (_GONE if law.ties is None else _FOLLOWS) * variance
        totals = law.tied @ mean
        return cls(law, totals, root, mean.copy(), variance, least, own, nothing, drawn, nothing[0].copy())

    def reach(self, reach: Reach, uniform: Floats) -> Floats:
        """Choose which quantity reaches, and draw it; (n,) log of the sum of the probabilities."""
        at = np.array(reach.positions)
        sd = np.sqrt(np.maximum(self.variance, self.least))[at]
        rooms = [self._room(i, a, b) for i, a, b in zip(reach.positions, reach.low, reach.high, strict=True)]
        low, high = (np.array(np.broadcast_arrays(*ends)) for ends in zip(*rooms, strict=True))
        until = np.cumsum(_mass((low - self.mean[at]) / sd, (high - self.mean[at]) / sd), axis=0)
        chosen = (uniform * until[-1] >= until[:-1]).sum(axis=0)
        draws = np.arange(chosen.size) if low.shape[1] > 1 else 0
        self._draw(at[chosen], low[chosen, draws], high[chosen, draws])
        return np.asarray(np.log(until[-1]))

    def stay(self, i: int) -> None:
        """Draw quantity i within its range, where it is not known yet."""
        self.log_weight += np.log(self._draw(i, *self._room(i)))

    def settle(self) -> None:
        """Give every quantity that is not known yet the value that its draw has by itself, given the known ones."""
        self.values = np.where(self.drawn, self.values, self.mean + self.own)

    def _room(self, i: int, low: float = -np.inf, high: float = np.inf) -> tuple[Floats, Floats]:
        """Bounds, (n,) or (1,), of a quantity: its own, tighter ones, and those that leave room to what it is tied to.

        They matter where other quantities of the tie are still to be drawn; what follows from known ones has no choice.
        """
        law = self.law
        lows, highs = np.maximum([low], law.low[i]), np.minimum([high], law.high[i])
        for row in np.flatnonzero(law.tied[:, i]).tolist():
            tie = law.tied[row]
            others = np.flatnonzero(tie * (np.arange(tie.size) != i))
            weights, waits = tie[others, None], ~self.drawn[others]
            rest = self.totals[row] - (weights * self.values[others]).sum(axis=0)  # values to be drawn are zero
            ends = weights * law.low[others, None], weights * law.high[others, None]
            least, most = (np.where(waits, end, 0.0).sum(axis=0) for end in (np.minimum(*ends), np.maximum(*ends)))
            bounds, free = np.array([rest - most, rest - least]) / tie[i], waits.any(axis=0)
            lows = np.where(free, np.maximum(lows, bounds.min(axis=0)), lows)
            highs = np.where(free, np.minimum(highs, bounds.max(axis=0)), highs)
        return lows, highs

    def _draw(self, i: int | Integers, low: Floats, high: Floats) -> Floats:
        """Draw one quantity of each path within bounds, and know the others better; (n,) probabilities of the bounds.

        What is known already stays, with probability 1.
        """
        column, new = self._column(i), ~_at(self.drawn, i)
        sd = np.sqrt(np.maximum(_at(column, i), _at(self.least, i)))
        centre, own = _at(self.mean, i), _at(self.own, i)
        uniform = np.clip(normal_cdf(own / sd), _LEAST, 1.0 - _LEAST)
        score, mass = _truncated_normal(uniform, (low - centre) / sd, (high - centre) / sd)
        value = np.clip(centre + sd * score, low, high)
        moves = new
        if self.law.ties is not None:
            follows = _at(column, i) <= _at(self.least, i)
            inside = (centre >= low - _ROUNDING * sd) & (centre <= high + _ROUNDING * sd)
            value, mass = np.where(follows, centre, value), np.where(follows, np.where(inside, 1.0, 1e-300), mass)
            moves = new & ~follows
        slope = column / sd if moves.all() else np.where(moves, column / sd, 0.0)
        self.mean += slope * ((value - centre) / sd)
        self.own -= slope * (own / sd)
        self.variance = self.variance - slope**2
        self.known.append(slope)
        path = np.arange(new.size)
        self.values[i, path] = np.where(new, value, self.values[i, path])
        self.drawn[i, path] = True
        return np.where(new, mass, 1.0)

    def _column(self, i: int | Integers) -> Floats:
        """(q, n) or (q, 1) covariances of all quantities with one of each path, given the known ones."""
        if self.root.shape[2] == 1:
            flat = self.root[:, :, 0]
            column = flat @ flat[i].T if np.ndim(i) else (flat @ flat[i])[:, None]
        elif np.ndim(i):
            column = np.einsum("jkn,nk->jn", self.root, self.root[i, :, np.arange(self.own.shape[1])])
        else:
            column = np.einsum("jkn,kn->jn", self.root, self.root[i])
        for slope in self.known:
            column = column - slope * _at(slope, i)
        return np.asarray(column)


def _at(values: npt.NDArray[Any], i: int | Integers) -> npt.NDArray[Any]:
    """Entry of one quantity of each path in (q, n) values, or of one that all share in (q, 1)."""
    return np.asarray(values[i, np.arange(values.shape[1])] if values.shape[1] > 1 else values[i, 0])


def _pieces(count: int, size: int) -> Iterator[slice]:
    """Cut draws so that their covariances take little memory."""
    step = max(64, _ENTRIES // size**2)
    for begin in range(0, count, step):
        yield slice(begin, min(begin + step, count))


def _hits(reach: Reach, values: Floats) -> Floats:
    """(n,) number of the quantities that meet their tighter bounds."""
    own = values[list(reach.positions)]
    inside = (own >= reach.low[:, None]) & (own <= reach.high[:, None])
    return np.asarray(np.maximum(inside.sum(axis=0), 1), dtype=np.float64)


def _mass(low: Floats, high: Floats) -> Floats:
    """Probability of (low, high) under a standard normal, exact in both tails."""
    flip = low > 0
    mass: Floats = normal_cdf(np.where(flip, -low, high)) - normal_cdf(np.where(flip, -high, low))
    return np.maximum(mass, 1e-300)


def _truncated_normal(uniform: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Standard normal within (low, high) by inversion, and the probability of that interval.

    The side is flipped where both bounds are positive, so that far tails keep their digits.
    """
    flip = low > 0
    a, b = np.where(flip, -high, low), np.where(flip, -low, high)
    below, above = normal_cdf(a), normal_cdf(b)
    mass = np.maximum(above - below, 1e-300)
    score = np.clip(normal_quantile(below + np.where(flip, 1.0 - uniform, uniform) * mass), a, b)
    return np.where(flip, -score, score), mass
