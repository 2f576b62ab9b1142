"""Bands of the shocks over posterior draws and rotations: restrictions draw by draw, sums written out, scipy's law."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from jpsim.calibration.announcements import announcement_effects
from jpsim.calibration.episodes import episode_surprises
from jpsim.calibration.identification import Identified, paired_impacts, posterior_impacts
from jpsim.calibration.panel import read_panel
from jpsim.calibration.policy_evidence import PolicyEvidence, policy_odds, policy_rows
from jpsim.calibration.priors import read_priors
from jpsim.calibration.responses import MONTHS, response_draws, response_rows, sign_probabilities
from jpsim.dictionary import boj_meetings
from jpsim.errors import InputError
from jpsim.model.store import load_model
from jpsim.months import Month

DRAWS, ROTATIONS = 6, 3


def estimated(model):
    """The shipped model with its first draws, without the fiscal impulse, which is added after identification."""
    n = model.factors.index("fiscal_impulse")
    draws = model.draws
    kept = replace(
        draws, c=draws.c[:DRAWS, :n], B=draws.B[:DRAWS, :, :n, :n], Sigma=draws.Sigma[:DRAWS, :n, :n],
        alpha=draws.alpha[:DRAWS], beta=draws.beta[:DRAWS], loadings=draws.loadings[:DRAWS, :, :n],
        impacts=draws.impacts[:DRAWS, :n],
    )  # fmt: skip
    cut = {name: getattr(model, name)[:n] for name in ("factors", "transform", "unit", "in_differences", "base_level")}
    return replace(
        model, **cut, state=model.state[:, :n], c=model.c[:n], B=model.B[:, :n, :n], Sigma=model.Sigma[:n, :n],
        loadings=model.loadings[:, :n], impacts=model.impacts[:n], draws=kept, regimes=(),
    )  # fmt: skip


@pytest.fixture(scope="module")
def settings():
    priors = read_priors()["identification"]
    shocks = {
        name: {key: value for key, value in table.items() if key != "episodes"}
        for name, table in priors["shocks"].items()
    }
    shocks["technology"]["episodes"] = {"2001-03": {"direction": "down", "reason": "for the test"}}
    return {**priors, "shocks": shocks, "burn_in": 300, "thin": 60, "kept_of_draws": ROTATIONS}


@pytest.fixture(scope="module")
def surprises():
    """(1, n) innovations of one month, drawn from the model's law."""
    model = estimated(load_model("japan_monthly"))
    n = len(model.factors) - 2
    return (np.linalg.cholesky(model.Sigma[:n, :n]) @ np.random.default_rng(3).standard_normal(n))[None]


@pytest.fixture(scope="module")
def model(settings, news, surprises):
    shipped = estimated(load_model("japan_monthly"))
    draws = shipped.draws
    each = [replace(shipped, Sigma=draws.Sigma[d], loadings=draws.loadings[d]) for d in range(DRAWS)]
    impacts = paired_impacts(shipped, each, settings, news, surprises)
    return replace(shipped, draws=replace(draws, impacts=impacts))


@pytest.fixture(scope="module")
def news(data_dir):
    daily = read_panel(data_dir).daily
    return announcement_effects(daily, [row.day for row in boj_meetings()], Month(2022, 1), ("usdjpy", "topix"))


@pytest.fixture(scope="module")
def evidence(model, settings, news, surprises):
    informed, free = (
        response_draws(model, posterior_impacts(model, settings, told, surprises)) for told in (news, None)
    )
    identified = Identified(model.shocks, model.impacts, model.impacts[None], 0.0)
    return PolicyEvidence(identified, informed, free, news)


def test_every_draw_meets_the_restrictions_under_its_own_covariance(model, settings, evidence):
    sd = np.sqrt(np.diag(model.Sigma))
    for drawn in (evidence.informed, evidence.uninformed):
        assert drawn.impacts.shape == (ROTATIONS, DRAWS, len(model.factors), len(model.shocks))
        told = drawn.impacts / sd[:, None]
        for j, shock in enumerate(model.shocks):
            for name, bound in settings["shocks"][shock]["bounds"].items():
                if name in model.factors:
                    values = told[:, :, model.factor(name), j]
                    assert values.min() >= bound.get("min", -np.inf) - 1e-6
                    assert values.max() <= bound.get("max", np.inf) + 1e-6
        assert np.abs(drawn.impacts[1] - drawn.impacts[0]).max() > 1e-3  # the chains move
        for d, Sigma in enumerate(model.draws.Sigma):
            part = slice(0, len(model.factors) - 2)  # all but the policy rows' own noise
            gram = drawn.impacts[0, d, part].T @ np.linalg.inv(Sigma[part, part]) @ drawn.impacts[0, d, part]
            np.testing.assert_allclose(gram, np.eye(len(model.shocks)), atol=1e-5)


def test_a_known_month_has_its_sign_under_every_draw(model, settings, news, evidence, surprises):
    """The shock's value is what the impacts say of the innovations: ``q = root^-1 impact``, ``q' root^-1 u``."""
    n, j = len(model.factors) - 2, model.shocks.index("technology")

    def values(impacts, Sigmas):
        inverse = np.linalg.inv(Sigmas[:, :n, :n])
        return np.einsum("rdi,dij,j->rd", impacts[:, :, :n, j], inverse, surprises[0])

    for drawn in (evidence.informed, evidence.uninformed):
        assert values(drawn.impacts, model.draws.Sigma).max() <= 1e-6
    free = {name: {**table, "episodes": {}} for name, table in settings["shocks"].items()}
    each = [replace(model, Sigma=Sigma) for Sigma in np.repeat(model.draws.Sigma, 4, axis=0)]
    nothing = paired_impacts(model, each, {**settings, "shocks": free}, news, surprises[:0])
    assert values(nothing[None], np.repeat(model.draws.Sigma, 4, axis=0)).max() > 0.0  # it is the episode that does it


