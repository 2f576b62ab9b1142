"""Finding, checking and tidying stored runs."""

import os
import subprocess
import sys

import pytest

from jpsim.errors import DamagedError, InputError
from jpsim.runs import find_run, gc_runs, list_runs, run_identifier, verify_run, write_run_folder
from tests.synthetic_run import MANIFEST, synthetic_run

IDS = ["20260130T101500Z-1a2b3c4d", "20260130T101501Z-1a2b3c4d", "20260201T000000Z-ffff0000"]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    directory = tmp_path_factory.mktemp("runs")
    for run_id in IDS:
        write_run_folder(synthetic_run(manifest={**MANIFEST, "run_id": run_id}), directory)
    return directory


@pytest.fixture
def directory(written, tmp_path):
    """Hard links to the files of three runs, so that each test may remove some."""
    for folder in written.iterdir():
        (tmp_path / folder.name).mkdir()
        for path in folder.iterdir():
            (tmp_path / folder.name / path.name).hardlink_to(path)
    return tmp_path


def test_runs_are_listed_oldest_first_with_what_they_are(directory):
    entries = list_runs(directory)
    assert [entry.run_id for entry in entries] == IDS
    assert entries[0].scenarios == ("baseline", "boj_hike")
    assert (entries[0].model, entries[0].paths, entries[0].horizon) == ("japan_monthly@1.0.0", 100_000, 12)


def test_a_folder_that_is_not_there_holds_no_runs(tmp_path):
    assert list_runs(tmp_path / "none") == ()
    assert gc_runs(tmp_path / "none") == ()


def test_a_damaged_manifest_does_not_hide_the_other_runs(directory):
    manifest = directory / IDS[1] / "manifest.json"
    content = manifest.read_bytes()
    manifest.unlink()
    manifest.write_bytes(content.replace(b'"seed": 20260130', b'"seed": 20260131'))
    damage = {entry.run_id: entry.damage for entry in list_runs(directory)}
    assert damage[IDS[0]] is None
    assert "damaged" in damage[IDS[1]]


@pytest.mark.parametrize(("reference", "found"), [(IDS[0], 0), ("20260130T101501", 1), ("202602", 2)])
def test_an_id_may_be_cut_as_long_as_it_is_unique(directory, reference, found):
    assert find_run(directory, reference) == directory / IDS[found]


def test_a_path_names_a_run_too(directory):
    assert find_run(directory / "elsewhere", str(directory / IDS[2])) == directory / IDS[2]


@pytest.mark.parametrize(
    ("reference", "message"),
    [("20260130", "several runs"), ("2027", "no run '2027'"), ("", "no run ''"), ("..", "holds no run"),
     ("../../etc", "holds no run")],
)  # fmt: skip
def test_what_names_no_single_run_is_refused(directory, reference, message):
    with pytest.raises(InputError, match=message):
        find_run(directory, reference)


def test_verifying_names_every_file_that_is_wrong(directory):
    assert set(verify_run(directory / IDS[0])) == {
        "manifest.json", "summary.parquet", "attribution.parquet", "distribution.parquet", "resolved.yaml",
    }  # fmt: skip
    folder = directory / IDS[0]
    (folder / "summary.parquet").unlink()
    (folder / "notes.txt").write_text("mine")
    resolved = (folder / "resolved.yaml").read_text()
    (folder / "resolved.yaml").unlink()
    (folder / "resolved.yaml").write_text(resolved + "\n")
    with pytest.raises(DamagedError) as caught:
        verify_run(folder)
    told = str(caught.value)
    assert "summary.parquet: missing" in told
    assert "notes.txt: not listed" in told
    assert "resolved.yaml: damaged" in told
    assert "attribution" not in told


def test_tidying_removes_leftovers_and_no_run(directory):
    leftover = directory / f".{IDS[0]}.00c0ffee.partial"
    leftover.mkdir()
    (leftover / "summary.parquet").write_bytes(b"half")
    (directory / ".hidden").mkdir()
    assert gc_runs(directory, dry_run=True) == (leftover,)
    assert leftover.exists()
    assert gc_runs(directory) == (leftover,)
    assert not leftover.exists()
    assert (directory / ".hidden").exists()
    assert [entry.run_id for entry in list_runs(directory)] == IDS


def test_tidying_removes_the_runs_that_are_named(directory):
    assert gc_runs(directory, ["202602"]) == (directory / IDS[2],)
    assert [entry.run_id for entry in list_runs(directory)] == IDS[:2]
    with pytest.raises(InputError, match="several runs"):
        gc_runs(directory, ["2026"])


_HOLD = """
import sys, time
from pathlib import Path
from jpsim.runs.folder import _partial_folder
with _partial_folder(Path(sys.argv[1]) / "20260301T000000Z-00000000"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_tidying_spares_a_run_that_is_being_written(tmp_path, project):
    environment = {**os.environ, "PYTHONPATH": str(project)}
    command = [sys.executable, "-c", _HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as writer:
        assert writer.stdout.readline() == b"held\n"
        spared = gc_runs(tmp_path)
        writer.kill()
    assert spared == ()
    assert len(gc_runs(tmp_path)) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("created", ["2026-01-30T10:15:00Z", "2026-01-30T10:15:00.123456Z"])
def test_an_id_tells_time_and_content(created):
    assert run_identifier(created, "1a2b3c4d5e6f") == "20260130T101500Z-1a2b3c4d"
