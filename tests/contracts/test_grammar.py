"""The grammar as users and outside checks rely on it: shipped files, round trips, JSON Schemas."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml

from jpsim.errors import InputError
from jpsim.scenario import load_file, load_run, load_scenario, plain_scenario
from jpsim.scenario.json_schema import json_schema, read_json_schema, render_json_schema
from jpsim.scenario.loader import parse_yaml, read_yaml

PROJECT = Path(__file__).resolve().parents[2]
SCENARIOS = sorted(path.stem for path in (PROJECT / "scenarios").glob("*.yaml"))
RUNS = sorted(path.stem for path in (PROJECT / "configs").glob("*.yaml"))

EVERYTHING = """
schema: jpsim/scenario@1
id: everything
title: {en: All at once, ja: 全部}
narrative: Every key of the grammar.
sources: [a, b]
channels: [house_view]
as_of: 2026-01-31
state: {boj_policy_rate: 0.75%, foreign_flow: 1 tn JPY, usdjpy: 153.8 JPY}
combinations: {slope: {jgb_30y: 1, jgb_10y: -1}, dollar: {usdjpy: 0.5, usd_broad: 0.5}}
conditions:
  boj_policy_rate: {level: {2026-04: 1.00%, 2026-10: 1.25%}, fill: step, announced: 2m}
  slope: {change: {12m: +30bp}, kind: marginal, sd: 15bp}
  dollar: {change: {12m: -5%}, kind: measurement, sd: 2%}
  usdjpy: [{range: {6m: [145, 155], 12m: [140, null]}}, {change: {9m: -1.5sd}}]
  us_policy_rate: {table: {2026-12: {3.25%: 0.2, 3.50%: 0.5, 3.75%: 0.3}}}
  japan_activity: {level: {6m: 1sd}, kind: marginal, sd: 0.5sd}
  foreign_flow: {level: {3m: 2 tn JPY}}
  fiscal_impulse: {level: {6m: 1.0pp, 12m: 1.5pp}, fill: linear}
  core_cpi: {change: {6m: +0.5pp}}
drivers: [demand, yen]
regime: reflation
premium: baseline
impulses: {defence_rerating: {size: 1sd, over: 12m, priced_in: 50%}, physical_ai: {size: -1sd, when: 2026-07}}
rules: {fx_intervention: {threshold: 160 JPY}, policy_rate_floor: {level: 0%}, policy_rate_meetings: off, nonlinear: on}
views:
  - {series: usdjpy, by: 12m, above: 160, probability: {at_most: 15%}}
  - {series: topix, at: 12m, sd: 18%}
  - {series: banks, versus: topix, at: 12m, mean: {at_least: 2%, at_most: 5%}}
  - {series: topix, at: 12m, quantile: {5%: -20%}}
  - {series: oil, at: 12m, sd: 10 USD}
  - {series: topix, at: 12m, es95: 30%}
"""


@pytest.mark.parametrize("name", SCENARIOS)
def test_shipped_scenarios_are_valid_and_complete(project, name):
    scenario = load_file(project / "scenarios" / f"{name}.yaml")
    assert scenario.id == name
    assert scenario.title.en
    assert scenario.title.ja
    assert not scenario.warnings


@pytest.mark.parametrize("name", RUNS)
def test_shipped_runs_resolve_to_files_that_mean_the_same(project, tmp_path, name):
    request = load_run(project / "configs" / f"{name}.yaml")
    law = "stochastic_volatility" if request.step == "day" else "student_t"
    assert (request.paths, request.seed, request.innovations) == (100_000, 20260130, law)
    path = tmp_path / "resolved.yaml"
    path.write_text(request.to_yaml(), encoding="utf-8")
    again = load_run(path)
    assert again == request
    assert again.resolved() == request.resolved()


@pytest.mark.parametrize("folder", ["scenarios", "configs"])
def test_every_shipped_file_is_tested_and_names_its_schema(project, folder):
    files = sorted((project / folder).glob("*.yaml"))
    assert [path.stem for path in files] == (SCENARIOS if folder == "scenarios" else RUNS)
    kind = "scenario" if folder == "scenarios" else "run"
    for path in files:
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert first == f"# yaml-language-server: $schema=../jpsim/data/schemas/{kind}.json"
        assert (path.parent / first.partition("=")[2]).is_file()


def test_every_key_round_trips(tmp_path):
    path = tmp_path / "everything.yaml"
    path.write_text(EVERYTHING, encoding="utf-8")
    scenario = load_scenario("everything", tmp_path)
    run = tmp_path / "run.yaml"
    run.write_text("schema: jpsim/run@1\nscenarios: [everything]\n")
    request = load_run(run)
    run.write_text(request.to_yaml(), encoding="utf-8")
    assert load_run(run).scenarios == (scenario,)
    assert set(plain_scenario(scenario)) == {"schema", *type(scenario).model_fields} - {"mixture"}


@pytest.mark.parametrize("kind", ["scenario", "run"])
def test_json_schemas_are_up_to_date_and_valid(kind):
    assert read_json_schema(kind) == render_json_schema(kind)
    jsonschema.Draft202012Validator.check_schema(json_schema(kind))


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_scenario_schema_accepts_what_the_grammar_accepts(project, name):
    path = project / "scenarios" / f"{name}.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    if "as_of" in content:
        content["as_of"] = str(content["as_of"])  # YAML 1.1 makes a date of it, editors do not
    assert not list(jsonschema.Draft202012Validator(json_schema("scenario")).iter_errors(read_yaml(path).plain()))
    assert not list(jsonschema.Draft202012Validator(json_schema("scenario")).iter_errors(content))


@pytest.mark.parametrize("name", RUNS)
def test_the_run_schema_accepts_runs_and_resolved_runs(project, name):
    validator = jsonschema.Draft202012Validator(json_schema("run"))
    path = project / "configs" / f"{name}.yaml"
    assert not list(validator.iter_errors(read_yaml(path).plain()))
    assert not list(validator.iter_errors(yaml.safe_load(load_run(path).to_yaml())))


def test_the_scenario_schema_accepts_every_key():
    content = parse_yaml(EVERYTHING, "f").plain()
    assert not list(jsonschema.Draft202012Validator(json_schema("scenario")).iter_errors(content))


@pytest.mark.parametrize(
    "line",
    [
        "conditions: {jgb_10yr: {levle: {12m: 1%}}}",
        "conditions: {jgb_10y: {level: {next year: 1%}}}",
        "conditions: {jgb_10y: {level: {12m: 1%}, kind: soft}}",
        "views: [{series: topxi, at: 12m, mean: 1%}]",
        "impulses: {unknown: {size: 1sd, over: 3m}}",
        "drivers: [demannd]",
        "regim: calm",
    ],
)
def test_the_scenario_schema_refuses_what_the_grammar_refuses(tmp_path, line):
    text = f"schema: jpsim/scenario@1\nid: s\n{line}\n"
    assert list(jsonschema.Draft202012Validator(json_schema("scenario")).iter_errors(parse_yaml(text, "f").plain()))
    (tmp_path / "s.yaml").write_text(text)
    with pytest.raises(InputError):
        load_scenario("s", tmp_path)
