"""A scenario on a model: its conditional law and its equity premium."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.announcement import Announcement, announce, is_announced
from jpsim.conditioning.conditional import Conditional, condition
from jpsim.conditioning.dividends import monthly_dividends
from jpsim.conditioning.impulses import ImpulseEffect, impulse_effects
from jpsim.conditioning.interventions import InterventionEffect
from jpsim.conditioning.meetings import POLICY_RATE, settle_at_meetings
from jpsim.conditioning.premium import Shift, shift_views, solve_shift
from jpsim.conditioning.quantity import find_conditioned
from jpsim.conditioning.rows import Row
from jpsim.conditioning.statements import state_rows
from jpsim.conditioning.support import bends, intervenes, refuse_unsupported
from jpsim.conditioning.system import System, build_system
from jpsim.conditioning.term_moments import Innovations, TermMoments, term_moments
from jpsim.conditioning.windows import merge_windows
from jpsim.days import Day, Instant
from jpsim.dictionary import boj_meetings
from jpsim.errors import InputError, Place, Problem, UnsupportedError
from jpsim.model import Model
from jpsim.months import Month
from jpsim.scenario import Scenario
from jpsim.scenario.checks import time_problems

__all__ = ["Returns", "ScenarioLaw", "derive_law"]

Floats = npt.NDArray[np.float64]
Returns = Literal["price", "total"]


@dataclass(frozen=True, eq=False)
class ScenarioLaw:
    """What a scenario means on a model.

    Parameters
    ----------
    scenario
        The scenario.
    conditional
        Law of the factors given its conditions.
    shift
        Monthly shifts of the returns per unit of beta, booked as equity premium or as earnings.
    impulses
        Effects that no factor carries.
    dividends
        (S,) monthly dividends of the base series; zero where price returns are asked for.
    warnings
        Plain sentences about plausibility.
    intervention
        What interventions bring; None where none act, or before the law is compiled.
    windows
        Rows that speak of maxima and minima.
    innovations
        What it is drawn with, which the means of nonlinear terms depend on.
    announcement
        The policy path that markets learn as a whole; None if each step is a surprise when it comes.
    """

    scenario: Scenario
    conditional: Conditional
    shift: Shift
    dividends: Floats
    impulses: tuple[ImpulseEffect, ...] = ()
    warnings: tuple[str, ...] = ()
    intervention: InterventionEffect | None = None
    windows: tuple[Row, ...] = ()
    innovations: Innovations = "gaussian"
    announcement: Announcement | None = None

    @property
    def drift(self) -> Floats:
        """(h, S) mean monthly returns of the base series apart from the factors' innovations."""
        model = self.conditional.system.model
        drift: Floats = model.alpha + self.dividends + np.outer(self.shift.total, model.beta)
        return drift + sum(effect.mean for effect in self.impulses)

    @cached_property
    def terms(self) -> TermMoments | None:
        """Moments of the model's nonlinear terms, without what rules add; None if it has none."""
        return _moments(self.conditional, self.innovations)


def _moments(conditional: Conditional, innovations: Innovations) -> TermMoments | None:
    return term_moments(conditional, innovations) if conditional.system.model.terms else None


def derive_law(
    model: Model,
    scenario: Scenario,
    horizon: int,
    library: Mapping[str, Scenario],
    returns: Returns = "price",
    *,
    plain: bool = False,
    innovations: Innovations = "gaussian",
    checked: bool = False,
    shift: Shift | None = None,
) -> ScenarioLaw:
    """Derive a scenario's law.

    Parameters
    ----------
    model
        The model.
    scenario
        The scenario.
    horizon
        Months h.
    library
        Scenarios to which `premium` may refer, by id.
    returns
        ``price``, or ``total`` for returns with dividends. Views are statements on price returns either way.
    plain
        Whether the model's nonlinear terms act only if the scenario names them; its law is then that of a model
        without them.
    innovations
        What it is to be drawn with.
    checked
        Whether the scenario is known to fit a model that differs in numbers alone.
    shift
        What the scenario named under `premium` implies, where it is known already.

    Raises
    ------
    InputError
        If the scenario is about another month or other factors, clashes with itself, or needs machinery
        that this version lacks; all such problems are named.
    """
    if not checked:
        refuse_unsupported(scenario, model)
        _refuse_strangers(model, scenario, horizon)
    model = model if bends(scenario, plain=plain) else model.linear
    levels = {name: quantity.value for name, quantity in scenario.state.items()}
    system = build_system(model, horizon, levels)
    drivers = () if scenario.drivers == "all" else scenario.drivers
    place = scenario.place("drivers")
    system, rows, announcement = _stated(system, scenario, drivers)
    windows = tuple(row for row in rows if row.window or row.touch is not None)
    conditional = condition(system, tuple(rows), drivers, place, intervened=intervenes(scenario))
    impulses = impulse_effects(model, scenario.impulses, horizon)
    if shift is None:
        lent = _lent(model, scenario, horizon, library, plain=plain, innovations=innovations, checked=checked)
        views = shift_views(scenario, model.as_of)
        shift = lent or solve_shift(conditional, impulses, views, _moments(conditional, innovations), innovations)
    warnings = [str(problem) for problem in scenario.warnings] + conditional.plausibility.warnings(model.step)
    dividends = monthly_dividends(model) if returns == "total" else np.zeros(len(model.series))
    return ScenarioLaw(
        scenario,
        conditional,
        shift,
        dividends,
        impulses,
        tuple(warnings),
        windows=windows,
        innovations=innovations,
        announcement=announcement,
    )


