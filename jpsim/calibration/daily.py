"""From daily closes and a monthly model to a daily model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jpsim.calibration.daily_card import write_daily_card
from jpsim.calibration.daily_equity import Exposure, carry_over
from jpsim.calibration.daily_sample import DailySample, read_sample
from jpsim.calibration.daily_spread import compare_spreads
from jpsim.calibration.distances import measure_distances
from jpsim.calibration.dynamics import discount
from jpsim.calibration.minnesota import Conjugate, autoregressive_sd, fit_conjugate, minnesota_prior
from jpsim.calibration.priors import Priors, read_daily_priors
from jpsim.calibration.skewed_months import SKEWED_DAYS, estimate_skewness, leading_factor
from jpsim.calibration.terms import linearised
from jpsim.calibration.volatility import DAYS, Volatility, estimate_volatility
from jpsim.days import DAYS_PER_MONTH
from jpsim.dictionary import factors
from jpsim.errors import InputError
from jpsim.model.core import Model
from jpsim.model.store import load_model, next_version

__all__ = ["DailyCalibration", "calibrate_daily"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DailyCalibration:
    """A daily model and how far its carried-over equities are from daily closes.

    Parameters
    ----------
    model
        The model, not stored yet.
    exposures
        TOPIX and the Nikkei 225: carried over and found.
    card
        The model card, Markdown.
    """

    model: Model
    exposures: tuple[Exposure, ...]
    card: str


@dataclass(frozen=True, eq=False)
class _FactorLaw:
    """The factors' first-order law, and innovations (T - 1, n) with their weights."""

    c: Floats
    B: Floats
    Sigma: Floats
    tightness: float
    innovations: Floats
    weights: Floats


def calibrate_daily(path: Path, *, version: str | None = None, priors: Priors | None = None) -> DailyCalibration:
    """Estimate a daily model.

    Parameters
    ----------
    path
        A panel's folder, or its daily file.
    version
        Version of the model; the one after the packaged ones of the month of the panel's end if None.
    priors
        Judgements, the monthly model to build on among them; the packaged ones if None.

    Raises
    ------
    InputError
        The panel or the priors are not what they should be, or no sound model comes out.
    """
    priors = priors or read_daily_priors()
    base, sample = linearised(load_model(priors["model"]["base"])), read_sample(path, priors)
    if lacking := [name for name in sample.names if name not in base.factors]:
        raise InputError(f"the model {base.id} has no factor {', '.join(lacking)}, which {priors.source} names")
    law = _estimate(sample, _steady_state(base, sample.names), priors)
    window = int(priors["equity"]["window"])
    equities = carry_over(base, sample.names, law.innovations, sample.returns[1:], law.weights, window)
    tails = _estimate_tails(law, sample.returns[1:, 0], equities.exposures[0], priors, sample.names)
    entries = [factors()[name] for name in sample.names]
    model = Model(
        id=priors["model"]["id"],
        version=version or next_version(priors["model"]["id"], sample.last.month),
        as_of=sample.last,
        step="day",
        factors=sample.names,
        transform=tuple(entry.transform for entry in entries),
        unit=tuple(entry.unit for entry in entries),
        in_differences=np.array([entry.in_differences for entry in entries]),
        state=sample.y[-1:],
        base_level=sample.levels,
        c=law.c,
        B=law.B[None],
        Sigma=law.Sigma,
        nu=tails.nu,
        sv_phi=tails.phi,
        sv_sigma=tails.sigma,
        sv_start=tails.start,
        skew_factor=tails.skew_factor,
        skew_shift=tails.skew_shift,
        series=base.series,
        kind=base.kind,
        alpha=equities.alpha,
        beta=base.beta,
        loadings=equities.loadings,
        common=equities.common,
        mix=equities.mix,
        idio_sd=equities.idio_sd,
        idio_nu=base.idio_nu,
        aggregates=base.aggregates,
        aggregate_kind=base.aggregate_kind,
        aggregation=base.aggregation,
        meta=_provenance(sample, law, tails, base, priors),
    )
    spreads = compare_spreads(model, sample, discount(len(sample.y), priors["sample"]["half_life"]))
    return DailyCalibration(model, equities.exposures, write_daily_card(model, equities.exposures, spreads))


