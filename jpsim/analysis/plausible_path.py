"""The most plausible path to a loss: factor shocks, and what the series itself does beside them.

Given a scenario's conditions, the stacked shocks are normal, the series' own part is one normal residual a
month, and impulses are uncertain; monthly returns are linear in all of them. The most plausible path is
therefore found among the returns alone (`jpsim.analysis.design_point`), and the factors follow by regression.
A range enters with the mean and covariance of its truncated law, and the path is kept inside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jpsim.analysis.design_point import DesignPoint, find_design_point, shift_linearly
from jpsim.conditioning.conditional import Conditional
from jpsim.conditioning.impulses import impulse_cov
from jpsim.conditioning.premium import series_weights
from jpsim.conditioning.scenario_law import ScenarioLaw
from jpsim.errors import Problem, UnsupportedError

__all__ = ["PlausiblePath", "ReturnLaw", "find_plausible_path", "monthly_law"]

Floats = npt.NDArray[np.float64]

_SLACK = 1e-9


@dataclass(frozen=True, eq=False)
class ReturnLaw:
    """Normal law of a series' monthly returns over the first t months of a scenario.

    Parameters
    ----------
    mean
        (t,) mean returns.
    along
        (t, h n) derivatives with respect to the stacked shocks.
    factor_cov
        (t, t) covariance that the factors bring.
    impulses
        Channel to the (t, t) covariance that the uncertainty of its size brings.
    residual
        Variance of the series' own part of a month.
    """

    mean: Floats
    along: Floats
    factor_cov: Floats
    impulses: Mapping[str, Floats]
    residual: float

    @property
    def cov(self) -> Floats:
        """(t, t) covariance of the returns."""
        own = self.residual * np.eye(self.mean.size)
        return self.factor_cov + sum(self.impulses.values(), start=own)


@dataclass(frozen=True, eq=False)
class PlausiblePath:
    """The most plausible path to a loss by month t, within a scenario.

    Parameters
    ----------
    law
        The scenario's law.
    point, linear
        Returns, distance and probability; the same if log growth were linear in the returns.
    shocks
        (h, n) orthogonal shocks of the months.
    levels, mean_levels
        (n, t) reported levels of the factors along this path, and along the scenario's mean path.
    mean_returns
        (t,) monthly returns along the scenario's mean path.
    contributions
        Driver to its part of the compound return: ``expected`` is the mean path's, then factors, impulse
        channels and ``residual``; they sum to the compound return.
    factor_share
        Share of the squared distance that is spent on factors' shocks.
    held
        Ranges at whose bounds the path had to be held.
    """

    law: ScenarioLaw
    point: DesignPoint
    linear: DesignPoint
    shocks: Floats
    levels: Floats
    mean_levels: Floats
    mean_returns: Floats
    contributions: Mapping[str, float]
    factor_share: float
    held: tuple[str, ...]


def monthly_law(law: ScenarioLaw, series: str, months: int) -> ReturnLaw:
    """Derive the normal law of a series' first monthly returns within a scenario.

    Parameters
    ----------
    law
        The scenario's law.
    series
        A base series or aggregate.
    months
        Number of months t, at most the horizon.
    """
    conditional, model = law.conditional, law.conditional.system.model
    h, n = conditional.stacked.exposure.shape[0], len(model.factors)
    weights = series_weights(conditional, series)
    exposure = weights @ model.loadings
    along = np.zeros((months, h * n))
    for t in range(months):
        along[t, t * n : (t + 1) * n] = exposure @ conditional.system.impact[t, :n]
    mean = (law.drift @ weights + conditional.mean_innovations @ exposure)[:months]
    impulses = {effect.channel: impulse_cov((effect,), weights[None])[0, :months, :months] for effect in law.impulses}
    factor_cov = along @ conditional.shock_cov @ along.T
    return ReturnLaw(mean, along, factor_cov, impulses, float(weights @ model.residual_cov @ weights))


def find_plausible_path(law: ScenarioLaw, series: str, months: int, loss: float) -> PlausiblePath:
    """Find the most plausible path on which a series loses at least `loss` by month `months`.

    Parameters
    ----------
    law
        The scenario's law; views that reweight paths are no part of it.
    series, months
        A base series or aggregate, and the month, from 1 to the horizon.
    loss
        Share lost, above 0 and below 1.

    Raises
    ------
    UnsupportedError
        A scenario that says what some month of a window must reach: several months could.
    """
    if reaching := [row for row in law.windows if row.touch is not None]:
        found = f"the most plausible path on which {reaching[0].text} cannot be found yet"
        raise UnsupportedError(Problem(found, reaching[0].place, fix="state the level of one month, or a range"))
    returns = monthly_law(law, series, months)
    conditional = law.conditional
    free = find_design_point(returns.mean, returns.cov, loss)
    point, shift, held = free, _Shift.to(conditional, returns, free.returns, {}), dict[int, float]()
    for _ in range(4 * len(conditional.table.of_kind("range"))):
        if not (crossed := _worst_crossed(conditional, shift, held)) and not (idle := _idle(conditional, shift, held)):
            break
        held = held | crossed if crossed else {row: gap for row, gap in held.items() if row not in idle}
        mean, cov = _given_rows(conditional, returns, held)
        nearest = find_design_point(mean, cov, loss)
        shift = _Shift.to(conditional, returns, nearest.returns, held)
        point = DesignPoint(nearest.returns, shift.distance, free.probability)
    shocks = conditional.mean_shocks + shift.shocks
    return PlausiblePath(
        law=law,
        point=point,
        linear=shift_linearly(returns.mean, returns.cov, loss),
        shocks=shocks,
        levels=_levels(conditional, shocks)[:, :months],
        mean_levels=_levels(conditional, conditional.mean_shocks)[:, :months],
        mean_returns=returns.mean,
        contributions=_contributions(law, series, returns, point.returns, shift),
        factor_share=shift.factor_share,
        held=tuple(conditional.table.rows[row].text for row in held),
    )


@dataclass(frozen=True, eq=False)
class _Shift:
    """What moves so that the returns take given values.

    `shocks` are (h, n) shifts of the shocks, `weights` (t,) and `forces` the multipliers of the returns and of
    the rows that are held.
    """

    shocks: Floats
    weights: Floats
    forces: Mapping[int, float]
    distance: float
    factor_share: float

    @classmethod
    def to(cls, conditional: Conditional, law: ReturnLaw, returns: Floats, held: Mapping[int, float]) -> _Shift:
        """Regress all shocks on the returns and on the rows that are held."""
        t = returns.size
        functionals = np.vstack([law.along, conditional.stacked.flat[list(held)]])
        reach = conditional.shock_cov @ functionals.T
        within = functionals @ reach
        cov = within.copy()
        cov[:t, :t] += law.cov - law.factor_cov
        gap = np.concatenate([returns - law.mean, np.array(list(held.values()))])
        weights = np.linalg.solve(cov, gap)
        squared = float(gap @ weights)
        share = float(weights @ within @ weights) / squared if squared > 0 else 0.0
        shocks = (reach @ weights).reshape(conditional.mean_shocks.shape)
        forces = dict(zip(held, weights[t:].tolist(), strict=True))
        return cls(shocks, weights[:t], forces, float(np.sqrt(squared)), share)


def _worst_crossed(conditional: Conditional, shift: _Shift, held: Mapping[int, float]) -> dict[int, float]:
    """The range that a shift leaves furthest, in standard deviations: row to its bound less the row's mean."""
    table, flat = conditional.table, conditional.stacked.flat
    mean, worst = _row_means(conditional), (0.0, -1, 0.0)
    for row in table.of_kind("range"):
        moved = mean[row] + float(flat[row] @ shift.shocks.reshape(-1))
        bound = float(np.clip(moved, table.rows[row].low, table.rows[row].high))
        excess = abs(moved - bound) / float(np.sqrt(flat[row] @ conditional.shock_cov @ flat[row]))
        if row not in held and excess > _SLACK:
            worst = max(worst, (excess, row, bound - mean[row]))
    return {worst[1]: worst[2]} if worst[0] > 0.0 else {}


