"""Samples with nonlinear terms: views hold in law, sums stay exact, tails are attributed, threads change nothing.

Sources: the stated mean; the model's own identities; paths recomputed with numpy from levels and returns.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from jpsim.analysis.attribution import mean_growth
from jpsim.analysis.reverse_stress import stress_in_reverse
from jpsim.analysis.tail_means import TailBand, path_innovations, tail_drivers, tail_means
from jpsim.analysis.term_values import path_terms
from jpsim.conditioning.stories import derive_story
from jpsim.model import Model
from jpsim.model.store import load_model
from jpsim.scenario import RunRequest, Scenario, load_scenario
from jpsim.simulation.engine import draw, draw_paths
from jpsim.simulation.executors import Threads
from jpsim.simulation.job import prepare_job
from jpsim.simulation.sampling import Sampler
from tests.models import bent_model, regime_model, small_model

HORIZON, SEED, PATHS = 12, 20260130, 65_536
VIEW = "views: [{series: topix, at: 12m, mean: 10%}]"
YEN = "conditions: {usdjpy: {change: {12m: -12%}}, jgb_10y: {change: {9m: +40bp}, kind: marginal, sd: 15bp}}"


def read(text: str, name: str = "said") -> Scenario:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.yaml"
        path.write_text(f"schema: jpsim/scenario@1\nid: {name}\nas_of: 2026-01\n{text}\n", encoding="utf-8")
        return load_scenario(path)


def sampler_of(model: Model, text: str, kind: str, *, divided: bool = False) -> Sampler:
    story = derive_story(model, read(text), HORIZON, {}, divided=divided, innovations=kind)
    return Sampler.of(story, kind, SEED)


@pytest.mark.parametrize("kind", ["gaussian", "student_t", "stochastic_volatility"])
@pytest.mark.parametrize("divided", [False, True], ids=["averaged", "divided among regimes"])
def test_a_view_that_the_premium_absorbs_holds_in_law(kind: str, divided: bool) -> None:
    sampler = sampler_of(bent_model(regime_model()), VIEW, kind, divided=divided)
    sample, weights = sampler.draw(PATHS)
    topix = sampler.story.parts[0].law.conditional.system.model.outputs.index("topix")
    z = (sample.statistics["mean"][topix, -1] - 0.1) / sample.errors["mean"][topix, -1]
    assert weights is None or divided
    assert abs(z) < 3.5


@pytest.mark.parametrize("text", [f"{YEN}\n{VIEW}", f"{YEN}\nregime: wild\n{VIEW}"])
def test_it_holds_under_conditions_too(text: str) -> None:
    sampler = sampler_of(bent_model(regime_model()), text, "gaussian")
    sample, weights = sampler.draw(2 * PATHS)
    assert weights is None
    topix = sampler.story.parts[0].law.conditional.system.model.outputs.index("topix")
    assert abs(sample.statistics["mean"][topix, -1] - 0.1) < 3.5 * sample.errors["mean"][topix, -1]


def test_it_holds_where_named_shocks_deliver_conditions_in_volatile_months() -> None:
    """Given paths of the scales all is normal; with normal months alone the view is missed by about 1.2%."""
    model = load_model("japan_monthly")
    model = replace(model, term_loadings=3.0 * model.term_loadings)
    text = "regime: reflation\ndrivers: [yen, global_risk]\n"
    text += "conditions: {usdjpy: {change: {6m: -12%}}, sp500: {change: {12m: -15%}}}\n" + VIEW
    sampler = sampler_of(model, text, "stochastic_volatility")
    topix = len(model.factors) + len(model.series) + model.aggregates.index("topix")
    drawn = np.concatenate([sampler.paths(first, 16_384, [topix])[0, -1] for first in range(0, 131_072, 16_384)])
    assert not sampler.weighted
    assert abs(drawn.mean() - 0.1) < 3.5 * drawn.std() / np.sqrt(drawn.size)


@pytest.mark.parametrize("text", ["", YEN])
def test_closed_form_means_are_those_of_the_sample(text: str) -> None:
    sampler = sampler_of(bent_model(small_model()), text, "gaussian")
    sample, _ = sampler.draw(PATHS)
    law, n = sampler.story.parts[0].law, 7
    picked = np.vstack([np.eye(5), law.conditional.system.model.aggregation])
    z = (1.0 + sample.statistics["mean"][n:] - mean_growth(law, picked)) / sample.errors["mean"][n:]
    assert np.abs(z).max() < 4.0
    linear = mean_growth(derive_story(small_model(), read(text), HORIZON, {}).parts[0].law, picked)
    gap = (mean_growth(law, picked) - linear) / sample.errors["mean"][n:]
    assert bool(np.abs(gap).max() > 4.0) is bool(text)  # the test would see what terms add under conditions


def test_wholes_are_the_weighted_sums_of_their_parts_on_every_path() -> None:
    model = bent_model(load_model("japan_monthly"))
    law = sampler_of(model, YEN, "student_t").laws[0]
    series = draw_paths(law, SEED, 0, 512)[len(model.factors) :]
    position = {name: index for index, name in enumerate((*model.series, *model.aggregates))}
    gross = np.concatenate([np.ones((len(series), 1, 512)), 1.0 + series], axis=1)
    monthly = gross[:, 1:] / gross[:, :-1] - 1.0
    assert model.meta["identities"]
    for identity in model.meta["identities"]:
        total = sum(weight * monthly[position[name]] for name, weight in identity["parts"].items())
        assert np.abs(total - monthly[position[identity["whole"]]]).max() < 1e-6


def test_threads_change_nothing() -> None:
    sampler = sampler_of(bent_model(small_model()), YEN, "stochastic_volatility")
    weights = sampler.weights(9000)
    one, two = (
        draw(
            sampler.laws,
            scenario="s",
            seed=SEED,
            paths=9000,
            weights=weights,
            targets=sampler._targets,
            executor=executor,
        )
        for executor in (Threads(1), Threads(2))
    )
    for name, table in one.statistics.items():
        np.testing.assert_array_equal(table, two.statistics[name])


def test_terms_of_paths_leave_the_residual_to_the_residual() -> None:
    """Without residuals the compound return is the sum of drift and factors, terms included, on every path."""
    model = bent_model(small_model())
    still = replace(model, common=0.0 * model.common, idio_sd=0.0 * model.idio_sd)
    sampler = sampler_of(still, YEN, "student_t")
    drivers = tail_drivers((sampler.story,))
    outputs = len(model.series) + len(model.aggregates)
    everything = TailBand(np.full((outputs, HORIZON), -np.inf), np.full((outputs, HORIZON), np.inf))
    weights = sampler.weights(4096)
    parts = tail_means(sampler, weights, 4096, list(range(outputs)), everything, drivers)
    np.testing.assert_allclose(parts[drivers.index("residual")], 0.0, atol=1e-12)
    drawn = sampler.paths(0, 4096)
    mean = np.average(drawn[7:], axis=2, weights=weights)
    np.testing.assert_allclose(parts.sum(axis=0), mean, atol=1e-12)
    law = sampler.laws[0]
    terms = path_terms(still, law.start, path_innovations(law, drawn[:7]), drawn[:7])
    assert (terms.std(axis=(1, 2)) > 0).all()


def test_reverse_stress_knows_the_terms() -> None:
    """The probability of the loss is the sample's share; in a plain run terms are off."""
    request = RunRequest.model_validate(
        {"scenarios": (read(""),), "model": "small", "paths": 40_000, "horizon": HORIZON, "seed": SEED}
        | {"innovations": "gaussian", "parameter_uncertainty": False}
    )
    model = bent_model(small_model())
    switched = request.model_copy(update={"scenarios": (read("rules: {nonlinear: on}"),)})
    bent = stress_in_reverse(prepare_job(switched, model), "topix", 12, 0.2)
    plain = stress_in_reverse(prepare_job(request, model), "topix", 12, 0.2)
    straight = stress_in_reverse(prepare_job(request, small_model()), "topix", 12, 0.2)
    assert plain.probability == straight.probability
    assert abs(bent.probability - bent.tail.probability) < 4 * bent.tail.probability_error + 0.03 * bent.probability
    assert abs(bent.probability - plain.probability) > 0.2 * plain.probability
