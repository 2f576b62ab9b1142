"""Rotations of orthogonal shocks that satisfy restrictions: a sampler of the admissible set.

A model's innovations are ``L z`` with orthonormal z; a structural shock is a unit vector q in the space
of z, and what it does to variable i is ``W[i] q``. Sequential draws on the sphere, each orthogonal to
those before it, find a first admissible set of directions; from there a Markov chain of plane
rotations, accepted or refused, has the uniform (Haar) law on orthogonal matrices, restricted to the
admissible set and weighted by evidence, as its invariant law. Where sequential draws end up depends on
the order of the shocks; where the chain ends up does not.

References
----------
Rubio-Ramirez, Waggoner and Zha (2010), doi:10.1111/j.1467-937X.2009.00578.x. Fry and Pagan (2011),
doi:10.1257/jel.49.4.938.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jpsim.errors import InputError

__all__ = ["QuotientEvidence", "Restrictions", "closest_to_median", "sample_rotations"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_BATCH, _BATCHES, _RESTARTS = 2048, 40, 10


@dataclass(frozen=True, eq=False)
class Restrictions:
    """Bounds ``low <= rows W q <= high`` on the responses to k shocks.

    Parameters
    ----------
    names
        Ids of the k shocks.
    shock
        (m,) shock that each bound is about.
    rows
        (m, v) combination of the v variables' responses.
    low, high
        (m,) bounds; infinite where there is none.
    """

    names: tuple[str, ...]
    shock: Integers
    rows: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, eq=False)
class QuotientEvidence:
    """Estimates of responses of several variables to a shock, each per unit response of one variable.

    Parameters
    ----------
    shock
        Position of the shock.
    rows, unit
        (m, v) and (v,): the quotients are ``rows W q / unit W q``.
    mean, precision
        (m,) and (m, m): the estimates and the inverse of their covariance.
    """

    shock: int
    rows: Floats
    unit: Floats
    mean: Floats
    precision: Floats


def sample_rotations(
    responses: Floats,
    restrictions: Restrictions,
    evidence: QuotientEvidence | None,
    rng: np.random.Generator,
    *,
    burn_in: int,
    kept: int = 1,
    thin: int = 1,
    start: Floats | None = None,
) -> Floats:
    """Draw from the admissible set.

    Parameters
    ----------
    responses
        (C, v, n) responses W of v variables to n orthogonal shocks, for each of C chains.
    restrictions, evidence
        What is imposed, and what is only believed.
    rng
        Source of randomness.
    burn_in, kept, thin
        Steps of each chain before the first draw, draws kept of each chain, and steps between them.
    start
        (C, n, k) admissible directions to start from, orthonormal to single precision; found if None.

    Returns
    -------
    (kept, C, n, k) orthonormal columns.

    Raises
    ------
    InputError
        No admissible directions were found; the shock that could not be placed is named.
    """
    chains = _Chains(responses, restrictions, rng, start)
    belief = _log_likelihood(evidence, responses)
    chains.run(burn_in, belief)
    store = []
    for draw in range(kept):
        if draw:
            chains.run(thin, belief)
        store.append(chains.directions)
    return np.array(store)


def closest_to_median(
    responses: Floats, restrictions: Restrictions, draws: Floats, rng: np.random.Generator, *, counted: int, steps: int
) -> tuple[Floats, float]:
    """Find the admissible directions whose responses are closest to the pointwise medians of the set.

    Parameters
    ----------
    responses
        (v, n) responses of the variables.
    restrictions
        What is imposed on them.
    draws
        (R, n, k) admissible directions.
    rng
        Source of randomness.
    counted
        How many of the variables count, the first ones.
    steps
        Steps of descent from the closest draws; each stays in the set.

    Returns
    -------
    Directions (n, k), and the root mean square distance from the medians in standard deviations of the set.
    """
    told = responses[:counted] @ draws
    centre, spread = np.median(told, axis=0), told.std(axis=0)

    def distance(Q: Floats) -> Floats:
        gap = (responses[:counted] @ Q - centre) / spread
        return np.asarray(np.sqrt((gap**2).mean(axis=(-2, -1))))

    best = np.argsort(distance(draws), kind="stable")[:32]
    chains = _Chains(np.broadcast_to(responses, (len(best), *responses.shape)), restrictions, rng, draws[best])
    chains.run(steps, lambda Q: -1e9 * distance(Q))  # so steep that only improvements pass
    found = chains.directions
    winner = int(np.argmin(distance(found)))
    return found[winner], float(distance(found)[winner])


class _Chains:
    """C orthogonal matrices under plane rotations; their first k columns are the shocks."""

    def __init__(
        self, responses: Floats, restrictions: Restrictions, rng: np.random.Generator, start: Floats | None = None
    ) -> None:
        self._rng, self._restrictions, self._k = rng, restrictions, len(restrictions.names)
        self._bounds = restrictions.rows @ responses  # (C, m, n)
        first = start if start is not None else np.array([self._place(rows) for rows in self._bounds])
        self._Q = np.array([_completed(columns) for columns in first])
        self._sizes = 10.0 ** rng.uniform(-2.5, 0.0, 997)

    @property
    def directions(self) -> Floats:
        """First k columns, (C, n, k)."""
        return self._Q[:, :, : self._k].copy()

    def run(self, steps: int, belief: Callable[[Floats], Floats]) -> None:
        """Take steps; `belief` gives the log density of each of (C, n, k) directions."""
        n, rng = self._Q.shape[-1], self._rng
        density = belief(self.directions)
        for _ in range(steps):
            first = int(rng.integers(self._k))
            second = int(rng.integers(n - 1))
            second += second >= first
            angle = np.pi * rng.choice(self._sizes) * rng.uniform(-1.0, 1.0, len(self._Q))
            proposal = _rotated(self._Q, first, second, angle)
            value = belief(proposal[:, :, : self._k])
            passed = self._admissible(proposal) & (np.log(rng.random(len(angle))) < value - density)
            self._Q[passed], density = proposal[passed], np.where(passed, value, density)

    def _admissible(self, Q: Floats) -> npt.NDArray[np.bool_]:
        told = np.einsum("cmn,cnm->cm", self._bounds, Q[:, :, self._restrictions.shock])
        inside = (told >= self._restrictions.low) & (told <= self._restrictions.high)
        return np.asarray(inside.all(axis=1))

    def _place(self, bounds: Floats) -> Floats:
        """Find admissible directions one after the other; from the start again if one cannot be placed."""
        failed = ""
        for _ in range(_RESTARTS):
            columns = np.zeros((bounds.shape[-1], 0))
            for shock, name in enumerate(self._restrictions.names):
                direction = self._place_one(bounds, shock, columns)
                if direction is None:
                    failed = name
                    break
                columns = np.column_stack([columns, direction])
            else:
                return columns
        raise InputError(f"no direction of shock {failed!r} meets its restrictions: loosen them in the priors")

    def _place_one(self, bounds: Floats, shock: int, columns: Floats) -> Floats | None:
        mine = self._restrictions.shock == shock
        rows, low, high = bounds[mine], self._restrictions.low[mine], self._restrictions.high[mine]
        for _ in range(_BATCHES):
            tried = self._rng.standard_normal((_BATCH, bounds.shape[-1]))
            tried -= (tried @ columns) @ columns.T
            tried /= np.linalg.norm(tried, axis=1, keepdims=True)
            told = tried @ rows.T
            passed = np.flatnonzero(((told >= low) & (told <= high)).all(axis=1))
            if len(passed):
                return np.asarray(tried[passed[0]])
        return None


def _rotated(Q: Floats, first: int, second: int, angle: Floats) -> Floats:
    out, c, s = Q.copy(), np.cos(angle)[:, None], np.sin(angle)[:, None]
    out[:, :, first] = c * Q[:, :, first] - s * Q[:, :, second]
    out[:, :, second] = s * Q[:, :, first] + c * Q[:, :, second]
    return out


def _completed(columns: Floats) -> Floats:
    """Orthogonal matrix (n, n) whose first columns are the given ones, orthonormal to the last digit."""
    Q, R = np.linalg.qr(np.column_stack([columns, np.eye(len(columns))]))
    return np.asarray(Q * np.where(np.diag(R) < 0, -1.0, 1.0))


def _log_likelihood(evidence: QuotientEvidence | None, responses: Floats) -> Callable[[Floats], Floats]:
    """Log likelihood of the evidence as a function of (C, n, k) directions."""
    if evidence is None:
        return lambda Q: np.zeros(len(Q))
    told_of = np.concatenate([evidence.rows, evidence.unit[None]]) @ responses  # (C, m + 1, n)

    def belief(Q: Floats) -> Floats:
        told = np.einsum("cvn,cn->cv", told_of, Q[:, :, evidence.shock])
        gap = told[:, :-1] / told[:, -1:] - evidence.mean
        return np.asarray(-0.5 * np.einsum("cm,ml,cl->c", gap, evidence.precision, gap))

    return belief
