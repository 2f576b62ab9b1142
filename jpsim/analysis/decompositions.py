"""The decompositions of a run that were asked for, as tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jpsim.analysis.attribution import (
    INTERVENTION,
    By,
    attribute_means,
    attribution_drivers,
    expected_growth_of,
    intervention_growth,
)
from jpsim.analysis.books import PORTFOLIO, BookSample
from jpsim.analysis.books.attribution import RiskMeasure, book_growth, book_means, book_risks, book_series
from jpsim.analysis.condition_shares import Setting, share_conditions
from jpsim.analysis.earnings_split import earnings_drivers, split_growth
from jpsim.analysis.elasticities import update_elasticities
from jpsim.analysis.tail_means import TailBand, tail_drivers, tail_means
from jpsim.runs import Attribution, Contributions, contribution_table
from jpsim.simulation.job import Job
from jpsim.simulation.result import ScenarioSample

__all__ = ["decompose"]

Floats = npt.NDArray[np.float64]
Blocks = list[Contributions]

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
    held
        The book in each scenario, in the same order; empty without a book.
    series, kept
        Ids of the R equity series, and their places in the samples.
    rows
        (R + J, S + G) weights of the base series and aggregates in them, and in the book's J series.
    """

    job: Job
    samples: Sequence[ScenarioSample]
    weights: Mapping[str, Floats]
    held: Sequence[BookSample]
    series: tuple[str, ...]
    kept: list[int]
    rows: Floats

    @property
    def months(self) -> tuple[int, ...]:
        """Reported months."""
        return self.job.request.steps

    @property
    def equities(self) -> list[int]:
        """Places of the R series among base series and aggregates."""
        return [self.job.selected[place] - len(self.job.model.factors) for place in self.kept]

    @classmethod
    def of(
        cls, job: Job, samples: Sequence[ScenarioSample], weights: Mapping[str, Floats], held: Sequence[BookSample]
    ) -> _Scene:
        n = len(job.model.factors)
        kept = [place for place, position in enumerate(job.selected) if position >= n]
        series = tuple(job.model.outputs[job.selected[place]] for place in kept)
        rows = np.eye(len(job.model.outputs) - n)[[job.selected[place] - n for place in kept]]
        if held:
            rows = np.vstack([rows, book_series(held[0].book, job.model)])
        return cls(job, samples, weights, held, series, kept, rows)

    def band(self, place: int, statistic: str) -> TailBand:
        """Returns of one scenario that its value at risk or expected shortfall is the mean of."""
        histogram = self.samples[place].histogram
        ends = histogram.low[self.kept], histogram.high[self.kept], histogram.counts[self.kept]
        if statistic == "es95":
            high = -self.samples[place].statistics["var95"][self.kept]
            return TailBand(np.full_like(high, -np.inf), high)
        return TailBand(*(_quantile(*ends, _LEVEL + side * _NEAR) for side in (-1, 1)))

    def statistic(self, name: str) -> list[Floats]:
        """(R, r) of each scenario."""
        return [sample.statistics[name][self.kept] for sample in self.samples]

    def with_book(self, values: Floats) -> Floats:
        """(R + J, r) numbers of the series, and zeros for what no sample says: the book's series."""
        return np.concatenate([values, np.zeros((len(self.rows) - len(values), values.shape[1]))])


def decompose(
    job: Job,
    samples: Sequence[ScenarioSample],
    weights: Mapping[str, Floats],
    held: Sequence[BookSample] = (),
) -> tuple[Attribution, dict[str, Any]]:
    """Decompose a run's results.

    Parameters
    ----------
    job, samples
        The job and what was drawn, the reference first.
    weights
        Weights of the paths, by scenario, where they are not equally likely.
    held
        The run's book in each scenario, if it has one.

    Returns
    -------
    The decomposition of the means by factor, and further tables (pyarrow) by file name, as the request asks
    for them under `attribution`. A book stands in each as the series ``portfolio``.
    """
    scene = _Scene.of(job, samples, weights, held)
    blocks = _by_source(scene, "factor")
    further = {name: _FURTHER[name](scene) for name in job.request.attribution if name in _FURTHER}
    files = {f"attribution_{name}.parquet": contribution_table(found, scene.months)
             for name, found in further.items() if found is not None}  # fmt: skip
    return Attribution.of(blocks, job.request.steps), files


