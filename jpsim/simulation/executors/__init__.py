"""Where shards of paths are worked on: threads of this process, other processes, a Dask cluster.

An executor only decides where and when; results come back in the order of the paths, and a shard that was lost is
worked on again, so that the numbers are the same everywhere.
"""

from jpsim.simulation.executors.opening import opened
from jpsim.simulation.executors.protocol import Executor, Task
from jpsim.simulation.executors.threads import Threads

__all__ = ["Executor", "Task", "Threads", "opened"]
