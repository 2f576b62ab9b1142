"""Reverse stress: what would have to happen for a series to lose so much by a month.

Three answers that belong together: the most plausible path, the mean path given the loss, and the distinct
stories among the draws that suffer it. The first is exact under normal innovations; the others come from the
scenario's own sample, tails, views and weights included.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jpsim.analysis.answer_plots import plot_loss
from jpsim.analysis.loss_stories import FEWEST_DRAWS, LossStory, tell_stories
from jpsim.analysis.plausible_path import PlausiblePath, find_plausible_path
from jpsim.analysis.selection import find_output
from jpsim.analysis.tail_sample import TailSample, sample_tail
from jpsim.conditioning.stories import Part, derive_story
from jpsim.conditioning.support import is_shift_view
from jpsim.errors import InputError, Problem, UnsupportedError
from jpsim.model import Model
from jpsim.scenario import Scenario
from jpsim.simulation.job import Job

__all__ = ["FEWEST_FOR_MEAN", "ReverseStress", "stress_in_reverse"]

Floats = npt.NDArray[np.float64]

FEWEST_FOR_MEAN = 10
"""Effective number of draws beyond the loss below which their mean is not told."""

_LARGEST_SHOCKS = 6


@dataclass(frozen=True, eq=False)
class ReverseStress:
    """Answers to a reverse stress.

    Parameters
    ----------
    scenario, series, month, loss
        What was asked.
    path
        The most plausible path; of a mixture, within the member whose path has the most density.
    probability
        Probability of such a loss under the normal law, over all members.
    tail
        The draws that lose at least as much.
    stories, silhouette
        The stories behind them, and how well they are told apart; none if there are too few draws.
    warnings
        Plain sentences.
    """

    scenario: str
    series: str
    month: int
    loss: float
    path: PlausiblePath
    probability: float
    tail: TailSample
    stories: tuple[LossStory, ...]
    silhouette: float
    warnings: tuple[str, ...]

    @property
    def model(self) -> Model:
        """The model, at its point estimate."""
        return self.path.law.conditional.system.model

    def plot(self, *, most: int = 8, ax: Any = None) -> Any:
        """Draw what makes the most plausible loss as a waterfall (matplotlib); returns the Axes."""
        return plot_loss(self, most, ax)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON: ``path``, ``linear``, ``tail`` (null without draws), ``stories``, ``warnings``."""
        return {
            "scenario": self.scenario,
            "series": self.series,
            "month": self.month,
            "as_of": str(self.model.as_of),
            "date": str(self.model.as_of + self.month),
            "loss": self.loss,
            "probability": self.probability,
            "path": self._path(),
            "linear": {
                "distance": self.path.linear.distance,
                "probability": self.path.linear.probability,
                "return": self.path.linear.compound,
            },
            "tail": self._tail(),
            "silhouette": self.silhouette if self.stories else None,
            "stories": [self._story(story) for story in self.stories],
            "warnings": list(self.warnings),
        }

    def _path(self) -> dict[str, Any]:
        path = self.path
        levels = zip(self.model.factors, path.levels, path.mean_levels, strict=True)
        return {
            "member": path.law.scenario.id,
            "distance": path.point.distance,
            "probability": path.point.probability,
            "return": path.point.compound,
            "returns": path.point.returns.tolist(),
            "mean_returns": path.mean_returns.tolist(),
            "factors": {name: {"path": along.tolist(), "mean": mean.tolist()} for name, along, mean in levels},
            "contributions": dict(path.contributions),
            "factor_share": path.factor_share,
            "shocks": _largest_shocks(path),
            "held": list(path.held),
        }

    def _tail(self) -> dict[str, Any] | None:
        tail = self.tail
        answer: dict[str, Any] = {
            "paths": tail.paths,
            "draws": int(tail.weights.size),
            "effective": tail.effective,
            "probability": tail.probability,
            "probability_se": tail.probability_error,
        }
        if tail.effective >= FEWEST_FOR_MEAN:
            answer["mean"] = _by_output(self.model, *tail.average(tail.outputs.astype(np.float64)))
        return answer

    def _story(self, story: LossStory) -> dict[str, Any]:
        return {
            "name": story.name,
            "share": story.share,
            "share_se": story.share_error,
            "draws": story.draws,
            "moves": [{"factor": move.factor, "sd": move.sd, "level": move.level} for move in story.moves],
            "mean": _by_output(self.model, story.mean, story.error),
        }


