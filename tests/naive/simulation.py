"""Plain twins of the kernels: one path, one month, one row at a time, as the equations are written.

The generator is written from the cipher's published definition with Python integers; heavy tails come
from scipy's quantile functions; conditioning solves the m x m system with numpy.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy import stats
from scipy.linalg import sqrtm
from scipy.special import logsumexp

from jpsim.simulation.law import Dynamics, Equity, Law, Levels, Mixing, Proposal, Sparse, Terms

MASK = (1 << 64) - 1
ROTATIONS = (16, 42, 12, 31, 16, 32, 24, 21)


def threefry2x64(key, counter, rounds=20):
    """Threefry-2x64 with Python's integers."""
    schedule = (*key, 0x1BD11BDAA9FC1A22 ^ key[0] ^ key[1])
    x0, x1 = (counter[0] + key[0]) & MASK, (counter[1] + key[1]) & MASK
    for r in range(rounds):
        x0 = (x0 + x1) & MASK
        turn = ROTATIONS[r % 8]
        x1 = (((x1 << turn) | (x1 >> (64 - turn))) & MASK) ^ x0
        if r % 4 == 3:
            k = r // 4 + 1
            x0 = (x0 + schedule[k % 3]) & MASK
            x1 = (x1 + schedule[(k + 1) % 3] + k) & MASK
    return x0, x1


def uniform(word):
    return ((word >> 12) + 0.5) * 2.0**-52


