"""What a file of priors may hold: every key of every section, and where its values must lie to make sense."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from jpsim.calibration.bridge import ROWS
from jpsim.calibration.observations import FACTORS
from jpsim.calibration.term_forms import TERMS
from jpsim.dictionary import factors as factor_entries
from jpsim.dictionary import series as series_entries
from jpsim.toml import (
    Fault,
    Form,
    Path,
    day,
    entries,
    flag,
    items,
    month,
    number,
    one_of,
    ruled,
    table,
    text,
    whole,
)

__all__ = ["DAILY", "MONTHLY"]

_SEED = whole(0, 2**63 - 1)
_POSITIVE = number(above=0.0)
_FACTOR = one_of(FACTORS, "factor")
_OBSERVED = one_of(lambda: (*FACTORS, *series_entries()), "factor or series")
_NORMAL = table({"mean": number(), "sd": _POSITIVE})
_LOG_NORMAL = table({"mean": _POSITIVE, "log_sd": _POSITIVE})
_ID = text("an id in quotation marks")


def _beta_fits(value: Any, path: Path) -> Iterator[Fault]:
    mean, sd = value["mean"], value["sd"]
    if sd**2 >= mean * (1.0 - mean):
        allowed = f"below {math.sqrt(mean * (1 - mean)):.3g}: no law on (0, 1) with mean {mean:g} is wider"
        yield Fault((*path, "sd"), f"{'.'.join(map(str, path))}.sd = {sd}", allowed)


_TAILS = {
    "nu_mean": number(above=2.0),
    "nu_log_sd": _POSITIVE,
    "sv_phi": ruled(table({"mean": number(above=0.0, below=1.0), "sd": _POSITIVE}), _beta_fits),
    "sv_sigma": _LOG_NORMAL,
    "source": text(),
}


def _one_group_of_the_rest(value: Any, path: Path) -> Iterator[Fault]:
    rest = [name for name, group in value.items() if not group["factors"]]
    if len(rest) != 1:
        found = f"equity.groups: {len(rest)} groups name no factor ({', '.join(rest) or 'none'})"
        yield Fault(path, found, "exactly one with factors = [], for all that no group names")
    seen: dict[str, str] = {}
    for name, group in value.items():
        for place, factor in enumerate(group["factors"]):
            if factor in seen:
                where = (*path, name, "factors", place)
                yield Fault(where, f"equity.groups: {factor} is in {seen[factor]} and in {name}", "each factor once")
            seen.setdefault(factor, name)


def _shares_add_up(value: Any, path: Path) -> Iterator[Fault]:
    total = sum(value.values())
    if abs(total - 1.0) > 1e-9:
        yield Fault(path, f"{'.'.join(map(str, path))}: the shares of the sectors sum to {total:g}", "a sum of 1")


def _sectors() -> list[str]:
    prefix = "tse33_"
    return [name.removeprefix(prefix) for name in series_entries() if name.startswith(prefix)]


def _themes() -> list[str]:
    return [name for name, entry in series_entries().items() if entry.kind == "theme"]


def _variables_are_known(value: Any, path: Path) -> Iterator[Fault]:
    """Correlations of the regimes' laws are of TOPIX and the regimes' variables."""
    known = ("topix", *value["variables"])
    for law, row in value["laws"].items():
        for one, others in row["correlations"].items():
            where = (*path, "laws", law, "correlations", one)
            for name, spot in ((one, where), *((other, (*where, other)) for other in others)):
                if name not in known:
                    found = f"regimes: {law} states a correlation of {name}, which the regimes do not have"
                    yield Fault(spot, found, ", ".join(known), of_key=True)
                elif spot != where and name == one:
                    yield Fault(spot, f"regimes: {law} states a correlation of {name} with itself", of_key=True)


def _bound_is_open(value: Any, path: Path) -> Iterator[Fault]:
    if not value or value.get("min", -math.inf) > value.get("max", math.inf):
        yield Fault(path, f"{'.'.join(map(str, path))} = {value}", "min, max or both, min not above max")


_BOUND = ruled(table({}, {"min": number(), "max": number()}), _bound_is_open)
_EPISODE = table({"direction": one_of(("up", "down")), "reason": text()})
_SHOCK = table(
    {"label": text(), "bounds": entries(_BOUND, _OBSERVED, what="factor or series"), "reason": text()},
    {
        "above": items(items(_OBSERVED, 2, 2)),
        "episodes": entries(_EPISODE, month(), what="month"),
    },
)


def _policy_is_identified(value: Any, path: Path) -> Iterator[Fault]:
    if "monetary_policy" not in value:
        found = "identification.shocks: no shock is called 'monetary_policy', which decision days are about"
        yield Fault(path, found, "monetary_policy and any others")


def _leads(value: Any, path: Path) -> Iterator[Fault]:
    """The factor that leads in skewed months is one of the file's."""
    skew = value["tails"].get("skew")
    if skew and skew["factor"] not in value["factors"]:
        found = f"tails.skew names {skew['factor']!r}, which is no factor of the file"
        yield Fault(("tails", "skew", "factor"), found, ", ".join(value["factors"]), "or leave skew out")


def _months(source: bool = True) -> dict[str, Form]:
    said: dict[str, Form] = {"source": text()} if source else {}
    return {"half_life": _POSITIVE, **said}


