"""Pilot paths, on which proposals are fitted: from streams of their own, weighed as paths are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from jpsim.simulation.engine import log_likelihoods
from jpsim.simulation.kernels.normals import PILOTS, TARGETS, fill_normals
from jpsim.simulation.law import Law, Mixing, Proposal
from jpsim.simulation.proposals import components, draw_normals, draw_scores

__all__ = ["Drawn", "Judged", "Pilots"]

Floats = npt.NDArray[np.float64]
Judged = Callable[[Law, int, Floats], tuple[Floats, Floats]]
"""From the law with the proposal on trial, the first path and the scores (q, count) of drawn values: targets
(m, count), and what log weights hold besides the density of the requirements, (count,)."""


class Drawn(NamedTuple):
    """Pilots: standard normals (2 h + q, count) of y and the scores, y (2 h, count), and log weights (count,)."""

    normals: Floats
    y: Floats
    log_weights: Floats


@dataclass(frozen=True, eq=False)
class Pilots:
    """Pilot paths: how they are drawn and weighed; see `fit_proposal`."""

    law: Law
    mixing: Mixing
    seed: int
    judged: Judged | None

    def draw(self, proposal: Proposal, first: int, count: int) -> Drawn:
        """Draw pilots from a proposal."""
        months = proposal.mean.shape[1] // 2
        both = [fill_normals(self.seed, stream, first, count, months, 1)[:, 0] for stream in PILOTS]
        both[0] *= np.isfinite(self.mixing.nu)
        both[1] *= self._volatile
        normals = np.concatenate(both)
        y = draw_normals(proposal, components(proposal, first, count), normals)
        trial = replace(self.law, mixing=self.mixing._replace(proposal=proposal))
        if self.judged is None:
            return Drawn(normals, y, log_likelihoods(trial, self.seed, first, count, pilots=True))
        scores = fill_normals(self.seed, TARGETS, first, count, 1, self.mixing.free)[0]
        own = scores[: proposal.score_mean.size].copy()
        scores[: own.shape[0]], log_weights = draw_scores(proposal, y, own)
        targets, judged = self.judged(trial, first, scores)
        log_weights += judged + log_likelihoods(trial, self.seed, first, count, targets, pilots=True)
        return Drawn(np.concatenate([normals, own]), y, log_weights)

    @cached_property
    def _volatile(self) -> bool:
        return self.mixing.sv_sigma > 0.0

    @cached_property
    def active(self) -> npt.NDArray[np.int64]:
        """Positions of the normals that the requirements depend on: those of months up to the last one."""
        required = np.abs(self.mixing.exposure).sum(axis=(1, 2)) > 0.0
        months = np.flatnonzero(np.cumsum(required[::-1])[::-1])
        kinds = [np.isfinite(self.mixing.nu), self._volatile]
        return np.concatenate([months + place * required.size for place, kind in enumerate(kinds) if kind])
