"""From the marked tree of a scenario, with all inheritance resolved, to a `Scenario`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from jpsim.dictionary import channels, factors, series
from jpsim.scenario.announcing import check_announcement
from jpsim.scenario.checks import check_conditions, check_mixture
from jpsim.scenario.cursor import Cursor, Findings, Subject, nearest
from jpsim.scenario.node import Node
from jpsim.scenario.origin import Origin, places_of
from jpsim.scenario.schema import (
    DRIVERS,
    Condition,
    FxIntervention,
    Impulse,
    Member,
    PolicyRateFloor,
    Rules,
    Scenario,
    Title,
)
from jpsim.scenario.viewing import read_view
from jpsim.units import Quantity

__all__ = ["SCHEMA", "read_scenario"]

SCHEMA = "jpsim/scenario@1"
"""Value of the key `schema` in a scenario file."""

_WINDOWS = {"average", "maximum", "minimum"}
_STATEMENTS = {"level", "change", "range", "table"} | _WINDOWS
_WORDS = {"id", "title", "narrative", "sources", "channels"}


def read_scenario(root: Node, findings: Findings) -> Scenario:
    """Read a scenario; if `findings` has new problems, it is only a draft, without what is wrong."""
    cursor = Cursor(root, findings)
    keys = cursor.fields(("schema", "extends", *Scenario.model_fields), "a scenario")
    keys.pop("extends", None)  # resolved already
    if "id" not in keys:
        cursor.refuse("the scenario has no id", "id: a_short_name")
    if "schema" in keys:
        keys.pop("schema").word((SCHEMA,))
    combinations = _combinations(keys.pop("combinations")) if "combinations" in keys else {}
    subjects = _subjects(combinations)
    readers = _readers(subjects)
    values: dict[str, Any] = {"combinations": combinations}
    for key, at in keys.items():
        so_far = len(findings.problems)
        value = readers[key](at)
        if key == "conditions" or len(findings.problems) == so_far:
            values[key] = value
    check_mixture(cursor, keys.keys() - _WORDS)
    # What could be read is checked even if the rest could not, so that all problems are told at once.
    scenario = Scenario.model_validate({"id": "unnamed", **values})
    check_conditions(cursor, scenario)
    scenario._origin = Origin(places_of(root))
    return scenario


def _readers(subjects: Mapping[str, Subject]) -> dict[str, Any]:
    """How each key is read."""
    return {
        "id": lambda at: at.slug("a scenario"),
        "title": _title,
        "narrative": lambda at: at.text("the story in words"),
        "sources": lambda at: tuple(item.text("a source") for item in at.items("a list of sources")),
        "channels": lambda at: tuple(item.known(channels(), "channel") for item in at.items("a list of channels")),
        "as_of": lambda at: at.month(),
        "state": lambda at: _levels(at, subjects),
        "conditions": lambda at: _conditions(at, subjects),
        "drivers": _drivers,
        "regime": lambda at: "model" if at.node.content == "model" else at.slug("a regime"),
        "premium": lambda at: "model" if at.node.content == "model" else at.slug("a scenario"),
        "impulses": _impulses,
        "rules": _rules,
        "views": lambda at: tuple(read_view(item) for item in at.items("a list of views")),
        "mixture": lambda at: tuple(_member(item) for item in at.items("a list of {scenario, weight}")),
    }


def _title(at: Cursor) -> Title | None:
    keys = at.fields(tuple(Title.model_fields), "a title")
    texts = {key: cursor.text("a title") for key, cursor in keys.items()}
    return None if None in texts.values() else Title(**texts)


def _drivers(at: Cursor) -> object:
    if at.node.content == "all":
        return "all"
    named = tuple(item.word(DRIVERS) for item in at.items("all, or a list of structural shocks"))
    if at.node.content == []:
        at.refuse("no driver is named", "all, or at least one of " + ", ".join(DRIVERS))
    if len(set(named)) < len(named) and None not in named:
        at.refuse("a driver is named twice", "each driver once")
    return named


def _combinations(at: Cursor) -> dict[str, dict[str, float]]:
    """Weights over factors that share what decides their units."""
    result: dict[str, dict[str, float]] = {}
    for name, cursor in at.entries("combinations: name -> weights over factors").items():
        if at.at(Node(name, at.node.key_place(name))).slug("a combination") and name in factors():
            at.refuse(f"{name!r} is a factor already", "another name", key=name)
        weights: dict[str, float] = {}
        for factor, weight in cursor.entries("factor -> weight").items():
            number = _weight(weight)
            if factor not in factors():
                _unknown_factor(cursor, factor, ())
            elif number is not None:
                weights[factor] = number
        kinds = {_kind(factor) for factor in weights}
        if len(kinds) > 1:
            allowed, fix = (
                "factors of one kind, as yields with yields",
                "take one kind out, or condition them one by one",
            )
            cursor.refuse(f"{name!r} mixes {' and '.join(sorted(kinds))}", allowed, fix)
        if not cursor.node.content:
            cursor.refuse(f"{name!r} names no factor", "at least one factor with its weight")
        result[name] = weights
    return result


def _weight(at: Cursor) -> float | None:
    """Read a bare number that is not zero."""
    quantity = at.quantity(Subject("weight"), "number")
    if quantity is not None and quantity.value == 0:
        at.refuse("a weight of zero", "a number other than zero")
    return None if quantity is None else quantity.value


def _kind(factor: str) -> str:
    kind = factors()[factor].quantity
    return "prices" if kind in ("price", "index") else f"{kind}s"


def _subjects(combinations: Mapping[str, Mapping[str, float]]) -> dict[str, Subject]:
    """Find what decides the units of each factor and combination."""
    subjects = {entry.id: Subject(entry.quantity, entry.unit) for entry in factors().values()}
    for name, weights in combinations.items():
        first = subjects.get(next(iter(weights), ""))
        if first is not None:
            kind = {"rate": "spread", "price": "basket", "index": "basket"}.get(first.quantity, first.quantity)
            subjects[name] = Subject(kind, first.unit)
    return subjects


def _unknown_factor(at: Cursor, name: str, more: tuple[str, ...]) -> None:
    known = {**dict.fromkeys(more), **factors()}
    if name in series():
        found, fix = (
            f"{name} is a series, and conditions speak of factors",
            "say it under views, as a mean or probability",
        )
        at.refuse(found, f"one of {', '.join(factors())}", fix, name)
        return
    allowed = "an id of a factor" + (" or a name under combinations" if at.node.content is not None else "")
    fix = nearest(name, known) or f"name one of {', '.join(known)}"
    at.refuse(f"no factor is called {name!r}", allowed, fix, name)


def _levels(at: Cursor, subjects: Mapping[str, Subject]) -> dict[str, Quantity]:
    """Factor -> level at month 0."""
    levels: dict[str, Quantity] = {}
    for name, cursor in at.entries("factor -> level").items():
        if name not in factors():
            _unknown_factor(at, name, ())
        elif (level := cursor.quantity(subjects[name], "level")) is not None:
            levels[name] = level
    return levels


def _conditions(at: Cursor, subjects: Mapping[str, Subject]) -> dict[str, tuple[Condition, ...]]:
    result: dict[str, tuple[Condition, ...]] = {}
    for name, cursor in at.entries("factor or combination -> what is known of its path").items():
        if name not in subjects:
            _unknown_factor(at, name, tuple(subjects))
            continue
        several = isinstance(cursor.node.content, list)
        blocks = cursor.items("a list of blocks") if several else [cursor]
        if not blocks:
            cursor.refuse(f"nothing is said of {name!r}", "a block, or null to remove what a parent says")
        result[name] = tuple(_condition(block, subjects[name]) for block in blocks)
        check_announcement(blocks, name)
    return result


def _condition(at: Cursor, subject: Subject) -> Condition:
    """One block; what is wrong in it is left out, and the findings refuse the whole."""
    if isinstance(at.node.content, str):
        first = (at.node.content.split() or ["155"])[0]
        fix = f"say when, as {{{'change' if first[:1] in ('+', '-') else 'level'}: {{12m: {first}}}}}"
        at.refuse(f"{at.said} stands where a condition is expected", "level, change, range or table with dates", fix)
        return Condition()
    keys = at.fields(tuple(Condition.model_fields), "a condition")
    values: dict[str, Any] = {}
    for key in ("level", "change", "average"):
        if key in keys:
            role: Any = "change" if key == "change" else "level"
            values[key] = keys[key].dated(key, partial(Cursor.quantity, subject=subject, role=role))
    for key in ("range", "maximum", "minimum"):
        if key in keys:
            values[key] = keys[key].dated(key, partial(_range, subject=subject))
    for key in ("since", "announced"):
        if key in keys:
            values[key] = keys[key].when()
    if "table" in keys:
        values["table"] = keys["table"].dated("table", partial(_table, subject=subject))
    if "kind" in keys:
        values["kind"] = keys["kind"].word(("hard", "measurement", "marginal"))
    if "fill" in keys:
        values["fill"] = keys["fill"].word(("none", "linear", "step"))
    if "sd" in keys:
        values["sd"] = keys["sd"].quantity(_spread_of(subject, "change" in keys), "sd")
    _check_block(at, keys)
    return Condition.model_validate(_present(values))


def _present(values: dict[Any, Any]) -> dict[Any, Any]:
    """Drop what could not be read."""
    return {key: value for key, value in values.items() if value is not None}


def _spread_of(subject: Subject, of_change: bool) -> Subject:
    """Activity's own unit is sd: beside a level it means that unit, beside a change innovations."""
    return Subject("activity_level") if subject.quantity == "activity" and not of_change else subject


