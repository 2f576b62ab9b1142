"""Named shocks beside interventions, drawn month by month in plain numpy under normal innovations.

All other shocks and the rule's own draws come from their own laws. A month's named shocks come from the normal law,
built from scratch at each path's state of the month before, that delivers the rows if nobody intervenes any more.
"""

from __future__ import annotations

import numpy as np


class YenRule:
    """Interventions of many paths, as `jpsim.simulation.law.InterventionRule` writes them down."""

    def __init__(self, rule, base, count, rng):
        self.rule, self.base, self.rng = rule, base, rng
        self.due, self.left, self.ends = np.zeros((2, count)), np.zeros(count), [np.zeros(count)] * 3

    def shift(self, level):
        """The month's shifts of the yen whose summed change before it is `level`, and who intervened."""
        rule, rng, count = self.rule, self.rng, level.size
        extra = self.due[0] + np.where(self.left > 0, rule.turbulence * rng.standard_normal(count), 0.0)
        now = level + extra
        logit = rule.intercept + rule.slope * (self.base * np.exp(now / 100) - rule.threshold) / 2
        logit = logit + rule.speed * np.maximum(0.0, now - self.ends[-3] - rule.free)
        hit = rng.random(count) < 1 / (1 + np.exp(-logit))
        jump = rule.jump + rule.jump_sd * rng.standard_normal(count)
        on, back = rng.random(count) < rule.follow_through_probability, -rule.reversal * jump / 2
        after = np.where(on, [np.full(count, rule.follow_through), np.zeros(count)], [back, back])
        self.due = np.where(hit, after, [self.due[1], np.zeros(count)])
        self.left = np.where(hit, 2.0, self.left - 1.0)
        shift = extra + np.where(hit, jump, 0.0)
        self.ends.append(level + shift)
        return shift, hit


def named_directions(model, drivers):
    """Orthonormal directions of the named shocks and of the policy rate's rounding, (n, k)."""
    columns = [model.impacts[:, model.shocks.index(name)] for name in drivers]
    columns.append(np.eye(len(model.factors))[model.factor("boj_policy_rate")])
    return np.linalg.qr(np.linalg.solve(np.linalg.cholesky(model.Sigma), np.array(columns).T))[0]


def rows_ahead(system, table, t, state):
    """Exposures (h - t, m, n) of the rows still due after t months, their means (m, count), and their positions."""
    rows = [i for i, row in enumerate(table.rows) if row.month > t]
    exposure = np.zeros((system.horizon - t, len(rows), system.impact.shape[2]))
    mean = np.zeros((len(rows), state.shape[1]))
    for place, i in enumerate(rows):
        carried, constant = table.weights[i], table.constants[i]
        for month in range(table.rows[i].month - 1, t - 1, -1):
            exposure[month - t, place] = carried @ system.impact[month]
            constant = constant + carried @ system.offset[month]
            carried = carried @ system.transition[month]
        mean[place] = carried @ state + constant
    return exposure, mean, rows


def draw_named(exposure, gap, noise, directions, other, rng):
    """Coordinates (k, count) of a month's named shocks, given all other shocks (h - t, n, count) and the gap."""
    k, count = directions.shape[1], other.shape[2]
    named = np.concatenate(list(exposure @ directions), axis=1)
    gap = gap - np.einsum("tmi,tip->mp", exposure, other)
    gain = np.linalg.solve(named @ named.T + np.diag(noise), named[:, :k]).T
    values, vectors = np.linalg.eigh(np.eye(k) - gain @ named[:, :k])
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    return gain @ gap + root @ rng.standard_normal((k, count))


def steer_monthly(law, rule, drivers, count, seed=99):
    """Levels (n, h, count) in model units, and whether each month has an intervention (h, count)."""
    system, table, model = law.conditional.system, law.conditional.table, law.conditional.system.model
    rng, h, n, yen = np.random.default_rng(seed), system.horizon, len(model.factors), model.factor("usdjpy")
    directions = named_directions(model, drivers)
    z = rng.standard_normal((h, n, count))
    other = z - np.einsum("ij,kj,tkp->tip", directions, directions, z)
    summed = system.start.size - system.cumulated.size + list(system.cumulated).index(yen)
    state, path, fired = np.repeat(system.start[:, None], count, axis=1), [], []
    acting = YenRule(rule, model.base_level[yen], count, rng)
    for t in range(h):
        exposure, mean, rows = rows_ahead(system, table, t, state)
        gap = table.values[rows][:, None] - mean
        shocks = z[t]
        if rows:
            shocks = other[t] + directions @ draw_named(exposure, gap, table.noise[rows], directions, other[t:], rng)
        state = system.offset[t][:, None] + system.transition[t] @ state + system.impact[t] @ shocks
        shift, hit = acting.shift(state[summed])
        state[[yen, summed]] += shift
        path.append([system.level_row(i)[0] @ state + system.level_row(i)[1] for i in range(n)])
        fired.append(hit)
    return np.array(path).transpose(1, 0, 2), np.array(fired)
