"""The frozen result of a run: scenario x output x month, with errors, distribution and provenance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from jpsim.days import Instant, Step
from jpsim.errors import InputError, Problem
from jpsim.runs.distribution import Distribution
from jpsim.runs.frames import Contributions, attribution_frame, contribution_columns, summary_cube, summary_frame
from jpsim.runs.outcomes import UNITS, ScenarioResult, html_table, position
from jpsim.runs.plots import plot_attribution, plot_run
from jpsim.simulation.result import STATISTICS, ScenarioSample

__all__ = ["Attribution", "Run", "gather"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Attribution:
    """Decomposition of the means against the first scenario, a row per entry, as columns.

    Parameters
    ----------
    scenario, series, driver
        Ids.
    month
        Months after `as_of`.
    contribution
        Share of the driver in the difference of the two means, in the unit of the summary.
    """

    scenario: tuple[str, ...] = ()
    series: tuple[str, ...] = ()
    month: tuple[int, ...] = ()
    driver: tuple[str, ...] = ()
    contribution: tuple[float, ...] = ()

    @classmethod
    def of(cls, blocks: Sequence[Contributions], months: Sequence[int] = ()) -> Attribution:
        """Lay out contributions, scenario by scenario, as rows; drivers vary fastest."""
        columns = contribution_columns(blocks, months)
        return cls(**{name: tuple(column.tolist()) for name, column in columns.items()})

    @classmethod
    def from_table(cls, table: Any) -> Attribution:
        """Read a table (pyarrow) of a run's folder."""
        return cls(**{name: tuple(values) for name, values in table.to_pydict().items()})

    def parts(self, scenario: str, series: str, month: int) -> dict[str, float]:
        """Contribution of each driver to one series in one month; InputError where there is none."""
        keys = zip(self.scenario, self.series, self.month, self.driver, self.contribution, strict=True)
        found = {
            driver: value
            for name, output, when, driver, value in keys
            if (name, output, when) == (scenario, series, month)
        }
        if not found:
            known = f"scenarios {', '.join(dict.fromkeys(self.scenario)) or '(none)'}"
            raise InputError(Problem(f"no attribution of {series} in {scenario} at {month}m", allowed=known))
        return found

    def to_frame(self) -> Any:
        """Table (pandas) with a row per scenario, series, month and driver."""
        return attribution_frame(self)

    def plot(self, scenario: str, series: str, month: int, *, most: int = 8, ax: Any = None) -> Any:
        """Draw a waterfall of the `most` largest drivers (matplotlib); returns the Axes."""
        return plot_attribution(self, scenario, series, month, most, ax)

    def __repr__(self) -> str:
        named = ", ".join(dict.fromkeys(self.scenario)) or "nothing"
        return f"<attribution of {named}: {len(set(self.series))} series, {len(set(self.driver))} drivers>"

    def _repr_html_(self) -> str:
        last = max(self.month, default=0)
        rows = [
            (name, "topix", driver, f"{100 * value:+.2f}")
            for name in dict.fromkeys(self.scenario)
            if "topix" in self.series
            for driver, value in sorted(self.parts(name, "topix", last).items(), key=lambda one: -abs(one[1]))
        ]
        return html_table(f"{self!r}, {last}m"[1:].replace(">", ""), ("scenario", "series", "driver", "pp"), rows)


