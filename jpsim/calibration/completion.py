"""Missing cells of a panel, given a VAR: their mean and their draws, by the precision of the missing cells.

The cells that a vector autoregression leaves unobserved are jointly Gaussian given the rest, and their
precision is banded: a month meets only the p months before and after it. The law is that of the Kalman
smoother; the work is one banded Cholesky factor.

References
----------
Chan, Poon and Zhu (2023), arXiv:2302.03172. Banbura, Giannone and Lenza (2015),
doi:10.1016/j.ijforecast.2014.08.013.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_solve_banded, cholesky_banded, solve_banded

__all__ = ["Completion"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class Completion:
    """The missing cells of one panel; where they are is worked out once.

    Parameters
    ----------
    y
        (T, n) observations, NaN where missing.
    lags
        Number of lags p of the VAR.
    start_mean, start_sd
        (n,) law of a missing cell among the first p months, which the VAR does not describe.

    Examples
    --------
    >>> import numpy as np
    >>> y = np.array([[0.0], [np.nan], [1.0]])
    >>> cells = Completion(y, 1, np.zeros(1), np.ones(1))
    >>> cells.expect(np.zeros(1), np.full((1, 1, 1), 0.5), np.eye(1)).round(3)[1]
    array([0.4])
    """

    def __init__(self, y: Floats, lags: int, start_mean: Floats, start_sd: Floats) -> None:
        self._y = np.where(np.isfinite(y), y, 0.0)
        self._lags = lags
        self._time, self._variable = (index.astype(np.int64) for index in np.nonzero(~np.isfinite(y)))
        early = self._time < lags
        self._start_precision = np.where(early, 1.0 / start_sd[self._variable] ** 2, 0.0)
        self._start_mean = start_mean[self._variable]
        self._lay_out_band(len(y))

    @property
    def count(self) -> int:
        """Number of missing cells."""
        return len(self._time)

    def expect(self, c: Floats, B: Floats, Sigma: Floats) -> Floats:
        """Complete the panel by the mean of the missing cells given all observed ones, (T, n)."""
        if not self.count:
            return self._y.copy()
        factor, right = self._system(c, B, Sigma)
        return self._fill(cho_solve_banded((factor, False), right))

    def draw(self, c: Floats, B: Floats, Sigma: Floats, rng: np.random.Generator) -> Floats:
        """Complete the panel by one draw of the missing cells given all observed ones, (T, n)."""
        if not self.count:
            return self._y.copy()
        factor, right = self._system(c, B, Sigma)
        noise = solve_banded((0, len(factor) - 1), factor, rng.standard_normal(self.count))
        return self._fill(cho_solve_banded((factor, False), right) + noise)

    def _fill(self, cells: Floats) -> Floats:
        complete = self._y.copy()
        complete[self._time, self._variable] = cells
        return complete

    def _lay_out_band(self, months: int) -> None:
        """List every product ``A_k' Sigma^-1 A_l`` that enters the precision, and the place it goes to."""
        terms: list[tuple[int, int, int, int]] = []
        for a in range(self.count):
            b = a
            while b < self.count and self._time[b] - self._time[a] <= self._lags:
                first = max(int(self._time[b]), self._lags)
                last = min(int(self._time[a]) + self._lags, months - 1)
                terms += [(a, b, r - int(self._time[a]), r - int(self._time[b])) for r in range(first, last + 1)]
                b += 1
        table = np.array(terms, dtype=np.int64).reshape(-1, 4)
        self._row, self._column, self._k, self._l = table.T
        self._width = int((self._column - self._row).max()) if len(table) else 0

    def _system(self, c: Floats, B: Floats, Sigma: Floats) -> tuple[Floats, Floats]:
        """Banded upper Cholesky factor of the precision, and the right-hand side."""
        lag_polynomial = np.concatenate([np.eye(len(c))[None], -B])
        inverse = np.asarray(np.linalg.inv(Sigma), dtype=np.float64)
        products = np.einsum("kai,ab,lbj->klij", lag_polynomial, inverse, lag_polynomial, optimize=True)
        values = products[self._k, self._l, self._variable[self._row], self._variable[self._column]]
        band = np.zeros((self._width + 1, self.count))
        np.add.at(band, (self._width - (self._column - self._row), self._column), values)
        band[-1] += self._start_precision
        right = self._start_precision * self._start_mean - self._gradient(c, lag_polynomial, inverse)
        return cholesky_banded(band), right

    def _gradient(self, c: Floats, lag_polynomial: Floats, inverse: Floats) -> Floats:
        """Differentiate half the squared residuals at missing cells of zero."""
        p, y = self._lags, self._y
        residual: Floats = y[p:] - c
        for k in range(1, p + 1):
            residual = residual + y[p - k : len(y) - k] @ lag_polynomial[k].T
        weighted = residual @ inverse
        gradient = np.zeros_like(y)
        for k, matrix in enumerate(lag_polynomial):
            gradient[p - k : len(y) - k] += weighted @ matrix
        cells: Floats = gradient[self._time, self._variable]
        return cells
