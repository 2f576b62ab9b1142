"""Numbers as people write them, and a table that fits its terminal."""

from io import StringIO

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console

from jpsim.reporting.charts import nice_ticks
from jpsim.reporting.labels import label_of
from jpsim.reporting.progress import progress_bar
from jpsim.reporting.table import run_table
from tests.synthetic_run import OUTPUTS, synthetic_run


@pytest.fixture(scope="module")
def run():
    return synthetic_run()


def lines(run, **options):
    stream = StringIO()
    Console(file=stream, width=options["width"], color_system=None).print(run_table(run, **options))
    return stream.getvalue().splitlines()


@pytest.mark.parametrize(
    ("output", "kind", "typical", "value", "level", "change"),
    [
        ("topix", "index", 0.1, 0.0996, "+10.0", "+10.0"),
        ("banks", "sector17", 0.1, -0.0304, "−3.0", "−3.0"),
        ("jgb_10y", "factor", 2.2, 2.346, "2.35", "+235"),
        ("core_cpi", "factor", 2.0, -0.251, "−0.25", "−0.25"),
        ("usdjpy", "factor", 155.0, 154.96, "155.0", "+155.0"),
        ("sp500", "factor", 6900.0, 6939.4, "6,939", "+6,939"),
        ("unheard_of", "factor", 1.0, 0.0, "0.00", "0.00"),
        ("topix", "index", 0.1, -0.0001, "0.0", "0.0"),
    ],
)
def test_numbers_are_written_in_their_unit(output, kind, typical, value, level, change):
    style = label_of(output, kind, typical).style
    assert (style.level(value), style.change(value)) == (level, change)


@pytest.mark.parametrize(("se", "text"), [(0.0012, "0.1"), (0.0004, "0.04"), (0.00003, "0.003"), (0.0, "0.0")])
def test_an_error_is_shown_to_its_first_digit(se, text):
    assert label_of("topix", "index").style.error(se) == text


def test_an_error_too_small_to_show_is_not_zero():
    assert label_of("topix", "index").style.error(1e-9) == "<0.001"


@pytest.mark.parametrize("width", [80, 100, 120, 160])
@pytest.mark.parametrize("languages", [("en",), ("ja",), ("en", "ja")])
def test_the_table_fits_the_terminal(run, width, languages):
    found = lines(run, width=width, languages=languages, detailed=True)
    assert max(cell_len(line.rstrip()) for line in found) <= width


@pytest.mark.parametrize("width", [80, 120])
def test_no_number_is_cut(run, width):
    """Every figure of TOPIX in the hike, written out from the run's arrays."""
    found = next(line for line in lines(run, width=width)[50:] if line.startswith("TOPIX  "))
    place = 1, OUTPUTS.index("topix"), 11
    for name in ("q05", "q50", "q95"):
        assert f"{100 * abs(run.statistics[name][place]):.1f}" in found
    assert f"{100 * run.statistics['es95'][place]:.1f} ±" in found
    assert f"{100 * run.statistics['p_loss'][place]:.1f}%" in found
    change = run.statistics["mean"][place] - run.statistics["mean"][0, *place[1:]]
    assert f"{100 * abs(change):.1f}" in found


@pytest.mark.parametrize("detailed", [False, True])
def test_every_series_of_the_kinds_shown_has_a_line(run, detailed):
    shown = {line.rstrip().split("  ")[0] for line in lines(run, width=160, detailed=detailed)}
    names = {kind: {label_of(output, kind).name("en") for output in run.of_kind(kind)} for kind in set(run.kinds)}
    for kind in ("index", "size", "segment", "sector17"):
        assert names[kind] <= shown
    assert (names["theme"] <= shown) is detailed
    assert (names["sector33"] <= shown) is detailed


def test_other_months_may_be_asked_for(run):
    text = "\n".join(lines(run, width=80, months=(3, 6)))
    assert "3 months after 2026-01 (2026-04)" in text
    assert "6 months after 2026-01 (2026-07)" in text
    assert "12 months" not in text


@pytest.mark.parametrize(("low", "high"), [(-0.31, 0.58), (0.74, 1.52), (5600.0, 9100.0), (-1e-4, 1e-4), (98.0, 98.5)])
def test_ticks_are_round_and_few(low, high):
    ticks = nice_ticks(low, high)
    assert 2 <= len(ticks) <= 5
    assert low <= ticks[0] + 1e-12
    assert ticks[-1] <= high + 1e-12
    step = ticks[1] - ticks[0]
    lead = step / 10.0 ** np.floor(np.log10(step) + 1e-9)
    assert min(abs(lead - nice) for nice in (1, 2, 2.5, 5)) < 1e-6


def test_progress_is_shown_only_on_a_terminal():
    for terminal in (False, True):
        stream = StringIO()
        with progress_bar(10, "drawing", console=Console(file=stream, force_terminal=terminal, width=80)) as advance:
            advance(10)
        assert bool(stream.getvalue()) is terminal
