"""The monthly shift that meets a mean: against scipy's Brent, on functions like compound growth and unlike it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from jpsim.conditioning.premium import _root


@pytest.mark.parametrize(
    "function",
    [
        lambda x: (1.0 + 0.9 * x) ** 12 - 1.1,
        lambda x: 1.1 - (1.0 + 1.3 * x) ** 60,
        lambda x: float(np.prod(1.0 + 0.01 * np.arange(24) + 0.7 * x)) * (1.0 + 0.02 * x**2) - 1.05,
        lambda x: x**3 - 0.001,
        lambda x: x,
    ],
)
def test_root_is_that_of_brent(function):
    calls = []
    found = _root(lambda x: calls.append(x) or function(x), -0.5, 0.5)
    np.testing.assert_allclose(found, brentq(function, -0.5, 0.5, xtol=1e-15), atol=4e-15)
    assert len(calls) < 40