@dataclass(frozen=True, eq=False, repr=False)
class Run:
    """A run that was carried out; immutable. Index it by scenario id.

    Shapes use K scenarios, O outputs (factors, base series, aggregates) and h reported months. The steps of a run
    on a daily model are trading days: what is said of months holds for them.

    Parameters
    ----------
    scenarios
        Ids of the K scenarios; the first is the reference.
    outputs, kinds
        Ids and kinds (factor, index, sector17, ...) of the O outputs.
    as_of, horizon
        Month 0 and the last month.
    statistics, errors
        Each of `jpsim.simulation.result.STATISTICS` as a (K, O, h) array, and its Monte Carlo standard error.
    distribution
        The histograms.
    manifest
        What `manifest.json` says; `files` is filled when the run is stored.
    resolved
        Text of `resolved.yaml`, the run as it was carried out.
    diagnostics
        Per scenario, plain JSON. `effective_sample` is always there; known optional keys are listed in
        `jpsim.runs.ScenarioDiagnostics`.
    attribution
        Decomposition of the means against the first scenario.
    weights
        Scenario to (paths,) weights that sum to 1, for scenarios whose paths are not equally likely.
    tables
        More tables (pyarrow) by file name, such as ``components.parquet``.
    inputs
        Files that the resolved run names, by name, such as ``portfolio.csv``.

    Examples
    --------
    >>> run["boj_hike"]["banks"].at("6m").es(0.95)  # doctest: +SKIP
    0.182 ± 0.0011
    """

    scenarios: tuple[str, ...]
    outputs: tuple[str, ...]
    kinds: tuple[str, ...]
    as_of: Instant
    horizon: int
    statistics: Mapping[str, Floats]
    errors: Mapping[str, Floats]
    distribution: Distribution
    manifest: Mapping[str, Any]
    resolved: str
    diagnostics: Mapping[str, Mapping[str, Any]]
    attribution: Attribution = field(default_factory=Attribution)
    weights: Mapping[str, Floats] = field(default_factory=dict)
    tables: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def run_id(self) -> str:
        """Id of the run: time and content."""
        return str(self.manifest["run_id"])

    @property
    def content_hash(self) -> str:
        """Digest of the resolved input and the model; the same content gives the same hash."""
        return str(self.manifest["content_hash"])

    @property
    def step(self) -> Step:
        """What months are here: ``month``, or ``day`` for the trading days of a daily model."""
        step: Step = self.manifest.get("step", "month")
        return step

    @property
    def steps(self) -> tuple[int, ...]:
        """Months that are reported, ascending; the horizon is the last."""
        return tuple(self.manifest.get("steps") or range(1, self.horizon + 1))

    def place(self, month: int) -> int:
        """Place of a reported month in the arrays; InputError if it is not reported."""
        if month not in self.steps:
            letter = self.step[0]
            allowed = ", ".join(f"{step}{letter}" for step in self.steps)
            raise InputError(Problem(f"{month}{letter} is not reported by this run", allowed=allowed))
        return self.steps.index(month)

    @property
    def returns(self) -> str:
        """``price``, or ``total`` where the equity series include dividends."""
        return str(self.manifest.get("returns", "price"))

    def __getitem__(self, scenario: str) -> ScenarioResult:
        position(self.scenarios, scenario)
        return ScenarioResult(self, scenario)

    def __iter__(self) -> Iterator[str]:
        return iter(self.scenarios)

    def __len__(self) -> int:
        return len(self.scenarios)

    def of_kind(self, kind: str) -> tuple[str, ...]:
        """Ids of the outputs of one kind, in order."""
        return tuple(output for output, known in zip(self.outputs, self.kinds, strict=True) if known == kind)

    def summary(self) -> Any:
        """Table (pandas) of all statistics and their errors, a row per scenario, series and month."""
        return summary_frame(self)

    def to_frame(self) -> Any:
        """Table of `summary`, indexed by scenario, series and month."""
        return summary_frame(self).set_index(["scenario", "series", "month"])

    def to_xarray(self) -> Any:
        """Labelled cube (xarray.Dataset): a variable per statistic and error over scenario, series, month."""
        return summary_cube(self)

    def plot(self, *outputs: str) -> Any:
        """Draw fans of outputs (the main ones by default) in every scenario (matplotlib); returns the Figure."""
        return plot_run(self, outputs or None)

    def __repr__(self) -> str:
        return (
            f"<jpsim run {self.run_id}: {', '.join(self.scenarios)}; {self.horizon} {self.step}s from {self.as_of}, "
            f"{self.manifest['paths']:,} paths, {len(self.outputs)} outputs>"
        )

    def _repr_html_(self) -> str:
        shown = [name for name in ("topix", *self.of_kind("size")) if name in self.outputs] or list(self.outputs[:5])
        rows = []
        for scenario in self.scenarios:
            for output in shown:
                last = self[scenario][output].at(self.horizon)
                values = (last.mean, last.quantile(0.05), last.quantile(0.95), last.p_loss, last.es())
                rows.append((scenario, output, *(repr(value) for value in values)))
        head = ("scenario", "series", "mean", "5%", "95%", "P(loss)", "ES95")
        return html_table(f"{self.run_id}, {self.horizon}{self.step[0]}: {UNITS}", head, rows)


def gather(
    samples: Sequence[ScenarioSample],
    *,
    outputs: Sequence[str],
    kinds: Sequence[str],
    as_of: Instant,
    manifest: Mapping[str, Any],
    resolved: str,
    diagnostics: Mapping[str, Mapping[str, Any]],
    attribution: Attribution | None = None,
    weights: Mapping[str, Floats] | None = None,
    tables: Mapping[str, Any] | None = None,
    inputs: Mapping[str, bytes] | None = None,
) -> Run:
    """Put the samples of the scenarios together into a frozen `Run`.

    Parameters
    ----------
    samples
        One per scenario, the reference first.
    outputs, kinds
        Ids and kinds of the outputs, in the order of the samples' first axis.
    as_of
        Month 0.
    manifest
        The manifest without `files` and `diagnostics`.
    resolved
        Text of the resolved run.
    diagnostics
        Per scenario; `effective_sample` is taken from the samples.
    attribution, weights, tables, inputs
        See `Run`.

    Returns
    -------
    Run
    """
    known = {sample.scenario: {"effective_sample": float(sample.effective)} for sample in samples}
    merged = {name: {**dict(diagnostics.get(name, {})), **entry} for name, entry in known.items()}
    return Run(
        scenarios=tuple(sample.scenario for sample in samples),
        outputs=tuple(outputs),
        kinds=tuple(kinds),
        as_of=as_of,
        horizon=_last_step(manifest, samples[0]),
        statistics=_stacked([sample.statistics for sample in samples]),
        errors=_stacked([sample.errors for sample in samples]),
        distribution=Distribution.of([sample.histogram for sample in samples]),
        manifest=MappingProxyType(dict(manifest)),
        resolved=resolved,
        diagnostics=MappingProxyType(merged),
        attribution=attribution or Attribution(),
        weights=MappingProxyType(dict(weights or {})),
        tables=MappingProxyType(dict(tables or {})),
        inputs=MappingProxyType(dict(inputs or {})),
    )


def _last_step(manifest: Mapping[str, Any], sample: ScenarioSample) -> int:
    return int((manifest.get("steps") or [sample.statistics["mean"].shape[1]])[-1])


def _stacked(parts: Sequence[Mapping[str, Floats]]) -> Mapping[str, Floats]:
    stacked = {name: np.stack([part[name] for part in parts]) for name in STATISTICS}
    for values in stacked.values():
        values.flags.writeable = False
    return MappingProxyType(stacked)
