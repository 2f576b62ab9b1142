"""The offline report of a backtest: one HTML file without scripts, pictures as SVG."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from jpsim.calibration.backtest import (
    FORECASTERS,
    HORIZONS,
    REFERENCE,
    Backtest,
    Coverage,
    Scores,
    Standing,
    TailRow,
    coverage_rows,
    standings,
    tail_rows,
    vector_rows,
)
from jpsim.reporting.backtest_charts import (
    Bars,
    Lines,
    Points,
    coverage_points,
    cumulative_lines,
    pit_bars,
    ratio_points,
)
from jpsim.reporting.backtest_table import FORECASTER_NAMES, GROUP_NAMES
from jpsim.reporting.html import template_text

__all__ = ["render_backtest"]


@dataclass(frozen=True, slots=True)
class _Section:
    """What the report says about one mode."""

    scores: Scores
    reference: str
    ratios: Points
    coverage: Points
    pits: tuple[Bars, ...]
    sums: tuple[Lines, ...]
    rows: list[tuple[int, str, list[Standing], list[float]]]
    covered: list[tuple[int, str, list[Coverage]]]
    tails: list[TailRow]


def render_backtest(found: Backtest) -> str:
    """Render the report of a backtest: a whole HTML document that makes no request; the same scores, the same bytes."""
    style = template_text("report.css") + template_text("backtest.css")
    environment = Environment(
        loader=PackageLoader("jpsim.reporting"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("backtest.html.j2").render(
        found=found,
        style=Markup(style),  # files of this package
        style_digest=b64encode(sha256(style.encode()).digest()).decode(),
        sections=[_section(scores, found.seed) for scores in found.scores.values()],
        groups=GROUP_NAMES,
        forecasters=FORECASTER_NAMES,
    )


def _section(scores: Scores, seed: int) -> _Section:
    against = REFERENCE[scores.mode]
    name = FORECASTER_NAMES[against]
    joint = [vector_rows(scores, measure) for measure in ("energy", "variogram")]
    stood, covered = standings(scores), coverage_rows(scores)
    ended = {row.horizon for row in stood if row.origins}
    places = [(horizon, forecaster) for horizon in HORIZONS if horizon in ended for forecaster in FORECASTERS]
    return _Section(
        scores=scores,
        reference=against,
        ratios=ratio_points(scores, "model", f"Model: CRPS over the {name}'s"),
        coverage=coverage_points(scores, "model", "Model: outcomes inside the 50, 80 and 90% bands"),
        pits=(
            pit_bars(scores, "model", 1, "Model: probabilities of less than what came, 1 month"),
            pit_bars(scores, "model", 12, "The same, 12 months"),
        ),
        sums=(
            cumulative_lines(scores, against, 1, f"Sum of the model's CRPS less the {name}'s, 1 month"),
            cumulative_lines(scores, against, 12, "The same, 12 months"),
        ),
        rows=[
            (
                at,
                who,
                [row for row in stood if (row.horizon, row.forecaster) == (at, who)],
                [found[at, who] for found in joint],
            )
            for at, who in places
        ],
        covered=[
            (at, who, [row for row in covered if (row.horizon, row.forecaster) == (at, who)]) for at, who in places
        ],
        tails=tail_rows(scores, seed),
    )
