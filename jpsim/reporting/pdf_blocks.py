"""Blocks of the PDF from the HTML of the report's sections: headings, texts, tables, charts, cards.

The PDF has the sections of the HTML report, whatever they are. What the HTML folds away is left out, but for what is
marked to be printed, of which it has the tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from jpsim.reporting.markup_tree import Node, parse_markup

__all__ = ["Charts", "section_blocks"]

Block = dict[str, Any]

_SHADE = re.compile(r"\.((?:gain|fall|risk)-\d) \{ background: (#[0-9a-f]{6})")
_LEFT_OUT, _PRINTED = ("details", "nav"), "printed"
_KEYS = {"solid": "── ", "dashed": "╌╌ ", "swatch": "■ "}
"""Marks of a chart's key, which the style sheet draws on the screen."""
_GRIDS = {"grid-charts": (1, 1, 1), "grid-falls": (1, 1), "cards": (1, 1), "beside-chart": (3, 2), "shapes": (5, 7)}


class Charts:
    """The SVG charts of a document, each as a file with the report's style in it.

    Parameters
    ----------
    family
        Fonts of the texts in charts, as SVG names them.
    """

    def __init__(self, family: str) -> None:
        self.files: dict[str, bytes] = {}
        self._family = family

    def add(self, svg: Node) -> Block:
        """Keep a chart and return the block that shows it."""
        svg.children = [child for child in svg.children if isinstance(child, str) or "month" not in child.classes]
        style = Node("style", {}, [_chart_style()])
        whole = Node("svg", {"xmlns": "http://www.w3.org/2000/svg", "font-family": self._family, **svg.attributes})
        whole.children = [style, *svg.children]
        name = f"chart{len(self.files)}.svg"
        self.files[name] = whole.markup().encode()
        _, _, wide, high = (float(number) for number in svg.attributes["viewBox"].split())
        kind = next((name for name in svg.classes if name in ("bar", "gauge", "ridges")), "chart")
        label = svg.attributes.get("aria-label", "")
        return {"is": "chart", "file": name, "kind": kind, "alt": label, "width": wide, "height": high}


def section_blocks(markup: str, charts: Charts) -> list[Block]:
    """Turn the HTML of one section into blocks; its charts go into `charts`."""
    return list(_blocks(parse_markup(markup), charts))


def _blocks(node: Node, charts: Charts) -> Iterator[Block]:
    for child in node.elements():
        yield from _block(child, charts)


def _block(node: Node, charts: Charts) -> Iterator[Block]:
    if node.tag == "details" and _PRINTED in node.classes:
        yield from _unfolded(node, charts)
    elif node.tag in _LEFT_OUT:
        return
    elif node.tag in ("h3", "h4"):
        yield {"is": "heading", "level": int(node.tag[1]), "runs": _runs(node)}
    elif node.tag in ("p", "summary", "figcaption", "pre"):
        yield {"is": "text", "small": bool({"small", "key"} & set(node.classes)), "runs": _runs(node)}
    elif node.tag == "ul":
        yield {"is": "list", "items": [_runs(item) for item in node.every("li")]}
    elif node.tag == "dl":
        yield {"is": "pairs", "kind": "".join(node.classes[-1:]), "rows": list(_pairs(node))}
    elif node.tag == "table":
        yield _table(node, charts)
    elif node.tag == "svg":
        yield charts.add(node)
    elif node.tag == "figure":
        yield {"is": "figure", "wide": "wide" in node.classes, "blocks": list(_blocks(node, charts))}
    elif node.tag == "article" or "warning" in node.classes:
        yield {"is": "card", "warning": "warning" in node.classes, "blocks": list(_blocks(node, charts))}
    else:
        yield from _arranged(node, charts)


def _unfolded(node: Node, charts: Charts) -> Iterator[Block]:
    """What a fold marked to be printed has, without its charts: they would fill pages."""
    for child in node.elements():
        if child.tag == "summary":
            yield {"is": "heading", "level": 4, "runs": _runs(child)}
            continue
        for block in _block(child, charts):
            cells = [block] if block["is"] != "grid" else [one for cell in block["cells"] for one in cell]
            yield from (one for one in cells if one["is"] not in ("figure", "chart"))


