"""From a conditional law and a model to the plain arrays that the kernels take."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.conditional import Conditional
from jpsim.conditioning.scenario_law import ScenarioLaw
from jpsim.conditioning.sequential import ConditionalSystem
from jpsim.simulation.law import Dynamics, Equity, Law, Levels, Mixing, Sparse

__all__ = ["Innovations", "compile_law"]

Floats = npt.NDArray[np.float64]

Innovations = Literal["gaussian", "student_t", "stochastic_volatility"]

_WIDTH = 8.0  # histograms reach this many standard deviations from the mean ...
_HEAVY = 1.6  # ... and this many times further under Student-t months and residuals


def compile_law(law: ScenarioLaw, innovations: Innovations) -> Law:
    """Compile the law of one scenario.

    Parameters
    ----------
    law
        What it means on its model.
    innovations
        ``gaussian``; ``student_t`` months and residuals; or ``stochastic_volatility`` of the months too.
    """
    heavy = innovations != "gaussian"
    conditional, model = law.conditional, law.conditional.system.model
    equity = _equity(law, heavy)
    mixing = _mixing(conditional, innovations) if heavy or conditional.recursion is None else None
    low, high = _ends(conditional, equity, _WIDTH * (_HEAVY if heavy else 1.0))
    start = np.concatenate([_start_levels(conditional), np.zeros(len(model.series) + len(model.aggregates))])
    return Law(
        _dynamics(conditional, None if mixing else conditional.recursion),
        mixing,
        equity,
        _levels(conditional),
        low,
        high,
        start,
    )


def _dynamics(conditional: Conditional, recursion: ConditionalSystem | None) -> Dynamics:
    """Return the conditional recursion, or the plain one (None) where `Mixing` conditions the shocks."""
    system, model = conditional.system, conditional.system.model
    n = len(model.factors)
    source = recursion or system
    gain = np.zeros((system.horizon, n, 0)) if recursion is None else recursion.gain[:, :n]
    transition = np.concatenate(list(model.B), axis=1)
    free = np.hstack([transition, np.zeros((n, system.start.size - transition.shape[1]))])
    return Dynamics(
        np.ascontiguousarray(system.start),
        np.ascontiguousarray(source.offset[:, :n]),
        np.ascontiguousarray(source.transition[:, :n]),
        np.ascontiguousarray(source.impact[:, :n]),
        np.ascontiguousarray(gain),
        np.ascontiguousarray(model.c),
        np.ascontiguousarray(free),
        np.ascontiguousarray(system.cumulated.astype(np.int64)),
    )


def _mixing(conditional: Conditional, innovations: Innovations) -> Mixing:
    model, moving = conditional.system.model, innovations == "stochastic_volatility"
    return Mixing(
        np.inf if innovations == "gaussian" else model.nu,
        np.ascontiguousarray(conditional.stacked.exposure),
        np.ascontiguousarray(conditional.table.noise),
        np.ascontiguousarray(conditional.gap),
        np.ascontiguousarray(conditional.response),
        model.sv_phi if moving else 0.0,
        model.sv_sigma if moving else 0.0,
        model.sv_start if moving else 0.0,
    )


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


def _ends(conditional: Conditional, equity: Equity, width: float) -> tuple[Floats, Floats]:
    """(O, h) ends of the histograms, from the closed-form moments of each output."""
    factor_low, factor_high = _factor_ends(conditional, width)
    series_low, series_high = _series_ends(conditional, equity, width)
    return np.vstack([factor_low, series_low]), np.vstack([factor_high, series_high])


def _factor_ends(conditional: Conditional, width: float) -> tuple[Floats, Floats]:
    model, system, moments = conditional.system.model, conditional.system, conditional.moments
    low, high = [], []
    for i, kind in enumerate(model.transform):
        row, constant = system.level_row(i)
        mean = moments.mean @ row + constant
        variance = np.einsum("i,hij,j->h", row, moments.cov, row)
        spread = width * np.sqrt(np.maximum(variance, 0.0)) + 1e-9 * np.maximum(1.0, np.abs(mean))
        ends = np.array([mean - spread, mean + spread])
        low.append(np.exp(ends[0] / 100.0) if kind == "log100" else ends[0])
        high.append(np.exp(ends[1] / 100.0) if kind == "log100" else ends[1])
    return np.array(low), np.array(high)


def _series_ends(conditional: Conditional, equity: Equity, width: float) -> tuple[Floats, Floats]:
    model, system = conditional.system.model, conditional.system
    n = len(model.factors)
    to_all = np.vstack([np.eye(len(model.series)), model.aggregation])
    loadings = to_all @ model.loadings
    residual = np.einsum("ij,jk,ik->i", to_all, model.residual_cov, to_all)
    mean = (equity.drift + conditional.mean_innovations @ model.loadings.T) @ to_all.T
    impact = np.einsum("hij,hkj->hik", system.impact[:, :n], system.impact[:, :n])
    variance = np.einsum("si,hij,sj->hs", loadings, impact, loadings) + residual
    log_mean, log_sd = np.cumsum(np.log1p(mean), axis=0).T, np.sqrt(np.cumsum(variance, axis=0)).T
    return np.expm1(log_mean - width * log_sd), np.expm1(log_mean + width * log_sd)
