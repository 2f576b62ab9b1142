"""Reverse stress against general-purpose optimisers, closed forms and brute force.

Sources: scipy's SLSQP over the returns and over all shocks; the normal tail in closed form; plain draws of
the normal law; the Mills ratio for the mean of a normal given its tail; scipy's k-means; a silhouette by loops.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.cluster.vq import kmeans2
from scipy.optimize import minimize
from scipy.stats import norm

from jpsim.analysis.clusters import choose_clusters, mean_silhouette, partition
from jpsim.analysis.design_point import find_design_point, shift_linearly
from jpsim.analysis.plausible_path import find_plausible_path
from jpsim.analysis.return_law import monthly_law
from jpsim.analysis.tail_sample import sample_tail
from jpsim.conditioning.conditional import condition
from jpsim.conditioning.impulses import ImpulseEffect
from jpsim.conditioning.premium import Shift, series_weights
from jpsim.conditioning.rows import Row
from jpsim.conditioning.scenario_law import ScenarioLaw
from jpsim.conditioning.stories import Story
from jpsim.conditioning.system import System, build_system
from jpsim.model import Model
from jpsim.scenario import Scenario
from jpsim.simulation.sampling import Sampler
from tests.models import small_model

HORIZON = 6


def some_returns(seed: int, months: int = 12) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    root = 0.006 * rng.standard_normal((months, months))
    return 0.007 + 0.002 * rng.standard_normal(months), root @ root.T + 0.045**2 * np.eye(months)


def a_row(system: System, factor: int, month: int, kind: str, **stated: float) -> Row:
    weights, constant = system.level_row(factor)
    name = system.model.factors[factor]
    numbers = {"value": np.nan, "sd": 0.0, "low": -np.inf, "high": np.inf} | stated
    text = f"{name} in month {month}"
    return Row(name, month, kind, weights, constant, **numbers, text=text, place=None)


def sp500_row(model: Model, **stated: float) -> Row:
    system = build_system(model, HORIZON)
    return a_row(system, model.factor("sp500"), 4, "range", **stated)


def law_of(model: Model, *rows: Row, impulses: tuple[ImpulseEffect, ...] = ()) -> ScenarioLaw:
    conditional = condition(build_system(model, HORIZON), rows)
    return ScenarioLaw(
        Scenario(id="test"), conditional, Shift(np.full(HORIZON, 0.002), np.zeros(HORIZON)), np.zeros(5), impulses
    )


@pytest.fixture(scope="module")
def model() -> Model:
    return small_model()


@pytest.fixture(scope="module")
def stated(model: Model) -> ScenarioLaw:
    """A hard row, a margin and an uncertain impulse."""
    system = build_system(model, HORIZON)
    hard = a_row(system, model.factor("jgb_10y"), 6, "hard", value=2.6)
    margin = a_row(system, model.factor("usdjpy"), 5, "marginal", value=100 * np.log(150.0), sd=4.0)
    effect = np.outer(np.full(HORIZON, 1 / HORIZON), 0.03 * np.arange(1.0, 6.0) / 5)
    return law_of(model, hard, margin, impulses=(ImpulseEffect("defence_rerating", effect, 0.5),))


@pytest.mark.parametrize("loss", [0.02, 0.2, 0.5, 0.9])
def test_the_design_point_is_that_of_a_general_optimiser(loss: float) -> None:
    mean, cov = some_returns(1)
    found, inverse = find_design_point(mean, cov, loss), np.linalg.inv(cov)
    answer = minimize(
        lambda r: 0.5 * (r - mean) @ inverse @ (r - mean),
        shift_linearly(mean, cov, loss).returns,
        jac=lambda r: inverse @ (r - mean),
        method="SLSQP",
        constraints={"type": "ineq", "fun": lambda r: np.log1p(-loss) - np.log1p(np.maximum(r, -0.999)).sum()},
        options={"maxiter": 500, "ftol": 1e-14},
    )
    assert found.distance == pytest.approx(np.sqrt(2 * answer.fun), rel=1e-6)
    assert found.returns == pytest.approx(answer.x, abs=1e-6)
    assert found.compound == pytest.approx(-loss, abs=1e-12)


def test_enormous_losses_have_several_local_solutions_and_the_nearest_is_taken() -> None:
    mean, cov = np.zeros(3), 0.3**2 * np.eye(3)
    found, inverse = find_design_point(mean, cov, 0.9999), np.linalg.inv(cov)
    rng = np.random.default_rng(5)
    distances = []
    for _ in range(60):
        answer = minimize(
            lambda r: 0.5 * (r - mean) @ inverse @ (r - mean),
            -rng.uniform(0.0, 0.999, 3),
            method="SLSQP",
            bounds=[(-1 + 1e-9, None)] * 3,
            constraints={"type": "eq", "fun": lambda r: np.log1p(r).sum() - np.log1p(-0.9999)},
            options={"maxiter": 500},
        )
        if answer.success:
            distances.append(np.sqrt(2 * answer.fun))
    assert max(distances) > min(distances) + 0.1
    assert found.distance == pytest.approx(min(distances), rel=1e-4)


def test_one_month_is_the_normal_tail() -> None:
    found = find_design_point(np.array([0.01]), np.array([[0.05**2]]), 0.12)
    assert found.distance == pytest.approx(0.13 / 0.05, rel=1e-12)
    assert found.probability == pytest.approx(norm.cdf(-0.13 / 0.05), rel=1e-9)


def test_the_probability_is_that_of_plain_draws() -> None:
    mean, cov = some_returns(2)
    draws = np.random.default_rng(7).standard_normal((400_000, 12)) @ np.linalg.cholesky(cov).T + mean
    for loss in (0.1, 0.2, 0.3):
        counted = np.mean(np.prod(1.0 + draws, axis=1) <= 1.0 - loss)
        assert find_design_point(mean, cov, loss).probability == pytest.approx(counted, rel=0.05)


def test_a_mean_path_that_loses_more_is_the_answer_itself() -> None:
    mean, cov = np.full(6, -0.05), 0.04**2 * np.eye(6)
    found = find_design_point(mean, cov, 0.2)
    assert found.distance == 0.0
    assert found.returns == pytest.approx(mean)
    assert found.probability > 0.5


def test_the_linear_shift_is_the_projection_on_the_gradient() -> None:
    mean, cov = some_returns(3)
    found, b = shift_linearly(mean, cov, 0.25), 1.0 / (1.0 + mean)
    assert np.log1p(mean).sum() + b @ (found.returns - mean) == pytest.approx(np.log(0.75), abs=1e-12)
    gap = found.returns - mean
    assert found.distance == pytest.approx(np.sqrt(gap @ np.linalg.solve(cov, gap)), rel=1e-10)


def test_the_path_is_that_of_an_optimiser_over_all_shocks(model: Model, stated: ScenarioLaw) -> None:
    """Naive twin: factor shocks, residuals and the impulse's size as one vector of standard normals."""
    conditional, loss = stated.conditional, 0.25
    h, n = HORIZON, len(model.factors)
    values, vectors = np.linalg.eigh(conditional.shock_cov)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    weights = series_weights(conditional, "topix")
    exposure = weights @ model.loadings
    own_sd = np.sqrt(weights @ model.residual_cov @ weights)
    effect = stated.impulses[0].mean @ weights

    def returns(e: np.ndarray) -> np.ndarray:
        z = conditional.mean_shocks + (root @ e[: h * n]).reshape(h, n)
        moved = np.array([exposure @ conditional.system.impact[t, :n] @ z[t] for t in range(h)])
        return stated.drift @ weights + moved + own_sd * e[h * n : h * n + h] + 0.5 * effect * e[-1]

    answer = minimize(
        lambda e: 0.5 * e @ e,
        np.zeros(h * n + h + 1),
        jac=lambda e: e,
        method="SLSQP",
        constraints={"type": "ineq", "fun": lambda e: np.log1p(-loss) - np.log1p(returns(e)).sum()},
        options={"maxiter": 300, "ftol": 1e-13},
    )
    found = find_plausible_path(stated, "topix", h, loss)
    assert found.point.distance == pytest.approx(np.linalg.norm(answer.x), rel=1e-5)
    assert found.point.returns == pytest.approx(returns(answer.x), abs=1e-5)
    shocks = conditional.mean_shocks + (root @ answer.x[: h * n]).reshape(h, n)
    assert found.shocks == pytest.approx(shocks, abs=1e-4)
    spent = answer.x[: h * n] @ answer.x[: h * n] / (answer.x @ answer.x)
    assert found.factor_share == pytest.approx(spent, abs=1e-4)


