"""Iterative proportional fitting on a full lattice, the plain way."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["fit_lattice"]


def fit_lattice(cov: np.ndarray, axes: Sequence[np.ndarray], margins: Sequence[np.ndarray]) -> np.ndarray:
    """Joint probabilities on the product of `axes`, nearest to N(0, cov) there, with the stated margins."""
    mesh = np.stack(np.meshgrid(*axes, indexing="ij")).reshape(len(axes), -1)
    log = -0.5 * (mesh * np.linalg.solve(cov, mesh)).sum(axis=0)
    joint = np.exp(log - log.max()).reshape([axis.size for axis in axes])
    for _ in range(400):
        for number, margin in enumerate(margins):
            others = tuple(i for i in range(len(axes)) if i != number)
            ratio = margin / joint.sum(axis=others)
            joint = joint * ratio.reshape([-1 if i == number else 1 for i in range(len(axes))])
    return joint
