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
from jpsim.runs import Attribution, contribution_table
from jpsim.simulation.job import Job
from jpsim.simulation.result import ScenarioSample

__all__ = ["decompose"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Scene:
    """What all decompositions of a run share.

    Parameters
    ----------
    job, samples
        The job and what was drawn, the reference first; a sample holds the job's selected outputs.
    series, kept, rows
        Ids of the R equity series, their places in the samples, and among base series and aggregates.
    """

    job: Job
    samples: Sequence[ScenarioSample]
    series: tuple[str, ...]
    kept: list[int]
    rows: list[int]

    @classmethod
    def of(cls, job: Job, samples: Sequence[ScenarioSample]) -> _Scene:
        n = len(job.model.factors)
        kept = [place for place, position in enumerate(job.selected) if position >= n]
        series = tuple(job.model.outputs[job.selected[place]] for place in kept)
        return cls(job, samples, series, kept, [job.selected[place] - n for place in kept])

    def statistic(self, name: str) -> list[Floats]:
        """(R, h) of each scenario."""
        return [sample.statistics[name][self.kept] for sample in self.samples]


def decompose(job: Job, samples: Sequence[ScenarioSample]) -> tuple[Attribution, dict[str, Any]]:
    """Decompose a run's results.

    Parameters
    ----------
    job, samples
        The job and what was drawn, the reference first.

    Returns
    -------
    The decomposition of the means by factor, and further tables (pyarrow) by file name, as the request asks
    for them under `attribution`.
    """
    scene = _Scene.of(job, samples)
    drivers, tables = _by_source(scene, "factor")
    further = {name: _FURTHER[name](scene) for name in job.request.attribution if name in _FURTHER}
    files = {f"attribution_{name}.parquet": table for name, table in further.items() if table is not None}
    return Attribution.of(tables, scene.series, drivers), files


def _by_source(scene: _Scene, by: By) -> tuple[tuple[str, ...], Mapping[str, Floats]]:
    """Drivers, and (D, R, h) contributions of each later scenario."""
    stories, means = scene.job.stories, scene.statistic("mean")
    drivers = attribution_drivers(stories, by)
    later = zip(stories[1:], means[1:], strict=True)
    return drivers, {
        story.scenario.id: attribute_means(stories[0], story, mean - means[0], scene.rows, drivers, by)
        for story, mean in later
    }


def _earnings(scene: _Scene) -> Any:
    elasticities = update_elasticities(scene.job.model)
    drivers = earnings_drivers(scene.job.stories, elasticities)
    parts = {
        story.scenario.id: split_growth(story, mean, scene.rows, drivers, elasticities)
        for story, mean in zip(scene.job.stories, scene.statistic("mean"), strict=True)
    }
    return contribution_table(parts, scene.series, drivers)


def _shock(scene: _Scene) -> Any:
    if not scene.job.model.shocks:
        return None
    drivers, parts = _by_source(scene, "shock")
    return contribution_table(parts, scene.series, drivers)


def _condition(scene: _Scene) -> Any:
    job, means = scene.job, scene.statistic("mean")
    library = {scenario.id: scenario for scenario in (*job.request.library.values(), *job.request.scenarios)}
    picked = np.vstack([np.eye(len(job.model.series)), job.model.aggregation])[scene.rows]
    setting = Setting(job.model, job.request.horizon, library, job.request.returns, picked)
    first, later = job.request.scenarios[0], zip(job.request.scenarios[1:], means[1:], strict=True)
    tables = []
    for scenario, mean in later:
        drivers, parts = share_conditions(setting, first, scenario, mean - means[0])
        tables.append(contribution_table({scenario.id: parts}, scene.series, drivers))
    return concat_tables(tables) if tables else contribution_table({}, scene.series, ())


_FURTHER: Mapping[str, Callable[[_Scene], Any]] = {"condition": _condition, "earnings": _earnings, "shock": _shock}