def test_contributions_sum_to_the_loss_and_hard_rows_hold(model: Model, stated: ScenarioLaw) -> None:
    found = find_plausible_path(stated, "topix", HORIZON, 0.3)
    assert sum(found.contributions.values()) == pytest.approx(-0.3, abs=1e-10)
    assert found.levels[model.factor("jgb_10y"), -1] == pytest.approx(2.6, abs=1e-9)
    assert found.contributions["expected"] == pytest.approx(np.prod(1 + found.mean_returns) - 1, abs=1e-12)


def test_the_covariance_of_returns_is_that_of_the_closed_form(stated: ScenarioLaw) -> None:
    law = monthly_law(stated, "topix", HORIZON)
    model = stated.conditional.system.model
    exposure = series_weights(stated.conditional, "topix") @ model.loadings
    assert law.factor_cov == pytest.approx(stated.conditional.innovation_cov(exposure[None])[0], abs=1e-12)


def test_a_path_stays_inside_a_range_that_the_loss_pushes_against(model: Model) -> None:
    """The constrained optimum from SLSQP over returns and the ranged level together."""
    free = find_plausible_path(law_of(model), "topix", HORIZON, 0.25)
    place = model.factor("sp500")
    moves_down = free.levels[place, 3] < free.mean_levels[place, 3]
    mean = 100.0 * np.log(free.mean_levels[place, 3])
    bound = {"low": mean - 1.0, "high": mean + 40.0} if moves_down else {"low": mean - 40.0, "high": mean + 1.0}
    law = law_of(model, sp500_row(model, **bound))
    found = find_plausible_path(law, "topix", HORIZON, 0.25)
    edge = bound["low"] if moves_down else bound["high"]
    assert found.held == ("sp500 in month 4",)
    assert 100.0 * np.log(found.levels[place, 3]) == pytest.approx(edge, abs=1e-7)
    assert found.point.compound == pytest.approx(-0.25, abs=1e-10)
    conditional, returns = law.conditional, monthly_law(law, "topix", HORIZON)
    joint = np.vstack([returns.along, conditional.stacked.flat])
    cov = joint @ conditional.shock_cov @ joint.T
    cov[:HORIZON, :HORIZON] += returns.cov - returns.factor_cov
    centre = np.append(returns.mean, (conditional.stacked.mean + conditional.gap)[0])
    inverse = np.linalg.inv(cov)
    answer = minimize(
        lambda v: 0.5 * (v - centre) @ inverse @ (v - centre),
        np.append(found.point.returns, edge),
        jac=lambda v: inverse @ (v - centre),
        method="SLSQP",
        bounds=[(-0.9, None)] * HORIZON + [(bound["low"], bound["high"])],
        constraints={"type": "ineq", "fun": lambda v: np.log(0.75) - np.log1p(v[:HORIZON]).sum()},
        options={"maxiter": 300, "ftol": 1e-13},
    )
    assert found.point.distance == pytest.approx(np.sqrt(2 * answer.fun), rel=1e-5)