def test_episodes_that_cannot_be_are_refused():
    def settings_of(month, direction):
        return {"shocks": {"oil": {"episodes": {month: {"direction": direction, "reason": ""}}}}}

    innovations = np.zeros((24, 3))
    innovations[23] = 1.0
    assert episode_surprises(settings_of("2001-12", "up"), innovations, Month(2000, 1)).tolist() == [[1.0, 1.0, 1.0]]
    with pytest.raises(InputError, match="'oil': 2003-01 lies outside the sample, 2000-01 to 2001-12"):
        episode_surprises(settings_of("2003-01", "up"), innovations, Month(2000, 1))
    with pytest.raises(InputError, match="direction 'sideways'; it is one of up, down"):
        episode_surprises(settings_of("2001-01", "sideways"), innovations, Month(2000, 1))


def test_decision_days_hold_the_yen_and_without_them_it_is_free(model, evidence, news):
    yen, two_year, j = model.factor("usdjpy"), model.factor("jgb_2y"), model.shocks.index("monetary_policy")
    told = evidence.informed.impacts[:, :, yen, j] / evidence.informed.impacts[:, :, two_year, j]
    least, most = news.interval(0.90)[0]
    assert told.min() >= least - 1e-4
    assert told.max() <= most + 1e-4
    free = evidence.uninformed.impacts[:, :, yen, j] / evidence.uninformed.impacts[:, :, two_year, j]
    assert free.max() > most


def test_bands_are_quantiles_of_recursions_written_out(model, evidence):
    rows = {(row.shock, row.variable): row for row in response_rows(model, evidence.identified, evidence.informed)}
    j, yen, expected = model.shocks.index("demand"), model.factor("usdjpy"), []
    for d in range(DRAWS):
        for r in range(ROTATIONS):
            past = [np.zeros(len(model.factors))] * len(model.B)
            level, path = 0.0, []
            for month in range(MONTHS[-1] + 1):
                y = sum(B @ before for B, before in zip(model.draws.B[d], past, strict=True))
                y = y + evidence.informed.impacts[r, d, :, j] if month == 0 else y
                past = [y, *past[:-1]]
                level += y[yen]  # a monthly difference
                path.append(level)
            expected.append([path[month] for month in MONTHS])
    band = np.quantile(np.array(expected), [0.05, 0.95], axis=0)
    np.testing.assert_allclose(rows["demand", "usdjpy"].band, band, rtol=1e-9)


def test_signs_count_draws_of_the_loadings_too(model, settings, evidence):
    found = {
        (row.shock, row.variable): row
        for row in sign_probabilities(model, evidence.identified, evidence.informed, settings)
    }
    j, rises = model.shocks.index("technology"), 0
    banks, topix = (model.aggregates.index(name) for name in ("banks", "topix"))
    row = model.aggregation[banks] - model.aggregation[topix]
    for d in range(DRAWS):
        for r in range(ROTATIONS):
            rises += row @ model.draws.loadings[d] @ evidence.informed.impacts[r, d, :, j] > 0
    assert found["technology", "banks against topix"].rises == pytest.approx(rises / (DRAWS * ROTATIONS))
    assert found["technology", "usdjpy"].imposed == ""
    assert found["monetary_policy", "usdjpy"].imposed == "decision days"


def test_odds_of_the_days_are_those_of_their_normal_law(model, evidence, news):
    odds = {(row.variable, row.size): row for row in policy_odds(model, evidence)}
    effect, error = news.effect[0] / 10.0, np.sqrt(news.covariance[0, 0]) / 10.0
    assert odds["usdjpy", 2.0].days == pytest.approx(stats.norm(effect, error).cdf(-2.0))
    assert np.isnan(odds["banks against topix", 0.0].days)
    for variable in ("usdjpy", "topix", "banks against topix"):
        shares = [row.model for (name, _), row in odds.items() if name == variable]
        assert shares == sorted(shares, reverse=True)


def test_policy_rows_hold_the_quotients_of_both_sets(model, evidence):
    rng = np.random.default_rng(7)
    innovations, topix = rng.standard_normal((80, len(model.factors) - 2)), 0.04 * rng.standard_normal(80)
    rows, strength = policy_rows(model, evidence, topix, innovations)
    yen = next(row for row in rows if row.variable == "usdjpy")
    j, place, two_year = model.shocks.index("monetary_policy"), model.factor("usdjpy"), model.factor("jgb_2y")
    free = 0.1 * evidence.uninformed.impacts[:, :, place, j] / evidence.uninformed.impacts[:, :, two_year, j]
    assert yen.open_band == pytest.approx(tuple(np.quantile(free, [0.05, 0.95])))
    assert yen.open_falls == pytest.approx((free < 0).mean())
    assert yen.point == pytest.approx(0.1 * model.impacts[place, j] / model.impacts[two_year, j])
    assert strength >= 0.0
    assert next(row for row in rows if row.variable == "banks against topix").proxy is None
