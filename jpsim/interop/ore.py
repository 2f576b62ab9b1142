"""Scenario files for the Open Source Risk Engine: a row per path and date, a column per risk factor key."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from jpsim.interop.calendar import month_end
from jpsim.interop.draws import PathSample, systematic_resample
from jpsim.interop.selection import Selection

__all__ = ["discount_factors", "export_ore"]

Floats = npt.NDArray[np.float64]

_SPOTS = {"usdjpy": "FXSpot/USDJPY/0", "sp500": "EquitySpot/SP500/0", "oil": "CommodityCurve/WTI/0"}
_PAR_TENORS = {"jgb_2y": 2.0, "jgb_10y": 10.0, "jgb_30y": 30.0}
_CURVE = "YieldCurve/JPY-JGB"
_CURVE_TENORS = (1, 2, 5, 10, 20, 30)
_BASE = 100.0  # an equity series has no level of its own: it stands at 100 in month 0

_README = """\
# Scenarios for ORE

`scenarios_<scenario>.csv` has the header that ORE's scenario writer gives its dumps and its reader of scenario
files expects: `Date,Scenario,Numeraire` and risk factor keys; all dates of a path follow one another.

- `FXSpot/USDJPY/0`: yen per dollar. `EquitySpot/SP500/0`, `CommodityCurve/WTI/0`: levels.
- `EquitySpot/<SERIES>/0`: price index of an equity series, 100 at the end of {as_of}.
- `YieldCurve/JPY-JGB/k`: discount factors for {tenors} years, bootstrapped from the par yields of 2, 10 and 30
  years (linear between them, flat below 2 years, half-yearly coupons).
- `Numeraire` is 1: paths follow the real-world law, no pricing measure.

Paths are equally likely: where the run has weights, paths were resampled systematically by them, and some stand
more than once. Without a key in ORE, and therefore not in the files: {left_out}.
"""


def export_ore(sample: PathSample, chosen: Selection, folder: Path) -> None:
    """Write one scenario file for each scenario."""
    for scenario in chosen.scenarios:
        _write_scenarios(sample, scenario, chosen, folder / f"scenarios_{scenario}.csv")
    carried = {*_SPOTS, *_PAR_TENORS}
    left_out = ", ".join(name for name in chosen.factors if name not in carried) or "none"
    tenors = ", ".join(map(str, _CURVE_TENORS))
    text = _README.format(as_of=sample.run.as_of, tenors=tenors, left_out=left_out)
    (folder / "README.md").write_text(text, encoding="utf-8")


def discount_factors(par: Floats, tenors: tuple[float, ...], wanted: tuple[int, ...]) -> Floats:
    """Bootstrap discount factors from par yields.

    Parameters
    ----------
    par
        (..., T) par yields in percent, half-yearly coupons.
    tenors
        T maturities in years, increasing; yields are linear between them and flat outside.
    wanted
        W maturities in whole years.

    Returns
    -------
    (..., W) discount factors: ``D_k = (1 - c_k / 2 sum_{j<k} D_j) / (1 + c_k / 2)``.
    """
    grid = np.arange(1, 2 * max(wanted) + 1) / 2
    weights = np.array([np.interp(grid, tenors, unit) for unit in np.eye(len(tenors))])
    coupons = par @ weights / 200
    factors, annuity = np.empty_like(coupons), np.zeros(coupons.shape[:-1])
    for k in range(grid.size):
        factors[..., k] = (1 - coupons[..., k] * annuity) / (1 + coupons[..., k])
        annuity = annuity + factors[..., k]
    chosen: Floats = factors[..., [2 * years - 1 for years in wanted]]
    return chosen


def _write_scenarios(sample: PathSample, scenario: str, chosen: Selection, path: Path) -> None:
    columns = _risk_factors(sample, scenario, chosen)
    keys = sorted(columns)
    values = np.stack([columns[key] for key in keys], axis=-1)[systematic_resample(sample.weights(scenario))]
    dates = [month_end(sample.run.as_of + month).isoformat() for month in range(1, sample.run.horizon + 1)]
    line = ",".join(["%.8f"] * len(keys))
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(",".join(["Date", "Scenario", "Numeraire", *keys]) + "\n")
        for number, months in enumerate(values, start=1):
            for date, row in zip(dates, months, strict=True):
                file.write(f"{date},{number},1.00000000,{line % tuple(row)}\n")


def _risk_factors(sample: PathSample, scenario: str, chosen: Selection) -> Mapping[str, Floats]:
    """(paths, h) values by risk factor key."""
    cube = dict(zip(chosen.outputs, np.moveaxis(sample.cube(scenario, chosen.outputs), 2, 0), strict=True))
    found = {key: cube[name].astype(float) for name, key in _SPOTS.items() if name in cube}
    found |= {f"EquitySpot/{name.upper()}/0": _BASE * (1.0 + cube[name].astype(float)) for name in chosen.series}
    if all(name in cube for name in _PAR_TENORS):
        par = np.stack([cube[name].astype(float) for name in _PAR_TENORS], axis=-1)
        curve = discount_factors(par, tuple(_PAR_TENORS.values()), _CURVE_TENORS)
        found |= {f"{_CURVE}/{place}": curve[..., place] for place in range(len(_CURVE_TENORS))}
    return found
