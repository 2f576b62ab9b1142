"""Closed forms of nonlinear terms against quadrature, brute force and games in which factors are switched off."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy import integrate, stats

from jpsim.analysis.attribution import attribute_means, attribution_drivers, mean_growth, monthly_mean, term_parts
from jpsim.analysis.condition_shares import Setting, share_conditions
from jpsim.analysis.earnings_split import earnings_drivers, split_growth
from jpsim.analysis.elasticities import update_elasticities
from jpsim.analysis.shapley import shapley_values
from jpsim.conditioning.conditional import condition
from jpsim.conditioning.premium import Shift
from jpsim.conditioning.rows import Row
from jpsim.conditioning.scenario_law import ScenarioLaw
from jpsim.conditioning.stories import derive_story
from jpsim.conditioning.system import build_system
from jpsim.conditioning.term_moments import ScaleLaw, _gate, _hinge, scale_law, term_arguments, term_moments
from jpsim.model.store import load_model
from jpsim.scenario import Scenario, load_scenario
from tests.models import bent_model, small_model

MONTHS = 6
EXACT = 1e-10


def row(model, factor, month, value, *, sd=0.0):
    system = build_system(model, MONTHS)
    weights, constant = system.level_row(model.factor(factor))
    mean = system.means[month] @ weights + constant
    kind = "marginal" if sd else "hard"
    return Row(factor, month, kind, weights, constant, mean + value, sd, -np.inf, np.inf, factor, None)


@pytest.fixture(scope="module")
def model():
    return bent_model(small_model())


@pytest.fixture(scope="module")
def conditional(model):
    rows = (row(model, "usdjpy", 6, -12.0), row(model, "jgb_10y", 4, 0.5, sd=0.2), row(model, "sp500", 3, -8.0))
    return condition(build_system(model, MONTHS), rows)


def drawn_terms(conditional, count, rng):
    """(count, h, T) terms, (count, h, n) innovations: the conditional law of the shocks drawn with numpy."""
    system, model = conditional.system, conditional.system.model
    n, values, vectors = len(model.factors), *np.linalg.eigh(conditional.shock_cov)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    z = conditional.mean_shocks.reshape(-1) + rng.standard_normal((count, values.size)) @ root.T
    z = z.reshape(count, MONTHS, n)
    state, moved, found = np.repeat(system.start[None], count, axis=0), [], []
    rows = [system.level_row(i) for i in range(n)]
    for t in range(MONTHS):
        levels = np.array([state @ weights + constant for weights, constant in rows])
        u = z[:, t] @ system.impact[t, :n].T
        month = []
        for term in model.terms:
            i = model.factor(term.factor)
            if term.kind == "hinge":
                month.append(np.maximum(term.side * (u[:, i] - term.knot), 0.0) - term.centre)
            elif term.kind == "pair":
                month.append(u[:, i] * u[:, model.factor(term.other)] - term.centre)
            else:
                j = model.factor(term.other)
                knot = 100.0 * np.log(term.knot) if model.transform[j] == "log100" else term.knot
                month.append(np.maximum(term.side * (levels[j] - knot), 0.0) * u[:, i])
        state = system.offset[t] + state @ system.transition[t].T + z[:, t] @ system.impact[t].T
        moved.append(u)
        found.append(np.array(month).T)
    return np.array(found).transpose(1, 0, 2), np.array(moved).transpose(1, 0, 2)


def test_means_and_covariances_are_those_of_a_plain_sample(conditional) -> None:
    """Means: within Monte Carlo error. Covariances with innovations: Stein's lemma is exact for them."""
    rng, count = np.random.default_rng(11), 400_000
    terms, innovations = drawn_terms(conditional, count, rng)
    moments = term_moments(conditional)
    z = (terms.mean(axis=0) - moments.mean) / np.maximum(terms.std(axis=0) / np.sqrt(count), 1e-12)
    assert np.abs(z).max() < 4.5
    assert np.sqrt((z**2).mean()) < 1.4
    a = innovations - innovations.mean(axis=0)
    b = terms - terms.mean(axis=0)
    sampled = np.einsum("pti,psk->itks", a, b) / count
    error = np.einsum("pti,psk->itks", a**2, b**2) / count
    z = (sampled - moments.innovations) / np.maximum(np.sqrt(error / count), 1e-12)
    assert np.abs(z).max() < 5.0
    assert np.sqrt((z**2).mean()) < 1.3


