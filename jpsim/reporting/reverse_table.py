"""A reverse stress for the terminal: the most plausible path, who drives it, and the stories behind the loss."""

from __future__ import annotations

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from jpsim.analysis.reverse_stress import FEWEST_FOR_MEAN, ReverseStress
from jpsim.dictionary import channels, factors
from jpsim.reporting.labels import Label, group_name, label_of, share_error

__all__ = ["reverse_table"]

_SERIES_KINDS = ("index", "size", "sector17")
_LETTERS = "ABCD"
_WIDE = 110
"""Columns from which the errors of the stories have room."""

_SMALLEST_PART = 0.0005
_SHORTEST_NAME = 12
_GAP = 2  # between columns: the divider of the box and one space
_MONTH_COLUMNS = 28  # width of month, return and the two cumulative columns
_LEVEL_COLUMN = 13


def reverse_table(stress: ReverseStress, width: int = 80) -> RenderableType:
    """Lay a reverse stress out for a terminal.

    Parameters
    ----------
    stress
        The reverse stress.
    width
        Columns of the terminal; a wide one shows the path of more factors.

    Returns
    -------
    rich renderable
    """
    parts: list[RenderableType] = [_heading(stress), Text(_summary(stress)), Text("")]
    parts += [_factor_table(stress, width), Text(_split(stress)), Text(""), _month_table(stress, width), Text("")]
    if stress.stories:
        parts += [Text("The stories behind the loss", style="bold"), *_story_lines(stress), Text("")]
        parts.append(_story_table(stress, width))
    parts += [Text.assemble(("warning: ", "yellow"), warning) for warning in stress.warnings]
    return Group(*parts)


def _heading(stress: ReverseStress) -> Text:
    as_of = stress.model.as_of
    name = _label(stress, stress.series).name("en")
    asked = f": a loss of {100 * stress.loss:.4g}% on {name}"
    when = f" by {as_of + stress.month}, {stress.month} months after {as_of}"
    return Text.assemble((stress.scenario, "bold"), asked + when)


def _summary(stress: ReverseStress) -> str:
    path, tail = stress.path, stress.tail
    member = path.law.scenario.id
    within = "the scenario's mean" if member == stress.scenario else f"the mean of its member {member}"
    straight = "did not compound" if path.law.terms is None else "were linear in the factors and did not compound"
    linear = f"{path.linear.distance:.2f} sd if returns {straight}"
    return (
        f"Most plausible path: {path.point.distance:.2f} sd from {within} ({linear}); probability of such a "
        f"loss {stress.probability:.2%} under the normal law, {tail.probability:.2%} ±"
        f"{share_error(tail.probability_error)}% in {tail.paths:,} draws."
    )


def _split(stress: ReverseStress) -> str:
    """Who makes the loss, in one sentence whose numbers sum to the return."""
    style, parts = _label(stress, stress.series).style, stress.path.contributions
    model = stress.model
    moved = sum(parts[name] for name in model.factors)
    words = [f"expected {style.change(parts['expected'])}", f"factors {style.change(moved)}"]
    known = channels()
    others = [name for name in parts if name not in (*model.factors, "expected", "residual")]
    words += [
        f"{known[name].name_en if name in known else name} {style.change(parts[name])}"
        for name in others
        if abs(parts[name]) >= _SMALLEST_PART
    ]
    words.append(f"residual {style.change(parts['residual'])}")
    return (
        f"Return {style.change(stress.path.point.compound)} pp = {', '.join(words)}. Factors make "
        f"{stress.path.factor_share:.0%} of the squared distance."
    )


def _factor_table(stress: ReverseStress, width: int) -> Table:
    path, model = stress.path, stress.model
    table = _table("", "scenario", "likeliest", "mean if lost", "part, pp")
    shown = _observed(stress)
    order = sorted(shown, key=lambda i: -abs(path.contributions[model.factors[i]]))
    average = _tail_mean(stress)
    for i in order:
        name = model.factors[i]
        label = _label(stress, name, float(path.mean_levels[i, -1]))
        cells = [label.style.level(float(levels[i, -1])) for levels in (path.mean_levels, path.levels)]
        given = "" if average is None else _with_error(label, float(average[0][i]), float(average[1][i]))
        part = _label(stress, stress.series).style.change(path.contributions[name])
        table.add_row(label.name_with_unit("en"), *cells, given, part)
    return _fitted(table, width)


