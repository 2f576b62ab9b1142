"""A run in memory and back from its folder; the oracle is the normal law behind every number."""

import copy
import pickle
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import norm

import jpsim.runs.frames
from jpsim.errors import DamagedError, InputError
from jpsim.months import Month
from jpsim.runs import Estimate, load_run_folder, parquet, write_run_folder
from jpsim.runs.arrow import repeated_texts, rows_of, texts
from jpsim.runs.distribution import Distribution
from jpsim.simulation.result import STATISTICS, Histogram
from tests.synthetic_run import MANIFEST, OUTPUTS, PATHS, law_of, synthetic_run


@pytest.fixture(scope="module")
def run():
    return synthetic_run()


@pytest.fixture(scope="module")
def folder(run, tmp_path_factory):
    return write_run_folder(run, tmp_path_factory.mktemp("runs"), {"report.html": b"<p>report</p>"})


def test_everything_comes_back_from_the_folder(run, folder):
    back = load_run_folder(folder)
    for name in STATISTICS:
        np.testing.assert_array_equal(back.statistics[name], run.statistics[name])
        np.testing.assert_array_equal(back.errors[name], run.errors[name])
    for part in ("low", "high", "counts"):
        np.testing.assert_array_equal(getattr(back.distribution, part), getattr(run.distribution, part))
    for part in ("scenarios", "outputs", "kinds", "as_of", "horizon", "resolved", "run_id", "content_hash"):
        assert getattr(back, part) == getattr(run, part)
    assert back.attribution.contribution == run.attribution.contribution
    assert back.diagnostics["boj_hike"] == run.diagnostics["boj_hike"]
    assert back.weights == {}


def test_rows_of_a_stored_table_are_those_of_pyarrow(run, folder):
    table = parquet.read_table(folder / "summary.parquet")
    places = np.array([17, 0, 5, table.num_rows - 1])
    parts = pa.concat_tables([table.slice(0, 7), table.slice(7)])
    for whole in (table, parts, table.slice(3, 20)):
        kept = places[places < whole.num_rows]
        assert rows_of(whole, kept) == whole.take(kept).to_pydict()


def test_texts_of_every_length_become_columns():
    words = ["", "TOPIX", "東証", "a" * 40, "TOPIX"]
    assert texts(words).to_pylist() == words
    assert texts([]).to_pylist() == []
    assert repeated_texts(words[:3], np.array([2, 0, 2, 1])).to_pylist() == ["東証", "", "東証", "TOPIX"]


def test_weights_go_to_disk_and_back_in_pieces(tmp_path, monkeypatch):
    rng = np.random.default_rng(3)
    weights = {name: rng.dirichlet(np.ones(500)) for name in ("baseline", "boj_hike")}
    monkeypatch.setattr(parquet, "_ROWS", 300)
    back = load_run_folder(write_run_folder(synthetic_run(weights=weights), tmp_path))
    assert list(back.weights) == list(weights)
    for name, own in weights.items():
        np.testing.assert_array_equal(back.weights[name], own)


def test_weights_come_back_for_the_scenarios_that_have_them(tmp_path):
    weights = np.random.default_rng(3).dirichlet(np.ones(500))
    back = load_run_folder(write_run_folder(synthetic_run(weights={"boj_hike": weights}), tmp_path))
    assert list(back.weights) == ["boj_hike"]
    np.testing.assert_array_equal(back.weights["boj_hike"], weights)


def test_the_same_content_gives_the_same_bytes(run, folder, tmp_path):
    again = write_run_folder(synthetic_run(), tmp_path, {"report.html": b"<p>report</p>"})
    for path in folder.iterdir():
        assert (again / path.name).read_bytes() == path.read_bytes(), path.name


@pytest.mark.parametrize("when", [6, "6m", "2026-07", "2026-07-15", Month(2026, 7)])
def test_a_month_may_be_written_in_several_ways(run, when):
    assert run["boj_hike"]["banks"].at(when).month == 6


@pytest.mark.parametrize("when", [0, 13, "13m", "2026-01", "2027-02", "soon"])
def test_a_month_outside_the_run_is_refused_by_name(run, when):
    with pytest.raises(InputError, match="1m to 12m, or 2026-02 to 2027-01"):
        run["boj_hike"]["banks"].at(when)


@pytest.mark.parametrize("q", [0.01, 0.05, 0.5, 0.95])
def test_stored_quantiles_are_those_of_the_law(run, q):
    loc, scale, _ = law_of("topix", hike=False)
    assert run["baseline"]["topix"].at("12m").quantile(q) == np.expm1(loc[-1] + norm.ppf(q) * scale[-1])


@pytest.mark.parametrize("q", [0.02, 0.03, 0.3, 0.62, 0.97])
@pytest.mark.parametrize(("output", "month"), [("topix", 12), ("usdjpy", 3)])
def test_other_quantiles_come_from_the_histogram(run, output, month, q):
    """Normal and lognormal quantiles in closed form; the histogram must lie well inside the sampling error."""
    loc, scale, _ = law_of(output, hike=False)
    exact = loc[month - 1] + norm.ppf(q) * scale[month - 1]
    found = run["baseline"][output].at(month).quantile(q)
    exact = exact if output == "usdjpy" else np.expm1(exact)
    assert abs(found - exact) < 0.5 * found.se
    slope = scale[month - 1] if output == "usdjpy" else scale[month - 1] * (1 + exact)
    se = np.sqrt(q * (1 - q) / PATHS) / norm.pdf(norm.ppf(q)) * slope
    assert found.se == pytest.approx(se, rel=0.15)


