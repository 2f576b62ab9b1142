"""The policy rate moves only at the Bank's meetings.

In a month without a meeting a statement about the policy rate repeats the one about the meeting
before it. Such a row is an identity: it costs no plausibility, and the rate is held in the recursion
instead, exactly, on every path.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from jpsim.conditioning.rows import Row
from jpsim.errors import InputError, Problem
from jpsim.months import Month

__all__ = ["EXPECTED_RATE", "POLICY_RATE", "settle_at_meetings"]

POLICY_RATE = "boj_policy_rate"
EXPECTED_RATE = "boj_policy_shadow"

_SAME = 1e-9  # in percent


def settle_at_meetings(
    rows: list[Row], level: float, as_of: Month, meetings: Collection[Month]
) -> tuple[list[Row], set[int]]:
    """Move statements about the policy rate to the meetings that decide them.

    Parameters
    ----------
    rows
        Rows of all quantities.
    level
        Policy rate at month 0, in percent.
    as_of, meetings
        Month 0, and the months that have a meeting.

    Returns
    -------
    The rows, with those on the policy rate dated by their meeting and repetitions dropped, and the
    months in which the rate is held.

    Raises
    ------
    InputError
        If a statement asks the rate to move where there is no meeting.
    """
    kept: list[Row] = []
    held: set[int] = set()
    decided: dict[int, Row] = {}
    problems = []
    for row in sorted(rows, key=lambda row: row.month):
        if row.name != POLICY_RATE:
            kept.append(row)
            continue
        meeting = _deciding_month(row.month, as_of, meetings)
        held.update(range(meeting + 1, row.month + 1))
        if meeting == 0:
            if not _allows(row, level):
                problems.append(_no_meeting(row, level, as_of, meetings))
        elif meeting not in decided:
            decided[meeting] = replace(row, month=meeting)
            kept.append(decided[meeting])
        elif not _repeats(row, decided[meeting]):
            problems.append(_no_meeting(row, decided[meeting].value, as_of, meetings))
    if problems:
        raise InputError(problems)
    return kept, held


def _deciding_month(month: int, as_of: Month, meetings: Collection[Month]) -> int:
    """Last month up to `month` that has a meeting after month 0; 0 if there is none."""
    return next((m for m in range(month, 0, -1) if as_of + m in meetings), 0)


def _allows(row: Row, level: float) -> bool:
    if row.kind == "range":
        return row.low - _SAME <= level <= row.high + _SAME
    return row.kind != "hard" or abs(row.value - level) < _SAME


def _repeats(row: Row, before: Row) -> bool:
    if "range" in (row.kind, before.kind):
        return (row.kind, row.low, row.high) == (before.kind, before.low, before.high)
    same = abs(row.value - before.value) < _SAME and row.sd == before.sd
    return row.kind == before.kind and same and row.table == before.table


def _no_meeting(row: Row, level: float, as_of: Month, meetings: Collection[Month]) -> Problem:
    near = sorted(meeting for meeting in meetings if abs(meeting - (as_of + row.month)) <= 3 and meeting > as_of)
    return Problem(
        f"{row.text}: the policy rate stands at {level:g}% and there is no meeting at which it could move by then",
        row.place,
        allowed=f"months with a meeting nearby: {', '.join(map(str, near)) or 'none'}",
        fix="name a month with a meeting, or edit the meeting calendar",
    )