def _month_table(stress: ReverseStress, width: int) -> Table:
    """The path month by month, beside the factors that make most of the loss."""
    path, model = stress.path, stress.model
    style = _label(stress, stress.series).style
    order = sorted(_observed(stress), key=lambda i: -abs(path.contributions[model.factors[i]]))
    shown = order[: max((width - _MONTH_COLUMNS) // _LEVEL_COLUMN, 1)]
    labels = [_label(stress, model.factors[i], float(path.mean_levels[i, -1])) for i in shown]
    table = _table("month", "return", "so far", *(label.name("en") for label in labels), wrap=True)
    so_far = np.cumprod(1.0 + path.point.returns) - 1.0
    for t, (monthly, total) in enumerate(zip(path.point.returns, so_far, strict=True)):
        levels = [label.style.level(float(path.levels[i, t])) for label, i in zip(labels, shown, strict=True)]
        table.add_row(str(model.as_of + t + 1), style.level(float(monthly)), style.level(float(total)), *levels)
    return table


def _story_lines(stress: ReverseStress) -> list[Text]:
    return [
        Text.assemble(
            (f"{_LETTERS[number]}  {story.share:.0%} ±{share_error(story.share_error)}%", "bold"),
            f"  {story.name} ({story.draws:,} draws)",
        )
        for number, story in enumerate(stress.stories)
    ]


def _story_table(stress: ReverseStress, width: int) -> Table:
    """Factors and series in the scenario, in all draws that lose as much, and in each story."""
    model, scenario = stress.model, _reported_means(stress)
    table = _table("mean", "scenario", "all", *_LETTERS[: len(stress.stories)])
    told = [stress.tail.average(stress.tail.outputs[:, -1].astype(np.float64))]
    told += [(story.mean[:, -1], story.error[:, -1]) for story in stress.stories]
    for kind in ("factor", *_SERIES_KINDS):
        table.add_section()
        table.add_row(Text(group_name(kind, "en"), style="bold cyan"))
        for place in _of_kind(stress, kind):
            label = _label(stress, model.outputs[place], float(scenario[place]))
            cells = [_with_error(label, mean[place], error[place], width >= _WIDE) for mean, error in told]
            table.add_row(label.name_with_unit("en"), label.style.level(scenario[place]), *cells)
    return _fitted(table, width)


def _of_kind(stress: ReverseStress, kind: str) -> list[int]:
    if kind == "factor":
        return _observed(stress)
    return [place for place, each in enumerate(stress.model.output_kinds) if each == kind]


def _reported_means(stress: ReverseStress) -> list[float]:
    """Scenario means of all outputs: of a price its median, as everywhere on the paths."""
    tail, model = stress.tail, stress.model
    log = [kind == "log100" for kind in model.transform] + [False] * (tail.mean.size - len(model.factors))
    return [float(np.exp(mean / 100.0)) if flag else float(mean) for mean, flag in zip(tail.mean, log, strict=True)]


def _observed(stress: ReverseStress) -> list[int]:
    """Positions of the factors that can be observed; the model's auxiliary rows are not shown."""
    known = factors()
    names = stress.model.factors
    return [i for i, name in enumerate(names) if name not in known or known[name].column]


def _tail_mean(stress: ReverseStress) -> tuple[list[float], list[float]] | None:
    if stress.tail.effective < FEWEST_FOR_MEAN:
        return None
    mean, error = stress.tail.average(stress.tail.outputs[:, -1].astype(np.float64))
    return mean.tolist(), error.tolist()


def _with_error(label: Label, value: float, error: float, shown: bool = True) -> Text:
    return Text.assemble(label.style.level(value), (f" ±{label.style.error(error)}" if shown else "", "dim"))


def _label(stress: ReverseStress, output: str, typical: float = 1.0) -> Label:
    model = stress.model
    return label_of(output, model.output_kinds[model.outputs.index(output)], typical)


def _table(first: str, *others: str, wrap: bool = False) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right", no_wrap=not wrap)
    return table


def _fitted(table: Table, width: int) -> Table:
    """Give every column of numbers the width that it needs, and the names what is left: only they take two lines."""
    for column in table.columns[1:]:
        texts = [cell.plain if isinstance(cell, Text) else str(cell) for cell in (column.header, *column.cells)]
        column.min_width = max(map(cell_len, texts))
    left = width - sum((column.min_width or 0) + _GAP for column in table.columns[1:])
    table.columns[0].max_width = max(left, _SHORTEST_NAME)
    return table
