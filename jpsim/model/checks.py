"""What every model must satisfy before it is used or stored."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from jpsim.errors import InputError, Problem
from jpsim.model.core import Model

__all__ = ["check_model"]

Floats = npt.NDArray[np.float64]

_COHERENCE = 1e-10
_SYMMETRY = 1e-9
_NEGATIVE = -1e-10


def check_model(model: Model) -> None:
    """Refuse a model that is incomplete, not finite, not positive semi-definite, explosive or incoherent.

    Raises
    ------
    InputError
        All problems, with the factors or series they concern.
    """
    problems = _check_shapes(model) or _check_finite(model)
    if not problems:
        problems = [*_check_covariance(model), *_check_roots(model), *_check_spreads(model), *_check_coherence(model)]
    if problems:
        raise InputError([Problem(f"model {model.id!r}: {text}") for text in problems])


def _check_shapes(model: Model) -> list[str]:
    n, p, S, G = len(model.factors), model.lags, len(model.series), len(model.aggregates)
    K = model.common.shape[-1]
    expected = {
        "in_differences": (n,),
        "state": (p, n),
        "base_level": (n,),
        "c": (n,),
        "B": (p, n, n),
        "Sigma": (n, n),
        "alpha": (S,),
        "beta": (S,),
        "loadings": (S, n),
        "common": (S, K),
        "mix": (S, S),
        "idio_sd": (S,),
        "idio_nu": (S,),
        "aggregation": (G, S),
    }
    wrong = [
        f"{name} has shape {getattr(model, name).shape}, not {shape}"
        for name, shape in expected.items()
        if getattr(model, name).shape != shape
    ]
    lengths = {"transform": n, "unit": n, "kind": S, "aggregate_kind": G}
    wrong += [
        f"{name} has {len(getattr(model, name))} entries, not {length}"
        for name, length in lengths.items()
        if len(getattr(model, name)) != length
    ]
    repeated = sorted({name for name in model.outputs if model.outputs.count(name) > 1})
    return wrong + [f"{name!r} stands for two things" for name in repeated]


def _check_finite(model: Model) -> list[str]:
    by_factor = {"state": model.state.T, "base_level": model.base_level, "c": model.c, "Sigma": model.Sigma}
    by_factor["B"] = np.moveaxis(model.B, 1, 0)
    by_series = {"alpha": model.alpha, "beta": model.beta, "loadings": model.loadings, "common": model.common}
    by_series |= {"mix": model.mix, "idio_sd": model.idio_sd}
    problems = []
    for names, arrays in ((model.factors, by_factor), (model.series, by_series)):
        for label, array in arrays.items():
            bad = [name for name, row in zip(names, array, strict=True) if not np.isfinite(row).all()]
            if bad:
                problems.append(f"{label} is not finite for {_listed(bad)}")
    if not np.isfinite(model.aggregation).all():
        problems.append("aggregation is not finite")
    if not np.isfinite([model.sv_phi, model.sv_sigma]).all() or not model.nu > 2:
        problems.append("nu must exceed 2, sv_phi and sv_sigma must be finite")
    return problems


def _check_covariance(model: Model) -> list[str]:
    asymmetric = np.abs(model.Sigma - model.Sigma.T).max(axis=1) > _SYMMETRY * np.abs(model.Sigma).max()
    if asymmetric.any():
        return [f"Sigma is not symmetric in {_listed(_named(model.factors, asymmetric))}"]
    scale = np.sqrt(np.maximum(np.diag(model.Sigma), 0.0))
    if (scale == 0).any():
        return [f"Sigma gives no variance to {_listed(_named(model.factors, scale == 0))}"]
    values, vectors = np.linalg.eigh(model.Sigma / np.outer(scale, scale))
    if values[0] >= _NEGATIVE:
        return []
    involved = _named(model.factors, np.abs(vectors[:, 0]) > 0.3)
    return [f"Sigma is not positive semi-definite (least eigenvalue {values[0]:.3g}) in {_listed(involved)}"]


def _check_roots(model: Model) -> list[str]:
    p, n = model.lags, len(model.factors)
    companion = np.eye(p * n, k=-n)
    companion[:n] = np.concatenate(list(model.B), axis=1)
    values, vectors = np.linalg.eig(companion)
    worst = int(np.abs(values).argmax())
    if abs(values[worst]) < 1.0:
        return []
    size = np.abs(vectors[:n, worst])
    involved = _named(model.factors, size >= 0.3 * size.max())
    return [f"the factors explode (largest root {abs(values[worst]):.4f}): {_listed(involved)}"]


def _check_spreads(model: Model) -> list[str]:
    problems = []
    if (model.idio_sd < 0).any():
        problems.append(f"idio_sd is negative for {_listed(_named(model.series, model.idio_sd < 0))}")
    light = ~(model.idio_nu > 2)
    if light.any():
        problems.append(f"idio_nu must exceed 2: {_listed(_named(model.series, light))}")
    return problems


def _check_coherence(model: Model) -> list[str]:
    """Compare each whole with the weighted sum of its parts, as the model's record states them."""
    rows = np.concatenate([np.eye(len(model.series)), model.aggregation])
    position = {name: index for index, name in enumerate((*model.series, *model.aggregates))}
    effects = rows @ np.column_stack([model.alpha, model.beta, model.loadings, model.common, model.mix])
    problems = []
    for identity in model.meta.get("identities", ()):
        whole, parts = identity["whole"], identity["parts"]
        total = sum(weight * effects[position[name]] for name, weight in parts.items())
        gap = float(np.abs(total - effects[position[whole]]).max())
        if gap > _COHERENCE:
            problems.append(f"{whole} is not the weighted sum of {_listed(list(parts))} (gap {gap:.3g})")
    return problems


def _named(names: Sequence[str], chosen: npt.NDArray[np.bool_]) -> list[str]:
    return [name for name, flag in zip(names, chosen, strict=True) if flag]


def _listed(names: list[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
