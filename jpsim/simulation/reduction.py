"""From counts and power sums to statistics and their Monte Carlo standard errors.

With path weights w, S their sum, every error is that of a weighted mean of influence values psi,
``sqrt(sum w**2 psi**2) / S``. Quantiles use Bahadur's representation, with the density from the spacing
of two quantiles at Bofinger's distance; expected shortfall uses
``psi = q - ES + (x - q) 1{x < q} / a``, which for equal weights is
``[Var(x | tail) + (1 - a)(q - ES)**2] / (S a)``. Where paths follow several laws by a fixed rule, these plain errors
are restated, see `jpsim.simulation.part_errors`.

References
----------
Bahadur (1966), A note on quantiles in large samples. https://doi.org/10.1214/aoms/1177699450

Bofinger (1975), Estimation of a density function using order statistics.
https://doi.org/10.1111/j.1467-842X.1975.tb01366.x

Manistre, Hancock (2005), Variance of the CTE estimator. https://doi.org/10.1080/10920277.2005.10596207

Wilson (1927), Probable inference. https://doi.org/10.1080/01621459.1927.10502953
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from jpsim.errors import InputError
from jpsim.simulation.accumulation import BINS, PART_UNIT, PartSums, Totals
from jpsim.simulation.kernels.crossings import find_crossings
from jpsim.simulation.law import Law
from jpsim.simulation.order_statistics import OrderStatistics
from jpsim.simulation.part_errors import Division, Shape
from jpsim.simulation.result import STATISTICS, Histogram, PartMoments, ScenarioSample
from jpsim.simulation.sharding import on_threads, parts_of

__all__ = ["constant_outputs", "summarise"]

Floats = npt.NDArray[np.float64]

LEVELS: Final = (0.01, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99)
QUANTILES: Final = ("q01", "q05", "q10", "q25", "q50", "q75", "q90", "q95", "q99")
TAILS: Final = {"95": 1, "99": 0}
"""The confidence of value at risk and expected shortfall, and the place of its quantile in `LEVELS`."""
_NEAR: Final = BINS // 128  # bins to each side from which a density is taken
FLAT: Final = 1e-12
"""Standard deviations below this part of the mean (or of 1) are rounding: the output is a constant."""
FLAT_SINGLE: Final = 5e-6
"""The same where paths are of single precision."""


class Moments(NamedTuple):
    """Mean and standard deviation of every output and month, (O, h), with their errors."""

    mean: Floats
    sd: Floats
    mean_se: Floats
    sd_se: Floats


def _moments(totals: Totals) -> Moments:
    """Mean and standard deviation (divisor S) from power sums of standardised values."""
    sums, weight, squares = totals.sums, totals.weight, totals.weight_squares
    first, second = sums[..., 0] / weight, sums[..., 1] / weight
    b1, b2, b3, b4 = np.moveaxis(sums[..., :4] if sums.shape[-1] == 6 else sums[..., 2:6], -1, 0)
    variance = np.maximum(second - first * first, 0.0)
    c2 = b2 - 2.0 * first * b1 + first**2 * squares
    c4 = b4 - 4.0 * first * b3 + 6.0 * first**2 * b2 - 4.0 * first**3 * b1 + first**4 * squares
    sd = np.sqrt(variance)
    influence = np.maximum(c4 - 2.0 * variance * c2 + variance**2 * squares, 0.0)
    sd_se = np.divide(np.sqrt(influence), 2.0 * sd, out=np.zeros_like(sd), where=sd > 0.0) / weight
    spread = 1.0 / totals.sink.per_spread
    mean_se = np.sqrt(np.maximum(c2, 0.0)) / weight
    return Moments(totals.sink.centre + spread * first, spread * sd, spread * mean_se, spread * sd_se)


def _bandwidths(effective: float) -> Floats:
    """Bofinger's distance in probability around each of `LEVELS`, never past 0 or 1."""
    level = np.array(LEVELS)
    z = np.array([NormalDist().inv_cdf(a) for a in LEVELS])
    density = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
    distance = (4.5 * density**4 / (2.0 * z * z + 1.0) ** 2 / effective) ** 0.2
    floor = np.sqrt(level * (1.0 - level) / effective)
    bounded: Floats = np.minimum(np.maximum(distance, floor), 0.9 * np.minimum(level, 1.0 - level))
    return bounded


