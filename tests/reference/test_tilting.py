"""Entropy tilting against the primal problem, solved by a general optimiser (scipy's SLSQP)."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import logsumexp

from jpsim.simulation.tilting import Unreachable, tilt


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
