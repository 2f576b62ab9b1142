"""Believing: what a model is, and where it is kept."""

from jpsim.model.core import Model, ParameterDraws, Regime, RegimeDraws

__all__ = ["Model", "ParameterDraws", "Regime", "RegimeDraws"]
