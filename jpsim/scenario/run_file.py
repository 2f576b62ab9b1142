"""From a run file and ``--set`` to a `RunRequest`.

Order of precedence, lowest first: defaults, the run file, ``--set``. Within a scenario: parents, the
scenario itself, ``--set``.

``--set KEY=VALUE`` changes one leaf. KEY is the path of the leaf, its parts joined by dots: a key of the
run (``paths``, ``executor.threads``), or ``scenarios.ID.`` and a path within that scenario
(``scenarios.boj_hike.conditions.jgb_10y.change.12m``), whether the run lists it or another scenario refers
to it or extends it. Items of lists go by their number from 0 (``views.0.mean``). A part that has a dot in
it is put in double quotes (``table.2026-12."3.25%"``). VALUE is YAML: ``null`` removes, and a list
or a mapping may be written in brackets.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from jpsim.days import Step
from jpsim.dictionary import factors, series
from jpsim.errors import InputError, Place, Problem
from jpsim.months import Month
from jpsim.scenario.checks import time_problems
from jpsim.scenario.composition import assign
from jpsim.scenario.cursor import Cursor, Findings, Subject, nearest
from jpsim.scenario.grammar import SCHEMA
from jpsim.scenario.library import Library, Override, find_scenarios, load_scenario
from jpsim.scenario.loader import parse_yaml, read_yaml
from jpsim.scenario.node import Node
from jpsim.scenario.request import LONGEST, Decomposition, Executor, Limit, RunRequest, narrower_defaults
from jpsim.scenario.schema import Scenario
from jpsim.scenario.when import When

__all__ = ["GROUPS", "RUN_SCHEMA", "load_file", "load_run", "read_run", "schema_problem"]

RUN_SCHEMA = "jpsim/run@1"
"""Value of the key `schema` in a run file."""

GROUPS = ("index", "sector17", "sector33", "size", "segment", "theme")
"""Groups of series that a run may ask for."""

_MAX_PATHS = 10**15
_LIMITS = ("sd", "var95", "var99", "es95", "es99")
_PART = re.compile(r'"([^"]*)"|([^."]+)')


def load_run(path: str | Path, overrides: Sequence[str] = ()) -> RunRequest:
    """Load a run with all its scenarios.

    Parameters
    ----------
    path
        The run file.
    overrides
        Values of ``--set``, as ``key=value``; a later one wins over an earlier one of the same key.

    Raises
    ------
    InputError
        All problems of the run and of the scenarios that it refers to.
    """
    path = Path(path)
    if not path.exists() and str(path) in find_scenarios():
        raise InputError(_no_run(str(path), None))
    root = read_yaml(path)
    schema, named = root.child("schema"), root.child("id")
    if schema is not None and schema.content == SCHEMA:
        raise InputError(_no_run(path.stem if named is None else str(named.content), schema.place))
    return read_run(root, path, overrides)


def _no_run(scenario: str, place: Place | None) -> Problem:
    """What is wrong where a scenario is named in the place of a run."""
    fix = f"write a run file with schema: {RUN_SCHEMA} and scenarios: [baseline, {scenario}]"
    return Problem(f"{scenario} is a scenario, not a run", place, "a run file, which lists scenarios", fix)


def read_run(root: Node, path: Path, overrides: Sequence[str] = ()) -> RunRequest:
    """Read a run from its tree, as if it stood in a file.

    Parameters
    ----------
    root
        The run.
    path
        The file that it stands in, or would stand in: its ids and paths are looked up from there.
    overrides
        See `load_run`.

    Raises
    ------
    InputError
        See `load_run`.
    """
    findings = Findings()
    changes = [change for text in overrides if (change := _override(text, findings)) is not None]
    root, of_scenarios = _apply(root, changes, findings)
    request = _read_run(Cursor(root, findings), path, of_scenarios)
    if findings.problems or request is None:
        raise InputError(findings.in_order())
    return request


def load_file(path: str | Path) -> RunRequest | Scenario:
    """Load a file that says itself, by its key `schema`, whether it is a run or a scenario.

    Raises
    ------
    InputError
        All problems of the file and of what it refers to.
    """
    path = Path(path)
    root = read_yaml(path)
    schema = root.child("schema")
    if schema is not None and schema.content == SCHEMA:
        return load_scenario(path.name, path)
    if schema is not None and schema.content == RUN_SCHEMA:
        return load_run(path)
    raise InputError(schema_problem(root, f"schema: {SCHEMA} or schema: {RUN_SCHEMA}"))


def schema_problem(root: Node, allowed: str) -> Problem:
    """What is wrong with a file whose key `schema` is missing, or none of those allowed."""
    schema = root.child("schema")
    if schema is None:
        return Problem("the file does not say what it is", root.place, allowed)
    found = Cursor(schema, Findings()).said
    return Problem(f"no schema is called {found}", schema.place, allowed)


def _override(text: str, findings: Findings) -> Override | None:
    """Take one ``key=value`` apart."""
    key, sign, value = text.partition("=")
    place = Place(f"--set {key}")
    parts = tuple(quoted or plain for quoted, plain in _PART.findall(key))
    if not sign or not parts or _joined(parts) != key:
        allowed = "key=value, the parts of the key joined by dots, as executor.threads=2"
        findings.problems.append(Problem(f"--set {text!r} is not key=value", place, allowed))
        return None
    try:
        node = parse_yaml(value, place.source)
    except InputError as error:
        findings.problems.extend(error.problems)
        return None
    return parts, _placed(node, place)


def _joined(parts: Sequence[str]) -> str:
    return ".".join(f'"{part}"' if "." in part else part for part in parts)


def _placed(node: Node, place: Place) -> Node:
    """Return the same tree, all of it written at one place."""
    if isinstance(node.content, dict):
        content = {key: _placed(child, place) for key, child in node.content.items()}
        return Node(content, place, dict.fromkeys(content, place))
    if isinstance(node.content, list):
        return Node([_placed(child, place) for child in node.content], place)
    return Node(node.content, place)


def _apply(root: Node, changes: Sequence[Override], findings: Findings) -> tuple[Node, dict[str, list[Override]]]:
    """Change the run's own leaves; sort out those of scenarios."""
    of_scenarios: dict[str, list[Override]] = {}
    for parts, value in changes:
        if parts[0] == "scenarios" and len(parts) > 2 and parts[2] in ("schema", "id", "extends"):
            findings.problems.append(Problem(f"{parts[2]} cannot be set from outside", value.place, "any other leaf"))
            continue
        if parts[0] == "scenarios" and len(parts) > 2:
            of_scenarios.setdefault(parts[1], []).append((parts[2:], value))
            continue
        changed = assign(root, parts, value)
        if changed is None:
            findings.problems.append(Problem(f"{_joined(parts)} is no leaf of a run", value.place))
        root = changed or root
    return root, of_scenarios


