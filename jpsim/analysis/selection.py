"""What a question about a run concerns: one of its scenarios, an output of its model, a month, a number."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from jpsim.days import Day, Instant
from jpsim.dictionary import factors
from jpsim.errors import InputError, Place, Problem
from jpsim.model.store import load_model
from jpsim.scenario import RunRequest, When
from jpsim.simulation.job import Job, prepare_job
from jpsim.units import QuantityError, parse_quantity

__all__ = ["find_output", "prepare_scenario", "read_month", "read_target", "select_scenario"]


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


def prepare_scenario(request: RunRequest, scenario: str | None) -> Job:
    """Load the model of a run and prepare one of its scenarios, the first by default.

    Raises
    ------
    InputError
        Problems of the model, or of that scenario on it.
    """
    return prepare_job(select_scenario(request, scenario), load_model(request.model, request.folder))


def find_output(outputs: Sequence[str], known: Sequence[str], name: str) -> int:
    """Return the position among all outputs of one that is among `known`; InputError if it is not."""
    if name not in known:
        raise InputError(_unknown(f"there is no series {name!r} here", name, known))
    return outputs.index(name)


def read_month(text: str, as_of: Instant, horizon: int) -> int:
    """Read ``12m``, ``2026-12`` or an ISO date as a month from 1 to the horizon, or ``10d`` as a day."""
    letter = "d" if isinstance(as_of, Day) else "m"
    allowed = f"1{letter} to {horizon}{letter}, or {as_of + 1} to {as_of + horizon}"
    try:
        month = When.parse(text).index(as_of)
    except ValueError:
        raise InputError(Problem(f"{text!r} is no month", Place("--at"), allowed)) from None
    if not 1 <= month <= horizon:
        raise InputError(Problem(f"{text} is outside the run's horizon", Place("--at"), allowed))
    return month


def read_target(text: str, output: str, option: str) -> float:
    """Read a return, or for a factor its level, with its unit; InputError otherwise."""
    entry = factors().get(output)
    try:
        if entry is None:
            return parse_quantity(text, "return", "level").value
        return parse_quantity(text, entry.quantity, "level", entry.unit).value
    except QuantityError as error:
        raise InputError(Problem(error.found, Place(option), error.allowed, error.fix)) from None


def _unknown(found: str, name: str, known: Sequence[str]) -> Problem:
    near = get_close_matches(name, known, 1)
    return Problem(found, allowed=", ".join(known), fix=f"did you mean {near[0]}?" if near else None)
