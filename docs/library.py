"""Write docs/library.md: the shipped scenarios by family, from their files.

    python docs/library.py

Families and their names are those of ``jpsim/data/families.toml``, each a run in ``configs/``; a test compares the page
with what this prints.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from jpsim.scenario import Condition, Scenario, load_run
from jpsim.scenario.families import REFERENCE as REFERENCE_FAMILY
from jpsim.scenario.families import families

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "library.md"
REFERENCE = "baseline"
FAMILIES = {name: family.name_en for name, family in families().items() if name != REFERENCE_FAMILY}

NOTES = {
    "fiscal_family": "In `fiscal_expansion` the drivers deliver the steeper curve almost wholly by a larger term "
    "premium, ten standard deviations of it in all: it takes from activity what the fiscal impulse gives, and from US "
    "shares. What it does to activity the data leave open; the model card has the odds. In `fiscal_calm` the curve "
    "flattens and yields rise with growth. `jpsim explain` shows both.",
}

HEAD = """\
# Library of scenarios

The {count} scenarios that ship with jpsim, by family. Each is measured against `{reference}`, the house view, and
takes its equity premium from it unless a view of its own sets the return. `jpsim scenario show ID` prints one, with
its sources and with comments that say why a number is what it is; `jpsim explain ID` says how plausible it is.
Numbers are as of {as_of}. A scenario is a claim that one may argue with, not a forecast; change it with `--set`, or
[extend it](scenarios.md).

A family is a run: `jpsim run configs/boj_family.yaml`. `configs/all.yaml` runs everything.

**States** names the factors (or combinations of factors) whose paths are conditioned, the structural shocks that must
deliver them (drivers), the channels whose labelled priors act on equities (impulses), the regime that holds
throughout, and views or the stories of a mixture.
"""


def first_sentence(text: str | None) -> str:
    """First sentence of a narrative, on one line."""
    words = " ".join((text or "").split())
    found = re.match(r".+?[.?!](?=\s|$)", words)
    return (found[0] if found else words).replace("|", "\\|")


def announced(blocks: Sequence[Condition]) -> str:
    """Say that a path is told in advance."""
    return next((f" announced {block.announced}" for block in blocks if block.announced is not None), "")


def statements(scenario: Scenario) -> str:
    """What a scenario states, by id."""
    told: dict[str, list[str]] = {
        "": [f"`{name}`{announced(blocks)}" for name, blocks in scenario.conditions.items()],
        "drivers ": [] if scenario.drivers == "all" else list(scenario.drivers),
        "impulses ": list(scenario.impulses),
        "regime ": [] if scenario.regime == "model" else [scenario.regime],
        "views on ": list(dict.fromkeys(view.series for view in scenario.views)),
        "mixture of ": [f"{member.weight:.0%} `{member.scenario}`" for member in scenario.mixture],
    }
    return "; ".join(word + ", ".join(names) for word, names in told.items() if names)


def table(scenarios: Sequence[Scenario]) -> str:
    """Rows of one family."""
    rows = ["| id | scenario | states |", "|---|---|---|"]
    for found in scenarios:
        title = f"**{found.title.en}** {found.title.ja}<br>" if found.title else ""
        rows.append(f"| `{found.id}` | {title}{first_sentence(found.narrative)} | {statements(found)} |")
    return "\n".join(rows)


def render() -> str:
    """Text of the page."""
    runs = {name: load_run(ROOT / "configs" / f"{name}.yaml") for name in FAMILIES}
    everything = load_run(ROOT / "configs" / "all.yaml").scenarios
    reference = next(found for found in everything if found.id == REFERENCE)
    parts = [HEAD.format(count=len(everything), reference=REFERENCE, as_of=reference.as_of)]
    parts.append(f"## Reference\n{table([reference])}\n")
    for name, title in FAMILIES.items():
        listed = [found for found in runs[name].scenarios if found.id != REFERENCE]
        note = f"\n{NOTES[name]}\n" if name in NOTES else ""
        parts.append(f"## {title}\n`configs/{name}.yaml`\n\n{table(listed)}\n{note}")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