def _read_run(at: Cursor, path: Path, overrides: Mapping[str, Sequence[Override]]) -> RunRequest | None:
    keys = at.fields(("schema", *RunRequest.model_fields), "a run")
    keys = {key: cursor for key, cursor in keys.items() if cursor.node.content is not None}  # null: the default
    if "schema" not in keys:
        at.refuse("the file does not say what it is", f"schema: {RUN_SCHEMA}")
    else:
        keys["schema"].word((RUN_SCHEMA,))
    values = {key: read(keys[key]) for key, read in _READERS.items() if key in keys}
    library = Library(at.findings, path, overrides=overrides)
    listed = _scenarios(at, keys, library)
    for name in overrides.keys() - library.used:
        place = Place(f"--set scenarios.{name}")
        fix = nearest(name, library.used)
        at.findings.problems.append(Problem(f"the run has no scenario {name!r}", place, "a scenario of the run", fix))
    clock: tuple[Step, int] = values.get("horizon") or ("month", 12)
    step, horizon = clock
    narrower = narrower_defaults(step) if step == "day" or "report_at" in keys else {}
    values = {**narrower, **values, "horizon": horizon}
    everything = _check_together(at, listed, library, horizon, step)
    if "report_at" in keys:
        _check_reported(keys["report_at"], values["report_at"], horizon, step, listed)
    if "limits" in keys:
        _check_limits(keys["limits"], values, step, next((one.as_of for one in listed if one.as_of is not None), None))
    if at.findings.problems:
        return None
    ids = [scenario.id for scenario in listed]
    others = {name: scenario for name, scenario in sorted(everything.items()) if name not in ids}
    request = RunRequest.model_validate({**values, "scenarios": tuple(listed), "library": others}).counting(step)
    request._folder = path.absolute().parent
    request._warnings = tuple(at.findings.warnings)
    request._provenance = _provenance(at.node, request)
    return request


