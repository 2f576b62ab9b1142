"""Why value at risk and expected shortfall differ between two scenarios: means by driver, given the tail.

On a path the cumulative return is exactly ``R_t = sum_s G_{s-1} r_s``, with the growth G up to the month before and
the month's simple return r, which is a sum over the drivers; nonlinear terms are their factors', as in
`jpsim.analysis.attribution`, and what interventions add to the yen's innovation is a driver. Expected shortfall is
the mean of -R_t given the tail, so that the means of its terms given the tail are its Euler contributions and sum
to it (Tasche 2000, arXiv:math/0104190). Value at risk is the mean of -R_t at one point; it is taken over the
paths between two quantiles around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from jpsim.analysis.attribution import INTERVENTION
from jpsim.analysis.term_values import path_terms, term_shares
from jpsim.conditioning.scenario_law import ScenarioLaw
from jpsim.conditioning.stories import Story
from jpsim.model import Model
from jpsim.simulation.law import Law
from jpsim.simulation.part_sampling import PartSampler
from jpsim.simulation.sampling import Sampler

__all__ = [
    "MOST_PATHS", "TailBand", "fixed_returns", "innovation_loadings", "path_innovations", "split_interventions",
    "tail_drivers", "tail_means",
]  # fmt: skip

Floats = npt.NDArray[np.float64]

MOST_PATHS = 32_768
"""Paths that are drawn again, from the first; what they leave of the run's own statistic is named."""


@dataclass(frozen=True, eq=False)
class TailBand:
    """Returns that count: above `low` and at most `high`, (R, h) each."""

    low: Floats
    high: Floats


def tail_drivers(stories: tuple[Story, ...]) -> tuple[str, ...]:
    """Names of the drivers of a run: factors, interventions, what views state, impulse channels, drift and residual."""
    laws = [part.law for story in stories for part in story.parts]
    channels = sorted({effect.channel for law in laws for effect in law.impulses})
    acting = [INTERVENTION] if any(law.intervention is not None for law in laws) else []
    factors = laws[0].conditional.system.model.factors
    return (*factors, *acting, "equity_premium", "earnings", *channels, "drift", "residual")


def tail_means(
    sampler: Sampler, weights: Floats | None, paths: int, rows: list[int], band: TailBand, drivers: tuple[str, ...]
) -> Floats:
    """Mean contributions to the cumulative returns of R series, given that these lie in a band.

    Parameters
    ----------
    sampler, weights, paths
        The scenario, the weights of its paths (None if equal) and their number.
    rows
        Positions of the series among the S base series and G aggregates.
    band
        Which paths count, by series and month.
    drivers
        Names from `tail_drivers`.

    Returns
    -------
    (D, R, h) means; NaN where no path lies in the band.
    """
    count = min(paths, MOST_PATHS)
    tally = _Tally.of(drivers, rows, band)
    for first, size, part in sampler.spans(count):
        share = np.ones(size) if weights is None else weights[first : first + size]
        tally.add(part, first, sampler.paths(first, size), share)
    with np.errstate(invalid="ignore", divide="ignore"):
        means: Floats = tally.sums / tally.weight
    return means


@dataclass(eq=False)
class _Tally:
    """Sums over the paths of a band.

    Parameters
    ----------
    drivers, rows, band
        See `tail_means`.
    sums, weight
        (D, R, h) weighted contributions, (R, h) weights.
    """

    drivers: tuple[str, ...]
    rows: list[int]
    band: TailBand
    sums: Floats = field(init=False)
    weight: Floats = field(init=False)

    @classmethod
    def of(cls, drivers: tuple[str, ...], rows: list[int], band: TailBand) -> _Tally:
        tally = cls(drivers, rows, band)
        tally.sums, tally.weight = np.zeros((len(drivers), *band.low.shape)), np.zeros(band.low.shape)
        return tally

    def add(self, part: PartSampler, first: int, drawn: Floats, weights: Floats) -> None:
        """Add paths (O, h, m) that follow one part, from path `first` on."""
        model = part.source.conditional.system.model
        levels = drawn[: len(model.factors)]
        innovations = path_innovations(part.law, levels)
        terms, shares = path_terms(model, part.law.start, innovations, levels), term_shares(model)
        picked = np.vstack([np.eye(len(model.series)), model.aggregation])[self.rows]
        if INTERVENTION in self.drivers:
            innovations = split_interventions(part, first, innovations)
        loadings = innovation_loadings(model, picked, len(innovations))
        fixed = fixed_returns(part.source, picked, self.drivers[len(innovations) : -1])
        for i, row in enumerate(self.rows):
            values = drawn[len(model.factors) + row]
            inside = (values > self.band.low[i, :, None]) & (values <= self.band.high[i, :, None])
            some = np.flatnonzero(inside.any(axis=0))
            counted = (inside * weights)[:, some]
            self.weight[i] += counted.sum(axis=1)
            grown = np.vstack([np.ones(some.size), 1.0 + values[:-1, some]])
            moved = (innovations[:, :, some] * grown) @ counted.T
            by_factor = _up_to_each(moved) * loadings[i][:, None]
            bent = (terms[:, :, some] * grown) @ counted.T
            by_factor[: len(shares)] += shares @ (_up_to_each(bent) * (picked[i] @ model.term_loadings)[:, None])
            by_rest = _up_to_each(fixed[:, i, :, None] * (grown @ counted.T))
            known = np.concatenate([by_factor, by_rest])
            self.sums[:-1, i] += known
            self.sums[-1, i] += (counted * values[:, some]).sum(axis=1) - known.sum(axis=0)


