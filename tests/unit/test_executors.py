"""Threads, processes and Dask give the same bits, also when workers are killed."""

from __future__ import annotations

import dataclasses
import os
import signal
import threading
import time

import numpy as np
import pytest

from jpsim.errors import InputError, ResourceError, Stopped
from jpsim.simulation.engine import draw, draw_paths
from jpsim.simulation.executors import Threads, opened
from jpsim.simulation.executors import cluster as cluster_module
from jpsim.simulation.executors.cluster import Cluster
from jpsim.simulation.executors.processes import Processes
from jpsim.simulation.sharding import SPAN
from tests.naive import simulation as naive

PATHS = 3 * SPAN + 777
SIZE = {"n": 2, "p": 1, "series": 2, "groups": 1, "common": 0, "months": 1}


class Targets:
    """Path-specific targets that can be pickled."""

    def __call__(self, first, count, scores):
        return np.sin(np.arange(first, first + count))[None]


def drawn(executor, *, weighted=False, exact=False, paths=PATHS, **options):
    law = naive.example_law(np.random.default_rng(4), **SIZE, rows=1)
    x = draw_paths(law, 5, 0, 1024, Targets())
    mean, sd = x.mean(axis=2), x.std(axis=2)
    law = dataclasses.replace(law, low=mean - 8.0 * sd, high=mean + 8.0 * sd)
    weights = np.random.default_rng(8).exponential(size=paths) if weighted else None
    return draw(law, scenario="a", seed=5, paths=paths, targets=Targets(), weights=weights, exact=exact,
                executor=executor, **options)  # fmt: skip


def assert_same(one, other):
    for name, table in one.statistics.items():
        np.testing.assert_array_equal(table, other.statistics[name], err_msg=name)
        np.testing.assert_array_equal(one.errors[name], other.errors[name], err_msg=name)
    np.testing.assert_array_equal(one.histogram.counts, other.histogram.counts)


@pytest.fixture(scope="module")
def processes():
    pool = Processes(2)
    yield pool
    pool.close()


@pytest.mark.parametrize(("weighted", "exact"), [(False, False), (True, True)])
def test_threads_and_processes_give_the_same_bits(processes, weighted, exact):
    samples = [
        drawn(where, weighted=weighted, exact=exact) for where in (Threads(1), Threads(2), Threads(4), processes)
    ]
    for other in samples[1:]:
        assert_same(samples[0], other)


def test_a_killed_process_changes_nothing(processes):
    expected, killed = drawn(Threads(2)), []

    def kill_one(done):
        if not killed:
            killed.append(next(iter(processes._pool._processes)))
            os.kill(killed[0], signal.SIGKILL)

    assert_same(drawn(processes, progress=kill_one), expected)
    assert killed


def test_processes_stop_within_a_second(processes):
    asked = threading.Event()
    threading.Timer(0.3, asked.set).start()
    begun = time.monotonic()
    with pytest.raises(Stopped):
        drawn(processes, paths=10**9, stop=asked.is_set)
    assert time.monotonic() - begun < 1.5
    processes.renew()


def test_dask_gives_the_same_bits_and_survives_its_workers():
    pytest.importorskip("distributed")
    expected, killed = drawn(Threads(2), weighted=True), []
    with opened("dask", 2) as executor:
        assert_same(drawn(executor, weighted=True), expected)

        def kill_one(done):
            if not killed:
                killed.append(next(iter(executor._local.workers.values())).pid)
                os.kill(killed[0], signal.SIGKILL)

        assert_same(drawn(executor, weighted=True, progress=kill_one), expected)
    assert killed


def test_dask_that_is_missing_or_silent_is_said(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(cluster_module, "_CONNECT_SECONDS", 0.5)
    with pytest.raises(ResourceError, match=r"no Dask cluster .* tcp://127\.0\.0\.1:9"):
        Cluster("tcp://127.0.0.1:9")
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(InputError, match=r"jpsim\[dask\]"):
        Cluster(None)


def test_a_process_that_ends_without_a_word_is_missed(processes):
    """A worker killed while it writes its result leaves the pool reading: only its exit tells."""
    expected, silenced = drawn(Threads(2)), []

    class Silent:
        """The reply of a worker that is gone."""

        def result(self, timeout):
            time.sleep(timeout)
            raise TimeoutError

    class Deaf(Processes):
        """A pool whose first reply never comes, and whose first process is gone."""

        def submit(self, parcel, shard):
            reply = super().submit(parcel, shard)
            if silenced:
                return reply
            silenced.append(reply.result())
            next(iter(self._pool._processes.values())).kill()
            return Silent()

    pool = Deaf(2)
    try:
        assert_same(drawn(pool), expected)
    finally:
        pool.close()
    assert silenced


def test_processes_that_died_between_two_draws_are_replaced(processes):
    expected = drawn(processes)
    for process in list(processes._pool._processes.values()):
        process.kill()
        process.join()
    assert_same(drawn(processes), expected)
