"""Families of the shipped library: which scenarios belong together."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["REFERENCE", "Family", "families", "family_of"]

REFERENCE = "reference"
"""Family of the scenario that all others are measured against."""

_FILE = Path(__file__).parent.parent / "data" / "families.toml"


@dataclass(frozen=True, slots=True)
class Family:
    """Scenarios that answer one question.

    Parameters
    ----------
    id, name_en, name_ja
        Its id, which is that of a shipped run, and its names.
    scenarios
        Ids.
    """

    id: str
    name_en: str
    name_ja: str
    scenarios: tuple[str, ...]


@cache
def families() -> Mapping[str, Family]:
    """All families, in the order in which they are shown."""
    table = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {
        name: Family(name, entry["name_en"], entry["name_ja"], tuple(entry["scenarios"]))
        for name, entry in table.items()
    }


def family_of(scenario: str, parents: Sequence[str]) -> str | None:
    """Family of a scenario, or else of a scenario that it extends; None where there is none but the reference."""
    own = [name for name, family in families().items() if scenario in family.scenarios]
    inherited = [
        name for name, family in families().items() if name != REFERENCE and set(parents) & set(family.scenarios)
    ]
    return next(iter(own + inherited), None)
