"""What a question about a run concerns: one of its scenarios, and one of its model's outputs."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from jpsim.errors import InputError, Problem
from jpsim.scenario import RunRequest

__all__ = ["find_output", "select_scenario"]


def select_scenario(request: RunRequest, scenario: str | None) -> RunRequest:
    """Return the request for one of its scenarios alone; the others stay at hand for it to refer to.

    Parameters
    ----------
    request
        The run.
    scenario
        Id of one of its scenarios; None for the first.

    Raises
    ------
    InputError
        If the run has no scenario of that id.
    """
    known = {each.id: each for each in request.scenarios}
    wanted = request.scenarios[0].id if scenario is None else scenario
    if wanted not in known:
        raise InputError(_unknown(f"the run has no scenario {wanted!r}", wanted, tuple(known)))
    others = {name: each for name, each in {**request.library, **known}.items() if name != wanted}
    return request.model_copy(update={"scenarios": (known[wanted],), "library": others})


def find_output(outputs: Sequence[str], known: Sequence[str], name: str) -> int:
    """Return the position among all outputs of one that is among `known`; InputError if it is not."""
    if name not in known:
        raise InputError(_unknown(f"there is no series {name!r} here", name, known))
    return outputs.index(name)


def _unknown(found: str, name: str, known: Sequence[str]) -> Problem:
    near = get_close_matches(name, known, 1)
    return Problem(found, allowed=", ".join(known), fix=f"did you mean {near[0]}?" if near else None)
