"""Convergence and residual tests: against statsmodels, a chain whose effective size is known, and halves apart."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.diagnostic import acorr_ljungbox

from jpsim.calibration.diagnostics import diagnostics_chapter, effective_draws, ljung_box, split_r_hat
from jpsim.calibration.steady_state import Draws


def chain(rho, count, columns, seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((count, columns))
    for t in range(1, count):
        x[t] = rho * x[t - 1] + np.sqrt(1 - rho**2) * x[t]
    return x


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_effective_draws_of_an_autoregression_are_known(rho):
    """D (1 - rho) / (1 + rho), by its spectrum at zero; averaged over a hundred chains."""
    found = effective_draws(chain(rho, 4000, 100, 1))
    assert found.mean() == pytest.approx(4000 * (1 - rho) / (1 + rho), rel=0.08)


def test_ljung_box_is_that_of_statsmodels():
    x = chain(0.15, 200, 1, 2)[:, 0]
    expected = acorr_ljungbox(x, lags=[12])["lb_pvalue"].iloc[0]
    assert ljung_box(x) == pytest.approx(expected, rel=1e-9)


def test_halves_that_differ_are_seen_and_equal_ones_are_not():
    x = chain(0.0, 1000, 50, 3)
    assert split_r_hat(x).max() < 1.02
    x[500:] += 1.0
    assert split_r_hat(x).min() > 1.1


def test_the_chapter_names_the_block_that_does_not_mix():
    rng, draws = np.random.default_rng(4), 400
    B = 0.5 * np.eye(2) + 0.01 * rng.standard_normal((draws, 1, 2, 2))
    psi = chain(0.995, draws, 2, 5)
    Sigma = np.eye(2) + 0.01 * rng.standard_normal((draws, 2, 2))
    y = rng.standard_normal((120, 2))
    y[:30, 1] = np.nan
    text = diagnostics_chapter(("a", "b"), Draws(B, psi, Sigma, y, 0.0, 1.0), B.mean(axis=0), np.nan_to_num(y), y)
    assert "Doubtful by its worst parameter: long-run means." in text
    assert "| b | 90 |" in text
    assert "largest root of the point is 0.50" in text
