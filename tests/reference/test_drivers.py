"""Structural stories against the closed form of Antolín-Díaz, Petrella and Rubio-Ramírez (2021).

Source: doi:10.1016/j.jmoneco.2020.06.001, equation for shocks that deliver a path while the others keep
their unconditional law; here written out with dense matrices.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jpsim.conditioning.conditional import Conditional, condition
from jpsim.conditioning.drivers import driver_basis
from jpsim.conditioning.premium import Shift
from jpsim.conditioning.rows import Row
from jpsim.conditioning.scenario_law import ScenarioLaw
from jpsim.conditioning.stories import Story
from jpsim.conditioning.system import System, build_system
from jpsim.errors import InputError
from jpsim.model import Model
from jpsim.model.store import load_model
from jpsim.scenario import Scenario
from jpsim.simulation.sampling import Sampler
from tests.models import small_model

NAMES = ("monetary_policy", "demand", "global_risk")


@pytest.fixture
def model() -> Model:
    """The small model with three orthogonal shocks of its own."""
    plain = small_model()
    n = len(plain.factors)
    rotation, _ = np.linalg.qr(np.random.default_rng(9).standard_normal((n - 1, 3)))
    directions = np.vstack([rotation, np.zeros((1, 3))])  # none of them is the rounding of the policy rate
    return replace(plain, shocks=NAMES, impacts=np.linalg.cholesky(plain.Sigma) @ directions)


def row(system: System, factor: int, month: int, kind: str, value: float, sd: float = 0.0) -> Row:
    weights, constant = system.level_row(factor)
    name = system.model.factors[factor]
    return Row(name, month, kind, weights, constant, value, sd, -np.inf, np.inf, f"{name} in month {month}", None)


def oracle(conditional: Conditional, basis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of all stacked shocks if only those along the basis, month by month, are steered."""
    G, h = conditional.stacked.flat, conditional.system.horizon
    n = basis.shape[0]
    D = np.kron(np.eye(h), basis)
    N = np.eye(h * n) - D @ D.T
    GD = G @ D
    gain = GD.T @ np.linalg.inv(GD @ GD.T)
    # eps = N z + D (D'z + gain (gap + target - G z)), z standard normal
    linear = np.eye(h * n) - D @ gain @ G
    assert np.allclose(N @ linear, N)  # the other shocks stay as drawn
    spread = np.diag([row.sd**2 if row.kind == "marginal" else 0.0 for row in conditional.table.rows])
    return D @ gain @ conditional.gap, linear @ linear.T + D @ gain @ spread @ gain.T @ D.T


@pytest.mark.parametrize("drivers", [("demand",), ("monetary_policy", "global_risk"), NAMES])
def test_named_drivers_deliver_and_the_others_stay(model: Model, drivers: tuple[str, ...]) -> None:
    system = build_system(model, 6)
    rows = (row(system, 0, 3, "hard", 1.5), row(system, 1, 6, "marginal", 2.5, 0.1))
    conditional = condition(system, rows, drivers)
    mean, cov = oracle(conditional, driver_basis(model, drivers))
    np.testing.assert_allclose(conditional.mean_shocks.reshape(-1), mean, atol=1e-9)
    np.testing.assert_allclose(conditional.shock_cov, cov, atol=1e-9)


@pytest.mark.parametrize("innovations", ["gaussian", "student_t", "stochastic_volatility"])
def test_drawn_paths_hold_the_conditions(model: Model, innovations: str) -> None:
    system = build_system(model, 6)
    rows = (row(system, 0, 3, "hard", 1.5), row(system, 1, 6, "marginal", 2.5, 0.1))
    law = ScenarioLaw(
        Scenario(id="story"), condition(system, rows, ("demand",)), Shift(np.zeros(6), np.zeros(6)), np.zeros(5)
    )
    sampler = Sampler.of(Story.of(law), innovations, 7)  # type: ignore[arg-type]
    assert sampler.weights(1000) is None
    drawn = sampler.paths(0, 60_000)
    np.testing.assert_allclose(drawn[0, 2], 1.5, atol=1e-9)
    z = (drawn[1, 5].mean() - 2.5) / (0.1 / np.sqrt(60_000))
    assert abs(z) < 4
    assert drawn[1, 5].std() == pytest.approx(0.1, rel=0.015)
    if innovations == "gaussian":
        expected = law.conditional.moments
        z = drawn[4, 5].mean() / np.exp((expected.mean[5, 4] + expected.cov[5, 4, 4] / 200) / 100) - 1
        assert abs(z) < 4 * drawn[4, 5].std() / drawn[4, 5].mean() / np.sqrt(60_000)


def test_more_rows_than_shocks_are_refused(model: Model) -> None:
    system = build_system(model, 6)
    rows = tuple(row(system, factor, 1, "hard", 1.5) for factor in (0, 1))
    with pytest.raises(InputError, match="2 conditions up to month 1 must be delivered"):
        condition(system, rows, ("demand",))
    assert condition(system, rows, ("demand", "global_risk")).recursion is None


def test_an_exogenous_factor_delivers_nothing_but_what_is_said_of_it() -> None:
    """The fiscal impulse keeps its law beside `drivers: [demand]`, and follows its own rows where there are some."""
    model = load_model("japan_monthly")
    system, n = build_system(model, 6), len(model.factors)
    hike = row(system, model.factor("boj_policy_rate"), 6, "hard", 1.25)
    fiscal = model.factor("fiscal_impulse")
    conditional = condition(system, (hike,), ("demand",))
    sd = float(np.sqrt(model.Sigma[fiscal, fiscal]))
    exposure = np.eye(n)[[fiscal]]
    np.testing.assert_allclose(conditional.mean_innovations[:, fiscal], 0.0, atol=1e-12)
    np.testing.assert_allclose(conditional.innovation_cov(exposure)[0], sd**2 * np.eye(6), atol=1e-12)
    spent = condition(system, (hike, row(system, fiscal, 6, "hard", 1.0)), ("demand",))
    assert spent.moments.mean[5, fiscal] == pytest.approx(1.0)
