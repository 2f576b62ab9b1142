"""Proposals at draws of the parameters: as even as the point's own, and the same law whatever they are.

Source: the same paths drawn from the point's proposal as it is, and importance sampling's own bound, an effective
sample of all paths.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from jpsim.conditioning.stories import Part, Story, derive_story
from jpsim.conditioning.term_moments import Innovations
from jpsim.model import Model
from jpsim.model.store import load_model
from jpsim.scenario import load_scenario
from jpsim.simulation.engine import draw_paths
from jpsim.simulation.part_sampling import PartSampler
from jpsim.simulation.proposals import effective_share
from jpsim.simulation.refitting import Refitting

SEED, PATHS = 20260130, 4096
FIRST = 100 * PATHS
"""A path that no pilot has."""


@cache
def some_draws() -> Model:
    """The shipped model with every twentieth of its draws of the parameters."""
    model = load_model("japan_monthly")
    assert model.draws is not None
    fewer = {name: kept[::20] for name in model.draws.__dataclass_fields__ if (kept := getattr(model.draws, name)).size}
    return replace(model, draws=replace(model.draws, **fewer), regimes=())


def told(name: str) -> Story:
    library = {one: load_scenario(one) for one in ("baseline", name)}
    return derive_story(some_draws(), library[name], 12, library, drawn=True)


def proposed(name: str, kind: Innovations) -> tuple[PartSampler, Refitting, list[Part]]:
    """A story's point with its proposal, what refits it, and the story's parts."""
    story = told(name)
    point = PartSampler.of(story.points[0].law, kind, SEED).proposing()
    refitting = point.refitting()
    assert refitting is not None
    return point, refitting, list(story.parts)


def as_it_is(part: PartSampler, point: PartSampler) -> PartSampler:
    """A part with the point's proposal."""
    assert part.law.mixing is not None
    mixing = part.law.mixing._replace(proposal=point.proposal)
    return replace(part, law=replace(part.law, mixing=mixing), shapes=point.shapes)


def share(part: PartSampler) -> float:
    return effective_share(part.weigh(FIRST, PATHS)[0])


def test_the_points_own_law_keeps_its_proposal() -> None:
    point, _, _ = proposed("boj_hike", "student_t")
    again = point.like(point, point.refitting())
    assert again.proposal is not None
    assert point.proposal is not None
    for own, other in zip(point.proposal, again.proposal, strict=True):
        if own.shape == other.shape:  # directions without curvature may come and go
            np.testing.assert_allclose(other, own, atol=1e-9)
    x, y = (one.weigh(FIRST, PATHS)[0] for one in (point, again))
    np.testing.assert_allclose(y - y.mean(), x - x.mean(), atol=1e-6)


@pytest.mark.parametrize(
    ("name", "kind", "least"),
    [
        ("boj_hike", "student_t", 0.95),
        ("boj_hike", "stochastic_volatility", 0.94),
        ("boj_mistake", "student_t", 0.85),
        ("boj_hike_announced", "student_t", 0.99),
    ],
)
def test_paths_of_each_draw_weigh_evenly(name: str, kind: Innovations, least: float) -> None:
    point, refitting, parts = proposed(name, kind)
    for part in parts:
        own = PartSampler.of(part.law, kind, SEED)
        before, after = share(as_it_is(own, point)), share(own.like(point, refitting))
        assert after >= max(least, 0.99 * before), part.draw


def test_the_law_of_a_draw_does_not_depend_on_its_proposal() -> None:
    """Weighted means of outputs from two proposals; z-scores."""
    point, refitting, parts = proposed("boj_mistake", "student_t")
    own = PartSampler.of(parts[2].law, "student_t", SEED)
    found = []
    for part in (as_it_is(own, point), own.like(point, refitting)):
        law = replace(part.law, low=part.law.low - 1.0, high=part.law.high + 1.0)
        weights = np.exp(part.weigh(FIRST, 4 * PATHS)[0])
        weights /= weights.sum()
        targets = part.targets if part.soft_rows else None
        values = draw_paths(law, SEED, FIRST, 4 * PATHS, targets)[:, -1]
        mean = values @ weights
        found.append((mean, np.sqrt((values - mean[:, None]) ** 2 @ weights**2)))
    (one, error), (two, other) = found
    moving = error > 1e-9
    scores = (two - one)[moving] / np.hypot(error, other)[moving]
    assert np.abs(scores).max() < 4.0
