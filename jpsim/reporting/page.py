"""What every section of the report works on: the run, the languages, the words, and the templates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from jpsim.reporting.labels import Language, group_name
from jpsim.reporting.story import ScenarioStory, scenario_stories, vocabulary
from jpsim.reporting.template_code import TemplateCode
from jpsim.runs import Run

__all__ = ["FEW", "Page", "Text", "template_environment"]

Text = Mapping[Language, str]
"""The same text in each language."""

FEW = 4
"""Up to so many scenarios stand side by side; more are laid out one below the other."""


@dataclass(frozen=True, slots=True)
class Page:
    """A report that is being made.

    Parameters
    ----------
    run
        The run.
    languages
        The languages it is written in, the first one shown first.
    stories
        The words of each scenario.
    """

    run: Run
    languages: tuple[Language, ...]
    stories: tuple[ScenarioStory, ...]

    @classmethod
    def of(cls, run: Run, languages: tuple[Language, ...]) -> Page:
        """Begin the report of a run."""
        return cls(run, languages, scenario_stories(run))

    @property
    def few(self) -> bool:
        """Whether the scenarios fit side by side."""
        return len(self.run.scenarios) <= FEW

    @property
    def compared(self) -> tuple[int, ...]:
        """Positions of the scenarios that the report is about: all but the reference, or the only one."""
        return tuple(range(1, len(self.run.scenarios))) or (0,)

    def told(self, scenario: int) -> Mapping[str, Any]:
        """Diagnostics of a scenario."""
        return self.run.diagnostics[self.run.scenarios[scenario]]

    def render(self, template: str, **facts: Any) -> Markup:
        """Fill a template; every text in `facts` is escaped."""
        shared = {
            "run": self.run,
            "manifest": self.run.manifest,
            "languages": self.languages,
            "stories": self.stories,
            "words": vocabulary(self.run.step),
            "last": self.run.as_of + self.run.horizon,
        }
        return Markup(template_environment().get_template(template).render(shared | facts))  # autoescaped


@cache
def template_environment() -> Environment:
    """Return the templates of this package; undefined names are errors and all text is escaped."""
    environment = Environment(
        loader=PackageLoader("jpsim.reporting"),
        bytecode_cache=TemplateCode(),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["figure"] = _figure_text
    environment.filters["minus"] = lambda text: text.replace("-", "\N{MINUS SIGN}")
    environment.globals["group_name"] = group_name
    return environment


def _figure_text(value: Any) -> str:
    """Write a figure of the plausibility card or a run's metadata."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
