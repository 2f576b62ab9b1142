"""What a new model changes, for the terminal and as Markdown: one list of tables, written in two ways."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from jpsim.analysis.model_change import BlockChange, ModelChange, NumberChange, ScenarioChange
from jpsim.analysis.paired_errors import Difference
from jpsim.reporting.labels import NumberStyle, label_of

__all__ = ["model_change_markdown", "model_change_table"]

_FEW, _MANY = 12, 40
_TEXT = 44


@dataclass(frozen=True, slots=True)
class _Part:
    """One table: its title, heads and rows, a line below it, and how many columns from the left hold words."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    words: int = 1


def model_change_table(change: ModelChange) -> RenderableType:
    """Lay a change of model out for a terminal; `model_change_markdown` has more rows."""
    parts: list[RenderableType] = [Text(f"{change.before} → {change.after}", style="bold"), Text()]
    for part in _parts(change, _FEW):
        table = Table(title=part.title, box=SIMPLE_HEAD, title_justify="left", pad_edge=False)
        for place, head in enumerate(part.head):
            table.add_column(head, justify="left" if place < part.words else "right", overflow="fold")
        for row in part.rows:
            table.add_row(*map(escape, row))
        parts += [table if part.rows else Text(part.title), Text(part.note, style="dim"), Text()]
    return Group(*parts)


def model_change_markdown(change: ModelChange) -> str:
    """Write a change of model as a Markdown page."""
    lines = [f"# {change.before} → {change.after}", ""]
    for part in _parts(change, _MANY):
        lines += [f"## {part.title}", "", *_pipes(part), ""] if part.rows else [f"## {part.title}", ""]
        lines += [part.note, ""] if part.note else []
    return "\n".join(lines).rstrip() + "\n"


def _pipes(part: _Part) -> Iterator[str]:
    yield f"| {' | '.join(part.head)} |"
    yield f"|{'|'.join([*[':---'] * part.words, *['---:'] * (len(part.head) - part.words)])}|"
    yield from (f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in part.rows)


def _parts(change: ModelChange, most: int) -> Iterator[_Part]:
    facts = tuple((fact.leaf, _short(fact.before), _short(fact.after)) for fact in change.facts[:most])
    note = _more(len(change.facts), most, "leaves") if facts else "No leaf differs."
    yield _Part("Record", ("leaf", "before", "after"), facts, note, 3)
    head = ("parameters", "moved", "typical", "largest move", "before", "after", "sds")
    note = (
        "typical: root mean square move in posterior standard deviations of the model before, sds: the largest move in "
        "them; neither where no draws are kept. Innovations' covariance is told as sds and correlations."
    )
    yield _Part("Parameters", head, tuple(map(_block_row, change.parameters)), note)
    gone = tuple(_names(block) for block in change.parameters if block.added or block.removed)
    if gone:
        yield _Part("Only in one model", ("parameters", "added", "removed"), gone, words=3)
    for block in change.moments:
        if block.numbers:
            rows = tuple((one.name, *_both(one)) for one in block.numbers[:most])
            yield _Part(block.block, ("", "before", "after", "change"), rows, _more(block.moved, most, "numbers"))
    if change.scenarios:
        yield _scenario_part(change)


def _scenario_part(change: ModelChange) -> _Part:
    head = ("scenario", "output", "mean before", "after", "change ±", "ES95 before", "after", "change ±")
    note = (
        f"{change.paths:,} paths on each model, from the same random numbers; ± is one Monte Carlo standard error of "
        "the difference. Series: % of cumulative return, changes in pp. ES95: mean loss since month 0 in the worst "
        "twentieth."
    )
    return _Part(f"Scenarios, {change.month} steps ahead", head, tuple(map(_scenario_row, change.scenarios)), note, 2)


def _scenario_row(row: ScenarioChange) -> tuple[str, ...]:
    style = label_of(row.output, row.kind, row.before["mean"]).style
    name = label_of(row.output, row.kind).name("en")
    means = (style.level(row.before["mean"]), style.level(row.after["mean"]), _moved(style, row.changes["mean"]))
    losses = (_loss(style, row.before["es95"]), _loss(style, row.after["es95"]), _moved(style, row.changes["es95"]))
    return (row.scenario, name, *means, *losses)


def _moved(style: NumberStyle, change: Difference) -> str:
    return f"{style.change(change.value)} ±{style.change_error(change.se)}"


def _loss(style: NumberStyle, value: float) -> str:
    return f"{value * style.change_scale:.{style.change_decimals}f}".replace("-", "−")


def _block_row(block: BlockChange) -> tuple[str, ...]:
    typical = "" if block.typical is None else f"{block.typical:.2f}"
    moved = f"{block.moved} of {block.count}"
    if not block.numbers:
        return (block.block, moved, typical, "", "", "", "")
    first = block.numbers[0]
    spreads = "" if first.spreads is None else f"{first.spreads:+.2f}"
    return (block.block, moved, typical, first.name, *_both(first)[:2], spreads)


def _both(number: NumberChange) -> tuple[str, str, str]:
    return f"{number.before:.3g}", f"{number.after:.3g}", f"{number.after - number.before:+.2g}"


def _names(block: BlockChange) -> tuple[str, ...]:
    return (block.block, _few_names(block.added), _few_names(block.removed))


def _few_names(names: Sequence[str]) -> str:
    shown = ", ".join(names[:4])
    return f"{shown} and {len(names) - 4} more" if len(names) > 4 else shown


def _short(text: str | None) -> str:
    told = "" if text is None else " ".join(text.split())
    return told if len(told) <= _TEXT else told[: _TEXT - 1] + "…"


def _more(count: int, shown: int, what: str) -> str:
    return f"{count - shown} more {what}: --json has all" if count > shown else ""
