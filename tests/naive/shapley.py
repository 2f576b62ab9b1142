"""Shapley values by their definition: every order in which players may join, one after another."""

from collections.abc import Callable
from itertools import permutations

import numpy as np


def permuted_shares(players: int, worth: Callable[[frozenset[int]], np.ndarray]) -> np.ndarray:
    """Mean marginal worth of each player over all orders."""
    orders = list(permutations(range(players)))
    shares = [np.zeros_like(worth(frozenset())) for _ in range(players)]
    for order in orders:
        present: frozenset[int] = frozenset()
        for player in order:
            joined = present | {player}
            shares[player] = shares[player] + (worth(joined) - worth(present)) / len(orders)
            present = joined
    return np.array(shares)
