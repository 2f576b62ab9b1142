"""The offline report of a run: one HTML file without scripts, for a committee.

Charts are drawn as SVG when the report is built and the languages are switched by the style sheet alone,
so that the file also works in mail previews and on paper, and its security policy can forbid every script.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from jpsim.reporting.charts import FanChart, StepChart, fan_chart, step_chart
from jpsim.reporting.earnings_section import earnings_table
from jpsim.reporting.figures import Cell, Row, equity_rows, factor_rows, headline, largest_changes
from jpsim.reporting.labels import LANGUAGES, Label, group_name, label_of
from jpsim.reporting.reasons import Reasons, attribution_reasons
from jpsim.reporting.story import ScenarioStory, scenario_stories, vocabulary
from jpsim.reporting.waterfall import Waterfall, waterfall_charts
from jpsim.runs import Run

__all__ = ["render_report"]

_HEADLINES = ("topix", "nikkei225", "usdjpy", "jgb_10y", "boj_policy_rate")
_SHOWN = 5
_LATENT = ("boj_policy_shadow",)
_PLAUSIBILITY_FIGURES = (
    "rows", "distance", "percentile", "terminal_rows", "terminal_percentile", "largest_shock",
    "largest_shock_month", "departure", "beyond_history", "relative_entropy", "range_probability",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Section:
    """What the report says about one scenario."""

    story: ScenarioStory
    headlines: tuple[tuple[Label, dict[str, Cell]], ...]
    gains: list[Row]
    losses: list[Row]
    assumptions: tuple[tuple[str, ...], list[list[Any]]]
    policy: StepChart | None
    policy_rows: Mapping[str, Sequence[float]]
    plausibility: Mapping[str, Any]
    share: float | None
    verdict: str
    effective: float
    warnings: Sequence[str]
    costs: Sequence[Mapping[str, Any]]
    shocks: list[tuple[Label, int, float]]
    charts: tuple[FanChart, ...]
    reasons: Reasons | None
    waterfalls: tuple[Waterfall, ...]


def render_report(run: Run, languages: Sequence[str] = LANGUAGES) -> str:
    """Render the report of a run; the same run gives the same bytes.

    Parameters
    ----------
    run
        The run, in memory or loaded from its folder.
    languages
        ``en``, ``ja`` or both; the first one is shown first.

    Returns
    -------
    str
        A whole HTML document that needs no other file and makes no request.
    """
    style = _template_text("report.css")
    digest = b64encode(sha256(style.encode()).digest()).decode()
    last = run.horizon
    shown = [scenario for scenario in range(len(run.scenarios)) if scenario > 0 or len(run.scenarios) == 1]
    return _environment().get_template("report.html.j2").render(
        run=run,
        manifest=run.manifest,
        languages=tuple(languages),
        style=Markup(style),  # a file of this package
        style_digest=digest,
        words=vocabulary(),
        sections=[_section(run, scenario) for scenario in range(len(run.scenarios))],
        shown=shown,
        months=[str(run.as_of + month) for month in range(1, last + 1)],
        equities=equity_rows(run, ("index", "portfolio", "size", "segment", "sector17"), last),
        details=equity_rows(run, ("sector33", "theme"), last),
        factors=[row for row in factor_rows(run, last) if row.label.output not in _LATENT],
        starts=_starts(run),
        group_name=group_name,
        earnings=earnings_table(run),
    )  # fmt: skip


def _section(run: Run, scenario: int) -> _Section:
    told = run.diagnostics[run.scenarios[scenario]]
    plausibility = told.get("plausibility", {})
    gains, losses = largest_changes(run, scenario, run.horizon) if scenario else ([], [])
    path = told.get("policy_path", {})
    kinds = dict(zip(run.outputs, run.kinds, strict=True))
    return _Section(
        story=scenario_stories(run)[scenario],
        headlines=tuple(
            headline(run, scenario, output, kinds[output], run.horizon) for output in _HEADLINES if output in kinds
        ),
        gains=gains,
        losses=losses,
        assumptions=_assumption_rows(told.get("assumptions", ())),
        policy=_policy_chart(run, told) if path else None,
        policy_rows=path,
        plausibility={name: plausibility[name] for name in _PLAUSIBILITY_FIGURES if plausibility.get(name) is not None},
        share=_share(plausibility),
        verdict=_verdict(_share(plausibility)),
        effective=float(told["effective_sample"]),
        warnings=told.get("warnings", ()),
        costs=[cost for cost in told.get("costs", ()) if abs(cost["share"]) >= 0.005][:_SHOWN],
        shocks=[(_named(shock["factor"]), shock["month"], shock["sd"]) for shock in told.get("shocks", ())[:_SHOWN]],
        charts=_charts(run, scenario, told.get("start", {})),
        reasons=attribution_reasons(run, run.scenarios[scenario], run.horizon) if scenario else None,
        waterfalls=waterfall_charts(run, scenario) if scenario else (),
    )


def _charts(run: Run, scenario: int, start: Mapping[str, float]) -> tuple[FanChart, ...]:
    factors = [output for output in run.of_kind("factor") if output not in _LATENT]
    charts = [fan_chart(run, scenario, "topix", label_of("topix", "index"), 0.0)] if "topix" in run.outputs else []
    for output in factors:
        known = start.get(output)
        median = float(run.statistics["q50"][0, run.outputs.index(output), 0])
        charts.append(fan_chart(run, scenario, output, label_of(output, "factor", median), known))
    return tuple(charts)


def _policy_chart(run: Run, told: Mapping[str, Any]) -> StepChart:
    path = told["policy_path"]
    start = told.get("start", {}).get("boj_policy_rate", path["scenario"][0])
    return step_chart(run.as_of, path["priced"], path["scenario"], start)


def _assumption_rows(assumptions: Sequence[str | Mapping[str, Any]]) -> tuple[tuple[str, ...], list[list[Any]]]:
    """Columns and rows; the column ``series`` holds labels so that it can be shown in both languages."""
    told = _joined([row if isinstance(row, Mapping) else {"statement": row} for row in assumptions])
    columns = tuple(dict.fromkeys(key for row in told for key in row))
    rows = [[_named(row.get(key, "")) if key == "series" else row.get(key, "") for key in columns] for row in told]
    return columns, rows


def _joined(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Join neighbouring rows that say the same of one series in one month after another."""
    joined: list[dict[str, Any]] = []
    for row in rows:
        when = str(row.get("when", ""))
        said = dict(row) | {"statement": str(row.get("statement", "")).replace(f" in {when}", "")}
        last = joined[-1] if joined else {}
        if when and all(last.get(key) == said[key] for key in said if key != "when"):
            last["when"] = f"{last['when'].split(' – ')[0]} – {when}"
        else:
            joined.append(said)
    return joined


