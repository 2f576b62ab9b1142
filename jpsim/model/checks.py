"""What every model must satisfy before it is used or stored."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from jpsim.errors import InputError, Problem
from jpsim.model.core import Model
from jpsim.model.skewness import mixing_variance
from jpsim.model.terms import TERM_KINDS, Term

__all__ = ["check_model"]

Floats = npt.NDArray[np.float64]

_COHERENCE = 1e-10
_SYMMETRY = 1e-9
_NEGATIVE = -1e-10
_ORTHONORMAL = 1e-10
_SINGLE = 1e-6  # what single precision leaves of an identity among draws


def check_model(model: Model) -> None:
    """Refuse a model that is incomplete, not finite, not positive semi-definite, explosive or incoherent.

    Raises
    ------
    InputError
        All problems, with the factors or series they concern.
    """
    problems = [*_check_shapes(model), *_check_terms(model)] or _check_finite(model)
    if not problems:
        problems = [*_check_covariance(model), *_check_roots(model), *_check_spreads(model), *_check_coherence(model)]
        problems += _check_skewness(model)
    if not problems:
        problems = [*_check_impacts(model), *_check_draws(model), *_check_regimes(model)]
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
        "impacts": (n, len(model.shocks)) if model.shocks else (0, 0),
        "term_loadings": (S, len(model.terms)),
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
    if model.shocks:
        by_factor["impacts"] = model.impacts
    by_series = {"alpha": model.alpha, "beta": model.beta, "loadings": model.loadings, "common": model.common}
    by_series |= {"mix": model.mix, "idio_sd": model.idio_sd, "term_loadings": model.term_loadings}
    problems = []
    for names, arrays in ((model.factors, by_factor), (model.series, by_series)):
        for label, array in arrays.items():
            bad = [name for name, row in zip(names, array, strict=True) if not np.isfinite(row).all()]
            if bad:
                problems.append(f"{label} is not finite for {_listed(bad)}")
    if not np.isfinite(model.aggregation).all():
        problems.append("aggregation is not finite")
    if not np.isfinite([model.sv_phi, model.sv_sigma, model.sv_start]).all() or not model.nu > 2:
        problems.append("nu must exceed 2; sv_phi, sv_sigma and sv_start must be finite")
    return problems


def _check_terms(model: Model) -> list[str]:
    """List what is wrong with each nonlinear term."""
    names = [term.id for term in model.terms]
    found = [f"two of its terms are called {name!r}" for name in sorted({n for n in names if names.count(n) > 1})]
    return found + [f"term {term.id!r} {wrong}" for term in model.terms for wrong in _wrong_with(term, model)]


def _wrong_with(term: Term, model: Model) -> list[str]:
    if term.kind not in TERM_KINDS:
        return [f"is a {term.kind!r}, not one of {', '.join(TERM_KINDS)}"]
    named = [term.factor] if term.kind == "hinge" else [term.factor, term.other]
    unknown = [name for name in named if name not in model.factors]
    if unknown:
        return [f"needs a factor where it names {', '.join(map(repr, unknown))}"]
    found = []
    if term.side not in (1, -1):
        found.append(f"acts on the side {term.side}, not 1 or -1")
    if not np.isfinite([term.knot, term.centre, term.slope]).all():
        found.append("has a knot, centre or slope that is not finite")
    if term.kind == "gate" and model.transform[model.factor(term.other)] == "log100" and not term.knot > 0:
        found.append(f"has the knot {term.knot:g} on the level of {term.other}, which is above zero")
    if term.kind == "gate" and term.centre != 0.0:
        found.append(f"is a gate, whose mean is zero, with the centre {term.centre:g}")
    if term.kind == "pair" and term.slope != 0.0:
        found.append(f"is a pair, which has no linear part, with the slope {term.slope:g}")
    return found


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


def _check_skewness(model: Model) -> list[str]:
    """Check that a factor leads in skewed months, and that they leave something of its variance."""
    if not model.skewed:
        return []
    if model.skew_factor not in model.factors:
        return [f"{model.skew_factor!r}, which leads in skewed months, is none of its factors"]
    taken = mixing_variance(model.nu) * model.skew_shift**2
    if np.isfinite(model.skew_shift) and taken < 1.0:
        return []
    found = f"months skewed by {model.skew_shift:g} at nu {model.nu:g} leave no variance to {model.skew_factor}"
    return [f"{found}: 2 / (nu - 4) times the square of the shift must be below 1"]


def _check_impacts(model: Model) -> list[str]:
    """Check that structural shocks are orthonormal directions of the factors' orthogonal shocks."""
    if not model.shocks:
        return []
    directions = np.linalg.solve(np.linalg.cholesky(model.Sigma), model.impacts)
    gap = float(np.abs(directions.T @ directions - np.eye(len(model.shocks))).max())
    return [f"the shocks {_listed(list(model.shocks))} are not orthonormal (gap {gap:.3g})"] * (gap > _ORTHONORMAL)


