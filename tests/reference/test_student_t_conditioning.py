"""One month of Student-t shocks under a condition has a closed form: again Student-t.

Source: conditional distribution of the multivariate t, Ding (2016), doi:10.1080/00031305.2016.1164756.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student

from jpsim.conditioning.conditional import condition
from jpsim.conditioning.premium import Shift
from jpsim.conditioning.rows import Row
from jpsim.conditioning.scenario_law import ScenarioLaw
from jpsim.conditioning.stories import Story
from jpsim.conditioning.system import build_system
from jpsim.scenario import Scenario
from jpsim.simulation.sampling import Sampler
from tests.models import small_model

NU = 5.0
PATHS = 200_000


@pytest.mark.parametrize("distance", [0.3, 1.5, 4.0])
def test_one_month_is_the_conditional_student_t(distance: float) -> None:
    model = small_model(nu=NU)
    system = build_system(model, 1)
    scale = model.Sigma * (NU - 2.0) / NU  # the shocks have covariance Sigma
    weights, constant = system.level_row(0)
    mean = system.means[1][: len(model.factors)]
    value = mean[0] + distance * np.sqrt(model.Sigma[0, 0])
    row = Row("jgb_2y", 1, "hard", weights, constant, value, 0.0, -np.inf, np.inf, "jgb_2y", None)
    law = ScenarioLaw(Scenario(id="one_month"), condition(system, (row,)), Shift(np.zeros(1), np.zeros(1)), np.zeros(5))
    sampler = Sampler.of(Story.of(law), "student_t", 3)
    q = sampler.weights(PATHS)
    assert q is not None
    q = q / q.sum()
    drawn = sampler.paths(0, PATHS)[1, 0]

    slope = scale[1, 0] / scale[0, 0]
    squared = (value - mean[0]) ** 2 / scale[0, 0]
    spread = (NU + squared) / (NU + 1.0) * (scale[1, 1] - slope * scale[1, 0])
    oracle = student(NU + 1.0, loc=mean[1] + slope * (value - mean[0]), scale=np.sqrt(spread))
    for point in oracle.ppf([0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99]):
        below = (drawn <= point).astype(float)
        share = float(q @ below)
        error = np.sqrt(((below - share) ** 2) @ q**2)
        assert abs(share - oracle.cdf(point)) < 4.0 * error
