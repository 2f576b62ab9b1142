r"""Monte Carlo errors where paths follow several laws by a fixed rule.

Members of a mixture, regimes and posterior draws of the parameters are the strata of the sample: how many paths each
has is no chance. With influence values psi and share W of a part's weight, the error of a statistic is

.. math:: \sum_i w_i^2 (\psi_i - \bar\psi_{p(i)})^2
    + \sum_d \Bigl(\sum_c u_{dc} M_c\Bigr)^2 + \Bigl(\sum_c v_c \bar\psi_c\Bigr)^2,
    \qquad u_{dc} = W_c (n_{dc} / n_c - 1 / D), \quad v_c = n_c / n - W_c .

The first part is what paths differ by within the parts. The second one is what is left of the D draws if the paths of a
cell c, a member in a regime with weight W, do not follow all of them equally often, n_dc of n_c draw d: by a rule that
does not look at what draws say, they are a random sample of them. M, with divisor D - 1, is the standard deviation of
what psi means on each; a draw that moves one cell is taken to move the others by as many of their M. With one cell and
k of D draws that are followed equally often it is ``M**2 (1 / k - 1 / D)`` (Cochran 1977, section 2.5). The third part
is what the statistic is off where equally likely paths do not give cells quite their shares; weights do.

What psi means on a part is known from the part's first two moments: exactly for mean and standard deviation, to first
order for quantiles, shortfalls and probabilities, which move with the location and scale of each draw as those of a law
of one shape do. Of members and regimes, which may lie far apart, these keep the plain error, which is too wide.

References
----------
Cochran (1977), Sampling Techniques, third edition, Wiley, sections 2.5, 5.3 and 11.4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from jpsim.simulation.result import PartMoments
from jpsim.special import normal_cdf

__all__ = ["Division", "Shape", "left_out", "unevenness"]

Floats = npt.NDArray[np.float64]

_MASSES: Final = {"es95": (0.05, "q05"), "es99": (0.01, "q01")}
"""Statistics that move with the mass below a quantile, and which; others move with the density."""


class Shape(NamedTuple):
    """Standardised third and fourth moments (O, h) of what the means and variances of parts err by."""

    third: Floats
    fourth: Floats


def unevenness(paths: Floats, weight: Floats) -> Floats:
    """(D, C) what each draw's share in a cell misses of an equal one, times the cell's share of the weight.

    `paths` are the (D, C) numbers of paths, `weight` those of the (C,) cells.
    """
    whole = paths.sum(axis=0)
    share = np.divide(paths, whole, out=np.full_like(paths, 1.0 / len(paths)), where=whole > 0.0)
    return np.asarray(weight / weight.sum() * (share - 1.0 / len(paths)), dtype=np.float64)


def left_out(effects: Floats, noise: Floats, followed: npt.NDArray[np.bool_], missed: Floats) -> Floats:
    """Variance of what a sample misses where draws are not followed equally often in all cells.

    Parameters
    ----------
    effects
        (D, C, ...) what an influence means on each part, less the mean of its cell; anything where no path follows.
    noise
        (D, C, ...) its sampling variance.
    followed
        (D, C) whether paths follow a part.
    missed
        (D, C) see `unevenness`.

    Returns
    -------
    (...) ``sum_d (sum_c missed_dc M_c)**2``, M_c being the standard deviation of the draws' effects in a cell, chance
    taken off.
    """
    shape = (*followed.shape, *(1,) * (effects.ndim - 2))
    squares = np.where(followed.reshape(shape), effects**2 - noise, 0.0).sum(axis=0)
    freedom = np.maximum(followed.sum(axis=0) - 1, 1).reshape(shape[1:])
    spread = np.sqrt(np.maximum(squares, 0.0) / freedom)
    return np.asarray((np.einsum("dc,c...->d...", missed, spread) ** 2).sum(axis=0), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Division:
    """How a sample was divided among P parts, cells (members and regimes) within draws.

    Parameters
    ----------
    moments
        Of each part's paths.
    cells
        (C,) shares that cells shall have, summing to 1.
    shape
        Of the paths of all parts.
    weighted
        Whether paths have weights, which give cells their shares.
    """

    moments: PartMoments
    cells: Floats
    shape: Shape
    weighted: bool

    @property
    def draws(self) -> int:
        """Number of posterior draws; 1 for the point estimate."""
        return self.moments.weight.size // self.cells.size

    def restate(self, statistics: Mapping[str, Floats], errors: dict[str, Floats], density: Floats) -> None:
        """Replace the plain errors of statistics, (O, h) each, positive losses included; `density` is that at month 0.

        Value at risk and shortfall are quantiles here, as levels: `statistics` are those before losses are counted.
        """
        mean, sd = statistics["mean"], statistics["sd"]
        for name, (effect, noise) in self._moment_effects(mean, sd):
            errors[name] = self._error(errors[name], effect, noise, self._of_cells(effect))
        for name in statistics.keys() - {"mean", "sd"}:
            errors[name] = self._level_error(name, statistics, errors[name], density)

    def _moment_effects(self, mean: Floats, sd: Floats) -> Iterator[tuple[str, tuple[Floats, Floats]]]:
        """What the influence of mean and standard deviation means on each part, and its sampling variance."""
        apart, variance = self.moments.mean - mean, self.moments.variance
        divisor = np.where(sd > 0.0, sd, 1.0)
        yield "mean", (apart, self._noise(variance, 0.0))
        wide = (variance + apart**2 - sd**2) / (2.0 * divisor)
        yield "sd", (wide, self._over(0.25 * (self.shape.fourth - 1.0) * variance))

    def _level_error(self, name: str, statistics: Mapping[str, Floats], plain: Floats, density: Floats) -> Floats:
        """Error of a quantile, a shortfall or the probability of loss."""
        score, scale = self._score(statistics[name]), density if name == "p_loss" else np.ones_like(density)
        if name in _MASSES:
            level, quantile = _MASSES[name]
            inner = self._score(statistics[quantile])
            share, apart = self._masses(inner), self._apart_below(inner) / level
        else:
            share, apart = self._densities(score), self._apart(score)
        if self.draws == 1:
            return np.asarray(np.hypot(plain, self._bias(scale * apart)), dtype=np.float64)
        return self._error(plain, *self._effects(scale * share, score), scale * apart)

    def _effects(self, share: Floats, score: Floats) -> tuple[Floats, Floats]:
        """What the influence of an order statistic means on each part, and its sampling variance, from (C, O, h)."""
        share, score = share[self._cell], score[self._cell]
        spread = self.moments.variance * share**2
        return share * (self._shift + score * self._stretch), self._noise(spread, score)

    def _noise(self, variance: Floats, score: Floats | float) -> Floats:
        """Sampling variance of a part's location plus `score` times its scale."""
        third, fourth = self.shape
        return self._over(variance * (1.0 + score * third + 0.25 * score**2 * (fourth - 1.0)))

    def _over(self, variance: Floats) -> Floats:
        effective = self.moments.effective[:, None, None]
        return np.divide(variance, effective, out=np.zeros_like(variance), where=effective > 0.0)

    def _error(self, plain: Floats, effect: Floats, noise: Floats, cells: Floats) -> Floats:
        """Error from the plain one, the influence's means on parts and their variance, and its (C, O, h) on cells."""
        moments = self.moments
        seen = moments.effective > 0.0
        square = np.divide(moments.weight**2, moments.effective, out=np.zeros_like(moments.weight), where=seen)
        within = plain**2 - np.einsum("p,poh->oh", square, effect**2 - noise)
        left = self._left(effect, noise) if self.draws > 1 else 0.0
        error: Floats = np.sqrt(np.maximum(within, 0.0) + left + self._bias(cells) ** 2)
        return error

    def _bias(self, cells: Floats) -> Floats:
        """(O, h) what a statistic is off because cells have not quite their shares of the paths."""
        if self.weighted:
            return np.zeros(cells.shape[1:])
        paths = self.moments.paths.reshape(self.draws, -1).sum(axis=0)
        found: Floats = np.einsum("c,coh->oh", paths / paths.sum() - self.cells, cells)
        return found

    def _apart(self, score: Floats) -> Floats:
        """(C, O, h) influence of a quantile on each cell, in normal cells: their shares below it, over the density."""
        sd = self._cell_moments[1]
        density = np.exp(-0.5 * score**2) / np.sqrt(2.0 * np.pi) / np.where(sd > 0.0, sd, np.inf)
        whole = np.einsum("c,coh->oh", self.cells, density)
        found: Floats = np.divide(normal_cdf(score), whole, out=np.zeros_like(score), where=whole > 0.0)
        return found

    def _apart_below(self, score: Floats) -> Floats:
        """(C, O, h) influence of a shortfall on each cell, in normal cells, times its level."""
        density = np.exp(-0.5 * score**2) / np.sqrt(2.0 * np.pi)
        found: Floats = self._cell_moments[1] * (score * normal_cdf(score) + density)
        return found

    def _left(self, effect: Floats, noise: Floats) -> Floats:
        """Variance of what draws that are not followed equally often leave; what cells differ by is taken off."""
        shape = (self.draws, -1, *effect.shape[1:])
        own = effect - self._of_cells(effect)[self._cell]
        weight = self.moments.weight.reshape(self.draws, -1)
        missed = unevenness(self.moments.paths.reshape(weight.shape), weight.sum(axis=0))
        return left_out(own.reshape(shape), noise.reshape(shape), weight > 0.0, missed)

    @cached_property
    def _cell(self) -> npt.NDArray[np.int64]:
        """(P,) member and regime of each part."""
        return np.arange(self.moments.weight.size) % (self.moments.weight.size // self.draws)

    def _of_cells(self, values: Floats) -> Floats:
        """(C, O, h) means of (P, O, h) over the draws of each cell."""
        weight = self.moments.weight.reshape(self.draws, -1)
        whole = weight.sum(axis=0)
        share = np.divide(weight, whole, out=np.zeros_like(weight), where=whole > 0.0)
        mean: Floats = np.einsum("dc,dcoh->coh", share, values.reshape(*weight.shape, *values.shape[1:]))
        return mean

    @cached_property
    def _cell_moments(self) -> tuple[Floats, Floats]:
        """(C, O, h) means and standard deviations of the cells."""
        mean = self._of_cells(self.moments.mean)
        return mean, np.sqrt(self._of_cells(self.moments.variance + (self.moments.mean - mean[self._cell]) ** 2))

    @cached_property
    def _shift(self) -> Floats:
        """(P, O, h) what each part's mean differs by from its cell's."""
        return self.moments.mean - self._cell_moments[0][self._cell]

    @cached_property
    def _stretch(self) -> Floats:
        """(P, O, h) what each part's standard deviation differs by from its cell's."""
        sd = self._cell_moments[1][self._cell]
        gap = self.moments.variance + self._shift**2 - sd**2
        return np.divide(gap, 2.0 * sd, out=np.zeros_like(gap), where=sd > 0.0)

    def _score(self, level: Floats) -> Floats:
        """(C, O, h) standardised levels in each cell."""
        mean, sd = self._cell_moments
        found: Floats = np.divide(level - mean, sd, out=np.zeros_like(mean), where=sd > 0.0)
        return found

    def _densities(self, score: Floats) -> Floats:
        """(C, O, h) density of each cell, as a normal law, over that of all."""
        sd = self._cell_moments[1]
        return self._relative(-0.5 * score**2 - np.log(np.where(sd > 0.0, sd, 1.0)))

    def _masses(self, score: Floats) -> Floats:
        """(C, O, h) probability of each cell below, as a normal law, over that of all."""
        return self._relative(np.log(np.maximum(normal_cdf(score), np.finfo(np.float64).tiny)))

    def _relative(self, logs: Floats) -> Floats:
        """Divide what has these logs by its mean over the cells."""
        weight = self.moments.weight.reshape(self.draws, -1).sum(axis=0)[:, None, None]
        logs = np.where(weight > 0.0, logs, -np.inf)
        share = np.exp(logs - logs.max(axis=0))
        relative: Floats = share / (weight * share).sum(axis=0)
        return relative
