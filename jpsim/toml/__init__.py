"""The editable tables in TOML: read with the place of every value, checked against a form, all problems at once."""

from __future__ import annotations

from jpsim.toml.document import TomlDocument, check_content, read_toml
from jpsim.toml.forms import (
    Fault,
    Form,
    day,
    entries,
    flag,
    items,
    month,
    number,
    one_of,
    ruled,
    table,
    text,
    whole,
)
from jpsim.toml.places import Path

__all__ = [
    "Fault",
    "Form",
    "Path",
    "TomlDocument",
    "check_content",
    "day",
    "entries",
    "flag",
    "items",
    "month",
    "number",
    "one_of",
    "read_toml",
    "ruled",
    "table",
    "text",
    "whole",
]