def test_two_ranges_bind_only_where_they_must(model: Model) -> None:
    """The constrained optimum from SLSQP over returns and both ranged levels together."""
    free = find_plausible_path(law_of(model), "topix", HORIZON, 0.25)
    system, place = build_system(model, HORIZON), model.factor("sp500")
    sign = float(np.sign(free.levels[place, -1] - free.mean_levels[place, -1]))
    rows = []
    for month in (3, 6):
        edge = 100.0 * np.log(free.mean_levels[place, month - 1]) + sign
        bounds = {"high": edge, "low": edge - 60.0} if sign > 0 else {"low": edge, "high": edge + 60.0}
        rows.append(a_row(system, place, month, "range", **bounds))
    law = law_of(model, *rows)
    both = find_plausible_path(law, "topix", HORIZON, 0.25)
    levels = 100.0 * np.log(both.levels[place])
    assert all(row.low - 1e-7 <= levels[row.month - 1] <= row.high + 1e-7 for row in rows)
    conditional, returns = law.conditional, monthly_law(law, "topix", HORIZON)
    joint = np.vstack([returns.along, conditional.stacked.flat])
    cov = joint @ conditional.shock_cov @ joint.T
    cov[:HORIZON, :HORIZON] += returns.cov - returns.factor_cov
    centre = np.append(returns.mean, conditional.stacked.mean + conditional.gap)
    inverse = np.linalg.inv(cov)
    answer = minimize(
        lambda v: 0.5 * (v - centre) @ inverse @ (v - centre),
        np.append(both.point.returns, [levels[2], levels[5]]),
        jac=lambda v: inverse @ (v - centre),
        method="SLSQP",
        bounds=[(-0.9, None)] * HORIZON + [(row.low, row.high) for row in rows],
        constraints={"type": "ineq", "fun": lambda v: np.log(0.75) - np.log1p(v[:HORIZON]).sum()},
        options={"maxiter": 300, "ftol": 1e-13},
    )
    assert both.point.distance == pytest.approx(np.sqrt(2 * answer.fun), rel=1e-5)


