"""A backtest for the terminal."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from jpsim.calibration.backtest import (
    BANDS,
    FORECASTERS,
    GROUPS,
    HORIZONS,
    REFERENCE,
    Backtest,
    Coverage,
    Scores,
    Standing,
    coverage_rows,
    standings,
    tail_rows,
    vector_rows,
)

__all__ = ["FORECASTER_NAMES", "GROUP_NAMES", "backtest_table"]

FORECASTER_NAMES = {
    "model": "model",
    "regression": "regression",
    "random_walk": "random walk",
    "garch_t": "GARCH-t",
    "bootstrap": "bootstrap",
}
GROUP_NAMES = {
    "topix": "TOPIX",
    "sector17": "17 (median)",
    "sector33": "33 (median)",
    "size": "sizes",
    "banks": "banks",
    "average": "average",
}
_CERTAIN = 0.05
_TAILS = "Below the 5% quantile, 1 month: share of all; p for TOPIX; series rejected"


def backtest_table(found: Backtest) -> RenderableType:
    """Lay a backtest out for a terminal: CRPS ratios, coverage, and tests of the tail, mode by mode."""
    parts: list[RenderableType] = [Text(f"{found.specification}; panel to {found.last}", style="dim"), Text()]
    for scores in found.scores.values():
        rows, covered = standings(scores), coverage_rows(scores)
        parts += [_ratios(scores, rows), Text()]
        parts += [_coverage(covered), Text(), _tails(scores, found.seed), Text()]
    parts.append(Text(_NOTE, style="dim"))
    return Group(*parts)


_NOTE = (
    "CRPS over the reference's: below 1 is better; * the model's CRPS differs from that forecaster's at 5% "
    "(Diebold-Mariano, Newey-West, Harvey-Leybourne-Newbold). Energy: joint score of the 17 sectors. Windows of 12 "
    "months overlap: there are about as many independent ones as years."
)


def _table(title: str, first: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False, title_justify="left")
    table.title = Text(title, style="bold")
    table.add_column(first, no_wrap=True)
    return table


def _ratios(scores: Scores, rows: list[Standing]) -> Table:
    first, last = scores.origins[0], scores.origins[-1]
    title = f"{scores.mode}, origins {first} to {last}: CRPS over the {FORECASTER_NAMES[REFERENCE[scores.mode]]}'s"
    table = _table(title, "")
    for group in (*GROUPS, "average"):
        table.add_column(GROUP_NAMES[group], justify="right", no_wrap=True)
    table.add_column("energy", justify="right")
    energy = vector_rows(scores, "energy")
    cells = {(row.horizon, row.forecaster, row.group): row for row in rows}
    for horizon in (months for months in HORIZONS if cells[months, "model", "topix"].origins):
        table.add_row(Text(_months(horizon), style="bold"))
        for name in FORECASTERS:
            written = [_ratio(cells[horizon, name, group]) for group in (*GROUPS, "average")]
            table.add_row(f"  {FORECASTER_NAMES[name]}", *written, f"{energy[horizon, name]:.3f}")
    return table


def _ratio(row: Standing) -> str:
    mark = "*" if row.against is not None and row.against.p < _CERTAIN else " "
    return f"{row.crps:.3f}{mark}" if row.crps == row.crps else "–"


def _coverage(rows: list[Coverage]) -> Table:
    table = _table(f"Share of outcomes inside the {', '.join(BANDS)} bands, %, 33 sectors", "")
    horizons = [months for months in HORIZONS if any(_known(row) for row in rows if row.horizon == months)]
    for months in horizons:
        table.add_column(_months(months), justify="right", no_wrap=True)
    shares = {(row.horizon, row.forecaster): row.shares for row in rows if row.group == "sector33"}
    for name in FORECASTERS:
        cells = [" ".join(f"{100 * share:3.0f}" for share in shares[months, name]) for months in horizons]
        table.add_row(FORECASTER_NAMES[name], *cells)
    return table


def _known(row: Coverage) -> bool:
    return row.shares[0] == row.shares[0]


def _months(count: int) -> str:
    return f"{count} month{'s' if count > 1 else ''}"


def _tails(scores: Scores, seed: int) -> Table:
    table = _table(_TAILS, "")
    for title in ("share", "Kupiec", "Christof-\nfersen", "Acerbi-\nSzékely", "Berkowitz"):
        table.add_column(title, justify="right")
    table.add_column("rejected", justify="right")
    for row in tail_rows(scores, seed):
        ps = [f"{verdict.p:.2f}" if verdict.p == verdict.p else "–" for verdict in row.topix]
        rejected = " ".join(str(count) for count in row.rejected)
        table.add_row(FORECASTER_NAMES[row.forecaster], f"{100 * row.hits:.1f}%", *ps, f"{rejected} of {row.series}")
    return table
