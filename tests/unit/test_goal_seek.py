"""The search against functions whose roots are known, and knobs as the grammar writes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from jpsim.analysis.goal_seek import Answer, Goal, seek_goal
from jpsim.analysis.knob import find_knob
from jpsim.errors import InputError, LimitBreached
from jpsim.scenario import RunRequest, load_run
from jpsim.units import Quantity


def exact(function: Callable[[float], float], error: float = 0.0) -> Callable[[float], Answer]:
    return lambda value: Answer(function(value), error)


def goal(target: float, start: float = 0.0, step: float = 0.1, low: float = -np.inf, high: float = np.inf) -> Goal:
    return Goal(target, start, step, low, high)


@pytest.mark.parametrize(
    ("function", "target", "root"),
    [
        (lambda x: 2.0 * x + 1.0, 7.0, 3.0),
        (lambda x: np.exp(-x), 0.25, np.log(4.0)),
        (lambda x: -(x**3), 8.0, -2.0),
        (lambda x: 5.0 * x, 0.0, 0.0),
    ],
)
def test_roots_are_found_in_either_direction(function: Callable[[float], float], target: float, root: float) -> None:
    found = seek_goal(exact(function), goal(target), str)
    assert found.value == pytest.approx(root, rel=1e-5, abs=1e-9)
    assert found.answer.value == pytest.approx(target, abs=1e-4)


def test_the_error_is_that_of_the_statistic_over_its_slope() -> None:
    found = seek_goal(exact(lambda x: 4.0 * x, error=0.02), goal(1.0), str)
    assert found.slope == pytest.approx(4.0, rel=1e-9)
    assert found.error == pytest.approx(0.005, rel=1e-9)


def test_differences_far_below_the_error_are_not_pursued() -> None:
    fine = seek_goal(exact(lambda x: np.tanh(x) + 0.3 * x), goal(0.9), str)
    rough = seek_goal(exact(lambda x: np.tanh(x) + 0.3 * x, error=0.1), goal(0.9), str)
    assert rough.evaluations < fine.evaluations
    assert abs(rough.answer.value - 0.9) < 0.1 * 0.1


def test_each_value_is_evaluated_once() -> None:
    asked: list[float] = []

    def ask(value: float) -> Answer:
        asked.append(value)
        return Answer(value**3 + value, 0.0)

    found = seek_goal(ask, goal(3.0), str)
    assert len(asked) == len(set(asked)) == found.evaluations


def test_bounds_are_not_left_and_the_message_says_what_they_give() -> None:
    asked: list[float] = []

    def ask(value: float) -> Answer:
        asked.append(value)
        return Answer(0.1 * value, 0.0)

    with pytest.raises(InputError) as told:
        seek_goal(ask, goal(1.0, start=1.0, low=-2.0, high=3.0), lambda x: f"{x:+.0f}bp", "{:.0%}".format)
    assert min(asked) == -2.0
    assert max(asked) == 3.0
    assert "to 100%: between -2bp and +3bp it gives -20% to 30%" in str(told.value)


def test_values_that_are_refused_end_the_search_with_their_reason() -> None:
    def ask(value: float) -> Answer:
        if value > 0.5:
            raise LimitBreached("the effective sample is too small")
        return Answer(value, 0.0)

    assert seek_goal(ask, goal(0.45), str).value == pytest.approx(0.45)
    with pytest.raises(InputError, match="effective sample is too small"):
        seek_goal(ask, goal(2.0, low=-1.0), str)


def test_a_scenario_that_is_impossible_as_it_stands_is_its_own_error() -> None:
    def ask(value: float) -> Answer:
        raise InputError("two conditions clash")

    with pytest.raises(InputError, match="two conditions clash"):
        seek_goal(ask, goal(1.0), str)


def test_a_flat_statistic_is_out_of_reach() -> None:
    with pytest.raises(InputError, match="cannot bring"):
        seek_goal(exact(lambda x: 0.1), goal(0.2), str)


@pytest.fixture
def load(tmp_path: Path) -> Callable[[Sequence[str]], RunRequest]:
    (tmp_path / "parent.yaml").write_text(
        "schema: jpsim/scenario@1\nid: parent\nas_of: 2026-01\n"
        "conditions:\n"
        "  jgb_10y: {change: {12m: +40bp}, kind: marginal, sd: 25bp}\n"
        "  usdjpy: {level: {12m: 150}}\n"
        "  vix: [{level: {6m: 20}}, {range: {12m: [15, 30]}}]\n"
        "impulses: {defence_rerating: {size: 1sd, over: 12m, priced_in: 25%}}\n"
        "views: [{series: topix, at: 12m, mean: 10%}]\n"
    )
    (tmp_path / "child.yaml").write_text("schema: jpsim/scenario@1\nid: child\nextends: parent\n")
    run = tmp_path / "run.yaml"
    run.write_text("schema: jpsim/run@1\nscenarios: [child]\nhorizon: 12m\n")
    return lambda changes: load_run(run, changes)


@pytest.mark.parametrize(
    ("path", "start", "text"),
    [
        ("conditions.jgb_10y.change.12m", Quantity(0.4, "pp"), "0.55pp"),
        ("conditions.jgb_10y.sd", Quantity(0.25, "pp"), "0.55pp"),
        ("conditions.usdjpy.level.12m", Quantity(150.0, "level"), "0.55 JPY"),
        ("conditions.vix.0.level.6m", Quantity(20.0, "level"), "0.55"),
        ("conditions.vix.1.range.12m.0", Quantity(15.0, "level"), "0.55"),
        ("impulses.defence_rerating.size", Quantity(1.0, "sd"), "0.55sd"),
        ("impulses.defence_rerating.priced_in", Quantity(0.25, "share"), "55%"),
        ("views.0.mean", Quantity(0.1, "relative"), "55%"),
    ],
)
def test_a_knob_has_the_unit_of_its_number(
    load: Callable[[Sequence[str]], RunRequest], path: str, start: Quantity, text: str
) -> None:
    knob = find_knob(load, f"scenarios.child.{path}", "child")
    assert knob.start == start
    assert knob.stated
    assert knob.write(0.55) == text


def test_turning_a_knob_changes_its_number_alone(load: Callable[[Sequence[str]], RunRequest]) -> None:
    knob = find_knob(load, "scenarios.child.conditions.jgb_10y.change.12m", "child")
    before, after = load(()).scenarios[0], knob.turn(0.55).scenarios[0]
    (change,) = after.conditions["jgb_10y"][0].change.values()
    assert change == Quantity(0.55, "pp")
    assert after.conditions["jgb_10y"][0].sd == before.conditions["jgb_10y"][0].sd
    assert after.impulses == before.impulses


def test_a_number_of_a_parent_can_be_turned(load: Callable[[Sequence[str]], RunRequest]) -> None:
    knob = find_knob(load, "scenarios.parent.views.0.mean", "child")
    assert knob.start == Quantity(0.1, "relative")
    assert knob.turn(0.07).scenarios[0].views[0].mean.equal == Quantity(0.07, "relative")


def test_bounds_give_the_unit_of_a_number_that_is_not_stated(load: Callable[[Sequence[str]], RunRequest]) -> None:
    key = "scenarios.child.conditions.sp500.change.12m"
    with pytest.raises(InputError, match="does not state"):
        find_knob(load, key, "child")
    knob = find_knob(load, key, "child", ("-20%", " +10%"))
    assert (knob.bounds, knob.stated) == ((-0.2, 0.1), False)
    assert knob.start.value == pytest.approx(-0.05)


@pytest.mark.parametrize(
    ("key", "bounds", "told"),
    [
        ("paths", None, "names no number"),
        ("scenarios.child.conditions.jgb_10y", None, "no number"),
        ("scenarios.child.conditions.jgb_10y.change.12m", ("+50bp", "+20bp"), "LOW below HIGH"),
        ("scenarios.child.conditions.jgb_10y.change.12m", ("5%", "9%"), "bp"),
    ],
)
def test_what_is_no_knob_is_refused(
    load: Callable[[Sequence[str]], RunRequest], key: str, bounds: tuple[str, str] | None, told: str
) -> None:
    with pytest.raises(InputError, match=told):
        find_knob(load, key, "child", bounds)


def test_a_number_without_bounds_is_not_turned_without_end(load: Callable[[Sequence[str]], RunRequest]) -> None:
    change = find_knob(load, "scenarios.child.conditions.jgb_10y.change.12m", "child")
    assert change.ends == pytest.approx((-9.6, 10.4))
    bounded = find_knob(load, "scenarios.child.conditions.jgb_10y.change.12m", "child", ("0bp", "+50bp"))
    assert bounded.ends == (0.0, 0.5)
