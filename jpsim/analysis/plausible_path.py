"""The most plausible path to a loss: factor shocks, and what the series itself does beside them.

Given a scenario's conditions, the stacked shocks are normal, the series' own part is one normal residual a
month, and impulses are uncertain; monthly returns are linear in all of them. The most plausible path is
therefore found among the returns alone (`jpsim.analysis.design_point`), and the factors follow by regression;
where the model has nonlinear terms it is found among the shocks (`jpsim.analysis.bent_path`).
A range enters with the mean and covariance of its truncated law, and the path is kept inside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jpsim.analysis.bent_path import bend_returns, find_bent_departure
from jpsim.analysis.design_point import DesignPoint, find_design_point, shift_linearly
from jpsim.analysis.return_law import Departure, ReturnLaw, monthly_law
from jpsim.analysis.term_values import evaluate_terms, term_shares
from jpsim.conditioning.conditional import Conditional
from jpsim.conditioning.premium import series_weights
from jpsim.conditioning.scenario_law import ScenarioLaw
from jpsim.conditioning.term_moments import term_arguments
from jpsim.errors import Problem, UnsupportedError

__all__ = ["PlausiblePath", "find_plausible_path"]

Floats = npt.NDArray[np.float64]

_SLACK = 1e-9


@dataclass(frozen=True, eq=False)
class PlausiblePath:
    """The most plausible path to a loss by month t, within a scenario.

    Parameters
    ----------
    law
        The scenario's law.
    point, linear
        Returns, distance and probability; the same if log growth were linear in the returns, and these in the
        shocks.
    shocks
        (h, n) orthogonal shocks of the months.
    levels, mean_levels
        (n, t) reported levels of the factors along this path, and along the scenario's mean path.
    mean_returns
        (t,) monthly returns where all shocks have their means.
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
    conditional, held = law.conditional, dict[int, float]()

    def depart() -> Departure:
        if law.terms is not None:
            return find_bent_departure(law, series, returns, loss, held)
        return _straight_departure(conditional, returns, loss, held)

    shift = free = depart()
    for _ in range(4 * len(conditional.table.bounded)):
        if not (crossed := _worst_crossed(conditional, shift, held)) and not (idle := _idle(conditional, shift, held)):
            break
        held = held | crossed if crossed else {row: gap for row, gap in held.items() if row not in idle}
        shift = depart()
    shocks = conditional.mean_shocks + shift.shocks
    mean = _mean_path(law, series, returns, loss)
    return PlausiblePath(
        law=law,
        point=DesignPoint(shift.returns, shift.distance, free.probability),
        linear=shift_linearly(returns.mean, returns.cov, loss),
        shocks=shocks,
        levels=_levels(conditional, shocks)[:, :months],
        mean_levels=_levels(conditional, conditional.mean_shocks)[:, :months],
        mean_returns=mean,
        contributions=_contributions(law, series, mean, shift),
        factor_share=shift.factor_share,
        held=tuple(conditional.with_ties[0][row].text for row in held),
    )


def _straight_departure(conditional: Conditional, law: ReturnLaw, loss: float, held: Mapping[int, float]) -> Departure:
    """Find the design point among returns that are linear in the shocks, and regress all shocks on it."""
    mean, cov = _given_rows(conditional, law, held)
    nearest = find_design_point(mean, cov, loss)
    t = law.mean.size
    functionals = np.vstack([law.along, conditional.with_ties[1].flat[list(held)]])
    reach = conditional.shock_cov @ functionals.T
    within = functionals @ reach
    cov = within.copy()
    cov[:t, :t] += law.cov - law.factor_cov
    gap = np.concatenate([nearest.returns - law.mean, np.array(list(held.values()))])
    weights = np.linalg.solve(cov, gap)
    squared = float(gap @ weights)
    return Departure(
        returns=nearest.returns,
        shocks=(reach @ weights).reshape(conditional.mean_shocks.shape),
        own=weights[:t] * law.residual,
        channels={channel: own @ weights[:t] for channel, own in law.impulses.items()},
        forces=dict(zip(held, weights[t:].tolist(), strict=True)),
        distance=float(np.sqrt(squared)),
        factor_share=float(weights @ within @ weights) / squared if squared > 0 else 0.0,
        probability=nearest.probability,
    )


