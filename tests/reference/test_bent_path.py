"""Reverse stress with nonlinear terms against a general optimiser over all shocks, and finite differences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import approx_fprime, minimize

from jpsim.analysis.bent_path import bend_returns
from jpsim.analysis.plausible_path import find_plausible_path
from jpsim.analysis.return_law import monthly_law
from jpsim.conditioning.conditional import condition
from jpsim.conditioning.impulses import ImpulseEffect
from jpsim.conditioning.premium import Shift, series_weights
from jpsim.conditioning.rows import Row
from jpsim.conditioning.scenario_law import ScenarioLaw
from jpsim.conditioning.system import build_system
from jpsim.scenario import Scenario
from tests.models import bent_model, small_model

HORIZON, LOSS = 4, 0.25


def law_of(*stated: tuple[str, int, str, dict[str, float]]) -> ScenarioLaw:
    model = bent_model(small_model(), size=0.5)
    system, rows = build_system(model, HORIZON), []
    for factor, month, kind, numbers in stated:
        weights, constant = system.level_row(model.factor(factor))
        given = {"value": np.nan, "sd": 0.0, "low": -np.inf, "high": np.inf} | numbers
        rows.append(Row(factor, month, kind, weights, constant, **given, text=factor, place=None))
    effect = ImpulseEffect("defence_rerating", np.outer(np.full(HORIZON, 0.25), 0.03 * np.arange(1.0, 6.0) / 5), 0.5)
    shift = Shift(np.full(HORIZON, 0.002), np.zeros(HORIZON))
    return ScenarioLaw(Scenario(id="test"), condition(system, tuple(rows)), shift, np.zeros(5), (effect,))


def returns_of(law: ScenarioLaw, e: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Monthly returns of TOPIX and the (h, d) states, month by month as the equations are written."""
    conditional, system = law.conditional, law.conditional.system
    model, weights = system.model, series_weights(law.conditional, "topix")
    h, n = HORIZON, len(model.factors)
    values, vectors = np.linalg.eigh(conditional.shock_cov)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    z = conditional.mean_shocks + (root @ e[: h * n]).reshape(h, n)
    own = np.sqrt(weights @ model.residual_cov @ weights)
    state, found, states = system.start, [], []
    for t in range(h):
        u = system.impact[t, :n] @ z[t]
        r = law.drift[t] @ weights + weights @ model.loadings @ u + own * e[h * n + t]
        r += 0.5 * e[-1] * law.impulses[0].mean[t] @ weights
        for term, loading in zip(model.terms, weights @ model.term_loadings, strict=True):
            i = model.factor(term.factor)
            if term.kind == "hinge":
                r += loading * (max(term.side * (u[i] - term.knot), 0.0) - term.centre)
            elif term.kind == "pair":
                r += loading * (u[i] * u[model.factor(term.other)] - term.centre)
            else:
                row, constant = system.level_row(model.factor(term.other))
                logs = model.transform[model.factor(term.other)] == "log100"
                gap = row @ state + constant - (100.0 * np.log(term.knot) if logs else term.knot)
                r += loading * max(term.side * gap, 0.0) * u[i]
        found.append(r)
        state = system.offset[t] + system.transition[t] @ state + system.impact[t] @ z[t]
        states.append(state)
    return np.array(found), np.array(states)


def optimise(law: ScenarioLaw, start: np.ndarray, *bounds) -> np.ndarray:
    inside = [
        {"type": "ineq", "fun": lambda e: np.log1p(-LOSS) - np.log1p(np.maximum(returns_of(law, e)[0], -0.99)).sum()}
    ]
    return minimize(
        lambda e: 0.5 * e @ e,
        start,
        jac=lambda e: e,
        method="SLSQP",
        constraints=[*inside, *({"type": "ineq", "fun": bound} for bound in bounds)],
        options={"maxiter": 200, "ftol": 1e-12},
    ).x


def coordinates(law: ScenarioLaw) -> int:
    return HORIZON * len(law.conditional.system.model.factors) + HORIZON + 1


