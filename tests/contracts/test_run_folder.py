"""A run's folder as others read it, and what happens to it when machines fail."""

import hashlib
import json
import os
import subprocess
import sys
import time

import numpy as np
import pyarrow.parquet as pq
import pytest

from jpsim.errors import DamagedError, ResourceError
from jpsim.runs import gc_runs, list_runs, load_run_folder, verify_run, write_run_folder
from tests.synthetic_run import MANIFEST, synthetic_run

STATISTICS = [
    "mean", "sd", "q01", "q05", "q10", "q25", "q50", "q75", "q90", "q95", "q99", "var95", "es95", "var99", "es99",
    "p_loss",
]  # fmt: skip
MANIFEST_KEYS = {
    "schema", "run_id", "created_utc", "content_hash", "seed", "rng", "paths", "horizon", "scenarios", "model",
    "versions", "machine", "timing", "files", "diagnostics",
}  # fmt: skip


@pytest.fixture(scope="module")
def run():
    weights = {"boj_hike": np.random.default_rng(7).dirichlet(np.ones(1000))}
    return synthetic_run(weights=weights)


@pytest.fixture(scope="module")
def folder(run, tmp_path_factory):
    return write_run_folder(run, tmp_path_factory.mktemp("runs"), {"report.html": b"<p>report</p>"})


def test_the_folder_holds_the_files_of_the_contract(folder):
    assert {path.name for path in folder.iterdir()} == {
        "manifest.json", "resolved.yaml", "summary.parquet", "attribution.parquet", "distribution.parquet",
        "weights.parquet", "report.html",
    }  # fmt: skip
    assert folder.name == MANIFEST["run_id"]


def test_the_summary_is_a_row_per_scenario_series_and_month(folder, run):
    table = pq.read_table(folder / "summary.parquet")
    assert table.column_names[:4] == ["scenario", "kind", "series", "month"]
    assert table.column_names[4:] == STATISTICS + [f"{name}_se" for name in STATISTICS]
    keys = list(zip(*(table[name].to_pylist() for name in ("scenario", "series", "month")), strict=True))
    assert len(keys) == len(set(keys)) == 2 * 87 * 12
    assert set(table["kind"].to_pylist()) == {"factor", "index", "sector17", "sector33", "size", "segment", "theme"}
    assert {str(table.schema.field(name).type) for name in STATISTICS} == {"double"}
    row = keys.index(("boj_hike", "banks", 6))
    assert table["es95"][row].as_py() == run["boj_hike"]["banks"].at("6m").es(0.95)


def test_weights_sum_to_one_per_scenario(folder):
    table = pq.read_table(folder / "weights.parquet")
    assert table.column_names == ["scenario", "path", "weight"]
    assert set(table["scenario"].to_pylist()) == {"boj_hike"}
    assert np.sum(table["weight"].to_numpy()) == pytest.approx(1.0, abs=1e-12)


def test_attribution_has_the_columns_of_the_contract(folder):
    table = pq.read_table(folder / "attribution.parquet")
    assert table.column_names == ["scenario", "series", "month", "driver", "contribution"]


def test_histograms_hold_every_path(folder):
    table = pq.read_table(folder / "distribution.parquet")
    totals = [sum(counts) for counts in table["counts"].to_pylist()]
    assert len(totals) == 2 * 87 * 12
    np.testing.assert_allclose(totals, MANIFEST["paths"], atol=1)


