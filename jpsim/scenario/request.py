"""What a run asks for."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, WithJsonSchema

from jpsim.days import Step
from jpsim.errors import Problem
from jpsim.months import Month
from jpsim.scenario.schema import Amount, Moment, Record, Scenario, SeriesId
from jpsim.units import Quantity

__all__ = ["DAILY_STEPS", "LONGEST", "USUAL", "Executor", "Limit", "RunRequest", "narrower_defaults"]

DAILY_STEPS = (1, 5, 10, 21, 63, 126, 252)
"""Trading days that a run on a daily model reports unless it says otherwise."""

LONGEST = {"month": 120, "day": 504}
"""Longest horizon, in steps, by what a model counts."""

USUAL = {"month": 12, "day": 21}
"""Horizon where none is named, in steps, by what a model counts: a year, or a month of trading days."""

Count = Annotated[int, WithJsonSchema({"type": ["integer", "number", "string"]})]
Flag = Annotated[bool, WithJsonSchema({"enum": [True, False, "true", "false"]})]
Format = Literal["parquet", "html", "csv", "xlsx", "pdf", "md"]
Decomposition = Literal["condition", "shock", "earnings", "var95", "es95"]
Group = Literal["index", "sector17", "sector33", "size", "segment", "theme"]


class Executor(Record):
    """Where the work is done; no part of the content hash."""

    kind: Literal["local", "processes", "dask"] = Field(
        "local", description="threads of this machine, processes of this machine, or a Dask cluster"
    )
    threads: Count = Field(0, description="threads or processes of this machine; 0 for all")
    address: str | None = Field(None, description="address of the Dask scheduler; null starts one on this machine")


class Limit(Record):
    """A bound on a risk number; a breach gives exit code 3."""

    series: SeriesId = Field(description="series, or portfolio")
    at: Moment = Field(description="the month end meant")
    sd: Amount | None = Field(None, description="largest standard deviation")
    var95: Amount | None = Field(None, description="largest value at risk at 95 %")
    var99: Amount | None = Field(None, description="largest value at risk at 99 %")
    es95: Amount | None = Field(None, description="largest expected shortfall at 95 %")
    es99: Amount | None = Field(None, description="largest expected shortfall at 99 %")

    @property
    def bound(self) -> tuple[str, Quantity]:
        """The statistic, and the most that it may be."""
        names = ("sd", "var95", "var99", "es95", "es99")
        return next((name, value) for name in names if (value := getattr(self, name)) is not None)


def narrower_defaults(step: Step) -> dict[str, Any]:
    """Defaults of a run that does not report every step: what needs all of them, or months, is left out."""
    if step == "month":
        return {"attribution": ("condition", "shock")}
    return {"attribution": ("condition",)}


class RunRequest(Record):
    """A request for work, with every scenario resolved and every unit canonical.

    `innovations` and `parameter_uncertainty` default to what can be carried out with the shipped model:
    Student-t months at the model's point estimate.
    """

    scenarios: tuple[Scenario, ...] = Field(
        description="ids or files; the first is the reference for comparison and attribution"
    )
    library: Mapping[str, Scenario] = Field(
        default_factory=dict, description="scenarios that the others refer to by premium or mixture, by id"
    )
    model: str = Field("japan_monthly", description="an id, id@version or a folder")
    horizon: Annotated[int, WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]{0,2}[md]$"})] = Field(
        12, description="months to simulate, as 12m, or trading days, as 10d, on a daily model"
    )
    report_at: tuple[Moment, ...] | None = Field(
        None, description="dates that are reported, the horizon always among them; by default all months"
    )
    paths: Count = Field(100_000, description="paths per scenario")
    seed: Count = Field(20260130, description="seed of the random numbers")
    innovations: Literal["gaussian", "student_t", "stochastic_volatility"] = Field(
        "student_t", description="law of the months' shocks"
    )
    parameter_uncertainty: Flag = Field(False, description="whether the model's parameters are drawn, too")
    series: Literal["all"] | tuple[str, ...] = Field(
        "all",
        description="all, or ids and groups: index, sector17, sector33, size, segment, theme",
        json_schema_extra={"x-items": "series"},
    )
    returns: Literal["price", "total"] = Field("price", description="without or with dividends")
    statistics: Literal["histogram", "exact"] = Field("histogram", description="how quantiles are computed")
    precision: Literal["float64", "float32"] = Field("float64", description="of the numbers that a path is made of")
    arithmetic: Literal["strict", "fast"] = Field(
        "strict", description="strict gives the same bits on every processor; fast fuses operations"
    )
    attribution: tuple[Decomposition, ...] = Field(
        ("condition", "earnings", "shock"),
        description="decompositions beside the one of the means by factor: condition, shock, earnings, var95, es95",
    )
    portfolio: str | None = Field(None, description="file with id or code, and weight or amount")
    hedges: Flag | tuple[str, ...] = Field(
        False,
        description="whether the portfolio's best hedges are found, or the series and groups that may hedge it",
        json_schema_extra={"x-items": "series"},
    )
    limits: tuple[Limit, ...] = Field((), description="bounds on risk numbers")
    paths_out: Literal["none", "sample", "all"] = Field("none", description="which paths are written")
    formats: tuple[Format, ...] = Field(("parquet", "html"), description="what is written beside the manifest")
    executor: Executor = Field(default_factory=Executor, description="where the work is done")
    _provenance: dict[str, str] = PrivateAttr(default_factory=dict)
    _folder: Path = PrivateAttr(default_factory=Path)
    _warnings: tuple[Problem, ...] = PrivateAttr(())
    _step: Step = PrivateAttr("month")

    @property
    def as_of(self) -> Month | None:
        """Month 0 that the scenarios agree on; None if none of them names one."""
        everything = (*self.scenarios, *self.library.values())
        return next((scenario.as_of for scenario in everything if scenario.as_of is not None), None)

    @property
    def step(self) -> Step:
        """What `horizon` counts: months, or trading days."""
        return self._step

    def counting(self, step: Step) -> RunRequest:
        """Return the same request with its horizon meant in months or in trading days."""
        request = self.model_copy()
        request._step = step
        return request

    @property
    def steps(self) -> tuple[int, ...]:
        """Steps that are reported, ascending; the horizon is always the last."""
        if self.report_at is not None:
            wanted = {when.steps(self.step, self.as_of) or 0 for when in self.report_at}
        elif self.step == "day":
            wanted = {step for step in DAILY_STEPS if step < self.horizon}
        else:
            wanted = set(range(1, self.horizon + 1))
        return tuple(sorted(wanted | {self.horizon}))

    @property
    def every_step(self) -> bool:
        """Whether no step before the horizon is left out of what is reported."""
        return len(self.steps) == self.horizon

    @property
    def plain(self) -> bool:
        """Whether it is the plain simulation of the model's arrays: only rules that scenarios name are in force."""
        return self.innovations == "gaussian" and not self.parameter_uncertainty

    @property
    def provenance(self) -> Mapping[str, str]:
        """Path of each leaf -> where its value came from: file:line:column, ``--set`` or default."""
        return self._provenance

    @property
    def folder(self) -> Path:
        """Folder of the run file, from which its paths are meant."""
        return self._folder

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What looks like a slip but may be meant."""
        return self._warnings

    def resolved(self) -> dict[str, Any]:
        """Write the run as plain mappings, lists and texts in the grammar of run files: nothing left to look up."""
        from jpsim.scenario.canonical import plain_request

        return plain_request(self)

    def __repr__(self) -> str:
        named = ", ".join(scenario.id for scenario in self.scenarios)
        return f"<request for a run of {named} on {self.model}: {self.horizon} {self.step}s, {self.paths:,} paths>"

    __str__ = __repr__

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.to_yaml())}</pre>"

    def to_yaml(self) -> str:
        """Write the resolved run as a file that loads to an equal request; provenance stands in comments below."""
        from jpsim.scenario.canonical import write_request

        return write_request(self)
