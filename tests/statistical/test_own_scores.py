"""Soft rows take their values from the path's own: what their law is, and that nothing else changes.

Sources: scores of normal values given the scales are standard normal and independent of the residuals of a
regression on them (the projection theorem); stated margins themselves; one Student-t month in closed form.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm
from scipy.stats import t as student

from jpsim.conditioning.conditional import condition
from jpsim.conditioning.premium import Shift
from jpsim.conditioning.rows import Row
from jpsim.conditioning.scenario_law import ScenarioLaw
from jpsim.conditioning.stories import Story
from jpsim.conditioning.system import System, build_system
from jpsim.scenario import Scenario
from jpsim.simulation.compilation import Innovations
from jpsim.simulation.engine import draw_scores
from jpsim.simulation.importance import effective_size, normalise
from jpsim.simulation.sampling import Sampler
from tests.models import small_model
from tests.naive import simulation as naive

HORIZON, SEED, PATHS = 6, 8, 100_000
TABLE = ((-0.8, 0.4), (1.0, 0.6))
KINDS: tuple[Innovations, ...] = ("gaussian", "student_t", "stochastic_volatility")


def row(system: System, factor: int, month: int, kind: str, shift: float = 0.0, width: float = 0.0) -> Row:
    """A row whose value is `shift` standard deviations of one month's shock from the mean."""
    weights, constant = system.level_row(factor)
    name, unit = system.model.factors[factor], float(np.sqrt(system.model.Sigma[factor, factor]))
    mean = float(weights @ system.means[month] + constant)
    made = Row(name, month, kind, weights, constant, mean + shift * unit, width * unit, -np.inf, np.inf, name, None)
    if kind == "range":
        return replace(made, value=np.nan, low=mean - 0.5 * unit, high=mean + 2.0 * unit)
    if kind == "table":
        table = tuple((mean + unit * value, share) for value, share in TABLE)
        return replace(made, value=sum(value * share for value, share in table), table=table)
    return made


def rows_of(system: System) -> tuple[Row, ...]:
    return (
        row(system, 1, 6, "marginal", 1.0, 1.5), row(system, 0, 3, "hard", 1.0), row(system, 2, 4, "range"),
        row(system, 3, 2, "measurement", 0.5, 0.7), row(system, 4, 5, "table"),
        row(system, 3, 5, "marginal", -0.5, 1.2),
    )  # fmt: skip


def sampler_of(system: System, rows: tuple[Row, ...], kind: Innovations, drivers: tuple[str, ...] = ()) -> Sampler:
    still = np.zeros(system.horizon)
    law = ScenarioLaw(
        Scenario(id="test"), condition(system, rows, drivers), Shift(still, still), np.zeros(len(system.model.series))
    )
    return Sampler.of(Story.of(law), kind, SEED)


@pytest.fixture(scope="module")
def system() -> System:
    plain = small_model()
    impacts = np.linalg.cholesky(plain.Sigma)
    return build_system(replace(plain, shocks=("one", "two"), impacts=impacts[:, [0, 3]]), HORIZON)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("drivers", [(), ("one", "two")], ids=["all shocks", "named shocks"])