class Below(NamedTuple):
    """Sums of c, c x, c x**2 over the part of a histogram below a quantile, x in bins from its low edge."""

    mass: Floats
    first: Floats
    second: Floats


class Crossings(NamedTuple):
    """Where the histograms' running sums reach k masses, (O, h, k) arrays."""

    bins: npt.NDArray[np.int64]
    part: Floats  # of that bin, below the crossing
    below: Floats  # (O, h, k, 6) see `find_crossings`

    @property
    def place(self) -> Floats:
        """Position in bins from the low edge."""
        return self.bins + self.part

    def at(self, k: int, under: Floats, which: int, counts: Floats) -> Below:
        """Sum `counts` below crossing k; `which` is 0 for weights and 1 for their squares."""
        b, f = self.bins[..., k], self.part[..., k]
        piece = np.take_along_axis(counts, b[..., None], axis=2)[..., 0] * f
        mass, first, second = np.moveaxis(self.below[..., k, 3 * which : 3 * which + 3], -1, 0)
        v, v2 = under[..., 0], under[..., 1]
        second = second + piece * (b * b + b * f + f * f / 3.0) + (v + v2)
        return Below(mass + piece, first + piece * (b + 0.5 * f) + v, second)


def _crossings(totals: Totals, masses: Floats, threads: int) -> Crossings:
    """Find (k,) masses, in any order, in all histograms."""
    shape, order = (*totals.counts.shape[:2], masses.size), np.argsort(masses)
    bins, below = np.empty(shape, dtype=np.int64), np.empty((*shape, 6))
    ordered = masses[order]

    def find(some: slice) -> None:
        find_crossings(bins[some], below[some], totals.counts[some], totals.squares[some], ordered)

    on_threads(find, parts_of(shape[0], threads), threads)
    back = np.argsort(order)
    bins, below = bins[..., back], below[..., back, :]
    inside = np.take_along_axis(totals.counts, bins, axis=2)
    part = np.divide(masses - below[..., 0], inside, out=np.zeros_like(inside), where=inside > 0.0)
    return Crossings(bins, np.clip(part, 0.0, 1.0), below)


def _shortfall(totals: Totals, found: Crossings, k: int) -> tuple[Floats, Floats]:
    """Mean below the quantile k of all outputs, (O, h) in bins from the low edge, and its error."""
    weighted, level = totals.squares is not totals.counts, LEVELS[k]
    under = totals.sums[..., -4:-2] if weighted else totals.sums[..., -2:]
    tail = found.at(k, under, 0, totals.counts)
    squares = found.at(k, totals.sums[..., -2:], 1, totals.squares) if weighted else tail
    mean, q = tail.first / tail.mass, found.place[..., k]
    base, slope = q - mean - q / level, 1.0 / level
    inside = base**2 * squares.mass + 2.0 * base * slope * squares.first + slope**2 * squares.second
    outside = (q - mean) ** 2 * (totals.weight_squares - squares.mass)
    return mean, np.sqrt(np.maximum(inside + outside, 0.0)) / totals.weight


def _quantile_errors(totals: Totals, found: Crossings, width: Floats) -> Floats:
    """Errors of the (O, h, L) quantiles in bins, ``width`` bins per unit of probability around each."""
    level, size = np.array(LEVELS), len(LEVELS)
    inside = np.take_along_axis(totals.squares, found.bins[..., :size], axis=2)
    below = found.below[..., :size, 3] + found.part[..., :size] * inside
    variance = (1.0 - level) ** 2 * below + level**2 * (totals.weight_squares - below)
    error: Floats = np.sqrt(np.maximum(variance, 0.0)) / totals.weight * width
    return error


