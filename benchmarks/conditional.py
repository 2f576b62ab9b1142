"""A conditioned scenario of 12 factors, 12 months and 17 rows: jpsim against numpy in float32, and by law.

The reference is what numpy does best: the 144 factor values are linear in 144 shocks, so that chunks of paths are
two matrix products, the second of which meets the rows exactly (Doucet's method, as jpsim's own); then mean,
standard deviation and seven quantiles of each factor and month from sorted values. jpsim draws four series of
equities beside the factors, because a law has some, and nine quantiles with their errors.

Both are timed by the processor, in turns, on one thread.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable

import numpy as np

from benchmarks.kernels import CHUNK, ranged
from jpsim.simulation.engine import draw
from jpsim.simulation.law import Law
from tests.naive.simulation import example_law

SIZE = {"n": 12, "p": 1, "months": 12, "series": 4, "groups": 1, "common": 1, "rows": 17}
LEVELS = (0.01, 0.05, 0.25, 0.50, 0.75, 0.95, 0.99)
Floats = np.ndarray


def stacked(law: Law) -> tuple[Floats, Floats]:
    """Mean (h n,) and response (h n, h n) of the factors' observations to the unconditional shocks."""
    dynamics, months, n = law.dynamics, *law.dynamics.intercept.shape
    mean, response = np.zeros((months, n)), np.zeros((months, n, months, n))
    before, moved = dynamics.state[:n], np.zeros((n, months, n))
    for t in range(months):
        a = dynamics.transition[t][:, :n]
        before = mean[t] = dynamics.intercept[t] + a @ before
        moved = np.einsum("ij,jtk->itk", a, moved)
        moved[:, t] += dynamics.impact[t]
        response[t] = moved
    return mean.ravel(), response.reshape(months * n, months * n)


def numpy_run(law: Law, paths: int) -> tuple[Floats, ...]:
    """Draw the conditioned factors in float32, and reduce them."""
    assert law.mixing is not None
    rng, (mean, response), mixing = np.random.Generator(np.random.SFC64(1)), stacked(law), law.mixing
    exposure = mixing.exposure.transpose(1, 0, 2).reshape(mixing.gap.size, -1)
    gain = np.linalg.solve(exposure @ exposure.T + np.diag(mixing.noise), exposure).T
    project = (response @ (np.eye(mean.size) - gain @ exposure)).astype(np.float32)
    noisy = (response @ gain * np.sqrt(mixing.noise)).astype(np.float32)
    centre = (mean + response @ gain @ mixing.gap).astype(np.float32)[:, None]
    x = np.empty((mean.size, paths), dtype=np.float32)
    for first in range(0, paths, CHUNK):
        out = x[:, first : first + CHUNK]
        z = rng.standard_normal((mean.size, out.shape[1]), dtype=np.float32)
        e = rng.standard_normal((mixing.gap.size, out.shape[1]), dtype=np.float32)
        out[:] = project @ z
        out -= noisy @ e
        out += centre
    average, sd = x.mean(axis=1, dtype=np.float64), x.std(axis=1, dtype=np.float64)
    x.sort(axis=1)
    return average, sd, x[:, [int(level * paths) for level in LEVELS]]


def processor_seconds(works: dict[str, Callable[[], object]], rounds: int = 3) -> dict[str, float]:
    """Best processor time of each work over some rounds, in turns."""
    best = dict.fromkeys(works, float("inf"))
    for _ in range(rounds):
        for name, work in works.items():
            begun = time.process_time()
            work()
            best[name] = min(best[name], time.process_time() - begun)
    return best


def conditional_seconds(paths: int = 100_000) -> dict[str, float]:
    """Processor time of the reference and of jpsim under each law of the innovations."""
    plain = example_law(np.random.default_rng(1), **SIZE)
    assert plain.mixing is not None
    heavy = dataclasses.replace(plain, mixing=plain.mixing._replace(nu=8.0))
    volatile = dataclasses.replace(plain, mixing=plain.mixing._replace(nu=8.0, sv_phi=0.9, sv_sigma=0.2))
    laws = {"gaussian": plain, "student_t": heavy, "stochastic_volatility": volatile}
    works: dict[str, Callable[[], object]] = {"numpy float32": lambda: numpy_run(plain, paths)}
    for name, each in laws.items():
        placed = ranged(each)
        works[name] = lambda placed=placed: draw(placed, scenario="c", seed=1, paths=paths, threads=1)
        works[name]()
    return processor_seconds(works)
