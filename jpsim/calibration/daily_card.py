"""The card of a daily model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jpsim.calibration.daily_equity import Exposure
from jpsim.calibration.daily_spread import WINDOWS, Spread
from jpsim.calibration.markdown import table
from jpsim.days import DAYS_PER_MONTH, DAYS_PER_YEAR
from jpsim.model.core import Model

__all__ = ["exposure_rows", "write_daily_card"]

_UNITS = {"level": (0.10, "+10bp"), "log100": (100 * np.log(1.1), "+10%")}


def write_daily_card(model: Model, exposures: Sequence[Exposure], spreads: Sequence[Spread]) -> str:
    """Return the card in Markdown.

    Parameters
    ----------
    model
        The daily model with its record.
    exposures
        What daily closes say of the observed series, beside what was carried over.
    spreads
        Spread over days and a month, of the model and of the data.
    """
    return "\n".join(
        [
            f"# {model.id} {model.version}: daily model of Japanese equities and their macro factors\n\n"
            f"# {model.id} {model.version}：日本株とマクロファクターの日次モデル\n",
            _overview(model),
            _limits(model),
            _factor_section(model),
            _equity_section(model, exposures),
            _spread_section(model, spreads),
            _provenance_section(model),
        ]
    )


def exposure_rows(model: Model, exposures: Sequence[Exposure]) -> list[tuple[str, str, str, str]]:
    """Rows of series, quantity, what was carried over, and what daily closes say."""
    rows = []
    for row in exposures:
        for place, (name, transform) in enumerate(zip(model.factors, model.transform, strict=True)):
            size, text = _UNITS[transform]
            carried, found = 100 * size * row.carried[place], 100 * size * row.found[place]
            rows.append((row.series, f"effect of {name} {text}, %", f"{carried:+.2f}", f"{found:+.2f}"))
        rows.append((row.series, "residual sd a day, %", f"{100 * row.carried_sd:.2f}", f"{100 * row.found_sd:.2f}"))
        rows.append((row.series, "sd a day, %", f"{100 * row.carried_total:.2f}", f"{100 * row.found_total:.2f}"))
    return rows


def _overview(model: Model) -> str:
    sample, base = model.meta["sample"], model.meta["base"]
    return f"""\
As of the close of Tokyo on {model.as_of} (day 0). {len(model.factors)} factors, one lag, {len(model.series)} base \
series and {len(model.aggregates)} aggregates. Sample {sample["first"]} to {sample["last"]}, discounted with a \
half-life of {sample["half_life_days"]:g} trading days ({sample["effective_days"]:.0f} effective days).

{model.as_of}の東京市場終値時点（第0日）。ファクター{len(model.factors)}、系列{len(model.series)}、集計{len(model.aggregates)}。\
推定期間は{sample["first"]}から{sample["last"]}、半減期{sample["half_life_days"]:g}営業日の割引付き。

- Estimated on daily closes: the factors' dynamics and covariance, the tails and the common volatility of the days, \
and exposures and residual risk of TOPIX and the Nikkei 225.
- Carried over from {base["id"]} {base["version"]}: long-run means of the factors, drifts, betas on TOPIX, all other \
loadings relative to those of TOPIX, residual correlations, and the tails of series' own residuals. One month counts \
{DAYS_PER_MONTH} days, a year {DAYS_PER_YEAR}.
- Closes of New York belong to the Tokyo day that first trades on them: `sp500`, `us_10y` and `vix` are those of the \
night before, also on day 0. `usdjpy` is noon in New York of the same date. A market that was shut keeps its last close.
- Tails, of the factors and of TOPIX's residual together: Student-t days with {model.nu:.1f} degrees of freedom; \
log-variance with persistence {model.sv_phi:.4f} and daily volatility {model.sv_sigma:.3f}, \
at {model.sv_start:+.2f} on day 0 (0 is its mean). {_skewness(model)}
"""


def _skewness(model: Model) -> str:
    if not model.skewed:
        return "Days are symmetric."
    low, high = model.meta["factors"]["skew_range"]
    return (
        f"Days are skewed: {model.skew_factor} is shifted by {model.skew_shift:+.2f} of its standard deviations (5 to "
        f"95%: {low:+.2f} to {high:+.2f}) per unit of the day's mixing variable less its mean, the others as they "
        "depend on it."
    )


def _limits(model: Model) -> str:
    return f"""\
## Limits of use / 利用上の制約

- For value at risk and stress tests over days to a few months. Over a year the monthly model is the one to trust: \
it has the policy rate, inflation, activity and flows, and parameter draws.
- No policy rate, no structural shocks, no regimes, no impulses and no posterior draws; stories that need them are \
refused by name.
- Sector, size, segment and theme numbers rest on monthly loadings: no daily history of theirs was used, and their \
daily tails are those of months.
- One variance moves for all factors and the market together; a day that hits one market alone is in the tails only.
- The sign of rate betas has changed before; the half-life of {model.meta["sample"]["half_life_days"]:g} days says \
how quickly a change would be noticed.
"""


def _factor_section(model: Model) -> str:
    sd = np.sqrt(np.diag(model.Sigma))
    rows = []
    for place, name in enumerate(model.factors):
        bp = model.transform[place] == "level"
        day = f"{100 * sd[place]:.1f}bp" if bp else f"{sd[place]:.2f}%"
        rows.append((name, f"{model.base_level[place]:.5g}", model.unit[place], day, f"{model.B[0, place, place]:.4f}"))
    cells = table(("factor", "day 0", "unit", "sd a day", "own lag"), rows)
    return f"## Factors / ファクター\n\n{cells}"


def _equity_section(model: Model, exposures: Sequence[Exposure]) -> str:
    cells = table(("series", "quantity", "carried over", "daily closes"), exposure_rows(model, exposures))
    return f"""\
## Equities against daily closes / 日次終値との比較

{cells}
The model has the values under daily closes: of regressions on windows of {model.meta["priors"]["equity"]["window"]} \
days, the residual sd a window's over the square root of its days; the sd a day is the data's own. Other series follow \
TOPIX by their beta, in exposures and in residual risk; what they do beside TOPIX is carried over by the square root \
of time.
"""


def _spread_section(model: Model, spreads: Sequence[Spread]) -> str:
    unit = {name: "bp" if kind == "level" else "%" for name, kind in zip(model.factors, model.transform, strict=True)}
    found: dict[str, list[str]] = {}
    for row in spreads:
        size = 100.0 if unit.get(row.name) == "bp" else 1.0
        found.setdefault(row.name, []).append(f"{size * row.model:.2f} ({size * row.data:.2f})")
    heads = [f"{days} day{'s' if days > 1 else ''}, model (data)" for days in WINDOWS]
    cells = table(("", "unit", *heads), [(name, unit.get(name, "%"), *texts) for name, texts in found.items()])
    return f"""\
## Over days and a month / 期間別の標準偏差

{cells}
Model: closed form at mean volatility. Data: overlapping windows with the discount of the sample. Equities have come \
back within weeks in this sample, which the model does not know: its one-month risk of equities is above that of the \
data, and above that of the monthly model.
"""


def _provenance_section(model: Model) -> str:
    base = model.meta["base"]
    rows = [("panel_daily.csv", model.meta["panel_sha256"]["panel_daily.csv"])]
    rows += [("priors", model.meta["priors_sha256"]), (f"{base['id']} {base['version']}", base["sha256"])]
    return "## Provenance / 来歴\n\n" + table(("input", "sha256"), rows)
