"""`jpsim export`, `jpsim report --format` and `jpsim scenario import` as users and scripts call them."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

FORMATS = ("skfolio", "fortitudo", "ore", "atoti", "csv", "parquet", "netcdf", "json")
CONFIG = """\
schema: jpsim/run@1
scenarios: [baseline, boj_hike]
model: japan_monthly
horizon: 12m
paths: 3_000
seed: 20260130
formats: [parquet]
"""


def call(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "jpsim", *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    (folder / "config.yaml").write_text(CONFIG)
    done = call("run", folder / "config.yaml", "--out", folder / "outputs", "--json")
    assert done.returncode == 0, done.stderr
    return Path(json.loads(done.stdout)["path"])


@pytest.fixture(scope="module")
def exported(stored: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("exports")
    done = call("export", stored.name, "--to", ",".join(FORMATS), "--out", stored.parent, "--into", target, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["folders"] == [str(target / f"{stored.name}-{name}") for name in FORMATS]
    return target


def test_every_format_has_its_files(stored: Path, exported: Path) -> None:
    needed = {
        "skfolio": {"baseline.npz", "boj_hike.npz", "README.md"},
        "fortitudo": {"baseline.npz", "boj_hike.npz", "README.md"},
        "ore": {"scenarios_baseline.csv", "scenarios_boj_hike.csv", "README.md"},
        "atoti": {"Scenarios.csv", "TradePnLs.csv", "README.md"},
        "csv": {"summary.csv", "paths.csv", "README.md"},
        "parquet": {"summary.parquet", "paths.parquet", "weights.parquet", "README.md"},
        "netcdf": {f"{stored.name}.nc"},
        "json": {f"{stored.name}.json"},
    }
    found = {name: {path.name for path in (exported / f"{stored.name}-{name}").iterdir()} for name in FORMATS}
    assert found == needed
    assert not list(exported.glob(".*"))


def test_regenerated_paths_have_the_statistics_of_the_stored_run(stored: Path, exported: Path) -> None:
    summary = pq.read_table(stored / "summary.parquet").to_pandas().set_index(["scenario", "series", "month"])
    for scenario in ("baseline", "boj_hike"):
        with np.load(exported / f"{stored.name}-skfolio" / f"{scenario}.npz", allow_pickle=False) as arrays:
            returns, weight, assets = arrays["returns"], arrays["sample_weight"], list(arrays["assets"])
        assert returns.shape == (3000, 69)
        mean = [summary.loc[(scenario, name, 12), "mean"] for name in assets]
        np.testing.assert_allclose(weight @ returns, mean, rtol=1e-8, atol=1e-10)


def test_paths_keep_the_conditions_and_the_coherence_of_the_segments(stored: Path, exported: Path) -> None:
    paths = pq.read_table(exported / f"{stored.name}-parquet" / "paths.parquet").to_pandas()
    assert list(paths.columns[:3]) == ["scenario", "path", "month"]
    hike = paths[(paths.scenario == "boj_hike") & (paths.month == 12)]
    np.testing.assert_allclose(hike.boj_policy_rate, 1.5, atol=1e-6)
    first = paths[paths.month == 1]  # one month: nothing is compounded yet, and weights are the same on every path
    parts, whole = first[["prime", "standard", "growth"]].to_numpy(float), first.tse_all.to_numpy(float)
    weights = np.linalg.lstsq(parts, whole, rcond=None)[0]
    np.testing.assert_allclose(parts @ weights, whole, atol=1e-6)
    assert weights.sum() == pytest.approx(1.0, abs=1e-4)


def test_ore_has_the_government_curve(stored: Path, exported: Path) -> None:
    with (exported / f"{stored.name}-ore" / "scenarios_baseline.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 1000 * 12
    curve = np.array([[float(row[f"YieldCurve/JPY-JGB/{place}"]) for place in range(6)] for row in rows])
    assert ((curve > 0.0) & (curve < 1.2)).all()
    assert (np.diff(curve.mean(axis=0)) < 0).all()


def test_a_part_at_another_month(stored: Path, tmp_path: Path) -> None:
    options = ("--scenario", "boj_hike", "--series", "sector17", "--at", "6m", "--paths", "500")
    done = call("export", stored, "--to", "skfolio", *options, "--into", tmp_path)
    assert done.returncode == 0, done.stderr
    (file,) = Path(done.stdout.strip()).glob("*.npz")
    with np.load(file) as arrays:
        assert file.name == "boj_hike.npz"
        assert arrays["returns"].shape == (500, 17)


def test_wrong_wishes_are_the_users_mistakes(stored: Path, tmp_path: Path) -> None:
    for wish, said in (
        (("--to", "excel"), "skfolio"),
        (("--to", ""), "skfolio"),
        (("--to", "csv", "--scenario", "boj_hyke"), "boj_hike"),
        (("--to", "csv", "--series", "bank"), "banks"),
        (("--to", "csv", "--at", "13m"), "12m"),
        (("--to", "csv", "--paths", "9999"), "3000"),
        (("--to", "csv", "--paths", "0"), "3000"),
    ):
        done = call("export", stored, *wish, "--into", tmp_path)
        assert done.returncode == 2, done.stderr
        assert said in done.stderr
        assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_table_becomes_a_scenario_that_validates(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from jpsim.cli.scenario_import import import_command

    (tmp_path / "table.csv").write_text("date,usdjpy,us_10y\n2026-01,156,4.3\n2026-04,150,4.1\n2026-07,145,\n")
    words = [str(tmp_path / "table.csv"), "--id", "firmer_yen", "--extends", "baseline", "--after", "2026-01"]
    done = CliRunner().invoke(import_command, [*words, "--out", str(tmp_path / "firmer_yen.yaml")])
    assert done.exit_code == 0, done.output
    assert "left out: 2026-01: not after 2026-01" in done.stderr
    checked = call("validate", tmp_path / "firmer_yen.yaml", "--json")
    assert checked.returncode == 0, checked.stderr
    assert json.loads(checked.stdout)["files"][0]["id"] == "firmer_yen"


def test_reports_in_every_format(stored: Path, tmp_path: Path) -> None:
    done = call("report", stored, "--format", "html,md,csv,xlsx", "--into", tmp_path, "--json")
    assert done.returncode == 0, done.stderr
    assert {Path(name).suffix for name in json.loads(done.stdout)["files"]} == {".html", ".md", ".csv", ".xlsx"}
    assert (tmp_path / f"{stored.name}.xlsx").read_bytes()[:2] == b"PK"
    assert "TOPIX" in (tmp_path / f"{stored.name}.md").read_text()
