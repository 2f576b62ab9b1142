"""Published tests of random bits: each takes words and gives the probability of a statistic as far out.

References
----------
Knuth (1997), The Art of Computer Programming 2, section 3.3.2: gap, runs, serial and collision tests.

Marsaglia (1985), A current view of random number generators: birthday spacings, ranks of binary matrices.

Rukhin et al. (2010), NIST SP 800-22: runs, discrete Fourier transform.

Marsaglia, Marsaglia (2004), Evaluating the Anderson-Darling distribution. https://doi.org/10.18637/jss.v009.i02
"""

from __future__ import annotations

import numpy as np
from scipy.stats import chi2, norm, poisson


def both_sides(z):
    """Probability of a standard normal as far from zero."""
    return float(2.0 * norm.sf(abs(z)))


def uniforms(words):
    return (words >> np.uint64(11)).astype(float) * 2.0**-53


def bits(words):
    return np.unpackbits(words.view(np.uint8))


def poisson_sides(count, mean):
    return float(min(1.0, 2.0 * min(poisson.cdf(count, mean), poisson.sf(count - 1, mean))))


def chi_square(counts, expected):
    statistic = float(((counts - expected) ** 2 / expected).sum())
    return float(chi2.sf(statistic, counts.size - 1))


def birthday_spacings(words):
    """Equal spacings between 4,096 birthdays in a year of 2**32 days; four are expected in each year."""
    days = np.sort((words[: words.size // 4096 * 4096] >> np.uint64(32)).astype(np.int64).reshape(-1, 4096), axis=1)
    spacings = np.sort(np.diff(days, axis=1), axis=1)
    equal = int((np.diff(spacings, axis=1) == 0).sum())
    return poisson_sides(equal, days.shape[0] * 4096**3 / (4.0 * 2.0**32))


def low_birthday_spacings(words):
    """The same of the lower halves of the words."""
    return birthday_spacings(words << np.uint64(32))


def gaps(words):
    """Lengths between visits to the lowest tenth of the unit interval."""
    visits = np.flatnonzero(uniforms(words) < 0.1)
    lengths = np.minimum(np.diff(visits) - 1, 40)
    share = 0.1 * 0.9 ** np.arange(41.0)
    share[40] = 0.9**40
    return chi_square(np.bincount(lengths, minlength=41), share * lengths.size)


def runs(words):
    """Number of runs of equal highest bits."""
    sequence = words >> np.uint64(63)
    share = sequence.mean()
    count = 1 + int((np.diff(sequence.astype(np.int8)) != 0).sum())
    expected = 2.0 * sequence.size * share * (1.0 - share)
    return both_sides((count - expected) / (2.0 * np.sqrt(sequence.size) * share * (1.0 - share)))


def ranks(words):
    """Ranks of binary matrices of 32 rows of 32 bits: 32, 31, or less."""
    rows = (words[: words.size // 32 * 32] >> np.uint64(32)).reshape(-1, 32).copy()
    rank = np.zeros(rows.shape[0], dtype=int)
    free = np.ones(rows.shape, dtype=bool)
    every = np.arange(rows.shape[0])
    for bit in range(32):
        has = (rows >> np.uint64(bit)) & np.uint64(1) == 1
        usable = has & free
        pivot, found = usable.argmax(axis=1), usable.any(axis=1)
        others = has & found[:, None]
        others[every, pivot] = False
        rows ^= np.where(others, rows[every, pivot][:, None], np.uint64(0))
        free[every[found], pivot[found]] = False
        rank += found
    full = np.prod(1.0 - 0.5 ** np.arange(1.0, 33.0))
    less = full * (1.0 - 0.5**32) ** 2 / (2.0 * 0.25)  # 2**-1 times the ratio of products, for a square of 32
    share = np.array([full, less, 1.0 - full - less])
    counts = np.array([(rank == 32).sum(), (rank == 31).sum(), (rank < 31).sum()])
    return chi_square(counts, share * rank.size)


def serial_pairs(words):
    """Pairs of neighbours on a grid of 64 times 64."""
    cells = (words >> np.uint64(58)).astype(np.int64)
    counts = np.bincount(cells[0::2] * 64 + cells[1::2], minlength=4096)
    return chi_square(counts, np.full(4096, counts.sum() / 4096))


def collisions(words):
    """Balls that fall into one of 2**20 urns that has one, 2**14 balls at a time."""
    balls, urns = 2**14, 2**20
    rows = np.sort((words[: words.size // balls * balls] >> np.uint64(44)).reshape(-1, balls), axis=1)
    count = int((np.diff(rows, axis=1) == 0).sum())
    expected = balls - urns * (1.0 - (1.0 - 1.0 / urns) ** balls)
    return poisson_sides(count, rows.shape[0] * expected)


def spectrum(words):
    """Peaks of the Fourier transform of bits under the height that 95 % of them stay below."""
    sequence = 2.0 * bits(words[: 2**14]) - 1.0
    heights = np.abs(np.fft.rfft(sequence))[1 : sequence.size // 2]
    below = int((heights < np.sqrt(np.log(20.0) * sequence.size)).sum())
    return both_sides((below - 0.95 * heights.size) / np.sqrt(0.95 * 0.05 * sequence.size / 4.0))


def neighbours(words):
    """Correlation of each uniform with the next."""
    u = uniforms(words) - 0.5
    return both_sides(float((u[1:] * u[:-1]).sum()) * 12.0 / np.sqrt(u.size - 1.0))


def anderson_darling(probabilities):
    """Distance of sorted probabilities from uniform ones, weighted towards the tails."""
    u, n = np.sort(probabilities), probabilities.size
    odd = 2.0 * np.arange(1, n + 1) - 1.0
    a = -n - float((odd * (np.log(u) + np.log1p(-u[::-1]))).sum()) / n
    if a < 2.0:
        inner = [2.00012, 0.247105, -0.0649821, 0.0347962, -0.011672, 0.00168691]
        below = np.exp(-1.2337141 / a) / np.sqrt(a) * np.polyval(inner[::-1], a)
    else:
        outer = [1.0776, -2.30695, 0.43424, -0.082433, 0.008056, -0.0003146]
        below = np.exp(-np.exp(np.polyval(outer[::-1], a)))
    return float(1.0 - below)


BITS = (
    birthday_spacings, low_birthday_spacings, gaps, runs, ranks, serial_pairs, collisions, spectrum, neighbours,
)  # fmt: skip
