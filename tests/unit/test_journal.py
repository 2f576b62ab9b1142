"""A run that is stopped and resumed gives the bits of one that was not, or is refused by name."""

from __future__ import annotations

import json

import numpy as np
import pytest

from jpsim.errors import DamagedError, InputError, Stopped
from jpsim.runs import RunJournal, gc_runs, resume_journal
from jpsim.simulation.engine import draw
from jpsim.simulation.sharding import SPAN
from tests.naive import simulation as naive

PATHS = 4 * SPAN + 5
IDENTITY = {"content_hash": "0123456789abcdef", "model": {"id": "m", "version": "1", "sha256": "s"},
            "versions": {"jpsim": "1", "numpy": "2"}}  # fmt: skip
CREATED = "2026-01-30T10:15:00Z"
LAW = naive.example_law(np.random.default_rng(4), n=2, p=1, series=2, groups=1, common=0, months=1)


def drawn(journal=None, stop_at=PATHS, weighted=False):
    reached = []
    weights = np.random.default_rng(8).exponential(size=PATHS) if weighted else None
    return draw(LAW, scenario="a", seed=5, paths=PATHS, threads=1, weights=weights, exact=True, journal=journal,
                progress=reached.append, stop=lambda: bool(reached) and reached[-1] >= stop_at)  # fmt: skip


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("part", [0.3, 0.8])
def test_resumed_drawing_has_the_same_bits(tmp_path, weighted, part):
    whole = drawn(weighted=weighted, stop_at=2 * PATHS)
    journal = RunJournal(tmp_path, CREATED, IDENTITY, every=0.0)
    with pytest.raises(Stopped):
        drawn(journal, stop_at=int(part * PATHS), weighted=weighted)
    journal.close(remove=False)
    again = resume_journal(tmp_path, "20260130", IDENTITY)
    assert again.created_utc == CREATED
    stages = [again.recall(stage) for stage in ("a", "a.1")]
    assert [entry is not None and 0 < entry.done <= PATHS for entry in stages] == [True, part > 0.5]
    resumed = drawn(again, weighted=weighted, stop_at=2 * PATHS)
    for name, table in whole.statistics.items():
        np.testing.assert_array_equal(resumed.statistics[name], table, err_msg=name)
        np.testing.assert_array_equal(resumed.errors[name], whole.errors[name], err_msg=name)
    again.close(remove=True)
    assert not list(tmp_path.iterdir())


def stopped(tmp_path):
    journal = RunJournal(tmp_path, CREATED, IDENTITY, every=0.0)
    journal.note("a", 10, lambda: {"x": np.arange(3)}, last=False)
    return journal


def test_short_runs_write_nothing(tmp_path):
    journal = RunJournal(tmp_path, CREATED, IDENTITY)
    journal.note("a", 10, lambda: pytest.fail("asked for"), last=True)
    assert not journal.started
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"content_hash": "other"}, "not those of the stopped run"),
        ({"model": {"id": "m", "version": "2", "sha256": "t"}}, "model is m@2 and was m@1"),
        ({"model": {"id": "m", "version": "1", "sha256": "t"}}, "model m@1 has other content"),
        ({"versions": {"jpsim": "2", "numpy": "2"}}, "jpsim is 2 and was 1"),
    ],
)
def test_what_differs_is_named(tmp_path, change, message):
    stopped(tmp_path).close(remove=False)
    with pytest.raises(InputError, match=message):
        resume_journal(tmp_path, "20260130T101500Z-01234567", IDENTITY | change)


def test_unknown_used_and_damaged_journals_are_refused(tmp_path):
    with pytest.raises(InputError, match="no stopped run"):
        resume_journal(tmp_path, "2026", IDENTITY)
    journal = stopped(tmp_path)
    with pytest.raises(InputError, match="going on in another process"):
        resume_journal(tmp_path, "2026", IDENTITY)
    assert gc_runs(tmp_path) == ()
    journal.close(remove=False)
    [folder] = tmp_path.iterdir()
    state = folder / "a.state"
    state.write_bytes(state.read_bytes()[:-1])
    again = resume_journal(tmp_path, "2026", IDENTITY)
    with pytest.raises(DamagedError, match=r"a\.state"):
        again.recall("a")
    again.close(remove=False)
    assert json.loads((folder / "journal.json").read_text())["created_utc"] == CREATED
    assert gc_runs(tmp_path) == (folder,)
    assert not list(tmp_path.iterdir())
