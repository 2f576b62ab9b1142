"""A run whose every number is known in closed form: normal factors, shifted lognormal equity returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.stats import norm

from jpsim.months import Month
from jpsim.runs import Attribution, Run, gather
from jpsim.simulation.result import Histogram, ScenarioSample

PATHS = 100_000
HORIZON = 12
MONTHS = np.arange(1, HORIZON + 1)

# id: level at month 0, baseline mean and sd 12 months ahead, change of that mean in the hike
FACTORS = {
    "jgb_2y": (1.24, 1.55, 0.31, 0.35),
    "jgb_10y": (2.24, 2.35, 0.42, 0.30),
    "jgb_30y": (3.65, 3.70, 0.45, 0.20),
    "usdjpy": (154.2, 153.5, 14.5, -1.6),
    "us_policy_rate": (3.75, 3.4, 0.6, 0.0),
    "us_10y": (4.24, 4.2, 0.74, 0.03),
    "sp500": (6939.0, 7350.0, 1060.0, -25.0),
    "semiconductors": (100.0, 104.0, 18.0, -0.5),
    "usd_broad": (118.2, 117.5, 5.6, -0.4),
    "oil": (65.2, 66.0, 23.0, 0.4),
    "vix": (17.4, 18.9, 6.1, 0.3),
    "foreign_flow": (0.55, 0.2, 1.1, -0.05),
    "japan_activity": (0.31, 0.2, 0.8, -0.1),
    "core_cpi": (2.0, 1.9, 0.6, -0.05),
    "wages": (2.6, 2.7, 0.9, -0.02),
    "policy_uncertainty": (132.0, 128.0, 42.0, 3.0),
    "boj_policy_shadow": (0.75, 1.15, 0.27, 0.34),
    "boj_policy_rate": (0.75, 1.15, 0.28, 0.35),
}

SECTOR33 = (
    "fishery_agri", "mining", "construction", "foods", "textiles", "pulp_paper", "chemicals", "pharma", "oil_coal",
    "rubber", "glass_ceramics", "iron_steel", "nonferrous", "metal_products", "machinery", "electric_appliances",
    "transport_equip", "precision", "other_products", "electric_gas", "land_transport", "marine_transport",
    "air_transport", "warehousing", "info_comm", "wholesale", "retail", "banks", "securities", "insurance",
    "other_financing", "real_estate", "services",
)  # fmt: skip
SECTOR17 = (
    "foods", "energy", "construction", "chemicals", "pharma", "autos", "steel_nonferrous", "machinery",
    "electric_precision", "it_services", "utilities", "transport", "trading", "retail", "banks",
    "financials_ex_banks", "real_estate",
)  # fmt: skip
SIZES, SEGMENTS = ("core30", "large70", "mid400", "small"), ("prime", "standard", "growth")
THEMES = (
    "defence", "shipbuilding", "robotics", "semiconductors_ai", "critical_minerals", "megabanks", "regional_banks",
    "exporters", "domestic_demand",
)  # fmt: skip
HIKE = {"banks": 0.055, "financials_ex_banks": 0.03, "real_estate": -0.045, "autos": -0.015, "growth": -0.03}

SERIES = (
    [(f"tse33_{name}", "sector33") for name in SECTOR33]
    + [(name, "size") for name in SIZES]
    + [(name, "segment") for name in SEGMENTS]
    + [("nikkei225", "index")]
    + [(name, "theme") for name in THEMES]
    + [("topix", "index")]
    + [(name, "sector17") for name in SECTOR17]
    + [("tse_all", "index")]
)
OUTPUTS = tuple(FACTORS) + tuple(name for name, _ in SERIES)
KINDS = ("factor",) * len(FACTORS) + tuple(kind for _, kind in SERIES)
LEVELS = {"q01": 0.01, "q05": 0.05, "q10": 0.1, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q90": 0.9, "q95": 0.95,
          "q99": 0.99}  # fmt: skip

RESOLVED = """\
schema: jpsim/run@1
scenarios:
  - id: baseline
    title: {en: "House baseline", ja: "基本シナリオ"}
    narrative: Rates follow the path that yields price; TOPIX earns ten percent.
  - id: boj_hike
    title: {en: "BOJ hikes to 1.50% in a year", ja: "日銀、1年で1.50%へ利上げ"}
    narrative: The policy rate rises by 25bp at three meetings. Banks earn more, small companies pay more.
    sources: ["Statement on monetary policy, January 2026"]
