"""Nonlinear terms in calibration against plain loops, scipy's integrals and regressions, and data made from them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate, stats

from jpsim.calibration.priors import read_priors
from jpsim.calibration.returns import TILTS, Returns
from jpsim.calibration.structure import Structure
from jpsim.calibration.term_evidence import weigh_terms
from jpsim.calibration.term_forms import TERMS as TERMS_FORM
from jpsim.calibration.terms import average_slopes, centred, linearised, read_terms, sloped, term_values
from jpsim.calibration.volatility import Volatility
from jpsim.errors import InputError
from jpsim.model import Term
from jpsim.model.terms import linear_parts
from jpsim.toml import check_content
from tests.models import bent_model, small_model

NAMES = ("usdjpy", "jgb_10y", "vix")
SIGMA = np.array([[7.8, 0.05, -4.0], [0.05, 0.008, 0.1], [-4.0, 0.1, 400.0]])
LEVELS = np.array([160.0, 2.3, 18.0])
LEAP = Term("leap", "hinge", "vix", knot=20.0)
SURGE = Term("surge", "hinge", "usdjpy", knot=-3.0, side=-1)
WEAK = Term("weak", "gate", "usdjpy", "usdjpy", knot=155.0)
LOW = Term("low", "gate", "vix", "jgb_10y", knot=2.5, side=-1)
BOTH = Term("both", "pair", "usdjpy", "vix")
TERMS = (LEAP, SURGE, WEAK, LOW, BOTH)


def months(nu: float, phi: float, sigma: float) -> Volatility:
    return Volatility(nu, phi, sigma, 0.0, (nu, nu), (phi, phi), (sigma, sigma), 0.0)


def slow_value(term: Term, u: dict[str, float], level: dict[str, float]) -> float:
    if term.kind == "hinge":
        return max(term.side * (u[term.factor] - term.knot), 0.0)
    if term.kind == "pair":
        return u[term.factor] * u[term.other]
    beyond = level[term.other] - term.knot
    if term.other in ("usdjpy", "vix"):
        beyond = 100.0 * np.log(level[term.other] / term.knot)
    return max(term.side * beyond, 0.0) * u[term.factor]


def test_values_are_those_of_a_loop_over_months():
    rng = np.random.default_rng(41)
    u = rng.standard_normal((200, 3)) * np.sqrt(np.diag(SIGMA))
    levels = LEVELS * np.exp(0.1 * rng.standard_normal((200, 3)))
    terms = [replace(term, centre=0.3 * k) for k, term in enumerate(TERMS)]
    expected = [
        [slow_value(t, dict(zip(NAMES, row, strict=True)), dict(zip(NAMES, x, strict=True))) - t.centre for t in terms]
        for row, x in zip(u, levels, strict=True)
    ]
    assert_allclose(term_values(terms, NAMES, u, levels), expected, rtol=1e-12)
    assert term_values((), NAMES, u, levels).shape == (200, 0)


def test_centres_are_scipys_expectations_of_a_student_t_month():
    nu = 7.0
    found = {term.id: term.centre for term in centred(TERMS, NAMES, SIGMA, months(nu, 0.9, 1e-9))}
    for term, i in ((LEAP, 2), (SURGE, 0)):
        sd = np.sqrt(SIGMA[i, i] * (nu - 2) / nu)
        low, high = (term.knot, np.inf) if term.side > 0 else (-np.inf, term.knot)
        expected = stats.t(nu, scale=sd).expect(lambda v, term=term: abs(v - term.knot), lb=low, ub=high)
        assert_allclose(found[term.id], expected, rtol=1e-3)
    assert found["weak"] == found["low"] == 0.0
    assert found["both"] == SIGMA[0, 2]


def test_centres_average_over_volatility_that_moves():
    """Monte Carlo of the months' stationary law; z-score."""
    nu, phi, sigma, rng = 8.0, 0.9, 0.3, np.random.default_rng(42)
    v = sigma / np.sqrt(1 - phi**2) * rng.standard_normal(2_000_000)
    scale = np.exp(0.5 * v - 0.25 * sigma**2 / (1 - phi**2)) * np.sqrt((nu - 2) / rng.chisquare(nu, len(v)))
    sample = np.maximum(scale * 20.0 * rng.standard_normal(len(v)) - 20.0, 0.0)
    [leap] = centred([LEAP], NAMES, SIGMA, months(nu, phi, sigma))
    assert abs(leap.centre - sample.mean()) / (sample.std() / np.sqrt(len(v))) < 4.0


@pytest.mark.parametrize(("term", "i"), [(LEAP, 2), (SURGE, 0), (WEAK, 0), (LOW, 2)])
def test_slopes_are_those_of_a_regression_on_the_innovation(term, i):
    sd = np.sqrt(SIGMA[i, i])

    def moment(u: float) -> float:
        x = np.zeros(3)
        x[i] = u
        return float(term_values([term], NAMES, x, LEVELS)[0]) * u * stats.norm.pdf(u, scale=sd)

    knot = [term.knot] if term.kind == "hinge" else None
    expected = integrate.quad(moment, -9 * sd, 9 * sd, points=knot, limit=200)[0] / SIGMA[i, i]
    found = average_slopes([term], NAMES, SIGMA, LEVELS)[0]
    assert_allclose(found[i], expected, rtol=1e-7)
    assert np.count_nonzero(found) == 1


