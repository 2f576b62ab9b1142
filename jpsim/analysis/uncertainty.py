"""Where the width of a band comes from: shocks, parameters, regimes, competing stories.

The law of total variance splits the variance of every output, one layer of a story within the other: what
is left within a part is the shocks' share, what the means of the parts of one member and regime differ by
is the parameters', what the regimes' means differ by is the regimes', what the members' means differ by is
the stories'. The mean of a part is known from its own paths only, so that part of the differences is
noise: it is taken off as in the analysis of variance and left with the shocks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.stories import Story
from jpsim.errors import InputError
from jpsim.simulation.result import ScenarioSample

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["SOURCES", "split_variance", "uncertainty_table"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

SOURCES = ("shocks", "parameters", "regime", "stories")
"""Parts of a variance; they sum to it."""


def split_variance(story: Story, sample: ScenarioSample) -> dict[str, Floats]:
    """Split the variance of every output and month.

    Parameters
    ----------
    story
        The story that was drawn.
    sample
        Its sample, with the moments of each part's paths.

    Returns
    -------
    Each of `SOURCES` as (O, h) variances, none below zero.
    """
    moments = sample.parts
    if moments is None:
        raise InputError(f"the sample of {sample.scenario} does not keep the moments of its parts")
    cells = np.arange(len(story.parts)) % len(story.points)
    members = np.array([part.member for part in story.points])
    noise = np.divide(
        moments.variance,
        moments.effective[:, None, None],
        out=np.zeros_like(moments.variance),
        where=moments.effective[:, None, None] > 0,
    )
    total = np.einsum("p,poh->oh", moments.weight, moments.variance)
    layer, found = _Layer(moments.weight, moments.mean, noise), {}
    for name, groups in zip(SOURCES[1:], (cells, members, np.zeros(members.max() + 1, dtype=np.int64)), strict=True):
        above = layer.merged(groups)
        raw, chance = layer.between(above, groups)
        total += raw
        found[name] = np.maximum(raw - chance, 0.0)
        layer = above
    return {"shocks": np.maximum(total - sum(found.values()), 0.0), **found}


def uncertainty_table(
    splits: Mapping[str, Mapping[str, Floats]],
    errors: Mapping[str, Floats],
    outputs: Sequence[str],
    reported: Sequence[int] = (),
) -> pa.Table:
    """Put the splits of several scenarios into a table.

    Parameters
    ----------
    splits
        Scenario to source to (O, h) variances.
    errors
        Scenario to the (O, h) Monte Carlo standard errors of the means.
    outputs
        Ids of the O outputs.
    reported
        The months; 1 to h by default.

    Returns
    -------
    pyarrow.Table
        A row per scenario, series, month and source: the variance and its share of the whole. `SOURCES` sum to the
        variance of the series; the source ``monte_carlo``, the squared error of the mean, stands beside them.
    """
    import pyarrow as pa

    from jpsim.runs.arrow import numbers, repeated_texts

    names = [*SOURCES, "monte_carlo"]
    values = np.array(
        [
            np.stack([*(split[name] for name in SOURCES), errors[scenario] ** 2], axis=-1)
            for scenario, split in splits.items()
        ]
    )
    whole = values[..., : len(SOURCES)].sum(axis=-1, keepdims=True)
    shares = np.divide(values, whole, out=np.zeros_like(values), where=whole > 0)
    months = values.shape[2]
    place = np.indices(values.shape).reshape(values.ndim, -1)
    return pa.table(
        {
            "scenario": repeated_texts(list(splits), place[0]),
            "series": repeated_texts(outputs, place[1]),
            "month": numbers(np.array(reported or range(1, months + 1), dtype=np.int32)[place[2]]),
            "source": repeated_texts(names, place[3]),
            "variance": numbers(values),
            "share": numbers(shares),
        }
    )


class _Layer:
    """Weights (g,), means (g, O, h) and sampling variances of these means, of g groups of paths."""

    def __init__(self, weight: Floats, mean: Floats, noise: Floats) -> None:
        self.weight, self.mean, self.noise = weight, mean, noise

    def merged(self, groups: Integers) -> _Layer:
        """Return the layer above, given the group that each belongs to."""
        member = (groups == np.arange(groups.max() + 1)[:, None]) * self.weight
        weight = member.sum(axis=1)
        shares = np.divide(member, weight[:, None], out=np.zeros_like(member), where=weight[:, None] > 0)
        mean = np.einsum("gp,poh->goh", shares, self.mean)
        return _Layer(weight, mean, np.einsum("gp,poh->goh", shares**2, self.noise))

    def between(self, above: _Layer, groups: Integers) -> tuple[Floats, Floats]:
        """Variance (O, h) of the means within the groups above, and how much of it chance alone would give."""
        whole = above.weight[groups]
        share = np.divide(self.weight, whole, out=np.zeros_like(self.weight), where=whole > 0)
        raw = np.einsum("p,poh->oh", self.weight, (self.mean - above.mean[groups]) ** 2)
        return raw, np.einsum("p,poh->oh", self.weight * (1.0 - share), self.noise)