def _check_draws(model: Model) -> list[str]:
    """List what is wrong with a model's draws: shapes, values, explosive ones, incoherent ones."""
    draws = model.draws
    if draws is None:
        return []
    count, problems = len(draws.c), []
    for name, array in vars(draws).items():
        expected = (count, *getattr(model, name).shape)
        if array.shape != expected and (array.size or np.prod(expected)):
            problems.append(f"draws of {name} have shape {array.shape}, not {expected}")
        elif not np.isfinite(array).all():
            problems.append(f"draws of {name} are not finite")
    if problems:
        return problems
    explosive = [d for d in range(count) if np.abs(np.linalg.eigvals(_companion(draws.B[d]))).max() >= 1.0]
    if explosive:
        problems.append(f"{len(explosive)} of its draws explode")
    if np.linalg.eigvalsh(draws.Sigma).min() < _NEGATIVE * np.abs(draws.Sigma).max():
        problems.append("a draw of Sigma is not positive semi-definite")
    market = np.stack([draws.alpha, draws.beta], axis=2)
    effects = np.concatenate([market, draws.loadings, draws.term_loadings], axis=2)
    return problems + _identity_problems(model, effects, _SINGLE, "in its draws ")


def _check_regimes(model: Model) -> list[str]:
    """List what is wrong with a model's regimes: their number and probabilities, and each as a model of its own."""
    if not model.regimes:
        return []
    names = [regime.name for regime in model.regimes]
    if len(set(names)) < max(2, len(names)):
        return [f"regimes must be at least two and of different names: {_listed(names)}"]
    probabilities = [regime.probability for regime in model.regimes]
    if min(probabilities) < 0 or abs(sum(probabilities) - 1.0) > _SYMMETRY:
        return [f"the probabilities of its regimes are {probabilities}"]
    if any((regime.draws is None) != (model.draws is None) for regime in model.regimes):
        return ["only some of its regimes have draws"]
    return [f"in regime {name}: {text}" for name in names for text in _check_one_regime(model.in_regime(name))]


def _check_one_regime(model: Model) -> list[str]:
    problems = _check_shapes(model) or _check_finite(model)
    if not problems:
        problems = [*_check_covariance(model), *_check_coherence(model)]
    return problems or [*_check_impacts(model), *_check_draws(model)]


def _companion(B: Floats) -> Floats:
    p, n = B.shape[:2]
    companion = np.eye(p * n, k=-n)
    companion[:n] = np.concatenate(list(B), axis=1)
    return companion


def _check_roots(model: Model) -> list[str]:
    n = len(model.factors)
    values, vectors = np.linalg.eig(_companion(model.B))
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
    loadings = np.hstack([model.loadings, model.term_loadings])
    effects = np.column_stack([model.alpha, model.beta, loadings, model.common, model.mix])
    return _identity_problems(model, effects, _COHERENCE)


def _identity_problems(model: Model, base: Floats, tolerance: float, where: str = "") -> list[str]:
    """Compare wholes with parts, given (..., S, m) effects on the base series."""
    effects = np.concatenate([base, model.aggregation @ base], axis=-2)
    position = {name: index for index, name in enumerate((*model.series, *model.aggregates))}
    problems = []
    for identity in model.meta.get("identities", ()):
        whole, parts = identity["whole"], identity["parts"]
        total = sum(weight * effects[..., position[name], :] for name, weight in parts.items())
        gap = float(np.abs(total - effects[..., position[whole], :]).max())
        if gap > tolerance:
            problems.append(f"{where}{whole} is not the weighted sum of {_listed(list(parts))} (gap {gap:.3g})")
    return problems


def _named(names: Sequence[str], chosen: npt.NDArray[np.bool_]) -> list[str]:
    return [name for name, flag in zip(names, chosen, strict=True) if flag]


def _listed(names: list[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
