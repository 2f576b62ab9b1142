"""Scenarios against a reference: their paths drawn again, and compared output by output."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from jpsim.analysis.assumptions import differing_leaves, unpaired_reasons
from jpsim.analysis.contrasts import Comparison, Contrast, SeriesContrast
from jpsim.analysis.distances import distances
from jpsim.analysis.ordered_sample import OrderedSample
from jpsim.analysis.paired_errors import DIFFERENCES, difference, estimate_all, probability_lower
from jpsim.analysis.redrawing import Side
from jpsim.days import Instant
from jpsim.errors import InputError, Problem
from jpsim.runs.outcomes import position
from jpsim.simulation.sharding import on_threads

__all__ = ["compare_sides", "draws_needed"]

Floats = npt.NDArray[np.float64]

_BATCH_BYTES = 384 * 2**20
"""Of one side's outputs in one month that are held at a time."""


def compare_sides(
    sides: Sequence[Side],
    *,
    at: int | str | Instant | None = None,
    outputs: Sequence[str] | None = None,
    told: Callable[[int], None] | None = None,
) -> Comparison:
    """Compare scenarios with the first one.

    The paths are drawn again from their counters; only one month of as many outputs as fit into a few
    hundred megabytes is held at a time, and drawing is repeated for the rest.

    Parameters
    ----------
    sides
        The scenarios; the first is the reference.
    at
        The month, as ``6``, ``"6m"``, ``"2026-07"`` or a `Month`; the last one that all runs have by default.
    outputs
        Ids of factors and series, or kinds; all that the runs have in common by default.
    told
        Called with numbers of paths drawn, which sum to `draws_needed`.

    Raises
    ------
    InputError
        Fewer than two sides, an unknown series, or a month outside a run.
    """
    if len(sides) < 2:
        raise InputError(Problem("one scenario cannot be compared", fix="name a second one, as RUN:SCENARIO"))
    months = _months(sides, at)
    chosen = _outputs(sides, outputs)
    found: list[list[SeriesContrast]] = [[] for _ in sides[1:]]
    for batch in _batches(sides, chosen):
        reference = sides[0].values(batch, months[0], told)
        for place, side in enumerate(sides[1:]):
            other = side.values(batch, months[place + 1], told)
            found[place] += _contrasts(batch, (sides[0], reference), (side, other))
    others = zip(sides[1:], months[1:], found, strict=True)
    contrasts = tuple(_gather(sides[0], side, month, entries) for side, month, entries in others)
    run = sides[0].run
    return Comparison(run.run_id, sides[0].scenario, run.as_of, months[0], sides[0].paths, contrasts)


def draws_needed(sides: Sequence[Side], outputs: Sequence[str] | None = None) -> int:
    """Paths that `compare_sides` draws, those drawn again for further batches of outputs included."""
    return len(_batches(sides, _outputs(sides, outputs))) * sum(side.paths for side in sides)


def _months(sides: Sequence[Side], at: int | str | Instant | None) -> list[int]:
    """Month compared of each side, counted from its own month 0."""
    when = min(side.run.horizon for side in sides) if at is None else at
    return [side.run[side.scenario][side.run.outputs[0]].at(when).month for side in sides]


def _outputs(sides: Sequence[Side], wanted: Sequence[str] | None) -> list[str]:
    """Ids of the outputs to compare, in the order of the reference."""
    first = sides[0].run
    common = [output for output in first.outputs if all(output in side.outputs for side in sides)]
    if wanted is None:
        return common
    kinds = dict(zip(first.outputs, first.kinds, strict=True))
    known = (*common, *dict.fromkeys(kinds[output] for output in common))
    for name in wanted:
        position(known, name)
    return [output for output in common if output in wanted or kinds[output] in wanted]


def _batches(sides: Sequence[Side], outputs: list[str]) -> list[list[str]]:
    size = max(_BATCH_BYTES // (8 * max(side.paths for side in sides)), 1)
    return [outputs[first : first + size] for first in range(0, len(outputs), size)]


def _contrasts(
    outputs: list[str], reference: tuple[Side, Floats], scenario: tuple[Side, Floats]
) -> list[SeriesContrast]:
    """Compare the (len(outputs), paths) values of two sides, two outputs at a time; what is put in order is let go."""
    paired = not unpaired_reasons(reference[0].run, scenario[0].run)

    def contrast(row: int) -> SeriesContrast:
        one, two = ((side, side.ordered(values[row])) for side, values in (reference, scenario))
        return _contrast(outputs[row], one, two, paired)

    return on_threads(contrast, range(len(outputs)), 2)


def _contrast(
    output: str, reference: tuple[Side, OrderedSample], scenario: tuple[Side, OrderedSample], paired: bool
) -> SeriesContrast:
    """Everything about one output."""
    (side, first), (_, second) = reference, scenario
    one, two = (estimate_all(sample, own.start(output)) for own, sample in (reference, scenario))
    apart = distances(first, second, paired=paired)
    return SeriesContrast(
        output=output,
        kind=side.run.kinds[side.run.outputs.index(output)],
        levels={name: (one[name].value, two[name].value) for name in DIFFERENCES},
        differences={name: difference(one[name], two[name], paired=paired) for name in DIFFERENCES},
        distances=apart,
        moved=_moved(apart["wasserstein"].value, first.sd, second.sd),
        p_lower=probability_lower(first, second) if paired else None,
    )


def _moved(distance: float, first: float, second: float) -> float | None:
    spread = float(np.hypot(first, second)) / 2**0.5
    if distance == 0.0:
        return 0.0
    return distance / spread if spread > 1e-12 else None


def _gather(reference: Side, side: Side, month: int, entries: list[SeriesContrast]) -> Contrast:
    reasons = unpaired_reasons(reference.run, side.run)
    leaves = differing_leaves(reference.run, reference.scenario, side.run, side.scenario)
    ranked = sorted(entries, key=lambda entry: -np.inf if entry.moved is None else -entry.moved)
    return Contrast(side.run.run_id, side.scenario, month, not reasons, reasons, leaves, tuple(ranked))