def _steady_state(base: Model, names: tuple[str, ...]) -> Floats:
    """(n,) unconditional means of the monthly model, those of differences a day's."""
    mean = np.linalg.solve(np.eye(len(base.factors)) - base.B.sum(axis=0), base.c)
    days = np.where(base.in_differences, DAYS_PER_MONTH, 1)
    return np.asarray((mean / days)[[base.factor(name) for name in names]])


def _estimate(sample: DailySample, mean: Floats, priors: Priors) -> _FactorLaw:
    """Estimate deviations from the long-run means as a first-order autoregression."""
    y = sample.y - mean
    weights = discount(len(y), priors["sample"]["half_life"])
    own_lag, sd = priors.of_factors(sample.names, "own_lag"), autoregressive_sd(y, weights)
    scored = []
    for tightness in priors["minnesota"]["tightness"]:
        fit = fit_conjugate(y[1:], y[:-1], weights[1:], _without_intercept(sd, own_lag, tightness))
        if np.abs(np.linalg.eigvals(fit[0].mean.T)).max() < 1.0:
            scored.append((fit[1], tightness, fit[0]))
    if not scored:
        raise InputError("the daily factors explode at every tightness of the priors; lower own_lag or tightness")
    _, tightness, posterior = max(scored, key=lambda entry: entry[0])
    B = posterior.mean.T
    residual, weights = y[1:] - y[:-1] @ B.T, weights[1:]
    Sigma = (residual * weights[:, None]).T @ residual / weights.sum()
    return _FactorLaw(mean - B @ mean, B, (Sigma + Sigma.T) / 2, tightness, residual, weights)


def _estimate_tails(
    law: _FactorLaw, returns: Floats, market: Exposure, priors: Priors, names: tuple[str, ...]
) -> Volatility:
    """Tails, volatility and skewness of the days, on which TOPIX's residual is one more variable."""
    residual = returns - law.innovations @ market.found
    residual = residual - law.weights @ residual / law.weights.sum()
    days = measure_distances(law.innovations, law.Sigma, leading_factor(priors["tails"], names))
    own = residual**2 / (law.weights @ residual**2 / law.weights.sum())
    more = np.array([[1.0, 0.0], [0.0, 0.0]])
    days = replace(days, quadratic=days.quadratic + own[:, None, None] * more, counts=days.counts + more[0])
    found = estimate_volatility(*days.total, law.weights, priors["tails"], DAYS)
    return estimate_skewness(days, law.weights, found, priors["tails"], SKEWED_DAYS)


def _without_intercept(sd: Floats, own_lag: Floats, tightness: float) -> Conjugate:
    prior = minnesota_prior(sd, own_lag, 1, tightness)
    return Conjugate(prior.mean[1:], prior.precision[1:, 1:], prior.scale, prior.dof)


def _provenance(sample: DailySample, law: _FactorLaw, tails: Volatility, base: Model, priors: Priors) -> dict[str, Any]:
    return {
        "sample": {
            "first": str(sample.first),
            "last": str(sample.last),
            "half_life_days": float(priors["sample"]["half_life"]),
            "effective_days": float(law.weights.sum()),
        },
        "panel_sha256": {"panel_daily.csv": sample.sha256},
        "priors_sha256": priors.sha256,
        "priors": priors.sections,
        "base": {"id": base.id, "version": base.version, "sha256": base.sha256},
        "factors": {
            "tightness": float(law.tightness),
            "nu_range": list(tails.nu_range),
            "sv_phi_range": list(tails.phi_range),
            "sv_sigma_range": list(tails.sigma_range),
            "sv_start_sd": tails.start_sd,
            "skew_range": list(tails.skew_range),
        },
        "identities": base.meta["identities"],
    }