def test_what_a_term_does_beyond_its_slope_does_not_move_with_its_factor():
    """Monte Carlo of normal innovations: correlations with every innovation; z-scores."""
    u = np.random.default_rng(44).multivariate_normal(np.zeros(3), SIGMA, 400_000, method="cholesky")
    slopes = average_slopes(TERMS, NAMES, SIGMA, LEVELS)
    kept = sloped(TERMS, NAMES, slopes)
    assert kept[:2] == (replace(LEAP, slope=slopes[0, 2]), replace(SURGE, slope=slopes[1, 0]))
    beyond = term_values(TERMS, NAMES, u, LEVELS) - u @ linear_parts(kept, NAMES).T
    for k, rest in enumerate(beyond.T):
        z = [(rest * own).mean() / max((rest * own).std(), 1e-9) * np.sqrt(len(u)) for own in u.T]
        assert np.abs(z).max() < 4.0, TERMS[k].id


def test_a_product_has_no_slope():
    assert not average_slopes([BOTH], NAMES, SIGMA, LEVELS).any()


def test_a_linearised_model_has_the_slopes_in_its_loadings_and_no_terms():
    model = bent_model(small_model())
    straight = linearised(model)
    slopes = average_slopes(model.terms, model.factors, model.Sigma, model.base_level)
    assert_allclose(straight.loadings, model.loadings + model.term_loadings @ slopes, rtol=1e-12)
    assert straight.terms == ()
    assert linearised(straight) is straight


def _structure() -> Structure:
    """33 equal sectors in 17 equal parents, four sizes and segments without weight, and TOPIX as their mean."""
    S = 41
    members = np.zeros((17, 33))
    members[np.arange(33) % 17, np.arange(33)] = 1.0
    members /= members.sum(axis=1, keepdims=True)
    aggregation = np.zeros((19, S))
    aggregation[0, :33] = 1 / 33
    aggregation[1:18, :33] = members
    names = (*(f"s{i}" for i in range(33)), *TILTS[0], *TILTS[1])
    return Structure(names, ("topix",), np.eye(S), aggregation, np.full(33, 1 / 33), members)


def _returns(effect: float) -> tuple[Returns, np.ndarray, np.ndarray]:
    """Sectors that fall with the leap of one factor by `effect` beside their linear loadings."""
    rng, structure = np.random.default_rng(43), _structure()
    u = rng.standard_normal((240, 3)) * np.sqrt(np.diag(SIGMA))
    leap = np.maximum(u[:, 2] - 20.0, 0.0)
    sectors = 0.005 * u[:, [0]] + effect * leap[:, None] + 0.03 * rng.standard_normal((240, 33))
    tilts = {name: 0.01 * rng.standard_normal(240) for name in (*TILTS[0], *TILTS[1])}
    returns = Returns(sectors.mean(axis=1), sectors @ structure.members.T, sectors, tilts, {})
    return returns, u, np.tile(LEVELS, (240, 1))


@pytest.mark.parametrize(("effect", "sign"), [(-0.002, 1), (0.0, -1)])
def test_marginal_likelihood_finds_a_term_where_there_is_one(effect, sign):
    settings = {
        "leading": ["usdjpy"],
        "leading_scale": 1.0,
        "groups": {"others": {"factors": [], "scales": [0.3]}},
        "terms": {"leap": {**_row(), "scales": [0.5]}},
    }
    returns, u, before = _returns(effect)
    one, together = weigh_terms(returns, u, before, np.ones(240), _structure(), NAMES, settings)
    assert (one.id, together.id) == ("leap", "all")
    assert one.topix == pytest.approx(together.topix)
    assert sign * one.sectors > 2.0
    assert one.months == (u[:, 2] > 20.0).sum()


def _row() -> dict[str, object]:
    return {
        "kind": "hinge",
        "factor": "vix",
        "side": 1,
        "knot": 20.0,
        "move": 40.0,
        "scales": [0.4],
        "label": {"en": "a leap", "ja": "急騰"},
        "reason": "because",
        "source": "judgement",
    }


def test_examples_are_values_for_the_stated_move():
    gate = {**_row(), "kind": "gate", "factor": "usdjpy", "other": "usdjpy", "knot": 155.0, "move": 4.0, "level": 165.0}
    [hinge, weak] = read_terms({"leap": _row(), "weak": gate}, NAMES)
    assert hinge.example == 20.0
    assert weak.example == pytest.approx(4.0 * 100 * np.log(165 / 155))
    assert [prior.term.id for prior in read_terms({"leap": _row(), "weak": gate}, ("vix",))] == ["leap"]


def _terms(table, path):
    return TERMS_FORM(table, (*path, "terms"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kind": "spline"}, "terms.leap.kind = 'spline'"),
        ({"factor": "vxi"}, "terms.leap.factor: no factor is called 'vxi'"),
        ({"move": 10.0}, "does not reach beyond the knot"),
        ({"side": 2}, "side = 2"),
        ({"scales": []}, "scales = []"),
        ({"knot": float("nan")}, "terms.leap.knot = nan"),
        ({"effects": {"bnaks": -1.0}}, "no series is called 'bnaks'"),
        ({"label": {"en": "a leap"}}, "terms.leap.label has no ja"),
        ({"level": 3.0}, "no key is called 'level'"),
    ],
)
def test_terms_that_make_no_sense_are_refused(change, told):
    with pytest.raises(InputError, match=told.replace("[", r"\[").replace("]", r"\]")):
        check_content({"leap": {**_row(), **change}}, _terms, "priors")


def test_everything_wrong_is_named_at_once():
    rows = {"one": {**_row(), "side": 2, "scales": [-1.0]}, "two": {**_row(), "factor": "nothing"}, "three": 1}
    with pytest.raises(InputError) as caught:
        check_content(rows, _terms, "priors")
    assert len(caught.value.problems) == 4


def test_shipped_priors_say_why_and_from_where():
    table = read_priors()["equity"]["terms"]
    assert 4 <= len(table) <= 8
    for row in table.values():
        assert row["reason"].strip()
        assert row["source"].strip()
