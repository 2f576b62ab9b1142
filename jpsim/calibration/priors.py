"""The judgements of a calibration, read from a TOML file."""

from __future__ import annotations

import copy
import hashlib
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.abc import Traversable
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jpsim.calibration.prior_forms import DAILY, MONTHLY
from jpsim.errors import InputError, Place, Problem
from jpsim.model.core import Model
from jpsim.months import Month
from jpsim.toml import Form, TomlDocument, check_content, read_toml

__all__ = ["Priors", "change_priors", "priors_of", "read_daily_priors", "read_priors"]

Floats = npt.NDArray[np.float64]

OPTIONAL = frozenset({"equity.match_topix", "equity.reconciliation_covariance"})
"""Choices that a file of priors need not make: each is off where it is left out."""


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
    document
        The file with the places of its values, where there is one.
    """

    source: str
    sha256: str
    sections: dict[str, Any]
    document: TomlDocument | None = None

    def __getitem__(self, section: str) -> dict[str, Any]:
        table: dict[str, Any] = self.sections[section]
        return table

    @property
    def first(self) -> Month:
        """First month of the sample."""
        return Month.parse(self["sample"]["first"])

    def place(self, *path: str) -> Place:
        """Where a value was written."""
        return Place(self.source) if self.document is None else self.document.place(path)

    def of_factors(self, names: tuple[str, ...], key: str) -> Floats:
        """Entry `key` of each factor, as an array in the order of `names`."""
        return np.array([float(self["factors"][name][key]) for name in names])


def read_priors(path: Path | None = None) -> Priors:
    """Read a file of priors; the packaged one if `path` is None.

    Raises
    ------
    InputError
        The file is not TOML, or a key is missing, unknown or has a value that makes no sense; all with their places.
    """
    return _read(path if path is not None else _packaged("japan_monthly"), MONTHLY)


def read_daily_priors(path: Path | None = None) -> Priors:
    """Read the priors of a daily model; as `read_priors`."""
    return _read(path if path is not None else _packaged("japan_daily"), DAILY)


def _packaged(name: str) -> Traversable:
    return files("jpsim") / "data" / "priors" / f"{name}.toml"


def _read(source: Path | Traversable, form: Form) -> Priors:
    document = read_toml(source)
    sections = document.check(form)
    return Priors(str(source), hashlib.sha256(source.read_bytes()).hexdigest(), sections, document)


def priors_of(model: Model) -> Priors:
    """Priors and choices that a model was estimated with; InputError if it keeps no record of them."""
    sections = model.meta.get("priors")
    if not isinstance(sections, dict):
        raise InputError(Problem(f"model {model.id}@{model.version} has no record of its priors", fix="name a file"))
    source = f"{model.id}@{model.version}"
    check_content(sections, MONTHLY, source)
    return Priors(source, str(model.meta.get("priors_sha256", "")), sections)


def change_priors(priors: Priors, changes: Sequence[str]) -> Priors:
    """Replace single choices.

    Parameters
    ----------
    priors
        What to start from.
    changes
        Texts ``key=value``, for example ``equity.residual_half_life=60``; the key is a dotted path to an entry that
        exists or to one of `OPTIONAL`, the value is TOML.

    Raises
    ------
    InputError
        A key does not exist, a value is not TOML or makes no sense; all at once.
    """
    sections, problems = copy.deepcopy(priors.sections), list[Problem]()
    for text in changes:
        key, _, value = text.partition("=")
        place = Place("--set")
        *above, last = key.strip().split(".")
        table: Any = sections
        for name in above:
            table = table.get(name) if isinstance(table, dict) else None
        if not isinstance(table, dict) or not (last in table or key.strip() in OPTIONAL):
            problems.append(Problem(f"there is no choice {key.strip()!r}", place, "a dotted key of the file of priors"))
            continue
        try:
            table[last] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError as error:
            problems.append(Problem(f"{value!r} is no TOML value: {error}", place, 'a number, "text", true or a list'))
    if problems:
        raise InputError(problems)
    check_content(sections, MONTHLY, "--set")
    digest = hashlib.sha256("\n".join([priors.sha256, *changes]).encode()).hexdigest()
    return Priors(f"{priors.source} with {', '.join(changes)}" if changes else priors.source, digest, sections)