def _order_statistics(totals: Totals, found: Crossings) -> dict[str, tuple[Floats, Floats]]:
    """Quantiles and shortfalls, (O, h) each with its error, in bins from the low edge."""
    place, lower, upper = np.split(found.place, 3, axis=2)
    distance = _bandwidths(totals.weight**2 / totals.weight_squares)
    error = _quantile_errors(totals, found, (upper - lower) / (2.0 * distance))
    out = {name: (place[..., k], error[..., k]) for k, name in enumerate(QUANTILES)}
    for confidence, k in TAILS.items():
        out[f"es{confidence}"] = _shortfall(totals, found, k)
    return out


def _loss_probability(totals: Totals) -> tuple[Floats, Floats]:
    """Probability of ending below month 0, and half the width of Wilson's interval at one error."""
    p = totals.losses[..., 0] / totals.weight
    square = totals.losses[..., 1]
    variance = ((1.0 - p) ** 2 * square + p**2 * (totals.weight_squares - square)) / totals.weight**2
    one = totals.weight_squares / totals.weight**2
    return p, np.sqrt(np.maximum(variance, 0.0) + 0.25 * one * one) / (1.0 + one)


def _levels_and_around(totals: Totals) -> Floats:
    """(3 L,) masses below the quantiles, and Bofinger's distance below and above them."""
    level, distance = np.array(LEVELS), _bandwidths(totals.weight**2 / totals.weight_squares)
    masses: Floats = np.concatenate([level, level - distance, level + distance]) * totals.weight
    return masses


def _density(totals: Totals, law: Law) -> Floats:
    """(O, h) density of each output at its value at month 0, from the bins within an eighth of a spread of it."""
    place = (np.broadcast_to(law.start[:, None], law.low.shape) - law.low) * totals.sink.per_width
    first = np.clip(place.astype(np.int64) - _NEAR, 0, BINS - 2 * _NEAR)[..., None]
    inside = np.take_along_axis(totals.counts, first + np.arange(2 * _NEAR), axis=2).sum(axis=2)
    found: Floats = inside / totals.weight * totals.sink.per_width / (2 * _NEAR)
    return found


def _shape(totals: Totals) -> Shape:
    """Standardised third and fourth moments of every output and month, by squared weights where paths are weighted."""
    sums, squares = totals.sums, totals.weight_squares
    b1, b2, b3, b4 = np.moveaxis(sums[..., :4] if sums.shape[-1] == 6 else sums[..., 2:6], -1, 0) / squares
    variance = np.maximum(b2 - b1**2, 0.0)
    divisor = np.where(variance > 0.0, variance, 1.0)
    third, fourth = b3 - 3.0 * b1 * b2 + 2.0 * b1**3, b4 - 4.0 * b1 * b3 + 6.0 * b1**2 * b2 - 3.0 * b1**4
    return Shape(third / divisor**1.5, np.maximum(fourth / divisor**2, 1.0))


