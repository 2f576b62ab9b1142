"""What a user asks of a backtest, in words, and whether what it needs is installed."""

from __future__ import annotations

from importlib.util import find_spec

from jpsim.calibration.backtest.rolling import UNCONDITIONAL_FROM
from jpsim.errors import InputError, Place, Problem
from jpsim.months import Month

__all__ = ["parse_origins", "require_extra"]

_PACKAGES = ("arch", "scoringrules")


def parse_origins(text: str | None, last: Month) -> tuple[Month, ...]:
    """Months of ``first:last`` or ``first:last:step``; from the first that is scored to the panel's end if None.

    Raises
    ------
    InputError
        The text is something else, runs backwards, or lies outside what can be scored.
    """
    end = last + -1
    if text is None:
        return tuple(UNCONDITIONAL_FROM + i for i in range(end - UNCONDITIONAL_FROM + 1))
    words = text.split(":")
    try:
        first, until = Month.parse(words[0]), Month.parse(words[1])
        step = int(words[2]) if len(words) == 3 else 1
    except (ValueError, IndexError):
        first, until, step = end, end, 0
    if len(words) > 3 or step < 1:
        raise _refused(f"{text!r} is not two months and a step")
    if not UNCONDITIONAL_FROM <= first <= until <= end:
        raise _refused(f"{first} to {until} does not lie in order between {UNCONDITIONAL_FROM} and {end}")
    return tuple(first + i for i in range(0, until - first + 1, step))


def require_extra() -> None:
    """Check that the packages of the extra are installed; InputError names those that are not."""
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        found = f"{' and '.join(missing)} not installed"
        raise InputError(Problem(found, fix='install the backtest extra: pip install "jpsim[backtest]"'))


def _refused(found: str) -> InputError:
    return InputError(Problem(found, Place("--origins"), "first:last or first:last:step, 2019-12:2022-11:3"))
