"""Every kind of condition, alone and mixed, against brute force.

Source: unconditional paths drawn with numpy from the model's equations alone. Hard rows keep the paths
that come near, ranges those inside; measurements weigh by the density of their error; margins and
tables are raked to their shares (Deming and Stephan 1940). No gain, no proposal, no kernel.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from jpsim.conditioning.conditional import condition
from jpsim.conditioning.premium import Shift
from jpsim.conditioning.rows import Row
from jpsim.conditioning.scenario_law import ScenarioLaw
from jpsim.conditioning.stacked import stack_rows
from jpsim.conditioning.stories import Story
from jpsim.conditioning.system import System, build_system
from jpsim.scenario import Scenario
from jpsim.simulation.sampling import Sampler
from tests.models import small_model

HORIZON = 6
CHUNK = 100_000
WINDOW = 0.1  # half-width around a hard row and around a table's values, in standard deviations
EDGES = np.linspace(-3.5, 3.5, 141)  # of the bins in which margins are raked, in stated standard deviations
COMPARED = [(0, 1), (0, 5), (1, 2), (1, 5), (2, 5), (3, 5), (4, 3)]
"""Factor and month (from 0) of the quantities that are compared."""
Kind = tuple[str, int, int, tuple[float, ...]]
CASES: dict[str, tuple[Kind, ...]] = {
    "hard": (("hard", 0, 3, (1.2,)), ("hard", 3, 4, (-1.2,))),
    "hard and measurement": (("hard", 1, 6, (0.8,)), ("measurement", 2, 3, (-1.5, 0.6))),
    "hard and three ranges": (
        ("hard", 0, 2, (-0.7,)), ("range", 2, 3, (-1.0, 0.5)), ("range", 1, 5, (0.3, np.inf)),
        ("range", 3, 6, (-np.inf, 0.4)),
    ),
    "margin beside a hard row": (("hard", 0, 4, (0.5,)), ("marginal", 2, 6, (0.8, 0.7))),
    "two margins beside a hard row": (
        ("hard", 4, 4, (0.5,)), ("marginal", 1, 6, (-0.5, 0.8)), ("marginal", 3, 3, (0.5, 0.9)),
    ),
    "table and range": (("table", 0, 3, (-1.0, 0.3, 1.0, 0.7)), ("range", 2, 5, (-0.5, 1.5))),
    "table beside a margin": (("table", 0, 3, (-0.8, 0.4, 1.0, 0.6)), ("marginal", 1, 5, (0.6, 0.8))),
    "all kinds": (
        ("hard", 4, 5, (0.4,)), ("measurement", 3, 2, (0.8, 0.8)), ("table", 0, 3, (-0.6, 0.5, 0.6, 0.5)),
        ("marginal", 1, 6, (0.4, 0.9)), ("range", 2, 4, (-0.8, 1.2)),
    ),
}  # fmt: skip
"""Kind, factor, month, and numbers in standard deviations from the mean (value, sd, bounds, value and share)."""


@pytest.fixture(scope="module")
def system() -> System:
    return build_system(small_model(nu=6.0), HORIZON)


def unconditional(system: System, count: int) -> Iterator[np.ndarray]:
    """(n, h, CHUNK) levels in model units, straight from the equations."""
    model, rng = system.model, np.random.default_rng(2026)
    root, levels = np.linalg.cholesky(model.Sigma), [system.level_row(i) for i in range(len(model.factors))]
    to_level, constant = np.array([row for row, _ in levels]), np.array([value for _, value in levels])[:, None]
    for _ in range(count // CHUNK):
        state = np.repeat(system.start[:, None], CHUNK, axis=1)
        v, out = np.full(CHUNK, model.sv_start), np.empty((len(model.factors), HORIZON, CHUNK))
        for t in range(HORIZON):
            v = model.sv_phi * v + model.sv_sigma * rng.standard_normal(CHUNK)
            square = np.exp(v - model.sv_sigma**2 / (2 * (1 - model.sv_phi**2)))
            square *= (model.nu - 2) / rng.chisquare(model.nu, CHUNK)
            shock = root @ rng.standard_normal((len(root), CHUNK)) * np.sqrt(square)
            own = np.zeros_like(state)
            own[: len(root)] = shock
            own[len(model.factors) * model.lags :] = shock[system.cumulated]
            state = system.offset[t][:, None] + system.transition[t] @ state + own
            out[:, t] = to_level @ state + constant
        yield out


def scaled(system: System, factor: int, month: int) -> tuple[np.ndarray, float, float, float]:
    """Weights, constant, unconditional mean and sd of a level."""
    weights, constant = system.level_row(factor)
    own = stack_rows(system, weights[None], np.array([constant]), np.array([month]))
    return weights, constant, float(own.mean[0]), float(np.sqrt(own.cov[0, 0]))


def rows_of(system: System, case: tuple[Kind, ...]) -> tuple[Row, ...]:
    rows = []
    for kind, factor, month, numbers in case:
        weights, constant, mean, sd = scaled(system, factor, month)
        name = system.model.factors[factor]
        row = Row(name, month, kind, weights, constant, np.nan, 0.0, -np.inf, np.inf, name, None)
        if kind == "range":
            row = replace(row, low=mean + sd * numbers[0], high=mean + sd * numbers[1])
        elif kind == "table":
            table = tuple((mean + sd * value, share) for value, share in zip(numbers[::2], numbers[1::2], strict=True))
            row = replace(row, value=sum(value * share for value, share in table), table=table)
        else:
            row = replace(row, value=mean + sd * numbers[0], sd=sd * numbers[1] if len(numbers) > 1 else 0.0)
        rows.append(row)
    return tuple(rows)


def kept(system: System, case: tuple[Kind, ...], levels: np.ndarray) -> np.ndarray:
    """Which paths come near the hard rows and the tables' values, and stay in the ranges."""
    near = np.ones(levels.shape[2], dtype=bool)
    for kind, factor, month, numbers in case:
        _, _, mean, sd = scaled(system, factor, month)
        x = (levels[factor, month - 1] - mean) / sd
        if kind == "hard":
            near &= np.abs(x - numbers[0]) < WINDOW
        elif kind == "range":
            near &= (x >= numbers[0]) & (x <= numbers[1])
        elif kind == "table":
            near &= np.min([np.abs(x - value) for value in numbers[::2]], axis=0) < WINDOW
    return near