def test_the_path_is_that_of_an_optimiser_over_all_shocks() -> None:
    stated = (
        ("jgb_10y", 4, "hard", {"value": 2.5}),
        ("usdjpy", 3, "marginal", {"value": 100 * np.log(150.0), "sd": 4.0}),
    )
    law = law_of(*stated)
    found = find_plausible_path(law, "topix", HORIZON, LOSS)
    best = optimise(law, np.random.default_rng(6).normal(0.0, 0.3, coordinates(law)))
    assert np.linalg.norm(best) == pytest.approx(found.point.distance, rel=1e-4)
    assert found.point.returns == pytest.approx(returns_of(law, best)[0], abs=2e-3)
    assert found.point.compound == pytest.approx(-LOSS, abs=1e-8)
    assert sum(found.contributions.values()) == pytest.approx(-LOSS, abs=1e-8)
    assert found.mean_returns == pytest.approx(returns_of(law, np.zeros(coordinates(law)))[0], abs=1e-12)
    assert found.levels[law.conditional.system.model.factor("jgb_10y"), -1] == pytest.approx(2.5, abs=1e-9)
    straight = replace(
        law.conditional, system=replace(law.conditional.system, model=law.conditional.system.model.linear)
    )
    linear = find_plausible_path(replace(law, conditional=straight), "topix", HORIZON, LOSS)
    assert abs(linear.point.distance - found.point.distance) > 0.02


def test_a_path_stays_inside_a_range_that_the_loss_pushes_against() -> None:
    model = small_model()
    place, free = model.factor("sp500"), find_plausible_path(law_of(), "topix", HORIZON, LOSS)
    mean, moved = (100.0 * np.log(levels[place, 2]) for levels in (free.mean_levels, free.levels))
    bounds = {"low": mean - 1.0, "high": mean + 40.0} if moved < mean else {"low": mean - 40.0, "high": mean + 1.0}
    law = law_of(("sp500", 3, "range", bounds))
    found = find_plausible_path(law, "topix", HORIZON, LOSS)
    assert found.held == ("sp500",)
    row, constant = law.conditional.system.level_row(place)
    edge, sign = (bounds["low"], 1.0) if moved < mean else (bounds["high"], -1.0)
    assert 100.0 * np.log(found.levels[place, 2]) == pytest.approx(edge, abs=1e-6)

    def inside(e: np.ndarray) -> float:
        return float(sign * (row @ returns_of(law, e)[1][2] + constant - edge))

    start = np.random.default_rng(6).normal(0.0, 0.3, coordinates(law))
    assert found.point.distance == pytest.approx(np.linalg.norm(optimise(law, start, inside)), rel=1e-3)


@pytest.mark.parametrize("rounding", [0.0, 0.5])
def test_derivatives_are_those_of_finite_differences(rounding: float) -> None:
    law = law_of()
    surface = bend_returns(law, series_weights(law.conditional, "topix"), monthly_law(law, "topix", HORIZON), LOSS)
    surface = surface.rounded(rounding)
    e = np.random.default_rng(2).normal(0.0, 1.0, surface.linear.shape[1])
    np.testing.assert_allclose(surface.gradient(e), approx_fprime(e, surface.excess, 1e-7), atol=1e-6)
    bent = (surface.curvature(e, 1.0) - np.eye(e.size)).T
    numeric = np.array(
        [(surface.gradient(e + step) - surface.gradient(e - step)) / 2e-5 for step in 1e-5 * np.eye(e.size)]
    )
    np.testing.assert_allclose(bent, numeric, atol=1e-6)


@pytest.mark.parametrize("loss", [0.02, 0.12])
def test_the_probability_is_that_of_a_plain_sample(loss: float) -> None:
    """Plain draws of all shocks, residuals and the impulse, straight from the normal law."""
    law = law_of(("usdjpy", 3, "marginal", {"value": 100 * np.log(150.0), "sd": 4.0}))
    returns = monthly_law(law, "topix", HORIZON)
    surface = bend_returns(law, series_weights(law.conditional, "topix"), returns, loss)
    values, vectors = np.linalg.eigh(law.conditional.shock_cov)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    beside = np.column_stack(
        [np.sqrt(returns.residual) * np.eye(HORIZON), np.sqrt(np.diag(returns.impulses["defence_rerating"]))]
    )
    surface, rng = surface.within(np.zeros(len(root)), root, beside), np.random.default_rng(4)
    lost, count = 0, 200_000
    for _ in range(count // 20_000):
        lost += int(surface.losing(rng.standard_normal((surface.linear.shape[1], 20_000))).sum())
    counted = lost / count
    error = np.sqrt(counted * (1 - counted) / count)
    found = find_plausible_path(law, "topix", HORIZON, loss).point.probability
    assert abs(found - counted) < 4 * np.hypot(error, 0.02 * counted)


def test_many_points_lose_as_one_by_one() -> None:
    law = law_of()
    surface = bend_returns(law, series_weights(law.conditional, "topix"), monthly_law(law, "topix", HORIZON), 0.1)
    e = np.random.default_rng(2).normal(0.0, 2.0, (surface.linear.shape[1], 300))
    np.testing.assert_array_equal(surface.losing(e), [surface.excess(one) <= 0.0 for one in e.T])
