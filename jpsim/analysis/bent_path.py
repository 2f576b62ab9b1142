"""The most plausible path to a loss where returns respond to factors nonlinearly.

Given a scenario's conditions, shocks, residuals and the sizes of impulses are made of independent standard
normals e; returns are linear in them but for the nonlinear terms, each a function of one or two linear functions of e.
The nearest point of the losses is found among all e that returns depend on, with exact derivatives. The probability
of the loss is that of draws around this point, weighed by the ratio of densities (Shinozuka 1983,
doi:10.1061/(ASCE)0733-9445(1983)109:3(721)).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from jpsim.analysis.design_point import nearest_to, spread_loss
from jpsim.analysis.return_law import Departure, ReturnLaw
from jpsim.analysis.term_values import TermValues, evaluate_terms
from jpsim.conditioning.conditional import Conditional
from jpsim.conditioning.premium import series_weights
from jpsim.conditioning.scenario_law import ScenarioLaw
from jpsim.conditioning.term_moments import term_arguments
from jpsim.model import Term
from jpsim.simulation.kernels.normals import TARGETS, fill_normals

__all__ = ["BentReturns", "bend_returns", "find_bent_departure", "loss_probability"]

Floats = npt.NDArray[np.float64]

_RANK = 1e-10  # directions that move less, against the largest, move nothing
_ROUNDING = (0.5, 0.05, 0.005, 0.0005)  # standard deviations over which kinks are rounded off
_CORRECTIONS = 3
_KEY, _CHUNKS, _DRAWS = 20260130, 4, 4096  # of the draws behind a probability, whose error is about 2% of it


@dataclass(frozen=True, eq=False)
class BentReturns:
    """Monthly returns over t months as functions of d numbers e, and the losses of exactly l among them.

    Parameters
    ----------
    base, linear
        (t,) returns at the origin and (t, d) their derivatives, terms apart.
    terms, curved
        T terms, and the series' loadings on them.
    centre, along
        (t, T, 2) and (t, T, 2, d): the terms' arguments at the origin, and their derivatives.
    goal
        ``log(1 - l)``.
    widths
        (T,) widths over which kinks are rounded off.
    """

    base: Floats
    linear: Floats
    terms: tuple[Term, ...]
    curved: Floats
    centre: Floats
    along: Floats
    goal: float
    widths: Floats | None = None

    def within(self, shift: Floats, root: Floats, beside: Floats) -> BentReturns:
        """The same at ``shift + root e``, with `beside` (t, b) the derivatives with respect to b more normals."""
        more = np.zeros((*self.along.shape[:3], beside.shape[1]))
        return replace(
            self,
            base=self.base + self.linear @ shift,
            linear=np.hstack([self.linear @ root, beside]),
            centre=self.centre + self.along @ shift,
            along=np.concatenate([self.along @ root, more], axis=3),
        )

    def rounded(self, share: float) -> BentReturns:
        """The same with kinks rounded off over a share of the standard deviation of what they are kinks of."""
        kinked = [0 if term.kind == "hinge" else 1 for term in self.terms]
        along = np.array([self.along[:, k, place] for k, place in enumerate(kinked)])
        return replace(self, widths=share * np.sqrt(np.square(along).sum(axis=2)).max(axis=1))

    def _terms_at(self, e: Floats) -> TermValues:
        return evaluate_terms(self.terms, self.centre + self.along @ e, self.widths)

    def returns(self, e: Floats) -> Floats:
        """(t,) monthly returns."""
        found: Floats = self.base + self.linear @ e + self._terms_at(e).value @ self.curved
        return found

    def slopes(self, e: Floats) -> Floats:
        """(t, d) derivatives of the returns."""
        slope = self._terms_at(e).slope * self.curved[:, None]
        found: Floats = self.linear + np.einsum("tka,tkad->td", slope, self.along, optimize=True)
        return found

    def excess(self, e: Floats) -> float:
        """Log growth above the goal; infinite where a month loses everything."""
        growth = 1.0 + self.returns(e)
        return float(np.log(growth).sum()) - self.goal if growth.min() > 0 else np.inf

    def losing(self, e: Floats) -> npt.NDArray[np.bool_]:
        """(m,) whether each of m points e (d, m) loses as much."""
        t, count = self.linear.shape[0], len(self.terms)
        arguments = self.centre[:, None] + np.moveaxis(self.along @ e, 3, 1)
        value = evaluate_terms(self.terms, arguments.reshape(-1, count, 2), self.widths).value
        found = self.base[:, None] + self.linear @ e + (value @ self.curved).reshape(t, -1)
        return np.asarray(np.prod(np.maximum(1.0 + found, 0.0), axis=0) <= np.exp(self.goal))

    def gradient(self, e: Floats) -> Floats:
        """(d,) derivatives of `excess`."""
        found: Floats = self.slopes(e).T @ (1.0 / (1.0 + self.returns(e)))
        return found

    def curvature(self, e: Floats, multiplier: float) -> Floats:
        """Hessian of the Lagrangian ``e'e / 2 + multiplier excess(e)``."""
        growth = 1.0 + self.returns(e)
        scaled = self.slopes(e) / growth[:, None]
        second = self._terms_at(e).second * (self.curved / growth[:, None])[:, :, None, None]
        flat = self.along.reshape(-1, e.size)
        bent = np.einsum("tkab,tkbe->tkae", second, self.along).reshape(flat.shape)
        hessian: Floats = np.eye(e.size) + multiplier * (flat.T @ bent - scaled.T @ scaled)
        return hessian


