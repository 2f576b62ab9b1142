"""Means where interventions act: a pilot says what they do to the yen, and to the means that views state.

The closed form behind premium views knows no interventions. Growth with and without them, on the same
draws, differs by a factor that hardly depends on the premium; the views are solved for means divided by it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.premium import shift_views, solve_shift
from jpsim.simulation.engine import draw_paths, trace_interventions
from jpsim.simulation.importance import normalise
from jpsim.simulation.law import Law
from jpsim.simulation.part_sampling import PartSampler

__all__ = ["PREMIUM_PILOTS", "note_shifts", "settle_premium"]

Floats = npt.NDArray[np.float64]

PREMIUM_PILOTS = 131_072
"""Pilot paths of all parts of a story together; the first paths of a run, so that its own error cancels."""
_FEWEST = 2048
_CHUNK = 16_384


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
    calm = replace(part.law, rules=rules._replace(intervention=None, currency=-1))
    count = max(_FEWEST, PREMIUM_PILOTS // parts)
    ratios = _growth(part, part.law, places, count) / _growth(part, calm, places, count)
    adjusted = tuple(
        replace(view, mean=(1.0 + view.mean) / float(ratio) - 1.0) for view, ratio in zip(views, ratios, strict=True)
    )
    settled = replace(source, shift=solve_shift(source.conditional, source.impulses, adjusted, source.terms))
    equity = part.law.equity._replace(drift=np.ascontiguousarray(settled.drift))
    return replace(part, source=settled, law=replace(part.law, equity=equity))


def note_shifts(part: PartSampler, parts: int = 1) -> PartSampler:
    """Return a part that knows the mean shift of the yen in each month; the same part where none act.

    Parameters
    ----------
    part, parts
        As in `settle_premium`.
    """
    rules = part.law.rules
    if rules is None or not part.law.intervenes:
        return part
    count = max(_FEWEST, _CHUNK // parts)
    shifts = trace_interventions(part.law, part.seed, 0, count, part.targets if part.soft_rows else None)[1]
    weights = normalise(part.weigh(0, count)[0]) if part.weighted else np.ones(count)
    nudge = np.zeros_like(part.source.conditional.mean_innovations)
    nudge[:, rules.currency] = shifts @ weights / count
    return replace(part, source=replace(part.source, nudge=nudge))


def _growth(part: PartSampler, law: Law, places: list[tuple[int, int]], count: int) -> Floats:
    """Mean growth of some outputs at some months on the pilot's paths."""
    total, rows = np.zeros(len(places)), [output for output, _ in places]
    targets = part.targets if part.soft_rows else None
    for first in range(0, count, _CHUNK):
        drawn = draw_paths(law, part.seed, first, min(_CHUNK, count - first), targets, rows=rows)
        total += [1.0 * drawn.shape[2] + drawn[row, month].sum() for row, (_, month) in enumerate(places)]
    return total / count
