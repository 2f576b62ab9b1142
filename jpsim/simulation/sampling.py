"""Drawing a story: its paths divided among its parts, weighed, and reduced to statistics."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import groupby

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.scenario_law import ScenarioLaw
from jpsim.conditioning.stories import Part, Story
from jpsim.conditioning.support import is_shift_view
from jpsim.conditioning.term_moments import Innovations
from jpsim.errors import InputError, LimitBreached
from jpsim.scenario import Scenario
from jpsim.simulation.drawing import Targets
from jpsim.simulation.engine import draw, draw_paths, trace_interventions
from jpsim.simulation.executors import Executor
from jpsim.simulation.importance import effective_size, normalise
from jpsim.simulation.journal import Journal
from jpsim.simulation.kernels.arrays import BLOCK
from jpsim.simulation.law import DOUBLE, Law, Numerics
from jpsim.simulation.part_sampling import PartSampler
from jpsim.simulation.placement import place_histograms
from jpsim.simulation.result import ScenarioSample
from jpsim.simulation.rule_premium import note_interventions, settle_premium
from jpsim.simulation.sharding import Stop, on_threads
from jpsim.simulation.tilting import Moments, log_total, margin_moments
from jpsim.simulation.views import Demand, demands_of, impose

__all__ = ["FEWEST_EFFECTIVE", "Sampler"]

Floats = npt.NDArray[np.float64]

FEWEST_EFFECTIVE = 0.05
"""Share of effective paths below which weighted results are refused."""

_CHUNK = 16 * BLOCK
_SPAN = 8 * BLOCK
_BYTES_PER_WEIGHT, _BYTES_PER_ROW = 48, 16  # measured: the weights themselves, and each margin, table or view
_TIMED_PATHS = 4 * BLOCK
_COUNTING, _WEIGHING = 1.3, 1.5  # measured: time of counting, and of weighing, over that of drawing alone
_GOLDEN = 0.6180339887498949
_NEGLIGIBLE = 0.01  # probability of a regime that a run may leave out without a word


@dataclass(frozen=True, eq=False)
class Sampler:
    """A story, ready to be drawn any number of times with the same result.

    Each block of 512 paths follows one part: posterior draws of the parameters take turns, and members
    of a mixture and regimes follow a low-discrepancy sequence, so that any number of paths is divided nearly
    as the weights say; where paths carry weights, these make up for the rest. Stories whose regimes are
    nearly as likely share them on nearly all blocks.

    Parameters
    ----------
    story
        The story.
    parts
        A sampler for each of its parts; all share the ends of their histograms.
    seed
        Key of the generator.
    threads
        That weigh paths and place histograms, 0 for all cores; the result does not depend on them.
    """

    story: Story
    parts: tuple[PartSampler, ...]
    seed: int
    threads: int = 0

    @classmethod
    def of(
        cls,
        story: Story,
        innovations: Innovations,
        seed: int,
        *,
        plain: bool = False,
        steps: Sequence[int] | None = None,
        numerics: Numerics = DOUBLE,
        threads: int = 0,
    ) -> Sampler:
        """Compile every part of a story; with `plain` only rules that a scenario names are in force.

        Regimes are weighed by what their laws, heavy tails included, say of the conditions. Outputs are those of
        some `steps`, all by default, and drawn as `numerics` says.
        """

        def compiled(part: Part) -> PartSampler:
            own = PartSampler.of(part.law, innovations, seed, plain=plain, steps=steps, numerics=numerics)
            return settle_premium(own, len(story.parts))

        points = [compiled(part) for part in story.points]
        points = [part.proposing().coupled() for part in points]
        if len(points) > len(story.members):
            story = story.weighed([part.log_evidence() for part in points])
        parts = points
        if story.draws > 1:
            near = [(part, part.refitting()) for part in points]  # which the proposals of all draws start from
            parts = [compiled(part).like(*near[place % len(near)]) for place, part in enumerate(story.parts)]
        parts = [note_interventions(part, len(parts)) for part in parts]
        story = story.told([part.source for part in parts])
        unplaced = cls(story, tuple(parts), seed, threads)
        code = parts[0].law.levels.code
        positive = np.concatenate([code > 0, np.zeros(parts[0].law.start.size - code.size, dtype=bool)])
        low, high = place_histograms(partial(unplaced.paths, threads=threads), positive, parts[0].law.reported.size)
        placed = tuple(replace(part, law=replace(part.law, low=low, high=high)) for part in parts)
        return cls(story, placed, seed, threads)

    @property
    def id(self) -> str:
        """Id of the scenario."""
        return self.story.scenario.id

    @property
    def laws(self) -> list[Law]:
        """The arrays of all parts."""
        return [part.law for part in self.parts]

    @property
    def weighted(self) -> bool:
        """Whether paths are not equally likely."""
        return len(self.story.members) > 1 or any(
            part.weighted or self._sampled_views(part.source) for part in self.parts
        )

    @property
    def bytes_per_path(self) -> int:
        """Memory that grows with the number of paths, at its peak: all weights are needed before the first count."""
        if not self.weighted:
            return 0
        members = self.parts[: len(self.story.points)]
        views = [view for part in members for view in part.source.scenario.views]
        viewed = {view.series for view in views} | {view.versus for view in views if view.versus}
        rows = max(sum(held.shape[0] for held in part.weigh(0, 1)[1:]) for part in members) + 2 * len(views)
        values = 16 * len(viewed) * int(self.parts[0].law.low.shape[1])
        return int(_BYTES_PER_WEIGHT + _BYTES_PER_ROW * rows + values)

    def seconds_per_path(self) -> float:
        """Time that a path takes here on one thread, measured on a few thousand; the kernel is compiled by now."""
        begun = time.perf_counter()
        self.paths(0, _TIMED_PATHS)
        drawn = (time.perf_counter() - begun) / _TIMED_PATHS
        return drawn * _COUNTING * (_WEIGHING if self.weighted else 1.0)

    def weights(self, paths: int) -> Floats | None:
        """Importance weights of all paths, with mean 1; None where paths are equally likely.

        Raises
        ------
        InputError
            If there are too few paths for the members of a mixture, or no weights on the drawn paths
            meet the margins or views; it names those that clash.
        """
        if not self.weighted:
            return None
        weights = np.empty(paths)
        members = self.story.members
        for member, probability in enumerate(members):
            spans = list(self._spans(member, paths))
            drawn = sum(count for _, count, _ in spans)
            if not drawn:
                found = f"{self.id}: {paths:,} paths are too few for a mixture of {len(members)} stories"
                raise InputError(f"{found}; draw at least {BLOCK * round(2 / min(members)):,}")
            own, done = self._member_weights(spans), 0
            own *= probability * paths / drawn
            for first, count, _ in spans:
                weights[first : first + count] = own[done : done + count]
                done += count
        return weights

    def draw(
        self,
        paths: int,
        executor: Executor | None = None,
        *,
        exact: bool = False,
        journal: Journal | None = None,
        progress: Callable[[int], None] | None = None,
        stop: Stop | None = None,
    ) -> tuple[ScenarioSample, Floats | None]:
        """Draw and reduce; see `jpsim.simulation.engine.draw`.

        Returns
        -------
        The sample, and the weights, if there are any.

        Raises
        ------
        LimitBreached
            If the weighted sample is worth less than 5 % of its paths.
        """
        weights = self.weights(paths)
        if weights is not None and (share := effective_size(weights) / paths) < FEWEST_EFFECTIVE:
            raise LimitBreached(
                f"{self.id}: the conditions and views leave an effective sample of {share:.1%} of {paths:,} paths, "
                f"below {FEWEST_EFFECTIVE:.0%}; move them closer to the model, draw more paths, "
                "or use innovations: gaussian"
            )
        sample = draw(
            self.laws,
            scenario=self.id,
            seed=self.seed,
            paths=paths,
            threads=self.threads,
            targets=self._targets,
            weights=weights,
            owner=self._owner,
            cells=[part.weight for part in self.story.points],
            exact=exact,
            executor=executor,
            journal=journal,
            progress=progress,
            stop=stop,
        )
        return sample, weights

    def paths(self, first: int, count: int, rows: Sequence[int] | None = None, *, threads: int = 1) -> Floats:
        """(O, r, count) outputs of some paths at the reported steps, the same ones that `draw` counts; all or some."""
        return draw_paths(
            self.laws, self.seed, first, count, self._targets, owner=self._owner, rows=rows, threads=threads
        )

    def spans(self, paths: int) -> Iterator[tuple[int, int, PartSampler]]:
        """Cut the first `paths` paths into runs that follow one part: first path, number of paths, part."""
        whole = _SPAN if len(self.parts) == 1 else BLOCK
        for first in range(0, paths, whole):
            yield first, min(whole, paths - first), self.parts[self._owner(first // BLOCK)]

    def parts_of(self, paths: int) -> npt.NDArray[np.int64]:
        """(B,) places of the parts that the blocks of the first `paths` paths follow."""
        return np.array([self._owner(block) for block in range(-(-paths // BLOCK))], dtype=np.int64)

    def _price_paths(self, first: int, count: int, rows: Sequence[int]) -> Floats:
        """(rows, r, count) some outputs of the same paths without dividends: what views speak of."""
        return draw_paths(self._price_laws, self.seed, first, count, self._targets, owner=self._owner, rows=rows)

    @cached_property
    def _price_laws(self) -> list[Law]:
        return [
            replace(part.law, equity=part.law.equity._replace(drift=part.law.equity.drift - part.source.dividends))
            if part.source.dividends.any()
            else part.law
            for part in self.parts
        ]

    def trace(self, first: int, count: int) -> tuple[Floats, Floats]:
        """Interventions, 1 or 0, and shifts of the yen by them on some paths; both (h, count)."""
        return trace_interventions(self.laws, self.seed, first, count, self._targets, owner=self._owner)

    def unseen(self, paths: int) -> tuple[str, ...]:
        """Regimes that so few paths leave out, though they carry weight."""
        seen = {self.story.points[self._cell(block)].regime for block in range(-(-paths // BLOCK))}
        return tuple(name for name, chance in self.story.regimes.items() if name not in seen and chance > _NEGLIGIBLE)

    @cached_property
    def _order(self) -> list[int]:
        """Members and regimes as they divide the unit interval: by regime first, so that stories share regimes."""
        points, regimes = self.story.points, list(self.story.prior)
        return sorted(range(len(points)), key=lambda i: regimes.index(points[i].regime) if points[i].regime else 0)

    @cached_property
    def _edges(self) -> Floats:
        """Where these cells end."""
        edges = np.cumsum([self.story.points[i].weight for i in self._order])
        return np.asarray(edges / edges[-1])

    def _owner(self, block: int) -> int:
        """Part that a block of paths follows; parts are sorted by posterior draw, then by member and regime."""
        return block % self.story.draws * len(self.story.points) + self._cell(block)

    def _cell(self, block: int) -> int:
        place = (0.5 + block * _GOLDEN) % 1.0
        return self._order[min(int(np.searchsorted(self._edges, place, side="right")), self._edges.size - 1)]

    def _spans(self, member: int, paths: int) -> Iterator[tuple[int, int, PartSampler]]:
        """Runs of paths of one member that follow one part: first path, number of paths, part."""
        if len(self.parts) == 1:
            yield from ((first, min(_CHUNK, paths - first), self.parts[0]) for first in range(0, paths, _CHUNK))
            return
        mine = (b for b in range(-(-paths // BLOCK)) if self.story.points[self._cell(b)].member == member)
        for (owner, _), run in groupby(enumerate(mine), lambda place: (self._owner(place[1]), place[1] - place[0])):
            blocks = [block for _, block in run]
            first = blocks[0] * BLOCK
            yield first, min(len(blocks) * BLOCK, paths - first), self.parts[owner]

    @property
    def _targets(self) -> Targets | None:
        return self._own_targets if any(part.soft_rows for part in self.parts) else None

    def _own_targets(self, first: int, count: int, scores: Floats) -> Floats:
        return self.parts[self._owner(first // BLOCK)].targets(first, count, scores)

    def _member_weights(self, spans: list[tuple[int, int, PartSampler]]) -> Floats:
        """Weights, with mean 1, of the paths of one member: importance, stated margins, views."""
        log_weights, demands = self._weighed(spans)
        levels, shares, done = _levels(spans, log_weights), self._shares(spans), 0
        for _, count, part in spans:
            log_weights[done : done + count] += shares[id(part)] - levels[id(part)]
            done += count
        source = spans[0][2].source
        return normalise(impose(log_weights, demands + self._view_demands(source, spans, log_weights)))

    def _weighed(self, spans: list[tuple[int, int, PartSampler]]) -> tuple[Floats, list[Demand]]:
        """Log weights of the parts' paths, on several threads, and the demands of the margins and tables they state."""
        ends = np.cumsum([count for _, count, _ in spans]).tolist()
        sizes = [rows.shape[0] for rows in spans[0][2].weigh(0, 1)[1:]]
        log_weights, scores, tables = np.empty(ends[-1]), np.empty((sizes[0], ends[-1])), np.empty((sizes[1], ends[-1]))

        def fill(number: int) -> None:
            (first, count, part), end = spans[number], ends[number]
            here = slice(end - count, end)
            log_weights[here], scores[:, here], tables[:, here] = part.weigh(first, count)

        on_threads(fill, range(len(spans)), self.threads)
        held = {"stated margins": _margins(scores), "stated tables": tables}
        rows = (margin_moments(scores[:, :0]).shape[0], sizes[1])
        return log_weights, [
            Demand(text, None, moments, (0,) * size)
            for (text, moments), size in zip(held.items(), rows, strict=True)
            if size
        ]

    def _shares(self, spans: list[tuple[int, int, PartSampler]]) -> dict[int, float]:
        """Log of what each part's paths count for, by its identity: regimes as their weights say."""
        cells = {id(part): place % len(self.story.points) for place, part in enumerate(self.parts)}
        counts = np.zeros(len(self.story.points))
        for _, count, part in spans:
            counts[cells[id(part)]] += count
        wanted = np.array([part.weight for part in self.story.points])
        logs = np.log(np.divide(wanted, counts, out=np.ones_like(wanted), where=counts > 0))
        return {key: float(logs[cell]) for key, cell in cells.items()}

    def _sampled_views(self, source: ScenarioLaw) -> list[int]:
        """Positions of the views that weights must meet: all, but for means that a premium meets in law."""
        views = source.scenario.views
        part = next(part for part in self.parts if part.source is source)
        in_law = not part.weighted and all(map(is_shift_view, views))
        return [] if in_law else list(range(len(views)))

    def _view_demands(
        self, source: ScenarioLaw, spans: list[tuple[int, int, PartSampler]], log_weights: Floats
    ) -> list[Demand]:
        """Turn the views of a member into demands on the sample of its paths."""
        chosen = self._sampled_views(source)
        if not chosen:
            return []
        scenario, as_of = source.scenario, source.conditional.system.model.as_of
        values = self._values(source, chosen, spans)
        reported = {int(step): place for place, step in enumerate(self.parts[0].law.reported)}
        share = normalise(log_weights)
        share /= share.sum()
        law = next(part.law for part in self.parts if part.source is source)
        start = dict(zip(source.conditional.system.model.outputs, law.start, strict=True))
        return [
            demand
            for number in chosen
            for demand in demands_of(
                scenario.views[number],
                scenario.place("views", number),
                lambda series, month: values[series][reported[month]] if month else start[series],
                as_of,
                share,
                _stated_means(scenario, source),
            )
        ]

    def _values(
        self, source: ScenarioLaw, chosen: list[int], spans: list[tuple[int, int, PartSampler]]
    ) -> dict[str, Floats]:
        """(r, paths) price values of every series that the views speak of, on the paths of one member."""
        views = [source.scenario.views[number] for number in chosen]
        names = sorted({name for view in views for name in (view.series, view.versus) if name is not None})
        return self._drawn(source, names, spans)

    def _drawn(
        self, source: ScenarioLaw, names: list[str], spans: list[tuple[int, int, PartSampler]]
    ) -> dict[str, Floats]:
        """(h, paths) values of some outputs, returns without dividends, on the paths of one member."""
        outputs = source.conditional.system.model.outputs
        rows = [outputs.index(name) for name in names]
        values = np.concatenate([self._price_paths(first, count, rows) for first, count, _ in spans], axis=2)
        return dict(zip(names, values, strict=True))


def _margins(scores: Floats) -> Moments:
    return lambda begin, end: margin_moments(scores[:, begin:end])


def _levels(spans: list[tuple[int, int, PartSampler]], log_weights: Floats) -> dict[int, float]:
    """Log of each part's mean weight, by the part's identity: parts weigh alike, whatever their constants."""
    own: dict[int, list[Floats]] = {}
    done = 0
    for _, count, part in spans:
        own.setdefault(id(part), []).append(log_weights[done : done + count])
        done += count
    joined = {key: found[0] if len(found) == 1 else np.concatenate(found) for key, found in own.items()}
    return {key: log_total(found) - float(np.log(found.size)) for key, found in joined.items()}


def _stated_means(scenario: Scenario, source: ScenarioLaw) -> dict[tuple[str, int], float]:
    """Means that views state exactly, by series and month."""
    as_of = source.conditional.system.model.as_of
    return {
        (view.series, view.at.index(as_of)): view.mean.equal.value
        for view in scenario.views
        if view.at is not None and view.mean is not None and view.mean.equal is not None and view.versus is None
    }
