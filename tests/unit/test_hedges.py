"""Hedges: sizes against normal closed forms and the full linear programme, subsets against trying all."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from scipy.optimize import linprog
from scipy.sparse import eye_array, hstack
from scipy.stats import norm

from jpsim.analysis.books import take_in_book
from jpsim.analysis.books.hedges import find_hedges
from jpsim.analysis.books.hedging import least_shortfall, least_variance, rank_subsets, shortfall_plane
from jpsim.api import execute
from jpsim.errors import InputError
from jpsim.reporting.hedge_table import hedge_table
from jpsim.runs import Run, load_run_folder, write_run_folder
from jpsim.scenario import load_run
from jpsim.simulation.job import Job, prepare_job
from tests.models import small_model

SHARE = 0.05


def sample(paths: int, seed: int, instruments: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A book with fat tails, instruments that move with it, and weights."""
    rng = np.random.default_rng(seed)
    common = rng.standard_t(4, size=(2, paths))
    gains = 0.04 * (rng.normal(size=(instruments, 2)) @ common + rng.standard_normal((instruments, paths)))
    gain = 0.05 * common.sum(axis=0) + 0.03 * rng.standard_normal(paths) - 0.02 * np.maximum(common[0], 0.0)
    weights = rng.gamma(2.0, size=paths)
    return gain, gains, weights / weights.sum()


def programme(gain: np.ndarray, gains: np.ndarray, weights: np.ndarray, most: float) -> tuple[float, np.ndarray]:
    """Least expected shortfall by the linear programme of Rockafellar and Uryasev, a row for each path."""
    paths, count = gain.size, len(gains)
    # variables: sizes, quantile of the loss, excess of each path; excess >= -(gain + gains sizes) - quantile
    rows = hstack([-gains.T, -np.ones((paths, 1)), -eye_array(paths)])
    cost = np.concatenate([np.zeros(count), [1.0], weights / SHARE])
    bounds = [(-most, most)] * count + [(None, None)] + [(0.0, None)] * paths
    found = linprog(cost, A_ub=rows, b_ub=gain, bounds=bounds, method="highs")
    return found.fun, found.x[:count]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_least_shortfall_against_the_linear_programme(seed: int, count: int) -> None:
    gain, gains, weights = sample(1500, seed, count)
    lowest, _ = programme(gain, gains, weights, 5.0)
    sizes = least_shortfall(gain, gains, weights, SHARE, least_variance(gain, gains, weights), 5.0)
    found, _ = shortfall_plane(gain + sizes @ gains, gains, weights, SHARE)
    assert found == pytest.approx(lowest, abs=2e-7)


def test_bounds_of_sizes_hold() -> None:
    gain, gains, weights = sample(1500, 4, 2)
    lowest, _ = programme(gain, gains, weights, 0.1)
    sizes = least_shortfall(gain, gains, weights, SHARE, least_variance(gain, gains, weights), 0.1)
    assert np.abs(sizes).max() <= 0.1 + 1e-12
    assert shortfall_plane(gain + sizes @ gains, gains, weights, SHARE)[0] == pytest.approx(lowest, abs=2e-7)


def test_normal_hedges_against_their_closed_form() -> None:
    """With means of zero the hedge of least shortfall is the one of least variance, ``-cov / var``."""
    paths = 200_000
    z = np.random.default_rng(8).standard_normal((2, paths))
    gains, even = 0.05 * z[:1], np.full(paths, 1.0 / paths)
    gain = 0.08 * z[0] + 0.03 * z[1]
    for sizes in (
        least_variance(gain, gains, even),
        least_shortfall(gain, gains, even, SHARE, np.zeros(1), 5.0),
    ):
        assert sizes[0] == pytest.approx(-1.6, abs=0.02)
    value, _ = shortfall_plane(gain - 1.6 * gains[0], gains, even, SHARE)
    assert value == pytest.approx(0.03 * norm.pdf(norm.ppf(SHARE)) / SHARE, rel=0.02)


