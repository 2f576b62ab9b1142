"""The terminal table as stored text; run this file as a module to write the texts anew after a wanted change."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from jpsim.reporting.table import run_table
from tests.synthetic_run import synthetic_run

STORED = Path(__file__).parent / "tables"
CASES = {
    "english_80": {"width": 80},
    "english_japanese_120": {"width": 120, "languages": ("en", "ja"), "months": (6, 12)},
    "japanese_80": {"width": 80, "languages": ("ja",)},
    "detailed_120": {"width": 120, "detailed": True},
}


def render(case: str) -> str:
    stream = StringIO()
    console = Console(file=stream, width=CASES[case]["width"], color_system=None, force_terminal=False)
    console.print(run_table(synthetic_run(), **CASES[case]))
    return stream.getvalue()


@pytest.mark.parametrize("case", CASES)
def test_the_table_reads_as_stored(case):
    assert render(case) == (STORED / f"{case}.txt").read_text(encoding="utf-8")


if __name__ == "__main__":
    for name in CASES:
        (STORED / f"{name}.txt").write_text(render(name), encoding="utf-8")
