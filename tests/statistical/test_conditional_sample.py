"""Drawn paths against the closed form, against rejection and against importance sampling.

Sources: the closed form of conditional normal paths (Waggoner and Zha 1999,
doi:10.1162/003465399558508); for Student-t months plain rejection or importance sampling from
unconditional draws of the same law, which uses neither gains nor mixing weights.
"""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from jpsim.conditioning.conditional import Conditional, condition
from jpsim.conditioning.premium import Shift
from jpsim.conditioning.rows import Row
from jpsim.conditioning.scenario_law import ScenarioLaw
from jpsim.conditioning.stories import Story
from jpsim.conditioning.system import System, build_system
from jpsim.model.store import load_model
from jpsim.scenario import Scenario
from jpsim.simulation.compilation import Innovations
from jpsim.simulation.sampling import Sampler
from tests.models import small_model

HORIZON = 6
SEED = 20260130


def a_row(
    system: System, factor: int, month: int, kind: str, value: float = np.nan, sd: float = 0.0,
    low: float = -np.inf, high: float = np.inf,
) -> Row:  # fmt: skip
    weights, constant = system.level_row(factor)
    name = system.model.factors[factor]
    return Row(name, month, kind, weights, constant, value, sd, low, high, f"{name} in month {month}", None)


def sampler_of(conditional: Conditional, *, heavy: bool) -> Sampler:
    return sampler_of_law(conditional, "student_t" if heavy else "gaussian", SEED)


def sampler_of_law(conditional: Conditional, innovations: Innovations, seed: int) -> Sampler:
    still = np.zeros(conditional.system.horizon)
    law = ScenarioLaw(
        Scenario(id="test"), conditional, Shift(still, still), np.zeros(len(conditional.system.model.series))
    )
    return Sampler.of(Story.of(law), innovations, seed, plain=True)


def model_units(conditional: Conditional, outputs: np.ndarray) -> np.ndarray:
    """(n, h, paths) factor levels with logs taken where the model takes them."""
    model = conditional.system.model
    levels = outputs[: len(model.factors)]
    log = np.array([kind == "log100" for kind in model.transform])
    return np.where(log[:, None, None], 100.0 * np.log(np.where(log[:, None, None], levels, 1.0)), levels)


def closed_form(conditional: Conditional) -> tuple[np.ndarray, np.ndarray]:
    """Mean (n h,) and covariance (n h, n h) of all levels, month by month, from the stacked shocks."""
    system = conditional.system
    n, h = len(system.model.factors), system.horizon
    pairs = [system.level_row(i) for i in range(n)]
    d = system.start.size
    state, derivative, mean = np.zeros((d, h * n)), [], []
    for t in range(h):
        state = system.transition[t] @ state
        state[:, t * n : (t + 1) * n] += system.impact[t]
        derivative.append(np.array([row for row, _ in pairs]) @ state)
        mean.append(np.array([row @ system.means[t + 1] + constant for row, constant in pairs]))
    H, mu = np.vstack(derivative), np.concatenate(mean)
    rows = conditional.table
    position = [(row.month - 1) * n + system.model.factors.index(row.name) for row in rows.rows]
    G = H[position]
    V = G @ G.T + np.diag(rows.noise)
    gain = H @ np.linalg.solve(V, G).T
    spread = np.diag([row.sd**2 if row.kind == "marginal" else 0.0 for row in rows.rows])
    centre = np.array([row.value for row in rows.rows])
    return mu + gain @ (centre - mu[position]), H @ H.T - gain @ G @ H.T + gain @ spread @ gain.T


@pytest.mark.parametrize("paths", [200_000, pytest.param(1_000_000, marks=pytest.mark.slow)], ids=["200k", "1m"])
def test_moments_of_the_shipped_model_agree_with_the_closed_form(paths: int) -> None:
    """All factors and months: hard policy and exchange rates, a measurement and one stated margin."""
    system = build_system(load_model("japan_monthly"), 12)
    factor = system.model.factors.index
    conditional = condition(
        system,
        (
            a_row(system, factor("boj_policy_rate"), 3, "hard", 1.0),
            a_row(system, factor("boj_policy_rate"), 12, "hard", 1.5),
            a_row(system, factor("usdjpy"), 6, "hard", 100 * np.log(145.0)),
            a_row(system, factor("us_10y"), 9, "measurement", 3.9, 0.3),
            a_row(system, factor("jgb_10y"), 12, "marginal", 2.65, 0.2),
        ),
    )
    mean, cov = closed_form(conditional)
    sampler = sampler_of(conditional, heavy=False)
    total, cross = np.zeros_like(mean), np.zeros_like(cov)
    for first in range(0, paths, 20_000):
        block = model_units(conditional, sampler.paths(first, 20_000))
        apart = block.transpose(1, 0, 2).reshape(mean.size, -1) - mean[:, None]
        total += apart.sum(axis=1)
        cross += apart @ apart.T
    sd = np.sqrt(np.maximum(np.diag(cov), 0.0))
    pinned = sd < 1e-6
    assert pinned.sum() == 3
    np.testing.assert_allclose(total[pinned] / paths, 0.0, atol=1e-9)
    free = ~pinned
    z_mean = total[free] / paths / sd[free] * np.sqrt(paths)
    error = np.sqrt((np.outer(sd**2, sd**2) + cov**2) / paths)[np.ix_(free, free)]
    z_cov = (cross / paths - cov)[np.ix_(free, free)] / error
    assert 0.8 < np.sqrt((z_mean**2).mean()) < 1.2
    assert 0.8 < np.sqrt((z_cov**2).mean()) < 1.2


