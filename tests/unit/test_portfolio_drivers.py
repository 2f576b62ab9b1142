"""What drives a book: every path taken apart in a plain loop, closed forms of options, sums to the summary."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from jpsim.analysis.books import draw_book, parse_book
from jpsim.analysis.books.derivatives import Option, Volatility, option_value
from jpsim.analysis.books.option_shares import share_option
from jpsim.analysis.books.revaluation import Revaluation
from jpsim.analysis.tail_means import TailBand, path_innovations, tail_drivers, tail_means
from jpsim.conditioning.stories import derive_story
from jpsim.model.store import load_model
from jpsim.months import Month
from jpsim.scenario import load_scenario
from jpsim.simulation.kernels.normals import SPECIFIC, fill_normals
from jpsim.simulation.sampling import Sampler
from tests.models import bent_model

PATHS, MONTHS, SEED = 1024, 6, 9
TEXT = """schema: jpsim/scenario@1
id: falling
as_of: 2026-01
conditions:
  usdjpy: {change: {6m: -10%}, kind: marginal, sd: 4%}
  jgb_10y: {change: {3m: +20bp}}
views: [{series: topix, at: 6m, mean: 1%, absorb: earnings}]
"""
BOOKS = {
    "yen": "id,weight\ntopix,0.7\ntse33_banks,0.5\ngrowth,-0.4\n",
    "stocks": "id,code,sector33,beta,volatility,weight\n,8306,7050,1.2,20%,0.4\n,7203,3700,0.9,25%,0.3\n"
    "topix,,,,,0.3\n",
    "dollars": "id,weight,currency\ntopix,0.7,USD unhedged\ntse33_banks,0.3,USD hedged\n",
    "restored": "# rebalancing: monthly\nid,weight,currency\ntopix,0.7,USD unhedged\ntse33_banks,0.3,USD hedged\n",
    "options": "id,instrument,strike,expiry,volatility,weight\ntopix,,,,,1\ntopix,put,95%,4m,,-0.5\n"
    "nikkei225,call,105%,9m,24%,0.3\ntse33_banks,future,,,,-0.2\n",
}


@pytest.fixture(scope="module")
def model():
    return load_model("japan_monthly").linear  # the plain loop is; terms stand in a test of their own


@pytest.fixture(scope="module", params=["gaussian", "student_t"])
def sampler(request, model, tmp_path_factory):
    path = tmp_path_factory.mktemp("drivers") / "falling.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return Sampler.of(derive_story(model, load_scenario(path), MONTHS, {}, "total"), request.param, SEED)


def book_of(name: str, model):
    return parse_book(BOOKS[name], "book.csv", model.series + model.aggregates, Month(2026, 1))


def drawn(name: str, model, sampler, **options):
    return draw_book(
        book_of(name, model), sampler, PATHS, weights=sampler.weights(PATHS), stories=(sampler.story,), **options
    )


@pytest.mark.parametrize("name", BOOKS)
def test_drivers_sum_to_mean_shortfall_and_their_books_components(name: str, model, sampler) -> None:
    held = drawn(name, model, sampler)
    statistics = held.sample.statistics
    np.testing.assert_allclose(held.drivers.mean.sum(axis=1), statistics["mean"][0], atol=1e-10)
    for tail in ("es95", "es99"):
        shares = held.drivers.tails[tail]
        np.testing.assert_allclose(shares.contribution.sum(axis=1), statistics[tail][0], atol=1e-10)
        assert (shares.error >= 0).all()
    one, two = (drawn(name, model, sampler, threads=threads) for threads in (1, 2))
    np.testing.assert_array_equal(one.drivers.tails["es95"].contribution, two.drivers.tails["es95"].contribution)


def naive(model, sampler, weights: dict[str, float], specific: float, *, restored: bool) -> tuple[tuple, np.ndarray]:
    """(D, paths) shares of a yen book's gain at the last month, one path and month after the other."""
    law, n, outputs = sampler.story.parts[0].law, len(model.factors), sampler.paths(0, PATHS)
    innovations = path_innovations(sampler.parts[0].law, outputs[:n])
    mix = np.vstack([np.eye(len(model.series)), model.aggregation])
    rows = {name: mix[(model.series + model.aggregates).index(name)] for name in weights}
    draws = fill_normals(SEED, SPECIFIC, 0, PATHS, MONTHS, 2)[:, 0] * specific / np.sqrt(12.0)
    names = (*model.factors, "earnings", "drift", "specific", "residual")
    out = np.zeros((len(names), PATHS))
    for path in range(PATHS):
        value, grown = 1.0, dict.fromkeys(weights, 1.0)
        for month in range(MONTHS):
            gained = 0.0
            for name, weight in weights.items():
                amount = weight * (value if restored else grown[name])
                gross = 1.0 + outputs[model.outputs.index(name), month, path]
                earned = gross / grown[name] - 1.0
                brought = amount * (rows[name] @ model.loadings) * innovations[:, month, path]
                earnings = amount * (rows[name] @ model.beta) * law.shift.earnings[month]
                drift = amount * rows[name] @ (model.alpha + law.dividends)
                out[:n, path] += brought
                out[n:, path] += earnings, drift, 0.0, amount * earned - brought.sum() - earnings - drift
                gained += amount * earned
                grown[name] = gross
            own = draws[month, path] * (value if restored else 1.0)
            out[-2, path] += own
            value += gained + own
    return names, out


