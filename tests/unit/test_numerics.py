"""Single precision and fast arithmetic beside double and strict: the same law, the same promises."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from jpsim.errors import InputError
from jpsim.simulation.engine import draw, draw_paths, log_likelihoods
from jpsim.simulation.law import Numerics
from tests.naive.simulation import dense, example_law, some_proposal

SINGLE, FAST = Numerics("float32", "strict"), Numerics("float64", "fast")
PATHS, LIMIT = 24_000, 4.5
KINDS = {
    "gaussian": {},
    "soft": {"rows": 3},
    "student-t": {"nu": 6.0, "idio_nu": 5.0, "impulses": 2},
    "conditioned": {"nu": 6.0, "idio_nu": 5.0, "sv": 0.2, "rows": 5},
    "nonlinear terms": {"nu": 6.0, "idio_nu": 5.0, "terms": 5},
    "skewed": {"nu": 7.0, "idio_nu": 5.0, "sv": 0.2, "rows": 3, "skew": 0.3},
}


def law_of(kind, numerics=None):
    law = example_law(np.random.default_rng(4), **KINDS[kind])
    if kind == "soft":
        law = dataclasses.replace(law, mixing=law.mixing._replace(free=3))
    return law if numerics is None else dataclasses.replace(law, numerics=numerics)


def targets(first, count, scores):
    return 0.7 * scores


def paths_of(kind, numerics=None):
    return draw_paths(law_of(kind, numerics), 3, 0, PATHS, targets if kind == "soft" else None)


@pytest.mark.parametrize("kind", KINDS)
def test_single_precision_has_the_same_law(kind):
    double, single = paths_of(kind), paths_of(kind, SINGLE)
    np.testing.assert_array_equal(single, single.astype(np.float32))
    z = (single.mean(2) - double.mean(2)) / np.sqrt((single.var(2) + double.var(2)) / PATHS)
    assert np.abs(z).max() < LIMIT
    below = [(each < np.quantile(double, (0.01, 0.1, 0.5, 0.9, 0.99), axis=2)[..., None]).mean(3) for each in (single,)]
    for share, level in zip(below[0], (0.01, 0.1, 0.5, 0.9, 0.99), strict=True):
        assert np.abs((share - level) / np.sqrt(2.0 * level * (1.0 - level) / PATHS)).max() < LIMIT


@pytest.mark.parametrize("kind", KINDS)
def test_fast_arithmetic_draws_the_same_paths(kind):
    strict, fast = paths_of(kind), paths_of(kind, FAST)
    assert (strict != fast).any()
    np.testing.assert_allclose(fast, strict, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("numerics", [SINGLE, FAST], ids=str)
def test_result_does_not_depend_on_threads_and_is_that_of_the_paths(numerics):
    law = law_of("student-t", numerics)
    one, two = (draw(law, scenario="x", seed=3, paths=PATHS, threads=threads, exact=True) for threads in (1, 2))
    for name, values in one.statistics.items():
        np.testing.assert_array_equal(values, two.statistics[name])
    drawn = paths_of("student-t", numerics)
    np.testing.assert_array_equal(one.statistics["q05"], np.sort(drawn, axis=2)[:, :, PATHS // 20 - 1])
    np.testing.assert_allclose(one.statistics["mean"], drawn.mean(2), rtol=0.0, atol=1e-5 * drawn.std(2).max())
    np.testing.assert_allclose(one.statistics["sd"], drawn.std(2), rtol=1e-4)


def test_paths_do_not_depend_on_where_a_drawing_begins():
    law = law_of("student-t", SINGLE)
    np.testing.assert_array_equal(draw_paths(law, 3, 512, 2100), draw_paths(law, 3, 0, 4096)[:, :, 512:2612])


def test_aggregates_are_weighted_sums_of_single_precision_returns():
    law = law_of("student-t", SINGLE)
    cumulated = paths_of("student-t", SINGLE)[5:]
    gross = np.concatenate([np.ones((cumulated.shape[0], 1, PATHS)), 1.0 + cumulated], axis=1)
    monthly = gross[:, 1:] / gross[:, :-1] - 1.0
    base, groups = monthly[:7], monthly[7:]
    sums = np.einsum("gs,stp->gtp", dense(law.equity.aggregation, 7), base)
    assert np.abs(sums - groups).max() < 1e-6


def test_weights_are_those_of_double_precision():
    law = law_of("conditioned")
    law = dataclasses.replace(law, mixing=law.mixing._replace(proposal=some_proposal(law.mixing, 2)))
    single = dataclasses.replace(law, numerics=SINGLE)
    np.testing.assert_array_equal(log_likelihoods(single, 3, 0, 3000), log_likelihoods(law, 3, 0, 3000))


def test_laws_drawn_together_share_precision_and_arithmetic():
    with pytest.raises(InputError, match="must share their precision and arithmetic"):
        draw_paths([law_of("gaussian"), law_of("gaussian", SINGLE)], 1, 0, 512, owner=lambda block: block % 2)
