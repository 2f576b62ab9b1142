"""The ordered response of the policy board: against statsmodels, against draws, against the Bank's decisions."""

from __future__ import annotations

import csv
import tomllib
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from jpsim.dictionary import boj_moves
from jpsim.model.store import load_model
from jpsim.simulation.rule_compilation import meeting_rule
from jpsim.simulation.target_moves import judge_target, move_probabilities


@pytest.fixture(scope="module")
def rule():
    return meeting_rule(load_model("japan_monthly"), 12)


def test_probabilities_are_those_of_an_ordered_probit_in_statsmodels(rule) -> None:
    ordered_model = pytest.importorskip("statsmodels.miscmodels.ordinal_model").OrderedModel
    index = np.linspace(-0.6, 0.6, 41)
    for age in (1.0, 3.0, 12.0):
        up = rule.one_step + rule.caution * max(0.0, 1.0 - age / rule.recovery)
        cuts = np.array([-up - rule.patience - rule.two_steps, -up - rule.patience, up, up + rule.two_steps])
        labels = np.resize([-2, -1, 0, 1, 2], index.size)
        model = ordered_model(labels, (index / rule.noise)[:, None], distr="probit", hasconst=False)
        scaled = cuts / rule.noise
        parameters = np.concatenate([[1.0], scaled[:1], np.log(np.diff(scaled))])
        theirs = model.predict(parameters)
        np.testing.assert_allclose(move_probabilities(rule, index, np.full(41, age)).T, theirs, atol=1e-12)


def test_probabilities_are_frequencies_of_the_cutoffs(rule) -> None:
    rng = np.random.default_rng(3)
    noise = rule.noise * rng.standard_normal(200_000)
    for index, age in ((0.2, 2.0), (-0.3, 9.0), (0.45, 9.0)):
        up = rule.one_step + rule.caution * max(0.0, 1.0 - age / rule.recovery)
        moves = np.digitize(index + noise, [-up - rule.patience - rule.two_steps, -up - rule.patience, up, up + 0.25])
        counts = np.bincount(moves, minlength=5) / noise.size
        expected = move_probabilities(rule, np.array([index]), np.array([age]))[:, 0]
        np.testing.assert_allclose(counts, expected, atol=4 * np.sqrt(0.25 / noise.size))


def test_a_stated_path_is_judged_move_by_move(rule) -> None:
    months = rule.meets.size
    target = np.where(np.arange(months) >= 2, 1.0, 0.75)[:, None]  # a hike at the second meeting, then none
    flat = np.full((months, 1), rule.inflation_target), np.full((months, 1), rule.yen_level)
    expected = np.full((months, 1), 0.95)
    told = judge_target(rule, target, (expected, *flat), 0.75, np.ones(1))
    ages = {1: 3.0, 2: 4.0, 4: 2.0, 5: 3.0}
    for place, month in enumerate(told.months[:4]):
        before = 0.75 if month <= 3 else 1.0
        index, age = np.array([0.95 - before]), np.array([ages[month - 1]])
        step = 3 if month == 3 else 2
        assert told.probability[place] == pytest.approx(move_probabilities(rule, index, age)[step, 0], abs=1e-14)
    assert told.joint == pytest.approx(np.prod(told.probability), rel=1e-12)


def test_moves_are_those_that_the_bank_published(data_dir: Path) -> None:
    with (data_dir / "boj_meetings.csv").open(encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    known = [(row[0], float(row[1])) for row in rows if row[1]]
    moved = {day: level for (day, level), (_, before) in zip(known[1:], known, strict=False) if level != before}
    ours = {day.isoformat(): level for day, level in boj_moves().items()}
    assert {day: level for day, level in ours.items() if day in moved} == moved


def filtered(bridge, panel, months):
    """Month by month the mean and sd of the expected rate before that month's decision, by a Kalman filter."""
    mean, variance, before = float(panel["2022-12"]["boj_policy_rate_decided"]), 0.01, "2022-12"
    for month in months:
        last, now = (float(panel[each]["jgb_2y"]) for each in (before, month))
        mean += bridge["speed"] * (last - bridge["premium"] - mean) + bridge["response"] * (now - last)
        variance = (1.0 - bridge["speed"]) ** 2 * variance + bridge["own_sd"] ** 2
        yield month, mean, np.sqrt(variance)
        gain = variance / (variance + bridge["rounding_sd"] ** 2)
        mean += gain * (float(panel[month]["boj_policy_rate_decided"]) - mean)
        variance, before = variance * (1.0 - gain), month


def test_the_rule_beats_the_base_rate_on_the_decisions_since_2024(rule, data_dir: Path) -> None:
    """Log score of hike or hold at 17 meetings, the expected rate known as the bridge's filter knows it."""
    with (data_dir / "panel_monthly.csv").open(encoding="utf-8") as file:
        panel = {row["month"]: row for row in csv.DictReader(file)}
    with (data_dir / "boj_meetings.csv").open(encoding="utf-8") as file:
        decided = {row[0][:7]: float(row[1]) for row in list(csv.reader(file))[1:] if row[1]}
    months = [month for month in sorted(panel) if "2023-01" <= month <= "2026-01"]
    target, age, likely, hikes = decided["2023-12"], 96.0, [], []
    for month, expected, doubt in filtered(load_model("japan_monthly").meta["bridge"], panel, months):
        age += 1.0
        if month < "2024-01" or month not in decided:
            continue
        index = expected - target + rule.inflation * (float(panel[month]["jp_core_cpi_yoy"]) - rule.inflation_target)
        index += rule.yen * np.clip(100.0 * np.log(float(panel[month]["usdjpy"]) / rule.yen_level), -10.0, 10.0)
        doubtful = rule._replace(noise=float(np.hypot(rule.noise, doubt)))
        likely.append(move_probabilities(doubtful, np.array([index]), np.array([age]))[3:, 0].sum())
        hikes.append(decided[month] > target)
        age, target = (0.0 if hikes[-1] else age), decided[month]
    hike, chance = np.array(hikes), np.array(likely)
    assert (hike.size, hike.sum()) == (17, 4)
    score = np.log(np.where(hike, chance, 1.0 - chance)).sum()
    base = np.log(np.where(hike, hike.mean(), 1.0 - hike.mean())).sum()
    assert score > base + 1.5  # nats


def test_every_coefficient_has_a_source() -> None:
    text = files("jpsim").joinpath("data", "rules.toml").read_text(encoding="utf-8")
    for name, table in tomllib.loads(text).items():
        assert table["source"].startswith("prior"), name
