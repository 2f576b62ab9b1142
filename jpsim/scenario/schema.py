"""What a scenario says: frozen, validated, every unit canonical.

Objects of these classes come from the grammar (`jpsim.scenario.library`), which knows the units that
each factor takes; the classes themselves only make sure that nothing of a wrong type gets in.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, WithJsonSchema

from jpsim.errors import Place, Problem
from jpsim.months import Month
from jpsim.scenario.origin import Origin
from jpsim.scenario.when import When
from jpsim.units import Quantity

__all__ = [
    "DRIVERS",
    "Amount",
    "Bounds",
    "Condition",
    "FxIntervention",
    "Impulse",
    "Member",
    "Moment",
    "PolicyRateFloor",
    "Record",
    "Rules",
    "Scenario",
    "SeriesId",
    "Share",
    "Title",
    "View",
]

DRIVERS = ("monetary_policy", "demand", "fiscal_term_premium", "global_risk", "yen", "oil", "technology")
"""Structural shocks that may be named under `drivers`."""

_SLUG = "^[a-z][a-z0-9_]{0,63}$"
Amount = Annotated[Quantity, WithJsonSchema({"type": ["string", "number"], "pattern": "^[+-]?[0-9].*$"})]
Moment = Annotated[
    When, WithJsonSchema({"type": "string", "pattern": "^([1-9][0-9]{0,3}[md]|[0-9]{4}-[0-9]{2}(-[0-9]{2})?)$"})
]
Share = Annotated[float, WithJsonSchema({"type": ["string", "number"], "pattern": "^[0-9].*%?$"})]
Weight = Annotated[float, WithJsonSchema({"type": ["string", "number"], "pattern": "^[+-]?[0-9].*$"})]
MonthEnd = Annotated[Month, WithJsonSchema({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}(-[0-9]{2})?$"})]
ScenarioId = Annotated[str, WithJsonSchema({"type": "string", "pattern": _SLUG})]
SeriesId = Annotated[str, WithJsonSchema({"type": "string", "x-ids": "series"})]
ChannelId = Annotated[str, WithJsonSchema({"type": "string", "x-ids": "channels"})]
Driver = Literal["monetary_policy", "demand", "fiscal_term_premium", "global_risk", "yen", "oil", "technology"]


class Record(BaseModel):
    """Base of all classes of the grammar: strict, frozen, no unknown keys; equal if they say the same."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", arbitrary_types_allowed=True)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]


class Title(Record):
    """Name of a scenario, free text."""

    en: str | None = Field(None, description="English title")
    ja: str | None = Field(None, description="Japanese title")


class Condition(Record):
    """What is known of one factor's path, or of a combination's."""

    level: Mapping[Moment, Amount] = Field(default_factory=dict, description="date -> level")
    change: Mapping[Moment, Amount] = Field(default_factory=dict, description="date -> change from as_of")
    range: Mapping[Moment, tuple[Amount | None, Amount | None]] = Field(
        default_factory=dict, description="date -> [low, high], null for no bound; no path leaves it"
    )
    table: Mapping[Moment, Mapping[Amount, Share]] = Field(
        default_factory=dict, description="date -> {level: probability}; the probabilities sum to 1"
    )
    average: Mapping[Moment, Amount] = Field(
        default_factory=dict, description="date -> average of the months' ends up to it; geometric for a price"
    )
    maximum: Mapping[Moment, tuple[Amount | None, Amount | None]] = Field(
        default_factory=dict, description="date -> [low, high] for the highest month's end up to it"
    )
    minimum: Mapping[Moment, tuple[Amount | None, Amount | None]] = Field(
        default_factory=dict, description="date -> [low, high] for the lowest month's end up to it"
    )
    since: Moment | None = Field(
        None, description="first month of average, maximum and minimum; the one after as_of if left out"
    )
    kind: Literal["hard", "measurement", "marginal"] = Field(
        "hard",
        description="how level, change and average are meant: exact, noisy knowledge, or the law of that quantity",
    )
    sd: Amount | None = Field(None, description="standard deviation, for measurement and marginal")
    fill: Literal["none", "linear", "step"] = Field("none", description="what joins as_of and the named dates")
    announced: Moment | None = Field(
        None, description="month in which the market learns the whole path; left out, each step surprises when it comes"
    )


class Impulse(Record):
    """An effect on equities that no macro factor carries."""

    size: Amount = Field(description="size in standard deviations of the channel's prior")
    when: Moment | None = Field(None, description="the month in which it happens")
    over: Moment | None = Field(None, description="the date over which it builds up")
    priced_in: Share = Field(0.0, description="share that the market has priced already")


class FxIntervention(Record):
    """Currency intervention near a threshold."""

    threshold: Amount = Field(description="USD/JPY level at which intervention becomes likely")


class PolicyRateFloor(Record):
    """A floor under the policy rate."""

    level: Amount = Field(description="lowest policy rate")


class Rules(Record):
    """State-dependent behaviour; a rule that is not named is left to the model."""

    fx_intervention: FxIntervention | Literal["off"] | None = Field(None, description="currency intervention")
    policy_rate_floor: PolicyRateFloor | Literal["off"] | None = Field(None, description="floor of the policy rate")
    policy_rate_meetings: Literal["on", "off"] | None = Field(
        None, description="whether the policy rate moves only in months that have a meeting"
    )
    nonlinear: Literal["on", "off"] | None = Field(
        None, description="whether the model's nonlinear terms of equity returns act"
    )


