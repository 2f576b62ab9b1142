"""Inheritance of scenarios: parents merged, the child laid over them, nothing won silently.

Order of precedence, lowest first: parents (which must agree), the scenario itself, ``--set``.
Mappings merge key by key, lists replace, `null` removes. An entry under `conditions` is replaced
whole. `schema`, `id` and `extends` are never inherited.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jpsim.dictionary import channels, factors
from jpsim.errors import Problem
from jpsim.scenario.cursor import Findings, nearest
from jpsim.scenario.node import Node
from jpsim.scenario.schema import Rules, Scenario

__all__ = ["assign", "compose", "without_nulls"]

_OWN = ("schema", "id", "extends")
Path = tuple[str, ...]


def compose(own: Node, parents: Sequence[tuple[str, Node]], findings: Findings) -> Node:
    """Lay a scenario over its parents.

    Parameters
    ----------
    own
        The scenario as written.
    parents
        Ids and composed trees of what it extends, in order.
    findings
        Receives a problem for each leaf that two parents set differently and the child does not set.
    """
    base: Node | None = None
    owner: dict[Path, str] = {}
    for name, tree in parents:
        content = {key: node for key, node in _mapping(tree).items() if key not in _OWN}
        inherited = Node(content, tree.place, tree.keys)
        for path, first, second in _conflicts(base, inherited, own, ()):
            earlier = next((owner[leaf] for leaf in owner if leaf[: len(path)] == path), "another parent")
            findings.problems.append(_conflict(own, path, (earlier, first), (name, second)))
        base = inherited if base is None else _merged(base, inherited, ())
        owner |= {path: name for path, _ in inherited.leaves() if path not in owner}
    whole = own if base is None else _merged(base, own, ())
    _judge_idle_nulls(own, base, (), findings)
    content = {key: node for key, node in _mapping(whole).items() if key != "extends"}
    return without_nulls(Node(content, own.place, whole.keys))


def assign(root: Node, path: Sequence[str], value: Node) -> Node | None:
    """Set one leaf, building mappings on the way; None where the path runs through a text or a missing item."""
    if not path:
        return value
    if isinstance(root.content, list):
        if root.child(path[0]) is None:
            return None
        items = list(root.content)
        changed = assign(items[int(path[0])], path[1:], value)
        items[int(path[0])] = changed or value
        return None if changed is None else Node(items, root.place)
    if not isinstance(root.content, dict):
        return None
    below = root.content.get(path[0]) or Node({}, value.place)
    below = Node({}, value.place) if below.content is None else below
    changed = assign(below, path[1:], value)
    if changed is None:
        return None
    return Node({**root.content, path[0]: changed}, root.place, {path[0]: value.place, **root.keys})


def without_nulls(node: Node) -> Node:
    """Drop the keys of mappings that are null; items of lists stay."""
    if isinstance(node.content, dict):
        kept = {key: without_nulls(child) for key, child in node.content.items() if child.content is not None}
        return Node(kept, node.place, node.keys)
    if isinstance(node.content, list):
        return Node([without_nulls(child) for child in node.content], node.place)
    return node


def _mapping(node: Node) -> dict[str, Node]:
    return node.content if isinstance(node.content, dict) else {}


def _merges(path: Path, below: Node, above: Node) -> bool:
    """Whether two values at `path` merge key by key rather than one replacing the other."""
    whole = len(path) == 2 and path[0] == "conditions"
    return not whole and isinstance(below.content, dict) and isinstance(above.content, dict)


def _merged(below: Node, above: Node, path: Path) -> Node:
    """Lay `above` over `below`; what is null above stays away."""
    if not _merges(path, below, above):
        return above
    content = dict(_mapping(below))
    for key, node in _mapping(above).items():
        content[key] = _merged(content[key], node, (*path, key)) if key in content else node
    keys = {**below.keys, **above.keys}
    return without_nulls(Node(content, above.place, keys))


def _conflicts(first: Node | None, second: Node, own: Node | None, path: Path) -> Iterator[tuple[Path, Node, Node]]:
    """Leaves that two parents set differently and that the child leaves alone."""
    if first is None or (own is not None and not isinstance(own.content, dict)):
        return
    if _merges(path, first, second):
        for key in [key for key in _mapping(first) if key in _mapping(second)]:
            child = None if own is None else own.child(key)
            yield from _conflicts(_mapping(first)[key], _mapping(second)[key], child, (*path, key))
    elif own is None and first.plain() != second.plain():
        yield path, first, second


def _conflict(own: Node, path: Path, first: tuple[str, Node], second: tuple[str, Node]) -> Problem:
    name = ".".join(path)
    said = " and ".join(f"{parent} ({node.place})" for parent, node in (first, second))
    return Problem(
        f"the parents {said} set {name} differently",
        own.key_place("extends"),
        "parents that agree, or a value of the scenario itself",
        f"set {name} here",
    )


def _judge_idle_nulls(own: Node, base: Node | None, path: Path, findings: Findings) -> None:
    """Find nulls that remove nothing: an error where the name is unknown, else a warning."""
    for key, node in _mapping(own).items():
        below = None if base is None else base.child(key)
        if node.content is None and below is None:
            name = ".".join((*path, key))
            known = _names(path)
            found = f"null removes nothing: no parent sets {name}"
            if known and key not in known:
                findings.problems.append(Problem(found, own.key_place(key), fix=nearest(key, known)))
            else:
                findings.warnings.append(Problem(found, node.place, fix="remove the line"))
        elif isinstance(node.content, dict) and path[:1] != ("conditions",):
            _judge_idle_nulls(node, below, (*path, key), findings)


def _names(path: Path) -> set[str]:
    """List what may stand at a path, where that is a closed list."""
    if not path:
        return {"schema", "extends", *Scenario.model_fields}
    return {"conditions": set(factors()), "impulses": set(channels()), "rules": set(Rules.model_fields)}.get(
        path[0], set()
    )
