"""The run as a table for the terminal: a line per factor and series, a table per scenario and month."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.cells import cell_len, set_cell_size
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from jpsim.reporting.labels import GROUPS, Label, Language, group_name, label_of, share_error
from jpsim.runs import Run

__all__ = ["DETAILED_KINDS", "STANDARD_KINDS", "run_table"]

STANDARD_KINDS = ("factor", "index", "size", "segment", "sector17", "portfolio")
DETAILED_KINDS = tuple(GROUPS)

_WIDE = 110
"""Columns from which the errors of quantiles and differences and a second language have room."""

_SHORTEST_NAME = 12
_GAP = 2  # between columns: the divider of the box and one space

_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "median": "median", "range": "5% to 95%", "p_loss": "P(loss)", "es95": "ES95", "change": "Δ mean",
        "after": "{} months after {}", "after_day": "{} trading days after {}", "reference": "reference",
        "price": "price return", "total": "total return (with dividends)",
        "note": "Series: cumulative {} in %. Factors: level in their unit; a loss is a fall since month 0. "
        "± is one Monte Carlo standard error.",
        "change_note": "Δ mean: against {} (returns, inflation and wages in pp, interest rates in bp); scenarios share "
        "their draws, so its error is at most that of independent samples{}.",
    },
    "ja": {
        "median": "中央値", "range": "5%〜95%", "p_loss": "損失確率", "es95": "ES95", "change": "平均差",
        "after": "{1}から{0}か月後", "after_day": "{1}から{0}営業日後", "reference": "基準",
        "price": "価格リターン", "total": "トータルリターン（配当込み）",
        "note": "株価系列：累積{}（%）。ファクター：各単位の水準、"
        "損失は基準月からの低下。±はモンテカルロ標準誤差。",
        "change_note": "平均差：{}との差（リターン・物価・賃金はpp、金利はbp）。"
        "乱数は共通のため、誤差は独立標本の場合{}以下。",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Layout:
    """What fits: the languages of the names and whether all errors are shown."""

    languages: tuple[Language, ...]
    width: int

    @property
    def wide(self) -> bool:
        return self.width >= _WIDE

    @property
    def words(self) -> dict[str, str]:
        return _WORDS[self.languages[0]]


def run_table(
    run: Run,
    *,
    width: int = 80,
    months: Sequence[int] = (),
    languages: Sequence[Language] = ("en",),
    detailed: bool = False,
) -> RenderableType:
    """Lay a run out for a terminal.

    Parameters
    ----------
    run
        The run.
    width
        Columns of the terminal; from 110 on every number has its error beside it.
    months
        Months to show; the last one by default.
    languages
        Language of the texts; a second one adds its names where there is room.
    detailed
        Whether to show the 33 sectors and the themes too.

    Returns
    -------
    rich renderable
    """
    layout = _Layout(tuple(languages)[: 2 if width >= _WIDE else 1], width)
    kinds = DETAILED_KINDS if detailed else STANDARD_KINDS
    parts: list[RenderableType] = []
    for month in months or (run.horizon,):
        for scenario in range(len(run.scenarios)):
            table = _scenario_table(run, scenario, month, kinds, layout)
            parts += [_heading(run, scenario, month, layout), table, Text()]
    parts.append(Text(_note(run, layout), style="dim"))
    return Group(*parts)


def _heading(run: Run, scenario: int, month: int, layout: _Layout) -> Text:
    when = layout.words["after_day" if run.step == "day" else "after"].format(month, run.as_of)
    role = f" ({layout.words['reference']})" if scenario == 0 and len(run.scenarios) > 1 else ""
    return Text.assemble((run.scenarios[scenario], "bold"), f"{role}, {when} ({run.as_of + month})")


def _note(run: Run, layout: _Layout) -> str:
    note = layout.words["note"].format(layout.words[run.returns])
    if len(run.scenarios) == 1:
        return note
    shown = " (±)" if layout.wide else ""
    return f"{note} {layout.words['change_note'].format(run.scenarios[0], shown)}"


def _scenario_table(run: Run, scenario: int, month: int, kinds: Sequence[str], layout: _Layout) -> Table:
    shown = [(kind, output) for kind in kinds for output in run.of_kind(kind)]
    labels = [label_of(output, kind, _median(run, scenario, output, month)) for kind, output in shown]
    numbers = [_numbers(run, scenario, label, month, layout) for label in labels]
    head = _head(scenario, layout)
    widths = [max(cell_len(name), *(row[place].cell_len for row in numbers)) for place, name in enumerate(head)]
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    spaces = _name_widths(labels, layout, layout.width - sum(width + _GAP for width in widths))
    for width, style in zip(spaces, ("", "dim"), strict=False):
        table.add_column("", no_wrap=True, width=width, style=style)
    for name, width in zip(head, widths, strict=True):
        table.add_column(name, justify="right", no_wrap=True, width=width)
    for place, label in enumerate(labels):
        if place == 0 or label.kind != labels[place - 1].kind:
            table.add_section()
            table.add_row(Text(group_name(label.kind, layout.languages[0]), style="bold cyan"))
        table.add_row(*_names(label, layout, spaces), *numbers[place])
    return table


def _median(run: Run, scenario: int, output: str, month: int) -> float:
    return float(run.statistics["q50"][scenario, run.outputs.index(output), run.place(month)])


def _head(scenario: int, layout: _Layout) -> list[str]:
    head = [layout.words[name] for name in ("median", "range", "p_loss", "es95")]
    if scenario > 0:
        head.append(layout.words["change"])
    return head


def _name_widths(labels: Sequence[Label], layout: _Layout, space: int) -> list[int]:
    """Share what the numbers leave between the names; each gets no more than its longest needs."""
    longest = [max(cell_len(_full(label, layout, place)) for label in labels) for place in range(len(layout.languages))]
    if len(longest) == 1:
        return [max(min(longest[0], space), _SHORTEST_NAME)]
    second = min(longest[1], max(space * 2 // 5, _SHORTEST_NAME))
    return [max(min(longest[0], space - second - _GAP), _SHORTEST_NAME), second]


def _names(label: Label, layout: _Layout, spaces: Sequence[int]) -> Iterator[str]:
    """Names cut to their columns; a unit is never cut."""
    for place, space in enumerate(spaces):
        name, full = label.name(layout.languages[place]), _full(label, layout, place)
        unit = full[len(name) :]
        room = space - cell_len(unit)
        yield full if cell_len(full) <= space else set_cell_size(name, room - 1).rstrip() + "…" + unit


def _full(label: Label, layout: _Layout, place: int) -> str:
    return label.name_with_unit(layout.languages[0]) if place == 0 else label.name(layout.languages[place])


def _numbers(run: Run, scenario: int, label: Label, month: int, layout: _Layout) -> list[Text]:
    place = scenario, run.outputs.index(label.output), run.place(month)
    value = {name: float(run.statistics[name][place]) for name in ("q05", "q50", "q95", "p_loss", "es95")}
    error = {name: float(run.errors[name][place]) for name in value}
    style = label.style
    span = f"{style.level(value['q05'])} … {style.level(value['q95'])}"
    cells = [
        _pair(style.level(value["q50"]), style.error(error["q50"])),
        _pair(span, style.error(max(error["q05"], error["q95"])), shown=layout.wide),
        _pair(f"{100 * value['p_loss']:.1f}%", share_error(error["p_loss"]), shown=layout.wide),
        _pair(_loss(label, value["es95"]), style.error(error["es95"])),
    ]
    return [*cells, _change(run, place, label, layout)] if scenario > 0 else cells


def _loss(label: Label, value: float) -> str:
    return label.style.level(value).removeprefix("+")


def _change(run: Run, place: tuple[int, int, int], label: Label, layout: _Layout) -> Text:
    reference = (0, *place[1:])
    change = float(run.statistics["mean"][place] - run.statistics["mean"][reference])
    bound = float(np.hypot(run.errors["mean"][place], run.errors["mean"][reference]))
    text = label.style.change(change)
    colour = "green" if text.startswith("+") else "red" if text[0] not in "0123456789" else ""
    shown = _pair(text, label.style.change_error(bound), shown=layout.wide)
    shown.stylize(colour, 0, len(text))
    return shown


def _pair(value: str, error: str, *, shown: bool = True) -> Text:
    return Text.assemble(value, (f" ±{error}", "dim")) if shown else Text(value)
