"""Paths of the months' scales behind views under named drivers: their known moments, and means on drawn paths."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from jpsim.conditioning.scale_paths import scale_paths
from jpsim.conditioning.stories import derive_story
from jpsim.conditioning.term_moments import Innovations, scale_law
from jpsim.model import Model
from jpsim.scenario import load_scenario
from jpsim.simulation.sampling import Sampler
from tests.models import small_model

PATHS = 60_000


@pytest.fixture
def model() -> Model:
    """The small model with two orthogonal shocks of its own."""
    plain = small_model(nu=6.0)
    rotation, _ = np.linalg.qr(np.random.default_rng(9).standard_normal((len(plain.factors) - 1, 2)))
    directions = np.vstack([rotation, np.zeros((1, 2))])
    return replace(plain, shocks=("demand", "global_risk"), impacts=np.linalg.cholesky(plain.Sigma) @ directions)


@pytest.mark.parametrize("innovations", ["student_t", "stochastic_volatility"])
@pytest.mark.parametrize("months", [12, 60, 120])
def test_scales_have_their_known_moments(model: Model, innovations: Innovations, months: int) -> None:
    """Exact means whatever the horizon; months depend on each other as the log-variance does, Var(v) closed form."""
    scales, excess = scale_paths(model, innovations, months)
    assert (scales > 0.0).all()
    np.testing.assert_allclose((scales**2).mean(axis=0), scale_law(model, innovations, months).squares, rtol=1e-12)
    np.testing.assert_allclose(excess.mean(axis=0), 0.0, atol=1e-12)
    assert np.abs(np.log(scale_paths(model, innovations, months)[0] / scales)).max() == 0.0
    if innovations == "student_t":
        assert np.abs(np.corrcoef(scales.T) - np.eye(months)).mean() < 0.06
        return
    age = np.arange(1, months + 1)
    stationary = model.sv_sigma**2 / (1.0 - model.sv_phi**2)
    known = stationary * model.sv_phi ** np.abs(np.subtract.outer(age, age)) / 4.0
    known = known - stationary * model.sv_phi ** np.add.outer(age, age) / 4.0
    found = np.cov(np.log(scales).T)
    apart = ~np.eye(months, dtype=bool)
    assert np.sqrt(((found - known)[apart] ** 2).mean()) < 0.015


@pytest.mark.parametrize("innovations", ["student_t", "stochastic_volatility"])
def test_a_view_holds_on_drawn_paths_over_many_years(tmp_path: Path, model: Model, innovations: Innovations) -> None:
    """The premium is solved in law; the mean of paths that know nothing of the solution is the stated one."""
    path, months = tmp_path / "long.yaml", 84
    path.write_text(
        "schema: jpsim/scenario@1\nid: long\ndrivers: [demand, global_risk]\n"
        "conditions: {jgb_10y: {level: {48m: 2.9%}}}\n"
        f"views: [{{series: topix, at: {months}m, mean: 40%, absorb: equity_premium}}]\n",
        encoding="utf-8",
    )
    story = derive_story(model, load_scenario(path), months, {}, innovations=innovations)
    sampler = Sampler.of(story, innovations, 5, steps=[months])
    assert sampler.weights(PATHS) is None
    returns = sampler.paths(0, PATHS, [model.outputs.index("topix")])[0, -1]
    z = (returns.mean() - 0.4) / (returns.std() / np.sqrt(PATHS))
    assert abs(z) < 4.0
