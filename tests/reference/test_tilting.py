"""Entropy tilting against the primal problem, solved by a general optimiser (scipy's SLSQP)."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import eval_legendre, logsumexp, ndtr, ndtri

from jpsim.simulation import tilting
from jpsim.simulation.tilting import Unreachable, log_total, margin_moments, relative_entropy_of, tilt


def primal(prior: np.ndarray, moments: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """Minimise sum q log(q / p) subject to the moments, over q directly."""
    kinds = {0: "eq", 1: "ineq", -1: "ineq"}
    constraints = [{"type": "eq", "fun": lambda q: q.sum() - 1.0}]
    for row, sign in zip(moments, signs, strict=True):
        constraints.append({"type": kinds[int(sign)], "fun": lambda q, row=row, sign=sign: (sign or 1) * (row @ q)})
    found = minimize(
        lambda q: float(np.sum(q * np.log(np.maximum(q, 1e-300) / prior))), prior,
        jac=lambda q: np.log(np.maximum(q, 1e-300) / prior) + 1.0, bounds=[(1e-12, 1.0)] * prior.size,
        constraints=constraints, method="SLSQP", options={"maxiter": 500, "ftol": 1e-14},
    )  # fmt: skip
    return found.x


@pytest.mark.parametrize("signs", [(0, 0, 0), (0, 1, -1), (1, 1, 0), (-1, 0, 1)])
def test_dual_solution_is_the_primal_one(signs: tuple[int, ...]) -> None:
    rng = np.random.default_rng(4)
    x = rng.standard_normal((2, 60))
    prior = rng.dirichlet(np.full(60, 5.0))
    moments = np.array([x[0] - 0.2, (x[1] > 0.5) - 0.35, x[0] ** 2 - 1.1])
    log_weights = tilt(np.log(prior), moments, np.array(signs))
    ours = np.exp(log_weights - logsumexp(log_weights))
    np.testing.assert_allclose(ours, primal(prior, moments, np.array(signs)), atol=2e-6)


def test_normal_mean_tilt_has_its_closed_form() -> None:
    """On a fine grid a mean view on a normal shifts it: q = N(b, 1), relative entropy b**2 / 2."""
    x = np.linspace(-8, 8, 4001)
    log_prior = -0.5 * x**2
    log_weights = tilt(log_prior, (x - 0.7)[None])
    ours = np.exp(log_weights - logsumexp(log_weights))
    shifted = np.exp(-0.5 * (x - 0.7) ** 2)
    np.testing.assert_allclose(ours, shifted / shifted.sum(), atol=1e-12)


def test_views_outside_the_hull_are_unreachable() -> None:
    x = np.random.default_rng(1).uniform(0, 1, 500)
    with pytest.raises(Unreachable) as caught:
        tilt(np.zeros(500), np.array([x - 1.5, x**2 - 0.4]))
    assert np.abs(caught.value.direction)[0] > 0.1


def test_moments_worked_out_chunk_by_chunk_give_the_same_weights(monkeypatch) -> None:
    """The dual of all paths at once is that of scipy's general optimiser above; here it comes in chunks of seven."""
    rng = np.random.default_rng(9)
    log_prior, scores = 3.0 * rng.standard_normal(500), 1.0 + rng.standard_normal((1, 500))
    whole = tilt(log_prior, margin_moments(scores)[:3])
    monkeypatch.setattr(tilting, "_CHUNK", 7)
    asked = []

    def part(begin: int, end: int) -> np.ndarray:
        asked.append(end - begin)
        return margin_moments(scores[:, begin:end])[:3]

    chunked = tilt(log_prior, part)
    np.testing.assert_allclose(chunked - logsumexp(chunked), whole - logsumexp(whole), atol=1e-9)
    assert max(asked) == 7
    np.testing.assert_allclose(log_total(log_prior), logsumexp(log_prior), rtol=1e-14)
    ours, prior = whole - logsumexp(whole), log_prior - logsumexp(log_prior)
    np.testing.assert_allclose(relative_entropy_of(whole, log_prior), np.exp(ours) @ (ours - prior), rtol=1e-12)


def test_shape_of_a_margin_is_held_by_legendre_polynomials() -> None:
    scores = np.random.default_rng(2).standard_normal((2, 50))
    rows = margin_moments(scores).reshape(2, 8, 50)
    for score, found in zip(scores, rows, strict=True):
        expected = [eval_legendre(degree, 2.0 * ndtr(score) - 1.0) for degree in range(1, 7)]
        np.testing.assert_allclose(found, [score, score**2 - 1.0, *expected], atol=1e-14)
    assert margin_moments(scores[:, :0]).shape == (16, 0)


@pytest.mark.parametrize("seed", range(20))
def test_newtons_last_step_is_taken_though_the_value_no_longer_falls(seed: int) -> None:
    """Close to the end the dual falls by less than its rounding; halving such a step leads nowhere."""
    even = ndtri((np.arange(4000) + 0.5) / 4000)
    mixed, asked = np.random.default_rng(seed).permutation(even), []
    scores = np.stack([even + 2e-4 * seed, (1.0 + 1e-4 * seed) * mixed])

    def moments(begin: int, end: int) -> np.ndarray:
        asked.append(begin)
        return margin_moments(scores[:, begin:end])

    log_weights = tilt(np.zeros(4000), moments)
    weights = np.exp(log_weights - logsumexp(log_weights))
    assert np.abs(moments(0, 4000) @ weights).max() < 1e-9
    assert len(asked) <= 11