def test_covariances_of_terms_between_months_are_right_to_second_order(conditional) -> None:
    """As correlations; what is left out is a product of two correlations of months."""
    terms, _ = drawn_terms(conditional, 400_000, np.random.default_rng(12))
    moments = term_moments(conditional)
    sd = terms.std(axis=0)
    b = (terms - terms.mean(axis=0)) / sd
    sampled = np.einsum("ptk,psl->ktls", b, b) / len(b)
    ours = moments.terms / (sd.T[:, :, None, None] * sd.T[None, None])
    months = ~np.eye(MONTHS, dtype=bool)
    gap = np.abs(sampled - ours).transpose(1, 3, 0, 2)[months]
    assert gap.max() < 0.2
    assert np.sqrt((gap**2).mean()) < 0.03


@pytest.mark.parametrize(
    ("mean", "sd", "knot", "side"), [(0.3, 1.2, 0.5, 1), (-0.4, 0.7, -1.0, -1), (2.0, 0.1, 0.0, -1)]
)
def test_a_hinge_is_its_integral(mean, sd, knot, side) -> None:
    law = ScaleLaw(np.ones((1, 1)), np.ones(1), np.zeros((1, 1)))
    value, slope = _hinge(np.array([mean]), np.array([sd**2]), knot, side, law, np.zeros(1))
    density = stats.norm(mean, sd).pdf
    ends = (knot, mean + 40 * sd) if side > 0 else (mean - 40 * sd, knot)
    points = [mean] if ends[0] < mean < ends[1] else None
    wanted = integrate.quad(lambda u: side * (u - knot) * density(u), *ends, points=points, limit=200)[0]
    assert value[0] == pytest.approx(wanted, abs=1e-9)
    assert slope[0] == pytest.approx(side * stats.norm.cdf(side * (mean - knot) / sd), abs=1e-12)


@pytest.mark.parametrize("side", [1, -1])
def test_a_gate_is_its_integral(side) -> None:
    mean, cov = np.array([0.4, 0.2]), np.array([[1.5, -0.6], [-0.6, 0.8]])
    value, slope = _gate(mean[None], cov[None], side)
    law, slant = stats.norm(mean[1], np.sqrt(cov[1, 1])), cov[0, 1] / cov[1, 1]

    def given(x):  # E[u | x]
        return mean[0] + slant * (x - mean[1])

    ends = (0.0, 12.0) if side > 0 else (-12.0, 0.0)
    wanted = integrate.quad(lambda x: side * x * given(x) * law.pdf(x), *ends)[0]
    opened = integrate.quad(lambda x: side * x * law.pdf(x), *ends)[0]
    moved = integrate.quad(lambda x: side * given(x) * law.pdf(x), *ends)[0]
    assert value[0] == pytest.approx(wanted, abs=1e-9)
    np.testing.assert_allclose(slope[0], [opened, moved], atol=1e-9)


@pytest.mark.parametrize("nu", [4.0, 5.0, 8.0, 60.0])
def test_scales_have_the_moments_of_their_law(nu) -> None:
    """``E s = sqrt(nu - 2) E g**-1/2`` by scipy's quadrature, ``E s**2`` one; volatility from its start."""
    model = replace(small_model(), nu=nu, sv_phi=0.9, sv_sigma=0.3, sv_start=0.8)
    law = scale_law(model, "student_t", 2)
    assert law.weights.sum() == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(law.squares, 1.0, rtol=1e-6)
    root = np.sqrt(nu - 2) * integrate.quad(lambda g: stats.chi2.pdf(g, nu) / np.sqrt(g), 0, np.inf, limit=200)[0]
    np.testing.assert_allclose(law.nodes @ law.weights, root, rtol=1e-7)
    moving = scale_law(model, "stochastic_volatility", 3)
    variance = 0.09 * np.cumsum(0.81 ** np.arange(3))
    centre = 0.09 / (2 * (1 - 0.81))
    np.testing.assert_allclose(moving.squares, np.exp(0.8 * 0.9 ** np.arange(1, 4) + variance / 2 - centre), rtol=1e-6)


def read(tmp_path_factory, name: str, text: str) -> Scenario:
    path = tmp_path_factory.mktemp("scenarios") / f"{name}.yaml"
    path.write_text(f"schema: jpsim/scenario@1\nid: {name}\nas_of: 2026-01\n{text}\n", encoding="utf-8")
    return load_scenario(path)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    hike = """conditions:
  jgb_10y: {change: {6m: +60bp}, kind: marginal, sd: 20bp}
  usdjpy: {change: {6m: -8%}}
views: [{series: topix, at: 6m, mean: 3%, absorb: earnings}]"""
    return read(tmp_path_factory, "free", "narrative: the model alone"), read(tmp_path_factory, "hike", hike)


@pytest.fixture(scope="module")
def shipped():
    return bent_model(load_model("japan_monthly"))


