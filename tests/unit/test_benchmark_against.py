"""Two trees are compared by the least processor time of each, whatever the rounds in which it was reached."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.against import compare_with, probe, ratios_of

ROOT = Path(__file__).resolve().parents[2]


def test_the_least_time_of_each_side_counts():
    slow, fast = {"1": [4.0, 9.0], "2": [3.0, 1.0]}, {"1": [2.0, 8.0], "2": [6.0, 2.0]}
    found = ratios_of([(slow, slow), (fast, slow)])
    assert found == {"1": (2.0, 4.0, 0.5), "2": (3.0, 3.0, 1.0)}


def test_both_trees_are_probed_in_turns_and_the_other_is_gone_afterwards(monkeypatch):
    trees, worked = [], []
    monkeypatch.setattr("benchmarks.against.subprocess.run", lambda words, **_: worked.append(words[2]))
    times = iter([1.0, 4.0, 3.0, 2.0, 5.0, 6.0])
    monkeypatch.setattr("benchmarks.against.probe", lambda tree, paths: trees.append(tree) or {"1": [next(times), 0.0]})
    assert compare_with("HEAD~1", 64) == {"1": 0.5}
    assert trees == [ROOT, trees[1]] * 3
    assert worked == ["add", "remove"]


@pytest.mark.slow
def test_this_tree_answers_its_probe():
    found = probe(ROOT, 4096)
    assert set(found) == {"1", "2"}
    assert all(0.0 < seconds < 60.0 for times in found.values() for seconds in times)