@pytest.mark.parametrize("heavy", [False, True], ids=["gaussian", "student_t"])
def test_conditions_hold_as_stated(heavy: bool) -> None:
    system = build_system(small_model(), HORIZON)
    conditional = condition(
        system,
        (
            a_row(system, 0, 3, "hard", 1.4),
            a_row(system, 1, 6, "marginal", 2.5, 0.12),
            a_row(system, 3, 4, "marginal", 100 * np.log(7100.0), 3.0),
            a_row(system, 2, 2, "range", low=100 * np.log(150.0), high=100 * np.log(158.0)),
            a_row(system, 2, 6, "range", low=100 * np.log(145.0)),
        ),
    )
    sampler = sampler_of(conditional, heavy=heavy)
    paths = 60_000
    sample, weights = sampler.draw(paths)
    assert weights is not None
    levels = model_units(conditional, sampler.paths(0, paths))
    np.testing.assert_allclose(levels[0, 2], 1.4, atol=1e-9)
    edge = 1e-9
    assert levels[2, 1].min() >= 100 * np.log(150.0) - edge
    assert levels[2, 1].max() <= 100 * np.log(158.0) + edge
    assert levels[2, 5].min() >= 100 * np.log(145.0) - edge
    q = weights / weights.sum()
    for factor, month, mean, sd in ((1, 6, 2.5, 0.12), (3, 4, 100 * np.log(7100.0), 3.0)):
        value = levels[factor, month - 1]
        assert q @ value == pytest.approx(mean, abs=1e-6 * sd)
        assert np.sqrt(q @ (value - mean) ** 2) == pytest.approx(sd, rel=1e-6)
        order = np.argsort(value)
        distance = np.abs(np.cumsum(q[order]) - norm.cdf((value[order] - mean) / sd)).max()
        assert distance * np.sqrt(sample.effective) < 1.8  # Kolmogorov's 0.3 % point


