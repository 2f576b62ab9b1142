"""The PDF: pages, text, the same bytes again, and a clear message where a font or the package is missing."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jpsim.errors import InputError, ResourceError
from jpsim.reporting.fonts import choose_fonts
from jpsim.reporting.markup_tree import parse_markup
from jpsim.reporting.pdf import render_pdf, render_pdf_pages
from jpsim.reporting.pdf_blocks import Charts, section_blocks
from jpsim.scenario import load_run
from tests.synthetic_run import RESOLVED, synthetic_run

typst = pytest.importorskip("typst")
imread = pytest.importorskip("matplotlib.image").imread


@pytest.fixture(scope="module")
def english() -> bytes:
    return render_pdf(synthetic_run(), ("en",))


def test_the_same_run_gives_the_same_bytes(english: bytes) -> None:
    assert english.startswith(b"%PDF-1.")
    assert render_pdf(synthetic_run(), ("en",)) == english
    assert b"/Title" in english
    assert b"2026013010" in english  # the run's own time, not today's


def test_hostile_text_is_only_text() -> None:
    attack = '#panic("owned") $ <script>alert(1)</script> \\ * _ `'
    told = RESOLVED.replace("House baseline", attack.replace('"', '\\"').replace("\\ ", "\\\\ "))
    assert render_pdf(synthetic_run(resolved=told), ("en",)).startswith(b"%PDF")


def test_japanese_is_set_with_its_signs() -> None:
    try:
        pages = render_pdf_pages(synthetic_run(), ("ja",), 50.0)
    except ResourceError:
        if os.environ.get("JPSIM_REQUIRE_BROWSER") == "1":
            raise
        pytest.skip("no Japanese font")
    assert len(pages) >= 5
    assert ink(pages[0]) > 0.01


def test_pages_have_colour_and_ink() -> None:
    pages = render_pdf_pages(synthetic_run(), ("en",), 50.0)
    assert all(ink(page) > 0.001 for page in pages)
    assert max(blue(page) for page in pages) > 0.05  # a page of fans


def test_a_missing_japanese_font_names_what_to_install() -> None:
    with pytest.raises(ResourceError, match=r"fonts-noto-cjk.*--lang en"):
        choose_fonts(["DejaVu Sans", "Libertinus Serif"], ("ja",))
    assert choose_fonts(["DejaVu Sans", "IPAGothic"], ("ja", "en")) == ("IPAGothic", "DejaVu Sans")
    assert choose_fonts(["DejaVu Sans"], ("en",)) == ("DejaVu Sans",)


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str, package: str | None = None) -> Any:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr("jpsim.reporting.pdf.import_module", missing)
    with pytest.raises(InputError, match=r"jpsim\[pdf\]"):
        render_pdf(synthetic_run())


def test_a_run_may_ask_for_it(project: Path) -> None:
    assert "pdf" in load_run(project / "configs" / "boj_hike.yaml", ["formats=[parquet, pdf]"]).formats


def test_blocks_keep_tables_texts_and_charts() -> None:
    charts = Charts("DejaVu Sans")
    [table, figure] = section_blocks(
        '<table class="heat"><thead><tr><th>a</th><th colspan="2">b</th></tr></thead>'
        '<tbody><tr><th>r</th><td class="gain-3">1 &lt; 2</td><td>3</td></tr></tbody></table>'
        '<details><p>folded</p></details><figure><svg viewBox="0 0 10 5" aria-label="x"><path class="grid" d="M0 0H9"/>'
        '<g class="month"><rect/></g></svg></figure>',
        charts,
    )
    assert [len(row) for row in table["rows"]] == [2, 3]
    assert table["rows"][1][1]["fill"] == "#c5dcf0"
    assert table["rows"][1][1]["runs"] == [["1 < 2", ""]]
    assert figure["blocks"][0]["alt"] == "x"
    [svg] = charts.files.values()
    assert b'month"' not in svg
    assert b".grid { stroke" in svg
    assert parse_markup(svg.decode()).text


def pixels(page: bytes) -> np.ndarray:
    """Colours of a page, 0 to 1."""
    return np.asarray(imread(io.BytesIO(page)))[..., :3]


def ink(page: bytes) -> float:
    """Share of pixels that are not white."""
    return float((pixels(page).min(axis=2) < 0.9).mean())


def blue(page: bytes) -> float:
    """Share of pixels that are clearly blue."""
    found = pixels(page)
    return float((found[..., 2] - found[..., 0] > 0.12).mean())
