"""Single stocks, hedges, futures and options in a book: against accounts kept path by path, and QuantLib."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import norm

from jpsim.analysis.books import Book, BookSample, draw_book, parse_book, take_in_book
from jpsim.analysis.books.derivatives import Option, Volatility, contract_of, option_value, vix_elasticity
from jpsim.analysis.books.revaluation import Revaluation
from jpsim.errors import InputError, ResourceError
from jpsim.months import Month
from jpsim.scenario import load_run
from jpsim.simulation.kernels.normals import SPECIFIC, fill_normals
from tests.models import small_model

MONTHS, SEED = 4, 7
FACTORS = ("usdjpy", "vix", "boj_policy_rate", "us_policy_rate")
SERIES = ("topix", "nikkei225", "growth", "tse33_banks", "tse33_transport_equip")
START = np.array([150.0, 20.0, 0.75, 3.75])


class Market:
    """Random paths of four factors and five series, whose law does not matter."""

    id = "market"
    seed = SEED

    def __init__(self, paths: int) -> None:
        rng = np.random.default_rng(5)
        steps = np.array([0.03, 0.15, 0.0, 0.0])[:, None, None] * rng.standard_normal((4, MONTHS, paths))
        factors = START[:, None, None] * np.exp(np.cumsum(steps, axis=1))
        factors[2:] += 0.1 * np.cumsum(rng.standard_normal((2, MONTHS, paths)), axis=1)
        monthly = 0.005 + 0.05 * rng.standard_normal((5, MONTHS, paths))
        self.outputs = np.concatenate([factors, np.cumprod(1.0 + monthly, axis=1) - 1.0])
        model = SimpleNamespace(outputs=(*FACTORS, *SERIES))
        system = SimpleNamespace(system=SimpleNamespace(model=model))
        self.story = SimpleNamespace(parts=[SimpleNamespace(law=SimpleNamespace(conditional=system))])
        start = np.concatenate([START, np.zeros(5)])
        self.laws = [SimpleNamespace(dynamics=None, mixing=None, equity=None, levels=None, start=start,
                                     low=np.zeros((9, MONTHS)), reported=np.arange(1, MONTHS + 1))]  # fmt: skip

    def paths(self, first: int, count: int) -> np.ndarray:
        return self.outputs[:, :, first : first + count]

    def __getitem__(self, name: str) -> np.ndarray:
        return self.outputs[(*FACTORS, *SERIES).index(name)]


def book_of(text: str) -> Book:
    return parse_book(text, "book.csv", SERIES, Month(2026, 1))


def value(text: str, market: Market) -> np.ndarray:
    """(h, paths) gain of a book."""
    revaluation = Revaluation.of(book_of(text), market)  # type: ignore[arg-type]
    return revaluation.value(revaluation.gains(market.outputs, 0))


def drawn(text: str, market: Market, paths: int) -> BookSample:
    return draw_book(book_of(text), market, paths)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def market() -> Market:
    return Market(3000)


def growth(series: np.ndarray) -> np.ndarray:
    """Growth in single months of a cumulative return."""
    gross = 1.0 + series
    return np.concatenate([gross[:1], gross[1:] / gross[:-1]])


@pytest.mark.parametrize("currency", ["JPY", "USD hedged", "USD unhedged"])
def test_a_stock_with_a_beta_against_its_account(market: Market, currency: str) -> None:
    """Beta scales what the series earns; the capital that it takes, and turns into dollars, is its weight."""
    text = f"# hedge: free\ncode,proxy,beta,weight,currency\n7203,topix,1.4,1,{currency}\n"
    dollars = START[0] / market["usdjpy"] if currency == "USD unhedged" else 1.0
    expected = (1.0 + 1.4 * market["topix"]) * dollars - 1.0
    np.testing.assert_allclose(value(text, market), expected, atol=1e-13)


def test_a_hedge_earns_the_difference_of_the_rates_a_month_before(market: Market) -> None:
    """Covered parity: selling yen forward each month earns the dollar rate less the yen rate."""
    earned, carry = growth(market["topix"]), (market["us_policy_rate"] - market["boj_policy_rate"]) / 1200.0
    wealth, expected = np.ones(3000), []
    for month in range(MONTHS):
        before = np.full(3000, (3.75 - 0.75) / 1200.0) if month == 0 else carry[month - 1]
        wealth = wealth * (earned[month] + before)
        expected.append(wealth - 1.0)
    np.testing.assert_allclose(value("id,weight,currency\ntopix,1,USD hedged\n", market), expected, atol=1e-13)


@pytest.mark.parametrize("rebalancing", ["none", "monthly"])
@pytest.mark.parametrize("currency", ["JPY", "USD hedged", "USD unhedged"])
def test_a_future_against_its_margin_account(market: Market, rebalancing: str, currency: str) -> None:
    """Gains are paid into the account and turned into dollars; nothing of the capital is tied up."""
    text = f"# rebalancing: {rebalancing}\nid,instrument,weight,currency\ntopix,future,-0.8,{currency}\n"
    dollars = START[0] / market["usdjpy"] if currency == "USD unhedged" else np.ones((MONTHS, 3000))
    if rebalancing == "none":
        expected = -0.8 * market["topix"] * dollars
    else:
        wealth, rows = np.ones(3000), []
        before = np.ones(3000)
        for month, step in enumerate(growth(market["topix"])):
            wealth = wealth * (1.0 - 0.8 * (step - 1.0) * dollars[month] / before)
            before = dollars[month]
            rows.append(wealth - 1.0)
        expected = np.array(rows)
    np.testing.assert_allclose(value(text, market), expected, atol=1e-13)


def test_contracts_are_multiplier_times_level() -> None:
    text = (
        "# capital: 1,000,000,000\nid,instrument,contracts,level,amount,strike,expiry\n"
        "topix,,,,900000000,,\ntopix,future,-10,3566.32,,,\nnikkei225,put,2,53322.8,,50000,2026-09\n"
    )
    held, future, put = book_of(text).positions
    assert held.weight == pytest.approx(0.9)
    assert future.weight == pytest.approx(-10 * 10_000 * 3566.32 / 1e9)
    assert put.weight == pytest.approx(2 * 1000 * 53322.8 / 1e9)
    assert isinstance(put.instrument, Option)
    assert (put.instrument.strike, put.instrument.expiry) == (pytest.approx(50000 / 53322.8), 8)
    assert put.instrument.volatility == Volatility(contract_of("nikkei225").vix_ratio or 0.0, of_vix=True)


@pytest.mark.parametrize("right", ["call", "put"])
@pytest.mark.parametrize("strike", [0.8, 1.0, 1.15])
@pytest.mark.parametrize("months", [1, 7, 24])
def test_option_prices_against_quantlib(right: str, strike: float, months: int) -> None:
    ql = pytest.importorskip("QuantLib")
    index, years, rate, spread = 1.07, months / 12.0, 0.012, 0.23
    option = Option(right, strike, months, Volatility(spread), 0.02)  # type: ignore[arg-type]
    [found] = option_value(option, np.array([index]), years, np.array([rate]), np.array([spread]))
    kind = ql.Option.Call if right == "call" else ql.Option.Put
    expected = ql.BlackCalculator(
        ql.PlainVanillaPayoff(kind, strike), index * np.exp((rate - 0.02) * years), spread * years**0.5,
        np.exp(-rate * years),
    ).value()  # fmt: skip
    assert found == pytest.approx(expected, abs=1e-13)


def test_an_option_on_the_way_and_at_its_end_against_quantlib(market: Market) -> None:
    """Bought at month 0, priced at each month's index, rate and volatility, and paid out at its expiry in month 3."""
    ql = pytest.importorskip("QuantLib")
    text = "# vix_elasticity: 0.5\nid,instrument,strike,expiry,volatility,dividend_yield,weight\n"
    found = value(text + "topix,put,95%,3m,24%,2%,0.6\n", market)

    def price(index: float, years: float, rate: float, spread: float) -> float:
        forward = index * np.exp((rate - 0.02) * years)
        payoff = ql.PlainVanillaPayoff(ql.Option.Put, 0.95)
        return float(ql.BlackCalculator(payoff, forward, spread * years**0.5, np.exp(-rate * years)).value())

    paid = price(1.0, 0.25, 0.0075, 0.24)
    for path in range(0, 3000, 500):
        for month in (0, 1):
            spread = 0.24 * (market["vix"][month, path] / 20.0) ** 0.5
            rate = market["boj_policy_rate"][month, path] / 100.0
            now = price(1.0 + market["topix"][month, path], (2 - month) / 12.0, rate, spread)
            assert found[month, path] == pytest.approx(0.6 * (now - paid), abs=1e-12)
    payoff = np.maximum(0.95 - 1.0 - market["topix"][2], 0.0)
    np.testing.assert_allclose(found[2], 0.6 * (payoff - paid), atol=1e-13)
    np.testing.assert_array_equal(found[3], found[2])


