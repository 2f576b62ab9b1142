"""The kernel cache: found by another process, mended when damaged, done without when unwritable."""

from __future__ import annotations

import subprocess
import sys

import pytest

from jpsim.simulation.kernels import disk_cache

PROGRAM = """
import sys, warnings
from pathlib import Path
from jpsim.simulation import kernel_cache
from jpsim.simulation.kernels.normals import fill_normals, write_draws
kernel_cache.use_cache(Path(sys.argv[1]))
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    value = fill_normals(1, 1, 0, 1, 1, 1)[0, 0, 0]
hits = sum(write_draws.stats.cache_hits.values())
print(value, hits, [str(warning.message)[:30] for warning in caught if "kernel" in str(warning.message)], sep="|")
"""


def run(folder, project):
    command = [sys.executable, "-c", PROGRAM, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=project)
    return done.stdout.strip().split("|")


@pytest.fixture(scope="module")
def filled(tmp_path_factory, project):
    folder = tmp_path_factory.mktemp("cache")
    return folder, run(folder, project)


def test_second_process_finds_the_kernel(filled, project):
    folder, (value, hits, warned) = filled
    assert (hits, warned) == ("0", "[]")
    assert run(folder, project) == [value, "1", "[]"]


def test_a_kept_kernel_is_loaded_without_what_compiling_takes(filled, project):
    program = PROGRAM + "print('numba.np.arrayobj' in sys.modules, 'numba.cpython.unicode' in sys.modules)"
    command = [sys.executable, "-c", program, str(filled[0])]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=project)
    answer, modules = done.stdout.splitlines()
    assert (answer.split("|")[1], modules) == ("1", "False False")


@pytest.mark.parametrize("suffix", ["nbc", "nbi"])
def test_truncated_file_is_compiled_again_and_replaced(filled, project, suffix):
    folder, (value, _, _) = filled
    for file in folder.rglob(f"*.{suffix}"):
        file.write_bytes(file.read_bytes()[:40])
    again = run(folder, project)
    assert again[:2] == [value, "0"]
    assert "damaged kernel cache" in again[2]
    assert run(folder, project) == [value, "1", "[]"]


def test_unwritable_folder_warns_and_works(filled, project, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    value, hits, warned = run(blocked, project)
    assert (value, hits) == (filled[1][0], "0")
    assert "kernels are compiled in every" in warned


def test_key_changes_with_every_source(monkeypatch, tmp_path):
    original = disk_cache.cache_key()
    for source in disk_cache.Path(disk_cache.__file__).parent.glob("*.py"):
        (tmp_path / source.name).write_bytes(source.read_bytes())
    monkeypatch.setattr(disk_cache, "__file__", str(tmp_path / "disk_cache.py"))
    keys = [disk_cache.cache_key.__wrapped__()]
    for source in sorted(tmp_path.glob("*.py")):
        source.write_bytes(source.read_bytes() + b"#")
        keys.append(disk_cache.cache_key.__wrapped__())
    assert keys[0] == original
    assert len(set(keys)) == len(keys)
