"""The table of the benchmarks' page comes from what was measured."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from benchmarks.conditional import SIZE, numpy_run, stacked
from benchmarks.figures import BEGIN, END, Figure, draw_svg, markdown_table, read_json, write_json, write_page
from jpsim.simulation.engine import draw_paths
from tests.naive.simulation import example_law

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
def test_the_reference_draws_the_same_conditioned_law():
    law, paths = example_law(np.random.default_rng(1), **SIZE), 20_000
    mean, sd, _ = numpy_run(law, paths)
    ours = draw_paths(law, 5, 0, paths)
    plain = [i for i in range(SIZE["n"]) if law.levels.code[i] == 0]
    x = ours[plain].transpose(1, 0, 2)
    mean, sd = (part.reshape(SIZE["months"], SIZE["n"])[:, plain] for part in (mean, sd))
    z = (x.mean(axis=2) - mean) / (sd * np.sqrt(2.0 / paths))
    assert np.abs(z).max() < 4.5
    np.testing.assert_allclose(x.std(axis=2), sd, rtol=0.04)


def test_the_stacked_response_is_the_recursion():
    law = example_law(np.random.default_rng(2), n=3, p=1, months=3, series=4, groups=1, common=1)
    mean, response = stacked(law)
    z = np.random.default_rng(3).normal(size=(3, 3))
    y = law.dynamics.state[:3]
    for t in range(3):
        y = law.dynamics.intercept[t] + law.dynamics.transition[t][:, :3] @ y + law.dynamics.impact[t] @ z[t]
    np.testing.assert_allclose((mean + response @ z.ravel())[6:], y, rtol=1e-12)
