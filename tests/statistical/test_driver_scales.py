"""Named drivers under heavy tails: the months' scales and all other shocks keep their law, and no weights arise.

Source: brute force in two stages. Scales and the other shocks are drawn from their own law; for each such draw, the
named shocks are drawn many times and weighed by the density of the measurement's error. No gain, no kernel.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jpsim.conditioning.conditional import condition
from jpsim.conditioning.drivers import driver_basis
from jpsim.conditioning.premium import Shift
from jpsim.conditioning.rows import Row
from jpsim.conditioning.scenario_law import ScenarioLaw
from jpsim.conditioning.stories import Story
from jpsim.conditioning.system import System, build_system
from jpsim.model import Model
from jpsim.scenario import Scenario
from jpsim.simulation.sampling import Sampler
from tests.models import small_model

HORIZON, GROUPS, INNER = 3, 3_000, 240
PATHS = 60_000


@pytest.fixture(scope="module")
def model() -> Model:
    """The small model with one orthogonal shock of its own."""
    plain = small_model(nu=6.0)
    direction, _ = np.linalg.qr(np.random.default_rng(9).standard_normal((len(plain.factors) - 1, 1)))
    impacts = np.linalg.cholesky(plain.Sigma) @ np.vstack([direction, np.zeros((1, 1))])
    return replace(plain, shocks=("demand",), impacts=impacts)


def squares(model: Model, rng: np.random.Generator, months: int) -> np.ndarray:
    """(months, GROUPS) squared scales, from their definition."""
    v, found = np.full(GROUPS, model.sv_start), []
    for _ in range(months):
        v = model.sv_phi * v + model.sv_sigma * rng.standard_normal(GROUPS)
        found.append(np.exp(v - model.sv_sigma**2 / (2 * (1 - model.sv_phi**2))))
    return np.array(found) * (model.nu - 2) / rng.chisquare(model.nu, (months, GROUPS))


def levels(system: System, shocks: np.ndarray) -> np.ndarray:
    """(n, h, paths) levels in model units on the paths that scaled shocks (h, n, paths) make."""
    model, root = system.model, np.linalg.cholesky(system.model.Sigma)
    rows = [system.level_row(i) for i in range(len(model.factors))]
    to_level, constant = np.array([row for row, _ in rows]), np.array([value for _, value in rows])[:, None]
    state, out = np.repeat(system.start[:, None], shocks.shape[2], axis=1), []
    for t in range(HORIZON):
        moved, own = root @ shocks[t], np.zeros_like(state)
        own[: len(root)] = moved
        own[len(model.factors) * model.lags :] = moved[system.cumulated]
        state = system.offset[t][:, None] + system.transition[t] @ state + own
        out.append(to_level @ state + constant)
    return np.array(out).transpose(1, 0, 2)


def test_named_drivers_leave_scales_and_other_shocks_as_they_are(model: Model) -> None:
    system, rng, n = build_system(model, HORIZON), np.random.default_rng(41), len(model.factors)
    factor, month = model.factor("jgb_10y"), 2
    weights, constant = system.level_row(factor)
    free = condition(system, ())
    row, mean, cov = weights, free.moments.mean[month - 1], free.moments.cov[month - 1]
    sd = float(np.sqrt(row @ cov @ row))
    value, error = float(row @ mean) + constant + 2.5 * sd, 0.7 * sd
    stated = Row("jgb_10y", month, "measurement", weights, constant, value, error, -np.inf, np.inf, "jgb_10y", None)

    onto = driver_basis(model, ("demand",))
    onto = onto @ onto.T
    sums, evidence, first = np.zeros((GROUPS, 2, n, HORIZON)), np.empty(GROUPS), squares(model, rng, HORIZON)
    other = (np.eye(n) - onto) @ rng.standard_normal((HORIZON, n, GROUPS))
    for start in range(0, GROUPS, 500):
        here = slice(start, start + 500)
        scale = np.sqrt(np.repeat(first[:, here], INNER, axis=1))
        named = onto @ rng.standard_normal((HORIZON, n, 500 * INNER))
        drawn = levels(system, scale[:, None] * (named + np.repeat(other[:, :, here], INNER, axis=2)))
        density = np.exp(-0.5 * ((value - drawn[factor, month - 1]) / error) ** 2).reshape(500, INNER)
        evidence[here] = density.mean(axis=1)
        q = density / density.sum(axis=1, keepdims=True)
        for power in (1, 2):
            blocks = (drawn**power).reshape(n, HORIZON, 500, INNER)
            sums[here, power - 1] = np.einsum("nhgk,gk->gnh", blocks, q)

    law = ScenarioLaw(
        Scenario(id="story"),
        condition(system, (stated,), ("demand",)),
        Shift(np.zeros(HORIZON), np.zeros(HORIZON)),
        np.zeros(len(model.series)),
    )
    sampler = Sampler.of(Story.of(law), "stochastic_volatility", 5)
    assert sampler.weights(1000) is None
    reported = sampler.paths(0, PATHS)[:n]
    log = np.array([kind == "log100" for kind in model.transform])[:, None, None]
    ours = np.where(log, 100.0 * np.log(np.where(log, reported, 1.0)), reported)
    for power in (1, 2):
        brute = sums[:, power - 1]
        noise = np.sqrt(brute.var(axis=0) / GROUPS + (ours**power).var(axis=2) / PATHS)
        z = (brute.mean(axis=0) - (ours**power).mean(axis=2)) / np.maximum(noise, 1e-12)
        assert np.abs(z).max() < 4.2
        assert np.sqrt((z**2).mean()) < 1.6
    # Bayes' rule would make these months wilder, and with them all that the drivers are not to touch
    share = evidence / evidence.sum()
    wilder = share @ first[:month].mean(axis=0)
    spread = np.sqrt(((first[:month].mean(axis=0) - wilder) ** 2) @ share**2)
    assert (wilder - first[:month].mean()) / spread > 5.0
