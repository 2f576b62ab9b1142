"""Conditional forecasts against a state-space smoother with missing data (statsmodels).

Every month's stated quantities are the observations of that month, all others are missing; the smoothed
state is then the conditional forecast (Banbura, Giannone and Lenza 2015, doi:10.1016/j.ijforecast.2014.08.013).
"""

from __future__ import annotations

import numpy as np
import pytest

from jpsim.conditioning.conditional import condition
from jpsim.conditioning.rows import Row
from jpsim.conditioning.system import System, build_system
from tests.models import small_model

smoother_module = pytest.importorskip("statsmodels.tsa.statespace.kalman_smoother")

HORIZON = 9


def row(system: System, weights: dict[int, float], month: int, value: float, sd: float = 0.0) -> Row:
    pairs = [(weight, *system.level_row(factor)) for factor, weight in weights.items()]
    exposure = sum(weight * own for weight, own, _ in pairs)
    constant = float(sum(weight * own for weight, _, own in pairs))
    kind = "measurement" if sd else "hard"
    return Row("stated", month, kind, exposure, constant, value, sd, -np.inf, np.inf, "stated", None)


def smoothed(system: System, rows: tuple[Row, ...]) -> tuple[np.ndarray, np.ndarray]:
    """(h, d) means and (h, d, d) covariances of the state from the Kalman smoother."""
    d, n = system.start.size, system.impact.shape[2]
    smoother = smoother_module.KalmanSmoother(k_endog=len(rows), k_states=d, k_posdef=n)
    observed = np.full((HORIZON, len(rows)), np.nan)
    for number, one in enumerate(rows):
        observed[one.month - 1, number] = one.value - one.constant
    smoother.bind(observed)
    smoother["design"] = np.array([one.weights for one in rows])
    smoother["obs_cov"] = np.diag([one.sd**2 for one in rows])
    smoother["transition"], smoother["state_intercept"] = system.transition[0], system.offset[0][:, None]
    smoother["selection"], smoother["state_cov"] = system.impact[0], np.eye(n)
    first = system.offset[0] + system.transition[0] @ system.start
    smoother.initialize_known(first, system.impact[0] @ system.impact[0].T)
    smoother.tolerance = 0.0
    found = smoother.smooth()
    return found.smoothed_state.T, found.smoothed_state_cov.transpose(2, 0, 1)


@pytest.mark.parametrize("lags", [1, 2])
@pytest.mark.parametrize("measured", [False, True], ids=["hard", "hard and measured"])
def test_conditional_forecast_is_the_smoothed_state(lags: int, measured: bool) -> None:
    system = build_system(small_model(lags=lags), HORIZON)
    rows = (
        row(system, {0: 1.0}, 4, 1.45),
        row(system, {1: 1.0, 0: -1.0}, 9, 0.9),
        row(system, {2: 1.0}, 3, 100 * np.log(149.0), 2.0 if measured else 0.0),
        row(system, {3: 1.0}, 9, 100 * np.log(6300.0)),
        row(system, {4: 1.0}, 6, 100 * np.log(24.0), 5.0 if measured else 0.0),
    )
    means, covs = smoothed(system, rows)
    moments = condition(system, rows).moments
    np.testing.assert_allclose(moments.mean, means, atol=1e-8, rtol=1e-8)
    np.testing.assert_allclose(moments.cov, covs, atol=1e-8)
