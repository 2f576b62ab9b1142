"""Months that a file of priors names must lie in the panel that it is used with."""

from __future__ import annotations

from jpsim.calibration.priors import Priors
from jpsim.errors import InputError, Problem
from jpsim.months import Month

__all__ = ["check_months"]

_LATEST = {"sample.first": 60, "anchor.quoted_since": 24, "bridge.first": 6}
"""Key to the months that must be left from then on, to the end of the panel."""
_SCORED = ("tails.scored_from", "regimes.scored_from")
_BEFORE, _AFTER = 36, 12


def check_months(priors: Priors, last: Month) -> None:
    """Refuse months that leave nothing to estimate from, or to score; InputError with all of them.

    Parameters
    ----------
    priors
        Priors of a monthly model.
    last
        Last month of the panel.
    """
    first, problems = priors.first, list[Problem]()
    lags = max(int(lag) for lag in priors["minnesota"]["lags"])
    bounds = {key: (first + lags if key != "sample.first" else first, last + -left) for key, left in _LATEST.items()}
    bounds |= dict.fromkeys(_SCORED, (first + _BEFORE, last + -_AFTER))
    for key, (earliest, latest) in bounds.items():
        section, name = key.split(".")
        month = Month.parse(priors[section][name])
        if not earliest - month <= 0 <= latest - month:
            allowed = f"a month up to {latest}" if key == "sample.first" else f"a month from {earliest} to {latest}"
            problems.append(Problem(f"{key} = {month}", priors.place(section, name), allowed))
    if problems:
        raise InputError(problems)
