"""What a book earns and loses on paths: against normal closed forms and plain numpy on the same paths."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from jpsim.analysis.books import Threshold, append_book, components_table, draw_book, parse_book
from jpsim.conditioning.stories import derive_story
from jpsim.errors import InputError, Stopped
from jpsim.scenario import load_scenario
from jpsim.simulation.sampling import Sampler
from tests.models import small_model

MONTHS = 3
KNOWN = ("topix", "banks", "small")
MEAN = np.array([0.01, 0.02, 0.0])
ROOT = np.array([[0.05, 0.0, 0.0], [0.06, 0.03, 0.0], [0.05, 0.01, 0.04]])


class NormalSampler:
    """Three series whose cumulative returns are normal, independent between months, and a rate of exchange.

    Drawn from ``N(shift, 1)`` instead of ``N(0, 1)`` if asked, with the importance weights beside it.
    """

    id = "normal"
    seed = 3

    def __init__(self, paths: int, seed: int, shift: float = 0.0) -> None:
        rng = np.random.default_rng(seed)
        z = rng.standard_normal((3, MONTHS, paths)) + shift
        months = np.sqrt(np.arange(1, MONTHS + 1))[:, None]
        returns = MEAN[:, None, None] + np.einsum("ij,jhm->ihm", ROOT, z) * months
        rate = 150.0 * np.exp(0.05 * rng.standard_normal((1, MONTHS, paths)))
        self.outputs = np.concatenate([rate, returns])
        self.weights = np.exp(-shift * z.sum(axis=(0, 1)) + 1.5 * MONTHS * shift**2)
        model = SimpleNamespace(outputs=("usdjpy", *KNOWN))
        system = SimpleNamespace(system=SimpleNamespace(model=model))
        self.story = SimpleNamespace(parts=[SimpleNamespace(law=SimpleNamespace(conditional=system))])
        start = np.array([150.0, 0.0, 0.0, 0.0])
        self.laws = [SimpleNamespace(dynamics=None, mixing=None, equity=None, levels=None, start=start,
                                     low=np.zeros((4, MONTHS)), reported=np.arange(1, MONTHS + 1))]  # fmt: skip

    def paths(self, first: int, count: int) -> np.ndarray:
        return self.outputs[:, :, first : first + count]


def drawn(text: str, sampler: Any, paths: int, **options: Any) -> Any:
    return draw_book(parse_book(text, "book.csv", KNOWN), sampler, paths, **options)


LONG_SHORT = "id,weight\ntopix,0.7\nbanks,0.6\nsmall,-0.4\n"
WEIGHTS = np.array([0.7, 0.6, -0.4])


def closed_form(month: int, share: float = 0.05) -> tuple[float, float, np.ndarray, float]:
    """Mean, sd, component shortfalls and value at risk of the normal book."""
    cov = ROOT @ ROOT.T * month
    sd = float(np.sqrt(WEIGHTS @ cov @ WEIGHTS))
    tail = norm.pdf(norm.ppf(share)) / share
    components = WEIGHTS * (-MEAN + cov @ WEIGHTS / sd * tail)
    return float(WEIGHTS @ MEAN), sd, components, -float(WEIGHTS @ MEAN) - norm.ppf(share) * sd


def test_normal_book_against_its_closed_form() -> None:
    paths = 200_000
    limits = [Threshold(2, 0.05), Threshold(3, 0.2)]
    sample = drawn(LONG_SHORT, NormalSampler(paths, 1), paths, thresholds=limits)
    statistics, errors = sample.sample.statistics, sample.sample.errors
    for month in range(1, MONTHS + 1):
        mean, sd, components, var = closed_form(month)
        expected = {"mean": mean, "sd": sd, "var95": var, "es95": components.sum(), "q50": mean,
                    "es99": closed_form(month, 0.01)[2].sum(), "p_loss": norm.cdf(-mean / sd)}  # fmt: skip
        for name, value in expected.items():
            z = (statistics[name][0, month - 1] - value) / errors[name][0, month - 1]
            assert abs(z) < 4.0, (name, month, z)
        z = (sample.components[:, month - 1] - components) / sample.component_errors[:, month - 1]
        assert np.abs(z).max() < 4.0
    for threshold, probability, error in sample.breaches:
        mean, sd, _, _ = closed_form(threshold.month)
        assert abs(probability - norm.cdf((-threshold.loss - mean) / sd)) < 4.0 * error


@pytest.mark.parametrize("shift", [0.0, -0.25])
def test_components_sum_to_the_shortfall_also_with_weights(shift: float) -> None:
    paths = 30_000
    sampler = NormalSampler(paths, 2, shift)
    weights = None if shift == 0.0 else sampler.weights
    for text in (LONG_SHORT, "# rebalancing: monthly\n" + LONG_SHORT):
        sample = drawn(text, sampler, paths, weights=weights)
        assert np.abs(sample.components.sum(axis=0) - sample.sample.statistics["es95"][0]).max() < 1e-10


def test_errors_of_components_cover_the_closed_form() -> None:
    """Over 300 samples z-scores have sd 1: with equal weights, and with importance weights."""
    paths, month = 4096, 2
    components = closed_form(month)[2]
    for shift in (0.0, -0.15):
        z, whole = [], []
        for seed in range(300):
            sampler = NormalSampler(paths, 100 + seed, shift)
            sample = drawn(LONG_SHORT, sampler, paths, weights=None if shift == 0.0 else sampler.weights)
            z.append((sample.components[:, month - 1] - components) / sample.component_errors[:, month - 1])
            value, error = (part["es95"][0, month - 1] for part in (sample.sample.statistics, sample.sample.errors))
            whole.append((value - components.sum()) / error)
        spread = np.std(np.column_stack([z, whole]), axis=0)
        assert (np.abs(spread - 1.0) < 0.16).all(), spread  # four errors of an sd over 300 samples
        assert (np.abs(np.mean(z, axis=0)) < 0.35).all()


def test_marginal_is_the_slope_of_the_shortfall() -> None:
    paths, step = 100_000, 0.02
    sampler = NormalSampler(paths, 3)
    sample = drawn(LONG_SHORT, sampler, paths)
    more, less = (
        drawn(f"id,weight\ntopix,{0.7 + change!r}\nbanks,0.6\nsmall,-0.4\n", sampler, paths).sample.statistics["es95"]
        for change in (step, -step)
    )
    np.testing.assert_allclose(sample.marginal[0], (more - less)[0] / (2 * step), rtol=0.03)


@pytest.fixture(scope="module")
def small_sampler(tmp_path_factory: pytest.TempPathFactory) -> Sampler:
    path = tmp_path_factory.mktemp("scenarios") / "plain.yaml"
    path.write_text("schema: jpsim/scenario@1\nid: plain\nstate: {usdjpy: 150}\n", encoding="utf-8")
    return Sampler.of(derive_story(small_model(), load_scenario(path), 6, {}), "student_t", 11)


def naive(sampler: Sampler, legs: dict[str, float], paths: int, *, unhedged: bool, monthly: bool) -> np.ndarray:
    """(6, paths) gains, month by month on each path's own returns."""
    model = sampler.story.parts[0].law.conditional.system.model
    outputs = sampler.paths(0, paths)
    wealth, sizes, value = np.ones(paths), {name: np.full(paths, weight) for name, weight in legs.items()}, []
    cash = np.full(paths, 1.0 - sum(legs.values()))
    before = {name: np.ones(paths) for name in legs}
    rate = np.full(paths, 150.0)
    for month in range(6):
        now = outputs[model.factor("usdjpy"), month]
        for name in legs:
            gross = 1.0 + outputs[model.outputs.index(name), month]
            growth = gross / before[name] * (rate / now if unhedged else 1.0)
            sizes[name] = sizes[name] * growth
            before[name] = gross
        rate = now
        wealth = cash + sum(sizes.values())
        value.append(wealth - 1.0)
        if monthly:
            sizes = {name: weight * wealth for name, weight in legs.items()}
            cash = (1.0 - sum(legs.values())) * wealth
    return np.array(value)


