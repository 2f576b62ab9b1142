"""Means where interventions act: a pilot says what they do to the yen, to returns, and to the means that views state.

The closed form behind premium views knows no interventions. Growth with and without them, on the same
draws, differs by a factor that hardly depends on the premium; the views are solved for means divided by it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.interventions import InterventionEffect
from jpsim.conditioning.premium import shift_views, solve_shift
from jpsim.simulation.engine import draw_paths
from jpsim.simulation.importance import normalise
from jpsim.simulation.part_sampling import PartSampler

__all__ = ["PREMIUM_PILOTS", "note_interventions", "settle_premium"]

Floats = npt.NDArray[np.float64]

PREMIUM_PILOTS = 131_072
"""Pilot paths of all parts of a story together; the first paths of a run, so that its own error cancels."""
_FEWEST = 2048
_PILOTS = 16_384
_CHUNK = 4096


def settle_premium(part: PartSampler, parts: int = 1) -> PartSampler:
    """Return a part whose premium meets its views with interventions; the same part where none act.

    Parameters
    ----------
    part
        The part; where its paths have weights, these meet the views and nothing is done here.
    parts
        Number of parts that share the pilots.
    """
    source, rules = part.source, part.law.rules
    views = shift_views(source.scenario, source.conditional.system.model.as_of)
    if rules is None or not part.law.intervenes or part.weighted or source.scenario.premium != "model" or not views:
        return part
    outputs, reported = source.conditional.system.model.outputs, part.law.reported.tolist()
    places = [(outputs.index(view.series), reported.index(view.month)) for view in views]
    count = max(_FEWEST, PREMIUM_PILOTS // parts)
    ratios = _growth(part, places, count) / _growth(_calm(part), places, count)
    adjusted = tuple(
        replace(view, mean=(1.0 + view.mean) / float(ratio) - 1.0) for view, ratio in zip(views, ratios, strict=True)
    )
    shift = solve_shift(source.conditional, source.impulses, adjusted, source.terms, source.innovations)
    settled = replace(source, shift=shift)
    equity = part.law.equity._replace(drift=np.ascontiguousarray(settled.drift))
    return replace(part, source=settled, law=replace(part.law, equity=equity))


def note_interventions(part: PartSampler, parts: int = 1) -> PartSampler:
    """Return a part that knows what interventions bring on average; the same part where none act.

    Parameters
    ----------
    part, parts
        As in `settle_premium`.
    """
    rules = part.law.rules
    if rules is None or not part.law.intervenes:
        return part
    count = max(_FEWEST, _PILOTS // parts)
    model = part.source.conditional.system.model
    places = [
        (row, month) for month in range(part.law.reported.size) for row in range(len(model.factors), len(model.outputs))
    ]
    calm = _calm(part)
    grown = _growth(part, places, count) - _growth(calm, places, count)
    shifts, weights = part.trace(0, count)[1], _pilot_weights(part, count)
    effect = InterventionEffect(shifts @ weights / count, grown.reshape(part.law.reported.size, -1))
    return replace(part, source=replace(part.source, intervention=effect))


def _calm(part: PartSampler) -> PartSampler:
    """The same part, in which nobody intervenes."""
    assert part.law.rules is not None
    rules = part.law.rules._replace(intervention=None, currency=-1)
    return replace(part, law=replace(part.law, rules=rules))


def _pilot_weights(part: PartSampler, count: int) -> Floats:
    return normalise(part.weigh(0, count)[0]) if part.weighted else np.ones(count)


def _growth(part: PartSampler, places: list[tuple[int, int]], count: int) -> Floats:
    """Mean growth of some outputs at some months on the pilot's paths."""
    rows = sorted({output for output, _ in places})
    at = np.array([rows.index(output) for output, _ in places]), np.array([month for _, month in places])
    total, weights = np.zeros(len(places)), _pilot_weights(part, count)
    targets = part.targets if part.soft_rows else None
    for first in range(0, count, _CHUNK):
        size = min(_CHUNK, count - first)
        drawn = draw_paths(part.law, part.seed, first, size, targets, rows=rows)
        total += (drawn @ weights[first : first + size])[at]
    return 1.0 + total / count