def _arranged(node: Node, charts: Charts) -> Iterator[Block]:
    """Children side by side where the style sheet puts them so, else one below the other."""
    columns = next((shares for name, shares in _GRIDS.items() if name in node.classes), (1,))
    columns = (1, 1) if "pair" in node.classes else columns
    cells = [[*_block(child, charts)] for child in node.elements()]
    cells = [cell for cell in cells if cell]
    if len(columns) > 1 and len(cells) > 1:
        yield {"is": "grid", "columns": columns, "cells": cells}
    else:
        yield from (block for cell in cells for block in cell)


def _pairs(node: Node) -> Iterator[list[list[list[str]]]]:
    for row in node.elements():
        parts = list(row.every("dt", "dd"))
        if len(parts) == 2:
            yield [_runs(part) for part in parts]


def _runs(node: Node, style: str = "") -> list[list[str]]:
    """Texts below a node with the style of each: ``strong``, ``dim``, ``code``, ``tag``, ``up``, ``down`` or none."""
    found: list[list[str]] = []
    for child in node.children:
        if isinstance(child, str):
            if text := re.sub(r"\s+", " ", child):
                found.append([text, style])
        elif child.tag == "br":
            found.append(["\n", ""])
        elif key := next((_KEYS[name] for name in child.classes if name in _KEYS), None):
            found.append([key, "up" if "swatch" not in child.classes else "worst"])
        elif child.tag not in _LEFT_OUT and child.tag != "svg" and "screen" not in child.classes:
            found += _runs(child, _style(child) or style)
    if mark := {"up": "▲ ", "down": "▼ "}.get((*node.classes, "")[0]):
        found.insert(0, [mark, node.classes[0]])
    return found


def _style(node: Node) -> str:
    if node.tag in ("strong", "code"):
        return node.tag
    named = {"se": "dim", "unit": "dim", "tag": "tag", "big": "big"}
    return next((named[name] for name in node.classes if name in named), "")


def _table(node: Node, charts: Charts) -> Block:
    rows = [list(row.elements()) for row in node.every("tr")]
    heads = sum(1 for part in node.elements() if part.tag == "thead" for _ in part.every("tr"))
    cells = [[_cell(cell, charts, place, "total" in cell.classes) for place, cell in enumerate(row)] for row in rows]
    numbers = bool({"heat", "sided", "months"} & set(node.classes))
    return {
        "is": "table",
        "heads": heads,
        "columns": _widths(cells, heads if numbers else 0),
        "rows": cells,
        "totals": [place for place, row in enumerate(node.every("tr")) if "total" in row.classes],
        "numbers": numbers,
    }


def _cell(cell: Node, charts: Charts, place: int, strong: bool) -> Block:
    shade = next((name for name in cell.classes if name in _shades()), None)
    drawn = next(cell.every("svg"), None)
    return {
        "runs": _runs(cell),
        "across": int(cell.attributes.get("colspan", "1")),
        "down": int(cell.attributes.get("rowspan", "1")),
        "fill": _shades()[shade] if shade else None,
        "tall": "tall" in cell.classes,
        "head": cell.tag == "th",
        "number": "n" in cell.classes,
        "chart": charts.add(drawn) if drawn is not None else None,
    }


def _widths(rows: list[list[Block]], skipped: int) -> list[int]:
    """Longest text of each column in signs, that of the first rows left out; heads are broken to fit."""
    count = max((sum(cell["across"] for cell in row) for row in rows), default=1)
    widths = [3] * count
    for row in rows[skipped:]:
        at = 0
        for cell in row:
            if cell["across"] == 1:
                text = "".join(run[0] for run in cell["runs"])
                signs = sum(2 if ord(sign) > 0x2E7F else 1 for sign in text)
                widths[at] = max(widths[at], signs, 8 if cell["chart"] else 0)
            at += cell["across"]
    return widths


@cache
def _shades() -> dict[str, str]:
    return dict(_SHADE.findall(_style_sheet()))


@cache
def _style_sheet() -> str:
    return files("jpsim.reporting").joinpath("templates", "report.css").read_text(encoding="utf-8")


@cache
def _chart_style() -> str:
    """Rules of the style sheet that charts need: those of single classes, with plain values."""
    lines = _style_sheet().split("@media (max-width")[0].splitlines()
    kept = [
        line for line in lines if re.match(r"(?:[a-z]+)?\.[\w-]", line) and "var(" not in line and ":hover" not in line
    ]
    return "\n".join(line for line in kept if re.search(r"fill|stroke|text-anchor|font-size|font-weight", line))
