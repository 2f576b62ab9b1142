"""Plain twins of the rules: one path, one month at a time, as `jpsim.simulation.law` writes them down."""

from __future__ import annotations

import dataclasses

import numpy as np

from jpsim.simulation.law import InterventionRule, MeetingRule, Rules
from tests.naive import simulation as naive


class Memory:
    """What a path remembers of its interventions and decisions."""

    def __init__(self, law, seed, path, targets, scales):
        self.law, self.seed, self.path, self.scales = law, seed, path, scales
        self.due, self.left, self.levels, self.fired = [0.0, 0.0], 0, [0.0, 0.0, 0.0], []
        self.shifts = []
        self.log_weight = 0.0
        rules = law.rules
        if rules.target >= 0:
            self.target = max(law.start[rules.target], rules.floor)
            self.age = rules.meetings.age if rules.meetings else 0.0
        if law.mixing is not None:
            self.missing, self.lean = law.mixing.gap + targets, naive.lean_of(law, seed, path)

    def shift(self, t, level):
        """The month's shift of the yen whose summed change before it is `level`."""
        rule = self.law.rules.intervention
        month = naive.threefry2x64((self.seed, 12), (self.path, t << 32))
        whether, what = naive.uniform(month[0]), naive.uniform(month[1])
        size, noise = (naive.normal(self.seed, 13, self.path, t, i) for i in range(2))
        x = self.due.pop(0)
        if self.left > 0:
            x += rule.turbulence * self.scales[t] * noise
        now = level + x
        spot = self.law.levels.base[self.law.rules.currency] * np.exp(now / 100.0)
        logit = rule.intercept + rule.slope * (spot - rule.threshold) / 2.0
        logit += rule.speed * max(0.0, now - self.levels[-3] - rule.free)
        self.left, hit = self.left - 1, whether < 1.0 / (1.0 + np.exp(-logit))
        self.due.append(0.0)
        if hit:
            jump = rule.jump + rule.jump_sd * size
            x += jump
            back = -rule.reversal * jump / 2.0
            self.due = [rule.follow_through, 0.0] if what < rule.follow_through_probability else [back, back]
            self.left = 2
        self.fired.append(float(hit))
        self.shifts.append(x)
        self.levels.append(level + x)
        return x

    def steer(self, t, shift, shocks):
        """Meet what is still required from the shifted state; `shocks` are those of all months."""
        mixing, reach = self.law.mixing, self.law.rules.intervention.reach[t]
        response = mixing.exposure if mixing.response is None else mixing.response
        self.missing = self.missing - mixing.exposure[t] @ shocks[t]
        months = range(t + 1, len(shocks))
        ahead = [r for r in range(reach.size) if any(np.any(mixing.exposure[m][r]) for m in months)]
        if shift == 0.0 or not ahead:
            return
        v = np.diag(mixing.noise[ahead]).astype(float)
        for m in months:
            v += self.scales[m] ** 2 * response[m][ahead] @ mixing.exposure[m][ahead].T
        mean = sum(mixing.exposure[m][ahead] @ self.lean[m] for m in months)
        before, after = self.missing[ahead] - mean, self.missing[ahead] - mean - reach[ahead] * shift
        self.log_weight += 0.5 * (before @ np.linalg.solve(v, before) - after @ np.linalg.solve(v, after))
        for m in months:
            shocks[m] -= self.scales[m] ** 2 * response[m][ahead].T @ np.linalg.solve(v, reach[ahead] * shift)
        self.missing[ahead] = after + mean

    def decide(self, t, levels):
        """The target at the end of a month with these reported levels."""
        rules, rule = self.law.rules, self.law.rules.meetings
        if rule is None:
            return max(levels[rules.target], rules.floor)
        self.age += 1.0
        if rule.meets[t]:
            x = levels[rule.expected] - self.target
            x += rule.inflation * (levels[rule.prices] - rule.inflation_target)
            x += rule.yen * np.clip(100.0 * np.log(levels[rule.currency] / rule.yen_level), -10.0, 10.0)
            x += rule.noise * naive.normal(self.seed, 11, self.path, t, 0)
            up = rule.one_step + rule.caution * max(0.0, 1.0 - self.age / rule.recovery)
            cuts = [-up - rule.patience - rule.two_steps, -up - rule.patience, up, up + rule.two_steps]
            k = int(np.searchsorted(cuts, x)) - 2
            start = self.law.start[rules.target]
            place = np.floor((self.target - start) / rule.step + 1e-9)
            moved = max(start + rule.step * (place + k), rules.floor) if k else self.target
            self.age = 0.0 if moved != self.target else self.age
            self.target = moved
        return self.target


def example_rules(law, rng, *, meetings=True, floor=-np.inf, intervention=True):
    """The law with rules under which much happens; its factors 0, 3, 6 are rates, 1 is a price."""
    months, start = law.dynamics.intercept.shape[0], law.start
    rows = 0 if law.mixing is None else law.mixing.gap.size
    decided = MeetingRule(
        np.array([1, 1, 0, 1, 1, 0][:months]), 0, 6, 1,
        1.0, 0.25, 0.1, 0.15, 0.25, 0.1, 0.1, 4.0, 0.05, 0.2, 0.01, start[1],
    )  # fmt: skip
    reach = rng.normal(size=(months, rows))
    if rows:  # a third of the rows is due early
        for arrays in (law.mixing.exposure, law.mixing.response):
            if arrays is not None:
                arrays[2:, : rows // 3] = 0.0
        reach[1:, : rows // 3] = 0.0
        reach[-1] = 0.0
    acting = InterventionRule(start[1], -0.5, 0.5, 0.1, 0.5, -3.5, 1.5, -1.0, 0.5, 0.5, 0.7, reach)
    return dataclasses.replace(
        law,
        rules=Rules(3 if meetings or floor > -np.inf else -1, 1 if intervention else -1, floor,
                    decided if meetings else None, acting if intervention else None),
    )  # fmt: skip