@pytest.mark.parametrize("currency", ["JPY", "USD hedged", "USD unhedged"])
@pytest.mark.parametrize("rebalancing", ["none", "monthly"])
def test_paths_of_a_book_against_a_naive_account(small_sampler: Sampler, currency: str, rebalancing: str) -> None:
    legs, paths = {"topix": 0.5, "tse33_banks": 0.8, "small": -0.5}, 5000
    text = f"# rebalancing: {rebalancing}\n# hedge: free\nid,weight,currency\n"
    text += "".join(f"{name},{weight},{currency}\n" for name, weight in legs.items())
    book = parse_book(text, "book.csv", tuple(legs))
    sample = draw_book(book, small_sampler, paths, thresholds=[Threshold(4, 0.05)])
    value = naive(small_sampler, legs, paths, unhedged=currency == "USD unhedged", monthly=rebalancing == "monthly")
    statistics, histogram = sample.sample.statistics, sample.sample.histogram
    np.testing.assert_allclose(statistics["mean"][0], value.mean(axis=1), atol=1e-12)
    np.testing.assert_allclose(statistics["sd"][0], value.std(axis=1), atol=1e-12)
    np.testing.assert_allclose(statistics["p_loss"][0], (value < 0).mean(axis=1), atol=1e-12)
    width = (histogram.high - histogram.low)[0].max() / histogram.counts.shape[2]
    ordered = np.sort(value, axis=1)
    np.testing.assert_allclose(statistics["es95"][0], -ordered[:, : paths // 20].mean(axis=1), atol=width)
    assert sample.breaches[0][1] == pytest.approx((value[3] < -0.05).mean(), abs=1e-12)
    wealth = np.vstack([np.ones(paths), 1.0 + value])
    falls = [max(1.0 - path[late] / path[: late + 1].max() for late in range(7)) for path in wealth.T]
    assert sample.drawdown["mean"][0] == pytest.approx(np.mean(falls), abs=1e-12)
    assert sample.drawdown["q95"][0] == pytest.approx(np.quantile(falls, 0.95), abs=0.003)


def test_a_book_of_one_series_is_that_series(small_sampler: Sampler) -> None:
    paths = 20_000
    sample, _ = small_sampler.draw(paths)
    alone = draw_book(parse_book("id,weight\ntopix,1\n", "b", ("topix",)), small_sampler, paths)
    whole = append_book(sample, alone)
    np.testing.assert_allclose(alone.component_errors, alone.sample.errors["es95"], rtol=5e-3)
    topix = len(sample.histogram.low) - 1
    assert whole.histogram.squares is whole.histogram.counts
    for name in sample.statistics:
        scale = sample.errors[name][topix]
        assert (np.abs(whole.statistics[name][-1] - whole.statistics[name][topix]) < 0.15 * scale + 1e-12).all(), name
        np.testing.assert_allclose(whole.errors[name][-1], whole.errors[name][topix], rtol=0.15)


def test_threads_change_no_bit(small_sampler: Sampler) -> None:
    book = parse_book("id,weight\ntopix,.4\nsmall,.6\n", "b", ("topix", "small"))
    one, two = (draw_book(book, small_sampler, 40_000, threads=threads) for threads in (1, 2))
    assert one.components.tobytes() == two.components.tobytes()
    for name in one.sample.statistics:
        assert one.sample.statistics[name].tobytes() == two.sample.statistics[name].tobytes()


def test_a_book_that_is_hedged_whole_cannot_move() -> None:
    sampler = NormalSampler(4096, 5)
    sample = drawn("id,code,sector33,weight\ntopix,,,0.5\nbanks,,,0\nsmall,,,0.5\n", sampler, 4096)
    assert sample.components[1].tolist() == [0.0] * MONTHS
    text = "# hedge: free\nid,weight,currency\ntopix,-1,USD hedged\ntopix,1,USD unhedged\n"
    sampler.outputs[0] = 150.0
    flat = drawn(text, sampler, 4096)
    for name, value in flat.sample.statistics.items():
        assert np.abs(value).max() < 1e-12, name
    assert np.abs(flat.components.sum(axis=0)).max() < 1e-12


def test_unhedged_dollars_need_the_exchange_rate() -> None:
    sampler = NormalSampler(4096, 6)
    sampler.story.parts[0].law.conditional.system.model.outputs = ("other", *KNOWN)
    with pytest.raises(InputError, match="no factor usdjpy"):
        drawn("id,weight,currency\ntopix,1,USD unhedged\n", sampler, 4096)


def test_drawing_stops_when_asked() -> None:
    with pytest.raises(Stopped):
        drawn(LONG_SHORT, NormalSampler(4096, 7), 4096, stop=lambda: True)


def test_the_table_of_components_has_a_row_for_every_position() -> None:
    sampler = NormalSampler(8192, 8)
    samples = {name: drawn(LONG_SHORT, sampler, 8192) for name in ("first", "second")}
    frame = components_table(samples).to_pandas()
    assert len(frame) == 2 * MONTHS * 3
    chosen = frame[(frame.scenario == "second") & (frame.month == 2)].set_index("position")
    assert chosen.loc[["topix", "banks", "small"], "component"].tolist() == samples["second"].components[:, 1].tolist()
    assert (frame.component == frame.weight * frame.marginal).all()
