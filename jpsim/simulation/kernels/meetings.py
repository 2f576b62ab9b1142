"""The target policy rate of a block: decided at meetings, never below its floor.

Nothing depends on the target: the recursion goes on from the expected rate, and the rules replace what
is reported. See `jpsim.simulation.law.MeetingRule`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jpsim.simulation.kernels.arrays import BLOCK
from jpsim.simulation.kernels.blocks import copy_rows, set_all
from jpsim.simulation.kernels.elementary import log_unit
from jpsim.simulation.kernels.jit import inlined, routine
from jpsim.simulation.kernels.normals import POLICY, fill_row

__all__ = ["decide_target", "start_target"]

YEN_BOUND = 10.0  # percent
NEAR = 1e-9  # of a step


@routine
def start_target(scratch: Any, meetings: Any) -> None:
    """Put the target and the months since its last move at month 0."""
    if meetings.target >= 0 and meetings.decided:
        set_all(scratch.policy[:BLOCK], max(meetings.start, meetings.floor))
        set_all(scratch.policy[BLOCK : 2 * BLOCK], meetings.numbers[0])


@routine
def respond(index: Any, values: Any, target: Any, meetings: Any) -> None:
    """Turn a row of standard normals into ``x + e``, the response before it is ordered."""
    _, _, noise, _, _, _, _, _, inflation, inflation_target, yen, yen_level = meetings.numbers
    expected = values[meetings.expected * BLOCK : (meetings.expected + 1) * BLOCK]
    for p in range(BLOCK):
        index[p] = noise * index[p] + (expected[p] - target[p])
    if meetings.prices >= 0:
        prices = values[meetings.prices * BLOCK : (meetings.prices + 1) * BLOCK]
        for p in range(BLOCK):
            index[p] += inflation * (prices[p] - inflation_target)
    if meetings.currency >= 0:
        level = values[meetings.currency * BLOCK : (meetings.currency + 1) * BLOCK]
        for p in range(BLOCK):
            weak = 100.0 * log_unit(level[p] / yen_level)
            index[p] += yen * min(max(weak, -YEN_BOUND), YEN_BOUND)


@inlined
def steps_of(index: Any, cutoff: Any, two_steps: Any, patience: Any) -> Any:
    """Steps k by which the target moves."""
    up, down = index - cutoff, -index - cutoff - patience
    k = 1.0 if up > 0.0 else 0.0
    k = 2.0 if up > two_steps else k
    k = -1.0 if down > 0.0 else k
    return -2.0 if down > two_steps else k


@inlined
def decide_target(scratch: Any, meetings: Any, values: Any, seed: Any, first: Any, t: int) -> None:
    """Apply the rules of the target to a month's reported levels."""
    if meetings.target < 0:
        return
    reported = values[meetings.target * BLOCK : (meetings.target + 1) * BLOCK]
    if not meetings.decided:
        for p in range(BLOCK):
            reported[p] = max(reported[p], meetings.floor)
        return
    target, age, index = scratch.policy[:BLOCK], scratch.policy[BLOCK : 2 * BLOCK], scratch.policy[2 * BLOCK :]
    for p in range(BLOCK):
        age[p] += 1.0
    if meetings.meets[t]:
        fill_row(index, seed, np.uint64(POLICY), first, t)
        respond(index, values, target, meetings)
        move_target(target, age, index, meetings)
    copy_rows(reported, target)


@routine
def move_target(target: Any, age: Any, index: Any, meetings: Any) -> None:
    """Move the target along its grid, which a floor off the grid interrupts and does not shift."""
    _, step, _, one_step, two_steps, patience, caution, recovery, _, _, _, _ = meetings.numbers
    for p in range(BLOCK):
        cutoff = one_step + caution * max(0.0, 1.0 - age[p] / recovery)
        k = steps_of(index[p], cutoff, two_steps, patience)
        place = np.floor((target[p] - meetings.start) / step + NEAR)
        moved = max(meetings.start + step * (place + k), meetings.floor) if k != 0.0 else target[p]
        age[p] = 0.0 if moved != target[p] else age[p]
        target[p] = moved
