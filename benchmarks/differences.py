"""How close paths of two scenarios stay, and how much narrower differences are for it.

``python -m benchmarks.differences`` prints the table of docs/design.md; with ids of scenarios, or ``all``, a line for
each of them against the baseline, drawn as a run draws it: regimes, posterior draws, rules, views and weights included.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import product

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.stories import Story, derive_story
from jpsim.conditioning.term_moments import Innovations
from jpsim.model import Model
from jpsim.model.store import load_model
from jpsim.scenario import Scenario, find_scenarios, load_scenario
from jpsim.simulation.sampling import Sampler

PATHS, HORIZON, SEED = 100_000, 12, 20260130
SERIES = ("topix", "banks", "usdjpy", "sp500")
KINDS: tuple[Innovations, ...] = ("stochastic_volatility", "student_t")

Floats = npt.NDArray[np.float64]


def paired(first: tuple[Floats, Floats], second: tuple[Floats, Floats]) -> tuple[float, float]:
    """Correlation of two samples (values, weights) path by path, and independent over common error of their means."""
    (x, one), (y, other) = first, second
    both = np.sqrt(one * other) / np.sqrt(one * other).sum()
    a, b = x - both @ x, y - both @ y
    together = both @ (a * b) / np.sqrt((both @ a**2) * (both @ b**2))
    a, b = one * (x - one @ x / one.sum()), other * (y - other @ y / other.sum())
    return float(together), float(np.sqrt((a @ a + b @ b) / ((b - a) @ (b - a))))


def sampled(
    model: Model, names: Sequence[str], kind: Innovations, *, drawn: bool, paths: int
) -> Iterator[tuple[str, Floats, Floats]]:
    """Id, (series, paths) values at the horizon and weights of each scenario, the baseline first."""
    library = _library()
    known: dict[str, Story] = {}
    rows = [model.outputs.index(name) for name in SERIES]
    for name in ("baseline", *names):
        story = derive_story(
            model, library[name], HORIZON, library, drawn=drawn, divided=True, innovations=kind, known=known
        )
        sampler = Sampler.of(story, kind, SEED, steps=[HORIZON])
        weights = sampler.weights(paths)
        known[name] = sampler.story
        yield name, sampler.paths(0, paths, rows)[:, 0], np.ones(paths) if weights is None else weights


def compared(
    model: Model, names: Sequence[str], kind: Innovations, *, drawn: bool, paths: int = PATHS
) -> Mapping[str, list[tuple[float, float]]]:
    """Correlation and ratio of errors of each of `SERIES`, by scenario, against the baseline."""
    (_, base, ones), *others = sampled(model, names, kind, drawn=drawn, paths=paths)
    return {
        name: [paired((x, ones), (y, weights)) for x, y in zip(base, values, strict=True)]
        for name, values, weights in others
    }


def _library() -> dict[str, Scenario]:
    return {name: load_scenario(name) for name in find_scenarios()}


def _line(head: str, found: list[tuple[float, float]]) -> str:
    return f"| {head} | " + " | ".join(f"{together:.2f}, {ratio:.1f}" for together, ratio in found) + " |"


def main() -> None:
    """Print the table, or lines of scenarios."""
    model, names = load_model("japan_monthly"), sys.argv[1:]
    if not names:
        for kind, drawn in product(KINDS, (False, True)):
            found = compared(model, ["boj_hike"], kind, drawn=drawn)["boj_hike"]
            print(_line(f"{kind.replace('_', ' ')} | {'yes' if drawn else 'no'}", found), flush=True)
        return
    if names == ["all"]:
        names = [name for name in _library() if name != "baseline"]
    every = compared(model, names, "stochastic_volatility", drawn=True, paths=PATHS // 2)
    for name, each in every.items():
        print(_line(name, each))
    for place, series in enumerate(SERIES):
        together, ratio = np.array([each[place] for each in every.values()]).T
        print(f"{series}: median {np.median(together):.2f}, {np.median(ratio):.1f}; ", end="")
        print(f"{np.mean(together >= 0.95):.0%} from 0.95, {np.mean(ratio >= 3.0):.0%} from 3")


if __name__ == "__main__":
    main()
