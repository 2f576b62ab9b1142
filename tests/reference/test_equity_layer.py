"""The equity layer against statsmodels, numpy, constrained least squares, and exact adding-up."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from numpy.testing import assert_allclose
from scipy import stats

from jpsim.calibration.evidence import weigh_evidence
from jpsim.calibration.hierarchy import _shrinkage
from jpsim.calibration.loadings import Groups, discounted_beta, fit_level, reconcile
from jpsim.calibration.residuals import decompose_residuals, factor_analysis
from jpsim.calibration.tails import fit_idiosyncratic_nu, fit_joint_nu
from jpsim.calibration.terms import linearised
from jpsim.calibration.volatility import squared_distances
from jpsim.model.store import load_model


@pytest.fixture(scope="module")
def model():
    return load_model("japan_monthly")


@pytest.fixture(scope="module")
def panel():
    rng = np.random.default_rng(21)
    x = rng.standard_normal((150, 3)) * [1.0, 2.0, 0.5]
    returns = x @ rng.standard_normal((3, 4)) * 0.01 + 0.02 * rng.standard_normal((150, 4))
    returns[:20, 2] = np.nan
    return returns, x, 2.0 ** (-np.arange(150)[::-1] / 60.0)


def test_loadings_without_shrinkage_are_weighted_least_squares_of_statsmodels(panel):
    returns, x, weights = panel
    groups = Groups(np.zeros(3, dtype=np.int64), ((1e4,),))
    fit = fit_level(returns, x, x.std(axis=0), weights, np.zeros((4, 3)), groups)
    for i, column in enumerate(returns.T):
        seen = np.isfinite(column)
        expected = sm.WLS(column[seen], sm.add_constant(x[seen]), weights=weights[seen]).fit()
        assert_allclose(fit.loadings[i], expected.params[1:], rtol=1e-5)
        assert_allclose(fit.residual[seen, i], expected.resid, atol=1e-7)
    assert np.isnan(fit.residual[:20, 2]).all()


def test_loadings_under_full_shrinkage_are_the_prior_mean(panel):
    returns, x, weights = panel
    centre = np.arange(12.0).reshape(4, 3) / 100
    groups = Groups(np.zeros(3, dtype=np.int64), ((1e-8,),))
    assert_allclose(fit_level(returns, x, x.std(axis=0), weights, centre, groups).loadings, centre, atol=1e-8)


def test_shrinkage_is_chosen_group_by_group(panel):
    _, x, weights = panel
    rng = np.random.default_rng(22)
    betas = np.zeros((12, 3))
    betas[:, 0] = 0.03 * rng.standard_normal(12)  # the first factor matters, differently for each series
    returns = x @ betas.T + 0.02 * rng.standard_normal((150, 12))
    groups = Groups(np.array([0, 1, 1]), ((0.02, 0.2, 1.0), (0.02, 0.2, 1.0)))
    fit = fit_level(returns, x, x.std(axis=0), weights, np.zeros((12, 3)), groups)
    assert fit.scales == (1.0, 0.02)


def test_reconciliation_solves_the_constrained_least_squares_problem():
    rng = np.random.default_rng(23)
    parts, whole = rng.standard_normal((5, 3)), rng.standard_normal(3)
    weights, variance = rng.dirichlet(np.ones(5)), rng.uniform(0.5, 2.0, 5)
    kkt = np.block([[np.diag(1 / variance), weights[:, None]], [weights[None, :], np.zeros((1, 1))]])
    expected = np.linalg.solve(kkt, np.vstack([parts / variance[:, None], whole]))[:5]
    assert_allclose(reconcile(parts, whole, weights, variance), expected, rtol=1e-10)


def test_beta_is_that_of_numpy_with_analytic_weights(panel):
    returns, _, weights = panel
    market = np.nanmean(returns, axis=1)
    for i, beta in enumerate(discounted_beta(returns, market, weights)):
        seen = np.isfinite(returns[:, i])
        covariance = np.cov(returns[seen, i], market[seen], aweights=weights[seen])
        assert_allclose(beta, covariance[0, 1] / covariance[1, 1], rtol=1e-10)


def test_evidence_is_white_standard_errors_of_statsmodels(panel):
    returns, x, weights = panel
    found = weigh_evidence(returns, x, weights)
    for i, column in enumerate(returns.T):
        seen = np.isfinite(column)
        fit = sm.WLS(column[seen], sm.add_constant(x[seen]), weights=weights[seen]).fit(cov_type="HC0")
        w = weights[seen]
        effective = w.sum() ** 2 / (w @ w)
        assert_allclose(found.estimate[i], fit.params[1:], rtol=1e-8)
        assert_allclose(found.standard_error[i], fit.bse[1:] * np.sqrt(effective / (effective - 4)), rtol=1e-8)


def test_factor_analysis_recovers_an_exact_low_rank_covariance():
    rng = np.random.default_rng(24)
    loadings, own = rng.standard_normal((12, 2)), rng.uniform(0.5, 1.5, 12)
    covariance = loadings @ loadings.T + np.diag(own)
    found, variances = factor_analysis(covariance, 2)
    assert_allclose(found @ found.T, loadings @ loadings.T, atol=2e-3)
    assert_allclose((found**2).sum(axis=1) + variances, np.diag(covariance), rtol=1e-12)


def test_tilts_load_on_the_components_that_made_them():
    rng = np.random.default_rng(25)
    scores, loadings = rng.standard_normal((4000, 2)), rng.standard_normal((20, 2))
    sectors = scores @ loadings.T + 0.5 * rng.standard_normal((4000, 20))
    tilt_loadings = np.array([[1.0, -0.5], [0.2, 0.3]])
    tilts = scores @ tilt_loadings.T + 0.7 * rng.standard_normal((4000, 2))
    found = decompose_residuals(sectors, tilts, np.ones(4000), np.ones(4000), 2, 0.16, 0.06)
    expected = tilt_loadings @ loadings.T
    assert_allclose(found.common[20:] @ found.common[:20].T, expected, atol=0.12)
    assert_allclose(found.idio_sd[20:], 0.7, rtol=0.05)


@pytest.mark.parametrize("nu", [4.0, 8.0, 20.0])
def test_own_degrees_of_freedom_agree_with_scipys_maximum_likelihood(nu):
    sample = stats.t.rvs(nu, size=4000, random_state=int(nu)) * np.sqrt((nu - 2) / nu)
    found = fit_idiosyncratic_nu(sample, np.ones(4000), 0.16, 1e3)
    # scipy fits the scale too, so the two agree only to the precision of a sample of this length
    expected = stats.t.fit(sample, floc=0.0)[0]
    assert abs(1 / found - 1 / expected) < 0.02


def test_joint_degrees_of_freedom_are_found_from_any_margin():
    rng = np.random.default_rng(26)
    Sigma = np.array([[2.0, 0.6], [0.6, 1.0]])
    scale = np.sqrt((7.0 - 2) / rng.chisquare(7.0, 6000))
    sample = scale[:, None] * (rng.standard_normal((6000, 2)) @ np.linalg.cholesky(Sigma).T)
    sample[:2000, 1] = np.nan
    d2, dims = squared_distances(sample, Sigma)
    assert fit_joint_nu(d2, dims, np.ones(6000), 9.0, 1e3) == pytest.approx(7.0, rel=0.12)


def test_parts_add_up_to_their_wholes_to_1e_12(model):
    rows = np.concatenate([np.eye(50), model.aggregation])
    effects = rows @ np.column_stack([model.alpha, model.beta, model.loadings, model.common, model.mix * model.idio_sd])
    at = {name: i for i, name in enumerate((*model.series, *model.aggregates))}
    assert len(model.meta["identities"]) == 4
    for identity in model.meta["identities"]:
        weights = np.array(list(identity["parts"].values()))
        total = weights @ effects[[at[name] for name in identity["parts"]]]
        assert weights.sum() == pytest.approx(1.0, abs=1e-11)
        assert_allclose(total, effects[at[identity["whole"]]], atol=1e-12)


def test_drift_is_beta_times_one_premium(model):
    premium = (1 + model.meta["equity"]["premium"]) ** (1 / 12) - 1
    assert_allclose(model.alpha, model.beta * premium, rtol=1e-9)
    assert_allclose(model.aggregation[0] @ model.beta, 1.0, rtol=1e-11)
    rows, loadings = np.concatenate([np.eye(50), model.aggregation]), linearised(model).loadings
    covariance = rows @ (loadings @ model.Sigma @ loadings.T + model.residual_cov) @ rows.T
    # betas are those of the estimated factors; the fiscal impulse, a prior on top, moves them by little
    assert_allclose(covariance[:50, 50] / covariance[50, 50], model.beta, rtol=0.01)


def test_moments_of_the_shipped_model_are_near_those_of_the_indices(model):
    # Realised to 2026-01: TOPIX 16.5% a year over twenty years, 13.6% over ten, 10.9% over five, which count most;
    # Nikkei against TOPIX 0.96 over twenty years, discounted with the half-life of correlations (five years) 0.925 and
    # with that of residual variances (two years) 0.878; Prime above 0.995
    rows, loadings = np.concatenate([np.eye(50), model.aggregation]), linearised(model).loadings
    covariance = rows @ (loadings @ model.Sigma @ loadings.T + model.residual_cov) @ rows.T
    sd = np.sqrt(12 * np.diag(covariance))
    correlation = 12 * covariance / np.outer(sd, sd)
    at = {name: i for i, name in enumerate((*model.series, *model.aggregates))}
    assert 0.12 < sd[at["topix"]] < 0.165  # what terms add beside their slopes is not in it
    assert 0.878 < correlation[at["topix"], at["nikkei225"]] < 0.925
    assert correlation[at["topix"], at["prime"]] > 0.995
    assert sd[at["growth"]] > 1.5 * sd[at["topix"]]
    assert sd[at["foods"]] < sd[at["topix"]] < sd[at["banks"]]


def test_policy_rows_carry_no_loadings(model):
    assert not model.loadings[:, -3:-1].any()
    assert model.factors[-3:-1] == ("boj_policy_shadow", "boj_policy_rate")


def test_tails_stay_within_their_bounds(model):
    assert ((model.idio_nu >= 3.5) & (model.idio_nu <= 30.0)).all()
    assert 3.5 <= model.nu <= 30.0


def test_the_order_in_which_groups_are_written_does_not_matter():
    names = ("usdjpy", "jgb_2y", "oil")
    groups = {
        "first": {"factors": ["usdjpy"], "scales": [0.1]},
        "others": {"factors": [], "scales": [0.3]},
        "second": {"factors": ["jgb_2y"], "scales": [0.2]},
    }
    settings = {"leading": ["usdjpy"], "leading_scale": 1.0, "groups": groups}
    found, _ = _shrinkage(names, (), settings)
    assert [found.grids[group][0] for group in found.of_factor] == [0.1, 0.2, 0.3]
