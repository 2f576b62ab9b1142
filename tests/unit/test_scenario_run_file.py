"""Runs: lookup of scenarios, defaults, `--set`, what scenarios must agree on, provenance."""

import pytest

from jpsim.errors import InputError
from jpsim.months import Month
from jpsim.scenario import find_scenarios, load_file, load_run
from jpsim.units import Quantity

SCENARIO = "schema: jpsim/scenario@1\n"


@pytest.fixture
def run(tmp_path):
    def write(text: str, folder: str = "configs", **scenarios: str):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / "scenarios").mkdir(exist_ok=True)
        for name, content in scenarios.items():
            (tmp_path / "scenarios" / f"{name}.yaml").write_text(f"{SCENARIO}id: {name}\n{content}\n", encoding="utf-8")
        path = tmp_path / folder / "run.yaml"
        path.write_text(f"schema: jpsim/run@1\n{text}\n", encoding="utf-8")
        return path

    return write


def test_defaults_are_those_of_the_contract(run):
    request = load_run(run("scenarios: [baseline]"))
    assert (request.model, request.horizon, request.paths, request.seed) == ("japan_monthly", 12, 100_000, 20260130)
    assert (request.series, request.returns, request.statistics, request.paths_out) == (
        "all",
        "price",
        "histogram",
        "none",
    )
    assert request.formats == ("parquet", "html")
    assert (request.innovations, request.parameter_uncertainty) == ("student_t", False)
    assert (request.executor.kind, request.executor.threads, request.portfolio, request.limits) == (
        "local",
        0,
        None,
        (),
    )
    assert (request.precision, request.arithmetic) == ("float64", "strict")
    assert request.as_of == Month(2026, 1)


def test_precision_and_arithmetic_are_part_of_what_is_resolved(run):
    request = load_run(run("scenarios: [baseline]\nprecision: float32\narithmetic: fast"))
    assert (request.precision, request.arithmetic) == ("float32", "fast")
    resolved = request.resolved()
    assert (resolved["precision"], resolved["arithmetic"]) == ("float32", "fast")
    with pytest.raises(InputError, match="float32"):
        load_run(run("scenarios: [baseline]\nprecision: float16"))


def test_every_key_is_read(run):
    request = load_run(run("""scenarios: [calm]
model: japan_monthly@0.1.0
horizon: 6m
paths: 1e12
seed: 7
innovations: gaussian
parameter_uncertainty: true
series: [index, banks]
returns: total
statistics: exact
portfolio: mine.csv
limits: [{series: portfolio, at: 6m, es95: 25%}, {series: usdjpy, at: 6m, sd: 12 JPY}]
paths_out: sample
formats: [csv, md]
executor: {kind: dask, threads: 2, address: "tcp://127.0.0.1:8786"}
""", calm="regime: calm"))  # fmt: skip
    assert (request.paths, request.horizon, request.parameter_uncertainty) == (10**12, 6, True)
    assert request.limits[0].bound == ("es95", Quantity(0.25, "relative"))
    assert request.limits[1].bound == ("sd", Quantity(12.0, "level"))
    assert request.executor.address == "tcp://127.0.0.1:8786"
    assert request.folder == run("scenarios: [calm]").parent


def test_a_scenario_is_looked_up_beside_the_run_then_beside_its_parent_then_in_the_package(run, tmp_path):
    path = run("scenarios: [mine, baseline]", mine="regime: outer")
    assert [s.regime for s in load_run(path).scenarios] == ["outer", "model"]
    inner = tmp_path / "configs" / "scenarios"
    inner.mkdir()
    (inner / "mine.yaml").write_text(f"{SCENARIO}id: mine\nregime: inner\n")
    assert load_run(path).scenarios[0].regime == "inner"
    (tmp_path / "configs" / "mine.yaml").write_text(f"{SCENARIO}id: mine\nregime: nearest\n")
    assert load_run(path).scenarios[0].regime == "nearest"


def test_the_working_directory_comes_before_the_package(run, tmp_path, monkeypatch):
    path = run("scenarios: [baseline]", folder="far")
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "scenarios").mkdir(parents=True)
    (elsewhere / "scenarios" / "baseline.yaml").write_text(f"{SCENARIO}id: baseline\nregime: mine\n")
    monkeypatch.chdir(elsewhere)
    assert load_run(path).scenarios[0].regime == "mine"
    assert find_scenarios()["baseline"].parent.name == "scenarios"


def test_a_run_may_bear_the_name_of_a_scenario(run, tmp_path):
    path = run("scenarios: [run]", run="regime: calm")
    assert load_run(path).scenarios[0].regime == "calm"
    assert "run" in find_scenarios(path)


