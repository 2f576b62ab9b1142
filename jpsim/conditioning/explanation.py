"""A scenario's law in closed form and in words: bands, plausibility, costs, the shocks behind it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.announcement import Announcement
from jpsim.conditioning.bands import mixed_bands
from jpsim.conditioning.conditional import Conditional
from jpsim.conditioning.extrapolation import Extrapolation, find_extrapolations, warn_of
from jpsim.conditioning.meetings import POLICY_RATE
from jpsim.conditioning.range_costs import range_costs
from jpsim.conditioning.scenario_law import ScenarioLaw
from jpsim.conditioning.stories import Story
from jpsim.conditioning.support import intervenes
from jpsim.conditioning.system import build_system
from jpsim.dictionary import factors
from jpsim.scenario import View
from jpsim.units import Quantity

__all__ = ["explain_law", "explain_story"]

Floats = npt.NDArray[np.float64]

_ROUNDING = 1e-6


def explain_story(story: Story) -> dict[str, Any]:
    """Describe a story; the members of a mixture each with their weight, under ``members``.

    Parameters have their point estimates. Where paths are divided among regimes, ``regimes`` gives the
    probability of each before and given the conditions, ``bands`` are those of all regimes together, and
    everything else is that of the regimes' average.
    """
    found = _explain_members(story)
    if story.regimes:
        found["regimes"] = {
            name: {"prior": story.prior[name], "posterior": chance} for name, chance in story.regimes.items()
        }
    return found


def _explain_members(story: Story) -> dict[str, Any]:
    told = [_explain_member(story, number) for number in range(len(story.averages))]
    if len(told) == 1:
        return told[0]
    members: list[dict[str, Any]] = [
        {"scenario": part.law.scenario.id, "weight": weight} | one
        for part, weight, one in zip(story.averages, story.members, told, strict=True)
    ]
    likeliest = max(members, key=lambda member: float(member["weight"]))
    kept = ("plausibility", "costs", "shocks", "extrapolation", "start", "bands", "step", "premium")
    shared = {key: likeliest[key] for key in kept}
    stated = [
        {**row, "statement": f"{member['scenario']} ({member['weight']:.0%}): {row['statement']}"}
        for member in members
        for row in member["assumptions"]
    ]
    warnings = [f"{member['scenario']}: {warning}" for member in members for warning in member["warnings"]]
    return shared | {"assumptions": stated, "warnings": warnings, "members": members}


def _explain_member(story: Story, number: int) -> dict[str, Any]:
    """Describe one member: its average law, with the bands and premium of its regimes together."""
    parts = [part for part in story.points if part.member == number]
    told = explain_law(story.averages[number].law)
    if len(parts) > 1:
        weights = np.array([part.weight for part in parts]) / sum(part.weight for part in parts)
        laws = [part.law for part in parts]
        told["bands"] = mixed_bands([law.conditional for law in laws], weights)
        told["premium"] = (weights @ np.array([law.shift.total for law in laws])).tolist()
    return told


def explain_law(law: ScenarioLaw) -> dict[str, Any]:
    """Describe a scenario's law as plain JSON, without simulating.

    Returns
    -------
    Keys ``plausibility``, ``assumptions`` (rows in words), ``costs`` (conditions, dearest first),
    ``shocks`` (largest mean innovations in standard deviations), ``extrapolation`` (how far each factor's mean
    path leaves the model's forecast and the sample's range), ``bands`` (closed-form mean, 5 and 95 %
    of each factor by month), ``start`` (levels at month 0), ``policy_path`` where the policy rate is
    stated, ``announcement`` where its path is announced, ``premium`` (monthly shift per unit of beta,
    whatever it is booked as) and ``warnings``. Bands are those of normal innovations.
    """
    conditional = law.conditional
    far = find_extrapolations(conditional, None if law.announcement is None else law.announcement.before)
    found: dict[str, Any] = {
        "plausibility": conditional.plausibility.to_dict() | _furthest(far),
        "assumptions": _assumptions(law),
        "costs": _costs(conditional),
        "shocks": _shocks(conditional),
        "extrapolation": [one.to_dict() for one in far if abs(one.departure) > _ROUNDING],
        "start": _start(conditional),
        "bands": mixed_bands([conditional], np.ones(1)),
        "step": conditional.system.model.step,
        "premium": [float(shift) for shift in law.shift.total],
        "warnings": [*law.warnings, *warn_of(far, conditional.system.model.step)],
    }
    if law.announcement is not None:
        found["announcement"] = _announcement(law, law.announcement)
    if any(row.name == POLICY_RATE for row in conditional.table.rows):
        found["policy_path"] = _policy_path(conditional)
    return found


def _furthest(far: tuple[Extrapolation, ...]) -> dict[str, float]:
    """Largest departure from the model's forecast, and from the sample's range where the model knows that."""
    known = [one.beyond for one in far if one.beyond is not None]
    largest = {"departure": max((abs(one.departure) for one in far), default=0.0)}
    return largest | ({"beyond_history": max(known)} if known else {})


def _assumptions(law: ScenarioLaw) -> list[dict[str, str]]:
    as_of = law.conditional.system.model.as_of
    stated = [
        {"series": row.name, "when": str(as_of + row.month), "statement": row.text.removeprefix(f"{row.name} ")}
        for row in {
            (row.text if row.window else id(row)): row for row in (*law.conditional.table.rows, *law.windows)
        }.values()
    ]
    stated += [*_told(law), *_starting_levels(law)]
    for view in law.scenario.views:
        stated.append({"series": view.series, "when": str(view.at or view.by), "statement": _view_in_words(view)})
    for effect in law.impulses:
        impulse = law.scenario.impulses[effect.channel]
        window = f"in {impulse.when}" if impulse.when is not None else f"over {impulse.over or 'the horizon'}"
        statement = f"impulse of {impulse.size.value:g} sd {window}, {impulse.priced_in:.0%} priced in (prior)"
        stated.append(
            {"series": effect.channel, "when": str(impulse.when or impulse.over or ""), "statement": statement}
        )
    if law.scenario.drivers != "all":
        statement = f"the conditions are delivered by {', '.join(law.scenario.drivers)} alone"
        stated.append({"series": "drivers", "when": "", "statement": statement})
    rule = law.scenario.rules.fx_intervention
    if intervenes(law.scenario) and rule is not None and rule != "off":
        statement = f"acts on the paths of a run near {rule.threshold.value:g} yen; closed forms are without it (prior)"
        stated.append({"series": "fx_intervention", "when": "", "statement": statement})
    if law.scenario.rules.nonlinear == "on":
        stated.append({"series": "nonlinear", "when": "", "statement": "acts on the paths of a run"})
    for name in type(law.scenario.rules).model_fields:
        if getattr(law.scenario.rules, name) == "off":
            stated.append({"series": name, "when": "", "statement": "switched off"})
    if law.scenario.regime != "model":
        stated.append({"series": "regime", "when": "", "statement": f"{law.scenario.regime} throughout"})
    if law.scenario.premium != "model":
        statement = f"the monthly shift that {law.scenario.premium} implies"
        stated.append({"series": "equity premium", "when": "", "statement": statement})
    return stated


def _starting_levels(law: ScenarioLaw) -> list[dict[str, str]]:
    """Levels at month 0 that the scenario puts in the place of the model's."""
    model = law.conditional.system.model
    as_of, known = str(model.as_of), dict(zip(model.factors, model.base_level.tolist(), strict=True))
    return [
        {"series": name, "when": as_of, "statement": f"{level.value:.6g} in place of the model's {known[name]:.6g}"}
        for name, level in law.scenario.state.items()
    ]


