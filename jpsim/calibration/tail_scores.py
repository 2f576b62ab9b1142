"""Which law of the months predicts best: joint one-step log scores out of sample.

Every January the conjugate form of the VAR and the parameters of each law are estimated on the months
before, with the discount of the calibration; the year's months are then scored one by one, each given
all months before it. Factors with three years of history take part.

References
----------
Gneiting and Raftery (2007), doi:10.1198/016214506000001437. Diebold and Mariano (1995),
doi:10.1080/07350015.1995.10524599.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from jpsim.calibration.completion import Completion
from jpsim.calibration.minnesota import autoregressive_sd, choose_lags, fit_conjugate, lagged, minnesota_prior
from jpsim.calibration.tails import fit_joint_nu
from jpsim.calibration.volatility import estimate_volatility, filter_months, squared_distances

__all__ = ["LAWS", "TailScores", "score_tails", "standing"]

Floats = npt.NDArray[np.float64]

_HISTORY = 36  # months that a factor must have before it is scored
LAWS = ("gaussian", "student_t", "student_t_sv")


@dataclass(frozen=True, eq=False)
class TailScores:
    """Log scores of m months under each of `LAWS`, (m, 3), nats, less terms that all share."""

    scores: Floats


@dataclass(frozen=True)
class Standing:
    """A law against the Gaussian: mean gain a month, its standard error, and the mean without the best month."""

    law: str
    gain: float
    standard_error: float
    without_best: float


def score_tails(
    y: Floats, own_lag: Floats, half_life: float, first: int, settings: dict[str, Any], tails: dict[str, Any]
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
    """
    rows = []
    for origin in range(first, len(y), 12):
        known = np.isfinite(y[:origin]).sum(axis=0) >= _HISTORY
        year = _Origin(y[:origin, known], own_lag[known], half_life, settings, tails)
        rows += [year.score(y[: t + 1, known]) for t in range(origin, min(origin + 12, len(y)))]
    return TailScores(np.array(rows).reshape(-1, len(LAWS)))


def standing(found: TailScores) -> list[Standing]:
    """Gains over the Gaussian law, one row for each other law."""
    rows = []
    for position, law in enumerate(LAWS[1:], start=1):
        gain = found.scores[:, position] - found.scores[:, 0]
        rest = np.delete(gain, gain.argmax())
        error = float(gain.std(ddof=1) / np.sqrt(len(gain)))
        rows.append(Standing(law, float(gain.mean()), error, float(rest.mean())))
    return rows


class _Origin:
    """What was known at one origin."""

    def __init__(
        self, y: Floats, own_lag: Floats, half_life: float, settings: dict[str, Any], tails: dict[str, Any]
    ) -> None:
        self._half_life = half_life
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
        self._d2, self._dims = squared_distances(self._residual(y, complete), posterior.Sigma)
        seen = weights[lags:]
        self._nu = fit_joint_nu(self._d2, self._dims, seen, tails["nu_mean"], tails["nu_log_sd"])
        self._volatility = estimate_volatility(self._d2, self._dims, seen, tails)

    def score(self, y: Floats) -> list[float]:
        """Log scores of the last month of `y` given the months before it; the next call must add one month."""
        complete = np.vstack([self._expect(y[:-1]), np.zeros(y.shape[1])])
        distance, dims = squared_distances(self._residual(y, complete)[-1:], self._posterior.Sigma)
        self._d2, self._dims = np.append(self._d2, distance), np.append(self._dims, dims)
        found, n, weights = self._volatility, dims[0], np.append(self._weights(len(self._d2) - 1), 1.0)
        both, _ = filter_months(self._d2, self._dims, weights, np.array([found.nu]), found.phi, np.array([found.sigma]))
        gaussian = -n / 2 * np.log(2.0) - distance[0] / 2
        return [float(gaussian), _student(distance[0], n, self._nu), float(both[0, -1])]

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