def test_a_run_may_name_a_file(run, tmp_path):
    path = run("scenarios: [../stories/a.yaml]")
    (tmp_path / "stories").mkdir()
    (tmp_path / "stories" / "a.yaml").write_text(f"{SCENARIO}id: own_name\nextends: beside\n")
    (tmp_path / "stories" / "beside.yaml").write_text(f"{SCENARIO}id: beside\nregime: calm\n")
    (scenario,) = load_run(path).scenarios
    assert (scenario.id, scenario.regime) == ("own_name", "calm")


def test_what_is_referred_to_is_in_the_library(run):
    request = load_run(run("scenarios: [boj_contested]"))
    assert sorted(request.library) == ["baseline", "boj_hike_demand", "boj_hike_policy_shock"]


def test_premiums_in_a_circle_are_shown_as_a_chain(run):
    with pytest.raises(InputError, match="premium goes round in a circle: a -> b -> a"):
        load_run(run("scenarios: [a]", a="premium: b", b="premium: a"))
    with pytest.raises(InputError, match="c -> c"):
        load_run(run("scenarios: [c]", c="premium: c"))


def test_month_0_must_agree(run):
    path = run("scenarios: [a, b]", a="as_of: 2026-01-30", b="as_of: 2025-12-30")
    with pytest.raises(InputError, match="b is as of 2025-12, a as of 2026-01"):
        load_run(path)


def test_a_scenario_without_month_0_takes_that_of_the_others(run):
    late = "conditions: {vix: {level: {2025-11: 20}}}"
    assert load_run(run("scenarios: [b]", b=late)).as_of is None
    with pytest.raises(InputError, match="2025-11 is not after as_of 2026-01"):
        load_run(run("scenarios: [a, b]", a="as_of: 2026-01-30", b=late))


@pytest.mark.parametrize("as_of", ["", "as_of: 2026-01-30\n"])
def test_dates_past_the_horizon_name_both(run, as_of):
    path = run("scenarios: [a]\nhorizon: 6m", a=f"{as_of}conditions: {{vix: {{level: {{7m: 20}}}}}}")
    with pytest.raises(InputError, match="7m is past the horizon of 6m") as caught:
        load_run(path)
    assert "set the run's horizon to 7m" in str(caught.value)
    assert load_run(path, ["horizon=7m"]).horizon == 7


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("paths: 100", "the run has no scenarios"),
        ("scenarios: []", "the list of scenarios is empty"),
        ("scenarios: [baseline, baseline]", "is listed twice"),
        ("scenarios: [base_line]", "write baseline"),
        ("scenarios: [../nowhere.yaml]", "there is no file"),
        ("scenarios: [baseline]\npath: 10", "write paths"),
        ("scenarios: [baseline]\npaths: 0", "a whole number from 1 to"),
        ("scenarios: [baseline]\npaths: 1e16", "a whole number from 1 to"),
        ("scenarios: [baseline]\nseed: -1", "a whole number from 0 to"),
        ("scenarios: [baseline]\nhorizon: 12", "'12' is not a date"),
        ("scenarios: [baseline]\nhorizon: 2027-01", "is no horizon"),
        ("scenarios: [baseline]\nhorizon: 121m", "is no horizon"),
        ("scenarios: [baseline]\nparameter_uncertainty: yes", "write true"),
        ("scenarios: [baseline]\ninnovations: garch", "one of|or"),
        ("scenarios: [baseline]\nseries: [bank]", "write banks"),
        ("scenarios: [baseline]\nlimits: [{series: topix, at: 3m}]", "a limit needs"),
        ("scenarios: [baseline]\nlimits: [{series: topix, at: 13m, es95: 5%}]", "13m is not within the horizon of 12m"),
        ("scenarios: [baseline]\nseries: [size]\nlimits: [{series: banks, at: 3m, es95: 5%}]", "add banks to series"),
        (
            "scenarios: [baseline]\nlimits: [{series: portfolio, at: 3m, es95: 5%}]",
            "the portfolio of a run without one",
        ),
        ("scenarios: [baseline]\nlimits: [{series: usdjpy, at: 3m, es95: 5%}]", "allowed: 6 JPY"),
        ("scenarios: [baseline]\nlimits: [{series: vix, at: 3m, sd: 20%}]", "a bare number such as 8"),
        ("scenarios: [baseline]\nlimits: [{series: jgb_10y, at: 3m, sd: 1.5sd}]", "write 1.5bp or 1.5pp|25bp"),
        ("scenarios: [baseline]\nexecutor: {threads: -1}", "a whole number from 0 to"),
        ("scenarios: [{schema: jpsim/scenario@1, regime: calm}]", "the scenario has no id"),
        ("scenarios: [{id: a}, {id: a, regime: calm}]", "two scenarios have the id 'a'"),
    ],
)
def test_refused(run, text, found):
    with pytest.raises(InputError, match=found) as caught:
        load_run(run(text))
    assert all(problem.place is not None for problem in caught.value.problems)