def test_a_plane_supports_the_shortfall() -> None:
    gain, gains, weights = sample(2000, 5)
    rng = np.random.default_rng(1)
    for _ in range(20):
        here, there = rng.normal(size=(2, 3))
        value, slope = shortfall_plane(gain + here @ gains, gains, weights, SHARE)
        other, _ = shortfall_plane(gain + there @ gains, gains, weights, SHARE)
        assert other >= value + slope @ (there - here) - 1e-12


def test_subsets_are_ranked_as_by_trying_all() -> None:
    gain, gains, weights = sample(3000, 6, 6)
    left = {}
    for subset in combinations(range(6), 2):
        own = gains[list(subset)]
        left[subset] = np.cov(gain + least_variance(gain, own, weights) @ own, aweights=weights, bias=True)
    assert rank_subsets(gain, gains, weights, 2) == sorted(left, key=lambda subset: float(left[subset]))


def test_instruments_that_are_sums_of_others_do_no_harm() -> None:
    gain, gains, weights = sample(3000, 7)
    doubled = np.vstack([gains, gains.sum(axis=0)])
    sizes = least_variance(gain, doubled, weights)
    plain = least_variance(gain, gains, weights)
    assert np.std(gain + sizes @ doubled) == pytest.approx(np.std(gain + plain @ gains), rel=1e-6)


RUN = """\
schema: jpsim/run@1
scenarios: [free.yaml]
horizon: 3m
paths: 6000
seed: 11
innovations: student_t
portfolio: portfolio.csv
hedges: [index, size]
"""


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Job]:
    folder = tmp_path_factory.mktemp("hedged")
    (folder / "free.yaml").write_text("schema: jpsim/scenario@1\nid: free\nas_of: 2026-01-30\n")
    (folder / "run.yaml").write_text(RUN)
    book = b"id,weight\ncore30,0.5\ntse33_banks,0.5\n"
    job = prepare_job(load_run(folder / "run.yaml"), small_model(), {"portfolio.csv": book})
    return execute(job), job


def test_hedges_of_a_run(done: tuple[Run, Job]) -> None:
    run, job = done
    found = find_hedges(job, "free", 3, among=["index", "size"])
    assert found.among == ("core30", "small", "nikkei225", "topix")
    assert [len(choice.series) for choice in found.choices] == [1, 2, 3]
    summary = run["free"]["portfolio"].at("3m")
    assert float(found.es95) == pytest.approx(float(summary.es(0.95)), abs=0.2 * summary.es(0.95).se)
    assert found.es95.se == pytest.approx(summary.es(0.95).se, rel=0.05)
    for choice in found.choices:
        assert choice.fitted <= found.es95 + 1e-9
        assert choice.saved.value < -4.0 * choice.saved.se
        assert choice.saved.value == pytest.approx(float(choice.es95) - float(found.es95), abs=1e-12)
        assert abs(float(choice.es95) - choice.fitted) < 6.0 * choice.es95.se
    assert found.choices[0].fitted >= found.choices[1].fitted - 1e-6 >= found.choices[2].fitted - 2e-6


def test_a_run_stores_the_hedges_that_it_asks_for(done: tuple[Run, Job], tmp_path: Path) -> None:
    """The table reads back as what `find_hedges` finds on the same paths."""
    run, job = done
    found = find_hedges(job, "free", 3, among=["index", "size"])
    read = load_run_folder(write_run_folder(run, tmp_path))
    assert read.tables["hedges.parquet"].equals(run.tables["hedges.parquet"])
    stored = read["free"].portfolio.hedges()
    assert [tuple(one.legs) for one in stored] == [choice.series for choice in found.choices]
    for one, choice in zip(stored, found.choices, strict=True):
        assert tuple(one.legs.values()) == choice.sizes
        assert tuple(leg.se for leg in one.legs.values()) == choice.size_errors
        assert (one.before, one.es95, one.saved) == (found.es95, choice.es95, choice.saved.value)
        assert one.saved.se == choice.saved.se


