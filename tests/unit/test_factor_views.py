"""Views on the risk of a factor: in its own unit, a loss being its fall since month 0."""

from pathlib import Path

import numpy as np
import pytest

from jpsim.errors import InputError
from jpsim.months import Month
from jpsim.scenario import load_scenario
from jpsim.simulation.views import demands_of, impose

COUNT = 4_000
START = 153.8


def weighted(folder: Path, view: str) -> tuple[np.ndarray, np.ndarray]:
    """Levels of the yen after a year, and the weights under which a view on them holds."""
    path = folder / "stated.yaml"
    path.write_text(f"schema: jpsim/scenario@1\nid: stated\nviews:\n  - {view}\n", encoding="utf-8")
    x = START * np.exp(0.1 * np.random.default_rng(5).standard_t(6, COUNT))
    share = np.full(COUNT, 1.0 / COUNT)
    (stated,) = load_scenario(path).views
    found = demands_of(stated, None, lambda _, month: x if month else START, Month(2026, 1), share, {})
    weights = np.exp(impose(np.zeros(COUNT), found))
    return x, weights / weights.sum()


def test_value_at_risk_of_a_factor_counts_from_month_0(tmp_path):
    x, weights = weighted(tmp_path, "{series: usdjpy, at: 12m, var95: 15 JPY}")
    assert weights @ (x <= START - 15) == pytest.approx(0.05, abs=1e-9)


def test_shortfall_of_a_factor_counts_from_month_0(tmp_path):
    x, weights = weighted(tmp_path, "{series: usdjpy, at: 12m, es95: 35 JPY}")
    order = np.argsort(x)
    tail = np.minimum(np.cumsum(weights[order]), 0.05)
    assert START - (np.diff(tail, prepend=0.0) @ x[order]) / 0.05 == pytest.approx(35, abs=0.2)


def test_standard_deviation_of_a_factor_is_in_its_own_unit(tmp_path):
    x, weights = weighted(tmp_path, "{series: usdjpy, at: 12m, sd: 12 JPY}")
    assert np.sqrt(weights @ (x - x.mean()) ** 2) == pytest.approx(12, abs=1e-6)


@pytest.mark.parametrize(
    ("view", "allowed"),
    [
        ("{series: usdjpy, at: 12m, sd: 5%}", "6 JPY"),
        ("{series: usdjpy, at: 12m, es95: 1.5sd}", "6 JPY"),
        ("{series: vix, at: 12m, sd: 20%}", "a bare number such as 8"),
        ("{series: jgb_10y, at: 12m, sd: 1.5sd}", "25bp or 0.25pp"),
        ("{series: japan_activity, at: 12m, var95: 50%}", "0.5sd"),
    ],
)
def test_shares_and_innovations_are_no_unit_of_a_level(tmp_path, view, allowed):
    with pytest.raises(InputError) as caught:
        weighted(tmp_path, view)
    assert caught.value.problems[0].allowed == allowed