def normal(seed, stream, path, step, index):
    """One standard normal by Box and Muller with numpy's functions."""
    x0, x1 = threefry2x64((seed, stream), (path, step << 32 | index // 2))
    radius = np.sqrt(-2.0 * np.log(uniform(x0)))
    angle = 0.5 * np.pi * (uniform(x1) - 0.5)
    cosine, sine = np.cos(angle), np.sin(angle)
    cosine = -cosine if x1 & 1 else cosine
    pair = (sine, cosine) if x1 & 2 else (cosine, sine)
    return radius * pair[index % 2]


def single_normal(seed, stream, path, step, index):
    """One of the four normals of a call in single precision: two of each half of the words."""
    side, half = divmod(index % 4, 2)
    w0, w1 = ((x >> 32, x & 0xFFFFFFFF)[half] for x in threefry2x64((seed, stream), (path, step << 32 | index // 4)))
    radius = np.sqrt(-2.0 * np.log((w0 + 0.5) * 2.0**-32))
    angle = 0.5 * np.pi * ((w1 ^ 0x80000000) - 0x80000000) * 2.0**-32
    cosine, sine = np.cos(angle), np.sin(angle)
    cosine = -cosine if w1 & 1 else cosine
    return radius * ((sine, cosine) if w1 & 2 else (cosine, sine))[side]


def scale(nu, z):
    """Scale of a month whose normal draw is z: large scales for large draws, none larger than that of 4.25."""
    z = min(z, 4.25)
    g = stats.chi2.ppf(stats.norm.sf(z), nu) if z > 0 else stats.chi2.isf(stats.norm.cdf(z), nu)
    return np.sqrt((nu - 2.0) / g)


def student(nu, z):
    """Student-t of unit variance at the probability of z."""
    if np.isinf(nu):
        return z
    return np.sign(z) * stats.t.isf(stats.norm.sf(abs(z)), nu) * np.sqrt((nu - 2.0) / nu)


def dense(sparse, columns):
    out = np.zeros((sparse.start.size - 1, columns))
    for i in range(out.shape[0]):
        for k in range(sparse.start[i], sparse.start[i + 1]):
            out[i, sparse.columns[k]] += sparse.values[k]
    return out


def compressed(matrix):
    """Rows of a matrix without their zeros."""
    rows = [np.flatnonzero(row) for row in matrix]
    start = np.concatenate([[0], np.cumsum([row.size for row in rows])])
    values = [matrix[i, row] for i, row in enumerate(rows)]
    return Sparse(start.astype(np.int64), np.concatenate(rows).astype(np.int64), np.concatenate(values))


def component_of(proposal, path):
    """Component of the proposal: the golden section's point of the path among the shares."""
    return int(np.searchsorted(np.cumsum(proposal.share)[:-1], (0.5 + path * 0.6180339887498949) % 1.0, side="right"))


def covariance_of(proposal, c):
    """Covariance of a component of a proposal."""
    directions = proposal.directions[c]
    return np.linalg.inv(np.eye(directions.shape[1]) - directions.T @ np.diag(proposal.curvature[c]) @ directions)


def mixing_normals(law, seed, path):
    """The normals of the gamma variables, then the news, from the proposal if there is one."""
    mixing, months = law.mixing, law.dynamics.intercept.shape[0]
    own = np.array([normal(seed, stream, path, t, 0) for stream in (4, 7) for t in range(months)])
    own *= np.repeat([np.isfinite(mixing.nu), mixing.sv_sigma != 0.0 or mixing.sv_start != 0.0], months)
    if (proposal := mixing.proposal) is None:
        return own
    c = component_of(proposal, path)
    return proposal.mean[c] + np.real(sqrtm(covariance_of(proposal, c))) @ own


def mixing_variables(law, seed, path):
    """Month by month the gamma variable g_t and the news eta_t."""
    mixing = law.mixing
    z, news = np.split(mixing_normals(law, seed, path), 2)
    z = np.minimum(z, 4.25)
    upper, lower = stats.chi2.ppf(stats.norm.sf(z), mixing.nu), stats.chi2.isf(stats.norm.cdf(z), mixing.nu)
    return np.where(z > 0.0, upper, lower), news


def scales_of(law, seed, path):
    months, mixing = law.dynamics.intercept.shape[0], law.mixing
    if mixing is None:
        return np.ones(months)
    g, news = mixing_variables(law, seed, path)
    v, out = mixing.sv_start, np.ones(months)
    for t in range(months):
        if np.isfinite(mixing.nu):
            out[t] *= np.sqrt((mixing.nu - 2.0) / g[t])
        v = mixing.sv_phi * v + mixing.sv_sigma * news[t]
        out[t] *= np.exp(0.5 * (v - mixing.sv_sigma**2 / (2.0 * (1.0 - mixing.sv_phi**2))))
    return out


def lean_of(law, seed, path):
    """Mean of each month's shocks given the mixing variables, (h, n)."""
    months, n = law.dynamics.intercept.shape
    if law.mixing is None or law.mixing.skew is None:
        return np.zeros((months, n))
    g, _ = mixing_variables(law, seed, path)
    growth = scales_of(law, seed, path) * np.sqrt(g / (law.mixing.nu - 2.0))
    return np.outer(growth * ((law.mixing.nu - 2.0) / g - 1.0), law.mixing.skew)


def log_ratio(law, seed, path):
    """Log density of the mixing variables' law over that of their proposal."""
    proposal = law.mixing.proposal
    if proposal is None:
        return 0.0
    y = mixing_normals(law, seed, path)
    densities = [
        np.log(share) + stats.multivariate_normal(proposal.mean[c], covariance_of(proposal, c)).logpdf(y)
        for c, share in enumerate(proposal.share)
    ]
    return np.sum(stats.norm.logpdf(y)) - logsumexp(densities)


def requirement_covariance(law, s, response):
    v = np.diag(law.mixing.noise).astype(float)
    for t, exposure in enumerate(law.mixing.exposure):
        v += s[t] ** 2 * response[t] @ exposure.T
    return v


def log_likelihood(law, seed, path, targets):
    v = requirement_covariance(law, scales_of(law, seed, path), law.mixing.exposure)
    mean = np.einsum("tmn,tn->m", law.mixing.exposure, lean_of(law, seed, path))
    density = stats.multivariate_normal(mean, v).logpdf(law.mixing.gap + targets)
    return density + log_ratio(law, seed, path)


def normals_of(law, seed, path):
    """(h, n) standard normals behind the factors' shocks, turned if the law turns them."""
    months, n = law.dynamics.intercept.shape
    z = np.array([[normal(seed, 1, path, t, i) for i in range(n)] for t in range(months)])
    if law.mixing is None or law.mixing.rotation is None:
        return z
    inward, outward = law.mixing.rotation
    turned = sum(inward[:, t] @ z[t] for t in range(months))
    return np.array([z[t] + outward[t] @ turned for t in range(months)])


def shocks_of(law, seed, path, s, targets):
    months = law.dynamics.intercept.shape[0]
    shocks = s[:, None] * normals_of(law, seed, path) + lean_of(law, seed, path)
    if law.mixing is None or law.mixing.gap.size == 0:
        return shocks
    m = law.mixing.gap.size
    response = law.mixing.exposure if law.mixing.response is None else law.mixing.response
    error = np.array([np.sqrt(law.mixing.noise[r]) * normal(seed, 6, path, 0, r) for r in range(m)])
    moved = sum(law.mixing.exposure[t] @ shocks[t] for t in range(months))
    v = requirement_covariance(law, s, response)
    multiplier = np.linalg.solve(v, law.mixing.gap + targets - moved - error)
    return np.array([shocks[t] + s[t] ** 2 * response[t].T @ multiplier for t in range(months)])


def scores_of(law, seed, path):
    """Scores of the free rows, the own values' standardised given the rows before them; log of prior over proposal."""
    own = own_scores_of(law, seed, path)
    if (proposal := law.mixing.proposal) is None:
        return own, 0.0
    y = mixing_normals(law, seed, path)
    width = np.diag(np.exp(proposal.score_width + proposal.score_widen @ y))
    mean, root = width @ (proposal.score_mean + proposal.score_follow @ y), width @ proposal.score_root
    scores = mean + root @ own
    density = stats.multivariate_normal(mean, root @ root.T).logpdf(scores)
    return scores, np.sum(stats.norm.logpdf(scores)) - density


def own_scores_of(law, seed, path):
    months = law.dynamics.intercept.shape[0]
    mixing, s = law.mixing, scales_of(law, seed, path)
    response = mixing.exposure if mixing.response is None else mixing.response
    z = normals_of(law, seed, path)
    error = np.array([np.sqrt(mixing.noise[r]) * normal(seed, 6, path, 0, r) for r in range(mixing.gap.size)])
    own = sum(s[t] * response[t] @ z[t] for t in range(months)) + error
    lower = np.linalg.cholesky(requirement_covariance(law, s, response))
    return np.linalg.solve(lower, own)[mixing.gap.size - mixing.free :]


def reported(levels, observation, sums, cumulated):
    out = observation.copy()
    for i, code in enumerate(levels.code):
        if code == 1:
            out[i] = np.exp(observation[i] / 100.0)
        if code == 2:
            out[i] = levels.base[i] * np.exp(sums[list(cumulated).index(i)] / 100.0)
    return out


def term_value(terms, k, u, levels):
    """Term k of one month from its innovations and from the levels, in model units, at the end of the month before."""
    side, knot = terms.side[k], terms.knot[k]
    if terms.kind[k] == 0:
        return max(side * (u[terms.factor[k]] - knot), 0.0) - terms.centre[k]
    if terms.kind[k] == 1:
        return max(side * (levels[terms.other[k]] - knot), 0.0) * u[terms.factor[k]]
    return u[terms.factor[k]] * u[terms.other[k]] - terms.centre[k]


def path_outputs(law, seed, path, targets=None, follow=None):
    """Outputs (O, h) of one path; `follow` makes the memory of `tests.naive.rules` for a law with rules."""
    dynamics, equity = law.dynamics, law.equity
    months, n = dynamics.intercept.shape
    series, common = equity.common.shape
    m = 0 if law.mixing is None else law.mixing.gap.size
    g = np.zeros(m) if targets is None else targets
    s = scales_of(law, seed, path)
    shocks = shocks_of(law, seed, path, s, g)
    memory = follow and follow(law, seed, path, g, s)
    mix, aggregation = dense(equity.mix, series), dense(equity.aggregation, series)
    state = dynamics.state.copy()
    lags = state.size - dynamics.cumulated.size
    gross = np.ones(series + aggregation.shape[0])
    impulse = np.zeros((months, series, 0)) if equity.impulse is None else equity.impulse
    x = np.array([normal(seed, 8, path, 0, j) for j in range(impulse.shape[2])])
    out = []
    for t in range(months):
        y = dynamics.intercept[t] + dynamics.transition[t] @ state + dynamics.impact[t] @ shocks[t]
        if memory and law.rules.intervention is not None:
            yen = law.rules.currency
            shift = memory.shift(t, state[lags + list(dynamics.cumulated).index(yen)] + y[yen])
            y[yen] += shift
            if law.mixing is not None:
                memory.steer(t, shift, shocks)
        u = y - dynamics.free_intercept - dynamics.free_transition @ state
        before = state[:n].copy()
        before[dynamics.cumulated] = state[lags:]
        state = np.concatenate([y, state[: lags - n], state[lags:] + y[dynamics.cumulated]])
        zeta = np.array([normal(seed, 2, path, t, k) for k in range(common)])
        e = np.array([student(equity.idio_nu[i], normal(seed, 3, path, t, i)) for i in range(series)])
        r = equity.drift[t] + equity.loadings @ u + s[t] * equity.common @ zeta + mix @ (equity.idio_sd * e)
        r = r + impulse[t] @ x
        for k in range(0 if equity.terms is None else equity.terms.kind.size):
            r = r + equity.terms.loadings[:, k] * term_value(equity.terms, k, u, before)
        gross *= 1.0 + np.concatenate([r, aggregation @ r])
        levels = reported(law.levels, y, state[lags:], dynamics.cumulated)
        if memory and law.rules.target >= 0:
            levels[law.rules.target] = memory.decide(t, levels)
        out.append(np.concatenate([levels, gross - 1.0]))
    return np.array(out).T if memory is None else (np.array(out).T, memory)


def deliver_by(law, count, rng):
    """The law with its requirements delivered by `count` of its shocks' dimensions."""
    basis = np.linalg.qr(rng.normal(size=(law.mixing.exposure.shape[2], count)))[0]
    return dataclasses.replace(law, mixing=law.mixing._replace(response=law.mixing.exposure @ basis @ basis.T))


def some_proposal(mixing, components=1):
    """A proposal that differs from month to month and from component to component, in what the law has."""
    months, q = mixing.exposure.shape[0], mixing.free - mixing.ranges
    rng = np.random.default_rng(components)
    present = np.repeat([np.isfinite(mixing.nu), mixing.sv_sigma > 0.0], months)
    directions = np.zeros((components, 3, 2 * months))
    for c in range(components):  # one of the three rows stays empty
        directions[c, :2, present] = np.linalg.qr(rng.normal(size=(present.sum(), 2)))[0]
    share, root = 1.0 + np.arange(components), rng.normal(size=(q, q))
    return Proposal(
        share / share.sum(),
        0.5 * rng.normal(size=(components, 2 * months)) * present,
        directions,
        np.tile([0.4, -0.6, 0.0], (components, 1)),
        rng.normal(size=q),
        0.3 * rng.normal(size=(q, 2 * months)) * present,
        np.eye(q) + 0.2 * root @ root.T,
        0.1 * rng.normal(size=q),
        0.1 * rng.normal(size=(q, 2 * months)) * present,
    )


def some_terms(rng, n, series, count):
    """Hinges, gates and pairs in turn, on both sides and on any factors, the same one twice included."""
    kind = np.arange(count) % 3
    return Terms(
        kind=kind,
        factor=rng.integers(0, n, count),
        other=np.where(kind == 0, -1, rng.integers(0, n, count)),
        knot=0.3 * rng.normal(size=count),
        side=rng.choice([-1.0, 1.0], count),
        centre=np.where(kind == 1, 0.0, rng.uniform(0.0, 0.2, count)),
        loadings=rng.normal(0.0, 0.01, (series, count)),
    )


def example_law(
    rng, *, n=5, p=2, months=4, series=7, groups=3, common=2,
    nu=np.inf, rows=0, varying=False, idio_nu=np.inf, sv=0.0, impulses=0, terms=0, skew=0.0,
):  # fmt: skip
    """A stable law of any size with random coefficients, monthly like the shipped ones."""
    cumulated = np.arange(1, n, 3)
    d = p * n + cumulated.size
    free = np.zeros((n, d))
    free[:, : p * n] = rng.normal(0.0, 0.3 / np.sqrt(p * n), (n, p * n))
    transition = free + (0.02 * rng.normal(size=(months, n, d)) if varying else 0.0)
    factor = np.tril(rng.normal(0.0, 0.1, (n, n))) + 0.4 * np.eye(n)
    code = np.array([2 if i in cumulated else (1 if i % 3 == 2 else 0) for i in range(n)])
    base = rng.uniform(50.0, 150.0, n)
    intercept = rng.normal(0.0, 0.1, n)
    dynamics = Dynamics(
        state=np.concatenate([rng.normal(size=p * n), np.zeros(cumulated.size)]),
        intercept=np.tile(intercept, (months, 1)) + (0.1 * rng.normal(size=(months, n)) if varying else 0.0),
        transition=np.broadcast_to(transition, (months, n, d)).copy(),
        impact=np.tile(factor, (months, 1, 1)),
        free_intercept=intercept,
        free_transition=free,
        cumulated=cumulated,
    )
    mixing = None
    if np.isfinite(nu) or rows or sv:
        noise = np.where(np.arange(rows) % 2 == 0, 0.0, 0.1)
        exposure = 0.5 * rng.normal(size=(months, rows, n))
        mixing = Mixing(nu, exposure, noise, rng.normal(size=rows), sv_phi=0.9, sv_sigma=sv, sv_start=2.0 * sv)
    if skew:
        mixing = mixing._replace(skew=skew * rng.normal(size=n))
    mix = np.eye(series)
    mix[-2:, :4] = 0.25
    weights = rng.dirichlet(np.ones(series), groups)
    weights[0, : series // 2] = 0.0
    equity = Equity(
        drift=np.full((months, series), 0.005),
        loadings=rng.normal(0.0, 0.01, (series, n)),
        common=rng.normal(0.0, 0.01, (series, common)),
        mix=compressed(mix),
        idio_sd=rng.uniform(0.01, 0.03, series),
        idio_nu=np.broadcast_to(idio_nu, series).astype(float).copy(),
        aggregation=compressed(weights),
        impulse=0.01 * rng.normal(size=(months, series, impulses)) if impulses else None,
    )
    if terms:
        equity = equity._replace(terms=some_terms(rng, n, series, terms))
    outputs = n + series + groups
    level = np.where(code == 2, base, np.where(code == 1, 1.0, dynamics.state[:n]))
    reach = np.where(code == 2, 0.1 * base, np.where(code == 1, 0.1, 4.0))
    start = np.concatenate([level, np.zeros(series + groups)])
    spread = np.concatenate([reach, np.full(series + groups, 0.8)])
    low = np.repeat((start - spread)[:, None], months, axis=1)
    high = np.repeat((start + spread)[:, None], months, axis=1)
    assert low.shape == (outputs, months)
    return Law(dynamics, mixing, equity, Levels(code, base), low, high, start, np.arange(1, len(low[0]) + 1))
