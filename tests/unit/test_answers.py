"""What the answer says where a scenario is refused or a limit breached: the number, its unit, what to do instead."""

from types import SimpleNamespace

import numpy as np
import pytest

from jpsim.api.storing import check_limits
from jpsim.conditioning.premium import MeanView, solve_shift
from jpsim.conditioning.support import refuse_unsupported
from jpsim.errors import InputError, LimitBreached, Place, UnsupportedError
from jpsim.model.store import find_model, load_model
from jpsim.months import Month
from jpsim.scenario import load_run, load_scenario


@pytest.fixture(scope="module")
def shipped():
    return load_model(find_model("japan_monthly"))


def scenario_of(folder, text):
    path = folder / "s.yaml"
    path.write_text(f"schema: jpsim/scenario@1\nid: s\n{text}\n", encoding="utf-8")
    return load_scenario(path)


def test_an_impulse_that_factors_carry_names_the_factors(tmp_path, shipped):
    stated = scenario_of(tmp_path, "impulses: {yen_weakness: {size: 1sd, over: 12m}}")
    with pytest.raises(UnsupportedError, match=r"cannot be simulated\n.*do: state usdjpy or core_cpi under"):
        refuse_unsupported(stated, shipped)


def mean_view(series: str, line: int) -> MeanView:
    return MeanView(series, 12, 0.1, Place("s.yaml", line, 5), "equity_premium")


@pytest.mark.parametrize(
    ("other", "found"),
    [
        ("topix", r"s\.yaml:5:5: the mean of topix at month 12 is stated twice; the first view is at s\.yaml:4:5"),
        (
            "nikkei225",
            r"s\.yaml:5:5: one shift .* the means of topix and nikkei225 at month 12; .*s\.yaml:4:5",
        ),
    ],
)
def test_two_means_of_one_month_name_both_lines(other, found):
    law = SimpleNamespace(system=SimpleNamespace(horizon=12))
    with pytest.raises(InputError, match=found):
        solve_shift(law, (), (mean_view("topix", 4), mean_view(other, 5)))


@pytest.mark.parametrize(
    ("limit", "value", "said"),
    [
        ("{series: jgb_10y, at: 12m, sd: 10bp}", 0.28931, "sd of jgb_10y at 12m is 0.2893pp, above 0.1pp"),
        ("{series: usdjpy, at: 12m, es95: 5 JPY}", 27.12461, "es95 of usdjpy at 12m is 27.12 JPY, above 5 JPY"),
        ("{series: vix, at: 12m, sd: 2}", 7.17443, "sd of vix at 12m is 7.174, above 2"),
        ("{series: topix, at: 12m, es95: 5%}", 0.16541, "es95 of topix at 12m is 16.54%, above 5.00%"),
    ],
)
def test_breached_limits_are_told_in_their_own_unit(tmp_path, limit, value, said):
    path = tmp_path / "run.yaml"
    path.write_text(f"schema: jpsim/run@1\nscenarios: [baseline]\nlimits: [{limit}]\n", encoding="utf-8")
    request = load_run(path)
    ((statistic, bound),) = [one.bound for one in request.limits]
    assert bound.value < value
    drawn = SimpleNamespace(
        as_of=Month(2026, 1),
        scenarios=("baseline",),
        outputs=(request.limits[0].series,),
        step="month",
        place=lambda month: month - 12,
        statistics={statistic: np.full((1, 1, 1), value)},
    )
    with pytest.raises(LimitBreached) as caught:
        check_limits(drawn, request)
    assert str(caught.value) == f"baseline: {said}"