def test_the_manifest_says_what_the_run_is(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    assert set(manifest) >= MANIFEST_KEYS
    assert {"id", "version", "sha256"} <= set(manifest["model"])
    assert set(manifest["diagnostics"]) == {"baseline", "boj_hike"}
    assert manifest["diagnostics"]["boj_hike"]["effective_sample"] == 100_000
    assert set(manifest["files"]) == {path.name for path in folder.iterdir()} - {"manifest.json"}
    for name, entry in manifest["files"].items():
        content = (folder / name).read_bytes()
        assert entry == {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def test_every_table_has_page_checksums(folder, tmp_path):
    """A flipped byte within a page is noticed by any Parquet reader that checks pages."""
    content = bytearray((folder / "summary.parquet").read_bytes())
    content[len(content) // 3] ^= 0x10
    (tmp_path / "summary.parquet").write_bytes(content)
    with pytest.raises(OSError, match=r"(?i)crc|checksum|corrupt|verif"):
        pq.ParquetFile(tmp_path / "summary.parquet", page_checksum_verification=True).read()


@pytest.mark.parametrize("seed", range(12))
def test_any_flipped_bit_is_noticed(run, tmp_path, seed):
    folder = write_run_folder(run, tmp_path, {"report.html": b"<p>report</p>"})
    random = np.random.default_rng(seed)
    files = sorted(folder.iterdir())
    path = files[seed % len(files)]
    content = bytearray(path.read_bytes())
    content[random.integers(len(content))] ^= 1 << int(random.integers(8))
    path.write_bytes(content)
    with pytest.raises(DamagedError, match=path.name):
        verify_run(folder)
    with pytest.raises(DamagedError, match=path.name):
        load_run_folder(folder)


def test_a_truncated_file_is_noticed(run, tmp_path):
    folder = write_run_folder(run, tmp_path)
    content = (folder / "distribution.parquet").read_bytes()
    (folder / "distribution.parquet").write_bytes(content[:-100])
    with pytest.raises(DamagedError, match="distribution"):
        load_run_folder(folder)


_WITH_LITTLE_SPACE = """
import resource, signal, sys
from pathlib import Path
from jpsim.errors import ResourceError
from jpsim.runs import write_run_folder
from tests.synthetic_run import synthetic_run
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    write_run_folder(synthetic_run(), Path(sys.argv[1]))
except ResourceError as error:
    print(error)
"""


def _python(project, code, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(project)}
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], env=environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip


def test_a_full_disk_leaves_nothing_behind(tmp_path, project):
    """A limit on the size of files stands for the full disk: writing fails after 100 kB."""
    answer, _ = _python(project, _WITH_LITTLE_SPACE, tmp_path).communicate(timeout=60)
    assert "not stored" in answer
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write to read-only folders")
def test_a_read_only_folder_is_refused(run, tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(ResourceError, match="not stored"):
        write_run_folder(run, tmp_path)


_RACER = """
import sys
from pathlib import Path
from jpsim.runs import write_run_folder
from tests.synthetic_run import MANIFEST, synthetic_run
run = synthetic_run(manifest={**MANIFEST, "run_id": sys.argv[2]})
print("ready", flush=True)
sys.stdin.readline()
try:
    write_run_folder(run, Path(sys.argv[1]))
    print("stored")
except Exception as error:
    print(type(error).__name__)
"""


def _race(project, directory, run_ids):
    """Let processes write at the same moment, and tell what came of each."""
    writers = [_python(project, _RACER, directory, run_id) for run_id in run_ids]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    return sorted(writer.communicate(timeout=60)[0].strip() for writer in writers)


def test_processes_that_write_different_runs_do_not_clash(tmp_path, project):
    run_ids = [f"20260130T101500Z-{number:08x}" for number in range(3)]
    assert _race(project, tmp_path, run_ids) == ["stored"] * 3
    assert sorted(path.name for path in tmp_path.iterdir()) == run_ids
    for entry in list_runs(tmp_path):
        verify_run(entry.path)


def test_of_processes_that_write_the_same_run_one_wins_and_the_others_are_told(tmp_path, project):
    run_id = "20260130T101500Z-00000009"
    assert _race(project, tmp_path, [run_id] * 3) == ["InputError", "InputError", "stored"]
    assert [path.name for path in tmp_path.iterdir()] == [run_id]
    verify_run(tmp_path / run_id)


_WRITER = """
import sys
from pathlib import Path
from jpsim.runs import write_run_folder
from tests.synthetic_run import MANIFEST, synthetic_run
run = synthetic_run()
print("ready", flush=True)
for number in range(1000):
    object.__setattr__(run, "manifest", {**MANIFEST, "run_id": f"20260130T101500Z-{number:08x}"})
    write_run_folder(run, Path(sys.argv[1]))
"""


def _kill_while_writing(directory, project, delay):
    with _python(project, _WRITER, directory) as writer:
        assert writer.stdout.readline() == "ready\n"
        time.sleep(delay)
        writer.kill()


@pytest.mark.parametrize(
    "delay", [0.11, 0.37, 0.83, *(pytest.param(0.05 * n, marks=pytest.mark.slow) for n in range(40))]
)
def test_a_killed_writer_leaves_whole_runs_or_none(tmp_path, project, delay):
    _kill_while_writing(tmp_path, project, delay)
    for entry in list_runs(tmp_path):
        assert "manifest.json" in verify_run(entry.path)
    leftovers = [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    assert len(leftovers) <= 1
    assert list(gc_runs(tmp_path)) == leftovers
    assert all(not path.name.startswith(".") for path in tmp_path.iterdir())
