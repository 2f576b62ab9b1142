"""Saying: YAML in, validated immutable scenarios and runs out."""

from jpsim.scenario.canonical import plain_request, plain_scenario, write_request, write_scenario
from jpsim.scenario.drafts import draft_run, draft_scenario
from jpsim.scenario.library import find_scenarios, load_scenario
from jpsim.scenario.request import Executor, Limit, RunRequest
from jpsim.scenario.run_file import load_file, load_run
from jpsim.scenario.schema import Bounds, Condition, Impulse, Member, Rules, Scenario, View
from jpsim.scenario.when import When

__all__ = [
    "Bounds",
    "Condition",
    "Executor",
    "Impulse",
    "Limit",
    "Member",
    "Rules",
    "RunRequest",
    "Scenario",
    "View",
    "When",
    "draft_run",
    "draft_scenario",
    "find_scenarios",
    "load_file",
    "load_run",
    "load_scenario",
    "plain_request",
    "plain_scenario",
    "write_request",
    "write_scenario",
]