def _scenarios(at: Cursor, keys: Mapping[str, Cursor], library: Library) -> list[Scenario]:
    """Read the scenarios that the run lists, in order."""
    if "library" in keys:
        for name, cursor in keys["library"].entries("id -> scenario").items():
            written = cursor.node.child("id")
            if library.add_reference(cursor) and written is not None and written.content != name:
                cursor.refuse(f"the scenario {written.content!r} stands under {name!r}", "its own id as key")
    if "scenarios" not in keys:
        at.refuse("the run has no scenarios", "scenarios: a list of ids or files")
        return []
    items = keys["scenarios"].items("a list of ids or files")
    if not items and keys["scenarios"].node.content == []:
        keys["scenarios"].refuse("the list of scenarios is empty", "at least one id or file")
    found: dict[str, Scenario | None] = {}
    for item in items:
        identifier = library.add_reference(item)
        if identifier in found:
            item.refuse(f"the scenario {identifier!r} is listed twice", "each scenario once")
        elif identifier is not None:
            found[identifier] = library.scenario(identifier)
    return [scenario for scenario in found.values() if scenario is not None]


def _check_together(
    at: Cursor, listed: Sequence[Scenario], library: Library, horizon: int, step: Step
) -> dict[str, Scenario]:
    """Resolve what scenarios refer to, and check that all agree on month 0 and fit the horizon."""
    everything = library.closure(listed)
    dated = [scenario for scenario in library.drafts.values() if scenario.as_of is not None]
    for scenario in dated[1:]:
        if scenario.as_of != dated[0].as_of:
            found = f"{scenario.id} is as of {scenario.as_of}, {dated[0].id} as of {dated[0].as_of}"
            at.findings.problems.append(Problem(found, scenario.place("as_of"), "one month 0 across a run"))
    month = dated[0].as_of if dated else None
    for scenario in library.drafts.values():
        at.findings.problems.extend(time_problems(scenario, scenario.as_of or month, horizon, step))
    return everything


def _model(at: Cursor) -> str | None:
    return at.text("an id, id@version or a folder")


def _horizon(at: Cursor) -> tuple[Step, int] | None:
    when = at.when()
    if when is None:
        return None
    step: Step = "month" if when.days is None else "day"
    count = when.months if when.days is None else when.days
    if count is None or not 1 <= count <= LONGEST[step]:
        months, days = LONGEST["month"], LONGEST["day"]
        at.refuse(f"{at.said} is no horizon", f"months, from 1m to {months}m; or trading days, from 1d to {days}d")
        return None
    return step, count


def _report_at(at: Cursor) -> tuple[When | None, ...]:
    return tuple(item.when() for item in at.items("a list of dates"))


def _check_reported(
    at: Cursor, reported: Sequence[When | None], horizon: int, step: Step, listed: Sequence[Scenario]
) -> None:
    """Refuse dates that the run does not reach, or that its clock does not know."""
    as_of = next((scenario.as_of for scenario in listed if scenario.as_of is not None), None)
    letter = step[0]
    for item, when in zip(at.items("a list of dates"), reported, strict=True):
        index = None if when is None else when.steps(step, as_of)
        if when is not None and (index is None or not 1 <= index <= horizon):
            item.refuse(f"{when} is no date of this run", f"dates from 1{letter} to {horizon}{letter}")


def _check_limits(at: Cursor, values: Mapping[str, Any], step: Step, as_of: Month | None) -> None:
    """Refuse limits at dates that the run does not reach, on series that it leaves out, on a book that it has not."""
    wanted, horizon = values.get("series", "all"), values["horizon"]
    reported = {name for name, entry in series().items() if wanted == "all" or {name, entry.kind} & set(wanted)}
    for item, limit in zip(at.items("a list of limits"), values["limits"], strict=True):
        if limit is None:
            continue
        index, last = limit.at.steps(step, as_of), f"{horizon}{step[0]}"
        if index is not None and not 1 <= index <= horizon:
            fix = f"move it, or set horizon: {index}{step[0]}" if index > horizon else "move it"
            item.refuse(f"{limit.at} is not within the horizon of {last}", f"1{step[0]} to {last}", fix, "at")
        if limit.series == "portfolio" and values.get("portfolio") is None:
            fix = "name its file under portfolio, or remove the limit"
            item.refuse("a limit on the portfolio of a run without one", "a series", fix, "series")
        elif limit.series in series().keys() - reported:
            fix = f"add {limit.series} to series"
            item.refuse(f"a limit on {limit.series}, which the run does not report", "what series names", fix, "series")


