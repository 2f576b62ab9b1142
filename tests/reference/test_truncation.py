"""Truncated normal draws and probabilities against scipy's distributions and plain rejection."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm, truncnorm

from jpsim.conditioning.truncation import Reach, Truncation

NO_CHOICE = np.zeros((0, 1))
COV = np.array([[1.0, 0.7, 0.4], [0.7, 1.5, 0.9], [0.4, 0.9, 2.0]])


def test_one_range_is_scipys_truncated_normal() -> None:
    law = Truncation(np.array([1.0]), np.array([[4.0]]), np.array([2.0]), np.array([3.5]))
    u = np.linspace(0.001, 0.999, 51)
    values, log_weight = law.draw(norm.ppf(u)[None], NO_CHOICE)
    oracle = truncnorm(0.5, 1.25, loc=1.0, scale=2.0)
    np.testing.assert_allclose(oracle.cdf(values[0]), u, atol=1e-12)
    assert np.ptp(log_weight) == 0.0
    mean, cov = law.moments
    assert mean[0] == pytest.approx(oracle.mean(), abs=1e-4)
    assert cov[0, 0] == pytest.approx(oracle.var(), abs=1e-4)


@pytest.mark.parametrize(("low", "high"), [(9.0, 9.5), (-9.5, -9.0), (30.0, np.inf)])
def test_far_tails_keep_their_digits(low: float, high: float) -> None:
    law = Truncation(np.zeros(1), np.eye(1), np.array([low]), np.array([high]))
    values, _ = law.draw(norm.ppf([[0.1, 0.5, 0.9]]), NO_CHOICE)
    np.testing.assert_allclose(values[0], truncnorm(low, high).ppf([0.1, 0.5, 0.9]), rtol=1e-6)


def test_probability_of_a_box_is_scipys() -> None:
    low, high = np.array([0.0, -0.5, 0.5]), np.array([1.5, np.inf, 2.0])
    law = Truncation(np.array([0.2, 0.0, -0.3]), COV, low, high)
    oracle = multivariate_normal(law.mean, COV).cdf(np.minimum(high, 50.0), lower_limit=low)
    assert law.probability == pytest.approx(oracle, rel=2e-3)


def test_weighted_draws_are_the_rejected_law() -> None:
    rng = np.random.default_rng(11)
    low, high = np.array([0.0, -0.5, 0.5]), np.array([1.5, 3.0, 2.0])
    law = Truncation(np.zeros(3), COV, low, high)
    values, log_weight = law.draw(rng.standard_normal((3, 200_000)), NO_CHOICE)
    assert np.all((values >= low[:, None]) & (values <= high[:, None]))
    weight = np.exp(log_weight) / np.exp(log_weight).sum()
    free = rng.multivariate_normal(np.zeros(3), COV, 1_000_000)
    kept = free[np.all((free >= low) & (free <= high), axis=1)]
    mean = values @ weight
    error = np.sqrt(((values - mean[:, None]) ** 2) @ weight**2 + kept.var(axis=0) / len(kept))
    z = (mean - kept.mean(axis=0)) / error
    assert np.abs(z).max() < 4.0
    np.testing.assert_allclose(mean, law.moments[0], atol=4e-3)


@pytest.mark.parametrize("bounds", [(-np.inf, np.inf), (-1.0, 3.0)], ids=["free", "bounded"])
@pytest.mark.parametrize("several", [False, True], ids=["one", "two"])
def test_a_union_is_the_rejected_law(bounds: tuple[float, float], several: bool) -> None:
    """At least one of quantities beyond its own bound, covariances differing draw by draw, against plain rejection."""
    rng, count, high = np.random.default_rng(5), 100_000, np.array([1.0, 1.3, 1.8])
    reaches = [Reach((0, 2), high[[0, 2]], np.full(2, np.inf))]
    reaches += [Reach((1,), np.array([-np.inf]), np.array([0.5]))] if several else []
    law = Truncation(np.zeros(3), COV, np.full(3, bounds[0]), np.full(3, bounds[1]), tuple(reaches))
    scale = np.where(rng.uniform(size=count) < 0.5, 0.8, 1.3)  # as if months were wild or calm
    root = np.linalg.cholesky(COV)[:, :, None] * scale
    values, log_weight = law.draw(
        rng.standard_normal((3, count)), rng.uniform(size=(len(reaches), count)), np.full((3, count), 0.1), root
    )
    free = 0.1 + np.linalg.cholesky(COV) @ rng.standard_normal((3, 2_000_000)) * np.resize([0.8, 1.3], 2_000_000)
    keep = ((free >= bounds[0]) & (free <= bounds[1])).all(axis=0) & ((free[0] >= 1.0) | (free[2] >= 1.8))
    keep &= (free[1] <= 0.5) if several else True
    inside = (values >= bounds[0]) & (values <= bounds[1])
    assert inside.all()
    assert ((values[0] >= 1.0) | (values[2] >= 1.8)).all()
    weight = np.exp(log_weight)
    error = np.hypot(weight.std() / np.sqrt(count), keep.std() / np.sqrt(keep.size))
    assert abs(weight.mean() - keep.mean()) < 4 * error
    share, kept = weight / weight.sum(), free[:, keep]
    for power in (1, 2):
        mean = values**power @ share
        error = np.sqrt((values**power - mean[:, None]) ** 2 @ share**2 + (kept**power).var(axis=1) / keep.sum())
        assert np.abs((mean - (kept**power).mean(axis=1)) / error).max() < 4.0


def test_a_union_of_far_events_has_even_weights() -> None:
    """Weights lie between the largest probability and the sum of all, four standard deviations out as anywhere."""
    rng, bound = np.random.default_rng(6), np.full(3, 4.0) * np.sqrt(np.diag(COV))
    law = Truncation(np.zeros(3), COV, np.full(3, -np.inf), np.full(3, np.inf), (Reach((0, 1, 2), bound, bound + 99),))
    values, log_weight = law.draw(rng.standard_normal((3, 20_000)), rng.uniform(size=(1, 20_000)))
    assert (values >= bound[:, None]).any(axis=0).all()
    assert log_weight.max() <= np.log(3 * norm.sf(4.0)) + 1e-9
    assert log_weight.min() >= np.log(norm.sf(4.0)) - 1e-9


TIED = {
    "one sum": np.array([[-1.0, -1.0, -1.0]]),
    "two sums that share a quantity": np.array([[-1.0, -1.0, 0.0], [0.0, -1.0, -2.0]]),
}


@pytest.mark.parametrize("ties", TIED.values(), ids=TIED)
@pytest.mark.parametrize("reached", [False, True], ids=["bounded", "reached"])
def test_tied_quantities_are_the_rejected_law(ties: np.ndarray, reached: bool) -> None:
    """Quantities that follow from others, within bounds that bind: plain rejection of draws of the tied law."""
    rng, count, size = np.random.default_rng(7), 100_000, 3 + len(ties)
    mean = np.concatenate([np.full(3, 0.2), 0.3 + ties @ np.full(3, 0.2)])
    reaches = (Reach((0, 1, 3), np.full(3, 0.9), np.full(3, np.inf)),) if reached else ()
    law = Truncation(mean, COV, np.full(size, -1.5), np.full(size, 1.8), reaches, ties)
    values, log_weight = law.draw(rng.standard_normal((3, count)), rng.uniform(size=(len(reaches), count)))
    free = mean[:3, None] + np.linalg.cholesky(COV) @ rng.standard_normal((3, 2_000_000))
    free = np.concatenate([free, mean[3:, None] + ties @ (free - mean[:3, None])])
    keep = ((free >= -1.5) & (free <= 1.8)).all(axis=0) & (not reached or (free[[0, 1, 3]] >= 0.9).any(axis=0))
    weight = np.exp(log_weight)
    inside = ((values >= -1.5 - 1e-9) & (values <= 1.8 + 1e-9)).all(axis=0)
    assert inside[weight > 1e-200].all()
    assert inside.mean() > (0.999 if len(ties) == 1 else 0.5)
    np.testing.assert_allclose(values[3:] - mean[3:, None], ties @ (values[:3] - mean[:3, None]), atol=1e-8)
    error = np.hypot(weight.std() / np.sqrt(count), keep.std() / np.sqrt(keep.size))
    assert abs(weight.mean() - keep.mean()) < 4 * error
    share, kept = weight / weight.sum(), free[:, keep]
    for power in (1, 2):
        found = values**power @ share
        error = np.sqrt((values**power - found[:, None]) ** 2 @ share**2 + (kept**power).var(axis=1) / keep.sum())
        assert np.abs((found - (kept**power).mean(axis=1)) / error).max() < 4.0


def test_a_tied_union_has_even_weights_and_no_draw_outside() -> None:
    """At least one of three quantities with a known sum beyond four standard deviations."""
    rng, ties = np.random.default_rng(8), np.array([[-1.0, -1.0]])
    cov, bound = np.array([[2.0, -1.0], [-1.0, 2.0]]) / 3, np.full(3, 4.0) * np.sqrt(2 / 3)
    law = Truncation(
        np.zeros(3), cov, np.full(3, -np.inf), np.full(3, np.inf), (Reach((0, 1, 2), bound, bound + 99),), ties
    )
    values, log_weight = law.draw(rng.standard_normal((2, 20_000)), rng.uniform(size=(1, 20_000)))
    assert (values >= bound[:, None] - 1e-12).any(axis=0).all()
    np.testing.assert_allclose(values.sum(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(log_weight, np.log(3 * norm.sf(4.0)), atol=1e-9)  # two at once are out of reach
