"""What commands about stored runs share: how scenarios and models are named, and the bar while paths come again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

__all__ = ["model_folders", "redrawing_bar", "split_reference"]

model_folders = click.option(
    "--model", "models", type=click.Path(exists=True, file_okay=False, path_type=Path), multiple=True, metavar="FOLDER",
    help="Folder of the run's model, where this version does not come with it; repeatable.",
)  # fmt: skip


def split_reference(reference: str) -> tuple[str, str | None]:
    """Part a run from its scenario in ``RUN:SCENARIO``; a folder whose name has a colon is a folder."""
    run, colon, scenario = reference.rpartition(":")
    return (reference, None) if not colon or Path(reference).is_dir() else (run, scenario)


@contextmanager
def redrawing_bar(draws: int, silent: bool) -> Iterator[Callable[[int], None] | None]:
    """Show how many of so many paths were drawn again; yields what to tell it, or None where nothing is shown."""
    from jpsim.reporting.progress import progress_bar

    if silent:
        yield None
        return
    with progress_bar(draws, "drawing paths again") as advance:
        yield advance