def _mean_path(law: ScenarioLaw, series: str, returns: ReturnLaw, loss: float) -> Floats:
    """(t,) returns where all shocks have their means."""
    if law.terms is None:
        return returns.mean
    bent = bend_returns(law, series_weights(law.conditional, series), returns, loss)
    return bent.returns(np.zeros(bent.linear.shape[1]))


def _worst_crossed(conditional: Conditional, shift: Departure, held: Mapping[int, float]) -> dict[int, float]:
    """The range that a shift leaves furthest, in standard deviations: row to its bound less the row's mean."""
    rows, stacked = conditional.with_ties
    mean, flat, worst = _row_means(conditional), stacked.flat, (0.0, -1, 0.0)
    for row in (place for place, one in enumerate(rows) if one.kind == "range"):
        moved = mean[row] + float(flat[row] @ shift.shocks.reshape(-1))
        bound = float(np.clip(moved, rows[row].low, rows[row].high))
        excess = abs(moved - bound) / float(np.sqrt(flat[row] @ conditional.shock_cov @ flat[row]))
        if row not in held and excess > _SLACK:
            worst = max(worst, (excess, row, bound - mean[row]))
    return {worst[1]: worst[2]} if worst[0] > 0.0 else {}


def _idle(conditional: Conditional, shift: Departure, held: Mapping[int, float]) -> list[int]:
    """Rows held at a bound from which the path would move into the range by itself."""
    rows, mean = conditional.with_ties[0], _row_means(conditional)
    low = {row: mean[row] + gap <= rows[row].low + _SLACK for row, gap in held.items()}
    return [row for row, force in shift.forces.items() if (force < -_SLACK if low[row] else force > _SLACK)]


def _row_means(conditional: Conditional) -> Floats:
    """Conditional means of the rows and of the ranges that follow from them."""
    stacked = conditional.with_ties[1]
    means: Floats = stacked.mean + stacked.flat @ conditional.mean_shocks.reshape(-1)
    return means


def _given_rows(conditional: Conditional, law: ReturnLaw, held: Mapping[int, float]) -> tuple[Floats, Floats]:
    """Mean and covariance of the returns given rows at their bounds."""
    rows = conditional.with_ties[1].flat[list(held)]
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


def _contributions(law: ScenarioLaw, series: str, mean: Floats, shift: Departure) -> dict[str, float]:
    """Parts of the compound return; a month's part compounds with this path before it and the mean path after it."""
    model, t = law.conditional.system.model, mean.size
    before = np.cumprod(np.concatenate([[1.0], 1.0 + shift.returns[:-1]]))
    after = np.cumprod(np.concatenate([[1.0], 1.0 + mean[:0:-1]]))[::-1]
    carried, weights = before * after, series_weights(law.conditional, series)
    innovations = np.einsum("tij,tj->ti", law.conditional.system.impact[:t, : len(model.factors)], shift.shocks[:t])
    parts = {"expected": float(np.prod(1.0 + mean) - 1.0)}
    own = carried @ (innovations * (weights @ model.loadings) + _term_parts(law, weights, shift, t))
    parts |= dict(zip(model.factors, own.tolist(), strict=True))
    parts |= {channel: float(carried @ part) for channel, part in shift.channels.items()}
    return parts | {"residual": float(carried @ shift.own)}


def _term_parts(law: ScenarioLaw, weights: Floats, shift: Departure, months: int) -> Floats:
    """(t, n) monthly returns that each factor's nonlinear terms bring, beyond those of the mean path."""
    model = law.conditional.system.model
    centre, along = (part[:months] for part in term_arguments(law.conditional))
    moved = evaluate_terms(model.terms, centre + along @ shift.shocks.reshape(-1)).value
    change: Floats = moved - evaluate_terms(model.terms, centre).value
    return change * (weights @ model.term_loadings) @ term_shares(model).T
