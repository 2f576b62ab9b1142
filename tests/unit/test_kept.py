"""What is kept between processes: found again, mended when damaged, done without when unwritable."""

from __future__ import annotations

import pytest

from jpsim.reporting.page import template_environment
from jpsim.simulation.kept import kept
from jpsim.simulation.kernels import disk_cache

pytestmark = pytest.mark.unit


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(disk_cache, "_chosen", [tmp_path])
    return tmp_path / "kept"


def made(calls, text=b"<p>x</p>"):
    def make():
        calls.append(text)
        return text

    return make


def test_second_time_nothing_is_made(folder):
    calls = []
    assert [kept("card", "x", made(calls)) for _ in range(2)] == [b"<p>x</p>"] * 2
    assert len(calls) == 1
    assert kept("card", "y", made(calls, b"<p>y</p>")) == b"<p>y</p>"


@pytest.mark.parametrize("damage", [lambda stored: stored[:-1], lambda stored: stored + b"z", lambda _: b""])
def test_damaged_file_is_made_anew_and_replaced(folder, damage):
    calls = []
    kept("card", "x", made(calls))
    [file] = folder.iterdir()
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    assert kept("card", "x", made(calls)) == b"<p>x</p>"
    assert (len(calls), file.read_bytes()) == (2, whole)


@pytest.mark.parametrize("blocked", [False, True])
def test_without_a_folder_everything_is_made(monkeypatch, tmp_path, blocked):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setattr(disk_cache, "_chosen", [tmp_path / "file" if blocked else None])
    calls = []
    assert [kept("card", "x", made(calls)) for _ in range(2)] == [b"<p>x</p>"] * 2
    assert len(calls) == 2


def test_templates_compile_once(folder, monkeypatch):
    name = "sections/limits.html.j2"
    template_environment.cache_clear()
    first = template_environment().get_template(name)
    template_environment.cache_clear()
    monkeypatch.setattr("jinja2.Environment.compile", lambda *_: pytest.fail("compiled again"))
    second = template_environment().get_template(name)
    template_environment.cache_clear()
    assert second.name == first.name
    assert second.root_render_func.__code__ == first.root_render_func.__code__
