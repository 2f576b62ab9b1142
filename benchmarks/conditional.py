"""A conditioned scenario of 12 factors, 12 months and 17 hard rows: jpsim against numpy in float32, and by law.

Both draw the factors of one Gaussian law and nothing else, and both meet the rows on every path. The reference is what
numpy does best: the 144 factor values are linear in 144 shocks, so that chunks of paths are one matrix product in
which the rows are met already (Doucet's method). jpsim advances month by month, each month's law being the one given
the rows. Two comparisons, each of the same work: **paths alone**, in memory in float32; and **statistics**, mean,
standard deviation and quantiles of each factor and month, which numpy takes from sorted values and jpsim from what it
counts, with two more quantiles, shortfalls and an error for each figure.

Student-t months and stochastic volatility are drawn by jpsim alone, conditioned given the months' scales. All is timed
by the processor, in turns, on one thread.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from benchmarks.kernels import CHUNK, ranged
from jpsim.conditioning.sequential import condition_system
from jpsim.conditioning.system import System
from jpsim.simulation.accumulation import sink_for
from jpsim.simulation.drawing import prepare_drawing, superblocks
from jpsim.simulation.engine import draw
from jpsim.simulation.kernels.jit import variant
from jpsim.simulation.kernels.superblock import simulate_superblock
from jpsim.simulation.law import Dynamics, Equity, Law, Levels, Mixing, Numerics, Sparse

__all__ = ["conditional_seconds", "conditioned", "factor_paths", "numpy_paths"]

FACTORS, MONTHS, ROWS = 12, 12, 17
LEVELS = (0.01, 0.05, 0.25, 0.50, 0.75, 0.95, 0.99)
SINGLE, FAST = Numerics("float32", "strict"), Numerics("float32", "fast")
Floats = np.ndarray


class Conditioned(NamedTuple):
    """A Gaussian system and its rows: factors ``places`` in months ``months`` (from 1) have ``values``."""

    transition: Floats  # (n, n)
    impact: Floats  # (n, n)
    places: Floats  # (17,)
    months: Floats  # (17,)
    values: Floats  # (17,)


def conditioned() -> Conditioned:
    """Draw a stable system, and rows about one standard deviation away from its mean of zero."""
    rng = np.random.default_rng(1)
    transition = rng.normal(size=(FACTORS, FACTORS))
    transition *= 0.9 / np.abs(np.linalg.eigvals(transition)).max()
    impact = np.linalg.cholesky(np.cov(rng.normal(size=(FACTORS, 40))))
    chosen = np.sort(rng.choice(FACTORS * MONTHS, ROWS, replace=False))
    return Conditioned(transition, impact, chosen % FACTORS, chosen // FACTORS + 1, rng.normal(size=ROWS))


def stacked(given: Conditioned) -> Floats:
    """Response (h, n, h, n) of the factors to the months' shocks."""
    response = np.zeros((MONTHS, FACTORS, MONTHS, FACTORS))
    for t in range(MONTHS):
        if t:
            response[t] = np.einsum("ij,jsk->isk", given.transition, response[t - 1])
        response[t, :, t] = given.impact
    return response


def law_of(given: Conditioned, mixing: Mixing | None = None) -> Law:
    """Write the conditioned system as a law without equities; with `mixing`, that meets the rows."""
    rows = np.eye(FACTORS)[given.places]
    over_months = partial(np.tile, reps=(MONTHS, 1, 1))
    free = System(
        model=None,  # nothing below asks for it
        start=np.zeros(FACTORS),
        base_level=np.ones(FACTORS),
        offset=np.zeros((MONTHS, FACTORS)),
        transition=over_months(given.transition),
        impact=over_months(given.impact),
    )
    system = free if mixing else condition_system(free, rows, given.months, given.values, np.zeros(ROWS), [])
    dynamics = Dynamics(
        state=system.start,
        intercept=system.offset,
        transition=system.transition,
        impact=system.impact,
        # No series follow the factors: none of their movement need be told apart as foreseen.
        free_intercept=np.zeros(FACTORS),
        free_transition=np.zeros((FACTORS, FACTORS)),
        cumulated=np.zeros(0, dtype=np.int64),
    )
    none = Sparse(np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0))
    equity = Equity(
        np.zeros((MONTHS, 0)), np.zeros((0, FACTORS)), np.zeros((0, 0)), none, np.zeros(0), np.zeros(0), none
    )
    levels, wide = Levels(np.zeros(FACTORS, dtype=np.int64), np.ones(FACTORS)), np.ones((FACTORS, MONTHS))
    return Law(dynamics, mixing, equity, levels, -wide, wide, np.zeros(FACTORS), np.arange(1, MONTHS + 1))


