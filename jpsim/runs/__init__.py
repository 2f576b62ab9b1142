"""Keeping: the frozen `Run`, its folder on disk, and the catalogue of runs."""

from jpsim.runs.catalogue import RunEntry, find_run, gc_runs, list_runs, verify_run
from jpsim.runs.diagnostics import PolicyPath, ScenarioDiagnostics
from jpsim.runs.distribution import Distribution, HistogramSlice
from jpsim.runs.estimate import Estimate
from jpsim.runs.folder import load_run_folder, write_run_folder
from jpsim.runs.frames import Contributions
from jpsim.runs.journal import RunJournal, is_resumable, resume_journal
from jpsim.runs.manifest import run_identifier
from jpsim.runs.outcomes import Outcome, ScenarioResult, SeriesResult
from jpsim.runs.parquet import contribution_table
from jpsim.runs.portfolio import Breach, Component, Driver, Hedge, Portfolio
from jpsim.runs.record import Attribution, Run, gather

__all__ = [
    "Attribution",
    "Breach",
    "Component",
    "Contributions",
    "Distribution",
    "Driver",
    "Estimate",
    "Hedge",
    "HistogramSlice",
    "Outcome",
    "PolicyPath",
    "Portfolio",
    "Run",
    "RunEntry",
    "RunJournal",
    "ScenarioDiagnostics",
    "ScenarioResult",
    "SeriesResult",
    "contribution_table",
    "find_run",
    "gather",
    "gc_runs",
    "is_resumable",
    "list_runs",
    "load_run_folder",
    "resume_journal",
    "run_identifier",
    "verify_run",
    "write_run_folder",
]
