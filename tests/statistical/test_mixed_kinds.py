"""Kinds of conditions in pairs and threes, through the whole path from a file, against brute force.

Source: one pool of unconditional paths, drawn with numpy from the equations of both regimes, their probabilities
included. Hard statements keep the paths that come near, ranges and windows those inside; measurements weigh by the
density of their error; margins, tables and views on probabilities are raked to their shares (Deming and Stephan
1940), which is the law of least relative entropy. No gain, no proposal, no kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from jpsim.conditioning.stories import derive_story
from jpsim.conditioning.system import build_system
from jpsim.model import Model
from jpsim.scenario import load_scenario
from jpsim.simulation.sampling import Sampler
from tests.models import regime_model
from tests.statistical.test_brute_force import COMPARED, EDGES, HORIZON, unconditional, z_scores
from tests.statistical.test_windows import Levels, reported

PATHS = 60_000
POOL = 10_000_000

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Case:
    """A scenario, and what brute force makes of it."""

    text: str
    keep: Callable[[Levels], np.ndarray]
    density: Callable[[Levels], np.ndarray] | None = None
    shares: tuple[Callable[[Levels], tuple[np.ndarray, np.ndarray]], ...] = ()
    regime: str | None = None
    stated: tuple[int, int] | None = None
    """Factor and month (from 0) of a margin: raked in bins there, and met exactly here."""


def near(values: np.ndarray, places: tuple[float, ...], width: float) -> np.ndarray:
    return np.min([np.abs(values - place) for place in places], axis=0) < width


def tabled(factor: str, month: int, law: dict[float, float]) -> Callable[[Levels], tuple[np.ndarray, np.ndarray]]:
    values = np.array(list(law))
    return lambda x: (np.argmin(np.abs(x[factor][month - 1] - values[:, None]), axis=0), np.array(list(law.values())))


def margin(factor: str, month: int, mean: float, sd: float) -> Callable[[Levels], tuple[np.ndarray, np.ndarray]]:
    shares = np.diff(norm.cdf(EDGES), prepend=0.0, append=1.0)
    return lambda x: (np.digitize(x[factor][month - 1], mean + sd * EDGES), shares)


def chance(factor: str, month: int, above: float, share: float) -> Callable[[Levels], tuple[np.ndarray, np.ndarray]]:
    return lambda x: ((x[factor][month - 1] > above).astype(int), np.array([1.0 - share, share]))


TWO_YEAR = {1.15: 0.4, 1.4: 0.6}
TABLE = "  jgb_2y: {table: {3m: {1.15%: 0.4, 1.4%: 0.6}}}\n"
CASES = {
    "table, range and measurement": Case(
        f"regime: wild\nconditions:\n{TABLE}  jgb_10y: {{range: {{5m: [2.2%, 2.6%]}}}}\n"
        "  usdjpy: {level: {2m: 158}, kind: measurement, sd: 5 JPY}",
        lambda x: near(x["jgb_2y"][2], tuple(TWO_YEAR), 0.012) & near(x["jgb_10y"][4], (2.4,), 0.2),
        lambda x: np.exp(-0.5 * (np.log(x["usdjpy"][1] / 158.0) * 158.0 / 5.0) ** 2),
        (tabled("jgb_2y", 3, TWO_YEAR),), "wild",
    ),
    "window beside a margin": Case(
        "regime: calm\nconditions:\n  usdjpy: {maximum: {6m: [163, null]}}\n"
        "  jgb_10y: {level: {6m: 2.4%}, kind: marginal, sd: 15bp}",
        lambda x: x["usdjpy"].max(axis=0) >= 163, None, (margin("jgb_10y", 6, 2.4, 0.15),), "calm", (1, 5),
    ),
    "window beside a table": Case(
        f"regime: wild\nconditions:\n{TABLE}  sp500: {{minimum: {{6m: [null, 6000]}}}}",
        lambda x: near(x["jgb_2y"][2], tuple(TWO_YEAR), 0.012) & (x["sp500"].min(axis=0) <= 6000), None,
        (tabled("jgb_2y", 3, TWO_YEAR),), "wild",
    ),
    "window beside an average and a range": Case(
        "conditions:\n  jgb_10y: {average: {6m: 2.35%}, since: 2m}\n  usdjpy: {maximum: {6m: [162, null]}}\n"
        "  vix: {range: {4m: [15, 30]}}",
        lambda x: near(x["jgb_10y"][1:].mean(axis=0), (2.35,), 0.012) & (x["usdjpy"].max(axis=0) >= 162)
        & (x["vix"][3] >= 15) & (x["vix"][3] <= 30),
    ),
    "window beside a measured average of the same quantity, and a table": Case(
        f"regime: wild\nconditions:\n{TABLE}  jgb_10y: [{{average: {{6m: 2.4%}}, since: 2m, kind: measurement, "
        "sd: 10bp}, {minimum: {6m: [2.15%, null]}, maximum: {4m: [2.4%, null]}, since: 2m}]",
        lambda x: near(x["jgb_2y"][2], tuple(TWO_YEAR), 0.012) & (x["jgb_10y"][1:].min(axis=0) >= 2.15)
        & (x["jgb_10y"][1:4].max(axis=0) >= 2.4),
        lambda x: np.exp(-0.5 * ((x["jgb_10y"][1:].mean(axis=0) - 2.4) / 0.1) ** 2),
        (tabled("jgb_2y", 3, TWO_YEAR),), "wild",
    ),
    "window beside an average of the same price among regimes": Case(
        "conditions:\n  usdjpy: [{average: {6m: 156}}, {maximum: {6m: [160, 168]}}]\n  vix: {range: {4m: [15, 30]}}",
        lambda x: near(np.log(x["usdjpy"]).mean(axis=0), (np.log(156.0),), 0.003)
        & near(x["usdjpy"].max(axis=0), (164.0,), 4.0) & near(x["vix"][3], (22.5,), 7.5),
    ),
    "window and measurement among regimes": Case(
        "conditions:\n  usdjpy: {maximum: {6m: [168, null]}}\n"
        "  jgb_10y: {level: {6m: 2.6%}, kind: measurement, sd: 15bp}",
        lambda x: x["usdjpy"].max(axis=0) >= 168,
        lambda x: np.exp(-0.5 * ((x["jgb_10y"][5] - 2.6) / 0.15) ** 2),
    ),
    "table beside a margin and a range": Case(
        f"regime: calm\nconditions:\n{TABLE}  jgb_10y: {{level: {{5m: 2.35%}}, kind: marginal, sd: 15bp}}\n"
        "  usdjpy: {range: {6m: [150, 175]}}",
        lambda x: near(x["jgb_2y"][2], tuple(TWO_YEAR), 0.012) & near(x["usdjpy"][5], (162.5,), 12.5), None,
        (tabled("jgb_2y", 3, TWO_YEAR), margin("jgb_10y", 5, 2.35, 0.15)), "calm", (1, 4),
    ),
    "view beside a table": Case(
        f"regime: calm\nconditions:\n{TABLE}views: [{{series: usdjpy, at: 6m, above: 160, probability: 45%}}]",
        lambda x: near(x["jgb_2y"][2], tuple(TWO_YEAR), 0.012), None,
        (tabled("jgb_2y", 3, TWO_YEAR), chance("usdjpy", 6, 160.0, 0.45)), "calm",
    ),
    "view beside a window": Case(
        "regime: wild\nconditions:\n  usdjpy: {maximum: {5m: [165, null]}}\n"
        "views: [{series: sp500, at: 6m, above: 7000, probability: 60%}]",
        lambda x: x["usdjpy"][:5].max(axis=0) >= 165, None, (chance("sp500", 6, 7000.0, 0.6),), "wild",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def model() -> Model:
    return regime_model(nu=6.0)


@pytest.fixture(scope="module")
def pool(model: Model) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """By case the kept paths in model units, and their probabilities."""
    kept: dict[str, list[np.ndarray]] = {name: [] for name in CASES}
    for regime in model.regimes:
        own = model.in_regime(regime.name)
        for drawn in unconditional(build_system(own, HORIZON), int(round(POOL * regime.probability, -5))):
            levels = reported(own, drawn)
            for name, case in CASES.items():
                if case.regime in (None, regime.name):
                    kept[name].append(drawn[:, :, case.keep(levels)].astype(np.float32))
    joined = {name: np.concatenate(pieces, axis=2) for name, pieces in kept.items()}
    return {name: (drawn, weighed(CASES[name], reported(model, drawn))) for name, drawn in joined.items()}


def weighed(case: Case, levels: Levels) -> np.ndarray:
    q = np.ones(levels["usdjpy"].shape[1]) if case.density is None else case.density(levels)
    margins = [shares(levels) for shares in case.shares]
    for _ in range(80):
        for place, shares in margins:
            q = q * (shares / np.maximum(np.bincount(place, q, shares.size), 1e-300))[place]
    return q / q.sum()


@pytest.mark.parametrize("name", CASES)
def test_mixed_kinds_are_those_of_brute_force(
    tmp_path: Path, model: Model, pool: dict[str, tuple[np.ndarray, np.ndarray]], name: str
) -> None:
    case, path = CASES[name], tmp_path / "mixed.yaml"
    path.write_text(f"schema: jpsim/scenario@1\nid: mixed\nas_of: 2026-01\n{case.text}\n", encoding="utf-8")
    divided = case.regime is None
    story = derive_story(model, load_scenario(path), HORIZON, {}, divided=divided, innovations="stochastic_volatility")
    sampler = Sampler.of(story, "stochastic_volatility", 17)
    weights = sampler.weights(PATHS)
    assert weights is not None
    assert weights.sum() ** 2 / (weights**2).sum() > 0.25 * PATHS
    brute, q = pool[name]
    assert 1.0 / (q**2).sum() > 250
    drawn = sampler.paths(0, PATHS)[: len(model.factors)]
    log = np.array([kind == "log100" for kind in model.transform])[:, None, None]
    ours = np.where(log, 100.0 * np.log(np.where(log, drawn, 1.0)), drawn)
    compared = [pair for pair in ((2, 3), *COMPARED) if pair != case.stated]
    values = (np.array([levels[pair] for pair in compared]) for levels in (ours, brute))
    z = z_scores(next(values), weights / weights.sum(), next(values), q)
    print(f"{name}: {q.size:,} kept, rms z {np.sqrt((z**2).mean()):.2f}, largest {np.abs(z).max():.1f}")
    assert np.abs(z).max() < 4.2
    assert np.sqrt((z**2).mean()) < 1.6
