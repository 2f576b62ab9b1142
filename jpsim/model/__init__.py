"""Believing: what a model is, and where it is kept."""

from jpsim.model.core import Model, ParameterDraws

__all__ = ["Model", "ParameterDraws"]
