"""Narrative restrictions: months in which it is known which way a structural shock went.

A month's shock is the innovations' coordinate along the shock's direction, so that its sign is a linear bound on
that direction, like a bound on a response. Whatever the rotation, shocks are independent and symmetric; that all
episodes have their signs has the same probability under each, so admissible draws need no weights for it, which
restrictions on contributions would.

References
----------
Antolin-Diaz and Rubio-Ramirez (2018), Narrative sign restrictions for SVARs. https://doi.org/10.1257/aer.20161852
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from jpsim.errors import InputError
from jpsim.months import Month

__all__ = ["Surprises", "episode_bounds", "episode_surprises", "episode_text"]

Floats = npt.NDArray[np.float64]
Surprises = Floats
"""(E, n) innovations of the factors in the months of the episodes, in their order in the priors."""

_SIGNS: Final = {"up": {"min": 0.0}, "down": {"max": 0.0}}


def episode_surprises(settings: dict[str, Any], innovations: Floats, first: Month) -> Surprises:
    """Pick the innovations of the episodes' months.

    Parameters
    ----------
    settings
        Section ``identification`` of the priors.
    innovations
        (T, n) innovations of the factors.
    first
        Month of their first row.

    Raises
    ------
    InputError
        A month outside the sample, one in which a factor is not known, or a direction that is no direction.
    """
    rows = []
    for shock, month, episode in _episodes(settings):
        place = Month.parse(month) - first
        if not 0 <= place < len(innovations):
            raise InputError(
                f"shock {shock!r}: {month} lies outside the sample, {first} to {first + (len(innovations) - 1)}"
            )
        if episode["direction"] not in _SIGNS:
            raise InputError(
                f"shock {shock!r}, {month}: direction {episode['direction']!r}; it is one of {', '.join(_SIGNS)}"
            )
        if not np.isfinite(innovations[place]).all():
            raise InputError(f"shock {shock!r}: not all factors' innovations are known in {month}")
        rows.append(innovations[place])
    return np.array(rows).reshape(len(rows), innovations.shape[1])


def episode_bounds(settings: dict[str, Any]) -> Iterator[tuple[int, dict[str, float]]]:
    """Position of each episode's shock, and the bound on the shock's value in that month."""
    names = list(settings["shocks"])
    for shock, _, episode in _episodes(settings):
        yield names.index(shock), _SIGNS[episode["direction"]]


def episode_text(shock: dict[str, Any]) -> str:
    """Write a shock's episodes, the month first."""
    found = shock.get("episodes", {}).items()
    return "; ".join(f"{month} {episode['direction']}: {episode['reason']}" for month, episode in found)


def _episodes(settings: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, str]]]:
    for shock, table in settings["shocks"].items():
        for month, episode in table.get("episodes", {}).items():
            yield shock, month, episode
