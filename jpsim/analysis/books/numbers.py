"""Numbers as the cells of a book write them."""

from __future__ import annotations

import math
import re

__all__ = ["read_number", "read_share"]

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", re.ASCII)


def read_number(said: str) -> float | None:
    """Read a plain finite number, ``1,234.5`` included; None for anything else."""
    plain = said.replace(",", "") if _GROUPED.fullmatch(said) else said
    number = float(plain) if _NUMBER.fullmatch(plain) else math.nan
    return number if math.isfinite(number) else None


def read_share(said: str) -> float | None:
    """Read a share: ``12%`` is 0.12, and so is ``0.12``."""
    plain = said.removesuffix("%").rstrip()
    number = read_number(plain)
    return number if number is None or plain == said else number / 100.0
