"""A Bayesian VAR with a prior on its unconditional means, drawn by Gibbs sampling.

``y_t - psi = sum_k B_k (y_{t-k} - psi) + u_t``, ``u_t ~ N(0, Sigma)``; month t's likelihood is raised to
the power `weights[t]`. Independent normal priors on B (so that some lags can be shrunk harder than
others) and psi, inverse-Wishart on Sigma, and a pseudo-observation of one variable's forecast.
Missing cells are drawn from the VAR itself, without discount: a discounted draw would count its own
noise 1/w times.

References
----------
Villani (2009), doi:10.1002/jae.1065.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular
from scipy.stats import invwishart

from jpsim.calibration.completion import Completion
from jpsim.calibration.minnesota import lagged
from jpsim.errors import InputError

__all__ = [
    "Anchor",
    "Chain",
    "Draws",
    "SteadyStatePrior",
    "companion",
    "forecast_weights",
    "means_given",
    "sample_posterior",
]

Floats = npt.NDArray[np.float64]

_ATTEMPTS = 500


@dataclass(frozen=True, eq=False)
class Anchor:
    """A pseudo-observation: variable `position`, `months` ahead, is expected at `value` with sd `sd`."""

    position: int
    months: int
    value: float
    sd: float


@dataclass(frozen=True, eq=False)
class SteadyStatePrior:
    """Independent priors of a VAR with p lags and n variables.

    Parameters
    ----------
    mean, sd
        (p, n, n) law of B: row is the equation, column the variable.
    psi_mean, psi_sd
        (n,) law of the unconditional means.
    scale, dof
        (n, n) scale and degrees of freedom of Sigma.
    anchor
        Pseudo-observation of a forecast, or None.
    """

    mean: Floats
    sd: Floats
    psi_mean: Floats
    psi_sd: Floats
    scale: Floats
    dof: float
    anchor: Anchor | None = None


@dataclass(frozen=True, eq=False)
class Draws:
    """Kept draws of the posterior, and what the sampler met on the way.

    Parameters
    ----------
    B, psi, Sigma
        (D, p, n, n), (D, n), (D, n, n).
    panel
        (T, n) mean over draws of the completed panel.
    explosive_rate
        Share of proposals of B with a root outside the unit circle, all refused.
    acceptance
        Share of stable proposals of B that the anchor let pass.
    """

    B: Floats
    psi: Floats
    Sigma: Floats
    panel: Floats
    explosive_rate: float
    acceptance: float


def companion(B: Floats) -> Floats:
    """Companion matrix (p n, p n) of lag matrices (p, n, n)."""
    p, n = B.shape[:2]
    out = np.eye(p * n, k=-n)
    out[:n] = np.concatenate(list(B), axis=1)
    return out


def forecast_weights(B: Floats, state: Floats, position: int, months: int) -> tuple[Floats, float]:
    """Row g and constant k of the forecast ``g psi + k`` of one variable.

    Parameters
    ----------
    B, state
        (p, n, n) lag matrices; (p, n) last observations, oldest first.
    position, months
        The variable, and how far ahead.
    """
    p, n = state.shape
    power = np.linalg.matrix_power(companion(B), months)[position]
    g = -power.reshape(p, n).sum(axis=0)
    g[position] += 1.0
    return g, float(power @ state[::-1].ravel())


def sample_posterior(
    y: Floats,
    weights: Floats,
    prior: SteadyStatePrior,
    rng: np.random.Generator,
    *,
    burn_in: int,
    kept: int,
    thin: int = 1,
    on_step: Callable[[int, int], None] | None = None,
) -> Draws:
    """Draw from the posterior.

    Parameters
    ----------
    y
        (T, n) observations, NaN where missing.
    weights
        (T,) discounts, 1 for a month that counts in full.
    prior
        Priors and anchor.
    rng
        Source of randomness.
    burn_in, kept, thin
        Steps thrown away, draws kept, steps between kept draws.
    on_step
        Called with (done, total) after each step.

    Raises
    ------
    InputError
        No stable draw was found: the steady-state prior is too loose for this panel.
    """
    chain = Chain(y, weights, prior, rng)
    total, store = burn_in + kept * thin, []
    panel = np.zeros_like(y)
    for step in range(total):
        chain.advance()
        if step >= burn_in and (step - burn_in) % thin == 0:
            store.append((chain.B, chain.psi, chain.Sigma))
            panel += chain.panel / kept
        if on_step is not None:
            on_step(step + 1, total)
    B, psi, Sigma = (np.array(part) for part in zip(*store, strict=True))
    return Draws(B, psi, Sigma, panel, chain.explosive / chain.proposed, chain.accepted / total)


class Chain:
    """State of the Gibbs sampler, and its steps: each leaves the posterior as it is, whatever their order.

    Parameters
    ----------
    y, weights, prior, rng
        As in `sample_posterior`.
    """

    def __init__(self, y: Floats, weights: Floats, prior: SteadyStatePrior, rng: np.random.Generator) -> None:
        self._prior, self._rng = prior, rng
        self._lags = len(prior.mean)
        self._weights = weights[self._lags :]
        self._cells = Completion(y, self._lags, prior.psi_mean, np.nanstd(y, axis=0))
        self.B, self.psi = prior.mean.copy(), prior.psi_mean.copy()
        self.Sigma: Floats = prior.scale / (prior.dof - len(prior.scale) - 1)
        self.panel = self._cells.expect(self._intercept(), self.B, self.Sigma)
        self.proposed, self.explosive, self.accepted = 0, 0, 0

    def advance(self) -> None:
        """Take every step once."""
        self.draw_coefficients()
        self.draw_covariance()
        self.draw_means()
        self.draw_cells()

    def _intercept(self) -> Floats:
        return np.asarray(self.psi - self.B.sum(axis=0) @ self.psi)

    def draw_coefficients(self) -> None:
        """Draw B given all else, or leave it where the anchor refuses the draw."""
        p, n = self._lags, len(self.psi)
        left, x = lagged(self.panel - self.psi, p)
        xw = x * self._weights[:, None]
        inverse = np.linalg.inv(self.Sigma)
        # coefficients stacked equation by equation; within one, newest lag first
        prior_precision = 1.0 / self._prior.sd.transpose(1, 0, 2).ravel() ** 2
        prior_mean = self._prior.mean.transpose(1, 0, 2).ravel()
        precision = np.kron(inverse, x.T @ xw)
        precision[np.diag_indices_from(precision)] += prior_precision
        right = (inverse @ (left.T @ xw)).ravel() + prior_precision * prior_mean
        factor = np.linalg.cholesky(precision)
        mean = solve_triangular(factor, solve_triangular(factor, right, lower=True), lower=True, trans="T")
        proposal = self._stable(mean, factor).reshape(n, p, n).transpose(1, 0, 2)
        if self._passes_anchor(proposal, self.panel):
            self.B, self.accepted = proposal, self.accepted + 1

    def _stable(self, mean: Floats, factor: Floats) -> Floats:
        p, n = self._lags, len(self.psi)
        for _ in range(_ATTEMPTS):
            noise = solve_triangular(factor, self._rng.standard_normal(len(mean)), lower=True, trans="T")
            draw: Floats = mean + noise
            self.proposed += 1
            roots = np.linalg.eigvals(companion(draw.reshape(n, p, n).transpose(1, 0, 2)))
            if np.abs(roots).max() < 1.0:
                return draw
            self.explosive += 1
        raise InputError(f"{_ATTEMPTS} draws of the VAR in a row explode: tighten the priors of the means")

    def _passes_anchor(self, B: Floats, panel: Floats) -> bool:
        """Metropolis step: the proposal ignores the anchor, whose likelihood decides."""
        gain = self._anchor_density(B, panel) - self._anchor_density(self.B, self.panel)
        return bool(np.log(self._rng.random()) < gain)

    def _anchor_density(self, B: Floats, panel: Floats) -> float:
        """Log likelihood of the anchor given B, psi and the last months of the panel."""
        anchor = self._prior.anchor
        if anchor is None:
            return 0.0
        g, k = forecast_weights(B, panel[-self._lags :], anchor.position, anchor.months)
        return -0.5 * float((anchor.value - k - g @ self.psi) / anchor.sd) ** 2

    def draw_covariance(self) -> None:
        """Draw Sigma given all else."""
        left, x = lagged(self.panel - self.psi, self._lags)
        residual = left - x @ np.concatenate([matrix.T for matrix in self.B])
        scale = self._prior.scale + residual.T @ (residual * self._weights[:, None])
        dof = self._prior.dof + self._weights.sum()
        draw = invwishart.rvs(dof, (scale + scale.T) / 2, random_state=self._rng)
        self.Sigma = np.asarray(draw).reshape(scale.shape)

    def draw_means(self) -> None:
        """Draw psi given all else."""
        mean, precision = means_given(self.B, self.Sigma, self.panel, self._weights, self._prior)
        factor = np.linalg.cholesky(precision)
        self.psi = mean + solve_triangular(factor, self._rng.standard_normal(len(mean)), lower=True, trans="T")

    def draw_cells(self) -> None:
        """Draw the missing cells, or leave them where the anchor, which is told of the last months, refuses them."""
        proposal = self._cells.draw(self._intercept(), self.B, self.Sigma, self._rng)
        if self._passes_anchor(self.B, proposal):
            self.panel = proposal


def means_given(
    B: Floats, Sigma: Floats, panel: Floats, weights: Floats, prior: SteadyStatePrior
) -> tuple[Floats, Floats]:
    """Mean (n,) and precision (n, n) of psi given everything else; `weights` (T-p,) after the first p months."""
    p, n = B.shape[:2]
    left, x = lagged(panel, p)
    quasi_difference = left - x @ np.concatenate([matrix.T for matrix in B])
    lag_sum = np.eye(n) - B.sum(axis=0)
    projected = np.linalg.solve(Sigma, lag_sum).T
    precision = weights.sum() * projected @ lag_sum + np.diag(1.0 / prior.psi_sd**2)
    right = projected @ (weights @ quasi_difference) + prior.psi_mean / prior.psi_sd**2
    if prior.anchor is not None:
        g, k = forecast_weights(B, panel[-p:], prior.anchor.position, prior.anchor.months)
        precision = precision + np.outer(g, g) / prior.anchor.sd**2
        right = right + g * (prior.anchor.value - k) / prior.anchor.sd**2
    return np.linalg.solve(precision, right), (precision + precision.T) / 2
