"""Turned normals: orthogonal, as close as the Procrustes problem allows, and of no effect on any law.

Sources: scipy's orthogonal Procrustes solution for outputs in closed form; the closed-form moments of the law.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.linalg import orthogonal_procrustes

from jpsim.conditioning.conditional import Conditional, condition
from jpsim.conditioning.premium import Shift
from jpsim.conditioning.rows import Row
from jpsim.conditioning.scenario_law import ScenarioLaw
from jpsim.conditioning.stories import Story
from jpsim.conditioning.system import System, build_system
from jpsim.scenario import Scenario
from jpsim.simulation.engine import draw_paths
from jpsim.simulation.law import Law, Rotation
from jpsim.simulation.sampling import Sampler
from tests.models import small_model

HORIZON, SEED, PATHS = 6, 31, 60_000


@pytest.fixture(scope="module")
def system() -> System:
    plain = small_model()
    impacts = np.linalg.cholesky(plain.Sigma)
    return build_system(replace(plain, shocks=("one", "two"), impacts=impacts[:, [0, 3]]), HORIZON)


def row(system: System, factor: int, month: int, kind: str, shift: float, width: float = 0.0) -> Row:
    weights, constant = system.level_row(factor)
    name, unit = system.model.factors[factor], float(np.sqrt(system.model.Sigma[factor, factor]))
    mean = float(weights @ system.means[month] + constant)
    return Row(name, month, kind, weights, constant, mean + shift * unit, width * unit, -np.inf, np.inf, name, None)


def sampler_of(conditional: Conditional, kind: str = "gaussian") -> Sampler:
    system, still = conditional.system, np.zeros(HORIZON)
    law = ScenarioLaw(Scenario(id="test"), conditional, Shift(still, still), np.zeros(len(system.model.series)))
    return Sampler.of(Story.of(law), kind, SEED)


def rows_of(system: System) -> tuple[Row, ...]:
    return (row(system, 0, 4, "hard", 2.0), row(system, 1, 6, "marginal", 1.0, 0.4), row(system, 3, 3, "hard", -1.0))


def orthogonal(rotation: Rotation) -> np.ndarray:
    inward = rotation.inward.reshape(rotation.inward.shape[0], -1)
    return np.eye(inward.shape[1]) + rotation.outward.reshape(inward.shape[1], -1) @ inward


def rotation_of(law: Law) -> Rotation:
    assert law.mixing is not None
    assert law.mixing.rotation is not None
    return law.mixing.rotation


@pytest.mark.parametrize("drivers", [(), ("one", "two")], ids=["all shocks", "named shocks"])
def test_turns_are_orthogonal(system: System, drivers: tuple[str, ...]) -> None:
    rows = rows_of(system)[:2] if drivers else rows_of(system)
    turn = orthogonal(rotation_of(sampler_of(condition(system, rows, drivers)).laws[0]))
    np.testing.assert_allclose(turn @ turn.T, np.eye(turn.shape[0]), atol=1e-12)
    assert np.abs(turn - np.eye(turn.shape[0])).max() > 0.1


def test_levels_come_as_close_as_procrustes_allows(system: System) -> None:
    """Levels at the horizon under hard rows, each in units of its sd; the turn minds other outputs and months, too."""
    conditional = condition(system, (row(system, 0, 4, "hard", 2.0), row(system, 3, 3, "hard", -1.0)))
    h, n = HORIZON, len(system.model.factors)
    state, moved = np.zeros((system.start.size, h * n)), conditional.stacked.flat
    for t in range(h):
        state = system.transition[t] @ state
        state[:, t * n : (t + 1) * n] += system.impact[t]
    levels = np.array([system.level_row(i)[0] @ state for i in range(n)])
    left = levels @ (np.eye(h * n) - conditional.shock_gain @ moved)
    unit = (np.linalg.norm(levels, axis=1) * np.linalg.norm(left, axis=1)) ** 0.5
    levels, left = levels / unit[:, None], left / unit[:, None]
    vars(conditional)["recursion"] = None  # as with an average: all months' normals turn together
    law = sampler_of(conditional).laws[0]
    ours = np.linalg.norm(left @ orthogonal(rotation_of(law)) - levels)
    best = np.linalg.norm(left @ orthogonal_procrustes(left, levels)[0] - levels)
    as_drawn = np.linalg.norm(left - levels)
    assert best < 0.6 * as_drawn
    assert best * (1.0 - 1e-9) <= ours < best + 0.1 * (as_drawn - best)


def test_months_turn_by_themselves_where_the_recursion_is_conditional(system: System) -> None:
    """Paths of the turned recursion are closer to the unconditional ones; its closed form stays what it is."""
    conditional = condition(system, (row(system, 0, 4, "hard", 2.0), row(system, 3, 3, "hard", -1.0)))
    assert conditional.recursion is not None
    law = sampler_of(conditional).laws[0]
    assert law.mixing is None
    n = len(system.model.factors)
    plain = conditional.recursion.impact[:, :n]
    np.testing.assert_allclose(
        law.dynamics.impact @ law.dynamics.impact.transpose(0, 2, 1), plain @ plain.transpose(0, 2, 1), atol=1e-10
    )
    free = sampler_of(condition(system, ())).paths(0, PATHS)[:, -1]
    apart = []
    for impact in (plain, law.dynamics.impact):
        drawn = replace(law, dynamics=law.dynamics._replace(impact=np.ascontiguousarray(impact)))
        x = draw_paths(drawn, SEED, 0, PATHS)[:, -1]
        spread = np.sqrt(x.std(axis=1) * free.std(axis=1))
        moves = spread > 1e-9
        apart.append(np.mean(((x - free).std(axis=1)[moves] / spread[moves]) ** 2))
    assert apart[1] < 0.9 * apart[0]


@pytest.mark.parametrize("kind", ["gaussian", "student_t"])
def test_the_law_stays_what_it_is(system: System, kind: str) -> None:
    """Against the same law without a turn, from another seed: means, squares and products of outputs."""
    sampler = sampler_of(condition(system, rows_of(system)), kind)
    part = sampler.parts[0]
    assert part.law.mixing is not None
    plain = replace(part, law=replace(part.law, mixing=part.law.mixing._replace(rotation=None)), seed=SEED + 1)
    still = replace(sampler, parts=(plain,), seed=SEED + 1)
    found = []
    for each in (sampler, still):
        weights = each.weights(PATHS)
        share = np.full(PATHS, 1.0 / PATHS) if weights is None else weights / weights.sum()
        x = each.paths(0, PATHS)[:, [2, 5]].reshape(-1, PATHS)
        x = x[x.std(axis=1) > 1e-9]
        assert x.shape[0] > 10
        moments = np.concatenate([x, x**2, x * np.roll(x, 1, axis=0)])
        mean = moments @ share
        found.append((mean, ((share * (moments - mean[:, None])) ** 2).sum(axis=1)))
    z = (found[0][0] - found[1][0]) / np.sqrt(found[0][1] + found[1][1])
    assert np.abs(z).max() < 4.5
