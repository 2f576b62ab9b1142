"""What comparing scenarios gives: by scenario and series, with intervals, and by assumption."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jpsim.analysis.assumptions import LeafDifference
from jpsim.analysis.contrast_plots import plot_contrast
from jpsim.analysis.distances import DISTANCES, DOMINANCE
from jpsim.analysis.paired_errors import DIFFERENCES, LEVEL, Difference
from jpsim.days import Instant
from jpsim.runs.outcomes import html_table, position
from jpsim.runs.plots import pyplot

__all__ = ["Comparison", "Contrast", "SeriesContrast"]


@dataclass(frozen=True, slots=True)
class SeriesContrast:
    """One factor or series in two scenarios.

    Parameters
    ----------
    output, kind
        Its id and kind.
    levels
        Statistic to its value in the reference and in the scenario.
    differences
        Each of `DIFFERENCES`: scenario less reference.
    distances
        Wasserstein-1, Kolmogorov-Smirnov and energy distance, and the effect sizes of dominance.
    moved
        Wasserstein-1 in standard deviations (root mean square of the two scenarios'): the measure of
        the ranking. None where neither scenario leaves the output any spread, and it moved.
    p_lower
        Probability that it ends lower in the scenario than in the reference on the same draw, each draw
        weighing the mean of its two weights; None where draws are not shared.
    """

    output: str
    kind: str
    levels: dict[str, tuple[float, float]]
    differences: dict[str, Difference]
    distances: dict[str, Difference]
    moved: float | None
    p_lower: Difference | None

    @property
    def measures(self) -> dict[str, Difference]:
        """All differences, distances and effect sizes, and the probability, by name."""
        lower = {} if self.p_lower is None else {"p_lower": self.p_lower}
        return {**self.differences, **self.distances, **lower}

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "kind": self.kind,
            "moved": self.moved,
            "p_lower": None if self.p_lower is None else self.p_lower.to_dict(),
            "differences": {
                name: {"reference": self.levels[name][0], "scenario": self.levels[name][1], **found.to_dict()}
                for name, found in self.differences.items()
            },
            "distances": {name: self.distances[name].to_dict() for name in DISTANCES},
            "dominance": {name: self.distances[name].to_dict() for name in DOMINANCE},
        }

    def __repr__(self) -> str:
        mean = self.differences["mean"]
        return f"<{self.output}: mean moves by {mean.value:.4g}, {LEVEL:.0%} interval {mean.span}>"


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Contrast:
    """One scenario against the reference; index it by the id of a factor or series.

    Parameters
    ----------
    run_id, scenario
        What is compared.
    month
        The month compared, after the scenario's `as_of`.
    paired
        Whether path i of both comes from one draw.
    unpaired
        Why not.
    assumptions
        Leaves that the two resolved scenarios do not share.
    series
        The outputs, those that move most first.
    """

    run_id: str
    scenario: str
    month: int
    paired: bool
    unpaired: tuple[str, ...]
    assumptions: tuple[LeafDifference, ...]
    series: tuple[SeriesContrast, ...]

    @property
    def ranking(self) -> tuple[str, ...]:
        """Ids of the outputs, those that move most first."""
        return tuple(entry.output for entry in self.series)

    def __getitem__(self, output: str) -> SeriesContrast:
        return self.series[position(self.ranking, output)]

    def __iter__(self) -> Iterator[str]:
        return iter(self.ranking)

    def __len__(self) -> int:
        return len(self.series)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "run_id": self.run_id,
            "scenario": self.scenario,
            "month": self.month,
            "paired": self.paired,
            "unpaired": list(self.unpaired),
            "assumptions": [leaf.to_dict() for leaf in self.assumptions],
            "ranking": list(self.ranking),
            "series": {entry.output: entry.to_dict() for entry in self.series},
        }

    def to_frame(self) -> Any:
        """Table (pandas) with a row per series and measure."""
        import pandas as pd

        rows = [
            dict(series=entry.output, kind=entry.kind, measure=name, **one.to_dict())
            for entry in self.series
            for name, one in entry.measures.items()
        ]
        return pd.DataFrame(rows)

    def plot(self, measure: str = "mean", ax: Any = None) -> Any:
        """Draw one of `DIFFERENCES` with its interval, of the equities that move most; returns the Axes."""
        return plot_contrast(self, measure, ax)

    def _repr_html_(self) -> str:
        rows = [(entry.output, *(one.span for one in entry.differences.values())) for entry in self.series]
        return html_table(f"{self.scenario} against the reference, {self.month}m", ("series", *DIFFERENCES), rows)

    def __repr__(self) -> str:
        how = "paired" if self.paired else "not paired"
        return f"<{self.scenario} ({self.run_id}) against the reference, {self.month}m, {how}: {list(self.series[:3])}>"


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Comparison:
    """Scenarios against one reference at the end of one month.

    Parameters
    ----------
    run_id, reference
        The reference's run and scenario.
    as_of
        Month 0 of the reference.
    month
        The month compared, after `as_of`.
    paths
        Paths of the reference.
    contrasts
        One for each other scenario, in the order in which they were named.
    """

    run_id: str
    reference: str
    as_of: Instant
    month: int
    paths: int
    contrasts: tuple[Contrast, ...]

    def __getitem__(self, scenario: str) -> Contrast:
        return self.contrasts[position(tuple(contrast.scenario for contrast in self.contrasts), scenario)]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "reference": {"run_id": self.run_id, "scenario": self.reference, "month": self.month, "paths": self.paths},
            "level": LEVEL,
            "comparisons": [contrast.to_dict() for contrast in self.contrasts],
        }

    def to_frame(self) -> Any:
        """Table (pandas) with a row per scenario, series and measure."""
        import pandas as pd

        rows = [
            dict(scenario=contrast.scenario, series=entry.output, kind=entry.kind, measure=name, **one.to_dict())
            for contrast in self.contrasts
            for entry in contrast.series
            for name, one in entry.measures.items()
        ]
        return pd.DataFrame(rows)

    def plot(self, measure: str = "mean") -> Any:
        """Draw one of `DIFFERENCES` of every scenario side by side (matplotlib); returns the Figure."""
        count = len(self.contrasts)
        figure, axes = pyplot().subplots(1, count, figsize=(6.5 * count, 6.5), squeeze=False, layout="constrained")
        for ax, contrast in zip(axes[0], self.contrasts, strict=True):
            contrast.plot(measure, ax)
        return figure

    def __repr__(self) -> str:
        names = ", ".join(contrast.scenario for contrast in self.contrasts)
        return f"<comparison of {names} with {self.reference}, {self.month}m after {self.as_of}>"

    def _repr_html_(self) -> str:
        rows = [
            (contrast.scenario, entry.output, *(one.span for one in entry.differences.values()))
            for contrast in self.contrasts
            for entry in contrast.series
        ]
        caption = f"Difference from {self.reference}, {self.month}m, {LEVEL:.0%} intervals"
        return html_table(caption, ("scenario", "series", *DIFFERENCES), rows)
