"""Macro scenario simulation for Japanese equities.

A scenario in YAML becomes the joint distribution of macro factors and of the returns of TOPIX, its
sectors, sizes, market segments and themes.

Examples
--------
>>> import jpsim
>>> run = jpsim.run("configs/boj_hike.yaml")  # doctest: +SKIP
>>> run["boj_hike"]["banks"].at("6m").es(0.95)  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from jpsim._version import __version__

if TYPE_CHECKING:
    from jpsim.analysis.scenario_goal import Wish
    from jpsim.api import compare, compare_models, hedge, replay, reverse, run, simulate, solve, store
    from jpsim.conditioning.explaining import explain
    from jpsim.errors import InputError, JpsimError, LimitBreached, ResourceError, Stopped, UnsupportedError
    from jpsim.model.export import export_model
    from jpsim.model.store import load_model
    from jpsim.runs import Run, load_run_folder
    from jpsim.scenario import RunRequest, Scenario, load_run, load_scenario

__all__ = [
    "InputError",
    "JpsimError",
    "LimitBreached",
    "ResourceError",
    "Run",
    "RunRequest",
    "Scenario",
    "Stopped",
    "UnsupportedError",
    "Wish",
    "__version__",
    "compare",
    "compare_models",
    "explain",
    "export_model",
    "hedge",
    "load_model",
    "load_run",
    "load_run_folder",
    "load_scenario",
    "replay",
    "reverse",
    "run",
    "simulate",
    "solve",
    "store",
]

_MODULES = {
    "jpsim.analysis.scenario_goal": ("Wish",),
    "jpsim.api": ("compare", "compare_models", "hedge", "replay", "reverse", "run", "simulate", "solve", "store"),
    "jpsim.conditioning.explaining": ("explain",),
    "jpsim.errors": ("InputError", "JpsimError", "LimitBreached", "ResourceError", "Stopped", "UnsupportedError"),
    "jpsim.model.export": ("export_model",),
    "jpsim.model.store": ("load_model",),
    "jpsim.runs": ("Run", "load_run_folder"),
    "jpsim.scenario": ("RunRequest", "Scenario", "load_run", "load_scenario"),
}
_PLACES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that the command line starts quickly."""
    if name not in _PLACES:
        raise AttributeError(f"module 'jpsim' has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