def _named(output: str) -> Label:
    label = label_of(output, "factor")
    return label if label.names["en"] != output else label_of(output, "series")


def _share(plausibility: Mapping[str, Any]) -> float | None:
    """Smaller of the two tail probabilities: filled-in paths dilute the first; None without conditions."""
    if not plausibility.get("rows"):
        return None
    return float(min(plausibility["percentile"], plausibility.get("terminal_percentile", 1.0)))


def _verdict(share: float | None) -> str:
    """Word for how far the scenario lies from the model's expectation; empty without conditions."""
    if share is None:
        return ""
    limits = ((0.25, "ordinary"), (0.05, "unusual"), (0.01, "rare"))
    return next((word for limit, word in limits if share >= limit), "implausible")


def _starts(run: Run) -> dict[str, str]:
    """Levels of the factors at month 0 in the reference scenario, as text."""
    start = run.diagnostics[run.scenarios[0]].get("start", {})
    return {output: label_of(output, "factor", value).style.level(value) for output, value in start.items()}


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("jpsim.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["figure"] = _figure_text
    return environment


def _figure_text(value: Any) -> str:
    """Write a figure of the plausibility card or a run's metadata."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def _template_text(name: str) -> str:
    return files("jpsim.reporting").joinpath("templates", name).read_text(encoding="utf-8")
