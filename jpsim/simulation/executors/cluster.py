"""A Dask cluster: an existing one, or one of this machine's processes."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import suppress
from importlib import import_module
from threading import Event
from typing import Any, ClassVar, TypeVar

from jpsim.errors import InputError, Problem, ResourceError
from jpsim.simulation.executors.protocol import Progress, Task
from jpsim.simulation.executors.sending import Parcel, Reply, each_in_order, spans_for, work_on
from jpsim.simulation.sharding import Shard, Stop, cores

__all__ = ["Cluster"]

Result = TypeVar("Result")

_CONNECT_SECONDS = 10
_CLOSE_SECONDS = 1


class _DaskReply:
    """A result to come; waiting in short turns for Dask's own would break off transfers again and again."""

    def __init__(self, future: Any) -> None:
        self._future, self._done = future, Event()
        future.add_done_callback(lambda _: self._done.set())

    def result(self, timeout: float) -> Any:
        """Wait until there is one, then for as long as it takes to get it here."""
        if not self._done.wait(timeout):
            raise TimeoutError
        return self._future.result()


class Cluster:
    """Workers of a Dask cluster.

    Parameters
    ----------
    address
        Of the scheduler, as ``tcp://host:8786``; None starts a cluster on this machine.
    workers
        Number of processes of a cluster on this machine; 0 for one a core.

    Raises
    ------
    InputError
        Dask is not installed.
    ResourceError
        No scheduler answers, or it has no workers.
    """

    losses: ClassVar[tuple[type[BaseException], ...]] = (CancelledError, OSError)

    def __init__(self, address: str | None, workers: int = 0) -> None:
        self._dask = _library()
        self._local = None
        if address is None:
            self._local = self._dask.LocalCluster(
                n_workers=workers or cores(), threads_per_worker=1, dashboard_address=None, memory_limit=0,
                silence_logs=50,
            )  # fmt: skip
        self._client = self._connected(address)
        self._parcels: dict[str, Any] = {}

    @property
    def width(self) -> int:
        """Threads of all workers, now."""
        return max(1, sum(int(threads) for threads in self._client.nthreads().values()))

    def spans(self, paths: int) -> int:
        """Spans of a shard."""
        return spans_for(paths, self.width)

    def each(
        self, task: Task[Result], shards: Iterator[Shard], progress: Progress | None, stop: Stop | None
    ) -> Iterator[tuple[Shard, Result]]:
        """See `Executor.each`."""
        self._parcels.clear()
        return each_in_order(self, task, shards, progress, stop)

    def submit(self, parcel: Parcel, shard: Shard) -> Reply:
        """Let a worker work on a shard; Dask itself gives it to another one if that one is lost."""
        if parcel.name not in self._parcels:
            self._parcels[parcel.name] = self._client.scatter(parcel.content, broadcast=True, hash=False)
        content = self._parcels[parcel.name]
        return _DaskReply(self._client.submit(work_on, content, parcel.name, shard, pure=False))

    def crippled(self) -> bool:
        """Never: the scheduler knows of its workers."""
        return False

    def renew(self) -> None:
        """Send tasks anew: the workers that held them are gone."""
        self._parcels.clear()
        try:
            self._client.wait_for_workers(1, timeout=_CONNECT_SECONDS)
        except TimeoutError as error:
            raise ResourceError("the Dask cluster has no workers any more") from error

    def close(self) -> None:
        """Leave the cluster; end it if it is ours."""
        self._parcels.clear()
        with suppress(TimeoutError):
            self._client.close(timeout=_CLOSE_SECONDS)
        if self._local is not None:
            with suppress(TimeoutError):  # its processes end with this one
                self._local.close(timeout=_CLOSE_SECONDS)

    def _connected(self, address: str | None) -> Any:
        try:
            client = self._dask.Client(address if self._local is None else self._local, timeout=_CONNECT_SECONDS)
            client.wait_for_workers(1, timeout=_CONNECT_SECONDS)
        except (OSError, TimeoutError) as error:
            found = f"executor: no Dask cluster with workers answers at {address or 'this machine'} ({error})"
            raise ResourceError(found) from error
        return client


def _library() -> Any:
    try:
        return import_module("distributed")
    except ModuleNotFoundError:
        fix = 'install the extra: pip install "jpsim[dask]", or set executor.kind: local'
        raise InputError(Problem("executor: {kind: dask} needs the package distributed", fix=fix)) from None
