"""Bands of ranges and tables, which are not normal, against scipy's truncated normal and the stated probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, truncnorm

from jpsim.conditioning.bands import mixed_bands
from jpsim.conditioning.conditional import Conditional, condition
from jpsim.conditioning.rows import Row
from jpsim.conditioning.system import System, build_system
from tests.models import small_model

MONTH = 6


def level_law(system: System, factor: int) -> tuple[float, float]:
    """Mean and sd of a factor's level in model units, by the recursion of the variance written out."""
    weights, constant = system.level_row(factor)
    cov = np.zeros((system.start.size, system.start.size))
    for move, impact in zip(system.transition, system.impact, strict=True):
        cov = move @ cov @ move.T + impact @ impact.T
    return float(weights @ system.means[MONTH]) + constant, float(np.sqrt(weights @ cov @ weights))


def within(system: System, factor: int, low: float, high: float) -> Conditional:
    weights, constant = system.level_row(factor)
    name = system.model.factors[factor]
    return condition(system, (Row(name, MONTH, "range", weights, constant, np.nan, 0.0, low, high, name, None),))


def test_a_range_of_a_price_has_the_quantiles_of_a_truncated_lognormal() -> None:
    system = build_system(small_model(), MONTH)
    usdjpy = system.model.factors.index("usdjpy")
    mean, sd = level_law(system, usdjpy)
    told = mixed_bands([within(system, usdjpy, mean - 0.9 * sd, mean - 0.1 * sd)], np.ones(1))["usdjpy"]
    oracle = np.exp(truncnorm(-0.9, -0.1, mean, sd).ppf([0.05, 0.95]) / 100.0)
    np.testing.assert_allclose([told["q05"][-1], told["q95"][-1]], oracle, rtol=1e-4)
    assert told["mean"][-1] + 1.645 * told["sd"][-1] > told["q95"][-1]  # a normal law would leave the range


def test_a_range_under_two_laws_has_the_quantiles_of_their_mixture() -> None:
    """Source: the mixture of two truncated normals, weighed and inverted by hand."""
    systems = [build_system(small_model(seed), MONTH) for seed in (3, 4)]
    laws = [level_law(system, 1) for system in systems]
    low, high = laws[0][0], laws[0][0] + laws[0][1]
    told = mixed_bands([within(system, 1, low, high) for system in systems], np.array([0.7, 0.3]))["jgb_10y"]
    for level, found in ((0.05, told["q05"][-1]), (0.95, told["q95"][-1])):
        below = 0.0
        for weight, (mean, sd) in zip((0.7, 0.3), laws, strict=True):
            ends = norm.cdf([low, found, high], mean, sd)
            below += weight * (ends[1] - ends[0]) / (ends[2] - ends[0])
        assert below == pytest.approx(level, abs=1e-3)


def test_a_table_has_its_own_values_as_quantiles() -> None:
    system = build_system(small_model(), MONTH)
    weights, constant = system.level_row(0)
    table = ((1.0, 0.10), (1.25, 0.80), (1.5, 0.06), (1.75, 0.04))
    mean = sum(value * share for value, share in table)
    row = Row("jgb_2y", MONTH, "table", weights, constant, mean, 0.0, -np.inf, np.inf, "a table", None, table)
    told = mixed_bands([condition(system, (row,))], np.ones(1))["jgb_2y"]
    assert (told["q05"][-1], told["q95"][-1]) == pytest.approx((1.0, 1.5))