def _stated(
    system: System, scenario: Scenario, drivers: tuple[str, ...]
) -> tuple[System, list[Row], Announcement | None]:
    """What a scenario says: the system in which the policy rate is held or follows an announcement, and the rows."""
    stated = merge_windows(_state_all(system, scenario))
    settled, held = _settled(system, stated)
    _refuse_below_floor(scenario, settled)
    rows = [row for row in settled if not is_announced(row)]
    told = sorted((row for row in stated if is_announced(row)), key=lambda row: row.month)
    moving = system.hold(system.model.factor(POLICY_RATE), held) if held else system
    if not told:
        return moving, rows, None
    moving, announcement = announce(moving, system, rows, told, drivers, scenario.place("drivers"))
    return moving, [*rows, announcement.row], announcement


@cache
def _meeting_months() -> frozenset[Month]:
    return frozenset(Month.parse(meeting.day) for meeting in boj_meetings())


def _settled(system: System, rows: list[Row]) -> tuple[list[Row], set[int]]:
    """Rows on the policy rate dated by its meetings, and the months in which it is held."""
    model = system.model
    if POLICY_RATE not in model.factors or isinstance(model.as_of, Day):
        return rows, set()
    return settle_at_meetings(rows, float(system.start[model.factor(POLICY_RATE)]), model.as_of, _meeting_months())


def _state_all(system: System, scenario: Scenario) -> list[Row]:
    rows: list[Row] = []
    for name, blocks in scenario.conditions.items():
        weights = dict(scenario.combinations.get(name, {name: 1.0}))
        quantity = find_conditioned(system, name, weights)
        for number, block in enumerate(blocks):

            def find(*path: str, name: str = name, number: int = number) -> Place | None:
                return scenario.place("conditions", name, number, *path)

            rows.extend(state_rows(quantity, block, system.model.as_of, find))
    return rows


def _refuse_below_floor(scenario: Scenario, rows: list[Row]) -> None:
    """Refuse statements that put the policy rate under the floor that the scenario names."""
    floor = scenario.rules.policy_rate_floor
    if floor is None or floor == "off":
        return
    level = floor.level.value
    below = [row for row in rows if row.name == POLICY_RATE and _lowest(row) < level - 1e-9]
    if below:
        found = f"below the policy_rate_floor of {level:g}% that {scenario.id} names"
        fix = "raise the rate, lower the floor, or set policy_rate_floor: off"
        raise InputError([Problem(f"{row.text} is {found}", row.place, fix=fix) for row in below])


def _lowest(row: Row) -> float:
    """Lowest value that a row certainly allows: its value, a table's lowest, the upper end of a range."""
    if row.kind == "range":
        return row.high
    return min((value for value, share in row.table if share > 0.0), default=row.value)


def _lent(
    model: Model,
    scenario: Scenario,
    horizon: int,
    library: Mapping[str, Scenario],
    *,
    plain: bool,
    innovations: Innovations,
    checked: bool,
) -> Shift | None:
    """Shift that the scenario named under `premium` implies; None where the scenario's own views decide."""
    if scenario.premium == "model":
        return None
    lender = library[scenario.premium]
    if intervenes(lender) and lender.views:
        found = f"{scenario.id}: the premium of {lender.id}, whose views are met with interventions on its paths,"
        fix = f"take fx_intervention out of {lender.id}, or state USD/JPY there"
        raise UnsupportedError(Problem(f"{found} cannot be carried over yet", scenario.place("premium"), fix=fix))
    return derive_law(model, lender, horizon, library, plain=plain, innovations=innovations, checked=checked).shift


def _refuse_strangers(model: Model, scenario: Scenario, horizon: int) -> None:
    problems = []
    if scenario.as_of is not None and not _starts_with(scenario.as_of, model.as_of):
        stated = scenario.as_of
        start = f"{stated}-{stated.day:02d}" if model.step == "day" and stated.day else str(stated)
        found = f"{scenario.id} starts in {start}, but the state of model {model.id} is of {model.as_of}"
        fix = f"set as_of to {model.as_of}, or choose a model of {start}"
        problems.append(Problem(found, scenario.place("as_of"), fix=fix))
    problems += _unknown(model, scenario, "state", scenario.state)
    named = [name for name in scenario.conditions if name not in scenario.combinations]
    problems += _unknown(model, scenario, "conditions", named)
    for combination, weights in scenario.combinations.items():
        problems += _unknown(model, scenario, f"combinations.{combination}", weights)
    problems += time_problems(scenario, model.as_of, horizon)
    if problems:
        raise InputError(problems)


def _starts_with(stated: Month, as_of: Instant) -> bool:
    """Whether month 0 as stated is the model's; on a daily model the month of day 0, or that day where one is named."""
    if isinstance(as_of, Day):
        return stated == as_of.month and stated.day in (None, as_of.date.day)
    return stated == as_of


def _unknown(model: Model, scenario: Scenario, path: str, names: Iterable[str]) -> list[Problem]:
    problems = []
    for name in names:
        if name in model.factors:
            continue
        near = get_close_matches(name, model.factors, 1)
        problems.append(
            Problem(
                f"{scenario.id}: the model {model.id} has no factor {name}",
                scenario.place(*path.split("."), name),
                allowed=", ".join(model.factors),
                fix=f"did you mean {near[0]}?" if near else "remove it, or use a model that has it",
            )
        )
    return problems
