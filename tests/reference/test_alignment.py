"""Regimes drawn from the same shocks stay close; sources: scipy's orthogonal Procrustes solution, and the laws."""

from __future__ import annotations

import numpy as np
from scipy.linalg import orthogonal_procrustes

from jpsim.model.alignment import aligned_turn
from jpsim.model.store import load_model


def test_the_turn_is_that_of_procrustes_where_residuals_are_none() -> None:
    rng = np.random.default_rng(4)
    root, other, loadings = rng.normal(size=(5, 5)), rng.normal(size=(5, 5)), rng.normal(size=(7, 5))
    turn = aligned_turn(root, other, (loadings, loadings), np.zeros(7))
    here, there = (np.concatenate([x, loadings @ x]) for x in (root, other))
    unit = np.sqrt(np.linalg.norm(here, axis=1) * np.linalg.norm(there, axis=1))
    share = np.sqrt(np.concatenate([np.full(5, 3.0 / 5), np.full(7, 1.0 / 7)])) / unit
    expected = orthogonal_procrustes(share[:, None] * here, share[:, None] * there)[0]
    np.testing.assert_allclose(turn, expected, atol=1e-10)


def test_regimes_of_the_shipped_model_move_outputs_alike() -> None:
    """Their laws are what they are; innovations from the same shocks correlate above 0.7, TOPIX above 0.9."""
    model = load_model("japan_monthly")
    usual = max(model.regimes, key=lambda regime: regime.probability).name
    (name,) = (regime.name for regime in model.regimes if regime.name != usual)
    one, other = model.in_regime(usual), model.in_regime(name)
    np.testing.assert_allclose(other.root @ other.root.T, other.Sigma, atol=1e-10 * np.abs(other.Sigma).max())
    topix = np.concatenate([np.eye(len(model.series)), model.aggregation])[
        [*model.series, *model.aggregates].index("topix")
    ]
    found = {}
    for kind, root in (("turned", other.root), ("as factored", np.linalg.cholesky(other.Sigma))):
        here, there = topix @ one.linear.loadings @ one.root, topix @ other.linear.loadings @ root
        residual = topix @ model.residual_cov @ topix
        found[kind] = (here @ there + residual) / np.sqrt((here @ here + residual) * (there @ there + residual))
    assert found["turned"] > 0.9 > 0.8 > found["as factored"]
    sds = np.sqrt(np.diag(one.Sigma) * np.diag(other.Sigma))
    assert ((one.root * other.root).sum(axis=1) / sds).min() > 0.7
