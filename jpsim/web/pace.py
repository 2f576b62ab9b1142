"""How far a run has come, and what is left of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

__all__ = ["STAGES", "Pace"]

STAGES = ("compiling", "preparing", "drawing", "decomposing", "storing")
"""What a run goes through; kernels compile only where that has not happened on this machine."""

_EVERY_SECONDS = 0.1
_EARLY = 0.05  # a share from which the time that is left can be told


class Pace:
    """Tells the stage, the share done and the seconds left, at most ten times a second.

    The share is that of the time expected: each stage weighs the seconds it is thought to take, and the time left is
    what has passed, extrapolated.

    Parameters
    ----------
    tell
        Takes what there is to tell, as plain JSON.
    scenarios
        How many are drawn.
    """

    def __init__(self, tell: Callable[[dict[str, Any]], None], scenarios: int) -> None:
        self._tell, self._begun, self._told = tell, time.monotonic(), 0.0
        self._expected = {"preparing": 1.0 + scenarios, "drawing": float(scenarios), "decomposing": 1.0 * scenarios}
        self._expected["storing"] = 2.0
        self._drawn: dict[str, float] = {}
        self._scenarios = scenarios

    def compile(self) -> None:
        """Kernels compile; nobody knows for how long."""
        self._tell({"stage": "compiling", "share": 0.0, "seconds_left": None})

    def begin(self, stage: str, seconds: float | None = None) -> None:
        """A stage begins; `seconds` says how long it takes, where that is known by now."""
        if seconds is not None:
            self._expected[stage] = seconds + 0.5 * self._scenarios
        self._report(stage, 0.0)

    def draw(self, scenario: str, done: int, paths: int) -> None:
        """Take note of the paths of a scenario that are drawn; what follows the last one is decomposing."""
        self._drawn[scenario] = done / paths
        fraction = sum(self._drawn.values()) / self._scenarios
        if fraction >= 1.0:
            self.begin("decomposing")
        elif time.monotonic() - self._told >= _EVERY_SECONDS:
            self._report("drawing", fraction)

    def _report(self, stage: str, fraction: float) -> None:
        self._told = time.monotonic()
        before = sum(seconds for name, seconds in self._expected.items() if STAGES.index(name) < STAGES.index(stage))
        share = (before + fraction * self._expected[stage]) / sum(self._expected.values())
        passed = self._told - self._begun
        left = passed * (1.0 - share) / share if share >= _EARLY else None
        self._tell({"stage": stage, "share": round(share, 4), "seconds_left": left and round(left, 1)})