def test_a_path_stays_inside_a_range_that_follows_from_an_average(model: Model) -> None:
    """The constrained optimum over the first month's return and its level, which follows from the others'."""
    system, place = build_system(model, HORIZON), model.factor("sp500")
    free = find_plausible_path(law_of(model), "topix", HORIZON, 0.25)
    mean = 100.0 * np.log(free.mean_levels[place])
    average = replace(a_row(system, place, HORIZON, "hard", value=mean.mean()), first=1)
    path = 100.0 * np.log(find_plausible_path(law_of(model, average), "topix", 1, 0.25).levels[place])
    edge, sign = 0.5 * (mean[0] + path[0]), np.sign(path[0] - mean[0])
    bounds = [(m - 90.0, m + 90.0) for m in mean]
    bounds[0] = (edge - 90.0, edge) if sign > 0 else (edge, edge + 90.0)
    rows = [a_row(system, place, t, "range", low=low, high=high) for t, (low, high) in enumerate(bounds, 1)]
    law = law_of(model, average, *rows)
    conditional, returns = law.conditional, monthly_law(law, "topix", 1)
    assert conditional.table.ties is not None
    assert [row.month for row in conditional.table.ties.rows] == [1]
    found = find_plausible_path(law, "topix", 1, 0.25)
    assert 100.0 * np.log(found.levels[place, 0]) == pytest.approx(edge, abs=1e-7)
    every, stacked = conditional.with_ties
    tied = len(every) - 1
    joint = np.vstack([returns.along, stacked.flat[tied]])
    cov = joint @ conditional.shock_cov @ joint.T
    cov[:1, :1] += returns.cov - returns.factor_cov
    level = stacked.mean[tied] + stacked.flat[tied] @ conditional.mean_shocks.reshape(-1)
    centre, inverse = np.append(returns.mean, level), np.linalg.inv(cov)
    apart = np.array([-0.25, edge]) - centre
    assert found.point.distance == pytest.approx(np.sqrt(apart @ inverse @ apart), rel=1e-6)


