"""Where the running sums of histograms reach given masses: one pass over each histogram."""

from __future__ import annotations

from typing import Any

from jpsim.simulation.kernels.jit import entry, inlined

__all__ = ["find_crossings"]


@inlined
def keep_sums(out: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any) -> None:
    """Write six sums."""
    out[0], out[1], out[2] = a, b, c
    out[3], out[4], out[5] = d, e, f


@entry
def find_crossings(bins: Any, sums: Any, counts: Any, squares: Any, masses: Any) -> None:
    """Find the bin in which the running sum of each histogram reaches each mass, and what lies below that bin.

    Parameters
    ----------
    bins
        (O, h, k) written: the bin, or the last one where the whole histogram is less than a mass.
    sums
        (O, h, k, 6) written: sums of c, c x, c x**2 and of s, s x, s x**2 over the bins below, c and s
        being counts and squares, spread evenly over their bin, and x in bins from the low edge.
    counts, squares
        (O, h, B) sums of weights and of squared weights.
    masses
        (k,) increasing and positive.
    """
    last = counts.shape[2] - 1
    for o in range(counts.shape[0]):
        for t in range(counts.shape[1]):
            k = 0
            c0, c1, c2, s0, s1, s2 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
            for b in range(last + 1):
                c, s = counts[o, t, b], squares[o, t, b]
                if c > 0.0 or b == last:
                    while k < masses.size and (masses[k] <= c0 + c or b == last):
                        bins[o, t, k] = b
                        keep_sums(sums[o, t, k], c0, c1, c2, s0, s1, s2)
                        k += 1
                    x = b + 0.5
                    x2 = x * x + 1.0 / 12.0
                    c0, c1, c2 = c0 + c, c1 + c * x, c2 + c * x2
                    s0, s1, s2 = s0 + s, s1 + s * x, s2 + s * x2