def mixed(given: Conditioned, nu: float, **volatility: float) -> Law:
    """Write the system with random scales of the months."""
    response = stacked(given)
    exposure = response[given.months - 1, given.places].transpose(1, 0, 2)
    return law_of(given, Mixing(nu, exposure, np.zeros(ROWS), given.values, **volatility))


def numpy_paths(given: Conditioned, paths: int) -> Floats:
    """Draw the conditioned factors in float32, (n h, paths), month by month."""
    rng, response = np.random.Generator(np.random.SFC64(1)), stacked(given)
    exposure = response[given.months - 1, given.places].reshape(ROWS, -1)
    flat = response.reshape(exposure.shape[1], -1)
    gain = np.linalg.solve(exposure @ exposure.T, exposure).T
    project = (flat @ (np.eye(flat.shape[0]) - gain @ exposure)).astype(np.float32)
    centre = (flat @ gain @ given.values).astype(np.float32)[:, None]
    x = np.empty((flat.shape[0], paths), dtype=np.float32)
    for first in range(0, paths, CHUNK):
        out = x[:, first : first + CHUNK]
        np.matmul(project, rng.standard_normal(out.shape, dtype=np.float32), out=out)
        out += centre
    return x


def numpy_statistics(given: Conditioned, paths: int) -> tuple[Floats, ...]:
    """Draw and reduce."""
    x = numpy_paths(given, paths)
    average, sd = x.mean(axis=1, dtype=np.float64), x.std(axis=1, dtype=np.float64)
    x.sort(axis=1)
    return average, sd, x[:, [int(level * paths) for level in LEVELS]]


def factor_paths(law: Law, paths: int) -> Floats:
    """Draw (n, h, paths) factors in the precision of the law, and count nothing."""
    drawing, out = prepare_drawing(law, 1), np.empty((FACTORS, MONTHS, paths), dtype=law.numerics.precision)
    scratch, simulate = drawing.scratch, variant(simulate_superblock, *law.numerics)
    sink = sink_for(law, counted=False)._replace(paths=out, rows=np.arange(FACTORS))
    for first, count in superblocks(0, paths):
        simulate(
            drawing.coefficients[0], scratch, sink._replace(at=first), drawing.key, np.uint64(first), 0, count, True,
            drawing.targets_of(scratch, first, count),
        )  # fmt: skip
    return out


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
    """Processor time of the reference, and of jpsim by law and precision."""
    given = conditioned()
    plain = ranged(law_of(given))
    single, fast = (dataclasses.replace(plain, numerics=numerics) for numerics in (SINGLE, FAST))
    laws = {
        "gaussian": plain,
        "gaussian, float32": single,
        "gaussian, float32, fast": fast,
        "student_t": ranged(mixed(given, 8.0)),
        "stochastic_volatility": ranged(mixed(given, 8.0, sv_phi=0.9, sv_sigma=0.2)),
    }
    works: dict[str, Callable[[], object]] = {
        "paths: numpy float32": partial(numpy_paths, given, paths),
        "paths: gaussian, float32": partial(factor_paths, single, paths),
        "paths: gaussian, float32, fast": partial(factor_paths, fast, paths),
        "numpy float32": partial(numpy_statistics, given, paths),
    }
    for name, law in laws.items():
        works[name] = partial(draw, law, scenario="c", seed=1, paths=paths, threads=1)
        works[name]()
    return processor_seconds(works)
