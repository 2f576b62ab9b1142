"""The report of a run as Markdown: for a mail, a ticket or a repository."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jpsim.days import Step
from jpsim.reporting.brief import brief_sentences
from jpsim.reporting.earnings_table import earnings_table
from jpsim.reporting.figures import Cell, figure
from jpsim.reporting.holdings import BookInScenario, book_in_scenario
from jpsim.reporting.labels import GROUPS, Label, Language, group_name, label_of
from jpsim.reporting.limit_checking import limit_checks
from jpsim.reporting.reasons import Reasons, attribution_reasons, further_reasons
from jpsim.reporting.statements import named, statement_text
from jpsim.reporting.story import ScenarioStory, scenario_stories, vocabulary
from jpsim.reporting.verdicts import VALUE_FIGURES, plausibility_share, share_key, share_text
from jpsim.reporting.waterfall import driver_names
from jpsim.reporting.widths import band_widths, uncertain_words
from jpsim.runs import Hedge, Run

__all__ = ["render_markdown"]

_COLUMNS = ("mean", "q50", "range", "p_loss", "es95")
_HEADS = {"q50": "median"}
_FIGURES = (
    "percentile",
    "terminal_percentile",
    "distance",
    "largest_shock",
    "departure",
    "beyond_history",
    "relative_entropy",
    "range_probability",
)
_MOST_POSITIONS = 20
_ENTITY = re.compile(r"&(?=#?\w+;)")
_SPECIAL = re.compile(r"([\\`*_\[\]#|~])")


def render_markdown(run: Run, language: Language = "en") -> str:
    """Render the report of a run; the same run gives the same text.

    Parameters
    ----------
    run
        The run.
    language
        ``en`` or ``ja``.

    Returns
    -------
    str
        Markdown with pipe tables; names and stories cannot bring in markup.
    """
    lines = list(_head(run, language))
    lines += _limits(run, language)
    for scenario, story in enumerate(scenario_stories(run)):
        lines += _scenario(run, scenario, story, language)
    lines += _split(run, language)
    lines += _uncertainty(run, language)
    lines += _reproduction(run, language)
    return "\n".join(lines) + "\n"


def _word(key: str, language: Language, step: Step = "month") -> str:
    return vocabulary(step)[key][language]


def _safe(text: object) -> str:
    """Text that Markdown shows as it stands, on one line."""
    escaped = _SPECIAL.sub(r"\\\1", " ".join(str(text).split()))
    return _ENTITY.sub("&amp;", escaped).replace("<", "&lt;").replace(">", "&gt;")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join([':---', *['---:'] * (len(head) - 1)])}|"
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""


def _head(run: Run, language: Language) -> Iterator[str]:
    model, paths = run.manifest["model"], f"{run.manifest['paths']:,}"
    yield f"# {_word('report', language)}: {_safe(', '.join(run.scenarios))}"
    yield ""
    yield f"- {_word('as_of', language, run.step)}: {run.as_of}"
    yield f"- {_word('horizon', language)}: {run.horizon} {_word('months', language, run.step)}"
    yield f"- {_word('paths', language)}: {paths}"
    yield f"- {_word('model', language)}: {_safe(model['id'])}@{_safe(model['version'])}"
    yield f"- {_word('run', language)}: `{run.run_id}`"
    yield ""
    yield _word(f"equities_note_{run.returns}", language)
    yield ""


def _scenario(run: Run, scenario: int, story: ScenarioStory, language: Language) -> Iterator[str]:
    role = f" ({_word('reference', language)})" if scenario == 0 and len(run.scenarios) > 1 else ""
    yield f"## {_safe(story.title[language])}{role}"
    yield ""
    if story.narrative:
        yield _safe(story.narrative)
        yield ""
    for sentence in brief_sentences(run, scenario):
        yield f"- **{_word(f'brief_{sentence.question}', language)}**: {_safe(sentence.text[language])}"
    yield ""
    told = run.diagnostics[story.scenario]
    for warning in told.get("warnings", ()):
        yield from (f"> **{_word('warnings', language)}**: {_safe(statement_text(warning)[language])}", "")
    yield from _assumptions(told.get("assumptions", ()), language)
    yield from _plausibility(told, language)
    for kind in GROUPS:
        yield from _results(run, scenario, kind, language)
    yield from _members(told.get("members", ()), language)
    yield from _book(run, scenario, language)
    if scenario:
        yield from _why(run, story.scenario, language)


def _assumptions(assumptions: Sequence[str | Mapping[str, Any]], language: Language) -> Iterator[str]:
    yield f"### {_word('assumed', language)}"
    yield ""
    if not assumptions:
        yield _word("assumed_none", language)
    yield from (f"- {_assumption(row, language)}" for row in assumptions)
    yield ""


def _assumption(row: str | Mapping[str, Any], language: Language) -> str:
    """One line: what is spoken of, by its name, when, and what is said of it."""
    if isinstance(row, str):
        return _safe(statement_text(row)[language])
    told = {key: str(value) for key, value in row.items() if value not in ("", None)}
    if "statement" in told and "when" in told:
        told["statement"] = told["statement"].replace(f" in {told['when']}", "")
    if "statement" in told:
        told["statement"] = statement_text(told["statement"])[language]
    if "series" in told:
        told["series"] = named(told["series"]).name(language)
    return _safe(", ".join(told.values()))


def _plausibility(told: Mapping[str, Any], language: Language) -> Iterator[str]:
    card = told.get("plausibility", {})
    yield f"### {_word('plausible', language)}"
    yield ""
    if (share := plausibility_share(card)) is None:
        yield _word("plausible_free", language)
        yield ""
    else:
        yield f"{share_text(share)} {_word(share_key(card), language)}."
        yield ""
    known = [name for name in _FIGURES if share is not None and isinstance(card.get(name), int | float)]
    shown = [name for name in known if card["rows"] or name not in VALUE_FIGURES]
    yield from (f"- {_word(name, language)}: {card[name]:.3g}" for name in shown)
    yield f"- {_word('effective_sample', language)}: {told['effective_sample']:,.0f}"
    yield ""


def _results(run: Run, scenario: int, kind: str, language: Language) -> Iterator[str]:
    outputs = [output for output in run.of_kind(kind) if output != "boj_policy_shadow"]
    if not outputs:
        return
    columns = [*_COLUMNS, "change"] if scenario else list(_COLUMNS)
    yield f"### {group_name(kind, language)}, {run.as_of + run.horizon}"
    yield ""
    if kind == "factor":
        yield from (_word("factors_note", language), "")
    rows = []
    for output in outputs:
        label = label_of(output, kind, float(run.statistics["q50"][scenario, run.outputs.index(output), -1]))
        cells = [figure(run, scenario, label, name, run.horizon) for name in columns]
        rows.append([_safe(label.name_with_unit(language)), *map(_shown, cells)])
    heads = [_word(_HEADS.get(name, name), language) + (", %" if name == "p_loss" else "") for name in columns]
    yield from _table(["", *heads], rows)


def _limits(run: Run, language: Language) -> Iterator[str]:
    checks = limit_checks(run)
    if not checks:
        return
    yield f"## {_word('limits', language)}"
    yield ""
    heads = ("col_series", "col_when", "scenario", "limit_measure", "limit_value", "limit_bound", "limit_verdict")
    rows = [
        [_safe(check.label.name(language)), str(run.as_of + check.month), _safe(run.scenarios[check.scenario]),
         check.statistic, check.text(check.value), check.text(check.bound), _word(f"limit_{check.verdict}", language)]
        for check in checks
    ]  # fmt: skip
    yield from _table([_word(key, language) for key in heads], rows)


def _members(members: Sequence[Mapping[str, Any]], language: Language) -> Iterator[str]:
    if not members:
        return
    yield f"### {_word('members', language)}"
    yield ""
    rows = [[_safe(member["scenario"]), f"{member['weight']:.0%}"] for member in members]
    yield from _table([_word("member", language), _word("weight", language)], rows)


def _book(run: Run, scenario: int, language: Language) -> Iterator[str]:
    found = book_in_scenario(run, scenario, run.horizon)
    if found is None:
        return
    yield f"### {_word('book', language)}"
    yield ""
    rows = [
        [_word(f"book_{name}", language), f"{100 * value:.1f}%", f"{100 * error:.2g}"]
        for name, (value, error) in found.statistics.items()
    ]
    yield from _table(["", f"{run.as_of + run.horizon}", "±"], rows)
    rows = [
        [_safe(one.name), _safe(one.series[language]), f"{100 * one.weight:.1f}%", f"{100 * one.component:.2f}%"]
        for one in found.positions[:_MOST_POSITIONS]
    ]
    yield from _table([_word(key, language) for key in ("position", "follows", "weight", "component")], rows)
    yield from _book_drivers(found, language)
    yield from _book_hedges(found, language)


def _book_drivers(book: BookInScenario, language: Language) -> Iterator[str]:
    if not book.drivers:
        return
    yield _word("book_drivers_note", language)
    yield ""
    numbers = [(one, (one.mean, one.var95, float(one.es95))) for one in book.drivers]
    rows = [
        [_safe(driver_names(one.driver)[language]), *(f"{100 * value:.2f}%" for value in values),
         f"{100 * one.es95.se:.2g}"]
        for one, values in numbers
    ]  # fmt: skip
    yield from _table(
        [*(_word(key, language) for key in ("driver", "book_mean", "book_var95", "component")), "±"], rows
    )


def _book_hedges(book: BookInScenario, language: Language) -> Iterator[str]:
    if not book.hedges:
        return
    yield _word("book_hedges_note", language)
    yield ""
    rows = [
        [_hedge_legs(one, language), *(f"{100 * each:.1f}% ±{100 * each.se:.2g}"
                                       for each in (one.before, one.es95, one.saved))]
        for one in book.hedges
    ]  # fmt: skip
    heads = ("hedge", "hedge_before", "hedge_after", "hedge_saved")
    yield from _table([_word(key, language) for key in heads], rows)


def _hedge_legs(hedge: Hedge, language: Language) -> str:
    names = {name: _safe(label_of(name, "series").name(language)) for name in hedge.legs}
    return ", ".join(f"{names[key]} {100 * ratio:+.1f}% ±{100 * ratio.se:.1f}" for key, ratio in hedge.legs.items())


def _shown(cell: Cell) -> str:
    return f"{cell.text} ±{cell.error}" if cell.error else cell.text


def _why(run: Run, scenario: str, language: Language) -> Iterator[str]:
    reasons = attribution_reasons(run, scenario, run.horizon)
    if reasons is None:
        return
    yield f"### {_word('why', language)}"
    yield ""
    yield from _reasons(reasons, language)
    for by in ("condition", "shock"):
        if (further := further_reasons(run, scenario, by)) is not None:
            yield f"#### {_word('why', language)}: {_word(f'by_{by}', language)}"
            yield ""
            yield from _reasons(further, language)


def _reasons(reasons: Reasons, language: Language) -> Iterator[str]:
    rows = [[_driver(driver, language), *(cell.text for cell in cells)] for driver, cells in reasons.rows]
    rows.append([_word("driver_total", language), *(cell.text for cell in reasons.total)])
    yield from _table(["", *(_safe(label.name(language)) for label in reasons.series)], rows)


def _driver(driver: Label | str, language: Language) -> str:
    return _word(driver, language) if isinstance(driver, str) else _safe(driver.name(language))


def _split(run: Run, language: Language) -> Iterator[str]:
    """Earnings and multiples, all scenarios side by side; nothing where the run does not part them."""
    found = earnings_table(run)
    if found is None:
        return
    yield f"## {_word('split', language)}"
    yield ""
    yield from (_word("split_note", language), "")
    heads = [f"{_safe(name)}: {_word(column, language)}" for name in run.scenarios for column in found.columns]
    rows = [
        [_safe(label.name(language)), *(cell.text for cells in scenarios for cell in cells)]
        for label, scenarios in found.rows
    ]
    yield from _table([f"{run.as_of + run.horizon}", *heads], rows)


def _uncertainty(run: Run, language: Language) -> Iterator[str]:
    """What errors and bands cover, and where the width of the bands comes from."""
    yield f"## {_word('uncertain', language)}"
    yield ""
    yield from (f"- {_word(key, language)}" for key in uncertain_words(run))
    yield ""
    for name in run.scenarios:
        widths = band_widths(run, name, run.horizon)
        if widths is not None:
            yield f"### {_word('widths', language)}: {_safe(name)}"
            yield ""
            yield from (_word("widths_note", language), "")
            heads = [_word(f"source_{source}", language) for source in widths.sources]
            rows = [[_safe(label.name(language)), *cells] for label, cells in widths.texts]
            yield from _table([f"{run.as_of + run.horizon}", *heads], rows)


def _reproduction(run: Run, language: Language) -> Iterator[str]:
    yield f"## {_word('again', language)}"
    yield ""
    yield f"- `jpsim runs replay {run.run_id}`: {_word('again_replay', language)}"
    for key in ("content_hash", "seed", "rng"):
        yield f"- {_word(key, language)}: `{run.manifest[key]}`"
