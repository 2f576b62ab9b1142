"""Shapley values of a game given by its value on every coalition."""

from __future__ import annotations

from math import factorial

import numpy as np
import numpy.typing as npt

__all__ = ["shapley_values"]

Floats = npt.NDArray[np.float64]


def shapley_values(worth: Floats) -> Floats:
    """Share of each of G players in ``worth[-1] - worth[0]`` (Shapley 1953, doi:10.1515/9781400881970-018).

    A player's share is its marginal worth, averaged over all orders in which the players may join.

    Parameters
    ----------
    worth
        (2**G, ...) worth of every coalition; bit g of its index says whether player g is a member.

    Returns
    -------
    (G, ...) shares; they sum exactly to the worth of all less the worth of none.
    """
    players = worth.shape[0].bit_length() - 1
    shares = np.zeros((players, *worth.shape[1:]))
    order = np.arange(worth.shape[0])
    size = np.array([int(coalition).bit_count() for coalition in order])
    for player in range(players):
        without = order[(order >> player) & 1 == 0]
        weight = np.array([factorial(k) * factorial(players - k - 1) / factorial(players) for k in size[without]])
        shares[player] = np.tensordot(weight, worth[without | (1 << player)] - worth[without], axes=1)
    return shares
