"""Exact order statistics against numpy's sort of the same paths, to the last bit."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from jpsim.simulation import order_statistics
from jpsim.simulation.engine import draw, draw_paths
from tests.naive import rules as naive_rules
from tests.naive import simulation as naive

SEED = 99
PATHS = 9_001
PERCENTS = (1, 5, 10, 25, 50, 75, 90, 95, 99)
SIZE = {"n": 3, "series": 4, "groups": 2, "months": 3, "nu": 5.0, "idio_nu": 4.0}


@pytest.fixture(scope="module")
def law():
    """A heavy-tailed law whose histograms are too narrow for it: values lie beyond both of their ends."""
    law = naive.example_law(np.random.default_rng(6), **SIZE)
    x = draw_paths(law, SEED, 0, 2048)
    low, high = np.quantile(x, (0.012, 0.992), axis=2)
    return dataclasses.replace(law, low=low, high=high)


@pytest.fixture(scope="module")
def values(law):
    return draw_paths(law, SEED, 0, PATHS)


def weights_of(kind):
    rng = np.random.default_rng(3)
    return {
        "none": None,
        "gamma": rng.gamma(0.7, size=PATHS),
        "equal": np.ones(PATHS),
        "some are zero": rng.integers(0, 3, size=PATHS).astype(np.float64),
        "one path in a hundred has nearly all": np.where(np.arange(PATHS) % 100, 1e-9, 1.0),
    }[kind]


def sorted_statistics(x, weights, percent):
    """Quantile, and the mean of the lowest share with the quantile's own part of it, of (O, h, paths) values."""
    order = np.argsort(x, axis=2)
    x, w = np.take_along_axis(x, order, 2), weights[order]
    total, upto = weights.sum(), np.cumsum(w, axis=2)
    place = (upto * 100.0 < percent * total * (1.0 - 1e-13)).sum(axis=2)[..., None]
    quantile = np.take_along_axis(x, place, 2)
    before = np.arange(x.shape[2]) < place
    share = percent * total / 100.0
    inside = np.where(before, w * x, 0.0).sum(axis=2)
    tail = inside + (share - np.where(before, w, 0.0).sum(axis=2)) * quantile[..., 0]
    return quantile[..., 0], tail / share


@pytest.mark.parametrize("kind", ["none", "gamma", "equal", "some are zero", "one path in a hundred has nearly all"])
def test_quantiles_equal_those_of_sorted_paths(law, values, kind):
    weights = weights_of(kind)
    sample = draw(law, scenario="a", seed=SEED, paths=PATHS, threads=2, weights=weights, exact=True)
    plain = np.ones(PATHS) if weights is None else weights
    start = law.start[:, None]
    for percent in PERCENTS:
        quantile, tail = sorted_statistics(values, plain, percent)
        np.testing.assert_array_equal(sample.statistics[f"q{percent:02d}"], quantile)
        if percent in (1, 5):
            np.testing.assert_array_equal(sample.statistics[f"var{100 - percent}"], start - quantile)
            np.testing.assert_allclose(sample.statistics[f"es{100 - percent}"], start - tail, rtol=1e-12, atol=1e-13)


def test_equal_weights_agree_with_numpy(law, values):
    sample = draw(law, scenario="a", seed=SEED, paths=PATHS, exact=True)
    for percent in PERCENTS:  # 9,001 paths: no quantile falls between two of them
        expected = np.quantile(values, percent / 100.0, axis=2, method="inverted_cdf")
        np.testing.assert_array_equal(sample.statistics[f"q{percent:02d}"], expected)


@pytest.mark.parametrize("weighted", [False, True])
def test_turns_threads_and_errors(law, weighted, monkeypatch):
    """Outputs that take turns, one thread or three: the same bits; errors are those of the histograms."""
    weights = weights_of("gamma") if weighted else None
    whole = draw(law, scenario="a", seed=SEED, paths=PATHS, threads=1, weights=weights, exact=True)
    counted = draw(law, scenario="a", seed=SEED, paths=PATHS, weights=weights)
    monkeypatch.setattr(order_statistics, "MOST_KEPT", 500)
    turns = draw(law, scenario="a", seed=SEED, paths=PATHS, threads=3, weights=weights, exact=True)
    for name, table in whole.statistics.items():
        np.testing.assert_array_equal(turns.statistics[name], table)
        np.testing.assert_array_equal(whole.errors[name], counted.errors[name])


@pytest.mark.parametrize("weighted", [False, True])
def test_windows_that_miss_are_made_good(law, weighted, monkeypatch):
    """Windows far too narrow: the paths are drawn once more for whole bins; tails change by rounding, nothing else."""
    weights = weights_of("gamma") if weighted else None
    turns = []
    own = order_statistics.Search.turn
    monkeypatch.setattr(order_statistics.Search, "turn", lambda search: turns.append(own(search)) or turns[-1])
    samples = []
    for bridge, ends in ((order_statistics.BRIDGE, order_statistics.ENDS), (0.01, 0.01)):
        monkeypatch.setattr(order_statistics, "BRIDGE", bridge)
        monkeypatch.setattr(order_statistics, "ENDS", ends)
        turns.clear()
        samples.append(draw(law, scenario="a", seed=SEED, paths=PATHS, weights=weights, exact=True))
        assert len([turn for turn in turns if turn.any()]) == 1 + (bridge < 1.0)
    for name, table in samples[0].statistics.items():
        np.testing.assert_allclose(samples[1].statistics[name], table, rtol=1e-12 if name.startswith("es") else 0.0)


def law_of_atoms():
    """A policy rate that is constant up to month 2 and then takes one of a few values; and the paths."""
    rng = np.random.default_rng(6)
    law = naive_rules.example_rules(naive.example_law(rng, **SIZE | {"n": 7}), rng, intervention=False)
    last = law.rules.meetings._replace(meets=np.array([0, 0, 1]))
    law = dataclasses.replace(law, rules=law.rules._replace(meetings=last))
    x = draw_paths(law, SEED, 0, PATHS)
    return dataclasses.replace(law, low=x.min(axis=2) - 1.0, high=x.max(axis=2) + 1.0), x


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_half_of_the_weight_up_to_an_atom(seed, monkeypatch):
    """Rounding decides which of two distant values the median is; the bins between them hold nothing."""
    law, x = law_of_atoms()
    values = x[law.rules.target, 2]
    middle = np.unique(values)[2]
    weights = np.random.default_rng(seed).gamma(0.7, size=PATHS)
    weights[values <= middle] *= weights[values > middle].sum() / weights[values <= middle].sum()
    turns = []
    own = order_statistics.Search.turn
    monkeypatch.setattr(order_statistics.Search, "turn", lambda search: turns.append(own(search)) or turns[-1])
    sample = draw(law, scenario="a", seed=SEED, paths=PATHS, weights=weights, exact=True)
    assert sample.statistics["q50"][law.rules.target, 2] in (middle, np.unique(values)[3])
    assert len(turns) <= 5


def test_atoms_and_constants():
    law, x = law_of_atoms()
    assert [np.unique(values).size for values in x[law.rules.target]] == [1, 1, 5]
    sample = draw(law, scenario="a", seed=SEED, paths=PATHS, exact=True)
    for percent in PERCENTS:
        quantile, _ = sorted_statistics(x, np.ones(PATHS), percent)
        np.testing.assert_allclose(sample.statistics[f"q{percent:02d}"], quantile, rtol=0, atol=1e-14)