def _check_block(at: Cursor, keys: Mapping[str, Cursor]) -> None:
    """Refuse blocks whose keys do not fit together."""
    kind = keys["kind"].node.content if "kind" in keys else "hard"
    if not keys.keys() & _STATEMENTS:
        if isinstance(at.node.content, dict) and len(keys) == len(at.node.content):  # else a key is misspelled
            at.refuse("the condition says nothing", f"at least one of {', '.join(sorted(_STATEMENTS))}")
        return
    if "since" in keys and not keys.keys() & _WINDOWS:
        allowed, fix = f"since beside one of {', '.join(sorted(_WINDOWS))}", "remove since, or state a window"
        at.refuse("since without a window", allowed, fix, key="since")
    if not keys.keys() & {"level", "change", "average"}:
        for key in sorted(keys.keys() & {"kind", "sd", "fill"}):
            allowed = "range, table, maximum and minimum are kinds of their own"
            at.refuse(f"{key} belongs to level, change and average", allowed, f"remove {key}", key=key)
    elif kind == "hard" and "sd" in keys:
        fix = "add kind: marginal for your own law of it, kind: measurement for noisy news, or remove sd"
        at.refuse("sd on a hard condition", "kind: measurement or kind: marginal beside sd", fix, key="sd")
    elif kind in ("measurement", "marginal") and "sd" not in keys:
        fix = "add sd, or remove kind for a value that holds on every path"
        at.refuse(f"kind: {kind} without sd", "sd: a standard deviation, as 25bp or 4%", fix, key="kind")


