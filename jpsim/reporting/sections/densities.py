"""Shapes of the distributions in the last month: densities with their worst twentieth, and ridgelines."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from jpsim.reporting.density import DensityChart, Ridgeline, density_chart, ridgeline
from jpsim.reporting.labels import Label, label_of
from jpsim.reporting.page import Page, Text

__all__ = ["densities_section"]

_SHOWN = ("topix", "portfolio", "banks", "growth", "usdjpy", "jgb_10y")
_SHOWN_OF_MANY = ("topix",)


@dataclass(frozen=True, slots=True)
class _Rows:
    """A ridgeline with the names of its rows."""

    title: Text | Label
    chart: Ridgeline
    names: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class _Shapes:
    """Charts of one scenario."""

    index: int
    densities: tuple[DensityChart, ...]
    sectors: _Rows | None


def densities_section(page: Page) -> Markup:
    """Lay out the ridgeline of all scenarios, then the charts of each."""
    shapes = [_shapes(page, scenario) for scenario in page.compared]
    shapes = [one for one in shapes if one.densities or one.sectors]
    across = _across(page) if len(page.run.scenarios) > 2 else None
    if not shapes and across is None:
        return Markup()
    return page.render("sections/densities.html.j2", across=across, shapes=shapes, few=page.few)


def _shapes(page: Page, scenario: int) -> _Shapes:
    run = page.run
    wanted = _SHOWN if page.few else _SHOWN_OF_MANY
    labels = [_label(page, output) for output in wanted if output in run.outputs]
    found = [density_chart(run, scenario, label, run.horizon) for label in labels]
    return _Shapes(
        scenario, tuple(one for one in found if one is not None), _sectors(page, scenario) if page.few else None
    )


def _label(page: Page, output: str) -> Label:
    place = page.run.outputs.index(output)
    return label_of(output, page.run.kinds[place], float(page.run.statistics["q50"][0, place, 0]))


def _sectors(page: Page, scenario: int) -> _Rows | None:
    """Ridgeline of the 17 sectors, best mean first."""
    run = page.run
    places = [run.outputs.index(output) for output in run.of_kind("sector17")]
    if not places:
        return None
    places.sort(key=lambda place: -float(run.statistics["mean"][scenario, place, -1]))
    labels = [label_of(run.outputs[place], "sector17") for place in places]
    chart = ridgeline(run, [(scenario, place) for place in places], labels[0], run.horizon, beside=scenario > 0)
    return _Rows(
        {"en": "TOPIX-17 sectors", "ja": "TOPIX-17業種"}, chart, tuple(_short(label.names) for label in labels)
    )


def _across(page: Page) -> _Rows | None:
    """Ridgeline of one output under every scenario."""
    run = page.run
    output = next((name for name in ("portfolio", "topix", "tse_all") if name in run.outputs), None)
    if output is None:
        return None
    label, place = _label(page, output), run.outputs.index(output)
    places = [(scenario, place) for scenario in range(len(run.scenarios))]
    names = tuple(_short(story.title) for story in page.stories)
    return _Rows(label, ridgeline(run, places, label, run.horizon, beside=True), names)


def _short(names: Text) -> Text:
    """Names cut to the room beside a ridge; a Japanese sign takes the room of two."""
    room: dict[str, int] = {"en": 28, "ja": 15}
    return {
        key: text if len(text) <= room[key] else text[: room[key] - 1].rstrip() + "…" for key, text in names.items()
    }
