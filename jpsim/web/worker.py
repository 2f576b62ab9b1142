"""A child of the workbench: it takes tasks as lines of JSON, one at a time, and answers in lines of JSON.

Standard output is the line to the parent alone; whatever else is printed goes to standard error. SIGINT ends the
task that is going on, and nothing else. When the parent is gone, the child ends, too.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from typing import Any

from jpsim.errors import JpsimError
from jpsim.signals import heed_signals
from jpsim.web.answers import finite
from jpsim.web.refusals import plain_error

__all__ = ["main"]

_GRACE_SECONDS = 0.8
Plain = dict[str, Any]


class _Line:
    """The two pipes to the parent."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        self._lock = threading.Lock()
        self._waiting: queue.SimpleQueue[Plain | None] = queue.SimpleQueue()
        self.busy = False
        threading.Thread(target=self._listen, daemon=True).start()

    def tell(self, content: Plain) -> None:
        """Send one line."""
        text = json.dumps(finite(content), allow_nan=False)
        with self._lock:
            self._out.write(text + "\n")
            self._out.flush()

    def tasks(self) -> Iterator[Plain]:
        """Tasks as they come, until the parent closes the line."""
        while (asked := self._waiting.get()) is not None:
            yield asked

    def _listen(self) -> None:
        for text in sys.stdin:
            self._waiting.put(json.loads(text))
        self._waiting.put(None)
        if self.busy:
            os.kill(os.getpid(), signal.SIGINT)
        time.sleep(_GRACE_SECONDS)
        os._exit(1)


def main(folder: str) -> None:
    """Work until the parent is gone; `folder` is where compiled kernels are kept."""
    signal.signal(signal.SIGINT, lambda *_: None)  # between tasks there is nothing to stop
    line = _Line()
    from pathlib import Path

    from jpsim.simulation.kernel_cache import use_cache

    use_cache(Path(folder))
    for asked in line.tasks():
        line.busy = True
        line.tell(_carried_out(asked, line))
        line.busy = False


def _carried_out(asked: Plain, line: _Line) -> Plain:
    """Carry out one task; every error becomes part of the answer."""
    from jpsim.web.tasks import TASKS

    number = asked["number"]
    try:
        with heed_signals():
            found = TASKS[asked["task"]](asked["asked"], lambda content: line.tell({"number": number, "told": content}))
    except Exception as error:
        if not isinstance(error, JpsimError):
            traceback.print_exc()
        return {"number": number, "error": plain_error(error)}
    return {"number": number, "answer": found}
