"""Backtests of a model's specification."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from jpsim.model.store import load_model

if TYPE_CHECKING:
    from jpsim.calibration.backtest import Backtest

__all__ = ["backtest", "store_backtest"]


def backtest(
    panel: str | Path,
    *,
    model: str | Path = "japan_monthly",
    priors: str | Path | None = None,
    overrides: Sequence[str] = (),
    origins: str | None = None,
    conditional: bool = False,
    draws: int = 1000,
    seed: int = 20260130,
    progress: Callable[[int, int], None] | None = None,
) -> Backtest:
    """Score a model's specification out of sample, against benchmarks; stores nothing.

    Parameters
    ----------
    panel
        A panel's folder, or its monthly file.
    model
        Model whose recorded priors and choices are estimated anew at each origin: an id or a folder.
    priors
        TOML file in their place.
    overrides
        ``key=value`` texts that replace single choices.
    origins
        ``first:last`` or ``first:last:step``, months at whose end forecasts are made; all if None.
    conditional
        Whether to leave out the forecasts that know no path of the factors.
    draws, seed
        Draws of each ensemble, and the seed of all randomness.
    progress
        Called with (done, total) after each origin.

    Raises
    ------
    InputError
        The panel, the model, a key or the origins are not what they should be, or the extra is not installed.
    """
    from jpsim.calibration.backtest import collect_sample, parse_origins, require_extra, roll
    from jpsim.calibration.panel import read_panel
    from jpsim.calibration.priors import change_priors, priors_of, read_priors

    require_extra()
    chosen = read_priors(Path(priors)) if priors is not None else priors_of(load_model(model))
    sample = collect_sample(read_panel(Path(panel)), change_priors(chosen, overrides))
    modes = ("conditional",) if conditional else ("unconditional", "conditional")
    months = parse_origins(origins, sample.last)
    return roll(sample, months, modes, draws=draws, seed=seed, on_origin=progress)


def store_backtest(found: Backtest, folder: str | Path) -> None:
    """Write a backtest into a new folder: ``scores``, ``energy`` and ``tails.parquet``, ``report.html``."""
    from jpsim.interop.backtest_scores import energy_table, score_table, tail_table
    from jpsim.reporting.backtest_report import render_backtest
    from jpsim.runs.parquet import write_table

    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    write_table(score_table(found), place / "scores.parquet")
    write_table(energy_table(found), place / "energy.parquet")
    write_table(tail_table(found), place / "tails.parquet")
    (place / "report.html").write_text(render_backtest(found), encoding="utf-8")
