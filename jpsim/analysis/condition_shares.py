"""Why the mean of a series differs between two scenarios, by what they assume: exact Shapley values.

The players are what the two assume differently: each stated factor or combination, the shifts that views
imply, each impulse, and the rest (`drivers`, `state`, `regime`) as one. A coalition's worth is the mean
growth, in closed form, under the reference's assumptions with the coalition's taken from the scenario; the
conditional mean is derived anew for each, and with it the probabilities of the regimes, in each of which the
shift is that of the regime. Parameters are the model's point estimate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import numpy.typing as npt

from jpsim.analysis.attribution import INTERVENTION, mean_growth
from jpsim.analysis.shapley import shapley_values
from jpsim.conditioning.premium import Shift
from jpsim.conditioning.scenario_law import Returns, ScenarioLaw
from jpsim.conditioning.stories import Part, derive_story
from jpsim.conditioning.term_moments import Innovations
from jpsim.errors import InputError
from jpsim.model import Model
from jpsim.scenario import Scenario

__all__ = ["MOST_PLAYERS", "Setting", "share_conditions"]

Floats = npt.NDArray[np.float64]

MOST_PLAYERS = 6
"""Players of a game; of more, the conditions with the least effect of their own play together."""

_SHIFTS = {"equity_premium": "premium", "earnings": "earnings"}
_FRAME = ("drivers", "state", "regime")


@dataclass(frozen=True, eq=False)
class Setting:
    """On what a scenario is derived.

    Parameters
    ----------
    model, horizon, library, returns
        See `jpsim.conditioning.scenario_law.derive_law`.
    picked
        (R, S) weights of the base series in the R series.
    steps
        The r steps that are wanted; all if empty.
    divided
        Whether paths are divided among the model's regimes.
    plain, innovations
        See `jpsim.conditioning.scenario_law.derive_law`.
    """

    model: Model
    horizon: int
    library: Mapping[str, Scenario]
    returns: Returns
    picked: Floats
    steps: tuple[int, ...] = ()
    divided: bool = False
    plain: bool = False
    innovations: Innovations = "gaussian"

    @property
    def places(self) -> list[int]:
        """Places of the wanted steps among all."""
        return [step - 1 for step in self.steps or range(1, self.horizon + 1)]

    def parts(self, scenario: Scenario) -> tuple[Part, ...]:
        """Laws of a scenario at the point estimate."""
        return derive_story(
            self.model,
            scenario,
            self.horizon,
            self.library,
            self.returns,
            divided=self.divided,
            plain=self.plain,
            innovations=self.innovations,
        ).parts


def share_conditions(
    setting: Setting, reference: Scenario, scenario: Scenario, sampled: Floats, intervened: Floats | None = None
) -> tuple[tuple[str, ...], Floats]:
    """Share the difference of two means among what is assumed differently.

    Parameters
    ----------
    setting
        On what both are derived.
    reference, scenario
        The two; members of mixtures are compared one by one, with their weights.
    sampled
        (R, r) differences of the sampled means.
    intervened
        (R, r) what interventions add to these; None where none act.

    Returns
    -------
    Names of the D drivers, and (D, R, r) contributions, which sum to `sampled`. The last driver,
    ``monte_carlo``, is what the closed form at the point estimate leaves of the sample.
    """
    total: dict[str, Floats] = {}
    for (one, a), (other, b) in product(_members(setting, reference), _members(setting, scenario)):
        for name, share in _share_one(setting, a, b).items():
            total[name] = total.get(name, np.zeros(sampled.shape)) + one * other * share
    if intervened is not None:
        total[INTERVENTION] = intervened
    shares = np.array([*total.values(), np.zeros(sampled.shape)])
    shares[-1] = sampled - shares.sum(axis=0)
    return (*total, "monte_carlo"), shares


def _members(setting: Setting, scenario: Scenario) -> list[tuple[float, Scenario]]:
    return [(member.weight, setting.library[member.scenario]) for member in scenario.mixture] or [(1.0, scenario)]


def _share_one(setting: Setting, reference: Scenario, scenario: Scenario) -> dict[str, Floats]:
    game = _Game.of(setting, reference, scenario)
    try:
        players = _limited(game, game.players())
        worth = game.worth(players)
    except InputError:  # conditions of the two contradict each other, or the drivers of one cannot deliver the other's
        clashing = {name for name, group in game.players().items() if group & {*game.conditions(), *_FRAME}}
        players = _limited(game, _joined(game.players(), clashing))
        worth = game.worth(players)
    return dict(zip(players, shapley_values(worth), strict=True))


Players = Mapping[str, frozenset[str]]
"""Name of each player, and the assumptions that it brings."""


@dataclass(frozen=True, eq=False)
class _Game:
    """Two plain scenarios, and their laws."""

    setting: Setting
    reference: Scenario
    scenario: Scenario
    before: tuple[Part, ...]
    after: tuple[Part, ...]

    @classmethod
    def of(cls, setting: Setting, reference: Scenario, scenario: Scenario) -> _Game:
        return cls(setting, reference, scenario, setting.parts(reference), setting.parts(scenario))

    def conditions(self) -> list[str]:
        """Names that the two condition differently."""
        a, b = self.reference, self.scenario
        names = dict.fromkeys((*a.conditions, *b.conditions))
        return [
            name
            for name in names
            if (a.conditions.get(name), a.combinations.get(name)) != (b.conditions.get(name), b.combinations.get(name))
        ]

    def players(self) -> Players:
        shifts = [name for name, part in _SHIFTS.items() if self._shifted(part)]
        channels = sorted({*self.reference.impulses, *self.scenario.impulses})
        moved = [name for name in channels if self.reference.impulses.get(name) != self.scenario.impulses.get(name)]
        frame = [name for name in _FRAME if getattr(self.reference, name) != getattr(self.scenario, name)]
        alone = {name: frozenset({name}) for name in (*self.conditions(), *shifts, *moved)}
        return alone | ({"+".join(frame): frozenset(frame)} if frame else {})

    def _shifted(self, part: str) -> bool:
        """Whether a shift differs in a regime that both have, or in the first of each."""
        pairs = [(_in_regime(self.before, after.regime), after.law) for after in self.after]
        return any(not np.array_equal(getattr(a.shift, part), getattr(b.shift, part)) for a, b in pairs)

    def worth(self, players: Players) -> Floats:
        """(2**G, R, r) mean growth of every coalition."""
        groups = list(players.values())
        coalitions = [
            frozenset().union(*(group for g, group in enumerate(groups) if code >> g & 1))
            for code in range(1 << len(groups))
        ]
        conditioned = {*self.conditions(), *_FRAME}
        bases = {chosen & conditioned: None for chosen in coalitions}
        parts = {chosen: self.setting.parts(self._mixed(chosen)) for chosen in bases}
        return np.array([self._growth(parts[chosen & conditioned], chosen) for chosen in coalitions])

    def _mixed(self, chosen: frozenset[str]) -> Scenario:
        """The reference with some conditions, and what frames them, taken from the scenario."""
        a, b = self.reference, self.scenario
        conditions, combinations = {}, {}
        for name in dict.fromkeys((*a.conditions, *b.conditions)):
            source = b if name in chosen or name not in self.conditions() else a
            if name in source.conditions:
                conditions[name] = source.conditions[name]
            if name in source.combinations:
                combinations[name] = source.combinations[name]
        frame = {name: getattr(b if name in chosen else a, name) for name in _FRAME}
        plain = {"conditions": conditions, "combinations": combinations, "views": (), "impulses": {}}
        return b.model_copy(update={**plain, **frame, "premium": "model"})

    def _growth(self, parts: tuple[Part, ...], chosen: frozenset[str]) -> Floats:
        shared = self.reference.impulses.items()
        theirs = chosen | {name for name, impulse in shared if self.scenario.impulses.get(name) == impulse}
        laws = [self._shift_and_push(part, chosen, theirs) for part in parts]
        grown = [part.weight * mean_growth(law, self.setting.picked) for part, law in zip(parts, laws, strict=True)]
        return np.asarray(np.sum(grown, axis=0)[:, self.setting.places])

    def _shift_and_push(self, part: Part, chosen: frozenset[str], theirs: frozenset[str]) -> ScenarioLaw:
        """A part's law under the shifts of its regime and the impulses of whoever brings them."""
        a, b = (_in_regime(parts, part.regime) for parts in (self.before, self.after))
        shift = Shift(*(getattr((b if name in chosen else a).shift, one) for name, one in _SHIFTS.items()))
        impulses = (
            *(effect for effect in a.impulses if effect.channel not in theirs),
            *(effect for effect in b.impulses if effect.channel in theirs),
        )
        return replace(part.law, shift=shift, impulses=impulses)


def _in_regime(parts: tuple[Part, ...], regime: str) -> ScenarioLaw:
    """Law of the part in a regime; of the first where the story is never in it."""
    return next((part.law for part in parts if part.regime == regime), parts[0].law)


def _limited(game: _Game, players: Players) -> Players:
    """Let the conditions with the least effect of their own play together, until there are `MOST_PLAYERS`."""
    if len(players) <= MOST_PLAYERS:
        return players
    nothing = game.worth({})[0]
    alone = {name: float(np.abs(game.worth({name: group})[1] - nothing).mean()) for name, group in players.items()}
    smallest = sorted(alone, key=lambda name: alone[name])[: len(players) - MOST_PLAYERS + 1]
    return _joined(players, set(smallest), "others")


def _joined(players: Players, together: set[str], name: str = "conditions") -> Players:
    joined = frozenset().union(*(players[each] for each in together))
    return {each: group for each, group in players.items() if each not in together} | {name: joined}