def _by_source(scene: _Scene, by: By) -> Blocks:
    stories, means = scene.job.stories, scene.statistic("mean")
    drivers = attribution_drivers(stories, by)
    blocks: Blocks = []
    for place, (story, mean) in enumerate(zip(stories[1:], means[1:], strict=True), start=1):
        sampled = scene.with_book(mean - means[0])
        parts = attribute_means(stories[0], story, sampled, scene.rows, drivers, by, scene.months)
        blocks += _blocks(scene, place, drivers, parts)
    return blocks


def _blocks(scene: _Scene, place: int, drivers: Sequence[str], parts: Floats) -> Blocks:
    """Contributions to the difference of means of one scenario, and those to the book's if there is one."""
    name, series = scene.samples[place].scenario, len(scene.series)
    blocks = [Contributions(name, scene.series, drivers, parts[:, :series])]
    if scene.held:
        own, shares = book_means(scene.held[0], scene.held[place], drivers, parts[:, series:])
        blocks.append(Contributions(name, [PORTFOLIO], own, shares[:, None]))
    return blocks


def _earnings(scene: _Scene) -> Blocks:
    elasticities = update_elasticities(scene.job.model)
    drivers = earnings_drivers(scene.job.stories, elasticities)
    blocks: Blocks = []
    for place, (story, mean) in enumerate(zip(scene.job.stories, scene.statistic("mean"), strict=True)):
        own = scene.rows[len(mean) :]
        closed = expected_growth_of(story, own) - 1.0
        parts = split_growth(story, np.concatenate([mean, closed]), scene.rows, drivers, elasticities)
        blocks.append(Contributions(story.scenario.id, scene.series, drivers, parts[:, : len(mean)]))
        if scene.held:
            names, shares = book_growth(scene.held[place], drivers, parts[:, len(mean) :], closed)
            blocks.append(Contributions(story.scenario.id, [PORTFOLIO], names, shares[:, None]))
    return blocks


def _shock(scene: _Scene) -> Blocks | None:
    return _by_source(scene, "shock") if scene.job.model.shocks else None


def _condition(scene: _Scene) -> Blocks:
    job, request, means = scene.job, scene.job.request, scene.statistic("mean")
    library = {scenario.id: scenario for scenario in (*request.library.values(), *request.scenarios)}
    picked = scene.rows @ np.vstack([np.eye(len(job.model.series)), job.model.aggregation])
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
    acting = INTERVENTION in attribution_drivers(job.stories)
    added = [intervention_growth(story, scene.rows)[:, setting.places] for story in job.stories] if acting else []
    blocks: Blocks = []
    for place, (scenario, mean) in enumerate(later, start=1):
        intervened = added[place] - added[0] if acting else None
        drivers, parts = share_conditions(setting, first, scenario, scene.with_book(mean - means[0]), intervened)
        blocks += _blocks(scene, place, drivers, parts)
    return blocks


def _tail(statistic: RiskMeasure) -> Callable[[_Scene], Blocks]:
    """Decomposition of ``var95`` or ``es95``: means given the tail, scenario less reference, as losses."""

    def decomposed(scene: _Scene) -> Blocks:
        job, risks = scene.job, scene.statistic(statistic)
        drivers = tail_drivers(job.stories)
        paths = job.request.paths
        means = [
            tail_means(
                sampler, scene.weights.get(sampler.id), paths, scene.equities, scene.band(place, statistic), drivers
            )
            for place, sampler in enumerate(job.samplers)
        ]
        blocks: Blocks = []
        for place, sampler in enumerate(job.samplers[1:], start=1):
            shares = np.concatenate([means[0] - means[place], np.zeros((1, *risks[0].shape))])
            shares[-1] = risks[place] - risks[0] - shares.sum(axis=0)
            blocks.append(Contributions(sampler.id, scene.series, (*drivers, "monte_carlo"), shares))
            if scene.held:
                names, own = book_risks(scene.held[0], scene.held[place], statistic)
                blocks.append(Contributions(sampler.id, [PORTFOLIO], names, own[:, None]))
        return blocks

    return decomposed


def _quantile(low: Floats, high: Floats, counts: Floats, level: float) -> Floats:
    """(R, h) quantiles of (R, h, B) histograms, to the edge of a bin."""
    below = np.cumsum(counts, axis=2)
    bins = (below < level * below[..., -1:]).sum(axis=2) + 1
    edges: Floats = low + bins * (high - low) / counts.shape[2]
    return edges


_FURTHER: Mapping[str, Callable[[_Scene], Blocks | None]] = {
    "condition": _condition,
    "earnings": _earnings,
    "shock": _shock,
    "var95": _tail("var95"),
    "es95": _tail("es95"),
}
