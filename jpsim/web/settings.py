"""What a workbench is started with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """Choices of one workbench.

    Parameters
    ----------
    port
        Port on the loopback interface.
    out
        Folder that holds runs.
    folder
        Working directory: scenarios are looked up from it and saved below it.
    kernels
        Where compiled kernels are kept.
    model
        Id of the model that is used where a request names none.
    horizon
        Horizon where a request names none, on the clock of that model.
    models
        Id of every model that may be named -> what the facade takes for it: an id, or the folder it was started with.
    """

    port: int
    out: Path
    folder: Path
    kernels: Path
    model: str
    horizon: str
    models: Mapping[str, str]

    @property
    def hosts(self) -> tuple[str, ...]:
        """Names under which the workbench answers."""
        return f"127.0.0.1:{self.port}", f"localhost:{self.port}"
