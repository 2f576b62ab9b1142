"""Announced policy paths against dense closed forms and brute force.

Sources: the conditional normal law of the stacked shocks given the month's news of the two-year yield (Waggoner and
Zha 1999, doi:10.1162/003465399558508), written out with dense matrices from the model's arrays; the expectation of
the policy rate by iterating the model's equations; unconditional paths in numpy, kept where that news comes near.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from jpsim.analysis.attribution import attribute_means, attribution_drivers
from jpsim.conditioning.announcement import announce
from jpsim.conditioning.conditional import condition
from jpsim.conditioning.meetings import EXPECTED_RATE, POLICY_RATE
from jpsim.conditioning.rows import Row
from jpsim.conditioning.scenario_law import ScenarioLaw, derive_law
from jpsim.conditioning.stories import Story, derive_story
from jpsim.conditioning.system import System, build_system
from jpsim.model import Model
from jpsim.model.store import load_model
from jpsim.scenario import Scenario, load_scenario
from jpsim.simulation.sampling import Sampler
from tests.models import regime_model, small_model

HORIZON = 7
LEVELS = np.array([0.75, 0.75, 1.0, 1.0, 1.0, 1.25, 1.25])
NAMES = ("monetary_policy", "demand")


def story(folder: Path, when: str, rest: str = "") -> Scenario:
    text = (
        "schema: jpsim/scenario@1\nid: told\nas_of: 2026-01-30\nconditions:\n"
        "  boj_policy_rate: {level: {2026-04: 1.00%, 2026-07: 1.25%, 2026-08: 1.25%}, fill: step, "
        f"announced: {when}}}\n{rest}"
    )
    (folder / "told.yaml").write_text(text, encoding="utf-8")
    return load_scenario("told", folder)


def expected_rate(model: Model, state: np.ndarray, months: int) -> np.ndarray:
    """Mean of the policy rate in the next months from (p, n) past observations, latest last."""
    past, found = [*state], []
    for _ in range(months):
        past.append(model.c + sum(model.B[k] @ past[-1 - k] for k in range(model.lags)))
        found.append(past[-1][model.factor(POLICY_RATE)])
    return np.array(found)


def dense(system: System) -> tuple[np.ndarray, np.ndarray]:
    """Means (h, n) and derivatives (h, n, h n) of the observations with respect to all shocks."""
    model, h, n = system.model, system.horizon, len(system.model.factors)
    root, past = np.linalg.cholesky(model.Sigma), [(one, np.zeros((n, h * n))) for one in model.state]
    for t in range(h):
        mean = model.c + sum(model.B[k] @ past[-1 - k][0] for k in range(model.lags))
        moved = sum(model.B[k] @ past[-1 - k][1] for k in range(model.lags))
        moved[:, t * n : (t + 1) * n] += root
        past.append((mean, moved))
    return np.array([one for one, _ in past[model.lags :]]), np.array([one for _, one in past[model.lags :]])


def priced(model: Model) -> Model:
    """The same model without loadings on the policy rows, as in the shipped one, and its rate on the grid of steps."""
    rows = [model.factor(name) for name in (POLICY_RATE, EXPECTED_RATE)]
    loadings, state, base_level = model.loadings.copy(), model.state.copy(), model.base_level.copy()
    loadings[:, rows], state[:, rows], base_level[rows] = 0.0, 0.75, 0.75
    return replace(model, loadings=loadings, state=state, base_level=base_level)


def with_shocks(plain: Model) -> Model:
    n = len(plain.factors)
    rotation, _ = np.linalg.qr(np.random.default_rng(9).standard_normal((n - 2, 2)))
    directions = np.vstack([rotation, np.zeros((2, 2))])  # none of them is the policy rows' own
    return replace(plain, shocks=NAMES, impacts=np.linalg.cholesky(plain.Sigma) @ directions)


def free_rows(model: Model) -> list[int]:
    return [i for i, name in enumerate(model.factors) if name not in (POLICY_RATE, EXPECTED_RATE)]


@pytest.mark.parametrize("drivers", [(), ("demand",), NAMES])
def test_an_announcement_at_once_is_the_closed_form_given_the_news(tmp_path: Path, drivers: tuple[str, ...]) -> None:
    model = with_shocks(priced(small_model()))
    rest = f"drivers: [{', '.join(drivers)}]\n" if drivers else ""
    law = derive_law(model, story(tmp_path, "1m", rest), HORIZON, {})
    expected = expected_rate(model, model.state, 25)
    departure = np.full(25, LEVELS[-1] - expected[HORIZON - 1])
    departure[:HORIZON] = LEVELS - expected[:HORIZON]
    assert law.announcement is not None
    assert law.announcement.move == pytest.approx(departure[1:].mean(), abs=1e-12)
    system, n = build_system(model, HORIZON), len(model.factors)
    mean, derivative = dense(system)
    row = np.zeros(HORIZON * n)
    row[:n] = np.linalg.cholesky(model.Sigma)[0]
    along = np.eye(HORIZON * n)
    if drivers:
        named = np.linalg.solve(np.linalg.cholesky(model.Sigma), model.impacts[:, [NAMES.index(d) for d in drivers]])
        basis, _ = np.linalg.qr(named)
        along = np.kron(np.eye(HORIZON), basis @ basis.T)
    gain = along @ row / (row @ along @ row)
    left = np.eye(row.size) - np.outer(gain, row)
    cov, kept = left @ left.T, free_rows(model)
    for t in range(HORIZON):
        wanted = mean[t] + derivative[t] @ gain * law.announcement.move
        spread = derivative[t] @ cov @ derivative[t].T
        np.testing.assert_allclose(law.conditional.moments.mean[t, kept], wanted[kept], atol=1e-9)
        np.testing.assert_allclose(
            law.conditional.moments.cov[t][np.ix_(kept, kept)], spread[np.ix_(kept, kept)], atol=1e-9
        )
        for name in (POLICY_RATE, EXPECTED_RATE):
            assert law.conditional.moments.mean[t, model.factor(name)] == pytest.approx(LEVELS[t], abs=1e-12)
            assert law.conditional.moments.cov[t, model.factor(name), model.factor(name)] == pytest.approx(0, abs=1e-12)
    later = law.conditional.shock_cov[n:, n:]
    np.testing.assert_allclose(later, np.eye(later.shape[0]), atol=1e-12)  # shocks to come keep their law
    np.testing.assert_allclose(law.conditional.mean_shocks[1:], 0.0, atol=1e-12)
    assert law.conditional.plausibility.rows == 1


def test_a_later_announcement_is_news_on_top_of_what_came_before(tmp_path: Path) -> None:
    """The steps before it are surprises; the news itself moves nothing before its month."""
    model = priced(small_model())
    law = derive_law(model, story(tmp_path, "5m"), HORIZON, {})
    system, n = build_system(model, HORIZON), len(model.factors)
    mean, derivative = dense(system)
    target = model.factor(POLICY_RATE)
    meetings = {2: 0.75, 3: 1.0}  # March and April; nothing is decided in February and May
    rows = np.array([derivative[month - 1, target] for month in meetings])
    gap = np.array([value - mean[month - 1, target] for month, value in meetings.items()])
    gain = np.linalg.solve(rows @ rows.T, rows).T
    surprised = gain @ gap
    past = np.vstack([model.state, mean[:4] + derivative[:4] @ surprised])
    expected = expected_rate(model, past, 25)
    departure = np.full(25, 1.25 - expected[2])
    departure[:3] = [1.0 - expected[0], 1.25 - expected[1], 1.25 - expected[2]]
    assert law.announcement is not None
    assert law.announcement.move == pytest.approx(departure[1:].mean(), abs=1e-9)
    news = np.zeros(HORIZON * n)
    news[4 * n : 5 * n] = np.linalg.cholesky(model.Sigma)[0]
    rows = np.vstack([rows, news])
    gain = np.linalg.solve(rows @ rows.T, rows).T
    shocks = gain @ np.append(gap, law.announcement.move)
    left = np.eye(HORIZON * n) - gain @ rows
    kept = free_rows(model)
    for t in range(HORIZON):
        spread = derivative[t] @ left @ derivative[t].T
        np.testing.assert_allclose(
            law.conditional.moments.mean[t, kept], (mean[t] + derivative[t] @ shocks)[kept], atol=1e-9
        )
        np.testing.assert_allclose(
            law.conditional.moments.cov[t][np.ix_(kept, kept)], spread[np.ix_(kept, kept)], atol=1e-9
        )
    np.testing.assert_allclose(law.conditional.mean_shocks[:4].ravel(), surprised[: 4 * n], atol=1e-9)
    assert law.conditional.recursion is not None


@pytest.mark.parametrize("innovations", ["gaussian", "stochastic_volatility"])
def test_news_beside_other_conditions_agrees_with_brute_force(tmp_path: Path, innovations: str) -> None:
    """An announcement in month 3 and a measured ten-year yield, against paths kept where the news comes near."""
    model, horizon, month = priced(small_model(nu=6.0)), 4, 3
    rest = "  jgb_10y: {level: {4m: 2.4%}, kind: measurement, sd: 15bp}\n"
    scenario = story(tmp_path, "3m", rest).condition(
        POLICY_RATE, level={"2026-04": "0.80%", "2026-05": "0.80%"}, fill="step", announced="3m"
    )
    law = derive_law(model, scenario, horizon, {})
    assert law.announcement is not None
    rng, count = np.random.default_rng(17), 1_000_000
    n, root = len(model.factors), np.linalg.cholesky(model.Sigma)
    past = [np.repeat(one[:, None], count, axis=1) for one in model.state]
    v, news = np.full(count, model.sv_start), np.zeros(count)
    for t in range(1, horizon + 1):
        square = np.ones(count)
        if innovations != "gaussian":
            v = model.sv_phi * v + model.sv_sigma * rng.standard_normal(count)
            square = np.exp(v - model.sv_sigma**2 / (2 * (1 - model.sv_phi**2)))
            square *= (model.nu - 2) / rng.chisquare(model.nu, count)
        u = root @ rng.standard_normal((n, count)) * np.sqrt(square)
        news = u[0] if t == month else news
        past.append(model.c[:, None] + sum(model.B[k] @ past[-1 - k] for k in range(model.lags)) + u)
    sd = np.sqrt(model.Sigma[0, 0])
    weight = np.exp(-0.5 * ((past[-1][1] - 2.4) / 0.15) ** 2) * (np.abs(news - law.announcement.move) < 0.05 * sd)
    if meeting := [row for row in law.conditional.table.rows if row.name == POLICY_RATE and not row.news]:
        (held,) = meeting  # March: the rate stays, which is a surprise by itself
        near = np.abs(past[model.lags + held.month - 1][model.factor(POLICY_RATE)] - held.value) < 0.01
        weight = weight * near
    weight /= weight.sum()
    sampler = Sampler.of(Story.of(law), innovations, 5)  # type: ignore[arg-type]
    drawn, ours = sampler.paths(0, 60_000), sampler.weights(60_000)
    shares = np.full(60_000, 1 / 60_000) if ours is None else ours / ours.sum()
    for factor, at in ((0, 2), (0, 3), (1, 2), (1, 3), (4, 3)):
        theirs, values = past[model.lags + at][factor], drawn[factor, at]
        values = 100 * np.log(values) if model.transform[factor] == "log100" else values
        for power in (1, 2):
            centre = weight @ theirs if power == 2 else 0.0
            one, other = (theirs - centre) ** power, (values - centre) ** power
            a, b = weight @ one, shares @ other
            error = np.sqrt(weight**2 @ (one - a) ** 2 + shares**2 @ (other - b) ** 2)
            assert abs(a - b) < 4 * error, (factor, at, power, a, b, error)
    np.testing.assert_allclose(drawn[model.factor(POLICY_RATE), 2:], 0.8, atol=1e-6)


@pytest.mark.parametrize("last", [1, 12, 30])
def test_a_path_that_is_expected_already_is_no_news(last: int) -> None:
    model = load_model("japan_monthly")
    system = build_system(model, 30)
    weights, constant = system.level_row(model.factor(POLICY_RATE))
    told = [
        Row(POLICY_RATE, t, "hard", weights, constant, value, 0.0, -np.inf, np.inf, "", None, announced=1)
        for t, value in enumerate(expected_rate(model, model.state, last), start=1)
    ]
    followed, announcement = announce(system, system, [], told)
    assert announcement.move == pytest.approx(0.0, abs=1e-12)
    assert announcement.last == last
    law = condition(followed, (announcement.row,))
    np.testing.assert_allclose(law.moments.mean, system.means[1:], atol=1e-9)
    assert law.plausibility.distance == pytest.approx(0.0, abs=1e-12)


def test_announced_hikes_move_markets_once() -> None:
    """Against the surprise version: the two-year yield, banks and the yen move in month 1, and little after it."""
    model, library = load_model("japan_monthly"), {"baseline": load_scenario("baseline")}
    reference = derive_law(model, library["baseline"], 12, library)
    moved = {}
    for name in ("boj_hike_announced_policy_shock", "boj_hike_policy_shock"):
        law = derive_law(model, load_scenario(name), 12, library)
        moved[name] = law.conditional.mean_innovations - reference.conditional.mean_innovations
    banks = model.loadings[model.series.index("tse33_banks")]
    for exposure in (np.eye(len(model.factors))[0], np.eye(len(model.factors))[model.factor("usdjpy")], banks):
        once, steps = (np.abs(one @ exposure) for one in moved.values())
        assert once[0] > 0.99 * once.sum()
        assert steps[0] < 0.2 * steps.sum()


@pytest.mark.parametrize("innovations", ["gaussian", "student_t", "stochastic_volatility"])
def test_every_path_follows_the_announcement_in_every_regime(tmp_path: Path, innovations: str) -> None:
    model = priced(regime_model())
    sampler = Sampler.of(
        derive_story(model, story(tmp_path, "2m"), HORIZON, {}, divided=True),
        innovations,
        3,  # type: ignore[arg-type]
    )
    assert len(sampler.parts) == 2
    drawn = sampler.paths(0, 20_000)
    np.testing.assert_allclose(drawn[model.factor(POLICY_RATE), 1:], np.repeat(LEVELS[1:, None], 20_000, 1), atol=1e-6)


def test_parameter_draws_each_price_the_path_themselves(tmp_path: Path) -> None:
    model = load_model("japan_monthly")
    parts = derive_story(model, story(tmp_path, "1m"), HORIZON, {}, drawn=True).parts
    moves = [part.law.announcement.move for part in parts if part.law.announcement is not None]
    assert len(moves) == len(parts)
    assert np.ptp(moves) > 0.01
    for part in parts[:3]:
        own = part.law.conditional.system.model
        expected = expected_rate(own, own.state, 25)
        departure = np.full(25, LEVELS[-1] - expected[HORIZON - 1])
        departure[:HORIZON] = LEVELS - expected[:HORIZON]
        assert part.law.announcement is not None
        assert part.law.announcement.move == pytest.approx(departure[1:].mean(), abs=1e-9)


@pytest.mark.parametrize("by", ["factor", "shock"])
def test_attribution_of_an_announcement_sums_to_the_sample(tmp_path: Path, by: str) -> None:
    """What the closed form leaves of the sampled difference is Monte Carlo error."""
    model = with_shocks(priced(small_model()))
    laws: list[ScenarioLaw] = [
        derive_law(model, Scenario(id="plain"), HORIZON, {}),
        derive_law(model, story(tmp_path, "1m", "drivers: [demand]\n"), HORIZON, {}),
    ]
    stories = tuple(Story.of(law) for law in laws)
    rows, count = [0, 5], 40_000
    outputs = [len(model.factors) + row for row in rows]
    one, other = (Sampler.of(each, "gaussian", 4, plain=True).paths(0, count)[outputs] for each in stories)
    drivers = attribution_drivers(stories, by)  # type: ignore[arg-type]
    sampled = (other - one).mean(axis=2)
    weights = np.eye(len(model.series) + len(model.aggregates))[rows]
    shares = attribute_means(*stories, sampled, weights, drivers, by)  # type: ignore[arg-type]
    np.testing.assert_allclose(shares.sum(axis=0), sampled, atol=1e-12)
    error = (other - one).std(axis=2) / np.sqrt(count)
    assert np.all(np.abs(shares[-1]) < 4 * error)
    if by == "shock":
        assert np.abs(shares[drivers.index("demand")]).max() > 10 * np.abs(shares[-1]).max()
