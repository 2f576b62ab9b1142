"""How far mean paths leave the forecast and the sample, against hand computation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jpsim.calibration.history import historical_ranges
from jpsim.conditioning.conditional import condition
from jpsim.conditioning.extrapolation import find_extrapolations, warn_of
from jpsim.conditioning.rows import Row
from jpsim.conditioning.system import System, build_system
from tests.models import small_model


def hard(system: System, factor: int, month: int, value: float) -> Row:
    weights, constant = system.level_row(factor)
    name = system.model.factors[factor]
    return Row(name, month, "hard", weights, constant, value, 0.0, -np.inf, np.inf, name, None)


def test_departure_of_a_stated_row_is_its_own_z_score() -> None:
    """Source: the recursion of the variance, written out."""
    system = build_system(small_model(), 6)
    weights, constant = system.level_row(0)
    cov = np.zeros((system.start.size, system.start.size))
    for move, impact in zip(system.transition, system.impact, strict=True):
        cov = move @ cov @ move.T + impact @ impact.T
    mean, sd = float(weights @ system.means[6]) + constant, float(np.sqrt(weights @ cov @ weights))
    found = find_extrapolations(condition(system, (hard(system, 0, 6, mean + 3.5 * sd),)))
    assert found[0].factor == "jgb_2y"
    assert found[0].departure == pytest.approx(3.5)
    assert found[0].month == 6
    assert all(abs(one.departure) <= 3.5 + 1e-9 for one in found)
    assert all(one.beyond is None for one in found)
    assert any("jgb_2y (+3.5 sd in month 6)" in warning for warning in warn_of(found))


def test_history_bounds_levels_and_yearly_changes() -> None:
    history = {"jgb_2y": {"low": 0.0, "high": 1.5, "sd": 0.4}, "usdjpy": {"low": -15.0, "high": 12.0, "sd": 8.0}}
    model = replace(small_model(), meta={"history": history})
    system = build_system(model, 6)
    start = 100.0 * np.log(153.8)
    rows = (hard(system, 0, 6, 1.9), hard(system, 2, 6, start - 23.0))
    found = {one.factor: one for one in find_extrapolations(condition(system, rows))}
    assert found["jgb_2y"].beyond == pytest.approx((1.9 - 1.5) / 0.4)
    assert found["usdjpy"].beyond == pytest.approx((23.0 - 15.0) / 8.0)
    assert found["sp500"].beyond is None


def test_ranges_of_a_sample() -> None:
    years = np.arange(30)
    levels = np.column_stack([np.sin(years), 100.0 * 1.01**years, np.where(years < 28, 50.0 + years, np.nan)])
    found = historical_ranges(levels, ("rate", "index", "gauge"), (False, True, True), (False, True, False))
    assert found["rate"]["high"] == pytest.approx(np.sin(years).max())
    assert found["index"] == pytest.approx(
        {"low": 1200 * np.log(1.01), "high": 1200 * np.log(1.01), "sd": 0.0}, abs=1e-9
    )
    assert found["gauge"]["high"] == pytest.approx(100 * np.log(77.0))
