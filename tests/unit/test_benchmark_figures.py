"""The table of the benchmarks' page comes from what was measured."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from benchmarks.conditional import (
    FACTORS,
    MONTHS,
    ROWS,
    conditioned,
    factor_paths,
    law_of,
    mixed,
    numpy_paths,
    stacked,
)
from benchmarks.figures import BEGIN, END, Figure, draw_svg, markdown_table, read_json, write_json, write_page
from jpsim.simulation.law import Numerics

DOCS = Path(__file__).resolve().parents[2] / "docs"
FIGURES = [Figure("faster than x", 5.0, 4.5), Figure("time over y", 3.0, 2.0, more=False), Figure("z", 1.5)]


def test_a_figure_is_met_on_its_own_side():
    assert [figure.met for figure in FIGURES] == [True, False, None]


def test_files_are_read_back_and_the_table_replaced(tmp_path):
    page, kept = tmp_path / "page.md", tmp_path / "found.json"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    write_json(kept, {"processor": "x"}, FIGURES, {})
    write_page(page, read_json(kept))
    lines = page.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "before"
    assert lines[-1] == "after"
    assert "| time over y | 3 | ≤ 2 | **missed** |" in lines
    assert "old" not in lines


def test_the_picture_is_well_formed_and_has_a_bar_for_each_aim():
    root = ElementTree.fromstring(draw_svg(FIGURES))
    assert len(root.findall("{http://www.w3.org/2000/svg}rect")) == 3  # the paper and two bars


def test_the_page_shows_what_was_stored():
    figures = read_json(DOCS / "_static" / "benchmarks.json")
    assert markdown_table(figures) in (DOCS / "benchmarks.md").read_text(encoding="utf-8")
    assert (DOCS / "_static" / "benchmarks.svg").read_text(encoding="utf-8") == draw_svg(figures)


@pytest.mark.statistical
@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_the_reference_draws_the_same_conditioned_law(precision):
    given, paths = conditioned(), 20_000
    theirs = numpy_paths(given, paths).reshape(MONTHS, FACTORS, paths).transpose(1, 0, 2).astype(np.float64)
    ours = factor_paths(replace(law_of(given), numerics=Numerics(precision)), paths).astype(np.float64)
    for x in (ours, theirs):
        assert np.abs(x[given.places, given.months - 1] - given.values[:, None]).max() < 1e-6
    sd = theirs.std(axis=2)
    free = sd > 1e-5
    assert free.sum() == sd.size - ROWS
    z = (ours.mean(axis=2) - theirs.mean(axis=2))[free] / (sd[free] * np.sqrt(2.0 / paths))
    assert np.abs(z).max() < 4.5
    np.testing.assert_allclose(ours.std(axis=2)[free], sd[free], rtol=0.04)


@pytest.mark.statistical
def test_random_scales_meet_the_same_rows():
    given = conditioned()
    x = factor_paths(mixed(given, 8.0, sv_phi=0.9, sv_sigma=0.2), 1024)
    np.testing.assert_allclose(x[given.places, given.months - 1], given.values[:, None] + 0.0 * x[0, :1], atol=1e-9)


def test_the_stacked_response_is_the_recursion():
    given, response = conditioned(), stacked(conditioned())
    z, y = np.random.default_rng(3).normal(size=(MONTHS, FACTORS)), np.zeros(FACTORS)
    for t in range(MONTHS):
        y = given.transition @ y + given.impact @ z[t]
    np.testing.assert_allclose(np.einsum("isk,sk->i", response[-1], z), y, rtol=1e-12)


@pytest.mark.parametrize("name", ["conditional", "effective", "kernels", "peers", "scaling", "sizing", "w1"])
def test_every_benchmark_can_be_imported(name):
    assert importlib.import_module(f"benchmarks.{name}").__doc__