def moments(values: np.ndarray, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted mean and sd of each row, with the standard errors of both below them."""
    mean = values @ q
    apart = values - mean[:, None]
    sd = np.sqrt(apart**2 @ q)
    error_mean = np.sqrt(apart**2 @ q**2)
    error_sd = np.sqrt((apart**2 - sd[:, None] ** 2) ** 2 @ q**2) / (2 * sd)
    return np.concatenate([mean, sd]), np.concatenate([error_mean, error_sd])


FREE = [(0, 1), (0, 5), (1, 2), (1, 5), (2, 5), (3, 5), (4, 3)]
"""Factor and month (from 0) of the quantities that are compared."""


def compare(conditional: Conditional, brute_weights: np.ndarray, brute: np.ndarray, paths: int) -> np.ndarray:
    """z-scores of means and sds of the exact sampler against a brute-force sample of the same law."""
    sampler = sampler_of(conditional, heavy=True)
    weights = sampler.weights(paths)
    levels = model_units(conditional, sampler.paths(0, paths))
    q = np.full(paths, 1 / paths) if weights is None else weights / weights.sum()
    ours, our_error = moments(np.array([levels[i, t] for i, t in FREE]), q)
    theirs, their_error = moments(np.array([brute[i, t] for i, t in FREE]), brute_weights / brute_weights.sum())
    return (ours - theirs) / np.hypot(our_error, their_error)


@pytest.fixture(scope="module")
def unconditional() -> tuple[System, np.ndarray]:
    """Unconditional Student-t paths in model units, from other seeds than the sampler's."""
    system = build_system(small_model(nu=5.0), HORIZON)
    free = condition(system, ())
    count = 1_500_000 if os.environ.get("JPSIM_SLOW_TESTS") == "1" else 400_000
    sampler = sampler_of_law(free, "student_t", SEED + 1)
    return system, model_units(free, sampler.paths(0, count))


def test_student_t_under_hard_conditions_is_the_rejected_law(unconditional: tuple[System, np.ndarray]) -> None:
    system, brute = unconditional
    first, second = brute[0, 2].mean() + 1.5 * brute[0, 2].std(), brute[3, 3].mean() - 1.5 * brute[3, 3].std()
    window = 0.12
    near = (np.abs(brute[0, 2] - first) < window * brute[0, 2].std()) & (
        np.abs(brute[3, 3] - second) < window * brute[3, 3].std()
    )
    assert near.sum() > 400
    conditional = condition(system, (a_row(system, 0, 3, "hard", first), a_row(system, 3, 4, "hard", second)))
    z = compare(conditional, np.ones(near.sum()), brute[:, :, near], 60_000)
    assert np.abs(z).max() < 4.0
    assert np.sqrt((z**2).mean()) < 1.8


def test_student_t_under_measurement_is_the_weighted_law(unconditional: tuple[System, np.ndarray]) -> None:
    system, brute = unconditional
    value, sd = brute[1, 4].mean() + 2.0 * brute[1, 4].std(), 0.5 * brute[1, 4].std()
    conditional = condition(system, (a_row(system, 1, 5, "measurement", value, sd),))
    weight = np.exp(-0.5 * ((brute[1, 4] - value) / sd) ** 2)
    z = compare(conditional, weight, brute, 60_000)
    assert np.abs(z).max() < 4.0
    assert np.sqrt((z**2).mean()) < 1.8


def test_student_t_under_a_stated_margin_is_the_weighted_law(unconditional: tuple[System, np.ndarray]) -> None:
    system, brute = unconditional
    quantity = brute[1, 4]
    mean, sd = quantity.mean() + 0.8 * quantity.std(), 0.7 * quantity.std()
    conditional = condition(system, (a_row(system, 1, 5, "marginal", mean, sd),))
    edges = np.linspace(quantity.mean() - 4 * quantity.std(), quantity.mean() + 5 * quantity.std(), 400)
    counts, _ = np.histogram(quantity, edges)
    where = np.digitize(quantity, edges) - 1
    inside = (where >= 0) & (where < counts.size)
    share = np.diff(norm.cdf(edges, mean, sd)) / np.maximum(counts, 1)
    weight = np.where(inside, share[np.clip(where, 0, counts.size - 1)], 0.0)
    z = compare(conditional, weight, brute, 60_000)
    stated = [i for i, pair in enumerate(FREE) if pair == (1, 4)]
    assert not stated
    assert np.abs(z).max() < 4.0
    assert np.sqrt((z**2).mean()) < 1.8


@pytest.mark.parametrize("innovations", ["gaussian", "student_t"])
def test_tables_have_their_probabilities_and_the_models_dependence(
    unconditional: tuple[System, np.ndarray], innovations: Innovations
) -> None:
    """Oracle under Student-t months: paths near each grid point, weighted to the stated probabilities."""
    system, brute = unconditional
    laws = {(0, 3): (0.2, 0.5, 0.3), (1, 6): (0.6, 0.4)}
    rows = []
    for (factor, month), shares in laws.items():
        x = brute[factor, month - 1]
        values = x.mean() + x.std() * np.linspace(-1.0, 1.0, len(shares))
        row = a_row(system, factor, month, "table", float(np.dot(values, shares)))
        rows.append(replace(row, table=tuple(zip(values.tolist(), shares, strict=True))))
    conditional = condition(system, tuple(rows))
    sampler = sampler_of_law(conditional, innovations, SEED)
    paths = 40_000
    weights = sampler.weights(paths)
    q = np.full(paths, 1 / paths) if weights is None else weights / weights.sum()
    levels = model_units(conditional, sampler.paths(0, paths))
    for row, (factor, month) in zip(rows, laws, strict=True):
        for value, share in row.table:
            hit = np.abs(levels[factor, month - 1] - value) < 1e-8
            error = np.sqrt(share * (1 - share) / paths)
            assert abs(q @ hit - share) < (1e-9 if weights is not None else 4 * error)
    if innovations == "student_t":
        grid = conditional.targets.stated.grid
        assert grid is not None
        both = np.array([brute[0, 2], brute[1, 5]])
        total, weight = np.zeros(both.shape[1]), 0.15 * both.std(axis=1)
        for point, probability in zip(grid.points.T, grid.probabilities, strict=True):
            near = (np.abs(both - (point + np.array([row.value for row in rows]))[:, None]) < weight[:, None]).all(
                axis=0
            )
            total[near] += probability / near.sum()
        z = compare(conditional, total, brute, paths)
        assert np.sqrt((z**2).mean()) < 2.0  # the windows add a little


def test_student_t_within_ranges_is_the_rejected_law(unconditional: tuple[System, np.ndarray]) -> None:
    system, brute = unconditional
    low, high = np.quantile(brute[2, 1], [0.6, 0.95])
    floor = np.quantile(brute[1, 3], 0.7)
    kept = (brute[2, 1] >= low) & (brute[2, 1] <= high) & (brute[1, 3] >= floor)
    rows = (a_row(system, 2, 2, "range", low=low, high=high), a_row(system, 1, 4, "range", low=floor))
    z = compare(condition(system, rows), np.ones(kept.sum()), brute[:, :, kept], 60_000)
    assert np.abs(z).max() < 4.0
    assert np.sqrt((z**2).mean()) < 1.8
