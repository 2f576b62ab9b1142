"""Limits of a run: what each scenario has against what is allowed."""

from __future__ import annotations

from dataclasses import dataclass

from jpsim.dictionary import factors
from jpsim.reporting.labels import Label, label_of
from jpsim.reporting.story import resolved_run
from jpsim.runs import Run
from jpsim.scenario import When
from jpsim.simulation.result import STATISTICS
from jpsim.units import parse_quantity

__all__ = ["LimitCheck", "limit_checks"]


@dataclass(frozen=True, slots=True)
class LimitCheck:
    """One limit in one scenario.

    Parameters
    ----------
    scenario
        Position of the scenario.
    label
        What is limited.
    statistic, month
        Which of its statistics, and at which month after `as_of`.
    value, error, bound
        The statistic, its Monte Carlo error, and the largest value allowed.
    """

    scenario: int
    label: Label
    statistic: str
    month: int
    value: float
    error: float
    bound: float

    def text(self, value: float) -> str:
        """Write a value, an error or the bound."""
        if self.label.kind != "factor":
            return f"{100 * value:.1f}%".replace("-", "\N{MINUS SIGN}")
        return self.label.style.level(value) + ("%" if self.label.style.unit == "%" else "")

    @property
    def verdict(self) -> str:
        """``breached``, ``held``, or ``close`` where two Monte Carlo errors could decide otherwise."""
        if abs(self.value - self.bound) < 2 * self.error:
            return "close_breached" if self.value > self.bound else "close_held"
        return "breached" if self.value > self.bound else "held"


def limit_checks(run: Run) -> tuple[LimitCheck, ...]:
    """Hold each scenario of a run against each limit of its resolved run file."""
    stated = resolved_run(run).get("limits") or ()
    return tuple(_check(run, scenario, limit) for limit in stated for scenario in range(len(run.scenarios)))


def _check(run: Run, scenario: int, limit: dict[str, object]) -> LimitCheck:
    output = str(limit["series"])
    month = When.parse(str(limit["at"])).index(run.as_of)
    statistic = next(key for key in limit if key in STATISTICS)
    place = scenario, run.outputs.index(output), run.place(month)
    return LimitCheck(
        scenario=scenario,
        label=label_of(output, run.kinds[place[1]]),
        statistic=statistic,
        month=month,
        value=float(run.statistics[statistic][place]),
        error=float(run.errors[statistic][place]),
        bound=_bound(output, str(limit[statistic])),
    )


def _bound(output: str, text: str) -> float:
    """Read a bound as the run file's reader did: a share of the start for series, a factor's own unit else."""
    entry = factors().get(output)
    found = (
        parse_quantity(text, "return", "risk")
        if entry is None
        else parse_quantity(text, entry.quantity, "risk", entry.unit)
    )
    return found.value