def test_scores_are_standard_normal_and_say_nothing_of_what_is_left(
    system: System, kind: Innovations, drivers: tuple[str, ...]
) -> None:
    """Residuals by the naive twin, with targets of zero: what is left of the shocks when rows are at their centres."""
    rows = rows_of(system) if not drivers else tuple(r for r in rows_of(system) if r.kind in ("hard", "marginal"))
    law = sampler_of(system, rows, kind, drivers).laws[0]
    assert law.mixing is not None
    law = replace(law, mixing=law.mixing._replace(proposal=None))
    scores, _ = draw_scores(law, SEED, 0, PATHS)
    assert scores.shape[0] == len(rows) - (1 if drivers else 2)
    size = scores.shape[0]
    z = [scores.mean(axis=1) * np.sqrt(PATHS), ((scores**2).mean(axis=1) - 1.0) * np.sqrt(PATHS / 2.0)]
    apart = np.triu_indices(size, 1)
    z.append((scores @ scores.T / PATHS)[apart] * np.sqrt(PATHS))
    for point in (-1.5, 0.0, 1.5):
        share = norm.cdf(point)
        z.append(((scores < point).mean(axis=1) - share) / np.sqrt(share * (1 - share) / PATHS))
    assert np.abs(np.concatenate(z)).max() < 4.0
    few, left = 3000, []
    still = replace(law, mixing=law.mixing._replace(gap=np.zeros_like(law.mixing.gap)))
    for path in range(few):
        s = naive.scales_of(still, SEED, path)
        left.append((naive.shocks_of(still, SEED, path, s, np.zeros(len(law.mixing.gap))) / s[:, None]).reshape(-1))
    residual = np.array(left).T
    assert residual.std(axis=1).max() > 0.9
    for power in (1, 2):  # volatility would show in squares
        first, second = scores[:, :few] ** power, np.abs(residual) ** power
        cross = np.corrcoef(np.vstack([first, second]))[:size, size:]
        assert np.abs(cross).max() * np.sqrt(few) < 4.6  # 4 x 30 correlations
        assert np.sqrt((cross**2).mean() * few) < 1.35


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("drivers", [(), ("one", "two")], ids=["all shocks", "named shocks"])
def test_stated_margins_hold(system: System, kind: Innovations, drivers: tuple[str, ...]) -> None:
    rows = rows_of(system) if not drivers else tuple(r for r in rows_of(system) if r.kind in ("hard", "marginal"))
    sampler = sampler_of(system, rows, kind, drivers)
    weights = sampler.weights(PATHS)
    q = np.full(PATHS, 1.0 / PATHS) if weights is None else weights / weights.sum()
    levels = sampler.paths(0, PATHS)[: len(system.model.factors)]
    log = np.array([kind == "log100" for kind in system.model.transform])[:, None, None]
    levels = np.where(log, 100.0 * np.log(np.where(log, levels, 1.0)), levels)
    for one in rows:
        value = levels[system.model.factors.index(one.name), one.month - 1]
        if one.kind == "marginal":
            for point in (-1.6, -0.5, 0.0, 0.7, 1.6):
                below, share = (value < one.value + one.sd * point).astype(float), norm.cdf(point)
                assert abs(q @ below - share) < 4.0 * np.sqrt(((below - share) ** 2) @ q**2), (one.name, point)
        if one.kind == "table":
            for point, share in one.table:
                hit = (np.abs(value - point) < 1e-8).astype(float)
                assert abs(q @ hit - share) < 4.0 * np.sqrt(((hit - share) ** 2) @ q**2)
        if one.kind == "range":
            assert one.low - 1e-9 <= value.min() <= value.max() <= one.high + 1e-9
    own, _ = draw_scores(sampler.laws[0], SEED, 0, PATHS)
    value = levels[system.model.factors.index(rows[0].name), rows[0].month - 1]
    assert np.corrcoef(own[0], value)[0, 1] > 0.95  # a high path stays high


def test_no_coupling_keeps_normal_shocks_closer(system: System) -> None:
    """The map from free to conditioned shocks is symmetric and positive: optimal transport (Knott and Smith 1984)."""
    rows = tuple(one for one in rows_of(system) if one.kind in ("hard", "marginal"))
    conditional = condition(system, rows)
    order, stated = conditional.order, conditional.targets.stated
    flat = conditional.stacked.flat[order]
    scores = np.linalg.solve(np.linalg.cholesky(flat @ flat.T), flat)[-stated.size :]
    gain = conditional.shock_gain[:, order]
    moved = np.eye(flat.shape[1]) - gain @ flat + gain[:, -stated.size :] @ stated.root @ scores
    np.testing.assert_allclose(moved, moved.T, atol=1e-12)
    assert np.linalg.eigvalsh((moved + moved.T) / 2.0).min() > -1e-12
    np.testing.assert_allclose(moved @ moved.T, conditional.shock_cov, atol=1e-12)


def test_values_far_out_are_judged_against_the_models_own_tails() -> None:
    """One Student-t month and one row: the model's density of its value is Student-t."""
    nu = 5.0
    system = build_system(small_model(nu=nu), 1)
    part = sampler_of(system, (row(system, 0, 1, "marginal", 0.5, 1.6),), "student_t").parts[0]
    assert part.shapes is not None
    nodes, found = part.shapes.nodes[0], part.shapes.log_excess[0]
    scale = np.sqrt((nu - 2.0) / nu)
    near = np.abs(nodes) < 4.0
    expected = student(nu, scale=scale).logpdf(nodes[near]) - norm.logpdf(nodes[near])
    difference = found[near] - expected
    assert np.ptp(difference) < 0.2  # 600 pilots a node
    assert np.ptp(expected) > 1.5
    judged, plain = (normalise(one.weigh(0, 20_000)[0]) for one in (part, replace(part, shapes=None)))
    assert effective_size(judged) > 0.6 * 20_000 > 10.0 * effective_size(plain)
