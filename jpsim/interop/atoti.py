"""Scenario names and profit-and-loss vectors for Atoti Market Risk."""

from __future__ import annotations

import csv
from pathlib import Path

from jpsim.interop.calendar import month_end
from jpsim.interop.delimited import defused
from jpsim.interop.draws import PathSample, systematic_resample
from jpsim.interop.selection import Selection

__all__ = ["export_atoti"]

_NOTIONAL = 1_000_000.0

_README = """\
# Files for Atoti Market Risk

`Scenarios.csv`: `AsOfDate, ScenarioSet, Index, Scenario`; a scenario set for each scenario of the run, an index
from 0 for each path. `TradePnLs.csv`: a trade of {notional:,.0f} JPY in each equity series; `PnL` is the vector
of its profits after {month} months, in the order of the indices, separated by semicolons.

Paths are equally likely: where the run has weights, paths were resampled systematically by them, and some stand
more than once; `Scenario` names the path of the run.
"""

_TRADE_COLUMNS = (
    "AsOfDate", "TradeId", "ScenarioSet", "CalculationId", "RiskFactor", "RiskClass", "SensitivityName",
    "LiquidityHorizon", "Ccy", "MTM", "PnL",
)  # fmt: skip


def export_atoti(sample: PathSample, chosen: Selection, folder: Path) -> None:
    """Write `Scenarios.csv` and `TradePnLs.csv`."""
    as_of = month_end(sample.run.as_of).isoformat()
    with (
        (folder / "Scenarios.csv").open("w", encoding="utf-8", newline="") as names,
        (folder / "TradePnLs.csv").open("w", encoding="utf-8", newline="") as trades,
    ):
        name_rows, trade_rows = csv.writer(names, lineterminator="\n"), csv.writer(trades, lineterminator="\n")
        name_rows.writerow(("AsOfDate", "ScenarioSet", "Index", "Scenario"))
        trade_rows.writerow(_TRADE_COLUMNS)
        for scenario in chosen.scenarios:
            paths = systematic_resample(sample.weights(scenario))
            shown = defused(scenario)
            name_rows.writerows((as_of, shown, index, f"path {path}") for index, path in enumerate(paths))
            profits = _NOTIONAL * sample.at(scenario, chosen.month, chosen.series)[paths]
            for place, series in enumerate(chosen.series):
                vector = ";".join(f"{value:.2f}" for value in profits[:, place])
                told = (defused(series), shown, sample.run.run_id, defused(series), "Equity", "", "", "JPY")
                trade_rows.writerow((as_of, *told, f"{_NOTIONAL:.2f}", vector))
    text = _README.format(notional=_NOTIONAL, month=chosen.month)
    (folder / "README.md").write_text(text, encoding="utf-8")
