"""Skewed months on paths: their moments, and every kind of condition against brute force.

Source: closed forms of a normal variance-mean mixture; unconditional paths drawn with numpy from the equations alone,
kept where they comply or weighed by the density of their error.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from jpsim.conditioning.conditional import condition
from jpsim.conditioning.premium import Shift
from jpsim.conditioning.rows import Row
from jpsim.conditioning.scenario_law import ScenarioLaw
from jpsim.conditioning.stacked import stack_rows
from jpsim.conditioning.stories import Story
from jpsim.conditioning.system import build_system
from jpsim.conditioning.term_moments import term_moments
from jpsim.model import Model
from jpsim.model.skewness import mixing_variance, shifted_skewness
from jpsim.scenario import Scenario
from jpsim.simulation.sampling import Sampler
from tests.models import bent_model, regime_model, small_model

HORIZON, PATHS, SEED = 4, 120_000, 17
SHIFT, NU = -0.45, 9.0


def skewed(model: Model) -> Model:
    return replace(model, nu=NU, sv_sigma=0.25, skew_factor="sp500", skew_shift=SHIFT)


@pytest.fixture(scope="module")
def model() -> Model:
    return skewed(small_model())


def sampler_of(model: Model, rows: tuple[Row, ...], kind: str, drivers: tuple[str, ...] = ()) -> Sampler:
    conditional = condition(build_system(model, HORIZON), rows, drivers)
    still = np.zeros(HORIZON)
    law = ScenarioLaw(Scenario(id="test"), conditional, Shift(still, still), np.zeros(len(model.series)))
    return Sampler.of(Story.of(law), kind, SEED, plain=True)


def innovations(sampler: Sampler, paths: int) -> np.ndarray:
    """(n, paths) innovations of the first month, found in the levels."""
    model = sampler.story.parts[0].law.conditional.system.model
    system = build_system(model, HORIZON)
    levels = sampler.paths(0, paths)[: len(model.factors), 0]
    log = np.array([kind == "log100" for kind in model.transform])
    units = np.where(log[:, None], 100.0 * np.log(np.where(log[:, None], levels, 1.0)), levels)
    rows = [system.level_row(i) for i in range(len(units))]
    mean = np.array([row @ system.means[1] + constant for row, constant in rows])
    return units - mean[:, None]


def test_months_have_the_covariance_of_symmetric_ones_and_the_skewness_of_the_mixture(model: Model) -> None:
    u = innovations(sampler_of(model, (), "student_t"), PATHS)
    root = np.sqrt(np.diag(model.Sigma))
    standard = u / root[:, None]
    assert np.abs(standard.mean(axis=1)).max() < 4.0 / np.sqrt(PATHS)
    correlation = model.Sigma / np.outer(root, root)
    products = standard[:, None] * standard[None]
    error = products.std(axis=2) / np.sqrt(PATHS)
    assert np.abs((products.mean(axis=2) - correlation) / error).max() < 4.5
    # along any direction a month is the univariate mixture with the shift that the direction has
    lean, variance = model.skew / root, mixing_variance(NU)
    third = lean**3 * 16.0 / ((NU - 4.0) * (NU - 6.0)) + 3.0 * lean * variance * (1.0 - variance * lean**2)
    cubes = standard**3
    error = cubes.std(axis=1) / np.sqrt(PATHS)
    assert np.abs((cubes.mean(axis=1) - third) / error).max() < 4.5
    assert third[model.factor("sp500")] == pytest.approx(shifted_skewness(NU, SHIFT))


def test_normal_months_do_not_know_of_the_shift(model: Model) -> None:
    symmetric = replace(model, skew_factor="", skew_shift=0.0)
    ours, theirs = (sampler_of(one, (), "gaussian").paths(0, 1000) for one in (model, symmetric))
    np.testing.assert_array_equal(ours, theirs)


def unconditional(model: Model, count: int) -> np.ndarray:
    """(n, h, count) levels in model units, straight from the equations."""
    system, rng = build_system(model, HORIZON), np.random.default_rng(2026)
    n, b = len(model.factors), model.skew
    rest = np.linalg.cholesky(model.Sigma - mixing_variance(model.nu) * np.outer(b, b))
    rows = [system.level_row(i) for i in range(n)]
    to_level, constant = np.array([row for row, _ in rows]), np.array([value for _, value in rows])[:, None]
    state, v = np.repeat(system.start[:, None], count, axis=1), np.full(count, model.sv_start)
    out = np.empty((n, HORIZON, count), dtype=np.float32)
    for t in range(HORIZON):
        v = model.sv_phi * v + model.sv_sigma * rng.standard_normal(count)
        growth = np.exp(0.5 * (v - model.sv_sigma**2 / (2.0 * (1.0 - model.sv_phi**2))))
        W = (model.nu - 2.0) / rng.chisquare(model.nu, count)
        u = growth * (b[:, None] * (W - 1.0) + np.sqrt(W) * (rest @ rng.standard_normal((n, count))))
        own = np.zeros_like(state)
        own[:n], own[n * model.lags :] = u, u[system.cumulated]
        state = system.offset[t][:, None] + system.transition[t] @ state + own
        out[:, t] = to_level @ state + constant
    return out


def placed(model: Model, factor: str, month: int, kind: str, *numbers: float) -> Row:
    """A row whose numbers are in standard deviations from the mean."""
    system = build_system(model, HORIZON)
    weights, constant = system.level_row(model.factor(factor))
    own = stack_rows(system, weights[None], np.array([constant]), np.array([month]))
    mean, sd = float(own.mean[0]), float(np.sqrt(own.cov[0, 0]))
    low, high = (mean + sd * numbers[0], mean + sd * numbers[1]) if kind == "range" else (-np.inf, np.inf)
    value = np.nan if kind == "range" else mean + sd * numbers[0]
    error = sd * numbers[1] if kind == "measurement" else 0.0
    return Row(factor, month, kind, weights, constant, value, error, low, high, factor, None)


CASES = {
    "a fall of the leader": (("sp500", 2, "hard", -1.8),),
    "a rise of the leader": (("sp500", 2, "hard", 1.5),),
    "two rows": (("sp500", 3, "hard", -1.0), ("usdjpy", 2, "hard", 0.8)),
    "a measurement and a range": (("jgb_10y", 4, "measurement", 1.2, 0.5), ("sp500", 2, "range", -3.0, -0.5)),
}


@pytest.fixture(scope="module")
def plain(model: Model) -> np.ndarray:
    return unconditional(model, 1_200_000)


@pytest.mark.parametrize("name", CASES)
def test_conditioned_paths_are_those_of_brute_force(model: Model, plain: np.ndarray, name: str) -> None:
    rows = tuple(placed(model, *row) for row in CASES[name])
    share, keep = np.ones(plain.shape[2]), np.ones(plain.shape[2], dtype=bool)
    for row, stated in zip(rows, CASES[name], strict=True):
        x = plain[model.factor(row.name), row.month - 1]
        if row.kind == "hard":
            keep &= np.abs(x - row.value) < 0.08 * x.std()
        elif row.kind == "range":
            keep &= (x >= row.low) & (x <= row.high)
        else:
            share = share * np.exp(-0.5 * ((x - row.value) / row.sd) ** 2)
        assert stated[0] == row.name
    truth, q = plain[:, :, keep], share[keep] / share[keep].sum()
    sampler = sampler_of(model, rows, "stochastic_volatility")
    weights = sampler.weights(60_000)
    weights = weights / weights.sum()
    drawn = sampler.paths(0, 60_000)[: len(model.factors)]
    log = np.array([kind == "log100" for kind in model.transform])
    drawn[log] = 100.0 * np.log(drawn[log])
    compared = [(i, t) for i in range(5) for t in range(HORIZON)]
    z = []
    for i, t in compared:
        ours, theirs = drawn[i, t], truth[i, t].astype(float)
        if ours.std() < 1e-6 * plain[i, t].std() or any(r.name == model.factors[i] and r.month == t + 1 for r in rows):
            continue
        cut = np.quantile(theirs, 0.1)
        for f, g in ((ours, theirs), (ours <= cut, theirs <= cut), (ours**2, theirs**2)):
            a, b = weights @ f, q @ g
            z.append((a - b) / np.hypot(np.sqrt((f - a) ** 2 @ weights**2), np.sqrt((g - b) ** 2 @ q**2)))
    assert np.abs(z).max() < 4.5
    assert np.sqrt(np.mean(np.square(z))) < 1.6


def test_evidence_weighs_regimes_as_brute_force_does() -> None:
    """The wild regime's odds after a fall of the leader, against the share of plain paths that fell as far."""
    model = skewed(regime_model())
    found = []
    for regime in ("calm", "wild"):
        inside = model.in_regime(regime)
        row = placed(model, "sp500", 2, "hard", -2.0)
        [part] = sampler_of(inside, (row,), "stochastic_volatility").parts
        x = unconditional(inside, 400_000)[inside.factor("sp500"), 1].astype(float)
        width = 0.1 * x.std()
        near = np.mean(np.abs(x - row.value) < width) / (2.0 * width)
        error = np.sqrt(near / (2.0 * width) / x.size)
        found.append((part.log_evidence(), np.log(near), error / near))
    (ours, brute, error), (our_wild, brute_wild, wild_error) = found
    assert abs((our_wild - ours) - (brute_wild - brute)) < 4.0 * np.hypot(error, wild_error) + 0.02


