"""The draws of a scenario in which a series loses more than a threshold, with their weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jpsim.simulation.sampling import Sampler

__all__ = ["TailSample", "sample_tail"]

Floats = npt.NDArray[np.float64]

_CHUNK_BYTES = 64 * 2**20
_KEPT_BYTES = 256 * 2**20


@dataclass(frozen=True, eq=False)
class TailSample:
    """Draws beyond a loss.

    Parameters
    ----------
    paths
        Number of paths drawn.
    probability, probability_error
        Weighted share of them that lose at least as much, and its Monte Carlo error.
    weights
        (k,) weights of the draws that are kept, summing to 1: all of them, or the first that fit into memory.
    outputs
        (O, t, k) their factor levels and cumulative returns.
    mean, sd
        (O,) of all paths at month t: factors in model units, series as cumulative returns.
    """

    paths: int
    probability: float
    probability_error: float
    weights: Floats
    outputs: npt.NDArray[np.float32]
    mean: Floats
    sd: Floats

    @property
    def effective(self) -> float:
        """Effective number of equally likely draws beyond the loss; 0 if there are none."""
        return 1.0 / float(self.weights @ self.weights) if self.weights.size else 0.0

    def average(self, values: Floats, members: npt.NDArray[np.bool_] | None = None) -> tuple[Floats, Floats]:
        """Return weighted means over the last axis (k), and their Monte Carlo errors.

        Parameters
        ----------
        values
            (..., k).
        members
            (k,) draws to average; all by default.
        """
        weights = self.weights if members is None else self.weights * members
        share = weights / weights.sum()
        mean = values @ share
        error: Floats = np.sqrt((values - mean[..., None]) ** 2 @ share**2)
        return mean, error


def sample_tail(sampler: Sampler, series: int, month: int, loss: float, paths: int) -> TailSample:
    """Draw a scenario and keep the paths on which an output has lost at least `loss` by a month.

    Parameters
    ----------
    sampler
        The scenario, ready to be drawn.
    series, month
        Position among the outputs, and month t from 1 to the horizon.
    loss
        Share lost since month 0, above 0.
    paths
        Number of paths.

    Raises
    ------
    InputError
        If no weights meet the scenario's views.
    """
    outputs, horizon = sampler.laws[0].low.shape
    weights = sampler.weights(paths)
    weights = np.ones(paths) if weights is None else weights
    log = np.array([kind == "log100" for kind in sampler.story.parts[0].law.conditional.system.model.transform])
    room = _KEPT_BYTES // (4 * outputs * month)
    sums, squares, origin = np.zeros(outputs), np.zeros(outputs), np.zeros(outputs)
    kept, share = [], []
    lost = np.zeros(paths, dtype=np.bool_)
    for first, count in _chunks(paths, outputs * horizon):
        drawn = sampler.paths(first, count)[:, :month]
        now = drawn[:, -1].copy()
        now[: log.size][log] = 100.0 * np.log(now[: log.size][log])
        origin = now.mean(axis=1) if first == 0 else origin
        sums += (now - origin[:, None]) @ weights[first : first + count]
        squares += (now - origin[:, None]) ** 2 @ weights[first : first + count]
        lost[first : first + count] = drawn[series, -1] <= -loss
        mine = np.flatnonzero(lost[first : first + count])[:room]
        kept.append(drawn[:, :, mine].astype(np.float32))
        share.append(weights[first + mine])
        room -= mine.size
    total = float(weights.sum())
    probability = float(weights[lost].sum()) / total
    tail = np.concatenate(share)
    mean = sums / total
    return TailSample(
        paths=paths,
        probability=probability,
        probability_error=float(np.sqrt((weights**2 * (lost - probability) ** 2).sum())) / total,
        weights=tail / tail.sum() if tail.size else tail,
        outputs=np.concatenate(kept, axis=2),
        mean=origin + mean,
        sd=np.sqrt(np.maximum(squares / total - mean**2, 0.0)),
    )


def _chunks(paths: int, numbers: int) -> Iterator[tuple[int, int]]:
    size = max(_CHUNK_BYTES // (8 * numbers) // 512, 1) * 512
    for first in range(0, paths, size):
        yield first, min(size, paths - first)
