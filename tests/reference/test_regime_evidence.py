"""Out-of-sample worth of the regimes' departures, on simulated months whose truth is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from jpsim.calibration.priors import change_priors, read_priors
from jpsim.calibration.regime_evidence import weigh_departures
from jpsim.errors import InputError

NAMES = ("jgb_10y", "usdjpy")


def settings(correlation: float) -> dict[str, Any]:
    laws = {
        "up": {"correlations": {"topix": {"jgb_10y": correlation}}},
        "down": {"correlations": {"topix": {"jgb_10y": -correlation}}},
    }
    return {
        "seed": 5,
        "variables": list(NAMES),
        "volatility_half_life": 60.0,
        "nu": 30.0,
        "strength": 12.0,
        "stay": {"stayed": 58.0, "left": 2.0},
        "chains": 8,
        "laws": laws,
    }


def months(departure: float, count: int = 360) -> tuple[np.ndarray, np.ndarray]:
    """Months of regimes that last five years; TOPIX gains from the first factor in one, loses in the other."""
    rng = np.random.default_rng(3)
    sign = np.where(np.arange(count) // 60 % 2, -1.0, 1.0)
    core = rng.standard_normal((count, 2)) * np.array([0.1, 3.0])
    topix = 0.01 + departure * sign * core[:, 0] + 0.005 * core[:, 1] + 0.03 * rng.standard_normal(count)
    return topix, core


def test_true_departures_have_a_slope_of_one() -> None:
    """Source: the simulated law; pooled loadings miss ``departure * sign * x``, so the slope is 1 but for dating."""
    found = weigh_departures(*months(0.4), NAMES, 240.0, settings(0.5), 239)
    slope, error = found.slopes["jgb_10y"]
    assert found.months == 120
    assert slope > 4 * error
    assert abs(slope - 1.0) < 4 * error
    assert found.divided < found.pooled


def test_stated_departures_that_are_not_there_have_a_slope_of_zero() -> None:
    """Source: the simulated law, in which regimes do not differ; what remains of them is their prior."""
    found = weigh_departures(*months(0.0), NAMES, 240.0, settings(0.5), 239)
    slope, error = found.slopes["all"]
    assert abs(slope) < 4 * error
    assert slope < 0.5
    assert found.pooled == pytest.approx(3.0, abs=4 * 3.0 / np.sqrt(2 * 120))


def test_months_without_topix_are_not_scored() -> None:
    """Source: months of the factors alone say nothing of TOPIX given them; the others are scored as before."""
    topix, core = months(0.4)
    topix[[310, 330]] = np.nan
    found = weigh_departures(topix, core, NAMES, 240.0, settings(0.5), 311)
    assert found.months == 47
    assert found.divided < found.pooled


def test_correlations_of_other_variables_are_refused() -> None:
    change = "regimes.laws.reflation.correlations={ topix = { oil = 0.2 }, vix = { usdjpy = 0.1 } }"
    with pytest.raises(InputError) as caught:
        change_priors(read_priors(), [change])
    told = str(caught.value)
    assert "reflation states a correlation of oil, which the regimes do not have" in told
    assert "reflation states a correlation of vix, which the regimes do not have" in told


def test_correlations_that_no_variables_have_are_refused() -> None:
    """Source: the determinant of ``[[1, .9, -.9], [.9, 1, .9], [-.9, .9, 1]]`` is negative."""
    laws = {"impossible": {"correlations": {"topix": {"jgb_10y": 0.9, "usdjpy": -0.9}, "jgb_10y": {"usdjpy": 0.9}}}}
    with pytest.raises(InputError, match="topix with jgb_10y, topix with usdjpy, jgb_10y with usdjpy"):
        weigh_departures(*months(0.0), NAMES, 240.0, {**settings(0.5), "laws": laws}, 239)
