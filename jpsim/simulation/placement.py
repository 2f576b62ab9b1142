"""Where the histograms of the outputs begin and end.

A pilot of the story's own paths places them: laws may be mixtures, may have fat tails, and prices may be
wild where few shocks must deliver much, so that no closed form says how far an output reaches.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

__all__ = ["PILOT_PATHS", "place_histograms"]

Floats = npt.NDArray[np.float64]

PILOT_PATHS = 8192
_YEAR = 12  # reported steps up to which the whole pilot is drawn; with more it is smaller, and memory the same
_FEWEST = 2048
_TAIL = 0.001
_REACH = 2.5  # ends lie this many times further from the median than the pilot's tail quantiles
_LEAST = 1e-9  # width of a histogram whose output does not move, relative to its level


def place_histograms(
    draw: Callable[[int, int], Floats], positive: npt.NDArray[np.bool_], steps: int
) -> tuple[Floats, Floats]:
    """Place the histograms of all outputs and reported steps.

    Parameters
    ----------
    draw
        ``(first, count)`` gives (O, r, count) outputs of some paths.
    positive
        (O,) whether an output is a price or an index, which cannot fall below zero.
    steps
        Number of reported steps r.

    Returns
    -------
    (O, r) lower and upper ends. Normal outputs reach nearly eight standard deviations.
    """
    pilot = draw(0, max(_FEWEST, PILOT_PATHS * _YEAR // max(steps, _YEAR)))
    pilot.sort(axis=2)  # whole rows are sorted faster than numpy finds three quantiles in them
    far_low, middle, far_high = (_quantile(pilot, level) for level in (_TAIL, 0.5, 1.0 - _TAIL))
    least = _LEAST * np.maximum(1.0, np.abs(middle))
    low = middle - _REACH * (middle - far_low) - least
    high = middle + _REACH * (far_high - middle) + least
    return np.where(positive[:, None], np.maximum(low, 0.0), low), high


def _quantile(ordered: Floats, level: float) -> Floats:
    """Quantile of the rows of a sorted array, linear between two neighbours."""
    place = level * (ordered.shape[2] - 1)
    below = int(place)
    left, right = ordered[..., below], ordered[..., min(below + 1, ordered.shape[2] - 1)]
    between: Floats = left + (right - left) * (place - below)
    return between