def test_named_shocks_deliver_and_all_others_keep_their_law(model: Model) -> None:
    impacts = np.linalg.cholesky(model.Sigma)[:, :2]
    named = replace(model, shocks=("first", "second"), impacts=impacts)
    row = placed(named, "sp500", 1, "hard", -1.5)
    sampler = sampler_of(named, (row,), "student_t", ("first", "second"))
    free = sampler_of(named, (), "student_t")
    assert sampler.weights(1000) is None
    (part,) = sampler.parts
    assert part.law.mixing is not None
    drawn_alike = replace(part.law, mixing=part.law.mixing._replace(rotation=None))  # path by path the same normals
    sampler = replace(sampler, parts=(replace(part, law=drawn_alike),))
    ours, theirs = (np.linalg.solve(np.linalg.cholesky(named.Sigma), innovations(s, 20_000)) for s in (sampler, free))
    levels = sampler.paths(0, 20_000)[named.factor("sp500"), 0]
    np.testing.assert_allclose(100.0 * np.log(levels), row.value, atol=1e-9)
    rounding = np.linalg.solve(np.linalg.cholesky(named.Sigma), np.eye(len(named.factors))[:, -1])
    moved = np.column_stack([np.eye(len(named.factors))[:, :2], rounding])
    rest = np.linalg.svd(moved.T)[2][3:]  # what is orthogonal to the shocks that deliver
    np.testing.assert_allclose(rest @ ours, rest @ theirs, atol=1e-9)