@pytest.mark.parametrize("name", ["yen", "stocks", "dollars", "restored"])
def test_every_path_is_taken_apart_as_in_a_plain_loop(name: str, model, sampler) -> None:
    """Equities by series and month; what dollars add is the gain less that of the same book in yen."""
    weights = {"yen": {"topix": 0.7, "tse33_banks": 0.5, "growth": -0.4},
               "stocks": {"tse33_banks": 0.48, "tse33_transport_equip": 0.27, "topix": 0.3}}  # fmt: skip
    own = weights.get(name, {"topix": 0.7, "tse33_banks": 0.3})
    spread = np.hypot(0.4 * 0.2, 0.3 * 0.25) if name == "stocks" else 0.0
    names, expected = naive(model, sampler, own, spread, restored=name == "restored")
    held, share = drawn(name, model, sampler), sampler.weights(PATHS)
    share = np.ones(PATHS) if share is None else share
    place = {driver: number for number, driver in enumerate(held.drivers.names)}
    whole = expected.copy()
    for driver, row in zip(names, whole, strict=True):
        if driver in place:
            found = held.drivers.mean[-1, place[driver]]
            assert found == pytest.approx((share @ row) / share.sum(), abs=1e-10), driver
    revaluation = Revaluation.of(held.book, sampler)
    gain = revaluation.value(revaluation.gains(sampler.paths(0, PATHS), 0))[-1]
    beside = sum(held.drivers.mean[-1, place[driver]] for driver in ("translation", "hedge_carry") if driver in place)
    assert (share @ (gain - expected.sum(axis=0))) / share.sum() == pytest.approx(beside, abs=1e-10)


def test_shares_of_the_worst_paths_are_means_over_them(model, sampler) -> None:
    """Of 1,024 paths the tail is 51.2; between the worst 50 and the worst 53 lies what the histogram says."""
    names, parts = naive(model, sampler, {"topix": 0.7, "tse33_banks": 0.5, "growth": -0.4}, 0.0, restored=False)
    held, share = drawn("yen", model, sampler), sampler.weights(PATHS)
    share = np.ones(PATHS) if share is None else share
    worst = np.argsort(parts.sum(axis=0))
    inside = np.cumsum(share[worst]) <= 0.05 * share.sum()
    tail = worst[inside]
    found = held.drivers.tails["es95"].contribution[-1]
    largest = np.abs(parts[:, worst[: tail.size + 2]]).max(axis=1) * (
        share[worst[: tail.size + 2]].max() / share[tail].sum()
    )
    for driver, row, most in zip(names, parts, largest, strict=True):
        if driver in held.drivers.names:
            value = found[held.drivers.names.index(driver)]
            assert value == pytest.approx(-(share[tail] @ row[tail]) / share[tail].sum(), abs=3 * most + 1e-12)