@dataclass(frozen=True, eq=False)
class _Held:
    """Rows of a scenario that are held at a bound, and the law of the stacked shocks given these.

    `rows` are (a, h n), `gap` (a,) bounds less the rows' means, `cov` (a, a), `reach` the (h n, a) covariance of the
    shocks with the rows; `shift` (h n,) and `spread` (h n, h n) what the shocks' law becomes.
    """

    names: tuple[int, ...]
    rows: Floats
    gap: Floats
    cov: Floats
    reach: Floats
    shift: Floats
    spread: Floats

    @classmethod
    def of(cls, conditional: Conditional, held: Mapping[int, float]) -> _Held:
        rows, gap = conditional.with_ties[1].flat[list(held)], np.array(list(held.values()))
        reach = conditional.shock_cov @ rows.T
        cov = rows @ reach
        gain = np.linalg.solve(cov, reach.T).T
        return cls(tuple(held), rows, gap, cov, reach, gain @ gap, conditional.shock_cov - gain @ reach.T)

    @property
    def squared(self) -> float:
        """Squared distance that the rows cost."""
        return float(self.gap @ np.linalg.solve(self.cov, self.gap))

    def forces(self, pull: Floats) -> dict[int, float]:
        """Multipliers of the rows, where the returns pull the shocks by (h n,) before their covariance."""
        forces = np.linalg.solve(self.cov, self.gap - self.reach.T @ pull)
        return dict(zip(self.names, forces.tolist(), strict=True))


