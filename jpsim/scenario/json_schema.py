"""JSON Schemas (draft 2020-12) of scenario and run files, made from the classes of the grammar.

Files may say less than the classes hold (a single condition instead of a list, a bare number instead of
bounds, `null` to remove), and editors want the ids: both are added here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jpsim.dictionary import ChannelEntry, FactorEntry, channels, factors, series
from jpsim.scenario.grammar import SCHEMA
from jpsim.scenario.request import RunRequest
from jpsim.scenario.run_file import GROUPS, RUN_SCHEMA
from jpsim.scenario.schema import Scenario

__all__ = ["SCHEMA_FOLDER", "json_schema", "read_json_schema", "render_json_schema"]

SCHEMA_FOLDER = Path(__file__).parent.parent / "data" / "schemas"
"""Where the rendered schemas lie: ``scenario.json`` and ``run.json``."""

_SLUG = "^[a-z][a-z0-9_]{0,63}$"
_NUMBER = {"type": ["string", "number"]}
Schema = dict[str, Any]


def read_json_schema(kind: str) -> str:
    """Read the packaged schema of ``scenario`` or ``run`` files."""
    return (SCHEMA_FOLDER / f"{kind}.json").read_text(encoding="utf-8")


def render_json_schema(kind: str) -> str:
    """Render the schema of ``scenario`` or ``run`` files as it is packaged."""
    return json.dumps(json_schema(kind), ensure_ascii=False, indent=1) + "\n"


def json_schema(kind: str) -> Schema:
    """Make the schema of ``scenario`` or ``run`` files from the classes.

    Parameters
    ----------
    kind
        ``scenario`` or ``run``.
    """
    root = (Scenario if kind == "scenario" else RunRequest).model_json_schema()
    definitions: Schema = root.pop("$defs", {})
    if kind == "scenario":
        _admit_inheritance(root)
    else:
        _admit_inheritance(definitions["Scenario"])
        _admit_references(root)
    root["properties"] = {"schema": {"const": SCHEMA if kind == "scenario" else RUN_SCHEMA}, **root["properties"]}
    root["required"] = ["schema", *root.get("required", [])]
    bounds = definitions["Bounds"]
    bounds["properties"].pop("equal")
    definitions["Bounds"] = {"anyOf": [_NUMBER, bounds]}
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", **root, "$defs": definitions | _ids()}
    _resolve_marks(whole)
    return whole


def _admit_inheritance(scenario: Schema) -> None:
    """Add what a file may say beyond the resolved scenario: `extends`, and `null` that removes."""
    properties = scenario["properties"]
    one = {"type": "string", "pattern": _SLUG}
    properties["extends"] = {
        "anyOf": [one, {"type": "array", "items": one}],
        "description": "scenarios whose statements are taken over unless they are replaced here",
    }
    for name in properties:
        if name not in ("id", "extends"):
            properties[name] = _or_null(properties[name])
    for name in ("conditions", "impulses", "state", "combinations"):
        mapping = properties[name]["anyOf"][0]
        mapping["additionalProperties"] = _or_null(mapping["additionalProperties"])
    properties["schema"] = {"const": SCHEMA}


def _or_null(schema: Schema) -> Schema:
    description = schema.get("description")
    admitted: Schema = {"anyOf": [schema, {"type": "null"}]}
    return admitted | ({"description": description} if description else {})


def _admit_references(run: Schema) -> None:
    """Admit that a run lists scenarios by id or file, or writes them out."""
    items = run["properties"]["scenarios"]
    items["items"] = {"anyOf": [{"type": "string"}, items["items"]]}


def _ids() -> Schema:
    """Enumerate the ids, with their names for the editor."""
    names: dict[str, dict[str, str]] = {
        "factors": {entry.id: f"{entry.name_en} / {entry.name_ja}" for entry in factors().values()},
        "series": {entry.id: f"{entry.name_en} / {entry.name_ja}" for entry in series().values()},
        "channels": {entry.id: f"{entry.name_en} / {entry.name_ja}" for entry in channels().values()},
    }
    ids: Schema = {
        "factor_id": {"enum": list(names["factors"])},
        "series_id": {"enum": ["portfolio", *names["factors"], *names["series"]]},
        "channel_id": {"oneOf": [{"const": key, "title": text} for key, text in names["channels"].items()]},
        "series_or_group": {"enum": [*GROUPS, *names["series"]]},
    }
    return ids


def _resolve_marks(part: Any) -> None:
    """Replace the marks that the classes leave for ids by what they stand for."""
    if isinstance(part, list):
        for item in part:
            _resolve_marks(item)
    elif isinstance(part, dict):
        for mark, resolve in _MARKS.items():
            if mark in part:
                resolve(part, part.pop(mark))
        if "patternProperties" in part:
            part["additionalProperties"] = False
        for item in part.values():
            _resolve_marks(item)


def _resolve_ids(part: Schema, which: str) -> None:
    part.pop("type", None)
    part["$ref"] = {"series": "#/$defs/series_id", "channels": "#/$defs/channel_id"}[which]


def _resolve_keys(part: Schema, which: str) -> None:
    """Offer every id of a dictionary as key; combinations may stand beside factors under `conditions`."""
    entries: Mapping[str, FactorEntry | ChannelEntry] = factors() if which == "factors" else channels()
    value = part["additionalProperties"]
    part["properties"] = {key: {"title": f"{e.name_en} / {e.name_ja}", **value} for key, e in entries.items()}
    part["additionalProperties"] = value if part.get("x-single") else False


def _resolve_single(part: Schema, _: bool) -> None:
    """Admit that a list may be written as its only item."""
    for holder in (*part["properties"].values(), part["additionalProperties"]):
        listed = holder["anyOf"][0] if "anyOf" in holder else holder
        item = dict(listed["items"])
        holder.pop("items", None)
        holder.pop("type", None)
        holder["anyOf"] = [item, listed, {"type": "null"}]


def _resolve_items(part: Schema, _: str) -> None:
    for choice in part["anyOf"]:
        if choice.get("type") == "array":
            choice["items"] = {"$ref": "#/$defs/series_or_group"}


_MARKS: dict[str, Callable[[Schema, Any], None]] = {
    "x-ids": _resolve_ids,
    "x-keys": _resolve_keys,
    "x-single": _resolve_single,
    "x-items": _resolve_items,
}
