"""Signals that end a piece of work."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from jpsim.errors import Stopped

__all__ = ["heed_signals"]


@contextmanager
def heed_signals() -> Iterator[None]:
    """Turn the first SIGINT or SIGTERM into `Stopped`, and ignore what follows: tidying up takes no second.

    In the main thread only; signals are as they were before when it ends.
    """
    caught: list[int] = []

    def on_signal(received: int, _: object) -> None:
        if not caught:
            caught.append(received)
            raise Stopped("the run was interrupted; nothing was stored", received)

    previous = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