def stress_in_reverse(job: Job, series: str, month: int, loss: float) -> ReverseStress:
    """Explain how a series could lose `loss` by a month.

    Parameters
    ----------
    job
        A prepared run; its first scenario is meant, and its number of paths is drawn.
    series
        A base series or aggregate.
    month
        From 1 to the horizon.
    loss
        Share lost since month 0, above 0 and below 1.

    Raises
    ------
    InputError
        An unknown series, a loss that is none, or views that no weights meet.
    """
    if not job.request.every_step:
        found = f"reverse stress of {job.samplers[0].id} where report_at leaves steps out cannot be carried out yet"
        raise UnsupportedError(Problem(found, fix="ask on a monthly model, without report_at"))
    model, sampler = job.model, job.samplers[0]
    position = find_output(model.outputs, (*model.series, *model.aggregates), series)
    if not 0.0 < loss < 1.0:
        raise InputError(Problem(f"{loss:.1%} is no loss", allowed="more than 0% and less than 100%, as 20%"))
    scenario = sampler.story.scenario
    path, probability = _most_plausible(job, scenario, series, month, loss)
    tail = sample_tail(sampler, position, month, loss, job.request.paths)
    stories, silhouette = tell_stories(tail, model) if tail.effective >= FEWEST_DRAWS else ((), 0.0)
    warnings = _warnings(scenario, path, tail, silhouette if stories else None)
    return ReverseStress(scenario.id, series, month, loss, path, probability, tail, stories, silhouette, warnings)


def _largest_shocks(path: PlausiblePath) -> list[dict[str, Any]]:
    """Largest innovations of factors that the loss takes beyond the scenario's own, largest first.

    Returns
    -------
    ``factor`` and ``sd``: the innovations of all months summed, in standard deviations of such a sum.
    """
    conditional = path.law.conditional
    model, months = conditional.system.model, path.mean_returns.size
    beyond = (path.shocks - conditional.mean_shocks)[:months]
    innovations = np.einsum("tij,tj->i", conditional.system.impact[:months, : len(model.factors)], beyond)
    size = innovations / np.sqrt(months * np.diag(model.Sigma))
    order = np.argsort(-np.abs(size), kind="stable")[:_LARGEST_SHOCKS]
    return [{"factor": model.factors[i], "sd": float(size[i])} for i in order]


def _most_plausible(job: Job, scenario: Scenario, series: str, month: int, loss: float) -> tuple[PlausiblePath, float]:
    """Most plausible path at the point estimate, and the probability of the loss over the members of a mixture."""
    request = job.request
    everything = {each.id: each for each in (*request.library.values(), *request.scenarios)}
    parts = derive_story(job.model, scenario, request.horizon, everything, request.returns, plain=request.plain).parts
    found = [(part, find_plausible_path(part.law, series, month, loss)) for part in parts]

    def cost(one: tuple[Part, PlausiblePath]) -> float:
        return 0.5 * one[1].point.distance ** 2 - float(np.log(one[0].weight))

    probability = sum(part.weight * path.point.probability for part, path in found)
    return min(found, key=cost)[1], float(probability)


def _warnings(scenario: Scenario, path: PlausiblePath, tail: TailSample, silhouette: float | None) -> tuple[str, ...]:
    found = []
    if path.point.distance == 0.0:
        found.append("the scenario's own mean path loses as much: it is the most plausible path itself")
    if not all(map(is_shift_view, scenario.views)):
        found.append("views that reweight paths are in the sample but not in the most plausible path")
    if path.held:
        found.append(f"the path is held at the bounds of {'; '.join(path.held)}")
    if tail.effective < FEWEST_DRAWS:
        found.append(
            f"only {tail.effective:,.0f} effective draws of {tail.paths:,} lose as much: "
            "too few to tell stories apart; draw more paths"
        )
    elif silhouette is not None and silhouette < 0.1:
        found.append(f"the stories shade into each other (silhouette {silhouette:.2f}): read them as directions")
    return tuple(found)


def _by_output(model: Model, mean: Floats, error: Floats) -> dict[str, dict[str, list[float]]]:
    return {
        name: {"mean": mean[place].tolist(), "se": error[place].tolist()} for place, name in enumerate(model.outputs)
    }