def raked(system: System, case: tuple[Kind, ...], levels: np.ndarray) -> np.ndarray:
    """Weights of the kept paths: densities of measurement errors, then margins and tables in turn."""
    q = np.ones(levels.shape[2])
    margins = []
    for kind, factor, month, numbers in case:
        _, _, mean, sd = scaled(system, factor, month)
        x = (levels[factor, month - 1] - mean) / sd
        if kind == "measurement":
            q *= np.exp(-0.5 * ((x - numbers[0]) / numbers[1]) ** 2)
        elif kind == "marginal":
            edges = numbers[0] + numbers[1] * EDGES
            margins.append((np.digitize(x, edges), np.diff(norm.cdf(EDGES), prepend=0.0, append=1.0)))
        elif kind == "table":
            place = np.argmin([np.abs(x - value) for value in numbers[::2]], axis=0)
            margins.append((place, np.array(numbers[1::2])))
    for _ in range(60 if margins else 0):
        for place, shares in margins:
            q *= (shares / np.maximum(np.bincount(place, q, shares.size), 1e-300))[place]
    return q / q.sum()


def statistics(x: np.ndarray, q: np.ndarray, cuts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean, sd and shares below two cuts, and their standard errors."""
    mean = q @ x
    sd = np.sqrt(q @ (x - mean) ** 2)
    below = [q @ (x <= cut) for cut in cuts]
    terms = [
        x - mean,
        ((x - mean) ** 2 - sd**2) / (2 * sd),
        *((x <= cut) - share for cut, share in zip(cuts, below, strict=True)),
    ]
    return np.array([mean, sd, *below]), np.sqrt([term**2 @ q**2 for term in terms])


def z_scores(ours: np.ndarray, our_q: np.ndarray, theirs: np.ndarray, their_q: np.ndarray) -> np.ndarray:
    """z of mean, sd, and shares below brute force's 5 and 95 % quantiles of each quantity."""
    out = []
    for mine, other in zip(ours, theirs, strict=True):
        order = np.argsort(other)
        cuts = other[order][np.searchsorted(np.cumsum(their_q[order]), [0.05, 0.95])]
        value, error = statistics(mine, our_q, cuts)
        truth, truth_error = statistics(other, their_q, cuts)
        out.append((value - truth) / np.hypot(error, truth_error))
    return np.array(out)


def brute(system: System, count: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    found: dict[str, list[np.ndarray]] = {name: [] for name in CASES}
    for levels in unconditional(system, count):
        for name, case in CASES.items():
            found[name].append(levels[:, :, kept(system, case, levels)])
    joined = {name: np.concatenate(pieces, axis=2) for name, pieces in found.items()}
    return {name: (levels, raked(system, CASES[name], levels)) for name, levels in joined.items()}


@pytest.fixture(scope="module")
def truth(system: System) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    return brute(system, 10_000_000 if os.environ.get("JPSIM_SLOW_TESTS") == "1" else 800_000)


@pytest.mark.parametrize("name", CASES)
def test_conditioned_paths_are_those_of_brute_force(
    system: System, truth: dict[str, tuple[np.ndarray, np.ndarray]], name: str
) -> None:
    law = ScenarioLaw(
        Scenario(id="test"),
        condition(system, rows_of(system, CASES[name])),
        Shift(np.zeros(HORIZON), np.zeros(HORIZON)),
        np.zeros(len(system.model.series)),
    )
    sampler, paths = Sampler.of(Story.of(law), "stochastic_volatility", 11), 60_000
    weights = sampler.weights(paths)
    assert weights is not None
    drawn = sampler.paths(0, paths)[: len(system.model.factors)]
    log = np.array([kind == "log100" for kind in system.model.transform])[:, None, None]
    levels = np.where(log, 100.0 * np.log(np.where(log, drawn, 1.0)), drawn)
    brute_levels, q = truth[name]
    assert 1.0 / (q**2).sum() > 400
    stated = {(factor, month - 1) for _, factor, month, _ in CASES[name]}
    compared = [pair for pair in COMPARED if pair not in stated]
    z = z_scores(
        np.array([levels[pair] for pair in compared]), weights / weights.sum(),
        np.array([brute_levels[pair] for pair in compared]), q,
    )  # fmt: skip
    assert np.abs(z).max() < 4.0
    assert np.sqrt((z**2).mean()) < 1.6
