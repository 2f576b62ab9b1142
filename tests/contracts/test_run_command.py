"""`jpsim run` as users and scripts call it: files, exit codes, the same bytes again."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import jpsim

STATISTICS = ["mean", "sd", *(f"q{level:02d}" for level in (1, 5, 10, 25, 50, 75, 90, 95, 99)), "var95", "es95",
              "var99", "es99", "p_loss"]  # fmt: skip
MANIFEST_KEYS = {
    "schema", "run_id", "created_utc", "content_hash", "seed", "rng", "paths", "horizon", "scenarios", "model",
    "versions", "machine", "timing", "files", "diagnostics",
}  # fmt: skip


def call(*arguments: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "jpsim", *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=300, **options)


@pytest.fixture(scope="module")
def stored(project: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, object], Path]:
    out = tmp_path_factory.mktemp("runs")
    done = call("run", project / "configs/boj_hike.yaml", "--out", out, "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    return answer, Path(answer["path"])


def test_json_answer_names_the_run(stored: tuple[dict[str, object], Path]) -> None:
    answer, path = stored
    assert answer["run_id"] == path.name
    assert answer["content_hash"] == json.loads((path / "manifest.json").read_text())["content_hash"]


def test_manifest_has_every_key(stored: tuple[dict[str, object], Path]) -> None:
    manifest = json.loads((stored[1] / "manifest.json").read_text())
    assert manifest.keys() >= MANIFEST_KEYS
    assert set(manifest["files"]) == {path.name for path in stored[1].iterdir()} - {"manifest.json"}
    assert manifest["files"].keys() >= {"summary.parquet", "attribution.parquet", "distribution.parquet",
                                        "resolved.yaml", "report.html", "weights.parquet"}  # fmt: skip
    for told in manifest["diagnostics"].values():
        assert told.keys() >= {"plausibility", "effective_sample", "warnings"}


def test_summary_has_a_row_for_everything(stored: tuple[dict[str, object], Path]) -> None:
    frame = pq.read_table(stored[1] / "summary.parquet").to_pandas()
    assert list(frame.columns[:4]) == ["scenario", "kind", "series", "month"]
    for name in STATISTICS:
        assert frame[name].notna().all()
        assert (frame[f"{name}_se"] >= 0).all()
    assert frame.groupby("scenario").size().nunique() == 1
    assert set(frame.month) == set(range(1, 13))
    assert set(frame.kind) == {"factor", "index", "sector17", "sector33", "size", "segment", "theme"}


def test_house_view_holds_and_banks_gain_from_the_hike(stored: tuple[dict[str, object], Path]) -> None:
    frame = pq.read_table(stored[1] / "summary.parquet").to_pandas().set_index(["scenario", "series", "month"])
    house = frame.loc[("baseline", "topix", 12)]
    assert abs(house["mean"] - 0.10) < 4 * house["mean_se"]
    gain = {name: frame.loc[("boj_hike", name, 12), "mean"] - frame.loc[("baseline", name, 12), "mean"]
            for name in ("banks", "topix")}  # fmt: skip
    assert gain["banks"] > gain["topix"] + 0.01
    for month, level in ((2, 0.75), (3, 1.0), (5, 1.0), (6, 1.25), (11, 1.25), (12, 1.5)):
        row = frame.loc[("boj_hike", "boj_policy_rate", month)]
        assert (row["q01"], row["mean"], row["q99"]) == pytest.approx((level, level, level), abs=1e-6)
    margin = frame.loc[("boj_hike", "jgb_10y", 12)]
    assert margin["sd"] == pytest.approx(0.25, abs=1e-4)


def test_attribution_sums_to_the_difference_of_means(stored: tuple[dict[str, object], Path]) -> None:
    summary = pq.read_table(stored[1] / "summary.parquet").to_pandas().set_index(["scenario", "series", "month"])
    parts = pq.read_table(stored[1] / "attribution.parquet").to_pandas()
    assert list(parts.columns) == ["scenario", "series", "month", "driver", "contribution"]
    total = parts.groupby(["scenario", "series", "month"]).contribution.sum()
    for (scenario, series, month), value in total.items():
        difference = summary.loc[(scenario, series, month), "mean"] - summary.loc[("baseline", series, month), "mean"]
        assert value == pytest.approx(difference, abs=1e-12)
    left = parts[(parts.driver == "monte_carlo") & (parts.month == 12)].set_index("series").contribution
    error = summary.loc["boj_hike"].xs(12, level="month")["mean_se"]
    assert (left.abs() < 0.004 + 5 * error.reindex(left.index)).all()


def test_weights_sum_to_one(stored: tuple[dict[str, object], Path]) -> None:
    weights = pq.read_table(stored[1] / "weights.parquet").to_pandas()
    assert weights.groupby("scenario").weight.sum().tolist() == pytest.approx([1.0, 1.0], abs=1e-9)


def test_the_number_of_threads_changes_no_byte(
    stored: tuple[dict[str, object], Path], project: Path, tmp_path: Path
) -> None:
    done = call("run", project / "configs/boj_hike.yaml", "--out", tmp_path, "--threads", "1", "--json")
    answer = json.loads(done.stdout)
    assert answer["content_hash"] == stored[0]["content_hash"]
    for name in ("summary.parquet", "attribution.parquet", "distribution.parquet", "weights.parquet"):
        assert (Path(answer["path"]) / name).read_bytes() == (stored[1] / name).read_bytes(), name


def test_a_run_can_be_replayed_and_verified(stored: tuple[dict[str, object], Path]) -> None:
    path = stored[1]
    assert call("runs", "verify", path.name, "--out", path.parent).returncode == 0
    done = call("runs", "replay", path.name, "--out", path.parent, "--json")
    assert done.returncode == 0, done.stderr
    assert jpsim.load_run_folder(path)["baseline"]["topix"].at("12m").mean == pytest.approx(0.10, abs=0.004)


def test_a_damaged_run_is_found(stored: tuple[dict[str, object], Path], tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / stored[1].name
    shutil.copytree(stored[1], copy)
    content = bytearray((copy / "summary.parquet").read_bytes())
    content[len(content) // 2] ^= 1
    (copy / "summary.parquet").write_bytes(content)
    done = call("runs", "verify", copy.name, "--out", tmp_path)
    assert done.returncode != 0
    assert "summary.parquet" in done.stderr + done.stdout


def test_too_many_paths_are_refused_before_anything_is_done(project: Path, tmp_path: Path) -> None:
    done = call("run", project / "configs/boj_hike.yaml", "--paths", "1000000000000", "--out", tmp_path)
    assert done.returncode == 4
    assert "at most about" in done.stderr
    assert not list(tmp_path.iterdir())


def test_dry_run_prints_the_plan(project: Path, tmp_path: Path) -> None:
    done = call("run", project / "configs/boj_hike.yaml", "--dry-run", "--json", "--out", tmp_path)
    answer = json.loads(done.stdout)
    assert answer["plan"]["paths"] == 100_000
    assert answer["plausibility"]["boj_hike"]["rows"] > 0
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_stops_it_within_a_second_and_stores_nothing(
    project: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    words = [sys.executable, "-m", "jpsim", "run", str(project / "configs/boj_hike.yaml"),
             "--set", "innovations=gaussian", "--paths", "50_000_000", "--out", str(tmp_path)]  # fmt: skip
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(8.0)
    assert process.poll() is None
    sent = time.monotonic()
    process.send_signal(number)
    _, told = process.communicate(timeout=20)
    assert process.returncode == code, told
    assert time.monotonic() - sent < 2.0  # within a second on an idle machine
    assert all(path.name.endswith(".journal") for path in tmp_path.iterdir())


def test_a_full_disk_leaves_nothing_behind(project: Path, tmp_path: Path) -> None:
    def small_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    warm = {**os.environ, "JPSIM_CACHE": os.environ.get("JPSIM_CACHE", "")}
    done = call("run", project / "configs/boj_hike.yaml", "--paths", "2000", "--out", tmp_path, preexec_fn=small_files,
                env={key: value for key, value in warm.items() if value})  # fmt: skip
    assert done.returncode == 4, done.stderr
    assert not list(tmp_path.iterdir())


def test_a_read_only_folder_is_said(project: Path) -> None:
    done = call("run", project / "configs/boj_hike.yaml", "--paths", "2000", "--out", "/proc/nowhere")
    assert done.returncode == 4
    assert "/proc/nowhere" in done.stderr


def test_no_room_for_paths_is_said_before_anything_is_drawn(project: Path, tmp_path: Path) -> None:
    options = ["--set", "scenarios=[baseline]", "--set", "paths_out=all", "--set", "innovations=gaussian"]
    done = call("run", project / "configs/boj_hike.yaml", *options, "--paths", "500000000", "--out", tmp_path)
    assert done.returncode == 4
    assert "GiB are free" in done.stderr
    assert not list(tmp_path.iterdir())


def test_resuming_what_was_not_stopped_is_refused(project: Path, tmp_path: Path) -> None:
    done = call("run", project / "configs/boj_hike.yaml", "--resume", "2026", "--out", tmp_path)
    assert done.returncode == 2
    assert "no stopped run" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_a_stopped_run_is_resumed_to_the_same_bytes(
    project: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    words = ["run", str(project / "configs/boj_hike.yaml"), "--set", "scenarios=[boj_hike]", "--set",
             "statistics=exact", "--paths", "1_500_000", "--threads", "1", "--json", "--out"]  # fmt: skip
    whole, out = tmp_path / "whole", tmp_path / "stopped"
    expected = Path(json.loads(call(*words, whole).stdout)["path"])
    process = subprocess.Popen([sys.executable, "-m", "jpsim", *words, str(out)], stderr=subprocess.PIPE, text=True)
    begun = time.monotonic()
    while not list(out.glob(".*.journal/*.state")) and time.monotonic() - begun < 300:
        time.sleep(0.2)
    process.send_signal(number)
    _, told = process.communicate(timeout=20)
    assert process.returncode == code
    [journal] = out.iterdir()
    run_id = journal.name[1 : -len(".journal")]
    assert number == signal.SIGKILL or f"--resume {run_id}" in told
    path = Path(json.loads(call(*words, out, "--resume", run_id).stdout)["path"])
    assert path.name == run_id
    for name in ("summary.parquet", "distribution.parquet", "weights.parquet"):
        assert (path / name).read_bytes() == (expected / name).read_bytes(), name
    assert list(out.iterdir()) == [path]


@pytest.mark.slow
def test_memory_hardly_grows_with_paths(project: Path, tmp_path: Path) -> None:
    """Peak memory at 1,000,000 paths is at most 1.1 times that at 100,000."""
    code = (
        "import resource, sys; from jpsim.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "finally: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    )
    peaks = []
    for paths in ("100_000", "1_000_000"):
        words = ["run", str(project / "configs/boj_hike.yaml"), "--set", "scenarios=[baseline]", "--paths", paths,
                 "--threads", "2", "--quiet", "--out", str(tmp_path)]  # fmt: skip
        done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
        peaks.append(int(done.stderr.split()[-1]))
    assert peaks[1] <= 1.1 * peaks[0], peaks