def _range(at: Cursor, subject: Subject) -> tuple[Quantity | None, Quantity | None] | None:
    ends = at.items("[low, high], null for no bound")
    if len(ends) != 2:
        if isinstance(at.node.content, list):
            at.refuse("a range has two ends", "[low, high], null for no bound")
        return None
    low, high = (None if end.node.content is None else end.quantity(subject, "level") for end in ends)
    if all(end.node.content is None for end in ends):
        at.refuse("a range without bounds", "[low, high], null for no bound on one side", "name one end, or remove it")
    if low is not None and high is not None and low.value >= high.value:
        fix = "swap the ends" if low.value > high.value else "state it as a level"
        at.refuse(f"the lower end {low} is not below the upper end {high}", "[low, high] with low below high", fix)
    return low, high


def _table(at: Cursor, subject: Subject) -> dict[Quantity, float]:
    law: dict[Quantity, float | None] = {}
    entries = at.entries("level -> probability")
    for text, cursor in entries.items():
        level = at.at(Node(text, at.node.key_place(text))).quantity(subject, "level")
        if level in law:
            at.refuse(f"{text!r} stands here twice", "each level once", key=text)
        if level is not None:
            law[level] = cursor.share()
    known = [share for share in law.values() if share is not None]
    if len(known) == len(entries) and abs(sum(known) - 1) > 1e-9:
        missing = 1.0 - sum(known)
        fix = f"{'add' if missing > 0 else 'take'} {abs(missing):.6g} {'to' if missing > 0 else 'from'} one of them"
        at.refuse(f"the probabilities sum to {sum(known):.6g}", "probabilities that sum to 1", fix)
    return _present(law)


