"""Markov switching between correlations: when each of two or more regimes held, by Gibbs sampling.

Month t's variables are Student-t with mean zero and the covariance of month t's state; the state is a
Markov chain that stays where it is most of the time (a beta or Dirichlet prior on the rows of its
transition matrix). States are drawn as a whole path, forward by Hamilton's filter and backward by
sampling, covariances from their inverse-Wishart law given the states. The priors of the covariances
differ and so name the regimes; a Metropolis move that swaps all labels keeps chains from living under
the wrong names.

References
----------
Hamilton (1989), doi:10.2307/1912559. Chib (1996), doi:10.1016/0304-4076(95)01770-4. Fox, Sudderth, Jordan
and Willsky (2011), doi:10.1214/10-AOAS395 (sticky transitions).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

__all__ = ["Switching", "SwitchingSampler", "SwitchingState", "filter_states", "local_scale", "sample_switching"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Switching:
    """Draws from the posterior of a Markov-switching law; R draws, T months, K states, v variables.

    Parameters
    ----------
    states
        (R, T) states.
    filtered
        (T, K) probability of each state given the months up to then, the mean over parameter draws.
    covariance
        (R, K, v, v) covariances.
    transition
        (R, K, K) transition matrices; rows sum to 1.
    """

    states: Integers
    filtered: Floats
    covariance: Floats
    transition: Floats

    @property
    def smoothed(self) -> Floats:
        """(T, K) probability of each state given all months."""
        count = self.transition.shape[1]
        return np.stack([(self.states == state).mean(axis=0) for state in range(count)], axis=1)


def local_scale(x: Floats, half_life: float) -> Floats:
    """Local root mean square (T, v) of columns whose NaN cells are left out.

    Parameters
    ----------
    x
        (T, v) values.
    half_life
        Months after which a month before or after counts half.
    """
    apart = np.abs(np.subtract.outer(np.arange(len(x)), np.arange(len(x))))
    weights, seen = 2.0 ** (-apart / half_life), np.isfinite(x)
    return np.asarray(np.sqrt((weights @ np.nan_to_num(x) ** 2) / (weights @ seen)))


def filter_states(log_density: Floats, transition: Floats) -> tuple[Floats, Floats]:
    """Hamilton's filter, for R chains side by side.

    Parameters
    ----------
    log_density
        (R, T, K) log density of each month in each state.
    transition
        (R, K, K) transition matrices; the first month's state has their stationary law.

    Returns
    -------
    (R, T, K) probabilities of the states given the months up to each, and (R,) log likelihoods.
    """
    months = log_density.shape[1]
    top = log_density.max(axis=2, keepdims=True)
    density = np.exp(log_density - top)
    likelihood = top[..., 0].sum(axis=1)
    filtered, law = np.empty_like(density), _stationary(transition)
    for t in range(months):
        joint = law * density[:, t]
        total = joint.sum(axis=1, keepdims=True)
        filtered[:, t] = joint / total
        likelihood += np.log(total[:, 0])
        law = np.einsum("rk,rkj->rj", filtered[:, t], transition)
    return filtered, likelihood


def sample_switching(
    y: Floats,
    centres: Floats,
    strength: float,
    stay: tuple[float, float],
    nu: float,
    rng: np.random.Generator,
    *,
    chains: int,
    burn_in: int,
    kept: int,
) -> Switching:
    """Sample states, covariances and transitions.

    Parameters
    ----------
    y
        (T, v) variables of mean zero; months with a NaN cell say nothing.
    centres, strength
        (K, v, v) prior means of the covariances, and the number of months that they count for.
    stay
        Prior counts of months in which a state stayed, and in which it was left.
    nu
        Degrees of freedom.
    rng, chains, burn_in, kept
        Source of randomness; chains side by side, each from random states; steps of each before the first
        kept draw, and draws kept of each.

    Returns
    -------
    Draws, the chains one after the other.
    """
    seen = np.asarray(np.isfinite(y).all(axis=1))
    sampler = SwitchingSampler(np.where(seen[:, None], y, 0.0), seen, centres, strength, stay, nu, rng)
    state = sampler.start(chains)
    filtered, store = np.zeros((len(y), len(centres))), []
    for step in range(burn_in + kept):
        state = sampler.step(state)
        if step >= burn_in:
            filtered += state.filtered.mean(axis=0) / kept
            store.append(state)
    return Switching(
        np.concatenate([one.states for one in store]),
        filtered,
        np.concatenate([one.covariance for one in store]),
        np.concatenate([one.transition for one in store]),
    )


@dataclass(frozen=True, eq=False)
class SwitchingState:
    """Where R chains are.

    Parameters
    ----------
    states, weights
        (R, T) states, and what months count given their Student-t scales.
    covariance, transition, filtered
        (R, K, v, v), (R, K, K), (R, T, K), each as in `Switching`.
    """

    states: Integers
    weights: Floats
    covariance: Floats
    transition: Floats
    filtered: Floats


@dataclass(frozen=True, eq=False)
class SwitchingSampler:
    """Steps of the sampler: each leaves the posterior as it is, whatever their order.

    Parameters
    ----------
    y, seen
        (T, v) variables, zero in months that say nothing, and (T,) which say something.
    centres, strength, stay, nu, rng
        As in `sample_switching`.
    """

    y: Floats
    seen: npt.NDArray[np.bool_]
    centres: Floats
    strength: float
    stay: tuple[float, float]
    nu: float
    rng: np.random.Generator

    def start(self, chains: int) -> SwitchingState:
        """Random spells: a smooth random curve, cut at random levels."""
        months, count = len(self.y), len(self.centres)
        curve = np.cumsum(self.rng.standard_normal((chains, months)), axis=1)
        rank = curve.argsort(axis=1).argsort(axis=1) / months
        states = np.minimum((rank * count).astype(np.int64), count - 1)
        states = (states + self.rng.integers(count, size=(chains, 1))) % count
        covariance = np.broadcast_to(self.centres, (chains, *self.centres.shape))
        transition = np.broadcast_to(self._mean_transition(), (chains, count, count))
        return SwitchingState(states, np.ones(states.shape), covariance, transition, np.zeros((chains, months, count)))

    def step(self, state: SwitchingState) -> SwitchingState:
        """Take every step once."""
        state = self.draw_covariances(state)
        state = self.draw_transitions(state)
        return self.draw_states(self.relabel(state))

    def _mean_transition(self) -> Floats:
        count = len(self.centres)
        left = self.stay[1] / sum(self.stay)
        return np.asarray((1.0 - left) * np.eye(count) + left / (count - 1) * (1.0 - np.eye(count)))

    def draw_covariances(self, state: SwitchingState) -> SwitchingState:
        """Draw the covariances given all else."""
        chains, count, v = len(state.states), len(self.centres), self.y.shape[1]
        member = (state.states[..., None] == np.arange(count)) * self.seen[:, None]
        scatter = np.einsum("rtk,rt,ti,tj->rkij", member, state.weights, self.y, self.y, optimize=True)
        scale = scatter + self.strength * self.centres
        dof = self.strength + v + 1.0 + member.sum(axis=1)
        drawn = _inverse_wishart(scale.reshape(-1, v, v), dof.ravel(), self.rng)
        return replace(state, covariance=drawn.reshape(chains, count, v, v))

    def draw_transitions(self, state: SwitchingState) -> SwitchingState:
        """Draw the transitions given the states.

        The proposal knows the moves; the first state, whose law is the stationary one, decides (Metropolis).
        """
        count, rows = len(self.centres), np.arange(len(state.states))
        pairs = state.states[:, :-1] * count + state.states[:, 1:]
        moves = np.stack([(pairs == pair).sum(axis=1) for pair in range(count**2)], axis=1)
        prior = np.where(np.eye(count, dtype=bool), self.stay[0], self.stay[1] / (count - 1))
        drawn = self.rng.standard_gamma(prior + moves.reshape(-1, count, count))
        proposal = drawn / drawn.sum(axis=2, keepdims=True)
        first = state.states[:, 0]
        odds = _stationary(proposal)[rows, first] / _stationary(state.transition)[rows, first]
        accepted = self.rng.random(len(rows)) < odds
        return replace(state, transition=np.where(accepted[:, None, None], proposal, state.transition))

    def relabel(self, state: SwitchingState) -> SwitchingState:
        """Propose to turn all labels by one, up or down: only the prior of the covariances tells labels apart."""
        chains, count = len(state.states), len(self.centres)
        turn = np.where(self.rng.random(chains) < 0.5, 1, -1)
        order = (np.arange(count) + turn[:, None]) % count
        rows = np.arange(chains)[:, None]
        covariance = state.covariance[rows, order]
        now = np.einsum("kij,rkij->r", self.centres, np.linalg.inv(state.covariance))
        then = np.einsum("kij,rkij->r", self.centres, np.linalg.inv(covariance))
        accepted = np.log(self.rng.random(chains)) < 0.5 * self.strength * (now - then)
        transition = state.transition[rows[:, :, None], order[:, :, None], order[:, None, :]]
        return replace(
            state,
            states=np.where(accepted[:, None], (state.states - turn[:, None]) % count, state.states),
            covariance=np.where(accepted[:, None, None, None], covariance, state.covariance),
            transition=np.where(accepted[:, None, None], transition, state.transition),
        )

    def draw_states(self, state: SwitchingState) -> SwitchingState:
        """Draw the states, then the months' scales, given covariances and transitions."""
        distance = self._distance(state.covariance)
        filtered, _ = filter_states(self._log_density(distance, state.covariance), state.transition)
        states = self._states(filtered, state.transition)
        own = np.take_along_axis(distance, states[..., None], axis=2)[..., 0]
        shape = 0.5 * (self.nu + self.y.shape[1])
        weights = self.rng.standard_gamma(shape, size=own.shape) * 2.0 / (self.nu - 2.0 + own)
        return replace(state, states=states, weights=weights, filtered=filtered)

    def _distance(self, covariance: Floats) -> Floats:
        return np.asarray(
            np.einsum("ti,rkij,tj->rtk", self.y, np.linalg.inv(covariance), self.y, optimize=True), dtype=np.float64
        )

    def _log_density(self, distance: Floats, covariance: Floats) -> Floats:
        volume = np.linalg.slogdet(covariance)[1]
        tail = 0.5 * (self.nu + self.y.shape[1]) * np.log1p(distance / (self.nu - 2.0))
        return np.asarray(np.where(self.seen[:, None], -0.5 * volume[:, None] - tail, 0.0), dtype=np.float64)

    def _states(self, filtered: Floats, transition: Floats) -> Integers:
        """Draw whole paths of states, from the last month back."""
        chains, months, _ = filtered.shape
        uniform = self.rng.random((chains, months, 1))
        states, rows = np.empty((chains, months), dtype=np.int64), np.arange(chains)
        law = filtered[:, -1]
        for t in range(months - 1, -1, -1):
            cumulative = np.cumsum(law, axis=1)
            states[:, t] = (uniform[:, t] * cumulative[:, -1:] > cumulative).sum(axis=1)
            if t:
                law = filtered[:, t - 1] * transition[rows, :, states[:, t]]
        return states


def _stationary(transition: Floats) -> Floats:
    """Stationary laws (R, K) of transition matrices."""
    count = transition.shape[1]
    system = np.eye(count) - transition.transpose(0, 2, 1)
    system[:, -1] = 1.0
    target = np.zeros((len(transition), count, 1))
    target[:, -1] = 1.0
    return np.asarray(np.linalg.solve(system, target)[..., 0], dtype=np.float64)


def _inverse_wishart(scale: Floats, dof: Floats, rng: np.random.Generator) -> Floats:
    """Draws from inverse-Wishart laws, (m, v, v), by Bartlett's decomposition; dof exceeds v + 1."""
    m, v = scale.shape[:2]
    lower = np.tril(rng.standard_normal((m, v, v)), -1)
    diagonal = np.sqrt(2.0 * rng.standard_gamma(0.5 * (dof[:, None] - np.arange(v))))
    lower[:, np.arange(v), np.arange(v)] = diagonal
    root = np.linalg.cholesky(np.linalg.inv(scale)) @ lower
    drawn = np.linalg.inv(root @ root.transpose(0, 2, 1))
    return np.asarray((drawn + drawn.transpose(0, 2, 1)) / 2.0)
