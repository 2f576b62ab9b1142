"""Believing: what a model is, and where it is kept."""

from jpsim.model.core import Model, ParameterDraws, Regime, RegimeDraws
from jpsim.model.terms import Term

__all__ = ["Model", "ParameterDraws", "Regime", "RegimeDraws", "Term"]
