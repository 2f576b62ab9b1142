"""The shipped model's shocks and draws: what its table of restrictions imposes holds, and draws are models."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from jpsim.calibration.dynamics import forecast_moments
from jpsim.calibration.terms import linearised
from jpsim.model.store import find_model, load_model, read_card

FISCAL_SHARE = 0.02
"""Sizes are restricted in standard deviations of the estimated shocks; the fiscal impulse widens them a little."""
SHOCKS = ("monetary_policy", "demand", "fiscal_term_premium", "global_risk", "yen", "oil", "technology")


@pytest.fixture(scope="module")
def model():
    return load_model("japan_monthly")


def _responses(model, Sigma, loadings, impacts):
    """Responses of all outputs on impact, (outputs, shocks), equities in percent; and their sds."""
    rows = np.concatenate([np.eye(len(model.series)), model.aggregation])
    equities = 100 * rows @ loadings
    told = np.concatenate([impacts, equities @ impacts])
    variance = np.diag(equities @ Sigma @ equities.T) + 1e4 * np.diag(rows @ model.residual_cov @ rows.T)
    return told, np.sqrt(np.concatenate([np.diag(Sigma), variance]))


def _check_restrictions(model, told, sds, slack):
    at = {name: i for i, name in enumerate(model.outputs)}
    for j, shock in enumerate(model.shocks):
        table = model.meta["priors"]["identification"]["shocks"][shock]
        for name, bound in table["bounds"].items():
            size = told[at[name], j] / sds[at[name]]
            assert bound.get("min", -np.inf) - slack <= size <= bound.get("max", np.inf) + slack, (shock, name)
        for above, below in table.get("above", ()):
            assert told[at[above], j] >= told[at[below], j] - slack, (shock, above, below)


def test_the_seven_shocks_are_orthonormal_directions(model):
    assert model.shocks == SHOCKS
    directions = np.linalg.solve(np.linalg.cholesky(model.Sigma), model.impacts)
    assert_allclose(directions.T @ directions, np.eye(7), atol=1e-10)
    noise = [model.factor("boj_policy_shadow"), model.factor("boj_policy_rate")]
    assert_allclose(directions[noise], 0.0, atol=1e-10)  # the policy rows' own noise belongs to no story
    assert_allclose(model.impacts[model.factor("fiscal_impulse")], 0.0)


def test_the_policy_rows_follow_the_two_year_yield(model):
    response = model.meta["bridge"]["response"]
    for row in ("boj_policy_shadow", "boj_policy_rate"):
        follows = response * model.impacts[model.factor("jgb_2y")]
        assert_allclose(model.impacts[model.factor(row)], follows, atol=1e-10)


def test_the_published_point_meets_every_restriction(model):
    told, sds = _responses(model, model.Sigma, linearised(model).loadings, model.impacts)
    _check_restrictions(model, told, sds, FISCAL_SHARE)


def test_every_draw_meets_every_restriction_with_its_own_parameters(model):
    straight = linearised(model)  # what equities answer holds the mean slopes of the terms
    _, sds = _responses(model, model.Sigma, straight.loadings, model.impacts)
    draws = straight.draws
    for Sigma, loadings, impacts in zip(draws.Sigma, draws.loadings, draws.impacts, strict=True):
        told, _ = _responses(model, Sigma, loadings, impacts)
        _check_restrictions(model, told, sds, FISCAL_SHARE)
        directions = np.linalg.solve(np.linalg.cholesky(Sigma), impacts)
        assert_allclose(directions.T @ directions, np.eye(7), atol=1e-5)


def test_the_policy_shock_agrees_with_decision_days(model):
    told, _ = _responses(model, model.Sigma, model.loadings, model.impacts)
    at, policy = model.outputs.index, told[:, 0] / told[0, 0] / 10  # per 10bp of the two-year yield
    # regressions on the 33 decision days from 2022 on: yen -2.36 (0.69), TOPIX -0.13 (0.73), 90% intervals
    assert -2.36 - 1.645 * 0.69 <= policy[at("usdjpy")] <= -2.36 + 1.645 * 0.69
    assert -0.13 - 1.645 * 0.73 <= policy[at("topix")] <= -0.13 + 1.645 * 0.73
    assert policy[at("banks")] > policy[at("topix")]


def test_there_are_96_stable_and_different_draws_around_the_point(model):
    draws = model.draws
    assert len(draws.c) == 96
    assert len(np.unique(draws.c, axis=0)) == len(np.unique(draws.loadings[:, 0], axis=0)) == 96
    moments = [
        forecast_moments(c, B, Sigma, model.state, 12, model.in_differences)
        for c, B, Sigma in zip(draws.c, draws.B, draws.Sigma, strict=True)
    ]
    mean, covariance = forecast_moments(model.c, model.B, model.Sigma, model.state, 12, model.in_differences)
    means = np.array([moment[0] for moment in moments])
    z = (means.mean(axis=0) - mean)[:-1] / means.std(axis=0)[:-1]  # the fiscal impulse is not drawn
    assert np.abs(z).max() < 0.75  # in parameter sds: draws of 96, and the point meets the forward exactly
    sds = np.sqrt([np.diag(moment[1]) for moment in moments]).mean(axis=0)
    assert_allclose(sds, np.sqrt(np.diag(covariance)), rtol=0.06)
    shift = (draws.loadings.mean(axis=0) - model.loadings) * np.sqrt(np.diag(model.Sigma))
    spread = draws.loadings.std(axis=0) * np.sqrt(np.diag(model.Sigma))
    assert np.abs(shift[:, :16] / spread[:, :16]).max() < 4.5 / np.sqrt(96)
    assert_allclose(draws.alpha.mean(axis=0), model.alpha, rtol=0.08, atol=2e-4)


def test_drawn_betas_are_those_of_the_draws_own_covariance(model):
    market, draws = model.aggregation[0], linearised(model).draws
    for Sigma, loadings, beta in zip(draws.Sigma, draws.loadings, draws.beta, strict=True):
        covariance = loadings @ Sigma @ loadings.T + model.residual_cov
        # betas are those of the estimated factors; the fiscal impulse, a prior on top, moves them by little
        assert_allclose(beta, covariance @ market / (market @ covariance @ market), rtol=0.02, atol=0.01)


def test_the_card_tells_what_is_imposed_and_what_is_found(model):
    card = read_card("japan_monthly")
    for words in (
        "Structural shocks", "Signs that were not imposed", "Impulse responses", "decision days", "Anderson",
        "Tails and volatility", "nats a month", "96 draws",
    ):  # fmt: skip
        assert words in card
    for shock in SHOCKS:
        assert card.count(f"| {shock} |") >= 20


def test_the_model_is_small_enough_to_ship():
    assert sum(file.stat().st_size for file in find_model("japan_monthly").iterdir()) < 1_600_000
