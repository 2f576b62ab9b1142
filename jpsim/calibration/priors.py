"""The judgements of a calibration, read from a TOML file."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jpsim.errors import InputError, Place, Problem
from jpsim.months import Month

__all__ = ["Priors", "read_priors"]

Floats = npt.NDArray[np.float64]

_SECTIONS = (
    *("model", "sample", "sampler", "minnesota", "factors", "anchor", "tails", "bridge", "equity", "themes"),
    *("regimes", "identification"),
)


@dataclass(frozen=True, eq=False)
class Priors:
    """Priors and choices, section by section as in the file.

    Parameters
    ----------
    source
        Path of the file.
    sha256
        Digest of its bytes.
    sections
        Section to its table; every number carries a ``source`` in the file.
    """

    source: str
    sha256: str
    sections: dict[str, Any]

    def __getitem__(self, section: str) -> dict[str, Any]:
        table: dict[str, Any] = self.sections[section]
        return table

    @property
    def first(self) -> Month:
        """First month of the sample."""
        return Month.parse(self["sample"]["first"])

    def of_factors(self, names: tuple[str, ...], key: str) -> Floats:
        """Entry `key` of each factor, as an array in the order of `names`."""
        return np.array([float(self["factors"][name][key]) for name in names])


def read_priors(path: Path | None = None) -> Priors:
    """Read a file of priors; the packaged one if `path` is None.

    Raises
    ------
    InputError
        The file is not TOML or a section is missing.
    """
    source = path if path is not None else files("jpsim") / "data" / "priors" / "japan_monthly.toml"
    try:
        text = source.read_bytes()
        sections = tomllib.loads(text.decode("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(Problem(f"cannot be read: {error}", Place(str(source)))) from None
    missing = [name for name in _SECTIONS if name not in sections]
    if missing:
        raise InputError(Problem(f"sections missing: {', '.join(missing)}", Place(str(source))))
    return Priors(str(source), hashlib.sha256(text).hexdigest(), sections)
