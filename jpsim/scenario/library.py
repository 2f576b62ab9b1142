"""Finding scenarios and resolving what they extend.

An id is looked up as a file ``<id>.yaml`` in the folder of the file that names it, in `scenarios/`
beside that file, in `scenarios/` beside that folder, in `scenarios/` of the working directory, and then
in the library that ships with the package. Ids are never paths, and links that lead out of their
folder are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from jpsim.dictionary import factors
from jpsim.errors import InputError, Place, Problem
from jpsim.scenario.composition import assign, compose, without_nulls
from jpsim.scenario.cursor import Cursor, Findings, nearest
from jpsim.scenario.grammar import read_scenario
from jpsim.scenario.loader import read_yaml
from jpsim.scenario.node import Node
from jpsim.scenario.schema import Scenario

__all__ = ["Library", "find_scenarios", "load_scenario", "packaged_library", "resolve_scenario"]

_SUFFIX = ".yaml"
_MERGED = {"title", "state", "combinations", "impulses", "rules"}  # key by key; conditions and lists are replaced whole
_MAX_CHAIN = 20
Override = tuple[tuple[str, ...], Node]


def load_scenario(ref: str | Path, near: Path | None = None) -> Scenario:
    """Load one scenario with everything it inherits.

    Parameters
    ----------
    ref
        An id, or the path of a file.
    near
        File or folder from which ids are looked up; the working directory by default.

    Raises
    ------
    InputError
        All problems of the scenario and of what it extends, each with its place.
    """
    return resolve_scenario(Node(str(ref), Place(str(ref))), near)


def resolve_scenario(reference: Node, near: Path | None = None) -> Scenario:
    """Resolve an id, a path, or the tree of a scenario; parameters and errors as in `load_scenario`."""
    findings = Findings()
    library = Library(findings, near or Path.cwd())
    identifier = library.add_reference(Cursor(reference, findings))
    scenario = library.scenario(identifier) if identifier is not None else None
    if scenario is not None:
        library.closure([scenario])
    if findings.problems or scenario is None:
        raise InputError(findings.in_order())
    return scenario


def find_scenarios(near: Path | None = None) -> dict[str, Path]:
    """List the files that ids lead to from `near`: id -> file, sorted by id."""
    found: dict[str, Path] = {}
    for folder in _folders(near or Path.cwd()):
        for path in sorted(folder.glob(f"*{_SUFFIX}")):
            if path.stem not in found and not _is_run(path):
                found[path.stem] = path
    return dict(sorted(found.items()))


def packaged_library() -> Path:
    """Folder of the scenarios that ship with the package."""
    package = Path(__file__).parent.parent
    shipped = package / "data" / "scenarios"
    return shipped if shipped.is_dir() else package.parent / "scenarios"


@dataclass(slots=True)
class Library:
    """The scenarios that one piece of work refers to, each resolved once.

    Parameters
    ----------
    findings
        Where problems go.
    near
        File or folder from which ids are looked up.
    inline
        Scenarios that are written in the run itself, by id.
    overrides
        Scenario id -> what ``--set`` changes in it.
    drafts
        All scenarios resolved so far by id, also those with problems, without what is wrong in them.
    """

    findings: Findings
    near: Path
    inline: dict[str, Node] = field(default_factory=dict)
    overrides: Mapping[str, Sequence[Override]] = field(default_factory=dict)
    drafts: dict[str, Scenario] = field(default_factory=dict)
    _composed: dict[str, Node | None] = field(default_factory=dict)
    _scenarios: dict[str, Scenario | None] = field(default_factory=dict)
    _files: dict[str, Path] = field(default_factory=dict)
    _extended: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def add_reference(self, at: Cursor) -> str | None:
        """Take in what a run lists: an id, a path relative to the run, or a scenario written out."""
        if isinstance(at.node.content, dict):
            return self._add_tree(at.node, None)
        text = at.text("a scenario's id or file")
        if text is None:
            return None
        if text in self.inline:
            return text
        base = self.near if self.near.is_dir() else self.near.parent
        path = base / text
        if ("/" in text or text.endswith((_SUFFIX, ".yml"))) or path.is_file():
            return self._add_file(at, path)
        return at.slug("a scenario") and (text if self._find(text, self.near, at) else None)

    def scenario(self, identifier: str) -> Scenario | None:
        """Return the resolved scenario of an id that was added or referred to; None if it has problems."""
        return self._resolved(identifier, None, self.near)

    def composed(self, identifier: str, chain: tuple[str, ...], at: Cursor | None, near: Path) -> Node | None:
        """Return the tree of a scenario laid over its parents and overridden; None if it has problems."""
        if len(chain) > _MAX_CHAIN:
            self._refuse(at, f"extends is more than {_MAX_CHAIN} scenarios deep", "a shorter chain")
            return None
        if identifier in chain:
            loop = " -> ".join((*chain, identifier))
            self._refuse(at, f"extends goes round in a circle: {loop}", "scenarios that do not extend themselves")
            return None
        if identifier not in self._composed:
            own = self._own(identifier, near, at)
            self._composed[identifier] = None if own is None else self._compose(identifier, own, chain)
        return self._composed[identifier]

    def closure(self, listed: Sequence[Scenario]) -> dict[str, Scenario]:
        """Collect the listed scenarios and all that they refer to by `premium` or `mixture`, by id."""
        found: dict[str, Scenario] = {}
        waiting = list(listed)
        while waiting:
            scenario = waiting.pop(0)
            found[scenario.id] = scenario
            for key, name in _references(scenario):
                at = Cursor(Node(name, scenario.place(*key) or Place(scenario.id)), self.findings)
                other = self._resolved(name, at, self.file_of(scenario.id))
                if other is not None and key[0] == "mixture" and other.mixture:
                    at.refuse(f"{name!r} is a mixture itself", "scenarios that are no mixtures", "list its members")
                if other is not None and name not in found:
                    waiting.append(other)
        self._refuse_premium_circles(found)
        return found

    def _refuse_premium_circles(self, found: Mapping[str, Scenario]) -> None:
        for scenario in found.values():
            chain = [scenario.id]
            while (following := found.get(found[chain[-1]].premium)) is not None and following.id not in chain:
                chain.append(following.id)
            if following is not None and following.id == scenario.id:
                at = Cursor(Node(None, scenario.place("premium") or Place(scenario.id)), self.findings)
                loop = " -> ".join((*chain, scenario.id))
                at.refuse(f"premium goes round in a circle: {loop}", "model, or a scenario that has its own premium")

    @property
    def used(self) -> set[str]:
        """Ids of all scenarios that were listed, referred to or extended so far."""
        return set(self._composed)

    def _resolved(self, name: str, at: Cursor | None, near: Path) -> Scenario | None:
        if name not in self._scenarios:
            warned, before = len(self.findings.warnings), len(self.findings.problems)
            tree = self.composed(name, (), at, near)
            if tree is not None:
                draft = read_scenario(tree, self.findings)
                warnings = tuple(self.findings.warnings[warned:])
                draft._origin = replace(draft._origin, warnings=warnings, parents=self._extended[name])
                self.drafts[name] = draft
            self._scenarios[name] = self.drafts.get(name) if len(self.findings.problems) == before else None
        return self._scenarios[name]

    def file_of(self, identifier: str) -> Path:
        """File of a scenario, from which its own references are looked up."""
        return self._files.get(identifier, self.near)

    def _compose(self, identifier: str, own: Node, chain: tuple[str, ...]) -> Node | None:
        before = len(self.findings.problems)
        if not isinstance(own.content, dict):
            Cursor(own, self.findings).entries("a scenario in YAML")
            return None
        parents: list[tuple[str, Node]] = []
        for parent in self._parents(own):
            name = parent.slug("a scenario")
            tree = self.composed(name, (*chain, identifier), parent, self.file_of(identifier)) if name else None
            if name and tree is not None:
                parents.append((name, tree))
        if len(self.findings.problems) > before:
            read_scenario(_alone(own), self.findings)  # what is wrong in it anyway is told at once
            return None
        self._extended[identifier] = tuple(name for name, _ in parents)
        tree = compose(own, parents, self.findings)
        for path, value in self.overrides.get(identifier, ()):
            changed = assign(tree, path, value)
            if changed is None:
                found = f"{'.'.join(path)} leads through something that has no parts"
                self.findings.problems.append(Problem(found, value.place, "the path of a leaf"))
            else:
                tree = changed
        return without_nulls(tree) if len(self.findings.problems) == before else None

    def _parents(self, own: Node) -> list[Cursor]:
        extends = own.child("extends")
        if extends is None or extends.content is None:
            return []
        at = Cursor(extends, self.findings)
        return at.items("an id, or a list of ids") if not isinstance(extends.content, str) else [at]

    def _own(self, identifier: str, near: Path, at: Cursor | None) -> Node | None:
        """Return the tree as written under an id."""
        if identifier in self.inline:
            return self.inline[identifier]
        path = self._files.get(identifier) or self._find(identifier, near, at)
        if path is None:
            return None
        self._files[identifier] = path
        tree = self._read(path)
        written = tree.child("id") if tree else None
        if tree is not None and written is not None and written.content != identifier:
            found = f"the file {path.name} has the id {written.content!r}"
            self.findings.problems.append(Problem(found, written.place, f"{identifier!r}, as the file is named"))
            return None
        return tree

    def _add_file(self, at: Cursor, path: Path) -> str | None:
        if not path.is_file():
            at.refuse(f"there is no file {path.name!r} there", "an id, or a path relative to the run file")
            return None
        tree = self._read(path)
        return None if tree is None else self._add_tree(tree, path)

    def _add_tree(self, tree: Node, path: Path | None) -> str | None:
        written = tree.child("id")
        # A wrong or missing id is reported when the scenario is read; until then its place stands in.
        name = written.content if written is not None and isinstance(written.content, str) else str(tree.place)
        if name in self.inline and self.inline[name] is not tree:
            Cursor(tree, self.findings).refuse(f"two scenarios have the id {name!r}", "each id once")
            return None
        self.inline[name] = tree
        if path is not None:
            self._files[name] = path
        return name

    def _read(self, path: Path) -> Node | None:
        try:
            return read_yaml(path)
        except InputError as error:
            self.findings.problems.extend(error.problems)
            return None

    def _find(self, identifier: str, near: Path, at: Cursor | None) -> Path | None:
        for folder in _folders(near):
            path = folder / f"{identifier}{_SUFFIX}"
            if path.is_file() and not _is_run(path):
                if path.resolve().is_relative_to(folder.resolve()):
                    return path
                self._refuse(at, f"{identifier} is a link that leads out of its folder", "a file of the folder itself")
                return None
        known = find_scenarios(near)
        allowed = "an id of a scenario in the folders that are searched: see jpsim scenario list"
        self._refuse(at, f"no scenario is called {identifier!r}", allowed, nearest(identifier, known))
        return None

    def _refuse(self, at: Cursor | None, found: str, allowed: str, fix: str | None = None) -> None:
        place = None if at is None else at.node.place
        self.findings.problems.append(Problem(found, place, allowed, fix))


def _alone(own: Node) -> Node:
    """Leave out what a scenario may complete from its parents: mappings that merge, and quantities that they define."""
    assert isinstance(own.content, dict)
    kept = {key: child for key, child in own.content.items() if key not in _MERGED}
    conditions = kept.get("conditions")
    if conditions is not None and isinstance(conditions.content, dict):
        known = {name: block for name, block in conditions.content.items() if name in factors()}
        kept["conditions"] = replace(conditions, content=known)
    return without_nulls(replace(own, content=kept))


def _references(scenario: Scenario) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Paths and ids of what a scenario refers to."""
    if scenario.premium != "model":
        yield ("premium",), scenario.premium
    for number, member in enumerate(scenario.mixture):
        yield ("mixture", number, "scenario"), member.scenario


def _folders(near: Path) -> Iterator[Path]:
    """Folders that are searched for an id, in order."""
    folder = near if near.is_dir() else near.parent
    library = packaged_library()
    folders = (folder, folder / "scenarios", folder.absolute().parent / "scenarios", Path.cwd() / "scenarios", library)
    seen: set[Path] = set()
    for candidate in folders:
        resolved = candidate.resolve()
        if resolved not in seen and candidate.is_dir():
            seen.add(resolved)
            yield candidate


def _is_run(path: Path) -> bool:
    """Whether a file says that it is a run: runs may bear the names of scenarios, but no id leads to them."""
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError:
        return False
    return b"jpsim/run@" in head
