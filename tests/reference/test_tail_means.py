"""Contributions to tails against brute force: every path taken apart in a plain loop, means over the sorted tail."""

import numpy as np
import pytest

from jpsim.analysis.tail_means import TailBand, path_innovations, tail_drivers, tail_means
from jpsim.conditioning.stories import derive_story
from jpsim.model.store import find_model, load_model
from jpsim.scenario import load_scenario
from jpsim.simulation.sampling import Sampler

PATHS, MONTHS = 1024, 6
TEXT = """schema: jpsim/scenario@1
id: falling
as_of: 2026-01
conditions:
  usdjpy: {change: {6m: -10%}, kind: marginal, sd: 4%}
  jgb_10y: {change: {3m: +20bp}}
views: [{series: topix, at: 6m, mean: 1%, absorb: earnings}]
"""


@pytest.fixture(scope="module")
def model():
    return load_model(find_model("japan_monthly", None)).linear  # terms have tests of their own, test_term_moments


@pytest.fixture(scope="module", params=["gaussian", "student_t"])
def sampler(request, model, tmp_path_factory):
    path = tmp_path_factory.mktemp("tails") / "falling.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return Sampler.of(derive_story(model, load_scenario(path), MONTHS, {}, "total"), request.param, 9)


def naive_innovations(model, levels: np.ndarray, start: np.ndarray) -> np.ndarray:
    """(n, h) innovations of one path: observations as the model defines them, less their expectation."""
    past, out = list(model.state), []
    for t in range(levels.shape[1]):
        y = np.empty(len(model.factors))
        for i, transform in enumerate(model.transform):
            before = levels[i, t - 1] if t else start[i]
            level = 100 * np.log(levels[i, t]) if transform == "log100" else levels[i, t]
            earlier = 100 * np.log(before) if transform == "log100" else before
            y[i] = level - earlier if model.in_differences[i] else level
        expected = model.c + sum(model.B[k] @ past[-1 - k] for k in range(model.lags))
        out.append(y - expected)
        past.append(y)
    return np.array(out).T


def test_innovations_of_paths_are_those_of_the_recursion(model, sampler) -> None:
    drawn = sampler.paths(0, 8)[: len(model.factors)]
    found = path_innovations(sampler.parts[0].law, drawn)
    for p in range(8):
        naive = naive_innovations(model, drawn[:, :, p], sampler.parts[0].law.start[: len(model.factors)])
        np.testing.assert_allclose(found[:, :, p], naive, atol=1e-7)


def test_contributions_are_the_mean_terms_of_the_worst_paths(model, sampler) -> None:
    drivers = tail_drivers((sampler.story,))
    law, n = sampler.story.parts[0].law, len(model.factors)
    rows = [model.series.index("tse33_banks"), len(model.series) + model.aggregates.index("topix")]
    picked = np.vstack([np.eye(len(model.series)), model.aggregation])[rows]
    weights = sampler.weights(PATHS)
    share = np.ones(PATHS) if weights is None else weights
    drawn = sampler.paths(0, PATHS)
    returns = drawn[n:][rows]
    high = np.quantile(returns, 0.1, axis=2)
    found = tail_means(sampler, weights, PATHS, rows, TailBand(np.full_like(high, -np.inf), high), drivers)
    innovations = path_innovations(sampler.parts[0].law, drawn[:n])
    for i in range(2):
        for t in (0, MONTHS - 1):
            tail = np.flatnonzero(returns[i, t] <= high[i, t])
            sums = np.zeros(len(drivers))
            for p in tail:
                terms, growth = np.zeros(len(drivers)), 1.0
                for s in range(t + 1):
                    terms[:n] += growth * (picked[i] @ model.loadings) * innovations[:, s, p]
                    terms[drivers.index("earnings")] += growth * law.shift.earnings[s] * (picked[i] @ model.beta)
                    terms[drivers.index("drift")] += growth * picked[i] @ (model.alpha + law.dividends)
                    growth = 1.0 + returns[i, s, p]
                terms[-1] = returns[i, t, p] - terms.sum()
                sums += share[p] * terms
            np.testing.assert_allclose(found[:, i, t], sums / share[tail].sum(), atol=1e-10)
    inside = returns <= high[..., None]
    expected = (inside * share * returns).sum(axis=2) / (inside * share).sum(axis=2)
    np.testing.assert_allclose(found.sum(axis=0), expected, atol=1e-10)


def test_the_residual_is_what_the_factors_do_not_explain(model, sampler) -> None:
    """Over all paths of equal weight its mean is zero to the Monte Carlo error (z below 4.5)."""
    if sampler.weighted:
        pytest.skip("weights correlate with residual scales")
    drivers, topix = tail_drivers((sampler.story,)), len(model.series) + model.aggregates.index("topix")
    everything = TailBand(np.full((1, MONTHS), -np.inf), np.full((1, MONTHS), np.inf))
    found = tail_means(sampler, None, PATHS, [topix], everything, drivers)[-1, 0, 0]
    weights = model.aggregation[model.aggregates.index("topix")]
    spread = np.sqrt(weights @ model.residual_cov @ weights / PATHS)
    assert abs(found) < 4.5 * spread


def test_interventions_are_taken_out_of_the_yen(model, tmp_path) -> None:
    """Their driver is the loading on the yen times what the traced rule adds to its innovation, month by month."""
    path = tmp_path / "acting.yaml"
    path.write_text(TEXT.split("conditions")[0] + "rules: {fx_intervention: {threshold: 154 JPY}}\n", encoding="utf-8")
    acting = Sampler.of(derive_story(model, load_scenario(path), MONTHS, {}), "gaussian", 9)
    drivers, topix = tail_drivers((acting.story,)), len(model.series) + model.aggregates.index("topix")
    everything = TailBand(np.full((1, MONTHS), -np.inf), np.full((1, MONTHS), np.inf))
    found = tail_means(acting, None, PATHS, [topix], everything, drivers)[:, 0]
    drawn, shifts = acting.paths(0, PATHS), acting.trace(0, PATHS)[1]
    grown = np.vstack([np.ones(PATHS), 1.0 + drawn[len(model.factors) + topix, :-1]])
    loading = (model.aggregation @ model.loadings)[model.aggregates.index("topix"), model.factor("usdjpy")]
    expected = np.cumsum(loading * (grown * shifts).mean(axis=1))
    assert expected[-1] < -0.005
    np.testing.assert_allclose(found[drivers.index("fx_intervention")], expected, atol=1e-12)
    yen = path_innovations(acting.parts[0].law, drawn[: len(model.factors)])[model.factor("usdjpy")] - shifts
    np.testing.assert_allclose(
        found[drivers.index("usdjpy")], np.cumsum(loading * (grown * yen).mean(axis=1)), atol=1e-12
    )
