"""What a user asks a run for: one scenario, one of its series, one month, one number with its error."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jpsim.days import DAYS_PER_MONTH, Day, Instant, parse_instant
from jpsim.errors import InputError, Problem
from jpsim.months import Month
from jpsim.runs.estimate import Estimate
from jpsim.runs.plots import plot_density, plot_fan, plot_kind
from jpsim.runs.portfolio import Portfolio, portfolio_of
from jpsim.simulation.result import STATISTICS

if TYPE_CHECKING:
    from jpsim.runs.distribution import HistogramSlice
    from jpsim.runs.record import Run

__all__ = ["Outcome", "ScenarioResult", "SeriesResult", "position"]

_OFFSET = re.compile(r"(\d+)([md])")


@dataclass(frozen=True, slots=True, repr=False)
class Outcome:
    """The law of one output at the end of one month.

    Equity series are cumulative simple returns from month 0 (0.10 is +10 %), factors are levels in their
    own unit. Value at risk and expected shortfall are positive for a loss; a factor's loss is its fall.

    Parameters
    ----------
    run
        The run it belongs to.
    scenario, output
        Ids.
    month
        Months after `as_of`, from 1.
    """

    run: Run
    scenario: str
    output: str
    month: int

    def statistic(self, name: str) -> Estimate:
        """One of the summary's columns, such as ``q05``, with its error."""
        if name not in STATISTICS:
            raise _unknown("statistic", name, STATISTICS)
        place = self._place
        return Estimate(float(self.run.statistics[name][place]), float(self.run.errors[name][place]))

    @property
    def mean(self) -> Estimate:
        """Mean."""
        return self.statistic("mean")

    @property
    def sd(self) -> Estimate:
        """Standard deviation."""
        return self.statistic("sd")

    @property
    def p_loss(self) -> Estimate:
        """Probability of a loss since month 0."""
        return self.statistic("p_loss")

    def quantile(self, q: float) -> Estimate:
        """Quantile at probability `q`, strictly between 0 and 1."""
        name = f"q{100 * _probability(q):02.0f}"
        if name in STATISTICS and np.isclose(100 * q, int(name[1:])):
            return self.statistic(name)
        return self._estimated_quantile(q)

    def var(self, level: float = 0.95) -> Estimate:
        """Value at risk: the loss exceeded with probability 1 - `level`."""
        name = _stored("var", level)
        if name is not None:
            return self.statistic(name)
        quantile = self._estimated_quantile(1 - level)
        return Estimate(self._start - quantile, quantile.se)

    def es(self, level: float = 0.95) -> Estimate:
        """Return the expected shortfall: the mean loss in the worst share 1 - `level`.

        The error of a level that is not stored is that of Manistre and Hancock (2005),
        doi:10.1080/10920277.2005.10596207.
        """
        name = _stored("es", level)
        if name is not None:
            return self.statistic(name)
        share = 1 - _probability(level)
        mean, variance = self._histogram.tail(share)
        gap = self._histogram.quantile(share) - mean
        error = np.sqrt((variance + level * gap**2) / (share * self._effective))
        return Estimate(self._start - mean, float(error))

    def histogram(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Edges (B + 1,) and probabilities (B,) of the bins."""
        histogram = self._histogram
        return histogram.edges, histogram.counts / histogram.counts.sum()

    def plot(self, ax: Any = None) -> Any:
        """Draw the density with its worst twentieth shaded (matplotlib); returns the Axes."""
        return plot_density(self, ax)

    def density(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """(g,) probability density at (g,) evenly spaced values, lightly smoothed."""
        return self._histogram.densities(values)

    @property
    def _place(self) -> tuple[int, int, int]:
        return (
            position(self.run.scenarios, self.scenario),
            position(self.run.outputs, self.output),
            self.run.place(self.month),
        )

    @property
    def _when(self) -> str:
        return f"{self.month}{self.run.step[0]}"

    @property
    def _histogram(self) -> HistogramSlice:
        return self.run.distribution.slice(*self._place)

    @property
    def _start(self) -> float:
        """Level at month 0 from which a loss is counted: the stored VaR and quantile differ by it."""
        return float(self.statistic("var95") + self.statistic("q05"))

    @property
    def _effective(self) -> float:
        return float(self.run.diagnostics[self.scenario]["effective_sample"])

    def _estimated_quantile(self, q: float) -> Estimate:
        histogram = self._histogram
        value = histogram.quantile(_probability(q))
        error = np.sqrt(q * (1 - q) / self._effective) / histogram.density(q)
        return Estimate(value, float(error))

    def __repr__(self) -> str:
        mean, low, high = self.mean, self.quantile(0.05), self.quantile(0.95)
        return (
            f"<{self.output} in {self.scenario} at {self._when}: mean {mean!r}, 5-95% {float(low):.4g} to "
            f"{float(high):.4g}, P(loss) {self.p_loss!r}, ES95 {self.es()!r}>"
        )

    def _repr_html_(self) -> str:
        rows = [(name, f"{value:.6g}", f"{value.se:.2g}") for name in STATISTICS for value in [self.statistic(name)]]
        return html_table(f"{self.output}, {self.scenario}, {self._when}: {UNITS}", ("", "estimate", "se"), rows)


@dataclass(frozen=True, slots=True, repr=False)
class SeriesResult:
    """One factor or series of one scenario, month by month.

    Parameters
    ----------
    run
        The run it belongs to.
    scenario, output
        Ids.
    """

    run: Run
    scenario: str
    output: str

    def at(self, when: int | str | Instant) -> Outcome:
        """Outcome at a month: ``6``, ``"6m"``, ``"2026-07"``, an ISO date or a `Month`; at a day: ``10``, ``"10d"``."""
        return Outcome(self.run, self.scenario, self.output, _month_index(when, self.run))

    def statistic(self, name: str) -> npt.NDArray[np.float64]:
        """(h,) one of the summary's columns over the months."""
        if name not in STATISTICS:
            raise _unknown("statistic", name, STATISTICS)
        scenario, output = position(self.run.scenarios, self.scenario), position(self.run.outputs, self.output)
        months: npt.NDArray[np.float64] = self.run.statistics[name][scenario, output]
        return months

    def to_frame(self) -> Any:
        """Table (pandas) with a row per month."""
        frame = self.run.summary()
        chosen = (frame["scenario"] == self.scenario) & (frame["series"] == self.output)
        return frame[chosen].drop(columns=["scenario", "kind", "series"]).set_index("month")

    def to_xarray(self) -> Any:
        """Labelled arrays (xarray.Dataset): a variable per statistic and error over the months."""
        return self.run.to_xarray().sel(scenario=self.scenario, series=self.output)

    def plot(self, ax: Any = None) -> Any:
        """Draw the fan over the months (matplotlib); returns the Axes."""
        return plot_fan(self, ax)

    def __repr__(self) -> str:
        length = f"{self.run.horizon} {self.run.step}s"
        return f"<{self.output} in {self.scenario}: {length}, last {self.at(self.run.horizon)!r}>"

    def _repr_html_(self) -> str:
        shown = ("mean", "sd", "q05", "q50", "q95", "p_loss", "es95")
        rows = [
            (f"{month}{self.run.step[0]}", *(f"{self.at(month).statistic(name):.4g}" for name in shown))
            for month in self.run.steps
        ]
        return html_table(f"{self.output}, {self.scenario}: {UNITS}", ("", *shown), rows)


@dataclass(frozen=True, slots=True, repr=False)
class ScenarioResult:
    """One scenario of a run; index it by the id of a factor or series.

    Parameters
    ----------
    run
        The run it belongs to.
    scenario
        Its id.
    """

    run: Run
    scenario: str

    def __getitem__(self, output: str) -> SeriesResult:
        position(self.run.outputs, output)
        return SeriesResult(self.run, self.scenario, output)

    def __iter__(self) -> Iterator[str]:
        return iter(self.run.outputs)

    @property
    def portfolio(self) -> Portfolio:
        """The run's book in this scenario: components, drivers, drawdown; InputError if the run has none."""
        return portfolio_of(self)

    def to_frame(self) -> Any:
        """Table (pandas) with a row per series and month."""
        frame = self.run.summary()
        chosen = frame[frame["scenario"] == self.scenario].drop(columns="scenario")
        return chosen.set_index(["series", "month"])

    def to_xarray(self) -> Any:
        """Labelled cube (xarray.Dataset): a variable per statistic and error over series and month."""
        return self.run.to_xarray().sel(scenario=self.scenario)

    def plot(self, kind: str = "sector17", at: int | str | Month | None = None, ax: Any = None) -> Any:
        """Draw mean and 5-95 % of all outputs of a kind in one month, the last by default; returns the Axes."""
        month = self.run.horizon if at is None else _month_index(at, self.run)
        return plot_kind(self, kind, month, ax)

    def __repr__(self) -> str:
        return f"<scenario {self.scenario}: {len(self.run.outputs)} outputs, {self.run.horizon} {self.run.step}s>"

    def _repr_html_(self) -> str:
        last = self.run.horizon
        shown = ("mean", "q05", "q50", "q95", "p_loss", "es95")
        rows = [(output, *(f"{self[output].at(last).statistic(name):.4g}" for name in shown)) for output in self]
        return html_table(f"{self.scenario}, {last}{self.run.step[0]}: {UNITS}", ("", *shown), rows)


def position(ids: tuple[str, ...], wanted: str) -> int:
    """Index of an id; an InputError with the nearest spelling if there is none."""
    try:
        return ids.index(wanted)
    except ValueError:
        raise _unknown("scenario, factor or series is called", wanted, ids) from None


UNITS = "returns since month 0 (0.10 is +10%), factors in their unit"
"""What the numbers of tables in notebooks are."""


def html_table(caption: str, head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Plain HTML table for notebooks; every text is escaped."""
    cells = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    names = "".join(f"<th>{escape(name)}</th>" for name in head)
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{names}</tr></thead><tbody>{cells}</tbody></table>"


def _stored(measure: str, level: float) -> str | None:
    name = f"{measure}{100 * _probability(level):.0f}"
    return name if name in STATISTICS and np.isclose(100 * level, int(name[len(measure) :])) else None


def _probability(q: float) -> float:
    if not 0 < q < 1:
        raise InputError(Problem(f"probability {q}", allowed="a number strictly between 0 and 1"))
    return q


def _month_index(when: int | str | Instant, run: Run) -> int:
    letter = run.step[0]
    allowed = f"1{letter} to {run.horizon}{letter}, or {run.as_of + 1} to {run.as_of + run.horizon}"
    if isinstance(when, str):
        when = _read_instant(when.strip(), run, allowed)
    index = when if isinstance(when, int) else _steps_between(when, run, allowed)
    if not 1 <= index <= run.horizon:
        found = f"{run.step} {when} lies outside the run, which starts after {run.as_of}"
        raise InputError(Problem(found, allowed=allowed))
    run.place(index)
    return index


def _read_instant(text: str, run: Run, allowed: str) -> int | Instant:
    offset = _OFFSET.fullmatch(text)
    try:
        if offset is None:
            return parse_instant(text, run.step)
        if run.step == "month" and offset[2] == "d":
            raise ValueError(text)
        return int(offset[1]) * (DAYS_PER_MONTH if run.step == "day" and offset[2] == "m" else 1)
    except ValueError:
        raise InputError(Problem(f"{text!r} is no {run.step} of this run", allowed=allowed)) from None


def _steps_between(when: Instant, run: Run, allowed: str) -> int:
    if isinstance(when, Day) and isinstance(run.as_of, Day):
        return when - run.as_of
    if isinstance(when, Month) and isinstance(run.as_of, Month):
        return when - run.as_of
    raise InputError(Problem(f"{when!r} is no {run.step} of this run", allowed=allowed))


def _unknown(what: str, wanted: str, known: tuple[str, ...]) -> InputError:
    near = get_close_matches(str(wanted), known, n=1)
    allowed = ", ".join(known) if len(known) <= 20 else f"one of {len(known)} ids, such as {', '.join(known[:6])}"
    fix = f"did you mean {near[0]}?" if near else None
    return InputError(Problem(f"no {what} {wanted!r}", allowed=allowed, fix=fix))
