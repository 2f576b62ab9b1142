"""Drawing a scenario: its law compiled, its targets and weights drawn, its paths reduced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.conditional import Conditional
from jpsim.conditioning.scenario_law import ScenarioLaw
from jpsim.errors import LimitBreached
from jpsim.simulation.compilation import compile_law
from jpsim.simulation.engine import draw, draw_paths, log_likelihoods
from jpsim.simulation.importance import effective_size, log_proposal, normalise
from jpsim.simulation.kernels.normals import TARGETS, fill_normals, fill_uniforms
from jpsim.simulation.law import Law
from jpsim.simulation.result import ScenarioSample
from jpsim.simulation.tilting import margin_moments, tilt

__all__ = ["FEWEST_EFFECTIVE", "Sampler"]

Floats = npt.NDArray[np.float64]

FEWEST_EFFECTIVE = 0.05
"""Share of effective paths below which weighted results are refused."""

_NORMALS, _UNIFORMS = 0, 1  # steps of the target stream
_CHUNK = 1 << 16


@dataclass(frozen=True, eq=False)
class Sampler:
    """One scenario, ready to be drawn any number of times with the same result.

    Parameters
    ----------
    scenario
        Its id.
    conditional
        Law of its factors.
    law
        The arrays of the kernels.
    seed
        Key of the generator.
    """

    scenario: str
    conditional: Conditional
    law: Law
    seed: int

    @classmethod
    def of(cls, scenario_law: ScenarioLaw, *, heavy: bool, seed: int) -> Sampler:
        """Compile a scenario's law."""
        law = compile_law(scenario_law.conditional, scenario_law.shift, heavy=heavy)
        return cls(scenario_law.scenario.id, scenario_law.conditional, law, seed)

    def targets(self, first: int, count: int) -> Floats:
        """Deviations of the soft rows' values, as the law's kernels want them: (m or q, count)."""
        deviations = self._deviations(first, count)[0]
        if self.law.mixing is None:
            return deviations
        out = np.zeros((self.law.mixing.gap.size, count))
        out[list(self.conditional.targets.free)] = deviations
        return out

    @property
    def _tilted(self) -> bool:
        """Whether conditions say something about the months' Student-t scales."""
        return self.law.mixing is not None and self.law.mixing.gap.size > 0

    @property
    def weighted(self) -> bool:
        """Whether paths are not equally likely."""
        return self._tilted or self.conditional.targets.weighted

    def weights(self, paths: int) -> Floats | None:
        """Importance weights of all paths, with mean 1; None where paths are equally likely."""
        if not self.weighted:
            return None
        log_weights = np.empty(paths)
        stated = len(self.conditional.table.of_kind("marginal"))
        scores = np.empty((stated, paths))
        sd = np.sqrt(np.diag(self.conditional.targets.spread))[:stated]
        for first in range(0, paths, _CHUNK):
            part = slice(first, min(first + _CHUNK, paths))
            deviations, log_range = self._deviations(first, part.stop - first)
            scores[:, part] = deviations[:stated] / sd[:, None]
            log_weights[part] = self._log_weights(first, deviations, log_range)
        return normalise(tilt(log_weights, margin_moments(scores)) if stated else log_weights)

    def draw(
        self,
        paths: int,
        threads: int = 0,
        progress: Callable[[int], None] | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> tuple[ScenarioSample, Floats | None]:
        """Draw and reduce; returns the sample and the weights, if there are any.

        Raises
        ------
        LimitBreached
            If the weighted sample is worth less than 5 % of its paths.
        """
        weights = self.weights(paths)
        if weights is not None and (share := effective_size(weights) / paths) < FEWEST_EFFECTIVE:
            raise LimitBreached(
                f"{self.scenario}: the conditions leave an effective sample of {share:.1%} of {paths:,} paths, "
                f"below {FEWEST_EFFECTIVE:.0%}; move the conditions closer to the model, draw more paths, "
                "or use innovations: gaussian"
            )
        sample = draw(
            self.law,
            scenario=self.scenario,
            seed=self.seed,
            paths=paths,
            threads=threads,
            targets=self.targets if self.conditional.targets.size else None,
            weights=weights,
            progress=progress,
            stop=stop,
        )
        return sample, weights

    def paths(self, first: int, count: int) -> Floats:
        """(O, h, count) outputs of some paths, the same ones that `draw` counts."""
        return draw_paths(self.law, self.seed, first, count, self.targets if self.conditional.targets.size else None)

    def _deviations(self, first: int, count: int) -> tuple[Floats, Floats]:
        law = self.conditional.targets
        normals = fill_normals(self.seed, TARGETS, first, count, 1, law.root.shape[0])[_NORMALS]
        uniforms = fill_uniforms(self.seed, TARGETS, first, count, 2, law.follow.shape[0])[_UNIFORMS]
        return law.draw(normals, uniforms)

    def _log_weights(self, first: int, deviations: Floats, log_range: Floats) -> Floats:
        if not self._tilted:
            return log_range
        likelihood = log_likelihoods(self.law, self.seed, first, log_range.size, self.targets)
        return likelihood - log_proposal(self.conditional.targets, deviations, log_range)
