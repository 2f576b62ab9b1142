"""Elementary functions without branches or tables, so that loops over paths become vector code.

The coefficients interpolate the functions at Chebyshev nodes of the reduced interval; each result is
within a few units in the last place of the exact value.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jpsim.simulation.kernels.jit import inlined

__all__ = ["bits_of", "cos_sin_quarter", "exponential", "from_bits", "log_unit"]

LN2 = 0.6931471805599453
LN2_HIGH = 0.693147180369123816490
LN2_LOW = 1.90821492927058770002e-10
INVERSE_LN2 = 1.4426950408889634
MANTISSA = np.uint64(0x000FFFFFFFFFFFFF)
EXPONENT_SHIFT = np.uint64(52)
# The exponent field of 1 less the offset that puts sqrt(1/2) at the bottom of a binade.
SQRT_HALF_BITS = np.uint64(0x3FE6A09E667F3BCD)
ROUND_TO_INTEGER = 6755399441055744.0  # 1.5 * 2**52: adding it leaves the nearest integer in the low bits


@inlined
def bits_of(value: Any) -> Any:
    """Return the 64 bits of a double as an unsigned word."""
    return np.float64(value).view(np.uint64)


@inlined
def from_bits(word: Any) -> Any:
    """Return the double that has these 64 bits."""
    return np.uint64(word).view(np.float64)


@inlined
def log_unit(u: Any) -> Any:
    """Natural logarithm of a normal positive double: ``u = m 2**e``, m in [sqrt(1/2), sqrt(2))."""
    offset = bits_of(u) - SQRT_HALF_BITS
    e = np.float64(np.int64(offset) >> np.int64(52))
    m = from_bits((offset & MANTISSA) + SQRT_HALF_BITS)
    s = (m - 1.0) / (m + 1.0)
    w = s * s
    r = 0.14616443541441929
    r = r * w + 0.15331722169445225
    r = r * w + 0.1818288910459415
    r = r * w + 0.2222221113516385
    r = r * w + 0.2857142862597223
    r = r * w + 0.39999999999899516
    r = r * w + 0.666666666666667
    return e * LN2 + (2.0 * s + s * w * r)


@inlined
def cos_sin_quarter(t: Any) -> Any:
    """Cosine and sine of ``pi t / 2`` for t in [-1/2, 1/2]."""
    w = t * t
    c = -6.323698526454281e-09
    c = c * w + 4.7106309298151486e-07
    c = c * w - 2.520203748210334e-05
    c = c * w + 0.0009192602742986966
    c = c * w - 0.020863480763320473
    c = c * w + 0.25366950790104703
    c = c * w - 1.2337005501361697
    s = 5.633920750965027e-08
    s = s * w - 3.5986432247574413e-06
    s = s * w + 0.0001604411506977056
    s = s * w - 0.004681754132334165
    s = s * w + 0.07969262624604254
    s = s * w - 0.6459640975062443
    return 1.0 + c * w, (s * w + 1.5707963267948966) * t


@inlined
def exponential(x: Any) -> Any:
    """Exponential of x, held within [-708, 708]; NaN stays NaN."""
    x = 708.0 if x > 708.0 else x
    x = -708.0 if x < -708.0 else x
    shifted = x * INVERSE_LN2 + ROUND_TO_INTEGER
    k = shifted - ROUND_TO_INTEGER
    r = (x - k * LN2_HIGH) - k * LN2_LOW
    p = 2.5100526828799354e-08
    p = p * r + 2.7620087578259465e-07
    p = p * r + 2.7557268089454243e-06
    p = p * r + 2.4801521296884344e-05
    p = p * r + 0.00019841269863381285
    p = p * r + 0.0013888888917213966
    p = p * r + 0.008333333333329952
    p = p * r + 0.04166666666662412
    p = p * r + 0.16666666666666669
    p = p * r + 0.5000000000000001
    scale = from_bits((bits_of(shifted) << EXPONENT_SHIFT) + np.uint64(0x3FF0000000000000))
    return (1.0 + (r + r * r * p)) * scale
