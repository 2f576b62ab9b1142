"""The Gibbs sampler of the steady-state VAR against integration on a grid, and the draws of missing cells."""

from __future__ import annotations

import numpy as np
import pytest

from jpsim.calibration.completion import Completion
from jpsim.calibration.dynamics import discount
from jpsim.calibration.steady_state import Anchor, SteadyStatePrior, companion, sample_posterior
from jpsim.errors import InputError
from tests.naive import bvar as naive


def _batch_error(draws, batches=25):
    """Standard error of a chain's mean by batch means."""
    means = draws[: len(draws) // batches * batches].reshape(batches, -1).mean(axis=1)
    return means.std(ddof=1) / np.sqrt(batches)


def _scalar_prior(anchor):
    one = np.ones((1, 1))
    return SteadyStatePrior(
        mean=0.8 * one[None], sd=0.15 * one[None], psi_mean=np.array([1.5]), psi_sd=np.array([0.5]),
        scale=0.5 * one, dof=6.0, anchor=anchor,
    )  # fmt: skip


@pytest.mark.parametrize("anchor", [None, Anchor(0, 12, 1.9, 0.3)], ids=["free", "anchored"])
def test_posterior_of_one_variable_is_that_of_the_grid(anchor):
    rng = np.random.default_rng(31)
    y = 1.0 + naive.simulate(np.zeros(1), np.full((1, 1, 1), 0.7), 0.1 * np.eye(1), np.zeros((1, 1)), 60, rng)[0]
    weights = discount(60, 30.0)
    draws = sample_posterior(y, weights, _scalar_prior(anchor), rng, burn_in=500, kept=8_000)
    told = (anchor.months, anchor.value, anchor.sd) if anchor else None
    means, sds = naive.steady_state_grid(
        y[:, 0], weights, (0.8, 0.15), (1.5, 0.5), 0.5, 6.0, told,
        np.linspace(0.0, 0.9999, 700), np.linspace(-1.5, 4.5, 700),
    )  # fmt: skip
    for chain, mean, sd in zip((draws.B[:, 0, 0, 0], draws.psi[:, 0]), means, sds, strict=True):
        assert abs(chain.mean() - mean) < 4 * _batch_error(chain)
        assert chain.std() == pytest.approx(sd, rel=0.08)


def test_posterior_covers_the_law_that_made_a_ragged_panel():
    rng = np.random.default_rng(32)
    B = np.array([[[0.9, 0.0], [0.1, 0.5]]])
    Sigma, psi = np.array([[0.04, 0.02], [0.02, 0.25]]), np.array([2.0, -1.0])
    c = psi - B[0] @ psi
    y = naive.simulate(c, B, Sigma, psi[None], 500, rng)[0]
    y[:200, 1] = np.nan
    y[-2:, 0] = np.nan
    prior = SteadyStatePrior(
        mean=np.array([np.diag([0.8, 0.3])]), sd=np.full((1, 2, 2), 0.5), psi_mean=np.zeros(2),
        psi_sd=np.full(2, 5.0), scale=0.1 * np.eye(2), dof=4.0,
    )  # fmt: skip
    draws = sample_posterior(y, np.ones(500), prior, rng, burn_in=200, kept=1500)
    for sample, truth in ((draws.B[:, 0], B[0]), (draws.psi, psi), (draws.Sigma, Sigma)):
        z = (sample.mean(axis=0) - truth) / sample.std(axis=0)
        assert np.abs(z).max() < 3.5
    seen = np.isfinite(y)
    np.testing.assert_allclose(draws.panel[seen], y[seen], rtol=1e-12)


def test_no_kept_draw_explodes():
    rng = np.random.default_rng(33)
    y = np.cumsum(rng.standard_normal((80, 2)), axis=0)
    prior = SteadyStatePrior(
        mean=np.array([np.eye(2) * 0.97]), sd=np.full((1, 2, 2), 0.2), psi_mean=np.zeros(2), psi_sd=np.ones(2),
        scale=np.eye(2), dof=4.0,
    )  # fmt: skip
    draws = sample_posterior(y, np.ones(80), prior, rng, burn_in=20, kept=300)
    roots = [np.abs(np.linalg.eigvals(companion(B))).max() for B in draws.B]
    assert max(roots) < 1.0
    assert 0.0 < draws.explosive_rate < 1.0


def test_a_law_that_can_only_explode_is_refused():
    rng = np.random.default_rng(34)
    y = 1.2 ** np.arange(60.0)[:, None] + rng.standard_normal((60, 1))
    prior = SteadyStatePrior(
        mean=np.full((1, 1, 1), 1.2), sd=np.full((1, 1, 1), 1e-3), psi_mean=np.zeros(1), psi_sd=np.ones(1),
        scale=np.eye(1), dof=3.0,
    )  # fmt: skip
    with pytest.raises(InputError, match="explode"):
        sample_posterior(y, np.ones(60), prior, rng, burn_in=1, kept=1)


def test_draws_of_missing_cells_have_the_dense_mean_and_covariance():
    rng = np.random.default_rng(35)
    B, Sigma = np.array([[[0.6, 0.1], [0.0, 0.8]]]), np.array([[1.0, 0.4], [0.4, 0.5]])
    y = rng.standard_normal((8, 2))
    y[1:4, 0] = y[6:, 1] = y[0, 1] = np.nan
    cells = Completion(y, 1, np.zeros(2), np.ones(2))
    draws = np.array([cells.draw(np.zeros(2), B, Sigma, rng)[np.isnan(y)] for _ in range(20_000)])
    mean, covariance = naive.joint_gaussian(np.zeros(2), B, Sigma, np.zeros(2), np.ones(2), 8)
    centre, spread = naive.condition(mean, covariance, y.ravel())
    z = (draws.mean(axis=0) - centre) / np.sqrt(np.diag(spread) / len(draws))
    assert np.abs(z).max() < 4.0
    error = np.sqrt((np.outer(np.diag(spread), np.diag(spread)) + spread**2) / len(draws))
    assert np.abs((np.cov(draws.T) - spread) / error).max() < 4.5