def test_set_overrides_any_leaf_of_the_run(run):
    path = run("scenarios: [baseline]\npaths: 1000")
    request = load_run(path, ["paths=2_000", "executor.threads=2", "formats=[csv]", "paths=3000", "seed=null"])
    assert (request.paths, request.executor.threads, request.formats, request.seed) == (3000, 2, ("csv",), 20260130)
    assert request.provenance["paths"] == "--set paths"
    assert request.provenance["seed"] == "default"


def test_set_overrides_any_leaf_of_a_scenario_and_its_children_follow(run):
    near = run(
        "scenarios: [child]", parent="regime: calm\nviews: [{series: topix, at: 3m, mean: 5%}]", child="extends: parent"
    )
    request = load_run(near, ["scenarios.parent.views.0.mean=7%", "scenarios.child.regime=stormy"])
    (child,) = request.scenarios
    assert child.views[0].mean.equal == Quantity(0.07, "relative")
    assert child.regime == "stormy"
    assert request.provenance["scenarios.child.views.0.mean"] == "--set scenarios.parent.views.0.mean"
    assert request.provenance["scenarios.child.views.0.at"].endswith("parent.yaml:4:29")


def test_set_reaches_keys_with_dots_in_quotes_and_removes_with_null(run):
    text = "conditions: {us_10y: {table: {3m: {4.25%: 0.5, 4.5%: 0.5}}}, vix: {level: {3m: 20}}}"
    path = run("scenarios: [a]", a=text)
    keys = ['scenarios.a.conditions.us_10y.table.3m."4.25%"=0.4', 'scenarios.a.conditions.us_10y.table.3m."4.5%"=60%']
    request = load_run(path, [*keys, "scenarios.a.conditions.vix=null"])
    (block,) = request.scenarios[0].conditions["us_10y"]
    assert sorted(next(iter(block.table.values())).values()) == [0.4, 0.6]
    assert "vix" not in request.scenarios[0].conditions


@pytest.mark.parametrize(
    ("override", "found"),
    [
        ("paths", "is not key=value"),
        ("=3", "is not key=value"),
        ("a..b=3", "is not key=value"),
        ("paths=[", "not YAML"),
        ("paths=&a 1", "anchor"),
        ("pahts=3", "write paths"),
        ("paths.x=3", "a mapping stands where a number is expected"),
        ("scenarios.x=3", "is no leaf of a run"),
        ("scenarios.zz.regime=calm", "the run has no scenario 'zz'"),
        ("scenarios.baseline.regim=calm", "write regime"),
        ("scenarios.baseline.as_of.x=3", "leads through something that has no parts"),
        ("scenarios.baseline.views.7.at=3m", "leads through something that has no parts"),
        ("scenarios.baseline.extends=boj_hike", "cannot be set from outside"),
    ],
)
def test_wrong_overrides(run, override, found):
    with pytest.raises(InputError, match=found) as caught:
        load_run(run("scenarios: [baseline]"), [override])
    assert all(str(problem.place).startswith("--set ") for problem in caught.value.problems)


def test_provenance_covers_every_leaf_of_the_resolved_run(run):
    request = load_run(run("scenarios: [boj_hike]\nexecutor: {threads: 1}"), ["paths=10"])
    assert request.provenance["executor.threads"].endswith("run.yaml:3:21")
    assert request.provenance["scenarios.boj_hike.as_of"].endswith("baseline.yaml:11:8")
    assert {name.split(".")[0] for name in request.provenance} == {*type(request).model_fields} - {
        "library",
        "report_at",
        "hedges",
    }


def test_a_file_says_what_it_is(run, tmp_path):
    path = run("scenarios: [a]", a="regime: calm")
    assert load_file(path).scenarios == (load_file(tmp_path / "scenarios" / "a.yaml"),)
    for text, found in [
        ("id: a", "does not say what it is"),
        ("schema: jpsim/run@2", "no schema is called 'jpsim/run@2'"),
    ]:
        path.write_text(text)
        with pytest.raises(InputError, match=found):
            load_file(path)


def test_a_scenario_in_the_place_of_a_run_is_told_as_such(run, tmp_path, monkeypatch):
    run("scenarios: [baseline]", mine="extends: baseline")
    with pytest.raises(InputError) as told:
        load_run(tmp_path / "scenarios" / "mine.yaml")
    assert "mine is a scenario, not a run" in str(told.value)
    assert "scenarios: [baseline, mine]" in str(told.value)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="boj_hike is a scenario, not a run"):
        load_run("boj_hike")
    with pytest.raises(InputError, match="cannot be read"):
        load_run("no_such_run.yaml")
