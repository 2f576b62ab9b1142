"""The model card: what the model is, what it says, what supports it, and what it must not be used for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from jpsim.calibration.markdown import table
from jpsim.calibration.outlook import FactorRow, LoadingRow, SeriesRow, SignRow
from jpsim.model.core import Model

__all__ = ["write_card"]

_LIMITS = """\
- Scenario analysis and stress tests over 1 to 36 months. It is not a forecast of returns: out of sample the factors
  are hardly predictable, and the drift of equities is a prior.
- Month 0 is fixed. Weights of sectors, sizes and segments are those of the dates above; later reviews are not in it.
- Monthly data. What happens within a month, on meeting days or in a squeeze is not in it.
- The discount makes the recent regime count most: the sign of the rate betas changed about 2021 and may again.
- Baskets of sectors, sizes, segments and themes before the exchange's own histories are constructed from today's
  members: good for betas and covariances, useless for means; no mean of theirs is used.
- Standard rests on 43 larger names; Growth chains three sources. Their numbers are the least certain.
- The policy rate follows the two-year yield through a bridge whose coefficients are mostly judgement.
- Nothing about `fiscal_impulse` is estimated; its chapter says what is assumed. The tables above it leave it out.
- Structural shocks are identified by judgement on signs and sizes; their bands are wide, and a story that needs many
  standard deviations of one of them is outside what the data have seen.
"""


def write_card(
    model: Model,
    factors: Sequence[FactorRow],
    series: Sequence[SeriesRow],
    loadings: Sequence[LoadingRow],
    signs: Sequence[SignRow],
    chapters: Sequence[str] = (),
) -> str:
    """Return the card in Markdown.

    Parameters
    ----------
    model
        The model with its record.
    factors, series, loadings, signs
        Tables of `jpsim.calibration.outlook`.
    chapters
        Further chapters, in front of the priors.
    """
    parts = [
        f"# {model.id} {model.version}: monthly model of Japanese equities and their macro factors\n\n"
        f"# {model.id} {model.version}：日本株とマクロファクターの月次モデル\n",
        _overview(model),
        "## Limits of use / 利用上の制約\n\n" + _LIMITS,
        _factor_section(model, factors),
        _bridge_section(model),
        _series_section(model, series),
        _loading_section(loadings),
        _sign_section(signs),
        *chapters,
        _prior_section(model.meta["priors"]),
        _provenance_section(model),
    ]
    return "\n".join(parts)


def _overview(model: Model) -> str:
    sample, found = model.meta["sample"], model.meta["factors"]
    return f"""\
As of the end of {model.as_of} (month 0). {len(model.factors)} factors and the fiscal impulse, {model.lags} lag(s), \
{len(model.series)} base series and {len(model.aggregates)} aggregates.
Sample {sample["first"]} to {sample["last"]}, discounted with a half-life of {sample["half_life_months"]:g} months \
({found["effective_months"]:.0f} effective months); TOPIX weights of {model.meta["topix_weights_date"]}.

{model.as_of}末時点（第0月）。ファクター{len(model.factors)}と財政インパルス、系列{len(model.series)}、集計{len(model.aggregates)}。\
推定期間は{sample["first"]}から{sample["last"]}、半減期{sample["half_life_months"]:g}か月の割引付き。

- Factors: Bayesian VAR with a prior on the unconditional means (Villani 2009, doi:10.1002/jae.1065), Minnesota \
shrinkage, Japanese lags all but shut out of the rest of the world. Lags and tightness ({found["tightness"]:g}) by \
marginal likelihood. Missing cells and the ragged edge are drawn with the parameters.
- Equities: loadings on the factors' innovations, shrunk from TOPIX to the 17 sectors to the 33; drift is beta times \
an explicit premium of {100 * model.meta["equity"]["premium"]:.1f}% a year \
(sd {100 * model.meta["equity"]["premium_sd"]:.1f}); {model.common.shape[1]} common residual components and \
heavy-tailed own parts. TOPIX, the 17, the sizes and the whole market add up exactly.
- Tails: {"skewed " * model.skewed}Student-t months with {model.nu:.1f} degrees of freedom and a common stochastic \
volatility.
- Structural shocks: {", ".join(model.shocks)}.
- {len(model.draws.c) if model.draws else 0} draws of all parameters from their posterior.
"""


def _factor_section(model: Model, rows: Sequence[FactorRow]) -> str:
    found = model.meta["factors"]
    cells = table(
        ("factor", "month 0", "12-month unit", "mean", "sd", "sd of the mean (parameters)"),
        (
            (row.name, _number(row.level), row.unit, _number(row.mean), _number(row.sd), _number(row.parameter_sd))
            for row in rows
        ),
    )
    return f"""\
## Twelve months ahead / 12か月先

{cells}
The mean of `jgb_2y` is the forward two-year yield of the JGB curve, {found["forward_two_year"]:.2f}%. Its shocks were \
scaled by {found["two_year_sd_factor"]:.2f} so that its sd is the historical error of such forwards, \
{found["forward_error"]:.2f} points: the discounted sample has too few moves of the policy rate in it. \
{100 * found["explosive_rate"]:.0f}% of the proposed coefficient draws exploded and were refused; \
{100 * found["anchor_acceptance"]:.0f}% of the stable ones agreed with the forward. Cells published after month 0 \
(core CPI, activity, wages, uncertainty) are expectations, not observations.
"""


def _bridge_section(model: Model) -> str:
    bridge = model.meta["bridge"]
    return f"""\
