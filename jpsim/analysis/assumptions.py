"""What two scenarios assume differently, leaf by leaf, and what keeps two runs from sharing their draws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import yaml

from jpsim.runs import Run

__all__ = ["LeafDifference", "differing_leaves", "unpaired_reasons"]

_WORDS = ("schema", "id", "title", "narrative", "sources", "channels", "as_of")
"""Keys of a scenario that assume nothing; month 0 is the run's."""

_RUN_KEYS = ("parameter_uncertainty", "returns")
"""Keys of a run that change its numbers and that its manifest does not hold."""


@dataclass(frozen=True, slots=True)
class LeafDifference:
    """One leaf that two scenarios do not share.

    Parameters
    ----------
    leaf
        Its path with dots, as ``conditions.jgb_10y.change.12m``; leaves of the run begin with ``run.``,
        leaves of a scenario that both refer to with ``library.``, and where a mixture of stories is compared with
        one story those of a member with its id.
    reference, scenario
        Its text in either; None where it is not set.
    """

    leaf: str
    reference: str | None
    scenario: str | None

    def to_dict(self) -> dict[str, str | None]:
        """Plain JSON."""
        return asdict(self)


def differing_leaves(reference: Run, first: str, scenario: Run, second: str) -> tuple[LeafDifference, ...]:
    """Compare the resolved forms of a scenario of each of two runs.

    Parameters
    ----------
    reference, scenario
        The runs, which may be one and the same.
    first, second
        Ids of the scenarios.

    Returns
    -------
    Differences in the order of the reference's file, then of the other's.
    """
    known = [_scenarios(run) for run in (reference, scenario)]
    shared = _referred(known[0], first) & _referred(known[1], second)
    names = sorted(shared - {first, second})
    stories = [_told(found, own, against) for found, own, against in zip(
        known, (first, second), ((known[1], second), (known[0], first)), strict=True
    )]  # fmt: skip
    one, other = (
        {**_run_leaves(run), **story, **_library(found, names)}
        for run, found, story in zip((reference, scenario), known, stories, strict=True)
    )
    leaves = dict.fromkeys([*one, *other])
    return tuple(
        LeafDifference(leaf, one.get(leaf), other.get(leaf)) for leaf in leaves if one.get(leaf) != other.get(leaf)
    )


def unpaired_reasons(reference: Run, scenario: Run) -> tuple[str, ...]:
    """Say why path i of one run and path i of the other are not the same draw; nothing where they are."""
    one, other = _draw_facts(reference), _draw_facts(scenario)
    return tuple(f"{fact}: {one[fact]} against {other[fact]}" for fact in one if one[fact] != other[fact])


def _draw_facts(run: Run) -> dict[str, str]:
    """Everything that decides what a draw is."""
    manifest, model = run.manifest, run.manifest["model"]
    return {
        "generator": str(manifest["rng"]),
        "seed": str(manifest["seed"]),
        "paths": f"{manifest['paths']:,}",
        "horizon": f"{manifest['horizon']}m",
        "innovations": str(manifest["innovations"]),
        "model": f"{model['id']}@{model['version']} ({model['sha256'][:12]})",
    }


def _scenarios(run: Run) -> dict[str, dict[str, Any]]:
    """All scenarios of a run by id, those to which others refer included."""
    resolved = yaml.safe_load(run.resolved)
    return {**resolved.get("library", {}), **{entry["id"]: entry for entry in resolved["scenarios"]}}


def _referred(known: Mapping[str, Mapping[str, Any]], name: str) -> set[str]:
    """Ids of the scenarios to which one refers by premium or mixture, and those to which these do."""
    entry = known[name]
    direct = {member["scenario"] for member in entry.get("mixture", [])} | {entry.get("premium", "model")}
    return {below for own in direct & known.keys() for below in (own, *_referred(known, own))}


def _run_leaves(run: Run) -> dict[str, str]:
    resolved = yaml.safe_load(run.resolved)
    facts = {f"run.{name}": text for name, text in _draw_facts(run).items()}
    facts["run.as_of"] = str(run.as_of)
    return facts | {f"run.{key}": _text(resolved[key]) for key in _RUN_KEYS if key in resolved}


def _library(known: Mapping[str, Mapping[str, Any]], names: list[str]) -> dict[str, str]:
    return {leaf: text for name in names for leaf, text in _assumed(known[name], f"library.{name}.").items()}


def _told(
    known: Mapping[str, Mapping[str, Any]], name: str, against: tuple[Mapping[str, Mapping[str, Any]], str]
) -> dict[str, str]:
    """What a scenario assumes; a mixture, and what it is compared with, once for each member of the mixture."""
    others, other = against
    own, theirs = known[name].get("mixture", []), others[other].get("mixture", [])
    if bool(own) == bool(theirs):
        return _assumed(known[name], "")
    if own:
        members = [(member["scenario"], known[member["scenario"]]) for member in own]
        told = {f"mixture.{member['scenario']}": _text(member["weight"]) for member in own}
    else:
        members, told = [(member["scenario"], known[name]) for member in theirs], {}
    return told | {leaf: text for member, entry in members for leaf, text in _assumed(entry, f"{member}.").items()}


def _assumed(entry: Mapping[str, Any], prefix: str) -> dict[str, str]:
    said = {key: value for key, value in entry.items() if key not in _WORDS}
    if "mixture" in said:
        said["mixture"] = {member["scenario"]: member["weight"] for member in said["mixture"]}
    return {prefix + leaf: text for leaf, text in _leaves(said)}


def _leaves(content: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Paths and texts of all leaves; a list of plain values is one leaf."""
    if isinstance(content, dict) and content:
        for key, below in content.items():
            yield from _leaves(below, (*path, str(key)))
    elif isinstance(content, list) and any(isinstance(item, (dict, list)) for item in content):
        for number, below in enumerate(content):
            yield from _leaves(below, (*path, str(number)))
    else:
        yield ".".join(path), _text(content)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    if value is None:
        return "null"
    return str(value)
