"""Each step of the samplers leaves the joint law of parameters and data as it is (Geweke 2004).

Geweke, J. (2004), Getting it right: joint distribution tests of posterior simulators,
doi:10.1198/016214504000001132. Parameters come from the prior, data from the law given them, and one step of the
sampler starts from those very parameters. If the step draws from the right conditional, what it leaves has the same
joint law, so that every function of parameters and data moves by zero on average over independent replications: no
burn-in, no autocorrelation, and a wrong conditional shows under its own name. Moves are divided by their standard
errors; of some dozens of normal scores the largest stays below 4.2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from jpsim.calibration.dynamics import discount
from jpsim.calibration.steady_state import Anchor, Chain, SteadyStatePrior, companion, forecast_weights
from jpsim.calibration.switching import SwitchingSampler, SwitchingState

N, MONTHS, DOF, START = 3, 40, 9.0, 1.0
LARGEST = 4.2


def scores(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Mean move of each column of (R, m) functions in its standard errors; columns that did not move give zero."""
    moved = after - before
    error = moved.std(axis=0, ddof=1) / np.sqrt(len(moved))
    return np.divide(moved.mean(axis=0), error, out=np.zeros_like(error), where=error > 1e-12)


def var_prior(lags: int) -> SteadyStatePrior:
    decay = 1.0 / np.arange(1, lags + 1)[:, None, None]
    mean = np.zeros((lags, N, N))
    mean[0] = np.diag([0.7, 0.3, 0.0])
    return SteadyStatePrior(
        mean=mean, sd=0.2 * decay * np.ones((lags, N, N)), psi_mean=np.array([1.0, 0.0, -0.5]),
        psi_sd=np.array([0.3, 0.2, 0.3]), scale=np.diag([1.0, 2.0, 1.0]), dof=DOF,
    )  # fmt: skip


def stable(prior: SteadyStatePrior, rng: np.random.Generator) -> np.ndarray:
    """Coefficients from their prior, which has no explosive ones."""
    while True:
        B = prior.mean + prior.sd * rng.standard_normal(prior.mean.shape)
        if np.abs(np.linalg.eigvals(companion(B))).max() < 1.0:
            return B


def simulated_chain(
    lags: int, weights: np.ndarray, gaps: np.ndarray, anchored: bool, rng: np.random.Generator
) -> Chain:
    """Chain at the parameters and missing cells that made its data; months have covariance Sigma / weight."""
    prior = var_prior(lags)
    B, psi = stable(prior, rng), prior.psi_mean + prior.psi_sd * rng.standard_normal(N)
    Sigma = stats.invwishart.rvs(DOF, prior.scale, random_state=rng)
    noise = rng.standard_normal((MONTHS, N)) @ np.linalg.cholesky(Sigma).T / np.sqrt(weights)[:, None]
    y = START * noise
    for t in range(lags, MONTHS):
        y[t] = psi + sum(B[k] @ (y[t - 1 - k] - psi) for k in range(lags)) + noise[t]
    told = replace(prior, dof=DOF + float((1.0 - weights[lags:]).sum()))
    if anchored:
        g, k = forecast_weights(B, y[-lags:], 0, 6)
        told = replace(told, anchor=Anchor(0, 6, float(g @ psi + k + 0.1 * rng.standard_normal()), 0.1))
    chain = Chain(np.where(gaps, np.nan, y), weights, told, rng)
    chain.B, chain.psi, chain.Sigma, chain.panel = B, psi, Sigma, y
    return chain


def var_functions(chain: Chain, gaps: np.ndarray) -> np.ndarray:
    """Parameters, missing cells, and products with each other and the data."""
    roots = np.abs(np.linalg.eigvals(companion(chain.B))).max()
    sd = np.sqrt(np.diag(chain.Sigma))
    correlation = (chain.Sigma / np.outer(sd, sd))[np.tril_indices(N, -1)]
    centre, cells = chain.panel.mean(axis=0), chain.panel[gaps]
    plain = np.concatenate([chain.B.ravel(), chain.psi, np.log(sd), correlation, [roots], cells])
    last = chain.panel[-1]
    mixed = [chain.psi * centre, chain.B[0] @ last, chain.B[0].ravel() ** 2, chain.psi**2, np.log(sd) ** 2, cells**2]
    mixed += [np.log(sd) * np.log(chain.panel.std(axis=0)), np.log(sd) * chain.psi, chain.psi * np.diag(chain.B[0])]
    return np.concatenate([plain, *mixed])


STEPS: dict[str, Callable[[Chain], None]] = {
    "coefficients": Chain.draw_coefficients,
    "covariance": Chain.draw_covariance,
    "means": Chain.draw_means,
    "cells": Chain.draw_cells,
    "all": Chain.advance,
}


def var_scores(
    step: Callable[[Chain], None], lags: int, half_life: float, holes: bool, anchored: bool, count: int, seed: int
) -> np.ndarray:
    rng = np.random.default_rng(seed)
    weights = discount(MONTHS, half_life)
    gaps = np.zeros((MONTHS, N), dtype=bool)
    if holes:
        gaps[-2:, 0] = gaps[10:14, 1] = gaps[-1, 2] = True
    before, after = [], []
    for _ in range(count):
        chain = simulated_chain(lags, weights, gaps, anchored, rng)
        before.append(var_functions(chain, gaps))
        step(chain)
        after.append(var_functions(chain, gaps))
    return scores(np.array(before), np.array(after))