def test_contributions_sum_and_terms_belong_to_their_factors(shipped, pair) -> None:
    rng = np.random.default_rng(3)
    stories = tuple(derive_story(shipped, one, MONTHS, {}) for one in pair)
    rows = np.eye(len(shipped.series) + len(shipped.aggregates))
    sampled = rng.normal(0.0, 0.05, (len(rows), MONTHS))
    for by in ("factor", "shock"):
        drivers = attribution_drivers(stories, by)
        assert ("nonlinear" in drivers) is (by == "shock")
        parts = attribute_means(*stories, sampled, rows, drivers, by)
        np.testing.assert_allclose(parts.sum(axis=0), sampled, atol=EXACT)
        assert parts[drivers.index("regime")].max() == pytest.approx(0.0, abs=1e-12)
    elasticities = update_elasticities(shipped)
    told = earnings_drivers(stories, elasticities)
    parts = split_growth(stories[1], sampled, rows, told, elasticities)
    np.testing.assert_allclose(parts.sum(axis=0), np.log1p(sampled), atol=EXACT)


def test_a_half_each_is_the_shapley_value_of_a_product(shipped, pair) -> None:
    """Brute force: every coalition of factors moves as in the scenario, the others do not move at all.

    A hinge of an innovation that does not move is that of a zero innovation, which is nobody's: it is left out.
    """
    law = derive_story(shipped, pair[1], MONTHS, {}).parts[0].law
    picked = np.vstack([np.eye(len(shipped.series)), shipped.aggregation])[:7]
    rng = np.random.default_rng(8)
    mean, _ = term_arguments(law.conditional)
    players = sorted({name for term in shipped.terms for name in (term.factor, term.other) if name})
    ours = {name: np.zeros((MONTHS, len(picked))) for name in players}
    moved = mean + rng.normal(size=mean.shape)  # one path's arguments
    for k, term in enumerate(shipped.terms):
        loading = picked @ shipped.term_loadings[:, k]
        values = np.array([_value(term, moved[:, k]) - _value(term, 0.0 * moved[:, k])])
        for name, share in term.shares.items():
            ours[name] += share * np.outer(values[0], loading)
    worth = np.zeros((1 << len(players), MONTHS, len(picked)))
    for code, k in product(range(1 << len(players)), range(len(shipped.terms))):
        term = shipped.terms[k]
        inside = [name for g, name in enumerate(players) if code >> g & 1]
        active = [term.factor in inside, (term.other or term.factor) in inside]
        worth[code] += np.outer(_value(term, moved[:, k] * active), picked @ shipped.term_loadings[:, k])
    np.testing.assert_allclose([ours[name] for name in players], shapley_values(worth), atol=1e-12)


def _value(term, x):
    if term.kind == "hinge":
        return np.maximum(term.side * (x[:, 0] - term.knot), 0.0)
    return np.maximum(term.side * x[:, 1], 0.0) * x[:, 0] if term.kind == "gate" else x[:, 0] * x[:, 1]


def test_parts_of_terms_sum_to_what_they_add_to_the_mean(shipped, pair) -> None:
    law = derive_story(shipped, pair[1], MONTHS, {}).parts[0].law
    picked = np.vstack([np.eye(len(shipped.series)), shipped.aggregation])
    straight = law.drift @ picked.T + law.conditional.mean_innovations @ (picked @ shipped.loadings).T
    np.testing.assert_allclose(sum(term_parts(law, picked).values()), monthly_mean(law, picked) - straight, atol=1e-13)


def test_shares_of_conditions_sum_with_terms(shipped, pair) -> None:
    picked = np.vstack([np.eye(len(shipped.series)), shipped.aggregation])[-3:]
    grown = [mean_growth(derive_story(shipped, one, MONTHS, {}).parts[0].law, picked) for one in pair]
    setting = Setting(shipped, MONTHS, {}, "price", picked)
    names, shares = share_conditions(setting, *pair, grown[1] - grown[0])
    assert set(names) == {"usdjpy", "jgb_10y", "earnings", "monte_carlo"}
    np.testing.assert_allclose(shares.sum(axis=0), grown[1] - grown[0], atol=EXACT)
    np.testing.assert_allclose(shares[-1], 0.0, atol=EXACT)


def test_expected_growth_under_conditions_is_that_of_a_plain_sample(conditional) -> None:
    model, count = conditional.system.model, 400_000
    law = ScenarioLaw(Scenario(id="plain"), conditional, Shift(np.zeros(MONTHS), np.zeros(MONTHS)), np.zeros(5))
    picked = np.vstack([np.eye(5), model.aggregation])
    terms, innovations = drawn_terms(conditional, count, np.random.default_rng(15))
    monthly = law.drift + innovations @ model.loadings.T + terms @ model.term_loadings.T
    growth = np.cumprod(1.0 + monthly @ picked.T, axis=1)
    z = (growth.mean(axis=0).T - mean_growth(law, picked)) / (growth.std(axis=0).T / np.sqrt(count))
    assert np.abs(z).max() < 4.0
