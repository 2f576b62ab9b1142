"""Scenarios and runs written out in full: nothing to look up, every unit canonical.

The grammar reads what is written here back to equal objects.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml
from pydantic import BaseModel

from jpsim.dictionary import factors
from jpsim.months import Month
from jpsim.scenario.grammar import SCHEMA
from jpsim.scenario.request import RunRequest
from jpsim.scenario.run_file import RUN_SCHEMA
from jpsim.scenario.schema import Scenario
from jpsim.scenario.when import When
from jpsim.units import Quantity

__all__ = ["plain_request", "plain_scenario", "write_request", "write_scenario"]


def plain_scenario(scenario: Scenario) -> dict[str, Any]:
    """Write a scenario as mappings, lists and texts; keys that say nothing are left out."""
    written = {name: getattr(scenario, name) for name in Scenario.model_fields}
    units = _units(scenario)
    plain: dict[str, Any] = {"schema": SCHEMA}
    for name, value in written.items():
        if value != Scenario.model_fields[name].get_default(call_default_factory=True):
            plain[name] = _by_factor(value, units) if name in ("state", "conditions") else _plain(value)
    if "views" in plain:
        plain["views"] = [_with_unit(view, units.get(view.series, "")) for view in scenario.views]
    if "rules" in plain and "fx_intervention" in plain["rules"]:
        plain["rules"]["fx_intervention"] = _plain(scenario.rules.fx_intervention, "JPY")
    return plain


def plain_request(request: RunRequest) -> dict[str, Any]:
    """Write a run as mappings, lists and texts, with all scenarios inline and all defaults written out."""
    plain: dict[str, Any] = {"schema": RUN_SCHEMA}
    plain["scenarios"] = [plain_scenario(scenario) for scenario in request.scenarios]
    if request.library:
        plain["library"] = {name: plain_scenario(scenario) for name, scenario in request.library.items()}
    for name in RunRequest.model_fields:
        if name not in ("scenarios", "library"):
            plain[name] = _plain(getattr(request, name))
    plain["horizon"] = f"{request.horizon}{request.step[0]}"
    if request.report_at is None:
        plain.pop("report_at")
    if request.hedges is False:
        plain.pop("hedges")
    plain["limits"] = [_with_unit(limit, _unit(limit.series)) for limit in request.limits]
    plain["executor"] = {name: getattr(request.executor, name) for name in type(request.executor).model_fields}
    return plain


def write_scenario(scenario: Scenario) -> str:
    """Write a scenario as YAML that loads to an equal scenario."""
    return _dump(plain_scenario(scenario))


def write_request(request: RunRequest) -> str:
    """Write a run as YAML that loads to an equal request, with the provenance of its leaves in comments."""
    origins = [f"#   {key}: {place}" for key, place in sorted(request.provenance.items())]
    return "\n".join([_dump(plain_request(request)) + "# where each value came from", *origins, ""])


def _units(scenario: Scenario) -> dict[str, str]:
    """Units in which the levels of factors and combinations are written."""
    units = {name: _unit(name) for name in factors()}
    for name, weights in scenario.combinations.items():
        units[name] = units[next(iter(weights))]
    return units


def _unit(name: str) -> str:
    """Find the unit that must stand beside a level; indices have none."""
    entry = factors().get(name)
    return entry.unit if entry is not None and entry.quantity in ("price", "flow", "activity") else ""


def _by_factor(value: Mapping[str, Any], units: Mapping[str, str]) -> dict[str, Any]:
    return {name: _plain(entry, units.get(name, "")) for name, entry in value.items()}


def _with_unit(statement: Any, unit: str) -> Any:
    return _plain(statement, unit)


def _plain(value: Any, unit: str = "") -> Any:
    """Write one value; `unit` is the dictionary's, for levels that need one."""
    if isinstance(value, Quantity):
        return value.text(unit)
    if isinstance(value, (When, Month)):
        return str(value)
    if isinstance(value, BaseModel):
        return _plain_record(value, unit)
    if isinstance(value, Mapping):
        return {_key(key, unit): _plain(entry, unit) for key, entry in value.items()}
    if isinstance(value, tuple):
        return [_plain(entry, unit) for entry in value]
    return value


def _plain_record(record: BaseModel, unit: str) -> Any:
    """Write a record as a mapping without the keys that say nothing; a bare number for bounds with an equal."""
    said = {
        name: getattr(record, name)
        for name, field in type(record).model_fields.items()
        if getattr(record, name) != field.get_default(call_default_factory=True) or field.is_required()
    }
    if set(said) == {"equal"}:
        return _plain(said["equal"], unit)
    plain = {name: _plain(value, unit) for name, value in said.items()}
    if hasattr(record, "absorb"):
        plain["absorb"] = record.absorb
    return plain


def _key(key: Any, unit: str) -> Any:
    return key.text(unit) if isinstance(key, Quantity) else str(key)


class _Dumper(yaml.SafeDumper):
    """Block style, nothing shared by reference: the grammar refuses aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _dump(plain: dict[str, Any]) -> str:
    return yaml.dump(plain, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
