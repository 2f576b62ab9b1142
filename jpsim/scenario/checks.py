"""What can be checked of a scenario without a model: dates, repetitions, meetings, mixtures.

Contradictions that need the model's algebra are found when the scenario is conditioned.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from jpsim.days import Day, Instant, Step
from jpsim.dictionary import MEETINGS_FILE, boj_meetings
from jpsim.errors import Place, Problem
from jpsim.months import Month
from jpsim.scenario.cursor import Cursor
from jpsim.scenario.node import Node
from jpsim.scenario.origin import Origin, places_of
from jpsim.scenario.schema import Condition, Scenario
from jpsim.scenario.when import When
from jpsim.units import Quantity, QuantityError, parse_share

__all__ = ["check_conditions", "check_mixture", "time_problems"]

_KINDS = ("level", "change", "table", "range")
_WINDOWS = ("average", "maximum", "minimum")
_POLICY_RATE = "boj_policy_rate"


def check_mixture(at: Cursor, claims: Collection[str]) -> None:
    """Refuse mixtures whose weights do not sum to 1 or beside which something else is claimed."""
    mixture = at.node.child("mixture")
    if mixture is None or not isinstance(mixture.content, list):
        return
    for key in sorted(set(claims) - {"mixture", "schema"}):
        allowed, inherited = "nothing but words: id, title, narrative, sources, channels", _inherited(at, key, mixture)
        fix = "remove extends: a mixture inherits nothing but words" if inherited else "move it into the members"
        at.refuse(f"{key} beside a mixture{', inherited' if inherited else ''}", allowed, fix, key=key)
    written = [item.child("scenario") for item in mixture.content]
    names = [str(node.content) for node in written if node is not None]
    for twice in sorted({member for member in names if names.count(member) > 1}):
        at.at(mixture).refuse(f"{twice!r} is a member twice", "each scenario once, with the sum of its weights")
    shares = [share for item in mixture.content if (share := _share(item)) is not None]
    total = sum(shares)
    if len(shares) == len(mixture.content) and abs(total - 1) > 1e-9:
        fix = f"{'add' if total < 1.0 else 'take'} {abs(1.0 - total):.6g} {'to' if total < 1.0 else 'from'} one of them"
        at.at(mixture).refuse(f"the weights sum to {total:.6g}", "weights that sum to 1", fix)


def _inherited(at: Cursor, key: str, mixture: Node) -> bool:
    """Whether a key stands in another file than the mixture."""
    place = at.node.key_place(key)
    return place is not None and place.source != mixture.place.source


def check_conditions(at: Cursor, scenario: Scenario) -> None:
    """Refuse what is said twice, dates before month 0, and policy moves without a meeting."""
    origin = Origin(places_of(at.node))
    step: Step = "day" if any(when.days is not None for _, when in _dates(scenario)) else "month"
    at.findings.problems.extend(_problems(scenario, origin, _Clock(step, scenario.as_of), None))


def time_problems(scenario: Scenario, as_of: Instant | None, horizon: int, step: Step = "month") -> list[Problem]:
    """Find dates outside a run, repetitions and policy moves without a meeting.

    Parameters
    ----------
    scenario
        A scenario that may leave `as_of` open.
    as_of
        Month or day 0; None where only the model names it, which leaves named months unchecked.
    horizon
        Steps that the run simulates.
    step
        What they are.
    """
    clock = _Clock("day", as_of.month) if isinstance(as_of, Day) else _Clock(step, as_of)
    return list(_problems(scenario, scenario._origin, clock, horizon))


@dataclass(frozen=True, slots=True)
class _Clock:
    """What a scenario's dates are counted in, and its month 0 where it is known."""

    step: Step
    as_of: Month | None

    def index(self, when: When) -> int | None:
        return when.steps(self.step, self.as_of)

    def strange(self, when: When) -> bool:
        """Whether a date cannot be meant on this clock."""
        return when.month is not None if self.step == "day" else when.days is not None


def _share(item: Node) -> float | None:
    """Weight of a member; None where it is missing or wrong, which is reported elsewhere."""
    weight = item.child("weight")
    try:
        return None if weight is None else parse_share(str(weight.content)).value
    except QuantityError:
        return None


def _problems(scenario: Scenario, origin: Origin, clock: _Clock, horizon: int | None) -> Iterator[Problem]:
    as_of = clock.as_of
    for path, when in _dates(scenario):
        yield from _outside(when, clock, horizon, origin.place(path))
    for name, blocks in scenario.conditions.items():
        yield from _repeated(name, blocks, clock, origin)
        for number, block in enumerate(blocks):
            yield from _empty_windows(block, clock, origin, ("conditions", name, number))
            yield from _too_late(block, clock, origin, ("conditions", name, number))
    if clock.step == "month" and as_of is not None and scenario.rules.policy_rate_meetings != "off":
        for number, block in enumerate(scenario.conditions.get(_POLICY_RATE, ())):
            if block.kind == "hard" and block.fill != "linear":
                path = ("conditions", _POLICY_RATE, number)
                yield from _without_meeting(scenario, block, path, as_of, origin)