_EQUITY = table(
    {
        "premium": table({"mean": number(above=-1.0), "sd": _POSITIVE}),
        "premium_source": text(),
        "leading": items(_FACTOR),
        "leading_scale": _POSITIVE,
        "components": whole(0, 20),
        "residual_half_life": _POSITIVE,
        "idio_nu": table({"inverse_mean": number(above=0.0, below=0.5), "inverse_sd": _POSITIVE}),
        "source": text(),
        "groups": ruled(
            entries(table({"factors": items(_FACTOR), "scales": items(_POSITIVE, 1)}), what="group"),
            _one_group_of_the_rest,
        ),
    },
    {
        "correlation_half_life": _POSITIVE,
        "match_topix": flag(),
        "reconciliation_covariance": number(least=0.0, most=1.0),
        "terms": TERMS,
    },
)
_REGIMES = table(
    {
        "seed": _SEED,
        "variables": items(_FACTOR, 1),
        "volatility_half_life": _POSITIVE,
        "nu": number(above=2.0),
        "strength": _POSITIVE,
        "stay": table({"stayed": _POSITIVE, "left": _POSITIVE}),
        "chains": whole(1, 10_000),
        "burn_in": whole(0),
        "kept": whole(1),
        "scored_from": month(),
        "source": text(),
        "laws": entries(
            table(
                {
                    "correlations": entries(
                        entries(number(above=-1.0, below=1.0), what="variable"), what="variable", least=0
                    ),
                    "reason": text(),
                }
            ),
            what="regime",
            least=2,
        ),
    }
)
_IDENTIFICATION = table(
    {
        "seed": _SEED,
        "chains": whole(1, 10_000),
        "burn_in": whole(0),
        "kept": whole(1),
        "thin": whole(1),
        "kept_of_draws": whole(1),
        "descent": whole(0),
        "announcements_first": month(),
        "announcements": items(_OBSERVED, 1),
        "announcements_coverage": number(above=0.0, below=1.0),
        "source": text(),
        "shocks": ruled(entries(_SHOCK, what="shock"), _policy_is_identified),
    }
)
_RESPONSES = entries(number(), one_of((*FACTORS, *ROWS), "factor"), what="factor", least=0)

MONTHLY: Form = ruled(
    table(
        {
            "model": table({"id": _ID}),
            "sample": table({"first": month(), **_months()}),
            "sampler": table(
                {"seed": _SEED, "burn_in": whole(0), "kept": whole(1), "thin": whole(1), "stored": whole(1)}
            ),
            "minnesota": table(
                {
                    "lags": items(whole(1, 24), 1),
                    "tightness": items(_POSITIVE, 1),
                    "own": _POSITIVE,
                    "exogenous": _POSITIVE,
                    "source": text(),
                }
            ),
            "factors": table(
                {
                    name: table(
                        {"own_lag": number(above=-1.0, most=1.0), "mean": number(), "sd": _POSITIVE, "source": text()}
                    )
                    for name in FACTORS
                }
            ),
            "anchor": table({"sd": _POSITIVE, "quoted_since": month(), "source": text()}),
            "tails": table({**_TAILS, "scored_from": month()}, {"skew": table({"factor": _FACTOR, "sd": _POSITIVE})}),
            "bridge": table(
                {
                    "first": month(),
                    "speed": _NORMAL,
                    "premium": _NORMAL,
                    "response": _NORMAL,
                    "own_sd": _LOG_NORMAL,
                    "rounding_step": number(least=0.0),
                    "source": text(),
                }
            ),
            "equity": _EQUITY,
            "themes": entries(
                table(
                    {
                        "column": text("a column of the panel, in quotation marks"),
                        "mix": ruled(entries(number(), one_of(_sectors), what="sector of the 33"), _shares_add_up),
                    }
                ),
                one_of(_themes),
                what="theme",
                least=0,
            ),
            "regimes": ruled(_REGIMES, _variables_are_known),
            "identification": _IDENTIFICATION,
            "fiscal": table(
                {
                    "persistence": number(least=0.0, below=1.0),
                    "own_sd": _POSITIVE,
                    "topix": number(),
                    "source": text(),
                    "impact": _RESPONSES,
                    "monthly": _RESPONSES,
                }
            ),
        }
    ),
    _leads,
)
"""Form of the priors of a monthly model."""

DAILY: Form = ruled(
    table(
        {
            "model": table({"id": _ID, "base": _ID}),
            "sample": table({"first": day(quoted=True), **_months()}),
            "minnesota": table({"tightness": items(_POSITIVE, 1), "source": text()}),
            "factors": entries(
                table(
                    {
                        "own_lag": number(above=-1.0, most=1.0),
                        "close": one_of(("tokyo", "night")),
                        "source": text(),
                    }
                ),
                one_of(lambda: [name for name, entry in factor_entries().items() if not entry.exogenous], "factor"),
                what="factor",
            ),
            "equity": table({"window": whole(1, 250), "source": text()}),
            "tails": table(_TAILS, {"skew": table({"factor": _FACTOR, "sd": _POSITIVE})}),
        }
    ),
    _leads,
)
"""Form of the priors of a daily model."""
