"""Tables beside normal margins: least relative entropy, against proportional fitting on a full lattice."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from jpsim.conditioning.stated import fit_stated
from jpsim.errors import InputError
from jpsim.simulation.importance import normalise
from jpsim.simulation.tilting import margin_moments, tilt
from tests.naive.fitting import fit_lattice

PATHS = 200_000


def drawn(law, seed: int) -> tuple[np.ndarray, np.random.Generator]:
    rng = np.random.default_rng(seed)
    return law.draw(rng.standard_normal((law.normal, PATHS)), rng.random((1, PATHS))), rng


@pytest.mark.parametrize("correlation", [-0.95, 0.4, 0.8])
def test_one_table_beside_one_normal_margin(correlation: float) -> None:
    """The conditional law of the table given the normal quantity, on a lattice of 601 points."""
    cov = np.array([[1.0, correlation * 0.3], [correlation * 0.3, 0.09]])
    table = ((0.1, 0.2), (0.35, 0.5), (0.9, 0.3))
    values, shares = np.array(table).T
    mean = float(values @ shares)
    law = fit_stated(cov, np.array([0.7]), np.array([mean]), [table])
    x = np.linspace(-6, 6, 601) * 0.7
    lattice = fit_lattice(cov, [x, values - mean], [norm.pdf(x / 0.7) / norm.pdf(x / 0.7).sum(), shares])
    deviations, _ = drawn(law, 1)
    assert law.grid is not None
    np.testing.assert_allclose(law.grid.probabilities, shares, atol=1e-12)
    given = lattice / lattice.sum(axis=1, keepdims=True)
    for place in (150, 300, 400):
        found = np.exp([
            law.grid.log_probability(np.array([[value - mean]]), x[None, [place]])[0] for value in values
        ])  # fmt: skip
        np.testing.assert_allclose(found, given[place], atol=1e-6)
    np.testing.assert_allclose(law.cov[0, 1], x @ lattice @ (values - mean), atol=1e-6)
    assert not law.weighted
    z = np.sqrt(PATHS) * (deviations.mean(axis=1) / deviations.std(axis=1))
    assert np.abs(z).max() < 4.0
    product = deviations[0] * deviations[1]
    assert abs(product.mean() - law.cov[0, 1]) < 4.0 * product.std() / np.sqrt(PATHS)
    for value, share in table:
        hit = np.abs(deviations[1] + mean - value) < 1e-12
        assert abs(hit.mean() - share) < 4.0 * np.sqrt(share * (1 - share) / PATHS)


def test_a_table_beside_two_normal_margins() -> None:
    """Weights make the dependence the one of least relative entropy: correlations against a lattice of three axes."""
    root = np.array([[1.0, 0, 0], [0.7, 0.7, 0], [0.6, -0.5, 0.6]])
    cov, sd = root @ root.T, np.array([0.8, 0.6])
    table = ((-1.5, 0.5), (1.5, 0.5))
    law = fit_stated(cov, sd, np.zeros(1), [table])
    x = [np.linspace(-5.5, 5.5, 181) * s for s in sd]
    bells = [norm.pdf(axis / s) / norm.pdf(axis / s).sum() for axis, s in zip(x, sd, strict=True)]
    lattice = fit_lattice(cov, [*x, np.array([-1.5, 1.5])], [*bells, np.array([0.5, 0.5])])
    deviations, _ = drawn(law, 2)
    assert law.weighted
    assert law.grid is not None
    moments = np.vstack([margin_moments(deviations[:2] / sd[:, None]), law.grid.moments(deviations[2:])])
    weights = normalise(tilt(law.log_weight(deviations), moments))
    assert weights.sum() ** 2 / (weights**2).sum() > 0.8 * PATHS  # two far modes bend the dependence much
    points = np.stack(np.meshgrid(*x, np.array([-1.5, 1.5]), indexing="ij"))
    for i, j in ((0, 1), (0, 2), (1, 2)):
        expected = float((points[i] * points[j] * lattice).sum())
        product = deviations[i] * deviations[j]
        error = np.sqrt((((product - expected) * weights) ** 2).sum()) / PATHS
        assert abs((product * weights).mean() - expected) < 4.0 * error
    squares = deviations[0] ** 2 * deviations[1] ** 2
    expected = float((points[0] ** 2 * points[1] ** 2 * lattice).sum())
    assert (
        abs((squares * weights).mean() - expected)
        < 4.0 * np.sqrt((((squares - expected) * weights) ** 2).sum()) / PATHS
    )


def test_two_tables_beside_two_normal_margins_keep_every_margin() -> None:
    rng = np.random.default_rng(3)
    root = rng.standard_normal((4, 6))
    cov = root @ root.T
    tables = [((-1.0, 0.3), (0.0, 0.3), (2.0, 0.4)), ((0.5, 0.8), (1.5, 0.2))]
    means = np.array([sum(value * share for value, share in table) for table in tables])
    law = fit_stated(cov, np.array([0.5, 2.0]), means, tables)
    assert law.grid is not None
    for axis, table in enumerate(tables):
        for value, share in table:
            own = np.abs(law.grid.points[axis] + means[axis] - value) < 1e-12
            assert law.grid.probabilities[own].sum() == pytest.approx(share, abs=1e-10)
    deviations, _ = drawn(law, 3)
    hit = np.abs(deviations[2] + means[0] - 2.0) < 1e-12
    assert abs(hit.mean() - 0.4) < 4.0 * np.sqrt(0.24 / PATHS) + 1e-4  # the lattice rule is within 1e-4


def test_tables_with_too_many_combinations_are_refused() -> None:
    table = tuple((float(value), 1 / 30) for value in range(30))
    with pytest.raises(InputError, match="more than 500 combinations beside"):
        fit_stated(np.eye(3), np.ones(1), np.full(2, 14.5), [table, table])