def _dates(scenario: Scenario) -> Iterator[tuple[tuple[str | int, ...], When]]:
    """All dates of a scenario with their paths."""
    for name, blocks in scenario.conditions.items():
        for number, block in enumerate(blocks):
            for kind in (*_KINDS, *_WINDOWS):
                for when in getattr(block, kind):
                    yield ("conditions", name, number, kind, str(when)), when
            for key in ("since", "announced"):
                if (moment := getattr(block, key)) is not None:
                    yield ("conditions", name, number, key), moment
    for name, impulse in scenario.impulses.items():
        for key in ("when", "over"):
            if (moment := getattr(impulse, key)) is not None:
                yield ("impulses", name, key), moment
    for number, view in enumerate(scenario.views):
        for key in ("at", "by"):
            if (moment := getattr(view, key)) is not None:
                yield ("views", number, key), moment


def _outside(when: When, clock: _Clock, horizon: int | None, place: Place | None) -> Iterator[Problem]:
    if clock.strange(when):
        yield _strange(when, clock.step, place)
        return
    index, as_of, letter = clock.index(when), clock.as_of, clock.step[0]
    if index is None:
        return
    if index < 1:
        start = "" if as_of is None else f" {as_of}"
        allowed, fix = f"a date after as_of{start}, as 1{letter}", "move or remove it; month 0 is changed under state"
        yield Problem(f"{when} is not after as_of{start}", place, allowed, fix)
    elif horizon is not None and index > horizon:
        end = f"{horizon}{letter}" if as_of is None or letter == "d" else f"{as_of + horizon}"
        found = f"{when} is past the horizon of {horizon}{letter}, which ends at {end}"
        yield Problem(found, place, f"a date up to {end}", f"or set the run's horizon to {index}{letter}")


def _strange(when: When, step: Step, place: Place | None) -> Problem:
    if step == "day":
        allowed = "trading days after as_of (10d), or months of 21 trading days (1m)"
        return Problem(f"{when} is a calendar month, and the steps are trading days", place, allowed)
    allowed = "months after as_of (3m), a month (2026-07) or an ISO date (2026-07-31)"
    fix = "or run it on a daily model, with the horizon in days (horizon: 21d)"
    return Problem(f"{when} counts trading days, and the steps are months", place, allowed, fix)


def _repeated(name: str, blocks: tuple[Condition, ...], clock: _Clock, origin: Origin) -> Iterator[Problem]:
    """Find the same month of one factor given twice: as level, change or table, or as two ranges."""
    seen: dict[tuple[object, bool], Place | None] = {}
    for number, block in enumerate(blocks):
        for kind in _KINDS:
            for when in getattr(block, kind):
                index = clock.index(when)
                month = when if index is None else index
                place = origin.place(("conditions", name, number, kind, str(when)))
                key = (month, kind == "range")
                if key in seen:
                    found = f"{name} at {when} is said twice; the first time at {seen[key]}"
                    yield Problem(found, place, "each quantity once", "remove one of the two")
                else:
                    seen[key] = place


def _empty_windows(block: Condition, clock: _Clock, origin: Origin, path: tuple[str | int, ...]) -> Iterator[Problem]:
    """Find windows that end before they begin."""
    if block.since is None:
        return
    first = clock.index(block.since)
    for kind in _WINDOWS:
        for when in getattr(block, kind):
            last = clock.index(when)
            if first is not None and last is not None and last < first:
                found = f"the {kind} up to {when} ends before it begins, {block.since}"
                allowed, fix = f"a date not before {block.since}", "move one of the two dates"
                yield Problem(found, origin.place((*path, kind, str(when))), allowed, fix)


def _too_late(block: Condition, clock: _Clock, origin: Origin, path: tuple[str | int, ...]) -> Iterator[Problem]:
    """Find announcements that come after all that they could tell."""
    if block.announced is None:
        return
    known = clock.index(block.announced)
    dates = [(index, when) for when in (*block.level, *block.change) if (index := clock.index(when)) is not None]
    if known is not None and dates and known > max(dates)[0]:
        last = max(dates)[1]
        found = f"announced in {block.announced}, after the last date of the path, {last}"
        yield Problem(found, origin.place((*path, "announced")), f"a date up to {last}", "announce it earlier")


def _without_meeting(
    scenario: Scenario, block: Condition, path: tuple[str | int, ...], as_of: Month, origin: Origin
) -> Iterator[Problem]:
    """Find policy moves that no meeting decides: in the month itself with `step`, else since the last date."""
    for kind, start in (("level", scenario.state.get(_POLICY_RATE)), ("change", Quantity(0.0, "pp"))):
        last, last_month = start, as_of
        for when, value in sorted(
            ((when, value) for when, value in getattr(block, kind).items() if when.days is None),
            key=lambda item: item[0].index(as_of),
        ):
            month = as_of + when.index(as_of)
            first = month if block.fill == "step" else last_month + 1
            if last is not None and value.value != last.value and month > as_of:
                yield from _no_meeting(first, month, when, origin.place((*path, kind, str(when))))
            last, last_month = value, month


def _no_meeting(first: Month, month: Month, when: When, place: Place | None) -> Iterator[Problem]:
    months = [Month.parse(meeting.day) for meeting in boj_meetings()]
    if month > months[-1]:
        found = f"{when}: the policy rate moves after the last known meeting, {months[-1]}"
        yield Problem(found, place, f"a date up to {months[-1]}", f"add meetings to {MEETINGS_FILE.name}")
    elif not any(first <= meeting <= month for meeting in months):
        coming = ", ".join(str(meeting) for meeting in [m for m in months if m > month][:3])
        found = f"{when}: the policy rate moves in a month without a meeting"
        yield Problem(found, place, f"a month with a meeting; the next are {coming or 'not known yet'}", "move it")
