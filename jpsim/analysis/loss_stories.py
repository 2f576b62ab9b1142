"""The distinct stories behind a loss: clusters of the draws that suffer it, named by their factors.

The mean of all such draws hides that a fall with a surging yen and a fall with soaring yields are different
events. Draws are told apart by their factors' departures from the scenario's mean, in standard deviations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jpsim.analysis.clusters import choose_clusters
from jpsim.analysis.tail_sample import TailSample
from jpsim.dictionary import factors
from jpsim.model import Model

__all__ = ["FEWEST_DRAWS", "LossStory", "Move", "tell_stories"]

Floats = npt.NDArray[np.float64]

FEWEST_DRAWS = 100
"""Effective number of draws beyond the loss below which no stories are told."""

_NAMED = 3
_NOTABLE = 0.6  # moves smaller than this share of the largest one are not in the name


@dataclass(frozen=True, slots=True)
class Move:
    """A factor's mean departure from the scenario's mean.

    Parameters
    ----------
    factor
        Its id.
    sd
        Departure in the scenario's standard deviations.
    level
        Mean level, as reported.
    """

    factor: str
    sd: float
    level: float

    def in_words(self) -> str:
        """Name of the factor and its direction."""
        entry = factors().get(self.factor)
        return f"{entry.name_en if entry else self.factor} {'up' if self.sd > 0 else 'down'}"


@dataclass(frozen=True, eq=False)
class LossStory:
    """One of the stories.

    Parameters
    ----------
    name
        Its two or three largest moves in words.
    share, share_error
        Share of the loss's probability, and its Monte Carlo error.
    draws
        Number of draws.
    moves
        All factors that can move, largest departure first.
    mean, error
        (O, t) mean levels and cumulative returns, and their Monte Carlo errors.
    """

    name: str
    share: float
    share_error: float
    draws: int
    moves: tuple[Move, ...]
    mean: Floats
    error: Floats


def tell_stories(tail: TailSample, model: Model) -> tuple[tuple[LossStory, ...], float]:
    """Divide the draws beyond a loss into stories.

    Parameters
    ----------
    tail
        The draws; at least `FEWEST_DRAWS` effective ones.
    model
        Whose factors they move.

    Returns
    -------
    The stories, the likeliest first, and the mean silhouette of the division; no story if nothing can move.
    """
    still = 1e-9 * np.maximum(np.abs(tail.mean), 1.0)
    moving = [i for i in range(len(model.factors)) if _tells(model, i) and tail.sd[i] > still[i]]
    if not moving:
        return (), 0.0
    departures = _departures(tail, model, moving)
    found = choose_clusters(departures, tail.weights)
    whole = tail.weights @ departures
    names = _names([_ranked(centre, moving, model) for centre in found.centre], found.centre - whole, moving, model)
    stories = [
        _story(tail, model, found.member == number, names[number], found.centre[number], moving)
        for number in range(found.centre.shape[0])
    ]
    return tuple(stories), found.silhouette


def _tells(model: Model, position: int) -> bool:
    """Whether a factor can be observed: the model's auxiliary rows tell no story."""
    entry = factors().get(model.factors[position])
    return entry is None or entry.column != ""


def _departures(tail: TailSample, model: Model, moving: list[int]) -> Floats:
    """(k, F) departures of the draws' factors from the scenario's mean, in its standard deviations."""
    levels = tail.outputs[moving, -1].astype(np.float64)
    log = np.array([model.transform[i] == "log100" for i in moving])
    levels[log] = 100.0 * np.log(levels[log])
    departures: Floats = ((levels - tail.mean[moving, None]) / tail.sd[moving, None]).T
    return departures


def _ranked(departure: Floats, moving: list[int], model: Model) -> list[tuple[str, float]]:
    order = np.argsort(-np.abs(departure), kind="stable")
    return [(model.factors[moving[i]], float(departure[i])) for i in order]


def _names(ranked: list[list[tuple[str, float]]], apart: Floats, moving: list[int], model: Model) -> list[str]:
    """Name each story by its largest moves; stories of one name add what sets them apart from the whole tail."""
    told = [[pair for pair in moves[:_NAMED] if abs(pair[1]) >= _NOTABLE * abs(moves[0][1])] for moves in ranked]
    told = [pairs if len(pairs) > 1 else moves[:2] for pairs, moves in zip(told, ranked, strict=True)]
    names = [_joined(pairs) for pairs in told]
    for number, pairs in enumerate(told):
        if names.count(_joined(pairs)) > 1:
            different = _ranked(apart[number], moving, model)
            names[number] = _joined([*different[:1], *(pair for pair in pairs if pair[0] != different[0][0])][:_NAMED])
    return names


def _joined(moves: list[tuple[str, float]]) -> str:
    return ", ".join(Move(factor, sd, 0.0).in_words() for factor, sd in moves)


def _story(
    tail: TailSample, model: Model, members: npt.NDArray[np.bool_], name: str, centre: Floats, moving: list[int]
) -> LossStory:
    mean, error = tail.average(tail.outputs.astype(np.float64), members)
    share, share_error = tail.average(members.astype(np.float64))
    level = {model.factors[i]: float(mean[i, -1]) for i in moving}
    moves = tuple(Move(factor, sd, level[factor]) for factor, sd in _ranked(centre, moving, model))
    return LossStory(name, float(share), float(share_error), int(members.sum()), moves, mean, error)
