"""Opening the executor that a run asks for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from jpsim.simulation.executors.protocol import Executor
from jpsim.simulation.executors.threads import Threads

__all__ = ["Kind", "opened"]

Kind = Literal["local", "processes", "dask"]


@contextmanager
def opened(kind: Kind, threads: int = 0, address: str | None = None) -> Iterator[Executor]:
    """Open an executor, and close it at the end.

    Parameters
    ----------
    kind
        ``local`` threads, ``processes`` of this machine, or ``dask``.
    threads
        Threads or processes of this machine; 0 for all cores.
    address
        Of a Dask scheduler; None starts one on this machine.

    Raises
    ------
    InputError, ResourceError
        Dask is not installed, or does not answer.
    """
    executor = _executor(kind, threads, address)
    try:
        yield executor
    finally:
        executor.close()


def _executor(kind: Kind, threads: int, address: str | None) -> Executor:
    if kind == "processes":
        from jpsim.simulation.executors.processes import Processes

        return Processes(threads)
    if kind == "dask":
        from jpsim.simulation.executors.cluster import Cluster

        return Cluster(address, threads)
    return Threads(threads)