def test_hedges_are_read_from_the_run_file(done: tuple[Run, Job], tmp_path: Path) -> None:
    request = done[1].request
    assert request.hedges == ("index", "size")
    assert "hedges:\n- index\n- size\n" in request.to_yaml()
    (tmp_path / "free.yaml").write_text("schema: jpsim/scenario@1\nid: free\nas_of: 2026-01-30\n")
    path = tmp_path / "run.yaml"
    path.write_text(RUN.replace("hedges: [index, size]\n", ""))
    assert "hedges" not in load_run(path).resolved()  # the content of a run without them stays what it is
    assert load_run(path, ["hedges=true"]).hedges is True
    with pytest.raises(InputError, match="do: write topix"):
        load_run(path, ["hedges=[topx]"])
    with pytest.raises(InputError, match="the list of hedges is empty"):
        load_run(path, ["hedges=[]"])
    with pytest.raises(InputError, match="no portfolio to hedge"):
        take_in_book(load_run(path, ["hedges=true", "portfolio=null"]), small_model())
    path.with_name("portfolio.csv").write_text("id,weight\ntopix,1\n")
    with pytest.raises(InputError, match="tse33_fishery_agri"):
        take_in_book(load_run(path, ["hedges=[tse33_fishery_agri]"]), small_model())


def test_a_run_without_hedges_says_how_to_get_them(done: tuple[Run, Job]) -> None:
    bare = replace(done[0], tables={key: one for key, one in done[0].tables.items() if key != "hedges.parquet"})
    with pytest.raises(InputError, match="hedges: true"):
        bare["free"].portfolio.hedges()


def test_least_variance_of_a_run_is_its_regression(done: tuple[Run, Job]) -> None:
    _, job = done
    found = find_hedges(job, "free", 3, among=["topix"], measure="variance", most=1)
    outputs = job.samplers[0].paths(0, 6000)[:, -1]
    value = 0.5 * (outputs[job.model.outputs.index("core30")] + outputs[job.model.outputs.index("tse33_banks")])
    topix = outputs[job.model.outputs.index("topix")]
    slope = np.cov(value, topix, bias=True)[0, 1] / topix.var()
    assert found.choices[0].sizes[0] == pytest.approx(-slope, rel=1e-7)
    assert found.choices[0].fitted == pytest.approx((value - slope * topix).std(), rel=1e-9)


def test_sizes_fitted_on_few_paths_promise_too_much() -> None:
    """The reason for judging on other paths: over many small samples the fitted shortfall is lower than the one met."""
    gaps = []
    for seed in range(60):
        gain, gains, weights = sample(400, 100, 3)
        rng = np.random.default_rng(seed)
        chosen, other = (rng.choice(400, 200, p=weights) for _ in range(2))
        even = np.full(200, 1 / 200)
        sizes = least_shortfall(gain[chosen], gains[:, chosen], even, SHARE, np.zeros(3), 5.0)
        fitted, met = (shortfall_plane(gain[part] + sizes @ gains[:, part], gains[:, part], even, SHARE)[0]
                       for part in (chosen, other))  # fmt: skip
        gaps.append(met - fitted)
    assert np.mean(gaps) > 4.0 * np.std(gaps) / np.sqrt(len(gaps))


def test_the_table_fits_a_narrow_terminal(done: tuple[Run, Job]) -> None:
    run, job = done
    found = find_hedges(job, "free", 3, among=["topix", "nikkei225"], most=2)
    console = Console(width=80, record=True)
    console.print(hedge_table(found, run.as_of))
    text = console.export_text()
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "sell topix" in text
    assert "…" not in text


def test_what_cannot_be_hedged_is_told(done: tuple[Run, Job]) -> None:
    _, job = done
    with pytest.raises(InputError, match="did you mean topix"):
        find_hedges(job, "free", 3, among=["topx"])
    with pytest.raises(InputError, match="1 to 3"):
        find_hedges(job, "free", 3, most=4)
    bare = Job(job.request, job.model, job.samplers)
    with pytest.raises(InputError, match="no portfolio to hedge"):
        find_hedges(bare, "free", 3)
