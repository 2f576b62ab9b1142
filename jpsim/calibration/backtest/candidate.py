"""The model at an origin: the calibration's own estimators on what was known, and draws from the law they give.

The VAR takes its conjugate form, as in `tail_scores`: the steady-state priors of the shipped model are
judgements of today and would be hindsight at an earlier origin. Returns depend on the factors by their
innovations, so that the unconditional law of returns needs only the innovations' covariance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jpsim.calibration.backtest.sample import Sample
from jpsim.calibration.completion import Completion
from jpsim.calibration.dynamics import discount
from jpsim.calibration.equity import EquityLaw, estimate_equities
from jpsim.calibration.minnesota import autoregressive_sd, choose_lags, fit_conjugate, lagged, minnesota_prior
from jpsim.calibration.skewed_months import estimate_tails
from jpsim.calibration.structure import Structure, build_structure
from jpsim.calibration.volatility import Volatility
from jpsim.dictionary import factors as factor_entries
from jpsim.months import Month

__all__ = ["Candidate", "learn", "realised_path"]

Floats = npt.NDArray[np.float64]

_ESTIMATED = ("japan_activity",)  # an index that is estimated anew at each origin has no realised path


@dataclass(frozen=True, eq=False)
class Candidate:
    """The estimated model at one origin.

    Parameters
    ----------
    origin, names
        Month of the origin; ids of the n factors that had enough history.
    y, level
        (T, n) observations as known at the origin, and the (n,) reported levels there, NaN where not known.
    state
        (p, n) last observations, oldest first, with the mean of what is not known.
    c, B, Sigma
        (n,), (p, n, n), (n, n) the VAR.
    volatility
        Tails and common volatility.
    equities, structure
        The equity layer.
    rows
        (k, S) scored series from base series.
    """

    origin: Month
    names: tuple[str, ...]
    y: Floats
    level: Floats
    state: Floats
    c: Floats
    B: Floats
    Sigma: Floats
    volatility: Volatility
    equities: EquityLaw
    structure: Structure
    rows: Floats

    @property
    def leading(self) -> int:
        """Position of the factor that leads in skewed months; 0 where months are symmetric."""
        return self.names.index(self.volatility.skew_factor) if self.volatility.skew_shift else 0

    @property
    def skew(self) -> Floats:
        """(n,) what a unit of the month's mixing variable adds to the innovations."""
        own = self.leading
        return np.asarray(self.volatility.skew_shift * self.Sigma[:, own] / np.sqrt(self.Sigma[own, own]))

    def innovations(self, path: Floats) -> Floats:
        """Innovations (h, n) of a path (h, n) after the origin; NaN cells take their mean given the rest."""
        y, lags = np.vstack([self.y, path]), len(self.B)
        start = np.nan_to_num(np.nanmean(self.y, axis=0)), np.nanstd(self.y, axis=0)
        complete = Completion(y, lags, *start).expect(self.c, self.B, self.Sigma)
        left, x = lagged(complete, lags)
        u = left - self.c - x @ np.concatenate([matrix.T for matrix in self.B])
        return np.asarray(u[-len(path) :])

    def simulate(self, u: Floats) -> Floats:
        """Observations (h, N, n) that innovations (h, N, n) lead to."""
        past = [np.broadcast_to(row, u.shape[1:]) for row in self.state]
        for shock in u:
            lags = zip(self.B, reversed(past), strict=False)
            past.append(self.c + sum(row @ matrix.T for matrix, row in lags) + shock)
        return np.array(past[len(self.state) :])

    def levels_before(self, path: Floats) -> Floats:
        """Reported levels (h, ..., n) at the end of the month before each of a path (h, ..., n)."""
        entries = [factor_entries()[name] for name in self.names]
        summed = np.array([entry.in_differences for entry in entries])
        logs = np.array([entry.transform == "log100" for entry in entries])
        with np.errstate(over="ignore"):
            ends = np.where(logs, np.exp(np.where(summed, np.cumsum(path, axis=0), path) / 100.0), path)
        ends = np.where(summed, self.level * ends, ends)
        return np.concatenate([np.broadcast_to(self.level, (1, *ends.shape[1:])), ends[:-1]])


def learn(sample: Sample, origin: Month, volatility: Volatility | None = None) -> Candidate:
    """Estimate the model on what was known at the end of `origin`; `volatility` is estimated if None."""
    priors, known = sample.priors, sample.known(origin)
    own_lag = priors.of_factors(known.names, "own_lag")
    settings = priors["minnesota"]
    weights = discount(len(known.y), priors["sample"]["half_life"])
    lags, tightness, _, complete = choose_lags(
        known.y, weights, own_lag, tuple(settings["lags"]), tuple(settings["tightness"])
    )
    left, x = lagged(complete, lags)
    prior = minnesota_prior(autoregressive_sd(complete, weights), own_lag, lags, tightness)
    design, seen = np.column_stack([np.ones(len(x)), x]), weights[lags:]
    posterior, _ = fit_conjugate(left, design, seen, prior)
    u, n = left - design @ posterior.mean, len(known.names)
    if volatility is None:
        observed = np.where(np.isfinite(known.y[lags:]), u, np.nan)
        volatility = estimate_tails(observed, posterior.Sigma, seen, priors["tails"], known.names)
    structure = build_structure(sample.panel, {})
    returns = sample.returns_since(known.first + lags, origin)
    equities = estimate_equities(
        returns,
        u,
        known.levels[lags - 1 :],
        posterior.Sigma,
        volatility,
        seen,
        structure,
        known.names,
        priors["equity"],
    )
    return Candidate(
        origin=origin,
        names=known.names,
        y=known.y,
        level=known.levels[-1],
        state=complete[-lags:],
        c=posterior.mean[0],
        B=posterior.mean[1:].T.reshape(n, lags, n).transpose(1, 0, 2),
        Sigma=posterior.Sigma,
        volatility=volatility,
        equities=equities,
        structure=structure,
        rows=_scored(structure),
    )


def realised_path(sample: Sample, candidate: Candidate, months: int) -> Floats:
    """Path (h, n) of the candidate's factors after its origin, NaN where the panel never knows it."""
    later, start = sample.realised, len(candidate.y)
    path = later.y[start : start + months, [later.names.index(name) for name in candidate.names]].copy()
    path[:, [candidate.names.index(name) for name in _ESTIMATED if name in candidate.names]] = np.nan
    return path


def _scored(structure: Structure) -> Floats:
    """TOPIX and the 17 from the aggregates, the 33 and the sizes from the base series, (54 + 1, S)."""
    base = np.eye(len(structure.series))
    return np.concatenate([structure.aggregation[:18], base[:37]])