def _impulses(at: Cursor) -> dict[str, Impulse | None]:
    result: dict[str, Impulse | None] = {}
    for name, cursor in at.entries("channel -> {size, when or over, priced_in}").items():
        if name not in channels():
            fix = nearest(name, channels()) or f"name one of {', '.join(channels())}"
            at.refuse(f"no channel is called {name!r}", "an id of a channel", fix, name)
        else:
            result[name] = _impulse(cursor)
    return result


def _impulse(at: Cursor) -> Impulse | None:
    before = len(at.findings.problems)
    keys = at.fields(tuple(Impulse.model_fields), "an impulse")
    if "size" not in keys or ("when" in keys) == ("over" in keys):
        at.refuse("an impulse needs size and one of when and over", "{size: 1sd, over: 12m}", "write both")
    values: dict[str, Any] = {key: keys[key].when() for key in ("when", "over") if key in keys}
    if "size" in keys:
        values["size"] = keys["size"].quantity(Subject("impulse"), "number")
    if "priced_in" in keys:
        values["priced_in"] = keys["priced_in"].share()
    return Impulse.model_validate(values) if len(at.findings.problems) == before else None


def _rules(at: Cursor) -> Rules | None:
    before = len(at.findings.problems)
    keys = at.fields(tuple(Rules.model_fields), "rules")
    values: dict[str, Any] = {}
    for key in ("policy_rate_meetings", "nonlinear"):
        if key in keys:
            values[key] = keys[key].word(("on", "off"))
    for key, rule, field, factor in (
        ("fx_intervention", FxIntervention, "threshold", "usdjpy"),
        ("policy_rate_floor", PolicyRateFloor, "level", "boj_policy_rate"),
    ):
        if key in keys:
            values[key] = _rule(keys[key], rule, field, factor)
    return Rules.model_validate(values) if len(at.findings.problems) == before else None


def _rule(at: Cursor, rule: Any, field: str, factor: str) -> object:
    if at.node.content == "off":
        return "off"
    keys = at.fields((field,), "the rule") if isinstance(at.node.content, dict) else {}
    if field not in keys:
        at.refuse(f"{at.said} stands where a rule is expected", f"off, or {{{field}: ...}}")
        return None
    entry = factors()[factor]
    quantity = keys[field].quantity(Subject(entry.quantity, entry.unit), "level")
    return None if quantity is None else rule(**{field: quantity})


def _member(at: Cursor) -> Member | None:
    keys = at.fields(tuple(Member.model_fields), "a member of a mixture")
    if len(keys) < 2:
        at.refuse("a member needs scenario and weight", "{scenario: an_id, weight: 40%}")
        return None
    name, weight = keys["scenario"].slug("a scenario"), keys["weight"].share()
    return None if name is None or weight is None else Member(scenario=name, weight=weight)
