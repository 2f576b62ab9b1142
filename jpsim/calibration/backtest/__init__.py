"""Rolling-origin backtests of the model against benchmarks."""

from jpsim.calibration.backtest.asking import parse_origins, require_extra
from jpsim.calibration.backtest.rolling import CONDITIONAL_FROM, FORECASTERS, MODES, UNCONDITIONAL_FROM, Backtest, roll
from jpsim.calibration.backtest.sample import Sample, collect_sample
from jpsim.calibration.backtest.scores import BANDS, BOUNDS, HORIZONS, MEASURES, Scores
from jpsim.calibration.backtest.standings import (
    GROUPS,
    REFERENCE,
    Coverage,
    Standing,
    TailRow,
    coverage_rows,
    relative_losses,
    standings,
    tail_rows,
    vector_rows,
)

__all__ = [
    "BANDS",
    "BOUNDS",
    "CONDITIONAL_FROM",
    "FORECASTERS",
    "GROUPS",
    "HORIZONS",
    "MEASURES",
    "MODES",
    "REFERENCE",
    "UNCONDITIONAL_FROM",
    "Backtest",
    "Coverage",
    "Sample",
    "Scores",
    "Standing",
    "TailRow",
    "collect_sample",
    "coverage_rows",
    "parse_origins",
    "relative_losses",
    "require_extra",
    "roll",
    "standings",
    "tail_rows",
    "vector_rows",
]