def _told(law: ScenarioLaw) -> list[dict[str, str]]:
    """Steps of an announced path, month by month."""
    if law.announcement is None:
        return []
    as_of = law.conditional.system.model.as_of
    return [
        {
            "series": row.name,
            "when": str(as_of + row.month),
            "statement": f"{row.text.removeprefix(f'{row.name} ')} (announced, no news by then)",
        }
        for row in law.announcement.told
    ]


def _announcement(law: ScenarioLaw, announcement: Announcement) -> dict[str, Any]:
    """When a policy path is told, what the two-year yield does at once, and the path against what was expected."""
    as_of, months = law.conditional.system.model.as_of, sorted(announcement.path)
    return {
        "when": str(as_of + announcement.month),
        "until": str(as_of + announcement.last),
        "yield": factors()[POLICY_RATE].priced_by,
        "move": announcement.move,
        "months": months,
        "announced": [announcement.path[month] for month in months],
        "expected": [announcement.expected[month] for month in months],
    }


def _view_in_words(view: View) -> str:
    words = [view.statistic]
    if view.versus:
        words.append(f"against {view.versus}")
    for name, threshold in (("above", view.above), ("below", view.below)):
        if threshold is not None:
            words.append(f"{name} {_in_words(threshold)}")
    stated = list(view.quantile.items()) if view.quantile else [(None, getattr(view, view.statistic))]
    for share, bounds in stated:
        words += [] if share is None else [f"{share:.0%}"]
        for name in ("equal", "at_least", "at_most"):
            if (value := getattr(bounds, name)) is not None:
                words.append(f"{'' if name == 'equal' else name.replace('_', ' ') + ' '}{_in_words(value)}")
    return " ".join(words) + f" (view, absorbed by {view.absorb.replace('_', ' ')})"


