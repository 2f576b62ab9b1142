"""How far apart two distributions lie, and whether one is better than the other at every level.

All distances are integrals or extremes of the difference of the two distribution functions, exact for the
samples. To first order each is a difference of means of one function of the path, its potential: the
slope of the potential is the sign of the difference for Wasserstein's distance (Kantorovich's dual), the
difference itself for the energy distance, and an indicator or a put's payoff where an extreme is attained.
So common draws sharpen the intervals of distances as they do those of means. Where two distributions are
the same the expansion has no first-order term; the intervals then reach down to zero.

Dominance is told as an effect size in each direction, not as a test, which any difference would fail on
enough paths. First order: the largest amount by which one distribution function lies above the other, the
extra probability of ending below some level. Second order: the largest amount by which the integrated one
does, the extra expected shortfall below some level. B dominates A where the effect against B is zero.

References
----------
Kim, Pollard (1990), Cube root asymptotics. https://doi.org/10.1214/aos/1176347498

Barrett, Donald (2003), Consistent tests for stochastic dominance. https://doi.org/10.1111/1468-0262.00390

Székely, Rizzo (2013), Energy statistics. https://doi.org/10.1016/j.jspi.2013.03.018

Villani (2003), Topics in Optimal Transportation. https://doi.org/10.1090/gsm/058
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from jpsim.analysis.ordered_sample import OrderedSample
from jpsim.analysis.paired_errors import Difference, difference, mean_estimate

__all__ = ["DISTANCES", "DOMINANCE", "distances"]

Floats = npt.NDArray[np.float64]

DISTANCES = ("wasserstein", "kolmogorov_smirnov", "energy")
"""Wasserstein-1 and energy distance in the unit of the output; Kolmogorov-Smirnov from 0 to 1."""

DOMINANCE = ("fsd_worse", "fsd_better", "ssd_worse", "ssd_better")
"""Effect sizes against (``worse``) and for (``better``) the scenario, of first and second order."""

_HALVED = 2.0 ** (2.0 / 3.0)  # how much more the place and height of a maximum err on half the paths


@dataclass(frozen=True, eq=False, slots=True)
class _Pooled:
    """Both distribution functions on the M values that occur in either sample.

    `gap` (M,) is the reference's function less the scenario's, from each value up to the next; `halves`
    (2, M) are the same for the paths of even and of odd number alone; `places` give the value of each path
    of the two samples.
    """

    samples: tuple[OrderedSample, OrderedSample]
    edges: Floats
    gap: Floats
    halves: Floats
    places: tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]
    paired: bool

    @classmethod
    def of(cls, reference: OrderedSample, scenario: OrderedSample, paired: bool) -> Self:
        """Merge two samples; equal values fall together."""
        values = np.concatenate([reference.ascending, scenario.ascending])
        order = np.argsort(values, kind="stable")
        values = values[order]
        gap, *halves = (
            np.cumsum(np.concatenate([_shares(reference, kept), -_shares(scenario, kept)])[order])
            for kept in (slice(None), slice(0, None, 2), slice(1, None, 2))
        )
        last = np.append(values[1:] > values[:-1], True)
        groups = np.cumsum(last) - last
        first = order < reference.values.size
        places = (_by_path(reference, groups[first]), _by_path(scenario, groups[~first]))
        return cls((reference, scenario), values[last], gap[last], np.array(halves)[:, last], places, paired)

    @property
    def steps(self) -> Floats:
        return np.diff(self.edges)

    def integrated(self, slopes: Floats) -> Floats:
        """(M,) integral of a function that has the given slope from each value up to the next."""
        total: Floats = np.concatenate([[0.0], np.cumsum(slopes[:-1] * self.steps)])
        return total

    def contrast(self, potential: Floats) -> Difference:
        """Mean of the (M,) potential under the scenario less that under the reference; never below zero."""
        pairs = zip(self.samples, self.places, strict=True)
        reference, scenario = (mean_estimate(sample, potential[place]) for sample, place in pairs)
        found = difference(reference, scenario, paired=self.paired, least=0.0)
        # What is never negative may come out as minus a rounding error.
        return Difference(max(found.value, 0.0), found.se, found.low, max(found.high, 0.0))


def distances(reference: OrderedSample, scenario: OrderedSample, *, paired: bool) -> dict[str, Difference]:
    """Each of `DISTANCES` and `DOMINANCE` between two samples, with intervals.

    Parameters
    ----------
    reference, scenario
        The samples.
    paired
        Whether path i of both comes from one draw.
    """
    pooled = _Pooled.of(reference, scenario, paired)
    deficit = pooled.integrated(-pooled.gap)
    worse, better = (_share_below(pooled, sign) for sign in (-1.0, 1.0))
    energy = pooled.contrast(pooled.integrated(4.0 * pooled.gap))
    return {
        "wasserstein": pooled.contrast(pooled.integrated(np.sign(pooled.gap))),
        "kolmogorov_smirnov": max(worse, better, key=lambda found: found.value),
        # Half the contrast of its potential is the distance, all of it is its first-order change.
        "energy": Difference.around(0.5 * energy.value, energy.se, 0.0),
        "fsd_worse": worse,
        "fsd_better": better,
        "ssd_worse": _put(pooled, deficit, 1.0),
        "ssd_better": _put(pooled, deficit, -1.0),
    }


def _share_below(pooled: _Pooled, sign: float) -> Difference:
    """Largest excess of one distribution function over the other; `sign` 1 is the reference's excess.

    The largest excess of a sample errs upwards by 3 e, as near its place the excess is a Brownian motion
    W(t) less a parabola t**2: by scaling E max = 3 E argmax**2. The excess of one half of the paths where that
    of the other half is largest errs downwards by ``2**(2/3) e``. The interval is centred where the two cancel.
    """
    place = int(np.argmax(sign * pooled.gap))
    found = pooled.contrast(-sign * (np.arange(pooled.edges.size) <= place).astype(np.float64))
    even, odd = sign * pooled.halves
    crossed = 0.5 * float(odd[np.argmax(even)] + even[np.argmax(odd)])
    centre = (_HALVED * found.value + 3.0 * crossed) / (_HALVED + 3.0)
    span = Difference.around(centre, found.se, 0.0, 1.0)
    return Difference(found.value, found.se, min(span.low, found.value), max(span.high, found.value))


def _put(pooled: _Pooled, deficit: Floats, sign: float) -> Difference:
    """Largest excess of one expected shortfall below a level; `sign` 1 is the scenario's excess."""
    level = pooled.edges[int(np.argmax(sign * deficit))]
    return pooled.contrast(sign * np.maximum(level - pooled.edges, 0.0))


def _shares(sample: OrderedSample, kept: slice) -> Floats:
    """(N,) weights in ascending order of the values; those of paths that are not kept are zero."""
    weights = np.zeros_like(sample.weights)
    weights[kept] = sample.weights[kept]
    shares: Floats = weights[sample.order] / (np.sum(weights) or 1.0)  # a single path has no odd half
    return shares


def _by_path(sample: OrderedSample, ascending: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Put what is known in ascending order of the values into the order of the paths."""
    out = np.empty_like(ascending)
    out[sample.order] = ascending
    return out