def test_an_option_is_shared_as_all_orders_average() -> None:
    """Against the average over the six orders in which index, volatility and time may move (Shapley's definition)."""
    rng = np.random.default_rng(4)
    option = Option("put", 0.95, 3, Volatility(0.2), 0.02)
    index = np.cumprod(np.concatenate([np.ones((1, 5)), 1 + 0.06 * rng.standard_normal((4, 5))]), axis=0)
    rates, spreads = 0.01 + 0.002 * rng.random((5, 5)), 0.2 + 0.05 * rng.random((5, 5))
    shares = share_option(option, index, rates, spreads)
    for month in range(3):
        expected = np.zeros((3, 5))
        for order in itertools.permutations(range(3)):
            at = [month, month, month]
            for player in order:
                before = worth(option, index, rates, spreads, at)
                at[player] += 1
                expected[player] += (worth(option, index, rates, spreads, at) - before) / 6
        by_index = shares.exposure[month] * (index[month + 1] / index[month] - 1)
        found = np.stack([by_index, shares.volatility[month], shares.time_value[month]])
        np.testing.assert_allclose(found, expected, atol=1e-12)
    assert not any(values[3].any() for values in shares)  # it has expired


def worth(option: Option, index: np.ndarray, rates: np.ndarray, spreads: np.ndarray, at: list[int]) -> np.ndarray:
    moved, spread, later = at
    return option_value(option, index[moved], (option.expiry - later) / 12, rates[later], spreads[spread])


def test_a_small_move_of_the_index_is_its_delta() -> None:
    option = Option("call", 1.0, 6, Volatility(0.2), 0.0)
    index, still = np.array([[1.0], [1.0 + 1e-6]]), np.full((2, 1), 0.2)
    shares = share_option(option, index, np.full((2, 1), 0.01), still)
    left = [option_value(option, np.array([1 + side * 1e-4]), years, np.array([0.01]), np.array([0.2]))[0]
            for years in (0.5, 5 / 12) for side in (1, -1)]  # fmt: skip
    delta = (left[0] - left[1] + left[2] - left[3]) / 4e-4
    assert shares.exposure[0, 0] == pytest.approx(delta, abs=1e-5)
    assert shares.volatility[0, 0] == 0.0
    assert shares.time_value[0, 0] < 0.0


@pytest.mark.parametrize("bent", [False, True])
def test_the_book_of_one_index_has_the_drivers_of_that_index(bent: bool, model, tmp_path: Path) -> None:
    """Path by path, nonlinear terms included, its shares are the series' own."""
    path = tmp_path / "falling.yaml"
    path.write_text(TEXT, encoding="utf-8")
    model = bent_model(model) if bent else model
    sampler = Sampler.of(derive_story(model, load_scenario(path), MONTHS, {}, "total"), "student_t", SEED)
    book = parse_book("id,weight\ntopix,1\n", "book.csv", ("topix",))
    held = draw_book(book, sampler, PATHS, weights=sampler.weights(PATHS), stories=(sampler.story,))
    drivers, row = tail_drivers((sampler.story,)), (model.series + model.aggregates).index("topix")
    everything = TailBand(np.full((1, MONTHS), -np.inf), np.full((1, MONTHS), np.inf))
    found = tail_means(sampler, sampler.weights(PATHS), PATHS, [row], everything, drivers)[:, 0]
    assert held.drivers.names == drivers
    np.testing.assert_allclose(held.drivers.mean.T, found, atol=1e-10)


def test_a_long_put_gains_by_volatility_and_loses_by_time(model, tmp_path: Path) -> None:
    """In a fall its index share is a gain and so is the rise of implied volatility; time costs it."""
    path = tmp_path / "plain.yaml"
    path.write_text("schema: jpsim/scenario@1\nid: plain\n", encoding="utf-8")
    sampler = Sampler.of(derive_story(model, load_scenario(path), MONTHS, {}), "gaussian", SEED)
    text = "id,instrument,strike,expiry,volatility,weight\ntopix,,,,,1\ntopix,put,100%,12m,,1\n"
    book = parse_book(text, "book.csv", ("topix",), Month(2026, 1))
    held = draw_book(book, sampler, 4096, stories=(sampler.story,))
    bare = draw_book(
        parse_book("id,weight\ntopix,1\n", "book.csv", ("topix",)), sampler, 4096, stories=(sampler.story,)
    )
    place = held.drivers.names.index
    assert held.drivers.mean[-1, place("time_value")] < -0.005
    protected, naked = (one.drivers.tails["es95"].contribution[-1] for one in (held, bare))
    assert protected[place("sp500")] < naked[bare.drivers.names.index("sp500")]
    assert held.sample.statistics["es95"][0, -1] < 0.5 * bare.sample.statistics["es95"][0, -1]