class Bounds(Record):
    """What a view demands of its number: a value, or bounds."""

    equal: Amount | None = Field(None, description="the number itself")
    at_least: Amount | None = Field(None, description="lower bound")
    at_most: Amount | None = Field(None, description="upper bound")


class View(Record):
    """One statement on a factor or a series; exactly one statistic."""

    series: SeriesId = Field(description="factor or series it speaks of")
    versus: SeriesId | None = Field(None, description="series whose return is subtracted")
    at: Moment | None = Field(None, description="the month end meant")
    by: Moment | None = Field(None, description="any month end up to this one")
    mean: Bounds | None = Field(None, description="expected return from as_of, or expected level of a factor")
    sd: Bounds | None = Field(None, description="standard deviation")
    above: Amount | None = Field(None, description="threshold of a probability, from below")
    below: Amount | None = Field(None, description="threshold of a probability, from above")
    probability: Bounds | None = Field(None, description="probability of being above or below the threshold")
    quantile: Mapping[Share, Bounds] | None = Field(None, description="probability -> value")
    var95: Bounds | None = Field(None, description="value at risk at 95 %, positive for a loss")
    var99: Bounds | None = Field(None, description="value at risk at 99 %, positive for a loss")
    es95: Bounds | None = Field(None, description="expected shortfall at 95 %, positive for a loss")
    es99: Bounds | None = Field(None, description="expected shortfall at 99 %, positive for a loss")
    absorb: Literal["equity_premium", "factors", "earnings"] = Field(
        "factors", description="what moves so that the view holds; for the mean of an index equity_premium"
    )

    @property
    def statistic(self) -> str:
        """Name of the one statistic that the view is about."""
        names = ("mean", "sd", "probability", "quantile", "var95", "var99", "es95", "es99")
        return next(name for name in names if getattr(self, name) is not None)


class Member(Record):
    """One story of a mixture."""

    scenario: ScenarioId = Field(description="id of the scenario")
    weight: Share = Field(description="probability of this story; the weights sum to 1")


class Scenario(Record):
    """A claim about the world, with everything it inherits resolved."""

    id: ScenarioId = Field(description="the name by which runs and other scenarios call it")
    title: Title | None = Field(None, description="title in English and Japanese")
    narrative: str | None = Field(None, description="the story in words")
    sources: tuple[str, ...] = Field((), description="where the story comes from")
    channels: tuple[ChannelId, ...] = Field((), description="rows of the channel dictionary that it uses")
    as_of: MonthEnd | None = Field(None, description="month 0; it must be the month of the model's state")
    state: Mapping[str, Amount] = Field(
        default_factory=dict, description="factor -> level at month 0", json_schema_extra={"x-keys": "factors"}
    )
    combinations: Mapping[str, Mapping[str, Weight]] = Field(
        default_factory=dict, description="name -> weights over factors, for spreads, slopes and averages"
    )
    conditions: Mapping[str, tuple[Condition, ...]] = Field(
        default_factory=dict,
        description="factor or combination -> what is known of its path",
        json_schema_extra={"x-keys": "factors", "x-single": True},
    )
    drivers: Literal["all"] | tuple[Driver, ...] = Field(
        "all", description="structural shocks that must deliver the conditions"
    )
    regime: str = Field("model", description="model, or the name of one of the model's regimes")
    premium: str = Field("model", description="model, or the scenario whose equity-premium shift applies here")
    impulses: Mapping[str, Impulse] = Field(
        default_factory=dict,
        description="channel -> an effect on equities that no factor carries",
        json_schema_extra={"x-keys": "channels"},
    )
    rules: Rules = Field(default_factory=Rules, description="state-dependent behaviour")
    views: tuple[View, ...] = Field((), description="statements imposed by minimum relative entropy")
    mixture: tuple[Member, ...] = Field((), description="competing stories about one path")
    _origin: Origin = PrivateAttr(default_factory=Origin)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What looks like a slip but may be meant."""
        return self._origin.warnings

    @property
    def parents(self) -> tuple[str, ...]:
        """Ids of the scenarios that the file extends; none for a scenario made in Python."""
        return self._origin.parents

    def place(self, *path: str | int) -> Place | None:
        """Where the leaf at `path` was written, or its nearest known ancestor.

        Examples
        --------
        ``scenario.place("conditions", "jgb_10y", 0, "change", "12m")``
        """
        return self._origin.place(path)

    def __repr__(self) -> str:
        said = {
            "conditions": ", ".join(self.conditions),
            "impulses": ", ".join(self.impulses),
            "views": ", ".join(view.series for view in self.views),
            "mixture": ", ".join(member.scenario for member in self.mixture),
        }
        told = "; ".join(f"{key}: {names}" for key, names in said.items() if names) or "states nothing"
        return f"<scenario {self.id}: {told}>"

    __str__ = __repr__

    def _repr_html_(self) -> str:
        from jpsim.scenario.canonical import write_scenario

        return f"<pre>{escape(write_scenario(self))}</pre>"

    def condition(self, name: str, **block: object) -> Scenario:
        """Replace what is known of one factor's path; returns a new scenario.

        Parameters
        ----------
        name
            A factor or a combination of this scenario.
        **block
            One block in the words of the grammar, ``change={"6m": "-10%"}``; nothing removes the entry.

        Raises
        ------
        InputError
            With all problems of the new scenario.
        """
        from jpsim.scenario.editing import edit  # the grammar builds on these classes

        return edit(self, ("conditions", name), block or None)
