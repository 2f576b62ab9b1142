"""Conditions that cannot hold, told in words before anything is drawn: rows that clash, ranges without mass."""

from __future__ import annotations

from dataclasses import replace

from jpsim.conditioning.feasibility import Clash, find_clashes
from jpsim.conditioning.rows import Row, RowTable, cite
from jpsim.conditioning.stacked import StackedRows
from jpsim.conditioning.targets import TargetLaw
from jpsim.errors import InputError, Problem

__all__ = ["refuse_clashes", "refuse_empty_ranges"]

_FAR = 7.0
"""Standard deviations beyond which a normal law has less than 1e-12 of its mass."""


def refuse_clashes(table: RowTable, stacked: StackedRows) -> None:
    """Refuse rows that contradict each other, say the same twice, or concern what cannot move.

    Parameters
    ----------
    table, stacked
        The rows, and their closed form.

    Raises
    ------
    InputError
        It names every row that follows from others, and these.
    """
    problems = []
    for clash in _clashes(table, stacked):
        *others, last = (table.rows[i] for i in clash.rows)
        if not others:
            found = f"{last.text} concerns a quantity that cannot move in month {last.month}"
            problems.append(Problem(found, last.place, fix="remove this row"))
            continue
        named = cite(others)
        verb = "contradicts" if _contradicts(clash, last, table) else "says the same as"
        fix = "change or remove one of these rows" if verb == "contradicts" else "remove one of these rows"
        problems.append(Problem(f"{last.text} {verb} {named}", last.place, fix=fix))
    if problems:
        raise InputError(problems)


def _clashes(table: RowTable, stacked: StackedRows) -> list[Clash]:
    """Rows that follow from others; a measurement says something beside ranges, and they beside it."""
    gap, found = table.values - stacked.mean, {}
    for kind in ("measurement", "range"):
        rows = [i for i, row in enumerate(table.rows) if row.kind != kind]
        for clash in find_clashes(stacked.flat[rows], gap[rows]):
            found[rows[clash.rows[-1]]] = replace(clash, rows=tuple(rows[i] for i in clash.rows))
    return [found[last] for last in sorted(found)]


def _contradicts(clash: Clash, last: Row, table: RowTable) -> bool:
    """Whether a determined row is at odds with what determines it; a range is at odds if it excludes it."""
    return clash.contradicts or last.kind == "range" or any(table.rows[i].kind == "range" for i in clash.rows)


def refuse_empty_ranges(table: RowTable, stacked: StackedRows, targets: TargetLaw) -> None:
    """Refuse ranges on which the model puts less than 1e-12 of its mass, given the other rows.

    Parameters
    ----------
    table, stacked, targets
        The rows, their closed form, and the law of the free ones.

    Raises
    ------
    InputError
        It names ranges that are empty by themselves, or else all of them together.
    """
    if targets.ranges is None or targets.ranges.probability > 1e-12:
        return
    ranges = table.of_kind("range")
    fix = "widen the range, or move it closer to the model"
    apart = {i: _distance(table.rows[i], float(stacked.mean[i]), float(stacked.cov[i, i])) for i in ranges}
    alone = [i for i in ranges if apart[i] >= _FAR]
    reached = {row.touch.window: row for i in ranges if i not in alone and (row := table.rows[i]).touch is not None}
    outside = {table.rows[i].text: i for i in alone if (t := table.rows[i].touch) is None or t.window not in reached}
    if outside:
        raise InputError([_empty(table.rows[i], apart[i], fix) for i in outside.values()])
    cited = [table.rows[i] for i in ranges] + list(table.ties.rows if table.ties else ())
    found = f"given the other conditions the model puts no mass on {cite(cited)} together"
    fix = "widen a range, or move the conditions that exclude it"
    raise InputError(Problem(found, table.rows[ranges[0]].place, fix=fix))


def _empty(row: Row, apart: float, fix: str) -> Problem:
    found = f"the model puts no mass on {row.text}: it is {apart:.0f} standard deviations from its mean"
    return Problem(found, row.place, f"ranges within {_FAR:.0f} standard deviations of the model's mean", fix)


def _distance(row: Row, mean: float, variance: float) -> float:
    """Standard deviations from the mean to a range, or to what a window's month must reach; 0 inside."""
    low, high = (row.low, row.high) if row.touch is None else (row.touch.low, row.touch.high)
    apart = max(low - mean, mean - high, 0.0)
    return apart / variance**0.5 if apart else 0.0
