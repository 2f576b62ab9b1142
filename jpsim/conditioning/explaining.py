"""Describing a scenario by name or file in closed form: all that `jpsim explain` needs, and nothing that draws."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jpsim.conditioning.explanation import explain_story
from jpsim.conditioning.stories import derive_story
from jpsim.errors import InputError, Problem
from jpsim.model import Model
from jpsim.model.store import load_model
from jpsim.scenario import Scenario, load_scenario
from jpsim.scenario.request import LONGEST, USUAL

__all__ = ["explain", "referred_scenarios", "steps_of"]


def explain(
    scenario: str | Path | Scenario,
    *,
    model: str = "japan_monthly",
    horizon: int | str | None = None,
    plain: bool = False,
) -> dict[str, Any]:
    """Describe a scenario in closed form, without simulating.

    Parameters
    ----------
    scenario
        An id, the path of a scenario file, or a scenario.
    model
        An id, id@version or a folder.
    horizon
        Months ahead, as 12 or "12m"; trading days on a daily model, as 21 or "21d". A year, or 21 days, if None.
    plain
        Whether only rules that the scenario names are in force, as in a run with Gaussian innovations and without
        parameter uncertainty.

    Returns
    -------
    Plain JSON; see `jpsim.conditioning.explanation.explain_story`.
    """
    found = scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
    near = None if isinstance(scenario, Scenario) else _near(scenario)
    library = referred_scenarios(found, near)
    believed = load_model(model)
    steps = steps_of(horizon, believed)
    return explain_story(derive_story(believed, found, steps, library, divided=not plain, plain=plain))


def referred_scenarios(scenario: Scenario, near: Path | None) -> dict[str, Scenario]:
    """Scenarios to which a scenario refers by premium or mixture, and those to which these refer."""
    names = {member.scenario for member in scenario.mixture} | ({scenario.premium} - {"model"})
    found = {name: load_scenario(name, near) for name in names}
    for one in tuple(found.values()):
        found |= referred_scenarios(one, near)
    return found


def steps_of(horizon: int | str | None, model: Model) -> int:
    """Read a horizon on a model's clock, the usual one if None; InputError if it is of another, or too long."""
    if horizon is None:
        return USUAL[model.step]
    letter, longest = model.step[0], LONGEST[model.step]
    written = f"{horizon}{letter}" if isinstance(horizon, int) else horizon
    number = written.removesuffix(letter)
    if number == written or not number.isdecimal() or not 1 <= int(number) <= longest:
        usual = f"{USUAL[model.step]}{letter}"
        allowed = f"{model.step}s on the model {model.id}, as {usual}, from 1{letter} to {longest}{letter}"
        raise InputError(Problem(f"horizon {horizon!r}", allowed=allowed))
    return int(number)


def _near(scenario: str | Path) -> Path | None:
    path = Path(scenario)
    return path if path.suffix in (".yaml", ".yml") else None
