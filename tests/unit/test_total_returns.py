"""Total returns: price returns of the same draws, compounded with dividends as naive compounding does."""

import numpy as np
import pytest

from jpsim.conditioning.dividends import monthly_dividends
from jpsim.conditioning.stories import derive_story
from jpsim.equity_priors import DIVIDENDS_FILE, dividend_prior, read_dividends
from jpsim.errors import InputError
from jpsim.model.store import find_model, load_model
from jpsim.scenario import load_scenario
from jpsim.simulation.sampling import Sampler

PATHS = 2048
SECTOR_SUM = 1e-6


@pytest.fixture(scope="module")
def model():
    return load_model(find_model("japan_monthly", None))


def sampler_of(model, scenario, returns: str, kind: str = "student_t") -> Sampler:
    return Sampler.of(derive_story(model, scenario, 12, {}, returns), kind, 5)


def monthly(cumulative: np.ndarray) -> np.ndarray:
    """(O, h, paths) monthly simple returns of cumulative ones."""
    gross = 1.0 + np.concatenate([np.zeros_like(cumulative[:, :1]), cumulative], axis=1)
    return gross[:, 1:] / gross[:, :-1] - 1.0


def test_total_returns_are_price_returns_of_the_same_draws_and_a_twelfth_of_the_yield(model) -> None:
    scenario = load_scenario("baseline")
    price, total = (sampler_of(model, scenario, returns).paths(0, PATHS) for returns in ("price", "total"))
    n = len(model.factors)
    np.testing.assert_array_equal(price[:n], total[:n])
    yields = np.concatenate([monthly_dividends(model), model.aggregation @ monthly_dividends(model)])
    expected = monthly(price[n:]) + yields[:, None, None]
    np.testing.assert_allclose(monthly(total[n:]), expected, atol=1e-12)


def test_total_returns_are_coherent_on_every_path(model) -> None:
    drawn = monthly(sampler_of(model, load_scenario("baseline"), "total").paths(0, PATHS)[len(model.factors) :])
    base, groups = drawn[: len(model.series)], drawn[len(model.series) :]
    np.testing.assert_allclose(np.tensordot(model.aggregation, base, 1), groups, atol=SECTOR_SUM)
    topix = groups[model.aggregates.index("topix")]
    sizes = [i for i, kind in enumerate(model.kind) if kind == "size"]
    weights, *_ = np.linalg.lstsq(base[sizes].reshape(len(sizes), -1).T, topix.ravel(), rcond=None)
    np.testing.assert_allclose(np.tensordot(weights, base[sizes], 1), topix, atol=SECTOR_SUM)
    assert weights.sum() == pytest.approx(1.0, abs=1e-6)


def test_the_yield_of_topix_is_about_that_of_the_prime_market(model) -> None:
    """The exchange's weighted average for Prime is about 2 %; no yield is negative."""
    yields = 1200 * monthly_dividends(model)
    topix = float(model.aggregation[model.aggregates.index("topix")] @ yields)
    assert topix == pytest.approx(2.0, abs=0.15)
    assert yields.min() > 0.0
    assert yields.max() < 5.0


@pytest.mark.parametrize("kind", ["gaussian", "student_t"])
def test_views_are_statements_on_price_returns(model, tmp_path, kind: str) -> None:
    path = tmp_path / "viewed.yaml"
    path.write_text(
        "schema: jpsim/scenario@1\nid: viewed\nas_of: 2026-01\n"
        "views: [{series: topix, at: 12m, mean: 8%, absorb: factors}, {series: topix, at: 12m, sd: 17%}]\n",
        encoding="utf-8",
    )
    scenario = load_scenario(path)
    price, total = (sampler_of(model, scenario, returns, kind) for returns in ("price", "total"))
    weights = total.weights(PATHS)
    np.testing.assert_allclose(weights, price.weights(PATHS), rtol=1e-9)
    topix = model.outputs.index("topix")
    q = weights / weights.sum()
    assert q @ price.paths(0, PATHS)[topix, -1] == pytest.approx(0.08, abs=1e-6)
    gained = q @ total.paths(0, PATHS)[topix, -1] - 0.08
    assert gained == pytest.approx(1.08 * 0.0205, abs=0.002)


def test_edited_yields_are_read_and_wrong_ones_named_at_once(tmp_path) -> None:
    text = DIVIDENDS_FILE.read_text(encoding="utf-8")
    copy = tmp_path / "dividends.toml"
    copy.write_text(text.replace("tse33_banks = 2.6", "tse33_banks = 3.1"), encoding="utf-8")
    assert read_dividends(copy).sectors["tse33_banks"] == 3.1 != dividend_prior().sectors["tse33_banks"]
    wrong = text.replace("tse33_banks = 2.6", "tse33_bank = -2.6").replace("growth = -1.6", "growth = nan")
    copy.write_text(wrong, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_dividends(copy)
    said = str(caught.value)
    for part in ("sectors has no tse33_banks", "no key is called 'tse33_bank'", "tilts.growth = nan"):
        assert part in said
