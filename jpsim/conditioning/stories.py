"""A scenario as a run carries it out: members of a mixture, regimes and posterior draws, each with a weight.

A path stays in one regime throughout. The regimes that meet a scenario's conditions are weighted so that
the whole is nearest in relative entropy to the model: by their probability at month 0 times the density
that they give to hard and measured values, times ``exp(-KL)`` of the stated laws and ranges from what
they say of these (for a range, its probability). That is Bayes' rule for hard, measured and range rows;
stated margins hold in every regime, and so in all of them together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from itertools import groupby

import numpy as np

from jpsim.conditioning.premium import Shift
from jpsim.conditioning.scenario_law import Returns, ScenarioLaw, derive_law
from jpsim.conditioning.term_moments import Innovations
from jpsim.errors import InputError, Problem
from jpsim.model import Model
from jpsim.scenario import Scenario

__all__ = ["Part", "Story", "derive_story"]


@dataclass(frozen=True, eq=False)
class Part:
    """One of the laws that a story's paths are divided among.

    Parameters
    ----------
    weight
        Probability of this part.
    draw
        Number of the posterior draw of the parameters; 0 for the point estimate.
    law
        Its law.
    member
        Position of its scenario in a mixture; 0 for any other story.
    regime
        The model's regime; empty where regimes are averaged.
    """

    weight: float
    draw: int
    law: ScenarioLaw
    member: int = 0
    regime: str = ""


@dataclass(frozen=True, eq=False)
class Story:
    """A scenario as a run carries it out.

    Parameters
    ----------
    scenario
        The scenario.
    parts
        Its members, regimes and posterior draws, sorted by draw, member and regime; their weights sum to 1.
    points
        The members and regimes at the point estimate, in the order of one draw's parts.
    averages
        The members at the point estimate, unpinned regimes averaged.
    prior
        Probability of each of the model's regimes at month 0.
    """

    scenario: Scenario
    parts: tuple[Part, ...]
    points: tuple[Part, ...]
    averages: tuple[Part, ...]
    prior: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, law: ScenarioLaw) -> Story:
        """The story of a single law."""
        parts = (Part(1.0, 0, law),)
        return cls(law.scenario, parts, parts, parts)

    @property
    def draws(self) -> int:
        """Number of posterior draws; 1 for the point estimate."""
        return len(self.parts) // len(self.points)

    @property
    def members(self) -> tuple[float, ...]:
        """Weights of the members of a mixture; a single 1 for any other story."""
        groups = groupby(self.points, lambda part: part.member)
        return tuple(sum(part.weight for part in group) for _, group in groups)

    @property
    def regimes(self) -> dict[str, float]:
        """Probability of each regime given the conditions; empty where regimes are averaged."""
        found: dict[str, float] = {}
        for part in self.points:
            if part.regime:
                found[part.regime] = found.get(part.regime, 0.0) + part.weight
        return found

    def shift(self, draw: int, regime: str) -> Shift | None:
        """Shift of the returns of a story without members, on a draw in a regime; None if it has no such part."""
        if len(self.members) > 1:
            return None
        return self._shifts.get((draw, regime))

    @cached_property
    def _shifts(self) -> dict[tuple[int, str], Shift]:
        return {(part.draw, part.regime): part.law.shift for part in self.parts}

    def weighed(self, evidence: Sequence[float]) -> Story:
        """Return the story with the regimes of each member weighed by another log evidence of each point."""
        points = tuple(self._weigh(evidence))
        weights = [part.weight for part in points]
        parts = tuple(
            replace(part, weight=weights[place % len(points)] / self.draws) for place, part in enumerate(self.parts)
        )
        return replace(self, points=points, parts=parts)

    def told(self, laws: Sequence[ScenarioLaw]) -> Story:
        """Return the story with more known about the laws of its parts."""
        parts = tuple(replace(part, law=law) for part, law in zip(self.parts, laws, strict=True))
        return replace(self, parts=parts, points=parts if self.draws == 1 else self.points)

    def _weigh(self, evidence: Sequence[float]) -> Iterator[Part]:
        for _, group in groupby(zip(self.points, evidence, strict=True), lambda pair: pair[0].member):
            pairs = list(group)
            total = sum(part.weight for part, _ in pairs)
            chances = np.array([self.prior.get(part.regime, 1.0) for part, _ in pairs])
            scores = np.log(chances) + np.array([score for _, score in pairs])
            shares = np.exp(scores - scores.max())
            for (part, _), share in zip(pairs, shares / shares.sum(), strict=True):
                yield replace(part, weight=float(total * share))


def derive_story(
    model: Model,
    scenario: Scenario,
    horizon: int,
    library: Mapping[str, Scenario],
    returns: Returns = "price",
    *,
    drawn: bool = False,
    divided: bool = False,
    plain: bool = False,
    innovations: Innovations = "gaussian",
    known: Mapping[str, Story] | None = None,
) -> Story:
    """Derive the laws of a scenario, or of the members of a mixture.

    Parameters
    ----------
    model
        The model.
    scenario, horizon, library, returns
        See `derive_law`.
    drawn
        Whether parameters are the model's posterior draws, all equally likely, instead of its point estimate.
    divided
        Whether paths are divided among the model's regimes; a scenario that names one is in it in any case.
    plain, innovations
        See `derive_law`.
    known
        Stories of the same model by id, whose premium shifts need not be solved again.

    Raises
    ------
    InputError
        See `derive_law`; or the scenario names a regime that the model has not, or members of a mixture
        start from different levels.
    """
    _check_starts(scenario, library)
    members = [(member.weight, library[member.scenario]) for member in scenario.mixture] or [(1.0, scenario)]
    models: dict[str, Model] = {"": model}
    points: list[Part] = []
    options = _Options(horizon, library, returns, plain, innovations)
    for number, (weight, member) in enumerate(members):
        for name in _regimes_of(model, member, divided):
            if name not in models:
                models[name] = model.in_regime(name)
            law = options.law(models[name], member)
            points.append(Part(weight, 0, law, number, name))
    prior = {regime.name: regime.probability for regime in model.regimes}
    shares = [part.weight / sum(other.member == part.member for other in points) for part in points]
    points = [replace(part, weight=share) for part, share in zip(points, shares, strict=True)]
    parts = _draw_parts(points, models, options, known or {}) if drawn else points
    averages = [
        Part(weight, 0, options.law(model, member), number)
        if divided and model.regimes and member.regime == "model"
        else next(part for part in points if part.member == number)
        for number, (weight, member) in enumerate(members)
    ]
    story = Story(scenario, tuple(parts), tuple(points), tuple(averages), prior)
    return story.weighed([part.law.conditional.log_evidence for part in points])


def _check_starts(scenario: Scenario, library: Mapping[str, Scenario]) -> None:
    """Refuse members that state different levels at month 0: gains and losses of a mixture are since one start."""
    starts = [
        {name: level.value for name, level in library[member.scenario].state.items()} for member in scenario.mixture
    ]
    problems = [
        Problem(
            f"{scenario.id}: {scenario.mixture[0].scenario} and {scenario.mixture[number].scenario} start from "
            f"different levels of {', '.join(differing)}",
            scenario.place("mixture", number, "scenario"),
            allowed="members whose state: is the same",
            fix=f"say the same of {', '.join(differing)} under state: in all members",
        )
        for number, start in enumerate(starts)
        if (differing := sorted({key for key, _ in start.items() ^ starts[0].items()}))
    ]
    if problems:
        raise InputError(problems)


@dataclass(frozen=True, slots=True)
class _Options:
    """What the laws of all parts of a story are derived with; see `derive_law`."""

    horizon: int
    library: Mapping[str, Scenario]
    returns: Returns
    plain: bool
    innovations: Innovations

    def law(
        self, model: Model, scenario: Scenario, *, checked: bool = False, shift: Shift | None = None
    ) -> ScenarioLaw:
        return derive_law(
            model,
            scenario,
            self.horizon,
            self.library,
            self.returns,
            plain=self.plain,
            innovations=self.innovations,
            checked=checked,
            shift=shift,
        )


def _draw_parts(
    points: Sequence[Part],
    models: Mapping[str, Model],
    options: _Options,
    known: Mapping[str, Story],
) -> list[Part]:
    posteriors = {part.regime: models[part.regime].posterior() for part in points}
    parts = []
    for draw in range(len(posteriors[points[0].regime])):
        for part in points:
            model, scenario = posteriors[part.regime][draw], part.law.scenario
            shift = known[scenario.premium].shift(draw, part.regime) if scenario.premium in known else None
            law = options.law(model, scenario, checked=True, shift=shift)
            parts.append(replace(part, draw=draw, law=law))
    return parts


def _regimes_of(model: Model, scenario: Scenario, divided: bool) -> list[str]:
    """Regimes that a scenario is divided among, or is pinned to; a single empty name where they are averaged."""
    names = [regime.name for regime in model.regimes]
    if scenario.regime == "model":
        return names if divided and names else [""]
    if scenario.regime in names:
        return [scenario.regime]
    near = get_close_matches(scenario.regime, names, 1)
    raise InputError(
        Problem(
            f"{scenario.id}: the model {model.id} has no regime {scenario.regime}",
            scenario.place("regime"),
            allowed=", ".join(["model", *names]),
            fix=f"did you mean {near[0]}?" if near else "name one of these",
        )
    )