def find_bent_departure(
    law: ScenarioLaw, series: str, returns: ReturnLaw, loss: float, held: Mapping[int, float]
) -> Departure:
    """Find the most plausible departure from the mean path at which a series loses at least `loss`.

    Parameters
    ----------
    law
        The scenario's law, on a model with terms.
    series, returns
        A base series or aggregate, and the law of its returns, terms apart.
    loss
        Share lost, above 0 and below 1.
    held
        Rows that are held at a bound, and that bound less the row's mean.
    """
    conditional, t = law.conditional, returns.mean.size
    given, weights = _Held.of(conditional, held), series_weights(conditional, series)
    whole = bend_returns(law, weights, returns, loss)
    root = _useful_root(given.spread, np.vstack([whole.linear, whole.along.reshape(-1, whole.linear.shape[1])]))
    noise = {effect.channel: (effect.mean @ weights)[:t] * effect.uncertainty for effect in law.impulses}
    beside = np.column_stack([np.sqrt(returns.residual) * np.eye(t), *noise.values()])
    surface = whole.within(given.shift, root, beside)
    e = _nearest(surface, loss)
    q, gradient = root.shape[1], surface.gradient(e)
    moved = given.shift + root @ e[:q]
    pull = whole.gradient(moved) * float(e @ gradient) / float(gradient @ gradient)
    squared, aside = float(e @ e) + given.squared, beside * e[q:]
    return Departure(
        returns=surface.returns(e),
        shocks=moved.reshape(conditional.mean_shocks.shape),
        own=aside[:, :t].sum(axis=1),
        channels=dict(zip(noise, aside[:, t:].T, strict=True)),
        forces=given.forces(pull),
        distance=float(np.sqrt(squared)),
        factor_share=1.0 - float(e[q:] @ e[q:]) / squared if squared > 0.0 else 0.0,
        probability=np.nan if held else loss_probability(surface, e),
    )


def loss_probability(surface: BentReturns, e: Floats) -> float:
    """Probability of the losses, from draws around their nearest point e weighed by the ratio of densities."""
    total = 0.0
    for chunk in range(_CHUNKS):
        drawn = fill_normals(_KEY, TARGETS, chunk * _DRAWS, _DRAWS, 1, e.size)[0]
        lost = surface.losing(e[:, None] + drawn)
        total += float(np.exp(-e @ drawn[:, lost] - 0.5 * float(e @ e)).sum())
    return total / (_CHUNKS * _DRAWS)


def bend_returns(law: ScenarioLaw, weights: Floats, returns: ReturnLaw, loss: float) -> BentReturns:
    """Returns as functions of the (h n,) shift of the stacked shocks from their mean, residuals apart."""
    centre, along = (part[: returns.mean.size] for part in term_arguments(law.conditional))
    model = law.conditional.system.model
    curved = weights @ model.term_loadings
    return BentReturns(returns.mean, returns.along, model.terms, curved, centre, along, float(np.log1p(-loss)))


def _useful_root(cov: Floats, functionals: Floats) -> Floats:
    """(h n, q) root of the part of a covariance that some functionals of the shocks depend on."""
    values, vectors = np.linalg.eigh(cov)
    root = vectors * np.sqrt(np.clip(values, 0.0, None))
    scale = np.maximum(np.sqrt(np.square(functionals @ root).sum(axis=1, keepdims=True)), 1e-300)
    _, size, directions = np.linalg.svd(functionals @ root / scale, full_matrices=False)
    return np.asarray(root @ directions[size > _RANK * size.max()].T)


def _nearest(surface: BentReturns, loss: float) -> Floats:
    """Nearest point of the losses: kinks are rounded off less and less, for it may lie on one."""
    starts = _starts(surface, loss)
    for share in _ROUNDING:
        starts = [nearest_to(surface.rounded(share), starts)[0]]
    [e] = starts
    if surface.excess(np.zeros(e.size)) <= 0.0:
        return np.zeros(e.size)
    for _ in range(_CORRECTIONS):  # back onto the surface with its kinks
        slope = surface.gradient(e)
        e = e - slope * (surface.excess(e) / float(slope @ slope))
    return e


def _starts(surface: BentReturns, loss: float) -> list[Floats]:
    """Shortest e that shift the returns, taken as linear around the origin, as for the linear problem."""
    origin = np.zeros(surface.linear.shape[1])
    slopes, mean = surface.slopes(origin), surface.returns(origin)
    cov = slopes @ slopes.T
    shifts = [slopes.T @ np.linalg.solve(cov, shift) for shift in spread_loss(mean, cov, loss)]
    return [e for e in shifts if np.isfinite(surface.excess(e))]
