"""The words of a run: titles and narratives of its scenarios, and the vocabulary of the report."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import yaml

from jpsim.days import Step
from jpsim.reporting.labels import LANGUAGES, Language
from jpsim.runs import Run

__all__ = ["ScenarioStory", "resolved_run", "scenario_stories", "vocabulary"]


@dataclass(frozen=True, slots=True)
class ScenarioStory:
    """What a scenario says, in words.

    Parameters
    ----------
    scenario
        Its id.
    title
        Title by language; the id where there is none.
    narrative
        Its story; empty if it tells none.
    sources
        What it rests on.
    """

    scenario: str
    title: Mapping[Language, str]
    narrative: str
    sources: tuple[str, ...]


def resolved_run(run: Run) -> Mapping[str, Any]:
    """Return the run as it was carried out, as plain mappings and lists."""
    return _parsed(run.resolved)


@lru_cache(maxsize=1)
def _parsed(resolved: str) -> Mapping[str, Any]:
    """Parse once for all sections; the parser in C, where there is one, takes a tenth of the time."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(resolved, Loader=loader) or {}


def scenario_stories(run: Run) -> tuple[ScenarioStory, ...]:
    """Read the words of each scenario from the resolved run; titles that scenarios share have the id behind them."""
    told = {
        entry["id"]: entry
        for entry in resolved_run(run).get("scenarios", [])
        if isinstance(entry, dict) and "id" in entry
    }
    stories = [_story(scenario, told.get(scenario, {})) for scenario in run.scenarios]
    shared = Counter(title for story in stories for title in set(story.title.values()))
    return tuple(_told_apart(story) if max(shared[title] for title in story.title.values()) > 1 else story
                 for story in stories)  # fmt: skip


def _told_apart(story: ScenarioStory) -> ScenarioStory:
    """Put the id behind a title: who extends a scenario and gives no title of his own has inherited one."""
    return replace(story, title={language: f"{said} ({story.scenario})" for language, said in story.title.items()})


@cache
def vocabulary(step: Step = "month") -> Mapping[str, Mapping[Language, str]]:
    """Return the fixed texts of the report, by key and language.

    A key that ends in ``_day`` replaces the one without it in runs whose steps are days.
    """
    text = files("jpsim.reporting").joinpath("templates", "words.toml").read_text(encoding="utf-8")
    words: dict[str, Mapping[Language, str]] = tomllib.loads(text)
    if step == "day":
        words |= {key.removesuffix("_day"): said for key, said in words.items() if key.endswith("_day")}
    return words


def _story(scenario: str, entry: Mapping[str, Any]) -> ScenarioStory:
    title = entry.get("title") or scenario
    names = title if isinstance(title, dict) else {"en": title}
    fallback = next(iter(names.values()), scenario)
    sources = entry.get("sources") or ()
    return ScenarioStory(
        scenario=scenario,
        title={language: str(names.get(language, fallback)) for language in LANGUAGES},
        narrative=str(entry.get("narrative") or "").strip(),
        sources=(sources,) if isinstance(sources, str) else tuple(str(source) for source in sources),
    )
