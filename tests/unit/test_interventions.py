"""The intervention rule against the frequencies that its prior was fitted to, and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from jpsim.simulation.interventions import intervention_risk


@pytest.mark.parametrize(("level", "low", "high"), [(150.0, 0.0, 0.08), (155.0, 0.03, 0.12), (160.0, 0.2, 0.45),
                                                    (162.0, 0.35, 0.65)])  # fmt: skip
def test_monthly_probability_at_a_level(level: float, low: float, high: float) -> None:
    risk = intervention_risk(np.full((1, 10), level), level, np.full(10, 0.1), 160.0)
    assert low < risk.probability[0] < high
    assert risk.error[0] == pytest.approx(0.0, abs=1e-15)


def test_probability_accumulates_over_months_and_weights_paths() -> None:
    levels = np.array([[160.0, 140.0], [160.0, 140.0]])
    risk = intervention_risk(levels, 160.0, np.array([0.25, 0.75]), 160.0)
    one = 1 / (1 + np.exp(0.74))
    calm = 1 / (1 + np.exp(0.74 + 0.74 * 10))
    expected = [0.25 * one + 0.75 * calm, 0.25 * (1 - (1 - one) ** 2) + 0.75 * (1 - (1 - calm) ** 2)]
    np.testing.assert_allclose(risk.probability, expected, rtol=1e-12)


def test_a_slide_makes_it_likelier() -> None:
    calm = intervention_risk(np.full((3, 1), 158.0), 158.0, np.ones(1), 160.0)
    slide = intervention_risk(np.array([[148.0], [153.0], [158.0]]), 143.0, np.ones(1), 160.0)
    assert slide.probability[2] - slide.probability[1] > 0
    assert 1 - (1 - slide.probability[2]) / (1 - slide.probability[1]) > 1 - (1 - calm.probability[2]) / (
        1 - calm.probability[1]
    )
