"""Nonlinear terms of a model: stored, checked, exported, and in force where they should be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jpsim.calibration.terms import term_values
from jpsim.conditioning.explanation import explain_story
from jpsim.conditioning.stories import derive_story
from jpsim.errors import InputError, UnsupportedError
from jpsim.model import Model, ParameterDraws, Term
from jpsim.model.checks import check_model
from jpsim.model.export import export_model
from jpsim.model.store import load_model, save_model
from jpsim.reporting.statements import named, statement_text
from jpsim.scenario import Scenario, load_scenario
from jpsim.simulation.sampling import Sampler
from tests.models import bent_model, regime_model, small_model


def drawn_model() -> Model:
    model = small_model()
    parts = {name: np.stack([getattr(model, name)] * 3) for name in ("c", "B", "Sigma", "alpha", "beta", "loadings")}
    return bent_model(replace(model, draws=ParameterDraws(**parts)))


def read(tmp_path, text: str, name: str = "said") -> Scenario:
    (tmp_path / f"{name}.yaml").write_text(f"schema: jpsim/scenario@1\nid: {name}\nas_of: 2026-01\n{text}\n", "utf-8")
    return load_scenario(tmp_path / f"{name}.yaml")


def test_terms_and_their_draws_come_back(tmp_path) -> None:
    model = drawn_model()
    sha256 = save_model(model, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    assert [term.id for term in loaded.terms] == [term.id for term in model.terms]
    for before, after in zip(model.terms, loaded.terms, strict=True):
        assert after.knot == pytest.approx(before.knot, rel=1e-11)
        assert replace(after, knot=0.0, centre=0.0) == replace(before, knot=0.0, centre=0.0)
    np.testing.assert_allclose(loaded.term_loadings, model.term_loadings, rtol=1e-11)
    assert model.draws is not None
    assert loaded.draws is not None
    np.testing.assert_array_equal(loaded.draws.term_loadings, model.draws.term_loadings)
    assert not loaded.term_loadings.flags.writeable
    assert save_model(loaded, tmp_path / "again") == sha256
    assert [one.term_loadings.tolist() for one in loaded.posterior()] == loaded.draws.term_loadings.tolist()


def test_a_model_without_terms_is_stored_as_ever(tmp_path) -> None:
    save_model(small_model(), tmp_path / "model")
    with np.load(tmp_path / "model" / "arrays.npz") as arrays:
        assert "term_loadings" not in arrays.files
    assert "terms" not in (tmp_path / "model" / "model.json").read_text(encoding="utf-8")
    loaded = load_model(tmp_path / "model")
    assert (loaded.terms, loaded.term_loadings.shape) == ((), (5, 0))
    assert loaded.linear is loaded


@pytest.mark.parametrize(
    ("term", "said"),
    [
        (Term("a", "knee", "usdjpy"), "'a' is a 'knee', not one of hinge, gate, pair"),
        (Term("a", "hinge", "euro"), "'a' needs a factor where it names 'euro'"),
        (Term("a", "pair", "usdjpy"), "'a' needs a factor where it names ''"),
        (Term("a", "hinge", "usdjpy", side=0), "'a' acts on the side 0, not 1 or -1"),
        (Term("a", "hinge", "usdjpy", knot=np.inf), "'a' has a knot, centre or slope that is not finite"),
        (Term("a", "pair", "usdjpy", "sp500", slope=0.1), "'a' is a pair, which has no linear part, with the slope 0"),
        (Term("a", "gate", "jgb_10y", "usdjpy"), "'a' has the knot 0 on the level of usdjpy, which is above zero"),
        (Term("a", "gate", "jgb_10y", "jgb_2y", centre=1.0), "'a' is a gate, whose mean is zero, with the centre 1"),
        (Term("usdjpy_above", "hinge", "usdjpy"), "two of its terms are called 'usdjpy_above'"),
    ],
)  # fmt: skip
def test_wrong_terms_are_named(term: Term, said: str) -> None:
    model = bent_model(small_model())
    wrong = replace(model, terms=(*model.terms[:1], term, *model.terms[2:]))
    with pytest.raises(InputError, match=f"term {said}" if said.startswith("'") else said):
        check_model(wrong)


def test_loadings_must_fit_the_terms_and_add_up() -> None:
    model = bent_model(small_model())
    with pytest.raises(InputError, match=r"term_loadings has shape \(5, 4\), not \(5, 5\)"):
        check_model(replace(model, term_loadings=model.term_loadings[:, :4]))
    drawn = drawn_model()
    assert drawn.draws is not None
    with pytest.raises(InputError, match="draws of term_loadings have shape"):
        check_model(replace(drawn, draws=replace(drawn.draws, term_loadings=np.zeros((3, 5, 0)))))
    shipped = bent_model(load_model("japan_monthly"))
    check_model(shipped)
    skewed = shipped.term_loadings.copy()
    skewed[shipped.series.index("core30"), 2] += 1e-6
    with pytest.raises(InputError, match="is not the weighted sum"):
        check_model(replace(shipped, term_loadings=skewed))


def test_the_export_tells_the_terms(tmp_path) -> None:
    model = bent_model(small_model())
    export_model(model, tmp_path / "model.npz")
    with np.load(tmp_path / "model.npz") as arrays:
        assert arrays["term_kind"].tolist() == ["hinge", "hinge", "gate", "gate", "pair"]
        assert arrays["term_other"].tolist() == ["", "", "usdjpy", "jgb_10y", "sp500"]
        np.testing.assert_allclose(arrays["term_loadings"], model.term_loadings, rtol=1e-11)
        for name in ("term_factor", "term_knot", "term_side", "term_centre", "nonlinear: on"):
            assert name in str(arrays["readme"])


def test_without_its_terms_a_model_keeps_their_linear_parts() -> None:
    """Loadings less what terms add at a unit innovation, slope by slope; regimes and draws as the point."""
    model = replace(drawn_model(), regimes=regime_model().regimes)
    slopes = (-0.5, 0.3, 2.0, 0.1, 0.0)
    model = replace(model, terms=tuple(replace(t, slope=s) for t, s in zip(model.terms, slopes, strict=True)))
    straight, expected = model.linear, model.loadings.copy()
    assert (straight.terms, straight.term_loadings.size) == ((), 0)
    for term, column in zip(model.terms, model.term_loadings.T, strict=True):
        expected[:, model.factor(term.factor)] += term.slope * column
    np.testing.assert_allclose(straight.loadings, expected, rtol=1e-13)
    inside = [replace(one, draws=None).in_regime("wild").loadings for one in (straight, model)]
    np.testing.assert_allclose(inside[0] - inside[1], expected - model.loadings, rtol=0, atol=1e-15)
    assert model.draws is not None
    assert straight.draws is not None
    moved = straight.draws.loadings[2] - model.draws.loadings[2]
    yen = model.draws.term_loadings[2] @ [-0.5, 0.0, 2.0, 0.0, 0.0]
    np.testing.assert_allclose(moved[:, model.factor("usdjpy")], yen, rtol=1e-12)


def test_the_exported_terms_are_what_goes_beyond_the_exported_loadings(tmp_path) -> None:
    """Returns rebuilt from the arrays, by the equations of their readme, are those of the model with its terms."""
    model = bent_model(small_model())
    slopes = (-0.5, 0.3, 2.0, 0.1, 0.0)
    model = replace(model, terms=tuple(replace(t, slope=s) for t, s in zip(model.terms, slopes, strict=True)))
    export_model(model, tmp_path / "model.npz")
    rng, at = np.random.default_rng(7), model.factors.index
    with np.load(tmp_path / "model.npz") as arrays:
        for _ in range(20):
            u = rng.standard_normal(len(model.factors)) * np.sqrt(np.diag(model.Sigma)) * 3.0
            dollar, rate = (model.base_level[at(name)] * rng.uniform(0.9, 1.2) for name in ("usdjpy", "jgb_10y"))
            knot, centre, slope = (arrays[f"term_{name}"] for name in ("knot", "centre", "slope"))
            yen, stocks, long = u[at("usdjpy")], u[at("sp500")], u[at("jgb_10y")]
            phi = [
                max(yen - knot[0], 0.0) - centre[0] - slope[0] * yen,
                max(-(stocks - knot[1]), 0.0) - centre[1] - slope[1] * stocks,
                (max(100.0 * np.log(dollar / knot[2]), 0.0) - slope[2]) * yen,
                (max(rate - knot[3], 0.0) - slope[3]) * long,
                yen * stocks - centre[4],
            ]
            before = model.base_level.copy()
            before[[at("usdjpy"), at("jgb_10y")]] = dollar, rate
            expected = model.loadings @ u + model.term_loadings @ term_values(model.terms, model.factors, u, before)
            np.testing.assert_allclose(arrays["loadings"] @ u + arrays["term_loadings"] @ phi, expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("rules", "plain", "bent"),
    [("", False, True), ("", True, False), ("rules: {nonlinear: on}", True, True),
     ("rules: {nonlinear: off}", False, False)],
)  # fmt: skip
def test_terms_act_unless_switched_off_and_in_a_plain_run_only_where_named(tmp_path, rules, plain, bent) -> None:
    for model in (bent_model(small_model()), bent_model(regime_model())):
        story = derive_story(model, read(tmp_path, rules), 3, {}, plain=plain, divided=not plain)
        law = Sampler.of(story, "gaussian", 5, plain=plain).laws[0]
        assert (law.equity.terms is not None) is bent


def test_a_plain_run_draws_the_linear_model_bit_by_bit(tmp_path) -> None:
    model = small_model()
    drawn = [
        Sampler.of(derive_story(one, read(tmp_path, ""), 3, {}, plain=True), "gaussian", 5, plain=True).paths(0, 600)
        for one in (model, bent_model(model))
    ]
    np.testing.assert_array_equal(*drawn)


def test_terms_are_refused_where_there_are_none_and_keep_the_target_from_its_rule(tmp_path) -> None:
    with pytest.raises(UnsupportedError, match="rule nonlinear on the model small, which has no nonlinear terms"):
        derive_story(small_model(), read(tmp_path, "rules: {nonlinear: on}"), 3, {})
    model = bent_model(small_model())
    on_target = Term("target", "gate", "jgb_10y", "boj_policy_rate", knot=1.0)
    bound = replace(model, terms=(on_target, *model.terms[1:]))
    with pytest.raises(UnsupportedError, match="rule policy_rate_meetings on the model small, which has no target"):
        derive_story(bound, read(tmp_path, "rules: {policy_rate_meetings: on}"), 3, {})


def test_what_a_scenario_says_of_terms_stands_among_its_assumptions(tmp_path) -> None:
    for said, english, japanese in (
        ("on", "acts on the paths of a run", "経路に適用"),
        ("off", "switched off", "不適用"),
    ):
        story = derive_story(bent_model(small_model()), read(tmp_path, f"rules: {{nonlinear: {said}}}"), 3, {})
        [row] = explain_story(story)["assumptions"]
        assert (row["series"], row["statement"]) == ("nonlinear", english)
        assert statement_text(row["statement"])["ja"] == japanese
        assert named(row["series"]).names["en"] == "nonlinear terms of returns (rule)"
