"""The sequential conditional form against the closed form on stacked shocks.

Source: conditional normal distribution, Waggoner and Zha (1999), doi:10.1162/003465399558508.
"""

from __future__ import annotations

import numpy as np
import pytest

from jpsim.conditioning.sequential import condition_system
from jpsim.conditioning.stacked import stack_rows
from jpsim.conditioning.system import System, build_system
from tests.models import small_model

HORIZON = 6


@pytest.fixture
def system() -> System:
    return build_system(small_model(), HORIZON)


def some_rows(system: System) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two levels, a slope and the level of a price, at several months."""
    chosen = [(1, 3, None), (2, 2, None), (2, 6, None), (1, 6, 0), (3, 4, None)]
    rows, constants, months = [], [], []
    for factor, month, minus in chosen:
        row, constant = system.level_row(factor)
        if minus is not None:
            row = row - system.level_row(minus)[0]
        rows.append(row)
        constants.append(constant)
        months.append(month)
    return np.array(rows), np.array(constants), np.array(months)


def path_map(system: System) -> tuple[np.ndarray, np.ndarray]:
    """Mean (h, d) and derivative (h, d, h n) of all states with respect to the stacked shocks."""
    h, d = system.offset.shape
    n = system.impact.shape[2]
    derivative, state = np.zeros((h, d, h * n)), np.zeros((d, h * n))
    for t in range(h):
        state = system.transition[t] @ state
        state[:, t * n : (t + 1) * n] += system.impact[t]
        derivative[t] = state
    return system.means[1:], derivative


@pytest.mark.parametrize("kind", ["hard", "measurement", "marginal", "mixed"])
def test_sequential_form_equals_closed_form(system: System, kind: str) -> None:
    rows, constants, months = some_rows(system)
    stacked = stack_rows(system, rows, constants, months)
    gap = np.sqrt(np.diag(stacked.cov)) * np.array([1.0, -2.0, 0.5, 1.5, -0.7])
    noise = np.zeros(5)
    free: list[int] = []
    if kind in ("measurement", "mixed"):
        noise[[1, 3]] = 0.5 * np.diag(stacked.cov)[[1, 3]]
    if kind == "marginal":
        free = [0, 4]
    if kind == "mixed":
        free = [0, 2]
    q = len(free)
    spread = 0.3 * np.eye(q) + 0.1
    conditional = condition_system(system, rows, months, stacked.mean + gap - constants, noise, free)
    moments = conditional.moments(spread)

    mean, derivative = path_map(system)
    gain = np.linalg.solve(stacked.cov + np.diag(noise), stacked.flat).T
    full_spread = np.zeros((5, 5))
    full_spread[np.ix_(free, free)] = spread
    for t in range(HORIZON):
        moved = mean[t] + derivative[t] @ gain @ gap
        left = np.eye(gain.shape[0]) - gain @ stacked.flat + gain @ full_spread @ gain.T
        cov = derivative[t] @ left @ derivative[t].T
        np.testing.assert_allclose(moments.mean[t], moved, rtol=0, atol=1e-10)
        np.testing.assert_allclose(moments.cov[t], cov, rtol=0, atol=1e-10 * max(1.0, np.abs(cov).max()))


def test_without_conditions_nothing_changes(system: System) -> None:
    empty = np.zeros((0, system.start.size))
    conditional = condition_system(system, empty, np.zeros(0, dtype=int), np.zeros(0), np.zeros(0), [])
    np.testing.assert_array_equal(conditional.offset, system.offset)
    np.testing.assert_array_equal(conditional.impact, system.impact)


def test_all_shocks_of_a_month_can_be_pinned(system: System) -> None:
    n = system.impact.shape[2]
    rows = np.array([system.level_row(i)[0] for i in range(n)])
    constants = np.array([system.level_row(i)[1] for i in range(n)])
    months = np.full(n, 2)
    stacked = stack_rows(system, rows, constants, months)
    conditional = condition_system(system, rows, months, stacked.mean - constants, np.zeros(n), [])
    moments = conditional.moments(np.zeros((0, 0)))
    np.testing.assert_allclose(rows @ moments.cov[1] @ rows.T, 0.0, atol=1e-9)
    np.testing.assert_allclose(moments.mean[1], system.means[2], rtol=0, atol=1e-9)


def test_a_held_factor_does_not_move(system: System) -> None:
    held = system.hold(6, {2, 3})
    row, _ = held.level_row(6)
    stacked = stack_rows(held, np.array([row, row, row]), np.zeros(3), np.array([1, 2, 3]))
    np.testing.assert_allclose(stacked.flat[0], stacked.flat[1], atol=1e-14)
    np.testing.assert_allclose(stacked.flat[0], stacked.flat[2], atol=1e-14)
    assert stacked.mean[0] == pytest.approx(stacked.mean[2], abs=1e-14)
