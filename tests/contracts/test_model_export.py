"""A model's export and the commands around it: what an independent validator builds on."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from numba import njit
from scipy.stats import chi2, norm

from jpsim.calibration.dynamics import forecast_moments
from jpsim.cli import cli
from jpsim.model.export import export_model
from jpsim.model.store import find_model, load_model
from jpsim.simulation.kernels.arrays import BLOCK
from jpsim.simulation.kernels.tails import scale_of
from jpsim.simulation.tail_tables import scale_table

KEYS = [
    "factors", "transform", "unit", "state", "in_differences", "base_level", "c", "B", "Sigma", "nu", "sv_phi",
    "sv_sigma", "series", "kind", "alpha", "loadings", "regressor", "residual_cov", "aggregates", "aggregation",
    "as_of", "readme", "regimes", "regime_probability", "regime_Sigma", "regime_alpha", "regime_loadings",
    "terms", "term_kind", "term_factor", "term_other", "term_knot", "term_side",
    "term_centre", "term_slope", "term_loadings", "skew", "regime_skew",
    "common", "mix", "idio_sd", "idio_nu", "sv_start", "chi_square_least",
]  # fmt: skip
SECTORS = [
    "fishery_agri", "mining", "construction", "foods", "textiles", "pulp_paper", "chemicals", "pharma", "oil_coal",
    "rubber", "glass_ceramics", "iron_steel", "nonferrous", "metal_products", "machinery", "electric_appliances",
    "transport_equip", "precision", "other_products", "electric_gas", "land_transport", "marine_transport",
    "air_transport", "warehousing", "info_comm", "wholesale", "retail", "banks", "securities", "insurance",
    "other_financing", "real_estate", "services",
]  # fmt: skip
OTHERS = [
    "core30", "large70", "mid400", "small", "prime", "standard", "growth", "nikkei225", "defence", "shipbuilding",
    "robotics", "semiconductors_ai", "critical_minerals", "megabanks", "regional_banks", "exporters",
    "domestic_demand",
]  # fmt: skip
AGGREGATES = [
    "topix", "foods", "energy", "construction", "chemicals", "pharma", "autos", "steel_nonferrous", "machinery",
    "electric_precision", "it_services", "utilities", "transport", "trading", "retail", "banks",
    "financials_ex_banks", "real_estate", "tse_all",
]  # fmt: skip
FACTORS = [
    "jgb_2y", "jgb_10y", "jgb_30y", "usdjpy", "us_policy_rate", "us_10y", "sp500", "semiconductors", "usd_broad",
    "oil", "vix", "foreign_flow", "japan_activity", "core_cpi", "wages", "policy_uncertainty", "boj_policy_shadow",
    "boj_policy_rate", "fiscal_impulse",
]  # fmt: skip


@pytest.fixture(scope="module")
def model():
    return load_model("japan_monthly")


@pytest.fixture(scope="module")
def export(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "model.npz"
    export_model(model, path)
    with np.load(path, allow_pickle=False) as store:
        return {name: store[name] for name in store.files}


def test_the_export_has_exactly_the_arrays_of_the_contract(export):
    assert sorted(export) == sorted(KEYS)
    assert all(array.dtype != object for array in export.values())


def test_ids_stand_in_the_order_of_the_contract(export):
    assert export["factors"].tolist() == FACTORS
    assert export["series"].tolist() == [f"tse33_{name}" for name in SECTORS] + OTHERS
    assert export["aggregates"].tolist() == AGGREGATES
    assert set(export["kind"].tolist()) == {"sector33", "size", "segment", "index", "theme"}
    assert set(export["regressor"].tolist()) == {"innovation"}
    assert set(export["transform"].tolist()) == {"level", "log100"}


def test_shapes_are_those_of_the_contract(export):
    n, S, G, p = len(FACTORS), 50, 19, len(export["B"])
    shapes = {
        "state": (p, n), "in_differences": (n,), "base_level": (n,), "c": (n,), "B": (p, n, n), "Sigma": (n, n),
        "nu": (), "sv_phi": (), "sv_sigma": (), "alpha": (S,), "loadings": (S, n), "residual_cov": (S, S),
        "aggregation": (G, S), "as_of": (), "readme": (), "unit": (n,),
    }  # fmt: skip
    assert {name: export[name].shape for name in shapes} == shapes
    assert export["in_differences"].dtype == bool
    assert str(export["as_of"]) == "2026-01"


@njit
def scales(row, table):
    scale_of(row, table)


def test_months_are_as_wild_as_the_kernels_draw_them(export):
    """From the export and scipy's chi-square law alone, the scale that kernels give to normal draws, far out, too."""
    z = np.linspace(-8.5, 8.5, BLOCK)
    nu, least = float(export["nu"]), float(export["chi_square_least"])
    assert chi2.cdf(least, nu) == pytest.approx(norm.sf(4.25), rel=1e-9)
    assert 1 / norm.sf(4.25) == pytest.approx(94_000, rel=0.01)
    unbounded = np.where(z < 0, chi2.isf(norm.cdf(z), nu), chi2.ppf(norm.sf(z), nu))  # each tail by its small side
    rebuilt = np.sqrt((nu - 2.0) / np.maximum(unbounded, least))
    drawn = z.copy()
    scales(drawn, scale_table(nu, 0.5 * nu))
    np.testing.assert_allclose(drawn, rebuilt, rtol=1e-8)
    assert all(said in str(export["readme"]) for said in ("chi_square_least", "Phi(-4.25)", "weights.parquet"))


