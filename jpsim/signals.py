"""Signals that end a piece of work."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from jpsim.errors import Stopped

__all__ = ["Signalled", "heed_signals"]

_TIDYING_SECONDS = 1.0


class Signalled(BaseException):
    """A signal arrived.

    No `Exception`: compilers and readers of damaged files go on after those, and the signal would be lost.

    Parameters
    ----------
    signal_number
        2 or 15.
    """

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.signal_number = signal_number


@contextmanager
def heed_signals() -> Iterator[None]:
    """Turn SIGINT and SIGTERM into `Stopped`, inside as `Signalled`; for a second, in which one tidies up, only once.

    In the main thread only; signals are as they were before when it ends.
    """
    last = -_TIDYING_SECONDS

    def on_signal(received: int, _: object) -> None:
        nonlocal last
        if monotonic() - last >= _TIDYING_SECONDS:
            last = monotonic()
            raise Signalled(received)

    previous = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except Signalled as signalled:
        raise Stopped("the run was interrupted; nothing was stored", signalled.signal_number) from None
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
