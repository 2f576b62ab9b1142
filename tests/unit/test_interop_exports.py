"""Exports of a run on a small model, each read back the way its reader would, against what the engine draws."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from jpsim.api import execute
from jpsim.errors import InputError, ResourceError, Stopped
from jpsim.interop import EXPORTS, PathSample, export_run, select_outputs, write_paths
from jpsim.interop.delimited import defused
from jpsim.interop.draws import paths_per_chunk, systematic_resample
from jpsim.interop.ore import discount_factors
from jpsim.runs import Run
from jpsim.scenario import load_run
from jpsim.simulation.job import Job, prepare_job
from tests.models import small_model

PATHS, HORIZON = 2600, 4
RUN = f"""\
schema: jpsim/run@1
scenarios: [free.yaml, weaker_yen.yaml]
horizon: {HORIZON}m
paths: {PATHS}
seed: 11
innovations: student_t
"""
FREE = 'schema: jpsim/scenario@1\nid: free\ntitle: {en: "</script><b>"}\nas_of: 2026-01-30\n'
WEAKER = """\
schema: jpsim/scenario@1
id: weaker_yen
as_of: 2026-01-30
conditions:
  usdjpy: {change: {4m: +6%}, kind: marginal, sd: 4%}
"""


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Job]:
    folder = tmp_path_factory.mktemp("small")
    for name, text in (("run", RUN), ("free", FREE), ("weaker_yen", WEAKER)):
        (folder / f"{name}.yaml").write_text(text)
    job = prepare_job(load_run(folder / "run.yaml"), small_model())
    run = execute(job)
    assert run.weights, "the conditions are meant to give weights"
    return run, job


@pytest.fixture(scope="module")
def exported(done: tuple[Run, Job], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    run, job = done
    target = tmp_path_factory.mktemp("exports")
    folders = export_run(run, job, select_outputs(run), list(EXPORTS), target)
    return dict(zip(EXPORTS, folders, strict=True))


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_all_paths_are_those_that_were_counted(done: tuple[Run, Job], tmp_path: Path) -> None:
    run, job = done
    stored = pq.read_table(write_paths(job, tmp_path / "paths.parquet", "all"), page_checksum_verification=True)
    frame = stored.to_pandas()
    assert list(frame.columns) == ["scenario", "path", "month", *run.outputs]
    assert {str(stored.schema.field(name).type) for name in run.outputs} == {"float"}
    keys = [(s, p, m) for s in run.scenarios for p in range(PATHS) for m in range(1, HORIZON + 1)]
    assert list(zip(frame.scenario, frame.path, frame.month, strict=True)) == keys
    for place, scenario in enumerate(run.scenarios):
        cube = frame[frame.scenario == scenario][list(run.outputs)].to_numpy(float).reshape(PATHS, HORIZON, -1)
        mean = np.einsum("p,pmo->om", run.weights[scenario], cube)
        np.testing.assert_allclose(mean, run.statistics["mean"][place], rtol=2e-6, atol=2e-7)
        exact = job.samplers[place].paths(1700, 3)
        np.testing.assert_array_equal(cube[1700:1703].transpose(2, 1, 0), exact.astype(np.float32))


def test_paths_have_the_same_bytes_again_and_whole_paths_in_row_groups(done: tuple[Run, Job], tmp_path: Path) -> None:
    first = write_paths(done[1], tmp_path / "a.parquet", "all")
    assert first.read_bytes() == write_paths(done[1], tmp_path / "b.parquet", "all").read_bytes()
    groups = pq.ParquetFile(first).metadata
    rows = [groups.row_group(number).num_rows for number in range(groups.num_row_groups)]
    size = paths_per_chunk(HORIZON)
    assert size % 512 == 0
    assert sum(rows) == 2 * PATHS * HORIZON
    assert max(rows) <= size * HORIZON
    assert all(count % HORIZON == 0 for count in rows)


def test_the_sample_is_the_first_thousand(done: tuple[Run, Job], tmp_path: Path) -> None:
    every = pq.read_table(write_paths(done[1], tmp_path / "all.parquet", "all")).to_pandas()
    sample = pq.read_table(write_paths(done[1], tmp_path / "sample.parquet", "sample")).to_pandas()
    assert sample.path.max() == 999
    assert sample.equals(every[every.path < 1000].reset_index(drop=True))


def test_writing_stops_when_asked_and_says_when_the_disk_is_too_small(
    done: tuple[Run, Job], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Stopped):
        write_paths(done[1], tmp_path / "paths.parquet", "all", stop=lambda: True)
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr("jpsim.interop.paths.shutil.disk_usage", lambda _: usage)
    with pytest.raises(ResourceError, match="GiB are free"):
        write_paths(done[1], tmp_path / "paths.parquet", "all")


def test_skfolio_and_fortitudo_hold_all_paths_with_their_weights(
    done: tuple[Run, Job], exported: dict[str, Path]
) -> None:
    run, _ = done
    for place, scenario in enumerate(run.scenarios):
        with np.load(exported["skfolio"] / f"{scenario}.npz", allow_pickle=False) as stored:
            returns, weight, assets = stored["returns"], stored["sample_weight"], stored["assets"]
        assert returns.shape == (PATHS, 6)
        assert list(assets) == [name for name in run.outputs if name not in run.of_kind("factor")]
        assert weight.sum() == pytest.approx(1.0, abs=1e-12)
        rows = [run.outputs.index(str(name)) for name in assets]
        np.testing.assert_allclose(weight @ returns, run.statistics["mean"][place, rows, -1], rtol=1e-9, atol=1e-12)
        with np.load(exported["fortitudo"] / f"{scenario}.npz", allow_pickle=False) as stored:
            np.testing.assert_array_equal(stored["P"], returns)
            np.testing.assert_array_equal(stored["p"], weight[:, None])


def test_skfolio_minimises_the_shortfall_of_the_weighted_paths(exported: dict[str, Path]) -> None:
    """skfolio's own optimiser reads the export through the class that the export's README gives."""
    pytest.importorskip("skfolio")
    from skfolio import RiskMeasure
    from skfolio.optimization import MeanRisk

    snippet = re.search(r"```python\n(.*?)```", (exported["skfolio"] / "README.md").read_text(), re.DOTALL)
    assert snippet
    names: dict[str, type] = {}
    exec(snippet[1], names)
    file = exported["skfolio"] / "weaker_yen.npz"
    with np.load(file) as stored:
        returns, weight = stored["returns"], stored["sample_weight"]
    model = MeanRisk(risk_measure=RiskMeasure.CVAR, prior_estimator=names["ScenarioPrior"](file)).fit(returns)
    assert model.weights_.sum() == pytest.approx(1.0, abs=1e-6)
    best = shortfall(returns @ model.weights_, weight)
    others = np.random.default_rng(5).dirichlet(np.ones(6), size=300)
    assert best <= min(shortfall(returns @ weights, weight) for weights in (*others, *np.eye(6))) + 1e-6


def test_ore_files_read_as_its_generator_reads_them(done: tuple[Run, Job], exported: dict[str, Path]) -> None:
    """A twin of ORE's reader: a header of keys, then for each path one line a date, empty cells would shift columns."""
    types = {"FXSpot", "EquitySpot", "CommodityCurve", "YieldCurve", "DiscountCurve", "IndexCurve"}
    lines = iter((exported["ore"] / "scenarios_weaker_yen.csv").read_text().splitlines())
    keys = re.split(",+", next(lines).strip())[3:]
    parsed = [(kind, name, int(index)) for kind, name, index in (key.split("/") for key in keys)]
    assert len(set(parsed)) == len(parsed)
    assert {kind for kind, _, _ in parsed} <= types
    dates = ["2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]
    read = []
    for line, date in zip(lines, dates * 1000, strict=True):
        tokens = re.split(",+", line.strip())
        assert tokens[0] == date
        assert len(tokens) - 3 == len(keys)
        read.append([float(token) for token in tokens[3:]])
    chosen = systematic_resample(PathSample(*done, 1000).weights("weaker_yen"))
    expected = PathSample(*done, 1000).cube("weaker_yen", ["usdjpy"])[chosen, :, 0]
    column = np.array(read)[:, keys.index("FXSpot/USDJPY/0")].reshape(1000, HORIZON)
    np.testing.assert_allclose(column, expected, rtol=1e-6)


def shortfall(returns: np.ndarray, weight: np.ndarray) -> float:
    """Expected shortfall at 95 % of a weighted sample, by its definition."""
    order = np.argsort(returns)
    share = np.minimum(np.cumsum(weight[order]), 0.05)
    return float(-np.diff(share, prepend=0.0) @ returns[order] / 0.05)


def test_ore_reads_keys_of_three_parts_and_all_dates_of_a_path_in_turn(
    done: tuple[Run, Job], exported: dict[str, Path]
) -> None:
    run, _ = done
    text = (exported["ore"] / "scenarios_free.csv").read_text()
    head, *lines = [line.split(",") for line in text.splitlines()]
    assert head[:3] == ["Date", "Scenario", "Numeraire"]
    assert all(len(key.split("/")) == 3 and key.split("/")[2].isdigit() for key in head[3:])
    assert len(lines) == 1000 * HORIZON
    assert all(len(cells) == len(head) and "" not in cells for cells in lines)
    assert [cells[0] for cells in lines[:HORIZON]] == ["2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]
    assert [cells[1] for cells in lines[::HORIZON][:3]] == ["1", "2", "3"]
    values = {key: float(lines[HORIZON - 1][place]) for place, key in enumerate(head) if place > 2}
    sample = PathSample(*done, 1000)
    fx, core = (sample.at("free", HORIZON, [name])[0, 0] for name in ("usdjpy", "core30"))
    assert values["FXSpot/USDJPY/0"] == pytest.approx(fx, rel=1e-6)
    assert values["EquitySpot/CORE30/0"] == pytest.approx(100 * (1 + core), rel=1e-6)
    assert "vix" in (exported["ore"] / "README.md").read_text()
    assert run.run_id in exported["ore"].name


def test_a_flat_par_curve_discounts_at_its_own_rate() -> None:
    """Closed form: par yields of c everywhere give (1 + c / 2) ** (-2 T)."""
    factors = discount_factors(np.full((2, 3), 3.0), (2.0, 10.0, 30.0), (1, 2, 10, 30))
    np.testing.assert_allclose(factors, np.broadcast_to(1.015 ** (-2.0 * np.array([1, 2, 10, 30])), (2, 4)), rtol=1e-12)


def test_the_curve_prices_the_bonds_it_was_made_of_at_par() -> None:
    par = np.array([1.2, 2.2, 3.6])
    every = discount_factors(par, (2.0, 10.0, 30.0), tuple(range(1, 31)))
    # annual points of the half-yearly curve: the two-year bond needs its half-yearly ones, flat up to two years
    half = 1.006 ** -np.arange(1, 5)
    assert 0.6 * half.sum() + 100 * every[1] == pytest.approx(100.0, abs=1e-9)
    assert np.all(np.diff(every) < 0)


def test_atoti_has_an_index_for_each_profit(exported: dict[str, Path]) -> None:
    """Columns of the vendor's documented input files; the vector has one value per scenario of its set."""
    names, trades = table(exported["atoti"] / "Scenarios.csv"), table(exported["atoti"] / "TradePnLs.csv")
    assert list(names[0]) == ["AsOfDate", "ScenarioSet", "Index", "Scenario"]
    keys = {"AsOfDate", "TradeId", "ScenarioSet", "CalculationId", "RiskFactor", "RiskClass", "Ccy", "PnL"}
    assert keys <= set(trades[0])
    assert len({(row["AsOfDate"], row["TradeId"], row["ScenarioSet"]) for row in trades}) == len(trades) == 12
    for scenario in ("free", "weaker_yen"):
        indices = [int(row["Index"]) for row in names if row["ScenarioSet"] == scenario]
        assert indices == list(range(1000))
        lengths = {len(row["PnL"].split(";")) for row in trades if row["ScenarioSet"] == scenario}
        assert lengths == {1000}


def test_resampling_keeps_weighted_means() -> None:
    """Systematic resampling: every path stands floor or ceil of n w times, and means move by less than 1 / n each."""
    rng = np.random.default_rng(2)
    weights, values = rng.dirichlet(np.ones(5000)), rng.normal(size=5000)
    chosen = systematic_resample(weights)
    counts = np.bincount(chosen, minlength=5000)
    assert np.all(np.abs(counts - 5000 * weights) < 1 + 1e-9)
    assert values[chosen].mean() == pytest.approx(weights @ values, abs=3 / np.sqrt(5000) * 0.5)
    np.testing.assert_array_equal(systematic_resample(np.full(64, 1 / 64)), np.arange(64))


def test_csv_tells_what_the_run_says(done: tuple[Run, Job], exported: dict[str, Path]) -> None:
    run, _ = done
    rows = table(exported["csv"] / "summary.csv")
    assert len(rows) == 2 * len(run.outputs) * HORIZON
    row = next(row for row in rows if (row["scenario"], row["series"], row["month"]) == ("weaker_yen", "core30", "4"))
    place = (1, run.outputs.index("core30"), 3)
    assert float(row["es95"]) == run.statistics["es95"][place]
    assert float(row["es95_se"]) == run.errors["es95"][place]
    paths = table(exported["csv"] / "paths.csv")
    assert len(paths) == 2 * 1000 * HORIZON
    weights = sum(float(row["weight"]) for row in paths if row["scenario"] == "weaker_yen" and row["month"] == "1")
    assert weights == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("text", ["=1+1", "+A1", "-A1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_text_begins_a_formula(text: str) -> None:
    assert defused(text) == f"'{text}"
    assert defused("boj_hike") == "boj_hike"


def test_parquet_and_netcdf_agree(done: tuple[Run, Job], exported: dict[str, Path]) -> None:
    xarray = pytest.importorskip("xarray")
    run, _ = done
    frame = pq.read_table(exported["parquet"] / "paths.parquet").to_pandas()
    with xarray.open_dataset(exported["netcdf"] / f"{run.run_id}.nc", engine="scipy") as cube:
        assert cube.attrs["run_id"] == run.run_id
        np.testing.assert_array_equal(cube["es95"].values, run.statistics["es95"])
        np.testing.assert_allclose(cube["weight"].sum("path"), 1.0, atol=1e-12)
        stored = cube["paths"].sel(scenario="weaker_yen", series="usdjpy").values
    chosen = frame[frame.scenario == "weaker_yen"].usdjpy.to_numpy().reshape(1000, HORIZON)
    np.testing.assert_array_equal(stored, chosen)


def test_json_is_whole_and_harmless_in_a_page(done: tuple[Run, Job], exported: dict[str, Path]) -> None:
    run, _ = done
    text = (exported["json"] / f"{run.run_id}.json").read_text(encoding="utf-8")
    assert "<" not in text
    told = json.loads(text)
    assert told["scenarios"][0]["title"]["en"] == "</script><b>"
    assert [entry["id"] for entry in told["outputs"]] == list(run.outputs)
    np.testing.assert_allclose(told["statistics"]["mean"], run.statistics["mean"], rtol=1e-8)


def test_a_part_can_be_chosen(done: tuple[Run, Job]) -> None:
    run, _ = done
    chosen = select_outputs(run, ["weaker_yen"], ["size", "nikkei225"], "2m")
    assert (chosen.scenarios, chosen.series, chosen.month) == (("weaker_yen",), ("core30", "small", "nikkei225"), 2)
    with pytest.raises(InputError, match="did you mean core30"):
        select_outputs(run, series=["core3"])
    with pytest.raises(InputError, match="did you mean weaker_yen"):
        select_outputs(run, ["weaker_jen"])
    with pytest.raises(InputError, match="outside the run"):
        select_outputs(run, at="9m")


def test_exports_are_whole_or_absent(done: tuple[Run, Job], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, job = done
    chosen = select_outputs(run)
    with pytest.raises(InputError, match="to 2600"):
        export_run(run, job, chosen, ["csv"], tmp_path, paths=PATHS + 1)
    with pytest.raises(InputError, match="excel"):
        export_run(run, job, chosen, ["excel"], tmp_path)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("jpsim.interop.cubes.json.dumps", full)
    with pytest.raises(ResourceError, match="No space left"):
        export_run(run, job, chosen, ["json"], tmp_path)
    assert not list(tmp_path.iterdir())
    export_run(run, job, chosen, ["atoti"], tmp_path, paths=5)
    with pytest.raises(InputError, match="already there"):
        export_run(run, job, chosen, ["atoti"], tmp_path, paths=5)


def test_the_same_run_exports_the_same_bytes(done: tuple[Run, Job], exported: dict[str, Path], tmp_path: Path) -> None:
    run, job = done
    again = export_run(run, job, select_outputs(run), list(EXPORTS), tmp_path)
    for name, folder in zip(EXPORTS, again, strict=True):
        for file in folder.iterdir():
            assert file.read_bytes() == (exported[name] / file.name).read_bytes(), file.name
