"""The competing stories of a mixture: their weights, how plausible each is, and where each takes the factors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from jpsim.reporting.labels import Label, label_of
from jpsim.reporting.page import Page, Text
from jpsim.reporting.statements import statement_text
from jpsim.reporting.verdicts import plausibility_share, verdict_of

__all__ = ["members_section"]

_FACTORS = (
    "boj_policy_rate",
    "jgb_10y",
    "usdjpy",
    "us_policy_rate",
    "sp500",
    "semiconductors",
    "vix",
    "fiscal_impulse",
)
_MOST = 6


@dataclass(frozen=True, slots=True)
class _Member:
    """One story of a mixture."""

    name: str
    weight: float
    share: float | None
    verdict: str
    ends: tuple[str, ...]
    dearest: Text | None


@dataclass(frozen=True, slots=True)
class _Mixture:
    """The stories of one scenario and the factors they are told apart by."""

    index: int
    factors: tuple[Label, ...]
    members: tuple[_Member, ...]


def members_section(page: Page) -> Markup:
    """Lay out the members of each mixture; nothing where no scenario is one."""
    mixtures = [
        _mixture(page, scenario) for scenario, _ in enumerate(page.run.scenarios) if "members" in page.told(scenario)
    ]
    return page.render("sections/members.html.j2", mixtures=mixtures) if mixtures else Markup()


def _mixture(page: Page, scenario: int) -> _Mixture:
    members = page.told(scenario)["members"]
    known = [name for name in _FACTORS if all(name in member.get("bands", {}) for member in members)][:_MOST]
    labels = tuple(label_of(name, "factor", members[0]["bands"][name]["mean"][-1]) for name in known)
    return _Mixture(scenario, labels, tuple(_member(member, labels) for member in members))


def _member(member: Mapping[str, Any], labels: tuple[Label, ...]) -> _Member:
    share = plausibility_share(member.get("plausibility", {}))
    costs = member.get("costs", ())
    return _Member(
        name=str(member["scenario"]),
        weight=float(member["weight"]),
        share=share,
        verdict=verdict_of(share) if share is not None else "",
        ends=tuple(label.style.level(member["bands"][label.output]["mean"][-1]) for label in labels),
        dearest=statement_text(costs[0]["row"]) if costs else None,
    )
