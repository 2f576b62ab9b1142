"""What an independent validator needs to rebuild a model's numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jpsim.model.core import Model
from jpsim.model.store import write_arrays
from jpsim.model.wildness import least_chi_square

__all__ = ["export_model"]

Floats = npt.NDArray[np.float64]

_README = """\
Model {id} {version}, as of the end of {as_of} (month 0). n factors, p lags, S base series, G aggregates.

Factors, month t = 1, 2, ...:
    y_t = c + sum_{{k=0}}^{{p-1}} B[k] y_{{t-1-k}} + u_t,   u_t ~ N(0, Sigma) independent over months.
state holds y_{{1-p}}, ..., y_0 (oldest first).
transform 'level': y is the reported level x (rates in percent); 'log100': y = 100 log(x).
Where in_differences is true, y is the monthly difference of the transformed level, and the reported level is
    x_t = base_level exp((y_1 + ... + y_t) / 100)   (log100)   or   base_level + y_1 + ... + y_t   (level).

Base series, monthly simple price return in yen (0.01 is one percent):
    r_t = alpha + loadings u_t + e_t,   e_t ~ N(0, residual_cov) independent of u and over months.
regressor 'innovation' says that a column of loadings multiplies u_t, the innovation of that factor.
Aggregates: aggregation r_t. Cumulative returns compound: prod (1 + r_t) - 1.

That is the law with Gaussian innovations and without parameter uncertainty. With Student-t innovations u_t and the
common part of e_t are scaled by s_t, s_t^2 = W_t = (nu - 2) / g_t, where g_t is chi-square with nu degrees of freedom
but never below chi_square_least: g_t = max(chi-square, chi_square_least). That is its quantile of probability
Phi(-4.25), one month in 94,000; no history says anything of wilder months. Nothing is scaled up for what W_t loses by
it. With W_t so held,
    e_t = s_t common zeta_t + mix (idio_sd eta_t),   zeta_t ~ N(0, I), eta_t of variance 1 and Student-t with idio_nu
    degrees of freedom (normal where idio_nu is infinite), independent over series and months.
Where skew is not zero, u_t is then skew (W_t - 1) + s_t N(0, Sigma - 2 / (nu - 4) skew skew'), which has the covariance
Sigma, too. With stochastic volatility u_t and s_t are further multiplied by exp((v_t - w) / 2), where
v_t = sv_phi v_(t-1) + sv_sigma N(0, 1), v_0 = sv_start and w = sv_sigma^2 / (2 (1 - sv_phi^2)).

Where regimes holds ids, the arrays above are the regimes' average. With other than Gaussian innovations or with
parameter uncertainty each path is in one regime throughout, regime k with regime_probability[k] at month 0, and
regime_Sigma[k], regime_alpha[k], regime_loadings[k] and regime_skew[k] take the place of Sigma, alpha, loadings and
skew.

Where terms holds ids, such a run also adds term_loadings phi_t to r_t, the same in all regimes. phi_t is by term_kind
    hinge: max(side (u[factor] - knot), 0) - centre - slope u[factor]
    gate:  (max(side d, 0) - slope) u[factor], d = x[other] - knot, or 100 log(x[other] / knot) where other is log100,
           with the reported level x at the end of the month before
    pair:  u[factor] u[other] - centre
from the arrays term_factor, term_other, term_knot, term_side, term_centre and term_slope: what a term does beyond its
linear part, which is in loadings and regime_loadings. With Gaussian innovations and without parameter uncertainty
terms are off, unless the scenario says rules: {{nonlinear: on}}.

All that is the law that statistics are of. A run whose scenario states conditions may draw the months' scales (the
normal scores whose probability g_t has, and those of sv_sigma N(0, 1)) from another law and weight its paths by the
quotient of the two densities; weights.parquet of the run has the weights. Such proposals change the noise of a sample,
not the law, and are fitted anew for each run: a model has none. A run without conditions has equal weights.
"""


_DAYS = """\
The steps of this model are trading days of Tokyo: below, read day for month and daily for monthly.

"""


def export_model(model: Model, path: Path) -> None:
    """Write a model's arrays as ``.npz`` without pickles.

    Parameters
    ----------
    model
        The model.
    path
        File to write; a plain Gaussian simulation of its arrays gives the model's law.
    """
    n = len(model.factors)
    readme = _README.format(id=model.id, version=model.version, as_of=model.as_of)
    readme = _DAYS + readme if model.step == "day" else readme
    arrays = {
        "factors": np.array(model.factors),
        "transform": np.array(model.transform),
        "unit": np.array(model.unit),
        "state": model.state,
        "base_level": model.base_level,
        "in_differences": model.in_differences,
        "c": model.c,
        "B": model.B,
        "Sigma": model.Sigma,
        "nu": np.array(model.nu),
        "chi_square_least": np.array(least_chi_square(model.nu)),
        "sv_phi": np.array(model.sv_phi),
        "sv_sigma": np.array(model.sv_sigma),
        "sv_start": np.array(model.sv_start),
        "skew": model.skew,
        "series": np.array(model.series),
        "kind": np.array(model.kind),
        "alpha": model.alpha,
        "loadings": model.linear.loadings,
        "regressor": np.array(["innovation"] * n),
        "residual_cov": _definite(model.residual_cov),
        "common": model.common,
        "mix": model.mix,
        "idio_sd": model.idio_sd,
        "idio_nu": model.idio_nu,
        "aggregates": np.array(model.aggregates),
        "aggregation": model.aggregation,
        "regimes": np.array([regime.name for regime in model.regimes], dtype=str),
        "regime_probability": np.array([regime.probability for regime in model.regimes]),
        **_term_arrays(model),
        "as_of": np.array(str(model.as_of)),
        "readme": np.array(readme),
    }
    inside = [model.linear.in_regime(regime.name) for regime in model.regimes]
    for name in ("Sigma", "alpha", "loadings", "skew"):
        arrays[f"regime_{name}"] = np.array([getattr(one, name) for one in inside]).reshape(
            len(inside), *getattr(model, name).shape
        )
    write_arrays(arrays, path)


def _term_arrays(model: Model) -> dict[str, npt.NDArray[Any]]:
    """Arrays of the nonlinear terms, empty where there are none."""
    return {
        "terms": np.array([term.id for term in model.terms], dtype=str),
        "term_kind": np.array([term.kind for term in model.terms], dtype=str),
        "term_factor": np.array([term.factor for term in model.terms], dtype=str),
        "term_other": np.array([term.other for term in model.terms], dtype=str),
        "term_knot": np.array([term.knot for term in model.terms], dtype=float),
        "term_side": np.array([term.side for term in model.terms], dtype=np.int64),
        "term_centre": np.array([term.centre for term in model.terms], dtype=float),
        "term_slope": np.array([term.slope for term in model.terms], dtype=float),
        "term_loadings": model.term_loadings,
    }


def _definite(covariance: Floats) -> Floats:
    """Covariance with its variances larger by 1e-12 of their mean.

    Sizes and sectors add up to the same TOPIX, so that it is singular: without this its Cholesky factor exists or
    not by the last digit.
    """
    return np.asarray(covariance + 1e-12 * np.trace(covariance) / len(covariance) * np.eye(len(covariance)))