## Policy bridge / 政策金利ブリッジ

`boj_policy_shadow` closes {100 * bridge["speed"]:.0f}% a month of its gap to `jgb_2y` less \
{bridge["premium"]:.2f} points, responds {bridge["response"]:.2f} to the two-year yield's surprise and has an own \
shock of {bridge["own_sd"]:.3f}; `boj_policy_rate` adds white noise of {bridge["rounding_sd"]:.3f} for \
the steps of 25bp. \
All are labelled priors, updated by the decisions since {model.meta["priors"]["bridge"]["first"]}.
"""


def _series_section(model: Model, rows: Sequence[SeriesRow]) -> str:
    kinds = dict(zip((*model.series, *model.aggregates), (*model.kind, *model.aggregate_kind), strict=True))
    cells = table(
        ("series", "kind", "sd % a year", "residual sd", "beta", "correlation with TOPIX", "drift % a year"),
        (
            (
                row.name,
                kinds[row.name],
                f"{100 * row.volatility:.1f}",
                f"{100 * row.residual:.1f}",
                f"{row.beta:.2f}",
                f"{row.correlation:.3f}",
                f"{100 * row.drift:.1f}",
            )
            for row in rows
        ),
    )
    return f"## Equity series / 株式系列\n\n{cells}"


def _loading_section(rows: Sequence[LoadingRow]) -> str:
    cells = table(
        ("series", "innovation", "effect %", "posterior sd"),
        ((row.series, row.shock, f"{row.effect:+.2f}", f"{row.sd:.2f}") for row in rows),
    )
    return f"""\
## Partial loadings / 偏感応度

Effect of one innovation with all others at zero. Factors that move together share their effect: read a rate path or a \
currency path with the next table, not with one line of this one. Sds of sectors are given their parent's loadings; \
those of sizes and segments are of the difference from TOPIX.

{cells}"""


def _sign_section(rows: Sequence[SignRow]) -> str:
    cells = table(
        ("series", "against", "shock", "model %", "least squares %", "standard error", "sign"),
        (
            (
                row.series,
                row.versus or "-",
                row.shock,
                f"{row.model:+.2f}",
                f"{row.estimate:+.2f}",
                f"{row.standard_error:.2f}",
                "data" if row.supported else "undetermined",
            )
            for row in rows
        ),
    )
    return f"""\
## Which signs the data support / データが支持する符号

Effect of a shock to one leading factor, the other two unchanged, all others moving as they usually do. "data": the \
discounted regression without a prior has the model's sign and |t| > 1.65. "undetermined": the number rests on the \
shrinkage (beta times the parent's effect) and its sign must not be quoted as a finding.

{cells}"""


def _prior_section(priors: dict[str, Any]) -> str:
    rows: list[tuple[str, ...]] = [
        (name, f"{row['own_lag']:g}", f"{row['mean']:g} ({row['sd']:g})", row["source"])
        for name, row in priors["factors"].items()
    ]
    cells = table(("factor", "own lag", "unconditional mean (sd)", "source"), rows)
    bridge = ", ".join(
        f"{name} {row['mean']:g} ({row.get('sd', row.get('log_sd')):g})"
        for name, row in priors["bridge"].items()
        if isinstance(row, dict)
    )
    equity, tails = priors["equity"], priors["tails"]
    return f"""\
## Priors / 事前分布

{cells}
- Bridge: {bridge}. {priors["bridge"]["source"]}.
- Premium: {100 * equity["premium"]["mean"]:g}% a year (sd {100 * equity["premium"]["sd"]:g}). \
{equity["premium_source"]}.
- Tails: degrees of freedom around {tails["nu_mean"]:g}; persistence of the log-variance \
{tails["sv_phi"]["mean"]:g} ({tails["sv_phi"]["sd"]:g}), its volatility {tails["sv_sigma"]["mean"]:g} (log sd \
{tails["sv_sigma"]["log_sd"]:g}); {_skew_prior(tails)}. {tails["source"]}.
- Anchor: {priors["anchor"]["source"]}; sd {priors["anchor"]["sd"]:g}.
"""


def _skew_prior(tails: dict[str, Any]) -> str:
    if "skew" not in tails:
        return "months are symmetric"
    return f"the shift of {tails['skew']['factor']} in skewed months around 0 (sd {tails['skew']['sd']:g})"


def _provenance_section(model: Model) -> str:
    digests = "".join(f"- `{name}`: {digest}\n" for name, digest in model.meta["panel_sha256"].items())
    sampler = model.meta["priors"]["sampler"]
    return f"""\
## Provenance / 来歴

Seed {sampler["seed"]} (Philox), {sampler["burn_in"]} steps of burn-in, {sampler["kept"]} draws kept, every \
{sampler["thin"]}th. The same panel and priors give the same bytes on one family of processors. No series of the \
panel is in the model, only the last {model.lags} observation(s) of each factor. SHA-256 of what was read:

{digests}- priors: {model.meta["priors_sha256"]}
"""


def _number(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.2f}"