def _idle(conditional: Conditional, shift: _Shift, held: Mapping[int, float]) -> list[int]:
    """Rows held at a bound from which the path would move into the range by itself."""
    table, mean = conditional.table, _row_means(conditional)
    low = {row: mean[row] + gap <= table.rows[row].low + _SLACK for row, gap in held.items()}
    return [row for row, force in shift.forces.items() if (force < -_SLACK if low[row] else force > _SLACK)]


def _row_means(conditional: Conditional) -> Floats:
    """(m,) conditional means of the rows."""
    means: Floats = conditional.stacked.mean + conditional.stacked.flat @ conditional.mean_shocks.reshape(-1)
    return means


def _given_rows(conditional: Conditional, law: ReturnLaw, held: Mapping[int, float]) -> tuple[Floats, Floats]:
    """Mean and covariance of the returns given rows at their bounds."""
    rows = conditional.stacked.flat[list(held)]
    cross = law.along @ conditional.shock_cov @ rows.T
    gain = np.linalg.solve(rows @ conditional.shock_cov @ rows.T, cross.T).T
    return law.mean + gain @ np.array(list(held.values())), law.cov - gain @ cross.T


def _levels(conditional: Conditional, shocks: Floats) -> Floats:
    """(n, h) reported levels of the factors on the path that given shocks make."""
    system, model = conditional.system, conditional.system.model
    state, states = system.start, []
    for offset, transition, impact, shock in zip(system.offset, system.transition, system.impact, shocks, strict=True):
        state = offset + transition @ state + impact @ shock
        states.append(state)
    levels = []
    for position, kind in enumerate(model.transform):
        row, constant = system.level_row(position)
        level = np.array(states) @ row + constant
        levels.append(np.exp(level / 100.0) if kind == "log100" else level)
    return np.array(levels)


def _contributions(
    law: ScenarioLaw, series: str, returns: ReturnLaw, reached: Floats, shift: _Shift
) -> dict[str, float]:
    """Parts of the compound return; a month's part compounds with this path before it and the mean path after it."""
    model, t = law.conditional.system.model, reached.size
    before = np.cumprod(np.concatenate([[1.0], 1.0 + reached[:-1]]))
    after = np.cumprod(np.concatenate([[1.0], 1.0 + returns.mean[:0:-1]]))[::-1]
    carried = before * after
    exposure = series_weights(law.conditional, series) @ model.loadings
    innovations = np.einsum("tij,tj->ti", law.conditional.system.impact[:t, : len(model.factors)], shift.shocks[:t])
    parts = {"expected": float(np.prod(1.0 + returns.mean) - 1.0)}
    parts |= dict(zip(model.factors, (carried @ (innovations * exposure)).tolist(), strict=True))
    parts |= {channel: float(carried @ cov @ shift.weights) for channel, cov in returns.impulses.items()}
    return parts | {"residual": float(carried @ shift.weights) * returns.residual}
