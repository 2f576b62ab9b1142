"""A comparison for the terminal: assumptions, then what moves most, then how far the laws lie apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len, set_cell_size
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from jpsim.analysis.contrasts import Comparison, Contrast, SeriesContrast
from jpsim.analysis.paired_errors import Difference
from jpsim.days import steps_after
from jpsim.reporting.labels import Label, label_of, share_error
from jpsim.reporting.table import STANDARD_KINDS

__all__ = ["comparison_table"]

_WIDE = 110
"""Columns from which errors have room beside differences, and distances are shown with their intervals."""

_WIDEST = 132
"""Columns from which the median has room, too."""

_SHORTEST_NAME = 13  # as long as the longest of the groups
_GAP = 2  # between columns: the divider of the box and one space
_GROUPS = ("Factors", "Equity series")

_Cell = Callable[[SeriesContrast, Label], Text]

_NOTE = (
    "Series: cumulative return, differences in pp. Factors: differences in their unit (rates in bp); a loss is "
    "a fall since month 0. Rows are ranked by moved: Wasserstein distance in standard deviations. Lower: probability "
    "of ending lower than in the reference on the same draw."
)
_WIDE_NOTE = " ± is one Monte Carlo standard error."
_APART_NOTE = (
    "W1: Wasserstein-1. KS: Kolmogorov-Smirnov. Energy: 2E|X-Y| - E|X-X'| - E|Y-Y'|. Dominance as effect sizes: 1st−, "
    "the largest extra probability of ending below some level; 2nd−, the largest extra expected shortfall below some "
    "level; 1st+ and 2nd+ are the same in favour. A scenario dominates where its − is zero."
)


def comparison_table(comparison: Comparison, *, width: int = 80, detailed: bool = False) -> RenderableType:
    """Lay a comparison out for a terminal.

    Parameters
    ----------
    comparison
        The comparison.
    width
        Columns of the terminal; from 110 on there is room for errors and intervals of every number.
    detailed
        Whether to show the 33 sectors and the themes too.

    Returns
    -------
    rich renderable
    """
    parts: list[RenderableType] = []
    for contrast in comparison.contrasts:
        shown = _shown(contrast, detailed)
        parts += [
            _heading(comparison, contrast),
            _draws(comparison, contrast),
            _assumptions(comparison, contrast, width),
        ]
        parts += [_table(shown, _differences(width), width), Text()]
        parts += [_table(shown, _apart(width), width), Text()]
    parts.append(Text(_NOTE + (_WIDE_NOTE if width >= _WIDE else ""), style="dim"))
    parts.append(Text(_APART_NOTE, style="dim"))
    return Group(*parts)


def _shown(contrast: Contrast, detailed: bool) -> list[list[SeriesContrast]]:
    """Factors and series, each with those that move most first."""
    kinds = {entry.kind for entry in contrast.series}
    standard = set(STANDARD_KINDS)
    if detailed or not (kinds - {"factor"}) & standard:
        standard |= kinds
    chosen = [entry for entry in contrast.series if entry.kind in standard]
    return [[entry for entry in chosen if (entry.kind == "factor") is factor] for factor in (True, False)]


def _heading(comparison: Comparison, contrast: Contrast) -> Text:
    as_of, month = comparison.as_of, comparison.month
    when = f"{month} {steps_after(as_of)} after {as_of} ({as_of + month})"
    runs = "" if contrast.run_id == comparison.run_id else f" [{contrast.run_id} against {comparison.run_id}]"
    names = (contrast.scenario, "bold"), " against ", (comparison.reference, "bold")
    return Text.assemble(*names, f", {when}{runs}")


def _draws(comparison: Comparison, contrast: Contrast) -> Text:
    if contrast.paired:
        return Text(f"Paired: both use the same {comparison.paths:,} draws; 95% intervals use that.", style="dim")
    reasons = "; ".join(contrast.unpaired)
    return Text(f"Not paired: {reasons}. Errors are those of independent samples.", style="yellow")


def _assumptions(comparison: Comparison, contrast: Contrast, width: int) -> RenderableType:
    if not contrast.assumptions:
        return Text("The two assume the same.\n")
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    longest = max(len("assumption"), *(len(leaf.leaf) for leaf in contrast.assumptions))
    table.add_column("assumption", overflow="fold", width=min(longest, width // 2 + 4))
    for name in (comparison.reference, contrast.scenario):
        table.add_column(name, overflow="fold")
    for leaf in contrast.assumptions:
        said = (Text("–", style="dim") if text is None else Text(text) for text in (leaf.reference, leaf.scenario))
        table.add_row(leaf.leaf, *said)
    return Group(table, Text())


def _differences(width: int) -> list[tuple[str, _Cell]]:
    """Columns of the table of differences."""
    shown = [("Δ 5%", "q05"), ("Δ 95%", "q95"), ("Δ ES95", "es95")]
    if width >= _WIDE:
        shown.insert(2, ("Δ P(loss)", "p_loss"))
    if width >= _WIDEST:
        shown.insert(1, ("Δ median", "q50"))
    errors = width >= _WIDE
    return [
        ("moved", lambda entry, _: Text("–" if entry.moved is None else f"{entry.moved:.2f}")),
        ("Δ mean", lambda entry, label: _change(entry.differences["mean"], label)),
        ("95% interval", lambda entry, label: Text(_span(entry.differences["mean"], label.style.change))),
        *((head, _column(name, errors)) for head, name in shown),
        ("lower", lambda entry, _: Text("–" if entry.p_lower is None else f"{100 * entry.p_lower.value:.0f}%")),
    ]


def _column(name: str, errors: bool) -> _Cell:
    def cell(entry: SeriesContrast, label: Label) -> Text:
        found = entry.differences[name]
        if name == "p_loss":
            shown, error = _points(found.value), share_error(found.se)
        else:
            shown, error = label.style.change(found.value), label.style.change_error(found.se)
        return Text.assemble(shown, (f" ±{error}", "dim")) if errors else Text(shown)

    return cell


def _apart(width: int) -> list[tuple[str, _Cell]]:
    """Columns of the table of distances."""

    def amount(name: str) -> _Cell:
        return lambda entry, label: Text(_plain(label.style.change(entry.distances[name].value)))

    def amounts(name: str) -> _Cell:
        return lambda entry, label: Text(_span(entry.distances[name], lambda x: _plain(label.style.change(x))))

    def share(name: str) -> _Cell:
        return lambda entry, _: Text(f"{100 * entry.distances[name].value:.1f}%")

    def shares(name: str) -> _Cell:
        return lambda entry, _: Text(_span(entry.distances[name], lambda x: f"{100 * x:.1f}%"))

    def energy(entry: SeriesContrast, label: Label) -> Text:
        return Text(f"{label.style.change_scale * entry.distances['energy'].value:.2g}")

    effects = [("1st−", share("fsd_worse")), ("1st+", share("fsd_better"))]
    effects += [("2nd−", amount("ssd_worse")), ("2nd+", amount("ssd_better"))]
    if width < _WIDE:
        return [("W1", amount("wasserstein")), ("KS", share("kolmogorov_smirnov")), ("energy", energy), *effects]
    ranges = [("W1, 95%", amounts("wasserstein")), ("KS, 95%", shares("kolmogorov_smirnov"))]
    return [*ranges, ("energy", energy), *effects]


def _table(groups: Sequence[Sequence[SeriesContrast]], columns: list[tuple[str, _Cell]], width: int) -> Table:
    """Rows by group; the names take what the numbers leave."""
    entries = [entry for group in groups for entry in group]
    labels = {entry.output: label_of(entry.output, entry.kind, entry.levels["q50"][0]) for entry in entries}
    cells = {entry.output: [cell(entry, labels[entry.output]) for _, cell in columns] for entry in entries}
    widths = [
        max(cell_len(head), *(row[place].cell_len for row in cells.values())) for place, (head, _) in enumerate(columns)
    ]
    room = max(width - sum(one + _GAP for one in widths), _SHORTEST_NAME)
    names = {output: _full_name(label, room) for output, label in labels.items()}
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    titles = [title for title, group in zip(_GROUPS, groups, strict=True) if group]
    table.add_column("", no_wrap=True, width=max(map(cell_len, [*names.values(), *titles])))
    for (head, _), one in zip(columns, widths, strict=True):
        table.add_column(head, justify="right", no_wrap=True, width=one)
    for title, group in zip(_GROUPS, groups, strict=True):
        if group:
            table.add_section()
            table.add_row(Text(title, style="bold cyan"))
        for entry in group:
            table.add_row(names[entry.output], *cells[entry.output])
    return table


def _full_name(label: Label, room: int) -> str:
    """Name, cut to its room, with the unit of differences where it is not that of every series."""
    unit = label.style.change_unit if label.kind == "factor" else ""
    end = "" if unit in ("", "index") else f", {unit}"
    name = label.name("en")
    if cell_len(name + end) <= room:
        return name + end
    return set_cell_size(name, max(room - cell_len(end) - 1, 1)).rstrip() + "…" + end


def _change(found: Difference, label: Label) -> Text:
    text = label.style.change(found.value)
    colour = "green" if text.startswith("+") else "red" if text[0] not in "0123456789" else ""
    return Text(text, style=colour)


def _span(found: Difference, write: Callable[[float], str]) -> str:
    return f"{write(found.low)} … {write(found.high)}"


def _points(share: float) -> str:
    rounded = round(100 * share, 1) + 0.0
    return f"{'−' if rounded < 0 else '+' if rounded > 0 else ''}{abs(rounded):.1f}"


def _plain(text: str) -> str:
    return text.removeprefix("+")