def test_means_of_terms_are_those_of_plain_paths() -> None:
    """A hinge's mean is exact in skewed months without conditions; so is a pair's, whose covariance is kept."""
    model = skewed(bent_model(small_model()))
    found = term_moments(condition(build_system(model, HORIZON), ()), "student_t").mean[0]
    u = innovations(sampler_of(model, (), "student_t"), PATHS)
    for k, term in enumerate(model.terms):
        if term.kind == "gate":
            continue
        x = u[model.factor(term.factor)]
        drawn = (
            np.maximum(term.side * (x - term.knot), 0.0) if term.kind == "hinge" else x * u[model.factor(term.other)]
        )
        error = drawn.std() / np.sqrt(PATHS)
        assert abs(drawn.mean() - term.centre - found[k]) < 4.0 * error
    symmetric = term_moments(condition(build_system(replace(model, skew_shift=0.0), HORIZON), ()), "student_t").mean[0]
    down = [term.id for term in model.terms].index("stocks_down")
    error = np.maximum(-u[model.factor("sp500")] - 0.5 * u[model.factor("sp500")].std(), 0.0).std() / np.sqrt(PATHS)
    assert abs(found[down] - symmetric[down]) > 5.0 * error  # the test would see symmetric months


@pytest.mark.parametrize("kind", ["student_t", "stochastic_volatility"])
def test_compounded_returns_have_the_mean_of_their_closed_form(model: Model, kind: str) -> None:
    """Months are uncorrelated whatever skews them, so that mean growth is the product of mean monthly growth."""
    sampler = sampler_of(model, (), kind)
    total = sampler.paths(0, PATHS)[len(model.factors) : len(model.factors) + len(model.series), -1]
    expected = np.prod(1.0 + sampler.story.parts[0].law.drift, axis=0) - 1.0
    z = (total.mean(axis=1) - expected) / (total.std(axis=1) / np.sqrt(PATHS))
    assert np.abs(z).max() < 4.0
    assert np.isfinite(stats.skew(total, axis=1)).all()
