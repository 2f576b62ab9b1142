"""From a conditional law and a model to the plain arrays that the kernels take."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.conditional import Conditional
from jpsim.conditioning.scenario_law import ScenarioLaw
from jpsim.conditioning.sequential import ConditionalSystem
from jpsim.conditioning.system import System
from jpsim.conditioning.term_moments import Innovations
from jpsim.model.skewness import SkewedShocks
from jpsim.model.terms import TERM_KINDS
from jpsim.simulation.law import DOUBLE, Dynamics, Equity, Law, Levels, Mixing, Numerics, Sparse, Terms
from jpsim.simulation.rule_compilation import compile_rules

__all__ = ["compile_law"]

Floats = npt.NDArray[np.float64]


def compile_law(
    law: ScenarioLaw,
    innovations: Innovations,
    *,
    plain: bool = False,
    steps: Sequence[int] | None = None,
    numerics: Numerics = DOUBLE,
) -> Law:
    """Compile the law of one scenario.

    Parameters
    ----------
    law
        What it means on its model.
    innovations
        ``gaussian``; ``student_t`` months and residuals; or ``stochastic_volatility`` of the months too.
    plain
        Whether only rules that the scenario names are in force.
    steps
        Steps whose outputs are wanted, ascending; all by default.
    numerics
        In what precision and arithmetic it is drawn.
    """
    heavy = innovations != "gaussian"
    conditional, model = law.conditional, law.conditional.system.model
    rules = compile_rules(law, plain=plain)
    steered = rules is not None and rules.intervention is not None and bool(conditional.table.rows)
    mixed = heavy or steered or conditional.targets.size > 0 or conditional.recursion is None
    mixing = _mixing(conditional, innovations) if mixed else None
    start = np.concatenate([_start_levels(conditional), np.zeros(len(model.series) + len(model.aggregates))])
    reported = np.arange(1, conditional.system.horizon + 1) if steps is None else np.array(steps)
    unplaced = np.zeros((start.size, reported.size))  # the sampler places the histograms
    dynamics = _dynamics(conditional, None if mixing else conditional.recursion)
    if heavy and model.skewed and mixing is not None:
        dynamics, mixing = _skewed(conditional, dynamics, mixing)
    return Law(
        dynamics,
        mixing,
        _equity(law, heavy),
        _levels(conditional),
        unplaced,
        unplaced,
        start,
        reported.astype(np.int64),
        rules,
        numerics,
    )


def _dynamics(conditional: Conditional, recursion: ConditionalSystem | None) -> Dynamics:
    """Return the conditional recursion, or the plain one (None) where `Mixing` conditions the shocks."""
    system, model = conditional.system, conditional.system.model
    n = len(model.factors)
    source = recursion or system
    transition = np.concatenate(list(model.B), axis=1)
    free = np.hstack([transition, np.zeros((n, system.start.size - transition.shape[1]))])
    return Dynamics(
        np.ascontiguousarray(system.start),
        np.ascontiguousarray(source.offset[:, :n]),
        np.ascontiguousarray(source.transition[:, :n]),
        np.ascontiguousarray(source.impact[:, :n]),
        np.ascontiguousarray(model.c),
        np.ascontiguousarray(free),
        np.ascontiguousarray(system.cumulated.astype(np.int64)),
    )


def _mixing(conditional: Conditional, innovations: Innovations) -> Mixing:
    model, moving = conditional.system.model, innovations == "stochastic_volatility"
    order = conditional.order
    return Mixing(
        np.inf if innovations == "gaussian" else model.nu,
        np.ascontiguousarray(conditional.stacked.exposure[:, order]),
        np.ascontiguousarray(conditional.table.noise[order]),
        np.ascontiguousarray(conditional.gap[order]),
        np.ascontiguousarray(conditional.response[:, order]),
        model.sv_phi if moving else 0.0,
        model.sv_sigma if moving else 0.0,
        model.sv_start if moving else 0.0,
        free=conditional.targets.size,
        ranges=conditional.targets.size - conditional.targets.stated.size,
    )


def _skewed(conditional: Conditional, dynamics: Dynamics, mixing: Mixing) -> tuple[Dynamics, Mixing]:
    """Express the recursion and the requirements in the shocks that are normal given a skewed month's scale.

    Shocks that must deliver keep their directions; all others keep their law.
    """
    model = conditional.system.model
    shocks = SkewedShocks.of(model.root, model.skew, model.nu)
    exposure = np.ascontiguousarray(mixing.exposure @ shocks.root)
    response = exposure
    if conditional.basis is not None:
        along = shocks.directions(conditional.basis)
        response = exposure @ along @ along.T
    impact = np.ascontiguousarray(dynamics.impact @ shocks.root)
    return dynamics._replace(impact=impact), mixing._replace(exposure=exposure, response=response, skew=shocks.lean)


def _equity(law: ScenarioLaw, heavy: bool) -> Equity:
    model = law.conditional.system.model
    noise = [effect.mean * effect.uncertainty for effect in law.impulses]
    return Equity(
        np.ascontiguousarray(law.drift),
        np.ascontiguousarray(model.loadings),
        np.ascontiguousarray(model.common),
        _sparse(model.mix),
        np.ascontiguousarray(model.idio_sd),
        np.ascontiguousarray(model.idio_nu if heavy else np.full_like(model.idio_nu, np.inf)),
        _sparse(model.aggregation),
        np.ascontiguousarray(np.stack(noise, axis=2)) if noise else None,
        _terms(law.conditional.system) if model.terms else None,
    )


def _terms(system: System) -> Terms:
    """Terms as the kernels take them: summed differences are those since month 0, without the level there."""
    model = system.model
    gates = [term.other if term.kind == "gate" else "" for term in model.terms]
    knots = [
        term.threshold(logarithmic=model.transform[model.factor(gate)] == "log100")
        - system.level_row(model.factor(gate))[1]
        if gate
        else term.knot
        for term, gate in zip(model.terms, gates, strict=True)
    ]
    return Terms(
        np.array([TERM_KINDS.index(term.kind) for term in model.terms], dtype=np.int64),
        np.array([model.factor(term.factor) for term in model.terms], dtype=np.int64),
        np.array([model.factor(term.other) if term.other else -1 for term in model.terms], dtype=np.int64),
        np.array(knots),
        np.array([float(term.side) for term in model.terms]),
        np.array([term.centre for term in model.terms]),
        np.ascontiguousarray(model.term_loadings),
    )


def _sparse(matrix: Floats) -> Sparse:
    rows, columns = np.nonzero(matrix)
    start = np.searchsorted(rows, np.arange(matrix.shape[0] + 1)).astype(np.int64)
    return Sparse(start, columns.astype(np.int64), np.ascontiguousarray(matrix[rows, columns]))


def _levels(conditional: Conditional) -> Levels:
    model = conditional.system.model
    log = np.array([kind == "log100" for kind in model.transform])
    code = np.where(model.in_differences, 2, np.where(log, 1, 0))
    return Levels(code.astype(np.int64), np.ascontiguousarray(conditional.system.base_level))


def _start_levels(conditional: Conditional) -> Floats:
    """(n,) reported levels at month 0."""
    model, system = conditional.system.model, conditional.system
    now = system.start[: len(model.factors)]
    log = np.array([kind == "log100" for kind in model.transform])
    return np.where(model.in_differences, system.base_level, np.where(log, np.exp(now / 100.0), now))