def test_base_levels_are_those_of_the_last_month(export):
    level = dict(zip(FACTORS, export["base_level"], strict=True))
    published = {"jgb_2y": 1.25, "jgb_10y": 2.25, "jgb_30y": 3.58, "usdjpy": 153.8, "sp500": 6939, "us_10y": 4.26}
    published |= {"us_policy_rate": 3.75, "vix": 17.4, "oil": 64.5, "semiconductors": 100, "boj_policy_rate": 0.75}
    for name, value in published.items():
        assert level[name] == pytest.approx(value, rel=5e-3), name


def test_a_plain_simulation_of_the_export_has_the_models_law(export, model):
    rng = np.random.default_rng(41)
    paths, months, n = 20_000, 12, len(FACTORS)
    chol = np.linalg.cholesky(export["Sigma"])
    residual = np.linalg.cholesky(export["residual_cov"] + 1e-14 * np.eye(50))
    past = [np.tile(row, (paths, 1)) for row in export["state"][::-1]]
    total, wealth = np.zeros((paths, n)), np.ones((paths, 69))
    rows = np.concatenate([np.eye(50), export["aggregation"]])
    for _ in range(months):
        u = rng.standard_normal((paths, n)) @ chol.T
        y = export["c"] + sum(before @ B.T for before, B in zip(past, export["B"], strict=True)) + u
        past, total = [y, *past[:-1]], total + y
        base = export["alpha"] + u @ export["loadings"].T + rng.standard_normal((paths, 50)) @ residual.T
        wealth *= 1 + base @ rows.T
    found = np.where(export["in_differences"], total, past[0])
    mean, covariance = forecast_moments(model.c, model.B, model.Sigma, model.state, months, model.in_differences)
    sd = np.sqrt(np.diag(covariance))
    assert np.abs((found.mean(axis=0) - mean) / (sd / np.sqrt(paths))).max() < 4.0
    assert np.abs(found.std(axis=0) / sd - 1).max() < 4.0 / np.sqrt(2 * paths)
    # independent months: the mean of a product is the product of the means
    expected = (1 + rows @ model.alpha) ** months
    z = (wealth.mean(axis=0) - expected) / (wealth.std(axis=0) / np.sqrt(paths))
    assert np.abs(z).max() < 4.0


