"""Views against skfolio's entropy pooling: the same weights on the same sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from jpsim.errors import InputError
from jpsim.months import Month
from jpsim.scenario import load_scenario
from jpsim.simulation.views import demands_of, impose

prior_module = pytest.importorskip("skfolio.prior")

COUNT = 800
NAMES = ("topix", "banks", "sp500")
TIGHT = {"gtol": 1e-14, "ftol": 1e-18, "maxfun": 100_000}
Values = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def sample() -> Values:
    rng = np.random.default_rng(8)
    root = np.array([[0.15, 0, 0], [0.15, 0.1, 0], [0.1, 0.02, 0.12]])
    drawn = root @ rng.standard_t(6, size=(3, COUNT)) + 0.04
    return dict(zip(NAMES, drawn, strict=True))


def ours(tmp_path: Path, sample: Values, views: str) -> np.ndarray:
    path = tmp_path / "stated.yaml"
    path.write_text(f"schema: jpsim/scenario@1\nid: stated\nviews:\n{views}", encoding="utf-8")
    scenario = load_scenario(path)
    share = np.full(COUNT, 1.0 / COUNT)
    means = {
        (view.series, 12): view.mean.equal.value
        for view in scenario.views if view.mean is not None and view.mean.equal is not None
    }  # fmt: skip
    demands = [
        demand
        for view in scenario.views
        for demand in demands_of(view, None, lambda series, month: sample[series], Month(2026, 1), share, means)
    ]
    weights = np.exp(impose(np.zeros(COUNT), demands))
    return weights / weights.sum()


def theirs(sample: Values, tight: bool = True, **views: list[str]) -> np.ndarray:
    import pandas as pd

    pooling = prior_module.EntropyPooling(solver="TNC", solver_params=TIGHT if tight else None, **views)
    pooling.fit(pd.DataFrame(sample))
    return np.asarray(pooling.return_distribution_.sample_weight)


def test_means_equal_and_bounded(tmp_path: Path, sample: Values) -> None:
    stated = """  - {series: topix, at: 12m, mean: 10%, absorb: factors}
  - {series: banks, at: 12m, mean: {at_least: 14%}}
  - {series: topix, versus: banks, at: 12m, mean: {at_most: 9%}}
"""
    weights = ours(tmp_path, sample, stated)
    oracle = theirs(sample, mean_views=["topix == 0.10", "banks >= 0.14", "topix - banks <= 0.09"])
    np.testing.assert_allclose(weights, oracle, atol=1e-6 / COUNT, rtol=1e-6)


def test_mean_and_standard_deviation(tmp_path: Path, sample: Values) -> None:
    stated = """  - {series: topix, at: 12m, mean: 8%, absorb: factors}
  - {series: topix, at: 12m, sd: 14%}
"""
    weights = ours(tmp_path, sample, stated)
    oracle = theirs(sample, mean_views=["topix == 0.08"], variance_views=["topix == 0.0196"])
    np.testing.assert_allclose(weights, oracle, atol=1e-6 / COUNT, rtol=1e-6)


def test_expected_shortfall(tmp_path: Path, sample: Values) -> None:
    """Both search for the value at risk; with few paths beyond it the answers differ by a path's share."""
    weights = ours(tmp_path, sample, "  - {series: topix, at: 12m, es95: 40%}\n")
    oracle = theirs(sample, tight=False, cvar_views=["topix == 0.40"])
    for q in (weights, oracle):
        order = np.argsort(sample["topix"])
        mass = np.diff(np.minimum(np.cumsum(q[order]), 0.05), prepend=0.0)
        assert -(mass @ sample["topix"][order]) / 0.05 == pytest.approx(0.40, abs=5e-3)
    assert weights @ np.log(weights * COUNT) <= oracle @ np.log(np.maximum(oracle * COUNT, 1e-300)) * 1.02


def test_views_that_clash_are_named_and_no_others(tmp_path: Path, sample: Values) -> None:
    """A mean of -5 % cannot stand beside a likely gain of 20 %, by arithmetic; what is said of banks can."""
    assert 0.9 * 0.2 + 0.1 * sample["topix"].min() > -0.05  # the least mean that 90 % above 20 % leave
    stated = """  - {series: banks, at: 12m, mean: {at_least: 1%}}
  - {series: topix, at: 12m, above: 20%, probability: 90%}
  - {series: topix, at: 12m, sd: 14%}
  - {series: topix, at: 12m, mean: -5%, absorb: factors}
"""
    with pytest.raises(InputError) as caught:
        ours(tmp_path, sample, stated)
    named = [problem.found.split(":")[0] for problem in caught.value.problems]
    assert named == ["view on the probability of topix", "view on the mean of topix"]