def test_the_mean_given_a_loss_of_one_month_is_the_mills_ratio(model: Model) -> None:
    law = law_of(model)
    sampler = Sampler.of(Story.of(law), "gaussian", 20260130)
    topix, rate = model.outputs.index("topix"), model.factor("jgb_10y")
    returns = monthly_law(law, "topix", 1)
    sd = float(np.sqrt(returns.cov[0, 0]))
    loss = 1.0 * sd - returns.mean[0]
    tail = sample_tail(sampler, topix, 1, loss, 40_000)
    assert abs(tail.probability - norm.cdf(-1.0)) < 4 * tail.probability_error
    mean, error = tail.average(tail.outputs[:, -1].astype(np.float64))
    mills = norm.pdf(1.0) / norm.cdf(-1.0)
    assert abs(mean[topix] - (returns.mean[0] - mills * sd)) < 4 * error[topix]
    along = model.loadings.T @ series_weights(law.conditional, "topix")
    shared = float(model.Sigma[rate] @ along)
    expected = float(law.conditional.moments.mean[0, rate]) - mills * shared / sd
    assert abs(mean[rate] - expected) < 4 * error[rate]


def test_the_tail_is_what_a_mask_over_all_paths_gives(model: Model, stated: ScenarioLaw) -> None:
    sampler = Sampler.of(Story.of(stated), "student_t", 11)
    topix, paths = model.outputs.index("topix"), 6_000
    tail = sample_tail(sampler, topix, 5, 0.05, paths)
    weights, drawn = sampler.weights(paths), sampler.paths(0, paths)[:, :5]
    lost = drawn[topix, 4] <= -0.05
    assert tail.probability == pytest.approx(weights[lost].sum() / weights.sum(), rel=1e-12)
    expected = np.average(drawn[:, :, lost], axis=2, weights=weights[lost])
    assert tail.average(tail.outputs.astype(np.float64))[0] == pytest.approx(expected, rel=1e-5, abs=1e-6)
    last = drawn[topix, 4]
    centre = np.average(last, weights=weights)
    assert tail.mean[topix] == pytest.approx(centre, rel=1e-9)
    assert tail.sd[topix] == pytest.approx(np.sqrt(np.average((last - centre) ** 2, weights=weights)), rel=1e-9)


def three_blobs(size: int = 60) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    centres = np.array([[0.0, 0.0, 4.0], [5.0, 0.0, 0.0], [0.0, -6.0, 0.0]])
    truth = np.repeat(np.arange(3), [3 * size, 2 * size, size])
    return centres[truth] + rng.standard_normal((truth.size, 3)), truth


def test_separate_groups_are_found_as_by_scipy() -> None:
    points, truth = three_blobs()
    found = choose_clusters(points, np.ones(truth.size))
    assert found.centre.shape == (3, 3)
    assert (found.member == truth).mean() > 0.99
    means = np.array([points[truth == k].mean(axis=0) for k in range(3)])
    centres, _ = kmeans2(points, means, minit="matrix")
    assert found.centre == pytest.approx(centres, abs=1e-9)


def test_a_weight_counts_as_repeated_points() -> None:
    points, truth = three_blobs(20)
    times = 1 + np.arange(truth.size) % 3
    weighted, centre = partition(points, times.astype(float), 3)
    repeated, again = partition(np.repeat(points, times, axis=0), np.ones(times.sum()), 3)
    assert centre == pytest.approx(again, abs=1e-9)
    assert (np.repeat(weighted, times) == repeated).all()


def test_the_silhouette_is_that_of_its_definition() -> None:
    points, truth = three_blobs(10)
    scores = []
    for i, point in enumerate(points):
        apart = np.linalg.norm(points - point, axis=1)
        own = (truth == truth[i]) & (np.arange(truth.size) != i)
        a, b = apart[own].mean(), min(apart[truth == k].mean() for k in range(3) if k != truth[i])
        scores.append((b - a) / max(a, b))
    assert mean_silhouette(points, np.ones(truth.size), truth) == pytest.approx(np.mean(scores), abs=1e-6)
