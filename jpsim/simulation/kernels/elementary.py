"""Elementary functions without branches or tables, so that loops over paths become vector code.

The coefficients interpolate the functions at Chebyshev nodes of the reduced interval; each result is
within a few units in the last place of the exact value. Each function has a form for double and one for single
precision; its argument decides.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jpsim.simulation.kernels.jit import by_precision, inlined

__all__ = ["bits_of", "cos_sin_quarter", "exponential", "from_bits", "like", "log_unit"]

LN2 = 0.6931471805599453
LN2_HIGH = 0.693147180369123816490
LN2_LOW = 1.90821492927058770002e-10
INVERSE_LN2 = 1.4426950408889634
MANTISSA = np.uint64(0x000FFFFFFFFFFFFF)
EXPONENT_SHIFT = np.uint64(52)
# The exponent field of 1 less the offset that puts sqrt(1/2) at the bottom of a binade.
SQRT_HALF_BITS = np.uint64(0x3FE6A09E667F3BCD)
ROUND_TO_INTEGER = 6755399441055744.0  # 1.5 * 2**52: adding it leaves the nearest integer in the low bits

SQRT_HALF_BITS_SINGLE = np.uint32(0x3F3504F3)
MANTISSA_SINGLE = np.uint32(0x007FFFFF)
EXPONENT_SHIFT_SINGLE = np.uint32(23)
ONE_BITS_SINGLE = np.uint32(0x3F800000)


def _singles(*numbers: float) -> tuple[np.float32, ...]:
    return tuple(np.float32(number) for number in numbers)


HALF_SINGLE, ONE_SINGLE, TWO_SINGLE = _singles(0.5, 1.0, 2.0)
(LN2_SINGLE,) = _singles(LN2)
LN2_HIGH_SINGLE, LN2_LOW_SINGLE, INVERSE_LN2_SINGLE = _singles(0.693359375, -2.12194440e-4, INVERSE_LN2)
ROUND_TO_INTEGER_SINGLE, HIGHEST_SINGLE, LOWEST_SINGLE = _singles(1.5 * 2**23, 88.0, -87.0)
LOG_SINGLE = _singles(0.2957994896518527, 0.39988780573007704, 0.6666668503956372)
COSINE_SINGLE = _singles(0.0009066592535873497, -0.020861511853759396, 0.2536694094555654, -1.2337005493670643)
SINE_SINGLE = _singles(-0.0046021520943213545, 0.07968021830050986, -0.6459634777020353, 1.5707963219535341)
EXPONENTIAL_SINGLE = _singles(0.001392612637972227, 0.008363123326754224, 0.04166655484876935, 0.166665772123409, 0.5)


def _as_double(_: Any, number: Any) -> Any:
    return np.float64(number)


def _as_single(_: Any, number: Any) -> Any:
    return np.float32(number)


like = by_precision(_as_double, _as_single)
"""``like(x, number)``: a number in the precision of x, an array or a number; without it, constants are doubles."""


@inlined
def bits_of(value: Any) -> Any:
    """Return the 64 bits of a double as an unsigned word."""
    return np.float64(value).view(np.uint64)


@inlined
def from_bits(word: Any) -> Any:
    """Return the double that has these 64 bits."""
    return np.uint64(word).view(np.float64)


def _log_double(u: Any) -> Any:
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


def _log_single(u: Any) -> Any:
    offset = np.float32(u).view(np.uint32) - SQRT_HALF_BITS_SINGLE
    e = np.float32(np.int32(offset) >> np.int32(23))
    m = np.uint32((offset & MANTISSA_SINGLE) + SQRT_HALF_BITS_SINGLE).view(np.float32)
    s = (m - ONE_SINGLE) / (m + ONE_SINGLE)
    w = s * s
    r = (LOG_SINGLE[0] * w + LOG_SINGLE[1]) * w + LOG_SINGLE[2]
    return e * LN2_SINGLE + (TWO_SINGLE * s + s * w * r)


log_unit = by_precision(_log_double, _log_single)
"""``log_unit(u)``: natural logarithm of a normal positive number ``u = m 2**e``, m in [sqrt(1/2), sqrt(2))."""


def _cos_sin_double(t: Any) -> Any:
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


def _cos_sin_single(t: Any) -> Any:
    w = t * t
    c = ((COSINE_SINGLE[0] * w + COSINE_SINGLE[1]) * w + COSINE_SINGLE[2]) * w + COSINE_SINGLE[3]
    s = ((SINE_SINGLE[0] * w + SINE_SINGLE[1]) * w + SINE_SINGLE[2]) * w + SINE_SINGLE[3]
    return ONE_SINGLE + c * w, s * t


cos_sin_quarter = by_precision(_cos_sin_double, _cos_sin_single)
"""``cos_sin_quarter(t)``: cosine and sine of ``pi t / 2`` for t in [-1/2, 1/2]."""


def _exponential_double(x: Any) -> Any:
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


def _exponential_single(x: Any) -> Any:
    x = HIGHEST_SINGLE if x > HIGHEST_SINGLE else x
    x = LOWEST_SINGLE if x < LOWEST_SINGLE else x
    shifted = x * INVERSE_LN2_SINGLE + ROUND_TO_INTEGER_SINGLE
    k = shifted - ROUND_TO_INTEGER_SINGLE
    r = (x - k * LN2_HIGH_SINGLE) - k * LN2_LOW_SINGLE
    p = EXPONENTIAL_SINGLE[0]
    p = p * r + EXPONENTIAL_SINGLE[1]
    p = p * r + EXPONENTIAL_SINGLE[2]
    p = p * r + EXPONENTIAL_SINGLE[3]
    p = p * r + EXPONENTIAL_SINGLE[4]
    bits = np.uint32(np.float32(shifted).view(np.uint32) << EXPONENT_SHIFT_SINGLE) + ONE_BITS_SINGLE
    return (ONE_SINGLE + (r + r * r * p)) * np.uint32(bits).view(np.float32)


exponential = by_precision(_exponential_double, _exponential_single)
"""``exponential(x)``: exponential of x, held within [-708, 708] or, in single precision, [-87, 88]; NaN stays NaN."""