def test_twelve_months_ahead_an_economist_would_sign(model):
    mean, covariance = forecast_moments(model.c, model.B, model.Sigma, model.state, 12, model.in_differences)
    sd = np.sqrt(np.diag(covariance))
    at = {name: i for i, name in enumerate(model.factors)}
    # forward 1y2y and its error since 2022, as the panel's curve gives them
    assert mean[at["jgb_2y"]] == pytest.approx(model.meta["factors"]["forward_two_year"], abs=0.005)
    # the fiscal impulse adds its little on top of the estimated shocks
    assert sd[at["jgb_2y"]] == pytest.approx(model.meta["factors"]["forward_error"], rel=5e-3)
    assert 1.5 < mean[at["jgb_2y"]] < 1.65
    assert 0.28 < sd[at["jgb_2y"]] < 0.34
    assert 1.05 < mean[at["boj_policy_rate"]] < 1.25
    assert 0.22 < sd[at["boj_policy_rate"]] < 0.32
    joint = covariance[at["boj_policy_rate"], at["jgb_2y"]]
    assert 0.7 < joint / (sd[at["boj_policy_rate"]] * sd[at["jgb_2y"]]) < 0.95
    assert 0.7 < joint / sd[at["boj_policy_rate"]] ** 2 < 1.05
    assert abs(mean[at["usdjpy"]]) < 2.0
    assert 0.6 < sd[at["us_10y"]] < 0.9
    assert 4.0 < mean[at["sp500"]] < 8.0
    assert 13.0 < sd[at["sp500"]] < 17.0
    assert 30.0 < sd[at["oil"]] < 45.0
    later, far = forecast_moments(model.c, model.B, model.Sigma, model.state, 120, model.in_differences)
    for name in ("vix", "policy_uncertainty"):  # mean-reverting: in ten years hardly wider than in one
        assert np.sqrt(far[at[name], at[name]]) < 1.1 * sd[at[name]]
    levels = ~model.in_differences
    assert np.isfinite(later).all()
    assert np.sqrt(np.diag(far))[levels].max() < 100.0


def _run(*words):
    return CliRunner().invoke(cli, list(words), catch_exceptions=False)


def test_model_list_and_show_speak_json(model):
    listed = json.loads(_run("model", "list", "--json").stdout)
    assert model.sha256 in {entry["sha256"] for entry in listed["models"]}
    shown = json.loads(_run("model", "show", "japan_monthly", "--json").stdout)
    assert shown["factors"] == FACTORS
    assert shown["meta"]["sample"]["last"] == "2026-01"


def test_the_card_says_what_the_data_support_and_what_are_priors():
    card = _run("model", "show", "japan_monthly").stdout
    for heading in ("Limits of use", "Which signs the data support", "Priors", "Provenance", "日本株"):
        assert heading in card
    banks = next(line for line in card.splitlines() if line.startswith("| banks | topix | JGB 10y"))
    assert banks.endswith("| data |")
    assert "| undetermined |" in card


def test_model_export_writes_the_file(tmp_path):
    told = json.loads(_run("model", "export", "japan_monthly", str(tmp_path / "m.npz"), "--json").stdout)
    assert told["id"] == "japan_monthly"
    with np.load(tmp_path / "m.npz", allow_pickle=False) as store:
        assert sorted(store.files) == sorted(KEYS)


def test_a_models_folder_can_be_named_instead_of_its_id(model):
    shown = _run("model", "show", str(find_model("japan_monthly")), "--json").stdout
    assert json.loads(shown)["sha256"] == model.sha256


def test_help_does_not_wait_for_numpy():
    script = (
        "import sys; from click.testing import CliRunner; from jpsim.cli import cli\n"
        "for words in (['model', '--help'], ['calibrate', '--help']):\n"
        "    assert CliRunner().invoke(cli, words).exit_code == 0\n"
        "assert 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
