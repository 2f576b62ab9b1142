"""Which law of the months predicts best: joint one-step log scores out of sample.

Every January the conjugate form of the VAR and the parameters of each law are estimated on the months
before, with the discount of the calibration; the year's months are then scored one by one, each given
all months before it. Factors with three years of history take part. Beside the laws that a run may choose stand
refinements that the model would take if they predicted better (`jpsim.calibration.tail_refinements`).

References
----------
Gneiting and Raftery (2007), doi:10.1198/016214506000001437. Diebold and Mariano (1995),
doi:10.1080/07350015.1995.10524599.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from jpsim.calibration.completion import Completion
from jpsim.calibration.distances import measure_distances
from jpsim.calibration.minnesota import autoregressive_sd, choose_lags, fit_conjugate, lagged, minnesota_prior
from jpsim.calibration.skewed_months import estimate_skewness, filter_skewed
from jpsim.calibration.tail_refinements import Refined, exponent_densities, leverage_densities, refine_tails
from jpsim.calibration.tails import fit_joint_nu
from jpsim.calibration.volatility import Volatility, estimate_volatility, filter_months, squared_distances

__all__ = ["LAWS", "REFINEMENTS", "Standing", "TailScores", "score_tails", "standing"]

Floats = npt.NDArray[np.float64]

_HISTORY = 36  # months that a factor must have before it is scored
_STILL = 1e-3  # volatility of the log-variance where it does not move
LAWS = ("gaussian", "student_t", "student_t_sv", "skewed_t", "skewed_t_sv")
REFINEMENTS = {"leverage": "student_t_sv", "currency_exponent": "student_t"}
"""Refinement to the law that it refines."""
_SKEWED = {"skewed_t": "student_t", "skewed_t_sv": "student_t_sv"}
_ALL = (*LAWS, *REFINEMENTS)


@dataclass(frozen=True, eq=False)
class TailScores:
    """Log scores of m months under each of `LAWS` and `REFINEMENTS`, (m, 7), nats, less terms that all share.

    `refined` and `skewed` are the refinements and skewed months of moving volatility as the last year's origin found
    them.
    """

    scores: Floats
    refined: Refined
    skewed: Volatility


@dataclass(frozen=True)
class Standing:
    """A law against another: mean gain a month, its standard error, and the mean without the best month."""

    law: str
    against: str
    gain: float
    standard_error: float
    without_best: float


def score_tails(
    y: Floats,
    own_lag: Floats,
    half_life: float,
    first: int,
    settings: dict[str, Any],
    tails: dict[str, Any],
    *,
    leading: int,
    group: npt.NDArray[np.bool_],
) -> TailScores:
    """Score the laws.

    Parameters
    ----------
    y
        (T, n) observations, NaN where missing.
    own_lag
        (n,) prior mean of the own first lag.
    half_life
        Of the discount, months.
    first
        Row of the first scored month; laws are estimated anew every twelve rows.
    settings, tails
        Sections ``minnesota`` and ``tails`` of the priors.
    leading, group
        Position of the factor that leads in the asymmetric laws and is never missing, and (n,) whether a factor's
        scale has an exponent of its own.
    """
    rows = list[list[float]]()
    for origin in range(first, len(y), 12):
        known = np.isfinite(y[:origin]).sum(axis=0) >= _HISTORY
        special = int(known[:leading].sum()), group[known]
        year = _Origin(y[:origin, known], own_lag[known], half_life, settings, tails, *special)
        rows += [year.score(y[: t + 1, known]) for t in range(origin, min(origin + 12, len(y)))]
    return TailScores(np.array(rows).reshape(-1, len(_ALL)), year.refined, year.skewed)


def standing(found: TailScores) -> list[Standing]:
    """Gains of the laws over the Gaussian one, of skewed months over symmetric ones, of refinements over their law."""
    rows, pairs = [], [(law, LAWS[0]) for law in LAWS[1:]]
    for law, against in (*pairs, *_SKEWED.items(), *REFINEMENTS.items()):
        gain = found.scores[:, _ALL.index(law)] - found.scores[:, _ALL.index(against)]
        rest = np.delete(gain, gain.argmax())
        error = float(gain.std(ddof=1) / np.sqrt(len(gain)))
        rows.append(Standing(law, against, float(gain.mean()), error, float(rest.mean())))
    return rows


class _Origin:
    """What was known at one origin."""

    def __init__(
        self,
        y: Floats,
        own_lag: Floats,
        half_life: float,
        settings: dict[str, Any],
        tails: dict[str, Any],
        leading: int,
        group: npt.NDArray[np.bool_],
    ) -> None:
        self._half_life, self._leading, self._group = half_life, leading, group
        weights = self._weights(len(y))
        lags, tightness, _, complete = choose_lags(
            y, weights, own_lag, tuple(settings["lags"]), tuple(settings["tightness"])
        )
        left, x = lagged(complete, lags)
        prior = minnesota_prior(autoregressive_sd(complete, weights), own_lag, lags, tightness)
        design = np.column_stack([np.ones(len(x)), x])
        posterior, _ = fit_conjugate(left, design, weights[lags:], prior)
        self._lags, self._posterior = lags, posterior
        self._start = complete[:lags].mean(axis=0), complete.std(axis=0)
        residual, seen = self._residual(y, complete), weights[lags:]
        self._d2, self._dims = squared_distances(residual, posterior.Sigma)
        self._nu = fit_joint_nu(self._d2, self._dims, seen, tails["nu_mean"], tails["nu_log_sd"])
        self._volatility = estimate_volatility(self._d2, self._dims, seen, tails)
        self._months = measure_distances(residual, posterior.Sigma, leading, group)
        self.refined = refine_tails(self._months, seen, (tails["nu_mean"], tails["nu_log_sd"]), self._law)
        steady = replace(self._volatility, nu=self._nu, sigma=_STILL)
        self._steady = estimate_skewness(self._months, seen, steady, tails)
        self.skewed = estimate_skewness(self._months, seen, self._volatility, tails)

    def score(self, y: Floats) -> list[float]:
        """Log scores of the last month of `y` given the months before it; the next call must add one month."""
        complete = np.vstack([self._expect(y[:-1]), np.zeros(y.shape[1])])
        residual = self._residual(y, complete)[-1:]
        distance, dims = squared_distances(residual, self._posterior.Sigma)
        self._d2, self._dims = np.append(self._d2, distance), np.append(self._dims, dims)
        found, n, weights = self._volatility, dims[0], np.append(self._weights(len(self._d2) - 1), 1.0)
        both, _ = filter_months(self._d2, self._dims, weights, np.array([found.nu]), found.phi, np.array([found.sigma]))
        gaussian = -n / 2 * np.log(2.0) - distance[0] / 2
        student = _student(distance[0], n, self._nu)
        self._months = self._months.append(
            measure_distances(residual, self._posterior.Sigma, self._leading, self._group)
        )
        skewed = [self._skewed_score(law, weights) for law in (self._steady, self.skewed)]
        return [float(gaussian), student, float(both[0, -1]), *skewed, *self._refined_scores(weights)]

    def _skewed_score(self, law: Volatility, weights: Floats) -> float:
        """Log score of the last month under skewed months."""
        pair = np.array([law.nu]), np.array([law.skew_shift])
        return float(filter_skewed(self._months, weights, *pair, law.phi, law.sigma)[0, -1])

    @property
    def _law(self) -> tuple[float, float, float]:
        return self._volatility.nu, self._volatility.phi, self._volatility.sigma

    def _refined_scores(self, weights: Floats) -> list[float]:
        """Log scores of the last month under each of `REFINEMENTS`."""
        found = self.refined
        return [
            float(leverage_densities(self._months, weights, *self._law, found.rho)[-1]),
            float(exponent_densities(self._months, found.exponent_nu, found.exponent)[-1]),
        ]

    def _weights(self, months: int) -> Floats:
        return np.asarray(2.0 ** (-np.arange(months)[::-1] / self._half_life))

    def _expect(self, y: Floats) -> Floats:
        mean, n = self._posterior.mean, y.shape[1]
        B = mean[1:].T.reshape(n, self._lags, n).transpose(1, 0, 2)
        return Completion(y, self._lags, *self._start).expect(mean[0], B, self._posterior.Sigma)

    def _residual(self, y: Floats, complete: Floats) -> Floats:
        _, x = lagged(complete, self._lags)
        return np.asarray(y[self._lags :] - self._posterior.mean[0] - x @ self._posterior.mean[1:])


def _student(distance: float, n: float, nu: float) -> float:
    constant = gammaln((nu + n) / 2) - gammaln(nu / 2) - n / 2 * np.log(nu - 2)
    return float(constant - (nu + n) / 2 * np.log1p(distance / (nu - 2)))