def test_a_put_and_a_call_make_a_forward(market: Market) -> None:
    """Parity at the expiry: long call, short put of one strike earn the index less the strike, less what was paid."""
    head = "id,instrument,strike,expiry,volatility,dividend_yield,weight\n"
    both = value(head + "topix,call,100%,4m,30%,0,1\ntopix,put,100%,4m,30%,0,-1\n", market)
    paid = 1.0 - np.exp(-0.0075 * 4 / 12)
    np.testing.assert_allclose(both[-1], market["topix"][-1] - paid, atol=1e-12)


def test_a_protective_put_caps_the_loss(market: Market) -> None:
    head = "id,instrument,strike,expiry,volatility,weight\n"
    covered = drawn(head + "topix,,,,,1\ntopix,put,95%,4m,20%,1\n", market, 3000)
    bare = drawn("id,weight\ntopix,1\n", market, 3000)
    assert covered.sample.statistics["es95"][0, -1] < bare.sample.statistics["es95"][0, -1]
    assert covered.sample.statistics["es99"][0, -1] < 0.05 + 0.05  # the strike, and less than 5 % for the premium


STOCKS = "code,proxy,beta,volatility,weight\n7203,topix,1.2,30%,0.5\n8306,tse33_banks,1,0.4,0.3\n9984,growth,0.8,,0.2\n"


