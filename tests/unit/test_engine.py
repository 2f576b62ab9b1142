"""The engine: equal to the naive twin path by path, indifferent to threads and chunks, stoppable."""

from __future__ import annotations

import dataclasses
import threading
import time

import numpy as np
import pytest

from jpsim.errors import InputError, Stopped
from jpsim.simulation.engine import draw, draw_paths, draw_scores, log_likelihoods, memory_needed
from jpsim.simulation.kernels.arrays import SUPERBLOCK
from jpsim.simulation.law import Rotation
from tests.naive import simulation as naive

SEED = 2**63 + 5
LAWS = {
    "gaussian": {},
    "one lag, no sums, no groups of four": {"n": 1, "p": 1, "series": 3, "groups": 1, "common": 0},
    "coefficients that vary over time": {"varying": True},
    "student months": {"nu": 5.0, "idio_nu": [np.inf, 5.0, 5.0, 6.5, 4.0, 200.0, 3.0]},
    "student months with requirements": {"nu": 5.0, "rows": 6, "idio_nu": 5.0},
    "normal months with requirements": {"rows": 4},
    "stochastic volatility": {"sv": 0.3},
    "stochastic volatility of student months": {"nu": 6.0, "sv": 0.25, "rows": 3},
    "skewed months": {"nu": 6.0, "skew": 0.4},
    "skewed months with requirements": {"nu": 6.0, "rows": 4, "skew": -0.3},
    "skewed months of stochastic volatility with requirements": {"nu": 6.0, "sv": 0.25, "rows": 3, "skew": 0.3},
    "impulses": {"impulses": 3},
    "nonlinear terms": {"terms": 7},
    "nonlinear terms under conditions, in fat tails": {"terms": 5, "nu": 6.0, "sv": 0.25, "rows": 3},
    "one nonlinear term of one factor": {"n": 1, "p": 1, "series": 3, "groups": 1, "terms": 2, "varying": True},
    "size of the shipped model": {"n": 18, "months": 2, "series": 50, "groups": 19, "nu": 8.0, "rows": 17},
}


def law_of(name):
    size = LAWS[name]
    law = naive.example_law(np.random.default_rng(len(name)), **size)
    return law, targets_of(size["rows"]) if "rows" in size else None


VARIANTS = {
    "some shocks deliver": ("student months with requirements", lambda law: naive.deliver_by(law, 4, RNG())),
    "some normal shocks deliver": ("normal months with requirements", lambda law: naive.deliver_by(law, 3, RNG())),
    "some skewed shocks deliver": ("skewed months with requirements", lambda law: naive.deliver_by(law, 3, RNG())),
    "proposal, skewed months": (
        "skewed months of stochastic volatility with requirements",
        lambda law: proposed(law, 2),
    ),
    "proposal": ("stochastic volatility of student months", lambda law: proposed(law)),
    "proposal, student only": ("student months with requirements", lambda law: proposed(law)),
    "turned normals": ("skewed months of stochastic volatility with requirements", lambda law: turned(law, 5)),
    "turned normals, normal months": ("normal months with requirements", lambda law: turned(law, 4)),
    "mixture of proposals": ("stochastic volatility of student months", lambda law: proposed(law, 3)),
    "mixture of proposals, student only": ("student months with requirements", lambda law: proposed(law, 4)),
}


def RNG():
    return np.random.default_rng(12)


def proposed(law, components=1):
    mixing = law.mixing._replace(free=2)
    mixing = mixing._replace(proposal=naive.some_proposal(mixing, components))
    return dataclasses.replace(law, mixing=mixing)


def turned(law, count):
    """The law with its normals turned in some directions."""
    months, n = law.dynamics.intercept.shape
    outward = np.linalg.qr(RNG().normal(size=(months * n, count)))[0]
    turn = np.linalg.qr(RNG().normal(size=(count, count)))[0]
    inward = (turn - np.eye(count)) @ outward.T
    rotation = Rotation(inward.reshape(count, months, n), outward.reshape(months, n, count))
    return dataclasses.replace(law, mixing=law.mixing._replace(rotation=rotation))


def variant(name):
    base, change = VARIANTS.get(name, (name, lambda law: law))
    law, targets = law_of(base)
    return change(law), targets


