"""Pictures in matplotlib: what is drawn is what the run says."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from scipy.stats import norm

from jpsim.errors import InputError
from tests.synthetic_run import law_of, synthetic_run

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("agg")


@pytest.fixture(autouse=True)
def closed():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


def test_a_fan_has_the_medians_of_scenario_and_reference():
    run = synthetic_run()
    own, reference = run["boj_hike"]["usdjpy"].plot().get_lines()
    assert np.array_equal(own.get_ydata(), run["boj_hike"]["usdjpy"].statistic("q50"))
    assert np.array_equal(reference.get_ydata(), run["baseline"]["usdjpy"].statistic("q50"))


def test_a_density_is_that_of_the_law():
    """A factor of the synthetic run is normal: its histogram's density against scipy's."""
    run = synthetic_run()
    loc, scale, _ = law_of("usdjpy", hike=False)
    points = np.linspace(loc[-1] - 2 * scale[-1], loc[-1] + 2 * scale[-1], 81)
    found = run["baseline"]["usdjpy"].at(12).density(points)
    assert found == pytest.approx(norm.pdf(points, loc[-1], scale[-1]), rel=0.03)
    assert run["baseline"]["usdjpy"].at(12).plot().get_title(loc="left") == "USD/JPY, JPY, baseline, 12m"


def test_a_kind_is_ordered_by_its_means():
    run = synthetic_run()
    [points] = [line for line in run["boj_hike"].plot("size", at="6m").get_lines() if line.get_marker() == "o"]
    means = [100 * run["boj_hike"][output].at(6).mean for output in run.of_kind("size")]
    assert points.get_xdata() == pytest.approx(sorted(means))
    with pytest.raises(InputError, match="sector17"):
        run["boj_hike"].plot("no_such_kind")


def test_a_waterfall_ends_at_the_difference_of_means():
    run = synthetic_run()
    ax = run.attribution.plot("boj_hike", "banks", 12, most=2)
    total = next(bar for bar in ax.patches if bar.get_y() < -0.5).get_width()
    change = run["boj_hike"]["banks"].at(12).mean - run["baseline"]["banks"].at(12).mean
    assert total == pytest.approx(100 * change)
    assert len(ax.patches) == 4  # two drivers, all others, the sum
    with pytest.raises(InputError, match="no attribution"):
        run.attribution.plot("baseline", "banks", 12)


def test_a_run_draws_a_row_per_output_and_a_column_per_scenario():
    assert len(synthetic_run().plot("topix", "usdjpy", "banks").axes) == 6


def test_objects_show_themselves_and_turn_into_tables():
    run = synthetic_run()
    assert "jgb_10y" in run.attribution._repr_html_()
    frame = run.attribution.to_frame()
    assert frame.contribution.sum() == pytest.approx(sum(run.attribution.contribution))
    assert run["boj_hike"].to_xarray()["mean"].sel(series="topix", month=12) == run["boj_hike"]["topix"].at(12).mean
    assert run["boj_hike"]["topix"].to_xarray()["q05"].shape == (12,)


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(InputError, match=r"jpsim\[plot\]"):
        synthetic_run()["baseline"]["topix"].plot()