def test_own_risk_of_stocks_against_their_sum(market: Market) -> None:
    """One normal number a month stands for all of them: the sum of independent normals."""
    spread = np.hypot(0.5 * 0.3, 0.3 * 0.4) / 12**0.5
    draws = fill_normals(SEED, SPECIFIC, 0, 3000, MONTHS, 2)[:, 0]
    expected = 0.6 * market["topix"] + 0.3 * market["tse33_banks"] + 0.16 * market["growth"]
    expected = expected + spread * np.cumsum(draws, axis=0)
    np.testing.assert_allclose(value(STOCKS, market), expected, atol=1e-13)
    assert book_of(STOCKS).proxied == 1


def test_components_of_own_risk_against_normal_closed_form() -> None:
    """Two stocks that earn only risk of their own: component i of the shortfall is its share of the variance."""
    paths = 60_000
    market = Market(paths)
    market.outputs[4:] = 0.0
    sample = drawn("code,proxy,volatility,weight\n7203,topix,30%,0.6\n8306,topix,0.2,0.4\n", market, paths)
    variance = np.array([(0.6 * 0.3) ** 2, (0.4 * 0.2) ** 2])
    for month in range(1, MONTHS + 1):
        total = np.sqrt(variance.sum() * month / 12) * norm.pdf(norm.ppf(0.05)) / 0.05
        expected = variance / variance.sum() * total
        z = (sample.components[:, month - 1] - expected) / sample.component_errors[:, month - 1]
        assert np.abs(z).max() < 4.0
    assert np.abs(sample.components.sum(axis=0) - sample.sample.statistics["es95"][0]).max() < 1e-12


ALL = """\
# capital: 1000000000
# hedge: policy_rates
id,code,proxy,beta,volatility,instrument,strike,expiry,level,weight,contracts,currency
topix,,,,,,,,,60%,,USD hedged
,7203,tse33_transport_equip,1.1,25%,,,,,20%,,USD unhedged
,8306,tse33_banks,,30%,,,,,20%,,USD hedged
topix,,,,,future,,,3566,,-5,USD hedged
nikkei225,,,,,put,48000,6m,53000,,3,USD unhedged
topix,,,,20%,call,105%,2026-04,,-10%,,USD hedged
"""


def test_components_of_every_instrument_sum_and_are_slopes(market: Market) -> None:
    sample = drawn(ALL, market, 3000)
    assert np.abs(sample.components.sum(axis=0) - sample.sample.statistics["es95"][0]).max() < 1e-10
    assert [one.label for one in sample.book.positions][3:] == [
        "topix future", "nikkei225 put 90.5660% 6m", "topix call 105% 3m",
    ]  # fmt: skip


def test_what_is_written_reads_back_equal() -> None:
    for text in (
        ALL,
        STOCKS,
        "id,instrument,strike,expiry,weight\nnikkei225,put,33.3333%,3m,1\n",
    ):
        book = book_of(text)
        assert parse_book(book.to_csv(), "again.csv", SERIES) == book


def test_the_same_stock_on_two_lines_shares_its_own_risk() -> None:
    """Long and short of one code in the same currency would be one line; in two currencies it is refused."""
    text = "code,proxy,volatility,weight,currency\n7203,topix,30%,0.5,USD hedged\n7203,topix,30%,0.5,USD unhedged\n"
    with pytest.raises(InputError, match="stands in two currencies"):
        book_of(text)


def test_factors_that_a_book_needs_are_named(market: Market) -> None:
    lacking = Market(8)
    lacking.story.parts[0].law.conditional.system.model.outputs = SERIES
    with pytest.raises(InputError) as error:
        value(ALL, lacking)
    for name in FACTORS:
        assert f"no factor {name}" in str(error.value)


