"""A progress bar on standard error, shown only to people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

__all__ = ["progress_bar"]


@contextmanager
def progress_bar(total: int, description: str, *, console: Console | None = None) -> Iterator[Callable[[int], None]]:
    """Show how far a piece of work is while the context lasts.

    Parameters
    ----------
    total
        Number of steps.
    description
        What is going on.
    console
        Where to show it; standard error by default. Nothing is written unless it is a terminal.

    Yields
    ------
    callable
        To be called with the number of steps just done, from any thread.
    """
    console = console or Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(description, total=total)
        yield lambda steps: progress.advance(task, steps)
