"""The examples run, draw something, and stand on their page as they are."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("agg")

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


@pytest.fixture(scope="module")
def gallery() -> ModuleType:
    spec = importlib.util.spec_from_file_location("gallery", ROOT / "docs" / "gallery.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_there_are_enough_of_them() -> None:
    assert len(EXAMPLES) >= 8


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs_and_draws(path: Path, gallery: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    figure = gallery.carry_out(path)
    figure.canvas.draw()
    picture = np.asarray(figure.canvas.buffer_rgba())[..., :3]
    assert 0.01 < (picture.min(axis=2) < 200).mean() < 0.9
    assert all(ax.get_title(loc="left") or ax.get_title() or ax.images for ax in figure.axes)


def test_the_page_shows_the_files(gallery: ModuleType) -> None:
    assert (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8") == gallery.page()
    for path in EXAMPLES:
        picture = ROOT / "docs" / "_static" / "gallery" / f"{path.stem}.png"
        assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
        assert picture.stat().st_size < 150_000