def test_priors_are_labelled() -> None:
    assert 0.0 < vix_elasticity() < 1.0
    for name in ("topix", "nikkei225", "growth"):
        contract = contract_of(name)
        assert contract.future_multiplier
        assert contract.dividend_yield
        assert contract.vix_ratio
    assert contract_of("banks").future_multiplier is None


HEAD = "id,instrument,strike,expiry,volatility,level,weight\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (HEAD + "topix,swap,,,,,1\n", "'swap' is no instrument"),
        (HEAD + "topix,put,,3m,,,1\n", "the strike is missing"),
        (HEAD + "topix,put,3500,3m,,,1\n", "the strike 3500 is"),
        (HEAD + "topix,put,-5%,3m,,,1\n", "'-5%' is no strike"),
        (HEAD + "topix,put,95%,,,,1\n", "the expiry is missing"),
        (HEAD + "topix,put,95%,2025-12,,,1\n", "the expiry 2025-12 is -1 months after month 0"),
        (HEAD + "topix,put,95%,soon,,,1\n", "'soon' is no expiry"),
        (HEAD + "topix,put,95%,3m,22,,1\n", "'22' is no implied volatility"),
        (HEAD + "tse33_banks,put,95%,3m,,,1\n", "the implied volatility is missing"),
        (HEAD + "tse33_banks,put,95%,3m,20%,,1\n", "the dividend yield is missing"),
        (HEAD + "topix,,95%,,,,1\n", "a strike without an option"),
        (HEAD + "topix,,,,20%,,1\n", "topix has a volatility"),
        ("# rebalancing: monthly\n" + HEAD + "topix,put,95%,3m,20%,,1\n", "a put in a book that is rebalanced"),
        ("# vix_elasticity: -1\nid,weight\ntopix,1\n", "vix_elasticity: '-1'"),
        ("# hedge: often\nid,weight\ntopix,1\n", "hedge: 'often'"),
        ("code,proxy,instrument,weight\n7203,topix,future,1\n", "a future on a single stock"),
        ("code,proxy,weight\n7203,topx,1\n", "did you mean topix?"),
        ("id,proxy,weight\ntopix,growth,1\n", "topix has a proxy"),
        ("id,beta,weight\ntopix,1.1,1\n", "topix has a beta"),
        ("code,proxy,beta,weight\n7203,topix,high,1\n", "'high' is no beta of 7203"),
        ("code,proxy,beta,weight\n7203,topix,99,1\n", "'99' is no beta of 7203"),
        ("code,proxy,volatility,weight\n7203,topix,-20%,1\n", "the volatility of 7203 is negative"),
        ("id,instrument,contracts\ntopix,future,3\n", "contracts on topix without its level"),
        ("id,instrument,contracts,level\ntse33_banks,future,3,300\n", "contracts on tse33_banks without a multiplier"),
        ("id,instrument,contracts,level\ntopix,future,3,3500\n", "have no capital to which they refer"),
        ("id,instrument,weight,contracts,level\ntopix,future,,3,3500\n", "names no capital"),
        ("id,weight,contracts\ntopix,1,3\n", "both weight and contracts"),
        ("id,weight,contracts\ntopix,,3\n", "contracts of nothing"),
        ("id,instrument,weight\ntopix,,0.7\ntopix,future,0.3\n", "the weights of what is held sum to 0.7"),
        ("# betas: gone.csv\ncode,proxy,weight\n7203,topix,1\n", "its table of betas gone.csv cannot be used"),
    ],
)  # fmt: skip
def test_each_mistake_is_named(text: str, told: str) -> None:
    with pytest.raises(InputError) as error:
        book_of(text)
    assert told in str(error.value)


def test_a_book_that_cannot_be_split_in_memory_is_refused_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "free.yaml").write_text("schema: jpsim/scenario@1\nid: free\n", encoding="utf-8")
    lines = "".join(f"topix,put,{50 + place / 4}%,120m,20%,2%,0.01\n" for place in range(200))
    text = "id,instrument,strike,expiry,volatility,dividend_yield,weight\n" + lines
    (tmp_path / "book.csv").write_text(text, encoding="utf-8")
    run = "schema: jpsim/run@1\nscenarios: [free.yaml]\nportfolio: book.csv\nhorizon: {}m\n"
    for months, fits in ((36, True), (120, False)):
        (tmp_path / "run.yaml").write_text(run.format(months), encoding="utf-8")
        request = load_run(tmp_path / "run.yaml")
        if fits:
            assert take_in_book(request, small_model())[0].portfolio == "portfolio.csv"
        else:
            with pytest.raises(ResourceError, match=r"200 different .* 2\.4 GiB; at most 113 fit, or 73 months"):
                take_in_book(request, small_model())
