"""Families of the shipped library: which scenarios belong together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jpsim.toml import entries, items, read_toml, table, text

__all__ = ["REFERENCE", "Family", "families", "family_of", "read_families"]

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
    return read_families(_FILE)


def read_families(path: Path) -> Mapping[str, Family]:
    """Read a file of families, such as an edited copy; InputError with all that is wrong in it."""
    return {
        name: Family(name, entry["name_en"], entry["name_ja"], tuple(entry["scenarios"]))
        for name, entry in read_toml(path).check(_FAMILIES).items()
    }


_FAMILY = table({"name_en": text(), "name_ja": text(), "scenarios": items(text(), 1)})
_FAMILIES = entries(_FAMILY, what="family", least=0, beside={REFERENCE: _FAMILY})


def family_of(scenario: str, parents: Sequence[str]) -> str | None:
    """Family of a scenario, or else of a scenario that it extends; None where there is none but the reference."""
    own = [name for name, family in families().items() if scenario in family.scenarios]
    inherited = [
        name for name, family in families().items() if name != REFERENCE and set(parents) & set(family.scenarios)
    ]
    return next(iter(own + inherited), None)
