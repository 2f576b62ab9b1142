"""A mean view absorbed by earnings: the price paths of the premium, under another name."""

import numpy as np
import pytest

from jpsim.analysis.attribution import attribute_means, attribution_drivers
from jpsim.conditioning.stories import derive_story
from jpsim.errors import UnsupportedError
from jpsim.model.store import find_model, load_model
from jpsim.scenario import load_scenario
from jpsim.simulation.sampling import Sampler


@pytest.fixture(scope="module")
def model():
    return load_model(find_model("japan_monthly", None))


def story_of(model, tmp_path, views: str, name: str = "viewed", extra: str = "", library=None):
    path = tmp_path / f"{name}.yaml"
    path.write_text(f"schema: jpsim/scenario@1\nid: {name}\nas_of: 2026-01\nviews: {views}\n{extra}", encoding="utf-8")
    scenario = load_scenario(path)
    return derive_story(model, scenario, 12, {**(library or {}), name: scenario})


def test_prices_are_those_of_the_premium(model, tmp_path) -> None:
    stories = {
        absorb: story_of(model, tmp_path, f"[{{series: topix, at: 12m, mean: 10%, absorb: {absorb}}}]", absorb)
        for absorb in ("equity_premium", "earnings")
    }
    drawn = {name: Sampler.of(story, "student_t", 5).paths(0, 512) for name, story in stories.items()}
    np.testing.assert_array_equal(drawn["earnings"], drawn["equity_premium"])
    shift = stories["earnings"].parts[0].law.shift
    assert shift.earnings.all()
    assert not shift.premium.any()


def test_the_attribution_shows_it_under_earnings(model, tmp_path) -> None:
    plain = story_of(model, tmp_path, "[]", "plain")
    earned = story_of(model, tmp_path, "[{series: topix, at: 12m, mean: 10%, absorb: earnings}]", "earned")
    drivers = attribution_drivers((plain, earned))
    rows = np.eye(len(model.series) + len(model.aggregates))
    sampled = np.full((len(rows), 12), 0.01)
    parts = attribute_means(plain, earned, sampled, rows, drivers)
    np.testing.assert_allclose(parts.sum(axis=0), sampled, atol=1e-12)
    assert (parts[drivers.index("earnings")] != 0).all()
    assert not parts[drivers.index("equity_premium")].any()
    assert "earnings" not in attribution_drivers((plain,))


def test_what_each_view_is_booked_as_follows_its_window(model, tmp_path) -> None:
    views = "[{series: topix, at: 4m, mean: 2%}, {series: topix, at: 12m, mean: 9%, absorb: earnings}]"
    shift = story_of(model, tmp_path, views).parts[0].law.shift
    assert shift.premium[:4].all()
    assert not shift.premium[4:].any()
    assert shift.earnings[4:].all()
    assert not shift.earnings[:4].any()


def test_a_premium_taken_over_keeps_what_it_is_booked_as(model, tmp_path) -> None:
    lender = story_of(model, tmp_path, "[{series: topix, at: 12m, mean: 9%, absorb: earnings}]", "lender")
    taker = story_of(model, tmp_path, "[]", "taker", "premium: lender\n", {"lender": lender.scenario})
    np.testing.assert_array_equal(taker.parts[0].law.shift.earnings, lender.parts[0].law.shift.earnings)


def test_bounds_stay_refused(model, tmp_path) -> None:
    with pytest.raises(UnsupportedError, match="absorbed by earnings"):
        story_of(model, tmp_path, "[{series: topix, at: 12m, mean: {at_least: 5%}, absorb: earnings}]")