def simulated_switching(laws: int, months: int, rng: np.random.Generator) -> tuple[SwitchingSampler, SwitchingState]:
    """Sampler of two variables, and the state of one chain that made its data."""
    v, strength, stay, nu = 2, 6.0, (6.0, 2.0), 6.0
    centres = np.array([[[1.0, r], [r, 1.5]] for r in np.linspace(0.3, -0.3, laws)])
    covariance = np.array([stats.invwishart.rvs(strength + v + 1, strength * c, random_state=rng) for c in centres])
    counts = np.where(np.eye(laws, dtype=bool), stay[0], stay[1] / (laws - 1))
    transition = np.array([rng.dirichlet(row) for row in counts])
    law = np.linalg.matrix_power(transition, 4096)[0]
    states = np.empty(months, dtype=np.int64)
    for t in range(months):
        states[t] = rng.choice(laws, p=law)
        law = transition[states[t]]
    weights = rng.standard_gamma(nu / 2, months) * 2.0 / (nu - 2.0)
    roots = np.linalg.cholesky(covariance)[states]
    y = np.einsum("tij,tj->ti", roots, rng.standard_normal((months, v))) / np.sqrt(weights)[:, None]
    sampler = SwitchingSampler(y, np.ones(months, dtype=bool), centres, strength, stay, nu, rng)
    chain = SwitchingState(states[None], weights[None], covariance[None], transition[None], np.zeros((1, months, laws)))
    return sampler, chain


def switching_functions(sampler: SwitchingSampler, state: SwitchingState) -> np.ndarray:
    """Covariances, transitions, states and scales, and products with each other and the data."""
    covariance, transition, states = state.covariance[0], state.transition[0], state.states[0]
    sd = np.sqrt(np.einsum("kii->ki", covariance))
    correlation = covariance[:, 0, 1] / sd.prod(axis=1)
    mine = sd[states, 0] / np.abs(sampler.y[:, 0]).mean()
    moves = np.log(transition)
    first = np.eye(len(transition))[states[0]]
    share = np.array([(states == k).mean() for k in range(len(transition))])
    scales = np.log(state.weights[0])
    stuck = (states[1:] == states[:-1]).mean()
    mixed = [first * moves.diagonal(), share * moves.diagonal(), share * correlation, first * share, [stuck**2]]
    mixed += [np.log(mine).mean(keepdims=True), (scales * sampler.y[:, 0] ** 2).mean(keepdims=True), correlation**2]
    return np.concatenate(
        [np.log(sd).ravel(), correlation, moves.ravel(), first, share, [stuck, scales.mean(), scales[0]], *mixed]
    )


def switching_scores(step: str, laws: int, count: int, seed: int, months: int = 8) -> np.ndarray:
    rng = np.random.default_rng(seed)
    before, after = [], []
    for _ in range(count):
        sampler, state = simulated_switching(laws, months, rng)
        before.append(switching_functions(sampler, state))
        after.append(switching_functions(sampler, getattr(sampler, step)(state)))
    return scores(np.array(before), np.array(after))


SETTINGS = {  # lags, half-life, missing cells, anchor
    "discounted": (2, 10.0, False, False),
    "discounted, anchored": (2, 10.0, False, True),
    "gaps": (2, np.inf, True, False),
    "gaps, anchored": (2, np.inf, True, True),
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_sweep_of_the_var_leaves_the_joint_law(setting: str) -> None:
    z = var_scores(Chain.advance, *SETTINGS[setting], count=400, seed=21)
    assert np.abs(z).max() < LARGEST


@pytest.mark.slow
@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("step", STEPS)
def test_each_step_of_the_var_leaves_the_joint_law(step: str, setting: str) -> None:
    z = var_scores(STEPS[step], *SETTINGS[setting], count=2000, seed=22)
    assert np.abs(z).max() < LARGEST


def test_a_covariance_drawn_with_too_many_degrees_of_freedom_is_found() -> None:
    def wrong(chain: Chain) -> None:
        chain._weights = chain._weights * 1.2
        chain.draw_covariance()

    z = var_scores(wrong, *SETTINGS["discounted"], count=400, seed=23)
    assert np.abs(z).max() > 6.0


@pytest.mark.parametrize("laws", [2, 3])
def test_a_sweep_of_the_regimes_leaves_the_joint_law(laws: int) -> None:
    assert np.abs(switching_scores("step", laws, 400, 31)).max() < LARGEST


@pytest.mark.slow
@pytest.mark.parametrize("laws", [2, 3])
@pytest.mark.parametrize("step", ["draw_covariances", "draw_transitions", "relabel", "draw_states", "step"])
def test_each_step_of_the_regimes_leaves_the_joint_law(step: str, laws: int) -> None:
    assert np.abs(switching_scores(step, laws, 2000, 32)).max() < LARGEST


def test_transitions_that_forget_the_first_state_are_found() -> None:
    """The first state has the stationary law of the transitions: the Dirichlet law given the moves is not enough."""
    rng, before, after = np.random.default_rng(33), [], []
    for _ in range(2500):
        sampler, state = simulated_switching(2, 8, rng)
        counts = np.where(np.eye(2, dtype=bool), *sampler.stay)
        np.add.at(counts, (state.states[0, :-1], state.states[0, 1:]), 1.0)
        forgetful = np.array([[rng.dirichlet(row) for row in counts]])
        before.append(switching_functions(sampler, state))
        after.append(switching_functions(sampler, replace(state, transition=forgetful)))
    assert np.abs(scores(np.array(before), np.array(after))).max() > LARGEST
