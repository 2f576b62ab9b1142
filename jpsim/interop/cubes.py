"""A run as one labelled file: NetCDF for arrays, JSON for the web."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jpsim.dictionary import factors, series
from jpsim.errors import InputError, Problem
from jpsim.interop.draws import PathSample
from jpsim.interop.selection import Selection
from jpsim.simulation.result import STATISTICS

__all__ = ["export_json", "export_netcdf"]

_LARGEST = 2**32 - 4  # bytes of one variable of a 64-bit-offset file


def export_netcdf(sample: PathSample, chosen: Selection, folder: Path) -> None:
    """Write statistics, errors, paths and weights as one NetCDF file (64-bit offset), through xarray.

    Raises
    ------
    InputError
        If xarray is not installed, or the paths do not fit into the format.
    """
    outputs, scenarios = list(chosen.outputs), list(chosen.scenarios)
    cube = sample.run.to_xarray().sel(scenario=scenarios, series=outputs)
    size = 4 * len(scenarios) * sample.count * sample.run.horizon * len(outputs)
    if size > _LARGEST:
        most = f"--paths {sample.count * _LARGEST // size:,} at most, for what is chosen here"
        raise InputError(Problem(f"{size / 2**30:,.1f} GiB of paths do not fit into NetCDF", allowed=most))
    paths = np.stack([sample.cube(scenario, chosen.outputs) for scenario in scenarios])
    weights = np.stack([sample.weights(scenario) for scenario in scenarios])
    cube["paths"] = (("scenario", "path", "month", "series"), paths)
    cube["weight"] = (("scenario", "path"), weights)
    cube["paths"].attrs["note"] = (
        f"series: cumulative simple {sample.run.returns} returns since as_of; factors: levels in their unit"
    )
    cube["weight"].attrs["note"] = "probability of a path; sums to 1 for each scenario"
    cube.to_netcdf(folder / f"{sample.run.run_id}.nc", engine="scipy", format="NETCDF3_64BIT")


def export_json(sample: PathSample, chosen: Selection, folder: Path) -> None:
    """Write names, statistics and errors as one JSON file; safe inside a script element of a page."""
    run = sample.run
    titles = {scenario.id: scenario.title for scenario in sample.job.request.scenarios}
    rows = [run.outputs.index(output) for output in chosen.outputs]
    kept = np.ix_([run.scenarios.index(scenario) for scenario in chosen.scenarios], rows)
    content = {
        "schema": "jpsim/export@1",
        "run_id": run.run_id,
        "content_hash": run.content_hash,
        "as_of": str(run.as_of),
        "returns": run.returns,
        "months": [str(run.as_of + month) for month in range(1, run.horizon + 1)],
        "paths": run.manifest["paths"],
        "model": dict(run.manifest["model"]),
        "scenarios": [
            {"id": scenario, "title": title.model_dump() if (title := titles[scenario]) else {}}
            for scenario in chosen.scenarios
        ],
        "outputs": [_described(output, run.kinds[row]) for output, row in zip(chosen.outputs, rows, strict=True)],
        "axes": ["scenario", "output", "month"],
        "statistics": {name: _rounded(run.statistics[name][kept]) for name in STATISTICS},
        "errors": {name: _rounded(run.errors[name][kept]) for name in STATISTICS},
    }
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    (folder / f"{run.run_id}.json").write_text(text.replace("<", "\\u003c"), encoding="utf-8")


def _described(output: str, kind: str) -> dict[str, Any]:
    entry = factors().get(output) or series().get(output)
    unit = factors()[output].unit if output in factors() else "return"
    names = {"en": entry.name_en, "ja": entry.name_ja} if entry else {"en": output, "ja": output}
    return {"id": output, "kind": kind, "unit": unit, "name": names}


def _rounded(values: npt.NDArray[np.float64]) -> Any:
    """Nested lists of numbers with nine significant digits; JSON has no word for what is not finite: null."""
    if values.ndim:
        return [_rounded(part) for part in values]
    return float(f"{values:.9g}") if np.isfinite(values) else None
