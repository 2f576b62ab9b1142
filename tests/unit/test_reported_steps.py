"""Runs that report some steps: the same paths and statistics as a run that reports all."""

from __future__ import annotations

import numpy as np
import pytest

from jpsim import api
from jpsim.conditioning.stories import derive_story
from jpsim.errors import InputError
from jpsim.runs import load_run_folder
from jpsim.scenario import load_run, load_scenario
from jpsim.simulation.engine import memory_needed
from jpsim.simulation.sampling import Sampler
from tests.models import small_model

HORIZON, STEPS = 9, (2, 5, 9)


@pytest.fixture
def story(tmp_path):
    text = "schema: jpsim/scenario@1\nid: firm\nconditions:\n  usdjpy: {level: {4m: 150 JPY}}\n"
    (tmp_path / "firm.yaml").write_text(text)
    return derive_story(small_model(), load_scenario(tmp_path / "firm.yaml"), HORIZON, {})


@pytest.mark.parametrize("kind", ["gaussian", "student_t", "stochastic_volatility"])
def test_paths_are_those_of_a_run_that_reports_all(story, kind):
    whole, some = Sampler.of(story, kind, 5), Sampler.of(story, kind, 5, steps=STEPS)
    places = np.array(STEPS) - 1
    np.testing.assert_array_equal(some.paths(100, 3000), whole.paths(100, 3000)[:, places])


def test_statistics_are_those_of_a_run_that_reports_all(story):
    whole, some = (Sampler.of(story, "student_t", 5, steps=steps).draw(20_000)[0] for steps in (None, STEPS))
    places = np.array(STEPS) - 1
    for name in ("mean", "sd", "p_loss"):
        np.testing.assert_allclose(some.statistics[name], whole.statistics[name][:, places], rtol=1e-9, atol=1e-12)
    width = (whole.histogram.high - whole.histogram.low)[:, places] / 4096  # ends differ, so bins do
    gap = np.abs(some.statistics["q05"] - whole.statistics["q05"][:, places])
    assert (gap <= 2.0 * width).all()


def test_memory_is_that_of_the_reported_steps(story):
    whole, some = Sampler.of(story, "student_t", 5), Sampler.of(story, "student_t", 5, steps=(9,))
    assert memory_needed(some.laws, 2) < 0.5 * memory_needed(whole.laws, 2)


def write(tmp_path, text=""):
    (tmp_path / "plain.yaml").write_text("schema: jpsim/scenario@1\nid: plain\n")
    (tmp_path / "firm.yaml").write_text(
        "schema: jpsim/scenario@1\nid: firm\nconditions: {usdjpy: {change: {6m: -5%}}}\n"
    )
    path = tmp_path / "run.yaml"
    path.write_text(f"schema: jpsim/run@1\nscenarios: [plain, firm]\nseries: [topix]\npaths: 4096\n{text}")
    return path


def test_a_monthly_run_with_report_at_is_stored_and_read_again(tmp_path):
    config = write(tmp_path, "report_at: [3m, 6m]\npaths_out: sample\nformats: [parquet, html, md, xlsx]\n")
    run = api.run(config, out=tmp_path / "out")
    whole = api.run(write(tmp_path), out=None)
    assert run.steps == (3, 6, 12)
    again = load_run_folder(tmp_path / "out" / run.run_id)
    frame = again.summary()
    assert sorted(set(frame["month"])) == [3, 6, 12]
    one, other = again["firm"]["topix"], whole["firm"]["topix"]
    assert one.at("6m").mean == pytest.approx(other.at("6m").mean, abs=1e-12)
    shares = list(zip(again.attribution.month, again.attribution.contribution, strict=True))
    total = sum(share for month, share in shares if month == 6)
    assert total == pytest.approx(one.at(6).mean - again["plain"]["topix"].at(6).mean, abs=1e-9)
    assert api.replay(tmp_path / "out" / run.run_id).equal
    with pytest.raises(InputError, match="not reported"):
        one.at("4m")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("report_at: [3m]\nattribution: [es95]\n", "attribution: es95 needs every step"),
        ("report_at: [3m]\nlimits: [{series: topix, at: 6m, es95: 20%}]\n", "report_at leaves out"),
        ("report_at: [13m]\n", "no date of this run"),
        ("report_at: [10d]\n", "no date of this run"),
    ],
)
def test_what_lies_between_reported_steps_is_refused_by_name(tmp_path, text, found):
    with pytest.raises(InputError, match=found):
        api.plan(load_run(write(tmp_path, text)))
