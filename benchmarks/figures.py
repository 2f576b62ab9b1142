"""What a benchmark found: ratios beside what is aimed at, as a table, as JSON and as a picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

__all__ = ["Figure", "draw_svg", "markdown_table", "print_figures", "read_json", "write_json", "write_page"]

BEGIN, END = "<!-- table: written by python -m benchmarks -->", "<!-- end of table -->"
BAR, ROW, LEFT = 300, 26, 470  # of the picture, in pixels
MET, MISSED = "#2c7fb8", "#d95f0e"


class Figure(NamedTuple):
    """One measured ratio or time.

    `aim` is what it should reach; with `more` at least that, otherwise at most. None: nothing is aimed at.
    """

    what: str
    measured: float
    aim: float | None = None
    more: bool = True

    @property
    def met(self) -> bool | None:
        """Whether the aim is reached; None where there is none."""
        if self.aim is None:
            return None
        return self.measured >= self.aim if self.more else self.measured <= self.aim

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """The row of the table."""
        aim = "none" if self.aim is None else f"{'≥' if self.more else '≤'} {self.aim:g}"
        return self.what, f"{self.measured:.3g}", aim, {None: "", True: "met", False: "**missed**"}[self.met]


def print_figures(figures: list[Figure]) -> None:
    """Print the table for a terminal."""
    for figure in figures:
        what, measured, aim, met = figure.cells
        print(f"{what:84s} {measured:>8s}   aim {aim:8s} {met.strip('*')}")


def markdown_table(figures: list[Figure]) -> str:
    """Write the table for the documentation."""
    rows = ["| what | measured | target | |", "|---|---|---|---|"]
    return "\n".join(rows + [f"| {' | '.join(figure.cells)} |".replace("|  |", "| |") for figure in figures])


def write_json(
    path: Path, machine: dict[str, str], figures: list[Figure], scaling: dict[str, dict[str, float]]
) -> None:
    """Keep everything that was measured, with the machine it was measured on."""
    content = {"machine": machine, "figures": [figure._asdict() for figure in figures], "scaling": scaling}
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_json(path: Path) -> list[Figure]:
    """Read the figures back."""
    return [Figure(**figure) for figure in json.loads(path.read_text(encoding="utf-8"))["figures"]]


def write_page(page: Path, figures: list[Figure]) -> None:
    """Replace the table between the two marks of a page."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    page.write_text(f"{before}{BEGIN}\n{markdown_table(figures)}\n{END}{after}", encoding="utf-8")


def draw_svg(figures: list[Figure]) -> str:
    """Draw how much of each aim is reached: bars past the line have met theirs."""
    shown = [figure for figure in figures if figure.aim is not None]
    height = ROW * len(shown) + 40
    line = LEFT + BAR / 2
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + BAR + 60} {height}" font-family="sans-serif" '
        'font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<line x1="{line}" y1="10" x2="{line}" y2="{height - 25}" stroke="black" stroke-dasharray="3 3"/>',
        f'<text x="{line}" y="{height - 8}" text-anchor="middle">target (bars end at twice the target)</text>',
    ]
    for place, figure in enumerate(shown):
        assert figure.aim is not None
        reached = figure.measured / figure.aim if figure.more else figure.aim / figure.measured
        y, width = ROW * place + 12, min(reached, 2.0) * BAR / 2
        colour = MET if figure.met else MISSED
        name = figure.what.replace("&", "&amp;").replace("<", "&lt;")
        parts.append(f'<text x="{LEFT - 8}" y="{y + 13}" text-anchor="end">{name}</text>')
        parts.append(f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="18" fill="{colour}"/>')
        parts.append(f'<text x="{LEFT + BAR + 6}" y="{y + 13}">{figure.measured:.3g}</text>')
    return "\n".join([*parts, "</svg>\n"])
