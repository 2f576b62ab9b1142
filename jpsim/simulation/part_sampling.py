"""One law ready to be drawn from: its arrays, the targets of its soft rows, its importance weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.conditional import Conditional
from jpsim.conditioning.scenario_law import ScenarioLaw
from jpsim.conditioning.term_moments import Innovations
from jpsim.simulation.compilation import compile_law
from jpsim.simulation.coupling import couple, couple_months
from jpsim.simulation.cross_entropy import fit_proposal
from jpsim.simulation.drawing import superblocks
from jpsim.simulation.engine import draw_range_laws, draw_scores, log_likelihoods, trace_interventions
from jpsim.simulation.importance import log_model_density
from jpsim.simulation.kernels.normals import TARGETS, fill_normals, fill_uniforms
from jpsim.simulation.law import DOUBLE, Law, Numerics, Proposal
from jpsim.simulation.margin_shapes import MarginShapes, find_shapes
from jpsim.simulation.pilots import Judged
from jpsim.simulation.refitting import Refitting
from jpsim.special import log_sum_exp

__all__ = ["PartSampler"]

Floats = npt.NDArray[np.float64]

_SCORES, _CHOICES = 0, 1  # steps of the target stream
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
    centred
        Whether rows with a stated law stay at their centres.
    shapes
        Of the model's own margins under random scales, against which drawn values are judged.
    """

    source: ScenarioLaw
    law: Law
    seed: int
    centred: bool = False
    shapes: MarginShapes | None = None

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
        return cls(source, compile_law(source, innovations, plain=plain, steps=steps, numerics=numerics), seed)

    def proposing(self) -> PartSampler:
        """Return the same part with scales and values drawn from where they are best drawn; weights make up for it."""
        mixing = self.law.mixing
        if not self.tilted or mixing is None or not (np.isfinite(mixing.nu) or mixing.sv_sigma > 0.0):
            return self
        if not self.conditional.targets.stated.size:
            return self._fitted()
        shaped = replace(self, centred=True)._fitted(rounds=1, mixtures=False)._shaped()
        return replace(shaped, centred=False)._fitted(rounds=2)

    def coupled(self) -> PartSampler:
        """Return the same part with its normals turned so that its paths stay near the unconditional ones."""
        mixing, system = self.law.mixing, self.conditional.system
        straight = self.law.equity._replace(loadings=system.model.linear.loadings)
        plain = replace(self.law, equity=straight)
        if mixing is not None:
            answer = partial(self.targets, 0, _PILOTS) if self.soft_rows else None
            rotation = couple(plain, self.seed, _PILOTS, answer)
            return replace(self, law=replace(self.law, mixing=mixing._replace(rotation=rotation)))
        if not self.conditional.table.rows:
            return self
        n = self.law.dynamics.intercept.shape[1]
        free = self.law.dynamics._replace(transition=system.transition[:, :n], impact=system.impact[:, :n])
        return replace(self, law=replace(self.law, dynamics=couple_months(plain, free)))

    def refitting(self) -> Refitting | None:
        """Return what fits the proposals of the same part at draws of the parameters; None without a proposal."""
        return None if self.proposal is None else Refitting.of(self.law, self.seed, self._judged)

    def like(self, other: PartSampler, refitting: Refitting | None) -> PartSampler:
        """Return the same part with its normals turned, and its values judged, as those of another.

        Its scales are drawn from a proposal that is refitted from the other one's.
        """
        mixing, known = self.law.mixing, other.law.mixing
        if mixing is None or known is None:
            return self.coupled()
        law = replace(self.law, mixing=mixing._replace(rotation=known.rotation))
        alike = replace(self, law=law, shapes=other.shapes)
        return alike if refitting is None else alike._proposed(refitting.proposal_of(law, alike._judged))

    def _fitted(self, *, rounds: int = 3, mixtures: bool = True) -> PartSampler:
        """Fit the proposal, from the one that the part has."""
        return self._proposed(fit_proposal(self.law, self.seed, self._judged, rounds=rounds, mixtures=mixtures))

    def _proposed(self, proposal: Proposal) -> PartSampler:
        assert self.law.mixing is not None
        return replace(self, law=replace(self.law, mixing=self.law.mixing._replace(proposal=proposal)))

    @property
    def _judged(self) -> Judged | None:
        """How pilots' drawn values are judged; None where none are drawn."""

        def judged(law: Law, first: int, scores: Floats) -> tuple[Floats, Floats]:
            trial, stated = replace(self, law=law), self._stated(scores)
            _, log_range = trial._ranges(first, scores.shape[1], scores, stated, pilots=True)
            return self._padded(stated), log_range - self._log_judged(stated)

        return judged if self.soft_rows else None

    def _shaped(self) -> PartSampler:
        """Find the shapes of the model's own margins, with the proposal that the part has."""

        def densities(deviations: Floats) -> Floats:
            padded = self._padded(deviations)
            return log_likelihoods(self.law, self.seed, 0, deviations.shape[1], padded, pilots=True)

        return replace(self, shapes=find_shapes(self.conditional.targets, densities))

    @property
    def proposal(self) -> Proposal | None:
        """Where its scales and values are drawn from, if not from their own law."""
        return None if self.law.mixing is None else self.law.mixing.proposal

    def log_evidence(self) -> float:
        """What the law says of its conditions, in logs and up to a constant; see `Conditional.log_evidence`.

        Under heavy tails the density of the stated values is averaged over pilots of the months' scales, at the
        centres of stated laws; how much these narrow or widen the model's is that of normal innovations.
        """
        if not self.tilted:
            return self.conditional.log_evidence
        targets = self.conditional.targets
        centres = np.zeros((targets.stated.size, _PILOTS))
        density = log_likelihoods(self.law, self.seed, 0, _PILOTS, self._padded(centres), pilots=True)
        scores = fill_normals(self.seed, TARGETS, 0, _PILOTS, 1, self.soft_rows)[_SCORES]
        density += self._ranges(0, _PILOTS, scores, centres, pilots=True)[1]
        stated = targets.stated
        spread = targets.spread[: stated.size, : stated.size]
        shape = -0.5 * float(np.trace(np.linalg.solve(targets.model_cov, spread)))
        if stated.grid is None and stated.size:
            shape += 0.5 * float(np.linalg.slogdet(spread)[1])
        return float(log_sum_exp(density)) - float(np.log(_PILOTS)) + shape

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
        return mixing.gap.size > 0 and (not mixing.normal or self.law.intervenes)

    @property
    def weighted(self) -> bool:
        """Whether paths are not equally likely, views apart."""
        drawn = self.conditional.targets.ranges is not None and self._random
        return self.tilted or drawn or self.conditional.targets.weighted

    @property
    def _random(self) -> bool:
        """Whether the months' scales are random."""
        return self.law.mixing is not None and not self.law.mixing.normal

    @property
    def soft_rows(self) -> int:
        """Number of values that are drawn path by path."""
        return self.conditional.targets.size

    def targets(self, first: int, count: int, scores: Floats) -> Floats:
        """Deviations of the rows' values as the kernels want them, (m, count); see `simulation.drawing.Targets`."""
        return self._padded(np.vstack(self._deviations(first, count, scores)[:2]))

    def trace(self, first: int, count: int) -> tuple[Floats, Floats]:
        """Interventions, 1 or 0, and shifts of the yen by them on some paths; both (h, count)."""
        return trace_interventions(self.law, self.seed, first, count, self.targets if self.soft_rows else None)

    def weigh(self, first: int, count: int) -> tuple[Floats, Floats, Floats]:
        """Weigh some paths, and say what holds the laws that are stated.

        Returns
        -------
        Log importance weights (count,), up to a constant; standardised values (a, count) of stated margins, whose
        `margin_moments` shall vanish; and what shall vanish in mean where tables hold, (k, count).
        """
        scores, log_ratio = draw_scores(self.law, self.seed, first, count)
        deviations, ranges, log_range = self._deviations(first, count, scores)
        stated = self.conditional.targets.stated
        scores = deviations[: stated.normal] / np.sqrt(np.diag(stated.cov))[: stated.normal, None]
        tables = np.zeros((0, count)) if stated.grid is None else stated.grid.moments(deviations[stated.normal :])
        if not self.tilted:
            return log_range + stated.log_weight(deviations), scores, tables
        targets = self._padded(np.vstack([deviations, ranges]))  # ranges decide on shocks after interventions
        likelihood = log_likelihoods(self.law, self.seed, first, count, targets)
        return likelihood + log_ratio + log_range - self._log_judged(deviations), scores, tables

    def _log_judged(self, stated: Floats) -> Floats:
        """Log density against which stated values are judged: the model's own of single ones, the drawn dependence."""
        targets = self.conditional.targets
        density = log_model_density(targets, stated) + targets.stated.log_bend(stated)
        return density if self.shapes is None else density + self.shapes.at(targets, stated)

    def _stated(self, scores: Floats) -> Floats:
        """(a, count) deviations of the rows with a stated law."""
        stated = self.conditional.targets.draw_stated(scores)
        return np.zeros_like(stated) if self.centred else stated

    def _deviations(self, first: int, count: int, scores: Floats) -> tuple[Floats, Floats, Floats]:
        """Values less their centres, of the rows with a stated law and of the ranges, and the ranges' log weights."""
        stated = self.conditional.targets.draw_stated(scores)
        return stated, *self._ranges(first, count, scores, stated)

    def _ranges(
        self, first: int, count: int, scores: Floats, stated: Floats, *, pilots: bool = False
    ) -> tuple[Floats, Floats]:
        """(q - a, count) deviations of the ranges, and their (count,) log weights, superblock by superblock."""
        law = self.conditional.targets
        choices = fill_uniforms(self.seed, TARGETS, first, count, 2, law.choices)[_CHOICES]
        if law.ranges is None or not self._random:
            return law.draw_ranges(scores, choices, stated)
        values, log_weight = np.empty((law.size - law.stated.size, count)), np.empty(count)
        for start, size in superblocks(first, count):
            here = slice(start - first, start - first + size)
            targets = self._padded(stated[:, here])
            given = draw_range_laws(self.law, self.seed, start, size, targets, pilots=pilots)
            drawn = law.draw_ranges(scores[:, here], choices[:, here], stated[:, here], given)
            values[:, here], log_weight[here] = drawn
        return values, log_weight

    def _padded(self, deviations: Floats) -> Floats:
        """(m, count) targets: rows whose values are given come first and have none, nor have ranges if left out."""
        given, rows = len(self.conditional.table.rows) - self.soft_rows, len(self.conditional.table.rows)
        padded = np.zeros((rows, deviations.shape[1]))
        padded[given : given + len(deviations)] = deviations
        return padded