def fixed_returns(source: ScenarioLaw, picked: Floats, names: Sequence[str]) -> Floats:
    """(D', R, h) monthly returns of R series by drivers that are the same on every path.

    Parameters
    ----------
    source
        The law.
    picked
        (R, S) weights of the base series in the R series.
    names
        D' drivers, of those between what moves along paths and the residual.
    """
    model = source.conditional.system.model
    monthly = np.zeros((len(names), len(picked), source.shift.premium.size))
    monthly[names.index("equity_premium")] = np.outer(picked @ model.beta, source.shift.premium)
    monthly[names.index("earnings")] = np.outer(picked @ model.beta, source.shift.earnings)
    monthly[names.index("drift")] = (picked @ (model.alpha + source.dividends))[:, None]
    for effect in source.impulses:
        monthly[names.index(effect.channel)] += picked @ effect.mean.T
    return monthly


def split_interventions(part: PartSampler, first: int, innovations: Floats) -> Floats:
    """(n + 1, h, m) innovations of the factors without what interventions add to the yen's, and that behind them."""
    split = np.concatenate([innovations, np.zeros((1, *innovations.shape[1:]))])
    if part.law.intervenes:
        split[-1] = part.trace(first, innovations.shape[2])[1]
        split[part.source.conditional.system.model.factor("usdjpy")] -= split[-1]
    return split


def innovation_loadings(model: Model, picked: Floats, rows: int) -> Floats:
    """(R, rows) loadings of R series on innovations, and where there is one row more on what interventions add."""
    loadings: Floats = picked @ model.loadings
    return loadings if rows == len(model.factors) else np.column_stack([loadings, loadings[:, model.factor("usdjpy")]])


def path_innovations(law: Law, levels: Floats) -> Floats:
    """(n, h, m) innovations of the factors on paths, from their (n, h, m) reported levels."""
    dynamics, code = law.dynamics, law.levels.code
    n = code.size
    start = law.start[:n, None, None]
    logs = 100.0 * np.log(
        np.where(code[:, None, None] > 0, levels / np.where(code[:, None, None] == 2, start, 1.0), 1.0)
    )
    observed = np.where(code[:, None, None] > 0, logs, levels)
    change = np.diff(observed, axis=1, prepend=0.0)
    observed = np.where(code[:, None, None] == 2, change, observed)
    lags = (dynamics.state.size - dynamics.cumulated.size) // n
    before = np.broadcast_to(
        dynamics.state[: lags * n].reshape(lags, n)[::-1].T[:, :, None], (n, lags, levels.shape[2])
    )
    history = np.concatenate([before, observed], axis=1)
    expected = np.broadcast_to(dynamics.free_intercept[:, None, None], observed.shape).copy()
    for k in range(lags):
        block = dynamics.free_transition[:, k * n : (k + 1) * n]
        expected += np.tensordot(block, history[:, lags - 1 - k : history.shape[1] - 1 - k], axes=1)
    return np.asarray(observed - expected)


def _up_to_each(by_month: Floats) -> Floats:
    """Sum (..., s, t) over the months s up to t."""
    h = by_month.shape[-1]
    return np.asarray((by_month * np.triu(np.ones((h, h)))).sum(axis=-2))