def _in_words(quantity: Quantity) -> str:
    return f"{quantity.value:.1%}" if quantity.unit in ("relative", "share") else f"{quantity.value:g}"


def _costs(conditional: Conditional) -> list[dict[str, Any]]:
    """Shares of the squared distance, and of minus twice the log probability of the ranges; dearest statement first."""
    card = conditional.plausibility
    costs: list[dict[str, Any]] = [
        {"row": row.text, "share": float(share), "surprise": float(new)}
        for row, share, new in zip(conditional.table.rows, card.by_row, card.by_date, strict=True)
        if row.kind != "range"
    ]
    costs += [{"row": text, "share": cost, "surprise": cost} for text, cost in range_costs(conditional)]
    return sorted(costs, key=lambda cost: -abs(cost["share"]))


def _shocks(conditional: Conditional, most: int = 6) -> list[dict[str, Any]]:
    """Mean innovations of the factors that the conditions imply, in standard deviations, largest first."""
    model = conditional.system.model
    size = conditional.mean_innovations / np.sqrt(np.diag(model.Sigma))
    order = np.argsort(-np.abs(size), axis=None)[:most]
    months, factors = np.unravel_index(order, size.shape)
    return [
        {"factor": model.factors[f], "month": int(m) + 1, "sd": float(size[m, f])}
        for m, f in zip(months, factors, strict=True)
        if abs(size[m, f]) > 1e-9
    ]


def _start(conditional: Conditional) -> dict[str, float]:
    system, model = conditional.system, conditional.system.model
    levels = {}
    for position, factor in enumerate(model.factors):
        row, constant = system.level_row(position)
        level = float(row @ system.start) + constant
        levels[factor] = float(np.exp(level / 100.0)) if model.transform[position] == "log100" else level
    return levels


def _policy_path(conditional: Conditional) -> dict[str, list[float]]:
    """Priced path, scenario path and surprise of the policy rate, month by month, in percent.

    The priced path is the model's own mean, in which the two-year yield follows the forward curve.
    """
    system = conditional.system
    row, constant = system.level_row(system.model.factor(POLICY_RATE))
    scenario = conditional.moments.mean @ row + constant
    priced = build_system(system.model, system.horizon).means[1:] @ row + constant
    return {"priced": priced.tolist(), "scenario": scenario.tolist(), "surprise": (scenario - priced).tolist()}
