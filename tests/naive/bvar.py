"""Plain twins of the calibration's linear algebra: slow, dense, and easy to check by eye."""

from __future__ import annotations

import numpy as np


def joint_gaussian(c, B, Sigma, start_mean, start_sd, months):
    """Mean (T n,) and covariance (T n, T n) of a VAR whose first p months are independent with given sds."""
    p, n = B.shape[:2]
    mean = np.zeros((months, n))
    root = np.zeros((months * n, months * n))
    chol = np.linalg.cholesky(Sigma)
    for t in range(months):
        here = slice(t * n, (t + 1) * n)
        if t < p:
            mean[t] = start_mean
            root[here, here] = np.diag(start_sd)
            continue
        mean[t] = c
        for k in range(p):
            before = slice((t - 1 - k) * n, (t - k) * n)
            mean[t] += B[k] @ mean[t - 1 - k]
            root[here] += B[k] @ root[before]
        root[here, here] += chol
    return mean.ravel(), root @ root.T


def condition(mean, covariance, y):
    """Mean and covariance of the NaN entries of a vector given the others."""
    gone = np.isnan(y)
    gain = covariance[np.ix_(gone, ~gone)] @ np.linalg.inv(covariance[np.ix_(~gone, ~gone)])
    centre = mean[gone] + gain @ (y[~gone] - mean[~gone])
    return centre, covariance[np.ix_(gone, gone)] - gain @ covariance[np.ix_(~gone, gone)]


def simulate(c, B, Sigma, state, months, rng, paths=1):
    """Simulate (paths, months, n) of a VAR from its last p observations, step by step."""
    p, n = state.shape
    chol = np.linalg.cholesky(Sigma)
    out = np.empty((paths, months, n))
    for path in range(paths):
        past = [state[p - 1 - k] for k in range(p)]
        for t in range(months):
            y = c + chol @ rng.standard_normal(n)
            for k in range(p):
                y = y + B[k] @ past[k]
            out[path, t] = y
            past = [y, *past[: p - 1]]
    return out


def steady_state_grid(y, weights, prior_b, prior_psi, scale, dof, anchor, b_grid, psi_grid):
    """Posterior means and sds of b and psi of one variable with one lag, by integration on a grid.

    `prior_b` and `prior_psi` are (mean, sd); `anchor` is (months, value, sd) or None. The variance is
    integrated out in closed form.
    """
    b, psi = np.meshgrid(b_grid, psi_grid, indexing="ij")
    log = -0.5 * ((b - prior_b[0]) / prior_b[1]) ** 2 - 0.5 * ((psi - prior_psi[0]) / prior_psi[1]) ** 2
    squares = np.zeros_like(b)
    for t in range(1, len(y)):
        squares += weights[t] * (y[t] - psi - b * (y[t - 1] - psi)) ** 2
    log -= 0.5 * (dof + weights[1:].sum()) * np.log(scale + squares)
    if anchor is not None:
        months, value, sd = anchor
        log -= 0.5 * ((value - psi - b**months * (y[-1] - psi)) / sd) ** 2
    mass = np.exp(log - log.max())
    mass /= mass.sum()
    means = (mass * b).sum(), (mass * psi).sum()
    sds = np.sqrt((mass * (b - means[0]) ** 2).sum()), np.sqrt((mass * (psi - means[1]) ** 2).sum())
    return means, sds
