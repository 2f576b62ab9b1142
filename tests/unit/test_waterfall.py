"""Waterfalls and the table of earnings in the report: bars join, parts add up, published numbers are the model's."""

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest

from jpsim.reporting.earnings_table import earnings_table
from jpsim.reporting.html import render_report
from jpsim.reporting.waterfall import MOST, driver_names, waterfall_chart, waterfall_charts
from jpsim.runs import Contributions, contribution_table
from tests.synthetic_run import synthetic_run

DRIVERS = ("earnings:trend", "earnings:usdjpy", "multiple:usdjpy", "multiple:drift", "monte_carlo")


@pytest.fixture(scope="module")
def run():
    plain = synthetic_run()
    series = tuple(name for name, kind in zip(plain.outputs, plain.kinds, strict=True) if kind != "factor")
    rng = np.random.default_rng(3)
    shape = (len(DRIVERS), len(series), plain.horizon)
    parts = [Contributions(name, series, DRIVERS, rng.normal(0, 0.02, shape)) for name in plain.scenarios]
    tables = {"attribution_earnings.parquet": contribution_table(parts)}
    return replace(plain, tables=MappingProxyType(tables))


def number(text: str) -> float:
    return float(text.replace("\N{MINUS SIGN}", "-"))


def test_bars_run_from_the_mean_of_the_reference_to_that_of_the_scenario(run) -> None:
    chart = waterfall_chart(run, 1, "topix", "factor")
    assert chart is not None
    means = 100 * run.statistics["mean"][:, run.outputs.index("topix"), -1]
    assert number(chart.bars[0].text) == pytest.approx(means[0], abs=0.05)
    assert number(chart.bars[-1].text) == pytest.approx(means[1], abs=0.05)
    steps = [number(bar.text) for bar in chart.bars[1:-1]]
    assert sum(steps) == pytest.approx(means[1] - means[0], abs=0.06 * (len(steps) + 1))
    assert len(steps) <= MOST + 1


def test_every_bar_begins_where_the_one_before_ends(run) -> None:
    chart = waterfall_chart(run, 1, "topix", "factor")
    assert chart is not None
    for (x, _, _), above, below in zip(chart.links, chart.bars, chart.bars[1:], strict=False):
        for bar in (above, below):
            assert min(abs(x - bar.left), abs(x - bar.left - bar.width)) < 1.1


def test_what_a_run_does_not_hold_is_not_drawn(run) -> None:
    assert waterfall_chart(run, 1, "topix", "condition") is None
    assert waterfall_charts(run, 0) == ()
    assert {chart.by for chart in waterfall_charts(run, 1)} == {"factor"}


def test_drivers_bear_names_in_both_languages() -> None:
    for driver in ("usdjpy", "equity_premium", "earnings", "unidentified", "demand", "reference", "monte_carlo"):
        names = driver_names(driver)
        assert names["en"] != driver
        assert names["ja"] != names["en"]


def test_earnings_and_multiple_add_up_in_the_table_and_the_page_shows_them(run) -> None:
    table = earnings_table(run)
    assert table is not None
    assert table.columns == ("split_growth", "split_earnings", "split_multiple")
    for _, scenarios in table.rows:
        for growth, earnings, multiple in scenarios:
            assert number(growth.text) == pytest.approx(number(earnings.text) + number(multiple.text), abs=0.16)
    assert 'id="split"' in render_report(run)
    assert 'id="earnings"' not in render_report(synthetic_run())