def _series(at: Cursor) -> object:
    if at.node.content == "all":
        return "all"
    known = (*GROUPS, *series())
    return tuple(item.known(known, "series or group") for item in at.items("all, or a list of ids and groups"))


def _hedges(at: Cursor) -> object:
    if not isinstance(at.node.content, list):
        return at.flag()
    if not at.node.content:
        at.refuse("the list of hedges is empty", "true, false, or a list of ids and groups")
    return tuple(item.known((*GROUPS, *series()), "series or group") for item in at.items("a list of series"))


def _formats(at: Cursor) -> tuple[str | None, ...]:
    words = ("parquet", "html", "csv", "xlsx", "pdf", "md")
    return tuple(item.word(words) for item in at.items("a list of formats"))


def _decompositions(at: Cursor) -> tuple[str | None, ...]:
    words = get_args(Decomposition)
    return tuple(item.word(words) for item in at.items("a list of decompositions"))


def _limit(at: Cursor) -> Limit | None:
    before = len(at.findings.problems)
    keys = at.fields(tuple(Limit.model_fields), "a limit")
    if "series" not in keys or "at" not in keys or len(keys.keys() & set(_LIMITS)) != 1:
        at.refuse("a limit needs series, at and one statistic", "{series: portfolio, at: 12m, es95: 25%}")
        return None
    known = {"portfolio": None, **series(), **factors()}
    name = keys["series"].known(known, "series")
    entry = factors().get(name or "")
    subject = Subject("return") if entry is None else Subject(entry.quantity, entry.unit)
    bounds = {key: keys[key].quantity(subject, "risk") for key in _LIMITS if key in keys}
    values: dict[str, Any] = {"series": name, "at": keys["at"].when(), **bounds}
    return Limit.model_validate(values) if len(at.findings.problems) == before else None


def _executor(at: Cursor) -> Executor | None:
    before = len(at.findings.problems)
    keys = at.fields(tuple(Executor.model_fields), "an executor")
    values: dict[str, Any] = {}
    if "kind" in keys:
        values["kind"] = keys["kind"].word(("local", "processes", "dask"))
    if "threads" in keys:
        values["threads"] = keys["threads"].integer(0, 1024)
    if "address" in keys:
        values["address"] = _optional(keys["address"], "an address")
    return Executor.model_validate(values) if len(at.findings.problems) == before else None


def _optional(at: Cursor, what: str) -> str | None:
    return None if at.node.content is None else at.text(what)


_READERS: dict[str, Any] = {
    "model": _model,
    "horizon": _horizon,
    "report_at": _report_at,
    "paths": lambda at: at.integer(1, _MAX_PATHS),
    "seed": lambda at: at.integer(0, 2**64 - 1),
    "innovations": lambda at: at.word(("gaussian", "student_t", "stochastic_volatility")),
    "parameter_uncertainty": lambda at: at.flag(),
    "series": _series,
    "returns": lambda at: at.word(("price", "total")),
    "statistics": lambda at: at.word(("histogram", "exact")),
    "precision": lambda at: at.word(("float64", "float32")),
    "arithmetic": lambda at: at.word(("strict", "fast")),
    "attribution": _decompositions,
    "portfolio": lambda at: _optional(at, "a file"),
    "hedges": _hedges,
    "limits": lambda at: tuple(_limit(item) for item in at.items("a list of limits")),
    "paths_out": lambda at: at.word(("none", "sample", "all")),
    "formats": _formats,
    "executor": _executor,
}


def _provenance(root: Node, request: RunRequest) -> dict[str, str]:
    """Where each leaf of a run came from."""
    found: dict[str, str] = {}
    for path, node in root.leaves():
        if path[0] not in ("schema", "scenarios", "library") and node.content is not None:
            found[_joined(path)] = str(node.place)
    for name in RunRequest.model_fields:
        if (name == "report_at" and request.report_at is None) or (name == "hedges" and request.hedges is False):
            continue
        if name not in ("scenarios", "library") and not any(key.split(".")[0] == name for key in found):
            found[name] = "default"
    for scenario in (*request.scenarios, *request.library.values()):
        for parts, place in scenario._origin.leaves().items():
            found[_joined(("scenarios", scenario.id, *parts))] = str(place)
    return found
