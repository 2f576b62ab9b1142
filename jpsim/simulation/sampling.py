"""Drawing a scenario: its law compiled, its targets and weights drawn, its paths reduced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.conditional import Conditional
from jpsim.conditioning.scenario_law import ScenarioLaw
from jpsim.conditioning.support import is_premium_view
from jpsim.errors import LimitBreached
from jpsim.scenario import Scenario
from jpsim.simulation.compilation import compile_law
from jpsim.simulation.engine import draw, draw_paths, log_likelihoods
from jpsim.simulation.importance import effective_size, log_proposal, normalise
from jpsim.simulation.kernels.normals import TARGETS, fill_normals, fill_uniforms
from jpsim.simulation.law import Law
from jpsim.simulation.result import ScenarioSample
from jpsim.simulation.tilting import margin_moments
from jpsim.simulation.views import Demand, demands_of, impose

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
        The scenario.
    conditional
        Law of its factors.
    law
        The arrays of the kernels.
    seed
        Key of the generator.
    """

    scenario: Scenario
    conditional: Conditional
    law: Law
    seed: int

    @classmethod
    def of(cls, scenario_law: ScenarioLaw, *, heavy: bool, seed: int) -> Sampler:
        """Compile a scenario's law."""
        law = compile_law(scenario_law.conditional, scenario_law.shift, heavy=heavy)
        return cls(scenario_law.scenario, scenario_law.conditional, law, seed)

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
        """Whether conditions say something about the months' scales: not if named drivers deliver them."""
        all_shocks = self.conditional.recursion is not None
        return all_shocks and self.law.mixing is not None and self.law.mixing.gap.size > 0

    @property
    def _sampled_views(self) -> list[int]:
        """Positions of the views that weights must meet: all, but for means that a premium meets in law."""
        views = self.scenario.views
        in_law = not self._tilted and not self.conditional.targets.weighted and all(map(is_premium_view, views))
        return [] if in_law else list(range(len(views)))

    @property
    def weighted(self) -> bool:
        """Whether paths are not equally likely."""
        return self._tilted or self.conditional.targets.weighted or bool(self._sampled_views)

    def weights(self, paths: int) -> Floats | None:
        """Importance weights of all paths, with mean 1; None where paths are equally likely.

        Raises
        ------
        InputError
            If no weights on the drawn paths meet the views; it names those that clash.
        LimitBreached
            If no weights meet the stated margins.
        """
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
        margins = Demand("stated margins", None, margin_moments(scores), (0,) * (8 * stated))
        demands = [margins] if stated else []
        return normalise(impose(log_weights, demands + self._view_demands(normalise(log_weights) / paths)))

    def _view_demands(self, weights: Floats) -> list[Demand]:
        """Turn the views into demands on a sample with these weights, which sum to 1."""
        chosen = self._sampled_views
        if not chosen:
            return []
        model, views = self.conditional.system.model, self.scenario.views
        values = self._values(chosen, weights.size)
        means = {
            (view.series, view.at.index(model.as_of)): view.mean.equal.value
            for view in views
            if view.at is not None and view.mean is not None and view.mean.equal is not None and view.versus is None
        }
        return [
            demand
            for number in chosen
            for demand in demands_of(
                views[number],
                self.scenario.place("views", number),
                lambda series, month: values[series][month - 1],
                model.as_of,
                weights,
                means,
            )
        ]

    def _values(self, chosen: list[int], paths: int) -> dict[str, Floats]:
        """(h, paths) values of every series that the views speak of."""
        outputs = self.conditional.system.model.outputs
        views = [self.scenario.views[number] for number in chosen]
        names = sorted({name for view in views for name in (view.series, view.versus) if name is not None})
        rows = [outputs.index(name) for name in names]
        values = np.empty((len(names), self.conditional.system.horizon, paths))
        for first in range(0, paths, _CHUNK):
            part = slice(first, min(first + _CHUNK, paths))
            values[:, :, part] = self.paths(first, part.stop - first)[rows]
        return dict(zip(names, values, strict=True))

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
                f"{self.scenario.id}: the conditions and views leave an effective sample of {share:.1%} of {paths:,} paths, "
                f"below {FEWEST_EFFECTIVE:.0%}; move the conditions closer to the model, draw more paths, "
                "or use innovations: gaussian"
            )
        sample = draw(
            self.law,
            scenario=self.scenario.id,
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
