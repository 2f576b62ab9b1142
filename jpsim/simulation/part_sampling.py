"""One law ready to be drawn from: its arrays, the targets of its soft rows, its importance weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from jpsim.conditioning.conditional import Conditional
from jpsim.conditioning.rows import Row
from jpsim.conditioning.scenario_law import ScenarioLaw
from jpsim.conditioning.term_moments import Innovations
from jpsim.simulation.compilation import compile_law
from jpsim.simulation.cross_entropy import fit_scale_tilt
from jpsim.simulation.engine import log_likelihoods
from jpsim.simulation.importance import log_model_density, log_proposal, log_range_density
from jpsim.simulation.kernels.normals import TARGETS, fill_normals, fill_uniforms
from jpsim.simulation.law import DOUBLE, Law, Numerics, ScaleTilt
from jpsim.simulation.windowing import open_windows

__all__ = ["PartSampler"]

Floats = npt.NDArray[np.float64]

_NORMALS, _UNIFORMS = 0, 1  # steps of the target stream
_PILOTS = 4096  # paths that a law's evidence is averaged over


@dataclass(frozen=True, eq=False)
class PartSampler:
    """One part of a story.

    Parameters
    ----------
    source
        What it means.
    law
        The arrays of the kernels.
    seed
        Key of the generator.
    windows
        Rows with which paths must comply besides.
    centred
        Whether rows with a stated law stay at their centres.
    """

    source: ScenarioLaw
    law: Law
    seed: int
    windows: tuple[Row, ...] = ()
    centred: bool = False

    @classmethod
    def of(
        cls,
        source: ScenarioLaw,
        innovations: Innovations,
        seed: int,
        *,
        plain: bool = False,
        steps: Sequence[int] | None = None,
        numerics: Numerics = DOUBLE,
    ) -> PartSampler:
        """Compile a law; see `jpsim.simulation.compilation.compile_law`."""
        drawn, windows = open_windows(source, random_scales=innovations != "gaussian")
        return cls(drawn, compile_law(drawn, innovations, plain=plain, steps=steps, numerics=numerics), seed, windows)

    def proposal(self) -> ScaleTilt | None:
        """Fit where the months' scales are best drawn from; None where conditions say nothing about them."""
        mixing = self.law.mixing
        if not self.tilted or mixing is None or not (np.isfinite(mixing.nu) or mixing.sv_sigma > 0.0):
            return None

        def density(first: int, count: int) -> Floats:
            return -log_model_density(self.conditional.targets, *self.deviations(first, count))

        targets = self.targets if self.soft_rows else None
        return fit_scale_tilt(self.law, self.seed, targets, other_weights=density if self.soft_rows else None)

    def proposing(self, tilt: ScaleTilt | None) -> PartSampler:
        """Return the same part with its scales drawn from a proposal; weights make up for it."""
        mixing = self.law.mixing
        if tilt is None or mixing is None:
            return self
        return replace(self, law=replace(self.law, mixing=mixing._replace(tilt=tilt)))

    @property
    def tilt(self) -> ScaleTilt | None:
        """The proposal of its scales, if it has one."""
        return None if self.law.mixing is None else self.law.mixing.tilt

    def log_evidence(self) -> float:
        """What the law says of its conditions, in logs and up to a constant; see `Conditional.log_evidence`.

        Under heavy tails the density of the stated values is averaged over pilots of the months' scales, at the
        centres of stated laws; how much these narrow or widen the model's is that of normal innovations.
        """
        if not self.tilted:
            return self.conditional.log_evidence
        targets = self.conditional.targets
        still = replace(self, centred=True)
        density = log_likelihoods(self.law, self.seed, 0, _PILOTS, still.targets, pilots=True)
        if targets.ranges is not None:
            density -= log_range_density(targets, *still.deviations(0, _PILOTS))
            density += 0.5 * float(np.linalg.slogdet(targets.ranges.cov)[1])  # its constant
        stated = targets.stated
        spread = targets.spread[: stated.size, : stated.size]
        shape = -0.5 * float(np.trace(np.linalg.solve(targets.model_cov, spread)))
        if stated.grid is None and stated.size:
            shape += 0.5 * float(np.linalg.slogdet(spread)[1])
        return float(logsumexp(density)) - float(np.log(_PILOTS)) + shape

    @property
    def conditional(self) -> Conditional:
        """Law of its factors."""
        return self.source.conditional

    @property
    def tilted(self) -> bool:
        """Whether conditions say something about months' scales or interventions: not if named drivers deliver them."""
        mixing = self.law.mixing
        if mixing is None or self.conditional.steered:
            return False
        random = np.isfinite(mixing.nu) or mixing.sv_sigma > 0.0 or self.law.intervenes
        return mixing.gap.size > 0 and bool(random)

    @property
    def weighted(self) -> bool:
        """Whether paths are not equally likely, views apart."""
        return self.tilted or self.conditional.targets.weighted or bool(self.windows)

    @property
    def soft_rows(self) -> int:
        """Number of values that are drawn path by path."""
        return self.conditional.targets.size

    @property
    def target_rows(self) -> int:
        """Number of rows that the kernels want: all requirements of a correction, or the soft rows alone."""
        return self.soft_rows if self.law.mixing is None else int(self.law.mixing.gap.size)

    def targets(self, first: int, count: int) -> Floats:
        """Deviations of the soft rows' values, as the kernels want them: (m or q, count)."""
        deviations = self.deviations(first, count)[0]
        if self.law.mixing is None:
            return deviations
        out = np.zeros((self.law.mixing.gap.size, count))
        out[list(self.conditional.targets.free)] = deviations
        return out

    def deviations(self, first: int, count: int) -> tuple[Floats, Floats]:
        """Soft rows' values less their centres (q, count), and the log probability of each draw's ranges."""
        law = self.conditional.targets
        normals = fill_normals(self.seed, TARGETS, first, count, 1, law.stated.normal)[_NORMALS]
        uniforms = fill_uniforms(self.seed, TARGETS, first, count, 2, law.uniforms)[_UNIFORMS]
        return law.draw(normals, uniforms, centred=self.centred)

    def weigh(self, first: int, count: int) -> tuple[Floats, Floats, Floats]:
        """Weigh some paths, and say what holds the laws that are stated.

        Returns
        -------
        Log importance weights (count,), up to a constant; standardised values (a, count) of stated margins, whose
        `margin_moments` shall vanish; and what shall vanish in mean where tables hold, (k, count).
        """
        deviations, log_range = self.deviations(first, count)
        targets = self.conditional.targets
        stated = targets.stated
        scores = deviations[: stated.normal] / np.sqrt(np.diag(stated.cov))[: stated.normal, None]
        tables = np.zeros((0, count))
        if stated.grid is not None:
            tables = stated.grid.moments(deviations[stated.normal : stated.size])
        if not self.tilted:
            return log_range + targets.stated.log_weight(deviations), scores, tables
        likelihood = log_likelihoods(self.law, self.seed, first, count, self.targets)
        return likelihood - log_proposal(targets, deviations, log_range), scores, tables
