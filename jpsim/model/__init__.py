"""Believing: what a model is, and where it is kept."""

from jpsim.model.core import Model

__all__ = ["Model"]