model: japan_monthly
horizon: 12m
paths: 100_000
seed: 20260130
"""

_PRICED = [0.77, 0.80, 0.83, 0.86, 0.90, 0.94, 0.98, 1.01, 1.05, 1.08, 1.12, 1.15]
_HIKE = [0.75, 0.75, 1.00, 1.00, 1.00, 1.25, 1.25, 1.25, 1.25, 1.25, 1.25, 1.50]

DIAGNOSTICS: dict[str, dict[str, Any]] = {
    "baseline": {
        "plausibility": {"rows": 0, "distance": 0.0, "percentile": 1.0, "share": None},
        "assumptions": [
            {"series": "topix", "when": "2027-01", "statement": "mean +10.0% (view, absorbed by the equity premium)"},
        ],
        "start": {name: entry[0] for name, entry in FACTORS.items()},
        "warnings": [],
    },
    "boj_hike": {
        "plausibility": {
            "rows": 13,
            "distance": 8.42,
            "percentile": 0.81,
            "terminal_rows": 2,
            "terminal_percentile": 0.22,
            "largest_shock": 1.34,
            "largest_shock_month": 3,
            "relative_entropy": None,
            "share": 0.22,
        },
        "assumptions": [
            *(
                {
                    "series": "boj_policy_rate",
                    "when": str(Month(2026, 1) + month),
                    "statement": f"{level:g} in {Month(2026, 1) + month}",
                }
                for month, level in enumerate(_HIKE, start=1)
            ),
            {"series": "jgb_10y", "when": "2027-01", "statement": "2.64 in 2027-01 (marginal, sd 0.25)"},
            {"series": "equity premium", "when": "", "statement": "the monthly shift that baseline implies"},
        ],
        "start": {name: entry[0] for name, entry in FACTORS.items()},
        "policy_path": {
            "priced": _PRICED,
            "scenario": _HIKE,
            "surprise": [round(hike - priced, 4) for hike, priced in zip(_HIKE, _PRICED, strict=True)],
        },
        "costs": [
            {"row": "boj_policy_rate 1.25 in 2026-07", "share": 3.91, "surprise": 2.10},
            {"row": "jgb_10y 2.64 in 2027-01 (marginal, sd 0.25)", "share": 2.17, "surprise": 0.44},
            {"row": "boj_policy_rate 1.5 in 2027-01", "share": 1.66, "surprise": 1.21},
        ],
        "shocks": [
            {"factor": "jgb_2y", "month": 3, "sd": 1.34},
            {"factor": "boj_policy_shadow", "month": 6, "sd": 1.02},
            {"factor": "usdjpy", "month": 3, "sd": -0.41},
        ],
        "warnings": ["the policy path lies 35bp above what yields price at 12 months"],
    },
}

MANIFEST: dict[str, Any] = {
    "run_id": "20260130T101500Z-1a2b3c4d",
    "created_utc": "2026-01-30T10:15:00Z",
    "content_hash": "1a2b3c4d" * 8,
    "seed": 20260130,
    "rng": "threefry2x64-20",
    "paths": PATHS,
    "horizon": HORIZON,
    "scenarios": ["baseline", "boj_hike"],
    "model": {"id": "japan_monthly", "version": "1.0.0", "sha256": "c0ffee00" * 8, "as_of": "2026-01"},
    "versions": {"jpsim": "0.1.0", "numpy": "2.4.0"},
    "machine": {"cpu": "x86_64", "cores": 2},
    "timing": {"simulation_seconds": 0.61},
}


def synthetic_run(
    *, resolved: str = RESOLVED, manifest: Mapping[str, Any] = MANIFEST, weights: Mapping[str, Any] | None = None
) -> Run:
    """Two scenarios, 18 factors, 69 series, 12 months."""
    samples = [_sample("baseline", hike=False), _sample("boj_hike", hike=True)]
    return gather(
        samples,
        outputs=OUTPUTS,
        kinds=KINDS,
        as_of=Month(2026, 1),
        manifest=manifest,
        resolved=resolved,
        diagnostics=DIAGNOSTICS,
        attribution=_attribution(samples),
        weights=weights,
    )


MEMBERS = [
    {
        "scenario": name,
        "weight": weight,
        "plausibility": {"rows": 2, "distance": 2.0, "percentile": 0.37, "terminal_percentile": 0.37, "share": 0.37},
        "costs": [{"row": "usdjpy 169.18 in 2027-01 (marginal, sd 3.64%)", "share": 1.5, "surprise": 1.0}],
        "bands": {"usdjpy": {"mean": [155.0, level]}, "jgb_10y": {"mean": [2.3, 2.4]}},
    }
    for name, weight, level in (("yen_slide", 0.6, 169.2), ("yen_surge", 0.4, 139.9))
]

BOOK_RUN = """\
limits:
- {series: topix, at: 12m, es95: 15%}
- {series: topix, at: 2026-07, var99: 90%}
"""


def many_scenarios(count: int, drivers: int = 20) -> Run:
    """As many scenarios, all but the first alike, with an attribution as large as that of a real run."""
    hike = _sample("boj_hike", hike=True)
    names = ["baseline", *(f"hike_{place}" for place in range(1, count))]
    samples = [
        replace(hike if place else _sample("baseline", hike=False), scenario=name) for place, name in enumerate(names)
    ]
    difference = hike.statistics["mean"] - samples[0].statistics["mean"]
    rows = [
        (scenario, name, int(month), f"driver_{driver}", float(difference[OUTPUTS.index(name), month - 1]) / drivers)
        for scenario in names[1:]
        for name, _ in SERIES
        for month in MONTHS
        for driver in range(drivers)
    ]
    told = {name: DIAGNOSTICS["boj_hike" if place else "baseline"] for place, name in enumerate(names)}
    return gather(
        samples, outputs=OUTPUTS, kinds=KINDS, as_of=Month(2026, 1), manifest={**MANIFEST, "scenarios": names},
        resolved=RESOLVED, diagnostics=told, attribution=Attribution(*zip(*rows, strict=True)),
    )  # fmt: skip


def _attribution(samples: list[ScenarioSample]) -> Attribution:
    """Three drivers that share the difference of the means, and what rounding leaves."""
    difference = samples[1].statistics["mean"] - samples[0].statistics["mean"]
    shares = {"jgb_10y": 1.5, "jgb_2y": -0.75, "usdjpy": 0.25, "oil": 0.0, "monte_carlo": 0.0}
    rows = [
        ("boj_hike", name, month, driver, share * float(difference[OUTPUTS.index(name), month - 1]))
        for name, _ in SERIES
        for month in (6, 12)
        for driver, share in shares.items()
    ]
    return Attribution(*zip(*rows, strict=True))


def law_of(output: str, *, hike: bool) -> tuple[np.ndarray, np.ndarray, float]:
    """Mean and sd (h,) of the normal law behind an output, and its level at month 0.

    A factor is normal; one plus an equity return is the exponential of that normal.
    """
    if output in FACTORS:
        start, mean, sd, change = FACTORS[output]
        loc = start + (mean - start + change * hike) * MONTHS / 12
        scale = sd * np.sqrt(MONTHS / 12)
        if output == "boj_policy_rate" and hike:
            loc, scale = np.array(_HIKE), np.zeros(HORIZON)
        return loc, scale, start
    rank = OUTPUTS.index(output)
    yearly = 0.15 + 0.10 * ((7 * rank) % 11) / 11 if output != "topix" else 0.165
    mean = 0.10 if output in ("topix", "nikkei225", "tse_all") else 0.06 + 0.08 * ((5 * rank) % 13) / 13
    mean += HIKE.get(output.removeprefix("tse33_"), -0.004) if hike else 0.0
    return (np.log1p(mean) - yearly**2 / 2) * MONTHS / 12, yearly * np.sqrt(MONTHS / 12), 0.0


def _sample(scenario: str, *, hike: bool) -> ScenarioSample:
    laws = [_statistics(output, hike) for output in OUTPUTS]
    statistics = {name: np.stack([law[0][name] for law in laws]) for name in laws[0][0]}
    errors = {name: np.stack([law[1][name] for law in laws]) for name in laws[0][1]}
    counts = np.stack([law[2] for law in laws])
    low, high = (np.stack([law[place] for law in laws]) for place in (3, 4))
    return ScenarioSample(scenario, PATHS, float(PATHS), statistics, errors, Histogram(low, high, counts, counts))


def _statistics(output: str, hike: bool) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], Any, Any, Any]:
    loc, scale, start = law_of(output, hike=hike)
    equity = output not in FACTORS
    value = (lambda x: np.expm1(x)) if equity else (lambda x: x)
    mean = np.expm1(loc + scale**2 / 2) if equity else loc
    sd = (1 + mean) * np.sqrt(np.expm1(scale**2)) if equity else scale
    found = {"mean": mean, "sd": sd} | {name: value(loc + norm.ppf(q) * scale) for name, q in LEVELS.items()}
    for level in (0.95, 0.99):
        z = norm.ppf(1 - level)
        tail = (
            np.exp(loc + scale**2 / 2) * norm.cdf(z - scale) / (1 - level) - 1
            if equity
            else loc - scale * norm.pdf(z) / (1 - level)
        )
        found[f"var{100 * level:.0f}"] = start - value(loc + z * scale)
        found[f"es{100 * level:.0f}"] = start - tail
    spread = np.where(scale > 0, scale, 1.0)
    found["p_loss"] = np.where(scale > 0, norm.cdf(((0.0 if equity else start) - loc) / spread), loc < start) * 1.0
    errors = {name: sd / np.sqrt(PATHS) * _error_factor(name) for name in found}
    errors["p_loss"] = np.sqrt(found["p_loss"] * (1 - found["p_loss"]) / PATHS)
    low, high = value(loc - 6 * spread), value(loc + 6 * spread)
    return found, errors, _counts(loc, scale, low, high, equity), low, high


def _error_factor(name: str) -> float:
    if name in LEVELS:
        q = LEVELS[name]
        return float(np.sqrt(q * (1 - q)) / norm.pdf(norm.ppf(q)))
    return {"mean": 1.0, "sd": 0.71, "var95": 2.11, "es95": 2.6, "var99": 3.74, "es99": 4.9, "p_loss": 0.5}[name]


def _counts(loc: np.ndarray, scale: np.ndarray, low: np.ndarray, high: np.ndarray, equity: bool) -> np.ndarray:
    """Counts of 100,000 paths in 1,024 bins, rounded so that they add up."""
    edges = np.linspace(low, high, 1025, axis=-1)
    edges = np.log1p(edges) if equity else edges
    spread = np.where(scale > 0, scale, 1e-9)[:, None]
    return np.diff(np.round(PATHS * norm.cdf((edges - loc[:, None]) / spread)), axis=-1)