@pytest.mark.parametrize("level", [0.9, 0.975])
def test_shortfall_at_other_levels_comes_from_the_histogram(run, level):
    """Expected shortfall of a normal factor: mean - sd pdf(z) / (1 - level), below its level at month 0."""
    loc, scale, start = law_of("usdjpy", hike=True)
    z = norm.ppf(1 - level)
    outcome = run["boj_hike"]["usdjpy"].at(12)
    exact = start - (loc[-1] - scale[-1] * norm.pdf(z) / (1 - level))
    assert abs(outcome.es(level) - exact) < outcome.es(level).se
    assert abs(outcome.var(level) - (start - loc[-1] - z * scale[-1])) < outcome.var(level).se


def test_merging_bins_keeps_the_counts():
    counts = np.random.default_rng(5).integers(0, 9, (2, 3, 4096)).astype(float)
    edges = np.zeros((2, 3)), np.ones((2, 3))
    merged = Distribution.of([Histogram(*edges, counts, counts)])
    np.testing.assert_array_equal(merged.counts[0], counts.reshape(2, 3, 512, 8).sum(-1))


def test_an_estimate_is_a_number_with_its_error(run):
    found = run["boj_hike"]["banks"].at("6m").es(0.95)
    assert float(found) == run.statistics["es95"][1, OUTPUTS.index("banks"), 5]
    assert found.se == run.errors["es95"][1, OUTPUTS.index("banks"), 5]
    for same in (copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        assert (same, same.se) == (found, found.se)
    assert repr(Estimate(0.21, 0.004)) == "0.21 ± 0.004"


@pytest.mark.parametrize(
    ("ask", "near"),
    [
        (lambda run: run["boj_hik"], "did you mean boj_hike"),
        (lambda run: run["boj_hike"]["bank"], "did you mean banks"),
        (lambda run: run["boj_hike"]["banks"].at(1).statistic("es5"), "did you mean es95"),
        (lambda run: run["boj_hike"]["banks"].at(1).quantile(1.0), "strictly between 0 and 1"),
    ],
)
def test_a_wrong_name_is_answered_with_the_nearest(run, ask, near):
    with pytest.raises(InputError, match=near):
        ask(run)


def test_nothing_in_a_run_can_be_changed(run, folder):
    for kept in (run, load_run_folder(folder)):
        with pytest.raises((AttributeError, TypeError)):
            kept.horizon = 3
        with pytest.raises(ValueError, match="read-only"):
            kept.statistics["mean"][0, 0, 0] = 1.0
        with pytest.raises(TypeError):
            kept.statistics["mean"] = None


def test_tables_and_cubes_hold_the_arrays(run):
    frame, cube = run.summary(), run.to_xarray()
    row = frame[(frame.scenario == "boj_hike") & (frame.series == "banks") & (frame.month == 6)].iloc[0]
    assert row["es95"] == cube["es95"].sel(scenario="boj_hike", series="banks", month=6).item()
    assert row["es95"] == run["boj_hike"]["banks"].at(6).es(0.95)
    assert row["es95_se"] == run["boj_hike"]["banks"].at(6).es(0.95).se
    assert run["boj_hike"]["banks"].to_frame().loc[6, "q50"] == row["q50"]
    assert run["boj_hike"].to_frame().loc[("banks", 6), "q50"] == row["q50"]


def test_a_missing_table_library_names_the_extra(run, monkeypatch):
    def absent(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(jpsim.runs.frames, "import_module", absent)
    with pytest.raises(InputError, match=re.escape("jpsim[frames]")):
        run.summary()


def test_notebooks_get_escaped_tables(run):
    for shown in (run, run["boj_hike"], run["boj_hike"]["banks"], run["boj_hike"]["banks"].at(6)):
        assert shown._repr_html_().startswith("<table>")
        assert "object at" not in repr(shown)


def test_a_run_that_is_there_is_never_overwritten(run, tmp_path):
    write_run_folder(run, tmp_path)
    before = (tmp_path / run.run_id / "manifest.json").read_bytes()
    with pytest.raises(InputError, match=r"same second"):
        write_run_folder(run, tmp_path, {"report.html": b"other"})
    assert (tmp_path / run.run_id / "manifest.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [run.run_id]


def test_a_file_cannot_hold_runs(run, tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(InputError, match="is a file"):
        write_run_folder(run, tmp_path / "taken")


def test_nothing_is_left_when_writing_stops_half_way(run, tmp_path, monkeypatch):
    def stop(self, *args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "rename", stop)
    with pytest.raises(KeyboardInterrupt):
        write_run_folder(run, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_rows_out_of_order_are_refused(run, tmp_path):
    """A summary whose digest is right but whose rows are not one per scenario, series and month."""
    from jpsim.runs.folder import _outputs
    from jpsim.runs.parquet import summary_table

    table = summary_table(run)
    shuffled = table.take(np.random.default_rng(1).permutation(table.num_rows))
    with pytest.raises(DamagedError):
        _outputs(shuffled, 2, MANIFEST["horizon"])
