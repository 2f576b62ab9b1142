"""The list of what the documentation draws is whole, and rows of README's table are found again."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
MEASURED = {"docs/_static/benchmarks.svg", "docs/_static/benchmarks.json", "docs/_static/pages.css"}
"""Written by `make bench`, or by hand."""


@pytest.fixture(scope="module")
def figures() -> ModuleType:
    spec = importlib.util.spec_from_file_location("figures", ROOT / "docs" / "figures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["figures"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_every_picture_of_the_documentation_is_written_by_one_figure(figures: ModuleType) -> None:
    files = [name for figure in figures.FIGURES for name in figure.files]
    assert len(files) == len(set(files))
    assert [name for name in files if not (ROOT / name).exists()] == []
    drawn = {str(path.relative_to(ROOT)) for path in (ROOT / "docs" / "_static").rglob("*") if path.is_file()}
    folders = tuple(name for name in files if name.endswith("/"))
    assert {name for name in drawn - MEASURED if not name.startswith(folders)} <= set(files)


def test_the_command_lists_them_and_knows_no_others(figures: ModuleType) -> None:
    words = [sys.executable, "docs/figures.py"]
    listed = subprocess.run([*words, "--list"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert [line.split()[0] for line in listed.splitlines()] == [figure.name for figure in figures.FIGURES]
    wrong = subprocess.run([*words, "pictures"], cwd=ROOT, capture_output=True, text=True)
    assert wrong.returncode == 1
    assert "no figure is called pictures; there are schemas, library" in wrong.stderr


def test_rows_of_readmes_table_are_found_in_a_longer_one(figures: ModuleType) -> None:
    """The table as it stands, put between further rows and with other widths, comes out as it stands."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    [table] = [block for block in re.findall(r"```text\n(.*?)```", text, re.DOTALL) if block.startswith("baseline (")]
    parts = table.split("\n\n")
    longer = [part + "\nIndices" + " " * 80 + "\nAll listed shares      +9.6 ±0.1\n" for part in parts[:-1]]
    assert figures.chosen_rows(table, "\n\n".join([*longer, parts[-1]])) == table
