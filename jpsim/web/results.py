"""Stored runs as pages ask for them: plain JSON of what the folder holds."""

from __future__ import annotations

from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

import numpy as np

from jpsim.dictionary import factors
from jpsim.reporting.labels import GROUPS, label_of
from jpsim.reporting.story import scenario_stories
from jpsim.reporting.waterfall import driver_names
from jpsim.runs import Attribution, Run, list_runs, load_run_folder
from jpsim.runs.frames import summary_columns
from jpsim.runs.manifest import MANIFEST, read_manifest
from jpsim.web.refusals import Refusal, without_paths
from jpsim.web.wording import worded

__all__ = [
    "attribution",
    "catalogue",
    "decompositions",
    "describe",
    "distribution",
    "fan",
    "find_folder",
    "listed_file",
    "open_run",
    "summary",
]

Plain = dict[str, Any]

_FAN = ("q05", "q10", "q25", "q50", "q75", "q90", "q95", "mean")
_MEANS = "factor"
_DECOMPOSED = {"earnings": "log_growth", "var95": "var95", "es95": "es95"}
"""Decomposition -> what its contributions sum to: a difference from the reference, or the scenario's own log growth."""

_MOST_BINS = 128


def catalogue(out: Path) -> list[Plain]:
    """Entries of all runs in a folder, newest first."""
    rows = []
    for entry in reversed(list_runs(out)):
        row = entry.to_json()
        row["damage"] = None if entry.damage is None else without_paths(entry.damage)
        rows.append({key: value for key, value in row.items() if key != "path"})
    return rows


def find_folder(out: Path, run_id: str) -> Path:
    """The folder of a run; links that lead out of the folder of runs are not followed."""
    folder = out / run_id
    if not (folder / MANIFEST).is_file() or folder.resolve().parent != out.resolve():
        raise Refusal(HTTPStatus.NOT_FOUND, f"no run {run_id} is stored here")
    return folder


def listed_file(folder: Path, name: str) -> Path:
    """A file of a run, by the name under which its manifest lists it."""
    manifest = read_manifest(folder)
    path = folder / name
    if name not in manifest["files"] or path.is_symlink() or not path.is_file():
        raise Refusal(HTTPStatus.NOT_FOUND, "the run has no such file")
    return path


def open_run(out: Path, run_id: str) -> Run:
    """Load a run, or give the one that was loaded a little while ago if its manifest is still the same."""
    folder = find_folder(out, run_id)
    stamp = (folder / MANIFEST).stat()
    return _loaded(folder, stamp.st_mtime_ns, stamp.st_size)


@lru_cache(maxsize=4)
def _loaded(folder: Path, modified: int, size: int) -> Run:
    return load_run_folder(folder)


def describe(run: Run) -> Plain:
    """What a page needs before any number: scenarios, series, and the manifest without what pages do not show."""
    manifest = {key: value for key, value in run.manifest.items() if key not in ("files", "diagnostics", "scenarios")}
    return manifest | {
        "as_of": str(run.as_of),
        "step": run.step,
        "steps": list(run.steps),
        "reference": run.scenarios[0],
        "scenarios": [
            {
                "id": story.scenario,
                "title": {"en": story.title["en"], "ja": story.title["ja"]},
                "narrative": story.narrative,
                "sources": list(story.sources),
                "diagnostics": worded(run.diagnostics[story.scenario]),
            }
            for story in scenario_stories(run)
        ],
        "kinds": [{"id": kind, **GROUPS.get(kind, {"en": kind, "ja": kind})} for kind in dict.fromkeys(run.kinds)],
        "series": [_named(run, place) for place in range(len(run.outputs))],
        "attributions": decompositions(run),
        "returns": run.returns,
        "files": [{"name": name, **entry} for name, entry in run.manifest["files"].items()],
        "resolved": run.resolved,
    }


def _named(run: Run, place: int) -> Plain:
    """Names, unit and style of one output."""
    output, kind = run.outputs[place], run.kinds[place]
    style = label_of(output, kind, float(run.statistics["q50"][0, place, 0]))
    entry = factors().get(output) if kind == "factor" else None
    return {
        "id": output,
        "kind": kind,
        "en": style.name("en"),
        "ja": style.name("ja"),
        "unit": style.style.unit,
        "quantity": entry.quantity if entry else "return",
        "group": entry.group if entry else kind,
        "style": {name: getattr(style.style, name) for name in style.style.__slots__},
    }


def summary(run: Run, scenario: str, kind: str | None, month: int | None) -> list[Plain]:
    """Rows of the summary of one scenario, of all kinds and months or of one."""
    columns = summary_columns(run)
    chosen = columns["scenario"] == scenario
    chosen &= True if kind is None else columns["kind"] == kind
    chosen &= True if month is None else columns["month"] == month
    names, kept = list(columns), [values[chosen].tolist() for values in columns.values()]
    return [dict(zip(names, row, strict=True)) for row in zip(*kept, strict=True)]


def fan(run: Run, series: str) -> Plain:
    """Quantiles and mean of one output by month, for every scenario."""
    place = run.outputs.index(series)
    return {
        "series": _named(run, place),
        "months": list(run.steps),
        "scenarios": {
            name: {key: run.statistics[key][row, place].tolist() for key in _FAN}
            | {"mean_se": run.errors["mean"][row, place].tolist()}
            for row, name in enumerate(run.scenarios)
        },
    }


def distribution(run: Run, series: str, month: int) -> Plain:
    """Histograms of one output in one month, for every scenario."""
    place, when = run.outputs.index(series), run.place(month)
    slices = {name: run.distribution.slice(row, place, when) for row, name in enumerate(run.scenarios)}
    return {
        "series": _named(run, place),
        "month": month,
        "scenarios": {name: _histogram(one.edges, one.counts) for name, one in slices.items()},
    }


def _histogram(edges: Any, counts: Any) -> Plain:
    """Edges and density of the bins that hold something, neighbours merged to a number that can be drawn."""
    filled = np.flatnonzero(counts)
    first, last = int(filled[0]), int(filled[-1]) + 1
    step = -(-(last - first) // _MOST_BINS)
    starts = np.arange(first, last, step)
    merged = np.add.reduceat(counts[:last], starts)
    ends = np.append(edges[starts], edges[last])
    return {"edges": ends.tolist(), "density": (merged / counts.sum() / np.diff(ends)).tolist()}


def attribution(run: Run, scenario: str, series: str, month: int, by: str) -> Plain:
    """Drivers and contributions, which sum to the difference `of` something from the reference, or to log growth."""
    held = run.attribution if by == _MEANS else _decomposition(run, by)
    parts = held.parts(scenario, series, month)
    return {
        "by": by,
        "of": _DECOMPOSED.get(by, "mean"),
        "available": decompositions(run),
        "drivers": [{"driver": name, **driver_names(name), "contribution": value} for name, value in parts.items()],
        "total": sum(parts.values()),
    }


@lru_cache(maxsize=8)
def _decomposition(run: Run, by: str) -> Attribution:
    return Attribution.from_table(run.tables[f"attribution_{by}.parquet"])


def decompositions(run: Run) -> list[str]:
    """Ways in which the run has decomposed its differences."""
    stems = [name.removesuffix(".parquet") for name in run.tables if name.startswith("attribution_")]
    return [_MEANS] * bool(run.attribution.scenario) + [stem.removeprefix("attribution_") for stem in stems]
