"""Special functions against scipy's and against closed forms."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy import special

from jpsim.special import chi_square_tail, log_sum_exp, normal_cdf, normal_quantile

pytestmark = pytest.mark.reference


def test_normal_distribution_function_is_scipys_in_both_tails():
    x = np.linspace(-37.0, 9.0, 10_007)
    np.testing.assert_allclose(normal_cdf(x), special.ndtr(x), rtol=3e-13)
    near = x[x > -8.0]
    np.testing.assert_allclose(normal_cdf(near), special.ndtr(near), rtol=2e-14)


def test_normal_distribution_function_at_its_ends():
    found = normal_cdf(np.array([[-np.inf, np.inf], [0.0, np.nan]]))
    np.testing.assert_array_equal(found, [[0.0, 1.0], [0.5, np.nan]])
    assert normal_cdf(1.0).shape == ()
    np.testing.assert_allclose(normal_quantile(normal_cdf(np.array([-5.0, 0.3]))), [-5.0, 0.3], rtol=1e-13)


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 17, 60, 201])
def test_chi_square_tail_is_scipys(degrees):
    for value in (0.0, 1e-8, 0.3, 2.0, 17.0, 80.0, 400.0):
        assert chi_square_tail(value, degrees) == pytest.approx(special.chdtrc(degrees, value), rel=1e-12)
    assert chi_square_tail(1e5, degrees) == 0.0


def test_log_sum_exp_is_scipys():
    values = np.random.default_rng(1).normal(scale=300.0, size=(3, 50))
    values[0, :7] = -np.inf
    np.testing.assert_allclose(log_sum_exp(values), special.logsumexp(values, axis=1), rtol=1e-15)
    np.testing.assert_allclose(log_sum_exp(values, axis=0), special.logsumexp(values, axis=0), rtol=1e-15)
    assert log_sum_exp(np.full(3, -np.inf)) == -np.inf


@pytest.mark.parametrize("wanted", ["jpsim.api", "jpsim.reporting.html", "jpsim.conditioning.explaining"])
def test_what_every_run_imports_is_without_slow_libraries(wanted, project):
    program = f"import sys, {wanted}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=project)
    slow = {"scipy.special", "scipy.linalg", "scipy.stats", "pandas", "xarray", "pyarrow.compute", "markdown_it"}
    assert not slow & set(done.stdout.split())
