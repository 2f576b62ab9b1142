"""The facade: what the command line and Python users call. Each function is one task, start to end."""

from __future__ import annotations

from jpsim.api.execution import execute
from jpsim.api.judging import compare, compare_models, hedge, reverse, solve
from jpsim.api.preparing import outline, plan
from jpsim.api.reopening import Replay, reopen, replay
from jpsim.api.running import run, simulate, warm_up
from jpsim.api.scoring import backtest, store_backtest
from jpsim.api.storing import StoredRun, check_limits, keep_journal, store
from jpsim.conditioning.explaining import explain

__all__ = [
    "Replay",
    "StoredRun",
    "backtest",
    "check_limits",
    "compare",
    "compare_models",
    "execute",
    "explain",
    "hedge",
    "keep_journal",
    "outline",
    "plan",
    "reopen",
    "replay",
    "reverse",
    "run",
    "simulate",
    "solve",
    "store",
    "store_backtest",
    "warm_up",
]