def targets_of(requirements):
    rows = np.arange(1, requirements + 1)[:, None]
    return lambda first, count, scores=None: np.sin(rows * np.arange(first, first + count))


@pytest.mark.parametrize("name", [*LAWS, *VARIANTS])
def test_paths_equal_naive_twin(name):
    law, targets = variant(name)
    first, count = SUPERBLOCK - 2, 4
    ours = draw_paths(law, SEED, first, count, targets)
    for k in range(count):
        g = None if targets is None else targets(first + k, 1)[:, 0]
        twin = naive.path_outputs(law, SEED, first + k, g)
        tolerance = 1e-12 if law.mixing is None else 1e-9
        np.testing.assert_allclose(ours[:, :, k], twin, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", [*LAWS, *VARIANTS])
def test_factors_alone_have_the_same_paths(name):
    law, targets = variant(name)
    n = law.levels.code.size
    whole = draw_paths(law, SEED, 500, 40, targets)
    np.testing.assert_array_equal(draw_paths(law, SEED, 500, 40, targets, rows=range(n)), whole[:n])
    np.testing.assert_array_equal(draw_paths(law, SEED, 500, 40, targets, rows=[n, 0]), whole[[n, 0]])


@pytest.mark.parametrize("name", [*(name for name in LAWS if LAWS[name].get("rows")), *VARIANTS])
def test_log_likelihoods_equal_scipy(name):
    law, targets = variant(name)
    ours = log_likelihoods(law, SEED, 5, 6, targets(5, 6))
    twin = [naive.log_likelihood(law, SEED, 5 + k, targets(5 + k, 1)[:, 0]) for k in range(6)]
    np.testing.assert_allclose(ours, twin, rtol=1e-9)


@pytest.mark.parametrize("name", [*(name for name in LAWS if "requirements" in name), *VARIANTS])
def test_scores_equal_naive_twin(name):
    law, _ = variant(name)
    law = dataclasses.replace(law, mixing=law.mixing._replace(free=2))
    ours = draw_scores(law, SEED, SUPERBLOCK - 2, 4)
    twin = [naive.scores_of(law, SEED, SUPERBLOCK - 2 + k) for k in range(4)]
    np.testing.assert_allclose(ours[0], np.array([scores for scores, _ in twin]).T, rtol=1e-8)
    np.testing.assert_allclose(ours[1], [log_ratio for _, log_ratio in twin], rtol=1e-8)
    given = []
    draw_paths(law, SEED, SUPERBLOCK - 2, 4, lambda first, count, scores: given.append(scores) or np.zeros((1, count)))
    np.testing.assert_array_equal(given[0], ours[0])


@pytest.mark.parametrize("name", ["coefficients that vary over time", "student months with requirements"])
def test_paths_do_not_depend_on_chunks(name):
    law, targets = law_of(name)
    whole = draw_paths(law, SEED, 100, 3000, targets)
    parts = [draw_paths(law, SEED, first, count, targets) for first, count in ((100, 7), (107, 2500), (2607, 493))]
    np.testing.assert_array_equal(np.concatenate(parts, axis=2), whole)


def test_exact_requirements_hold_on_every_path():
    law, targets = law_of("student months with requirements")
    exact = dataclasses.replace(law, mixing=law.mixing._replace(noise=np.zeros(6)))
    first = exact.dynamics
    paths = draw_paths(exact, SEED, 0, 50, targets)
    shocks = []
    for k in range(50):
        s = naive.scales_of(exact, SEED, k)
        shocks.append(naive.shocks_of(exact, SEED, k, s, targets(k, 1)[:, 0]))
    reached = np.einsum("tmn,ktn->mk", exact.mixing.exposure, np.array(shocks))
    np.testing.assert_allclose(reached, exact.mixing.gap[:, None] + targets(0, 50), atol=1e-9)
    # The first month's innovation of a factor that is reported as it is shows the corrected shock.
    y = paths[0, 0]
    start = first.intercept[0] + first.transition[0] @ first.state
    np.testing.assert_allclose(y - start[0], (np.array(shocks)[:, 0] @ first.impact[0].T)[:, 0], atol=1e-9)


def weights_for(paths):
    return np.random.default_rng(8).exponential(size=paths)


def assert_same(a, b):
    for name, table in a.statistics.items():
        np.testing.assert_array_equal(table, b.statistics[name])
        np.testing.assert_array_equal(a.errors[name], b.errors[name])
    np.testing.assert_array_equal(a.histogram.counts, b.histogram.counts)
    np.testing.assert_array_equal(a.histogram.squares, b.histogram.squares)


@pytest.mark.parametrize("weighted", [False, True])
def test_threads_do_not_change_a_bit(weighted):
    law, targets = law_of("student months with requirements")
    paths = 5 * SUPERBLOCK + 77
    weights = weights_for(paths) if weighted else None
    samples = [
        draw(law, scenario="a", seed=SEED, paths=paths, threads=threads, targets=targets, weights=weights)
        for threads in (1, 2, 3)
    ]
    assert_same(samples[0], samples[1])
    assert_same(samples[0], samples[2])


@pytest.mark.parametrize("paths", [1, 511, 512, 2049])
def test_every_path_is_counted_once(paths):
    law, _ = law_of("gaussian")
    sample = draw(law, scenario="a", seed=SEED, paths=paths, threads=2)
    assert (sample.histogram.counts.sum(axis=2) == paths).all()
    mean = draw_paths(law, SEED, 0, paths).mean(axis=2)
    np.testing.assert_allclose((sample.statistics["mean"] - mean) / (law.high - law.low), 0.0, atol=1e-13)


def test_progress_counts_up_to_all_paths():
    law, _ = law_of("gaussian")
    seen = []
    draw(law, scenario="a", seed=1, paths=3 * SUPERBLOCK + 5, threads=2, progress=seen.append)
    assert seen == [SUPERBLOCK, 2 * SUPERBLOCK, 3 * SUPERBLOCK, 3 * SUPERBLOCK + 5]


def test_stop_is_answered_within_a_second():
    law, _ = law_of("size of the shipped model")
    begun = time.monotonic()
    asked = threading.Event()
    threading.Timer(0.2, asked.set).start()
    with pytest.raises(Stopped):
        draw(law, scenario="a", seed=1, paths=10**9, threads=2, targets=None, stop=asked.is_set)
    assert time.monotonic() - begun < 1.2


def test_interrupt_becomes_stopped():
    law, _ = law_of("gaussian")

    def interrupt(_):
        raise KeyboardInterrupt

    with pytest.raises(Stopped) as caught:
        draw(law, scenario="a", seed=1, paths=10**8, threads=2, progress=interrupt)
    assert caught.value.exit_code == 130


@pytest.mark.parametrize(
    ("weights", "message"),
    [(np.ones(9), "9,"), (np.full(10, np.nan), "finite"), (-np.ones(10), "negative"), (np.zeros(10), "zero")],
)
def test_bad_weights_are_refused(weights, message):
    law, _ = law_of("gaussian")
    with pytest.raises(InputError, match=message):
        draw(law, scenario="a", seed=1, paths=10, weights=weights)


def test_no_paths_are_refused():
    law, _ = law_of("gaussian")
    with pytest.raises(InputError, match="0 paths"):
        draw(law, scenario="a", seed=1, paths=0)


def test_exploding_law_is_refused():
    law, _ = law_of("gaussian")
    equity = law.equity._replace(drift=np.full_like(law.equity.drift, 1e200))
    with pytest.raises(InputError, match="not finite"):
        draw(dataclasses.replace(law, equity=equity), scenario="a", seed=1, paths=10)


def test_requirements_that_repeat_each_other_are_refused():
    law, _ = law_of("student months with requirements")
    exposure = law.mixing.exposure.copy()
    exposure[:, 2] = exposure[:, 0]
    singular = dataclasses.replace(law, mixing=law.mixing._replace(exposure=exposure, noise=np.zeros(6)))
    with pytest.raises(InputError, match="positive definite"):
        log_likelihoods(singular, 1, 0, 10)
    with pytest.raises(InputError, match="no requirements"):
        log_likelihoods(law_of("gaussian")[0], 1, 0, 10)


def test_memory_needed_counts_threads():
    law, _ = law_of("size of the shipped model")
    histograms = law.low.size * 4096
    one, two = memory_needed(law, 1), memory_needed(law, 2)
    assert one > histograms * (4 + 16)
    assert two - one > histograms * 4
    assert memory_needed(law, 1, weighted=True) > histograms * (8 + 32)