def _tables(
    totals: Totals, law: Law, division: Division | None, threads: int
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Each of `STATISTICS` in reported units, with its error."""
    moments = _moments(totals)
    values, errors = {"mean": moments.mean, "sd": moments.sd}, {"mean": moments.mean_se, "sd": moments.sd_se}
    values["p_loss"], errors["p_loss"] = _loss_probability(totals)
    width = (law.high - law.low) / BINS
    crossings = _crossings(totals, _levels_and_around(totals), threads)
    for name, (place, error) in _order_statistics(totals, crossings).items():
        values[name], errors[name] = law.low + place * width, error * width
    start = law.start[:, None]
    if division is not None:
        division.restate(values | {"p_loss": np.broadcast_to(start, width.shape)}, errors, _density(totals, law))
    for confidence, k in TAILS.items():
        values[f"var{confidence}"], errors[f"var{confidence}"] = start - values[QUANTILES[k]], errors[QUANTILES[k]]
        values[f"es{confidence}"] = start - values[f"es{confidence}"]
    return values, errors


def constant_outputs(law: Law, totals: Totals) -> npt.NDArray[np.bool_]:
    """(O, h) outputs that do not move: a spread of rounding size is none."""
    moments = _moments(totals)
    constant: npt.NDArray[np.bool_] = moments.sd <= _flat(law) * np.maximum(1.0, np.abs(moments.mean))
    narrow = ~constant & (moments.sd <= 1e-6 * (law.high - law.low))
    counts = totals.counts[narrow]
    constant[narrow] = counts.max(axis=1, initial=0.0) == counts.sum(axis=1)  # all in one bin
    return constant


def _flat(law: Law) -> float:
    return FLAT if law.numerics.precision == "float64" else FLAT_SINGLE


def _settle_constants(
    values: dict[str, Floats], errors: dict[str, Floats], law: Law, constant: npt.NDArray[np.bool_]
) -> None:
    """Give constant outputs their value and no error."""
    mean = values["mean"]
    fall = np.broadcast_to(law.start[:, None], mean.shape) - mean
    for name in STATISTICS:
        errors[name][constant] = 0.0
        if name == "sd":
            values[name][constant] = 0.0
        elif name in QUANTILES:
            values[name][constant] = mean[constant]
        elif name.startswith(("var", "es")):
            values[name][constant] = fall[constant]
    values["p_loss"][constant] = (fall > _flat(law) * np.maximum(1.0, np.abs(mean)))[constant]


def _take_exact(values: dict[str, Floats], law: Law, exact: OrderStatistics) -> None:
    """Replace what histograms say about order statistics; errors stay as they are."""
    start = law.start[:, None]
    for k, name in enumerate(QUANTILES):
        values[name] = exact.quantiles[..., k]
    for confidence, k in TAILS.items():
        values[f"var{confidence}"] = start - exact.quantiles[..., k]
        values[f"es{confidence}"] = start - exact.tails[..., k]


def _part_moments(parts: PartSums, totals: Totals) -> PartMoments:
    weight, squares, paths = parts.weights.T * PART_UNIT
    seen, spread = weight > 0.0, 1.0 / totals.sink.per_spread
    divisor = np.where(seen, weight, 1.0)
    first, second = np.moveaxis(parts.sums * PART_UNIT / divisor[:, None, None, None], -1, 0)
    inside = seen[:, None, None]
    return PartMoments(
        weight / weight.sum(),
        np.divide(weight**2, squares, out=np.zeros_like(divisor), where=seen),
        paths,
        np.where(inside, totals.sink.centre + spread * first, 0.0),
        np.where(inside, spread**2 * np.maximum(second - first**2, 0.0), 0.0),
    )


def summarise(
    scenario: str,
    paths: int,
    law: Law,
    totals: Totals,
    exact: OrderStatistics | None = None,
    parts: PartSums | None = None,
    cells: Sequence[float] | None = None,
    threads: int = 1,
) -> ScenarioSample:
    """Reduce what was counted to a `ScenarioSample`.

    Parameters
    ----------
    scenario, paths
        Id and number of paths.
    law
        For the edges of the histograms and the values at month 0.
    totals
        What was counted.
    exact
        Exact order statistics, instead of those of the histograms.
    parts
        Sums of each law's paths, if they were kept.
    cells
        Shares of the members and regimes that the laws belong to, see `draw`; without them errors are plain.
    threads
        On which the histograms are read, 0 for all cores.

    Raises
    ------
    InputError
        An output is infinite or not a number on some path.
    """
    if not np.isfinite(totals.sums).all():
        raise InputError(f"scenario {scenario}: outputs are not finite on some paths; the law explodes")
    moments = None if parts is None else _part_moments(parts, totals)
    division = None
    if moments is not None and cells is not None and moments.weight.size > 1:
        even = totals.squares is totals.counts
        division = Division(moments, np.array(cells) / np.sum(cells), _shape(totals), weighted=not even)
    values, errors = _tables(totals, law, division, threads)
    if exact is not None:
        _take_exact(values, law, exact)
    _settle_constants(values, errors, law, constant_outputs(law, totals))
    effective = totals.weight**2 / totals.weight_squares
    histogram = Histogram(law.low, law.high, totals.counts, totals.squares)
    return ScenarioSample(scenario, paths, effective, values, errors, histogram, moments)
