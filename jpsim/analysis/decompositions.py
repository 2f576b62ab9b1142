"""The decompositions of a run that were asked for, as tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pyarrow import concat_tables

from jpsim.analysis.attribution import By, attribute_means, attribution_drivers
from jpsim.analysis.condition_shares import Setting, share_conditions
from jpsim.analysis.earnings_split import earnings_drivers, split_growth
from jpsim.analysis.elasticities import update_elasticities
from jpsim.analysis.tail_means import TailBand, tail_drivers, tail_means
from jpsim.runs import Attribution, contribution_table
from jpsim.simulation.job import Job
from jpsim.simulation.result import ScenarioSample

__all__ = ["decompose"]

Floats = npt.NDArray[np.float64]

_LEVEL = 0.05
_NEAR = 0.005
"""Value at risk is taken over the paths between the quantiles at 4.5 and 5.5 %."""


@dataclass(frozen=True, eq=False)
class _Scene:
    """What all decompositions of a run share.

    Parameters
    ----------
    job, samples, weights
        The job and what was drawn, the reference first; a sample holds the job's selected outputs. Weights of
        the paths, by scenario, where they are not equally likely.
    series, kept, rows
        Ids of the R equity series, their places in the samples, and among base series and aggregates.
    """

    job: Job
    samples: Sequence[ScenarioSample]
    weights: Mapping[str, Floats]
    series: tuple[str, ...]
    kept: list[int]
    rows: list[int]

    @property
    def months(self) -> tuple[int, ...]:
        """Reported months."""
        return self.job.request.steps

    @classmethod
    def of(cls, job: Job, samples: Sequence[ScenarioSample], weights: Mapping[str, Floats]) -> _Scene:
        n = len(job.model.factors)
        kept = [place for place, position in enumerate(job.selected) if position >= n]
        series = tuple(job.model.outputs[job.selected[place]] for place in kept)
        return cls(job, samples, weights, series, kept, [job.selected[place] - n for place in kept])

    def band(self, place: int, statistic: str) -> TailBand:
        """Returns of one scenario that its value at risk or expected shortfall is the mean of."""
        histogram = self.samples[place].histogram
        ends = histogram.low[self.kept], histogram.high[self.kept], histogram.counts[self.kept]
        if statistic == "es95":
            high = -self.samples[place].statistics["var95"][self.kept]
            return TailBand(np.full_like(high, -np.inf), high)
        return TailBand(*(_quantile(*ends, _LEVEL + side * _NEAR) for side in (-1, 1)))

    def statistic(self, name: str) -> list[Floats]:
        """(R, h) of each scenario."""
        return [sample.statistics[name][self.kept] for sample in self.samples]


def decompose(
    job: Job, samples: Sequence[ScenarioSample], weights: Mapping[str, Floats]
) -> tuple[Attribution, dict[str, Any]]:
    """Decompose a run's results.

    Parameters
    ----------
    job, samples
        The job and what was drawn, the reference first.
    weights
        Weights of the paths, by scenario, where they are not equally likely.

    Returns
    -------
    The decomposition of the means by factor, and further tables (pyarrow) by file name, as the request asks
    for them under `attribution`.
    """
    scene = _Scene.of(job, samples, weights)
    drivers, tables = _by_source(scene, "factor")
    further = {name: _FURTHER[name](scene) for name in job.request.attribution if name in _FURTHER}
    files = {f"attribution_{name}.parquet": table for name, table in further.items() if table is not None}
    return Attribution.of(tables, scene.series, drivers, job.request.steps), files


def _by_source(scene: _Scene, by: By) -> tuple[tuple[str, ...], Mapping[str, Floats]]:
    """Drivers, and (D, R, h) contributions of each later scenario."""
    stories, means = scene.job.stories, scene.statistic("mean")
    drivers = attribution_drivers(stories, by)
    later = zip(stories[1:], means[1:], strict=True)
    return drivers, {
        story.scenario.id: attribute_means(stories[0], story, mean - means[0], scene.rows, drivers, by, scene.months)
        for story, mean in later
    }


def _earnings(scene: _Scene) -> Any:
    elasticities = update_elasticities(scene.job.model)
    drivers = earnings_drivers(scene.job.stories, elasticities)
    parts = {
        story.scenario.id: split_growth(story, mean, scene.rows, drivers, elasticities)
        for story, mean in zip(scene.job.stories, scene.statistic("mean"), strict=True)
    }
    return contribution_table(parts, scene.series, drivers, scene.months)


def _shock(scene: _Scene) -> Any:
    if not scene.job.model.shocks:
        return None
    drivers, parts = _by_source(scene, "shock")
    return contribution_table(parts, scene.series, drivers, scene.months)


def _condition(scene: _Scene) -> Any:
    job, request, means = scene.job, scene.job.request, scene.statistic("mean")
    library = {scenario.id: scenario for scenario in (*request.library.values(), *request.scenarios)}
    picked = np.vstack([np.eye(len(job.model.series)), job.model.aggregation])[scene.rows]
    setting = Setting(
        job.model,
        request.horizon,
        library,
        request.returns,
        picked,
        scene.months,
        divided=not request.plain,
        plain=request.plain,
        innovations=request.innovations,
    )
    first, later = request.scenarios[0], zip(request.scenarios[1:], means[1:], strict=True)
    tables = []
    for scenario, mean in later:
        drivers, parts = share_conditions(setting, first, scenario, mean - means[0])
        tables.append(contribution_table({scenario.id: parts}, scene.series, drivers, scene.months))
    return concat_tables(tables) if tables else contribution_table({}, scene.series, ())


def _tail(statistic: str) -> Callable[[_Scene], Any]:
    """Decomposition of ``var95`` or ``es95``: means given the tail, scenario less reference, as losses."""

    def decomposed(scene: _Scene) -> Any:
        job, risks = scene.job, scene.statistic(statistic)
        drivers = tail_drivers(job.stories)
        paths, rows = job.request.paths, scene.rows
        means = [
            tail_means(sampler, scene.weights.get(sampler.id), paths, rows, scene.band(place, statistic), drivers)
            for place, sampler in enumerate(job.samplers)
        ]
        parts = {}
        for place, sampler in enumerate(job.samplers[1:], start=1):
            shares = np.concatenate([means[0] - means[place], np.zeros((1, *risks[0].shape))])
            shares[-1] = risks[place] - risks[0] - shares.sum(axis=0)
            parts[sampler.id] = shares
        return contribution_table(parts, scene.series, (*drivers, "monte_carlo"), scene.months)

    return decomposed


def _quantile(low: Floats, high: Floats, counts: Floats, level: float) -> Floats:
    """(R, h) quantiles of (R, h, B) histograms, to the edge of a bin."""
    below = np.cumsum(counts, axis=2)
    bins = (below < level * below[..., -1:]).sum(axis=2) + 1
    edges: Floats = low + bins * (high - low) / counts.shape[2]
    return edges


_FURTHER: Mapping[str, Callable[[_Scene], Any]] = {
    "condition": _condition,
    "earnings": _earnings,
    "shock": _shock,
    "var95": _tail("var95"),
    "es95": _tail("es95"),
}
