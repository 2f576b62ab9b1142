"""Effective sample under two distant conditions; run as ``python -m benchmarks.effective``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from time import perf_counter

import numpy as np

from jpsim.conditioning.conditional import Conditional, condition
from jpsim.conditioning.premium import Shift
from jpsim.conditioning.rows import Row
from jpsim.conditioning.scenario_law import ScenarioLaw
from jpsim.conditioning.stacked import stack_rows
from jpsim.conditioning.stories import Story
from jpsim.conditioning.system import build_system
from jpsim.model import Model
from jpsim.model.store import load_model
from jpsim.scenario import Scenario
from jpsim.simulation.importance import effective_size
from jpsim.simulation.sampling import Sampler

PATHS = 100_000
HORIZON = 12
DISTANCES = (1.5, 3.0, 5.0)
TAILS = ((6.0, 0.25), (8.0, 0.25), (6.0, 0.0), (8.0, 0.0), (np.inf, 0.25))
PAIRS = (
    (("usdjpy", 6), ("sp500", 12)),
    (("jgb_10y", 6), ("usdjpy", 12)),
    (("us_10y", 12), ("oil", 12)),
    (("sp500", 3), ("vix", 12)),
)


def distant(model: Model, pair: tuple[tuple[str, int], ...], distance: float) -> Conditional:
    """One row up and one row down, by so many of their unconditional standard deviations."""
    system = build_system(model, HORIZON)
    rows = []
    for (name, month), sign in zip(pair, (1.0, -1.0), strict=True):
        weights, constant = system.level_row(model.factor(name))
        own = stack_rows(system, weights[None], np.array([constant]), np.array([month]))
        value = float(own.mean[0] + sign * distance * np.sqrt(own.cov[0, 0]))
        rows.append(Row(name, month, "hard", weights, constant, value, 0.0, -np.inf, np.inf, name, None))
    return condition(system, tuple(rows))


def shares(model: Model, distance: float) -> Iterator[tuple[float, float, int]]:
    """Share of the paths that each pair leaves, seconds of the fit, components."""
    for pair in PAIRS:
        given, none = distant(model, pair, distance), np.zeros(HORIZON)
        law = ScenarioLaw(Scenario(id="distant"), given, Shift(none, none), np.zeros(len(model.series)))
        start = perf_counter()
        sampler = Sampler.of(Story.of(law), "stochastic_volatility", 1)
        seconds = perf_counter() - start
        weights = sampler.weights(PATHS)
        mixing = sampler.laws[0].mixing
        assert weights is not None
        assert mixing is not None
        assert mixing.proposal is not None
        yield effective_size(weights) / PATHS, seconds, mixing.proposal.share.size


def main() -> None:
    """Print the shares in percent."""
    model = load_model("japan_monthly")
    print("pairs:", "; ".join(" and ".join(f"{name} {month}m" for name, month in pair) for pair in PAIRS))
    for nu, sigma in TAILS:
        changed = replace(model, nu=nu, sv_sigma=sigma, sv_phi=0.9, sv_start=0.0)
        for distance in DISTANCES:
            found = list(shares(changed, distance))
            listed = "  ".join(f"{100 * share:3.0f} ({components})" for share, _, components in found)
            print(f"nu {nu:g}, volatility {sigma:g}, {distance:g} sd: {listed}   {found[0][1]:.2f} s to fit")


if __name__ == "__main__":
    main()
