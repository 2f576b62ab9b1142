"""A run with a book: the summary, its components, limits, mistakes, the same bits again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import jpsim
from jpsim import api

BOOK = """\
# codes: issues.csv
id,code,amount,currency,name
,7203,"1,000,000",USD unhedged,=HYPERLINK("x")
,8306,500000,USD unhedged,<script>alert(1)</script>
topix,,-300000,USD hedged,
"""
ISSUES = "code,sector33\n7203,3700\n8306,銀行業\n"


def call(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "jpsim", *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(scope="module")
def config(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    (folder / "book.csv").write_text(BOOK, encoding="utf-8")
    (folder / "issues.csv").write_text(ISSUES, encoding="utf-8")
    path = folder / "run.yaml"
    scenarios = ", ".join(str(project / f"scenarios/{name}.yaml") for name in ("baseline", "boj_hike"))
    path.write_text(
        f"schema: jpsim/run@1\nscenarios: [{scenarios}]\npaths: 6000\nportfolio: book.csv\n"
        "limits: [{series: portfolio, at: 12m, es95: 5%}, {series: portfolio, at: 6m, var99: 90%}]\n",
        encoding="utf-8",
    )
    return path


@pytest.fixture(scope="module")
def stored(config: Path) -> Path:
    """Folder of the run, which breaks one of its limits and is kept all the same."""
    out = config.parent / "outputs"
    done = call("run", config, "--out", out, "--json")
    assert done.returncode == 3, done.stderr
    assert "baseline: es95 of portfolio at 12m" in done.stderr
    assert "var99" not in done.stderr
    return Path(json.loads(done.stdout)["path"])


def test_the_book_is_an_output_of_every_scenario(stored: Path) -> None:
    frame = pq.read_table(stored / "summary.parquet").to_pandas()
    rows = frame[frame.kind == "portfolio"]
    assert (rows.groupby(["scenario", "series"]).size() == 12).all()
    assert set(rows.series) == {"portfolio"}
    assert (rows.es95_se > 0).all()
    outcome = jpsim.load_run_folder(stored)["boj_hike"]["portfolio"].at("12m")
    assert outcome.es(0.95) > outcome.var(0.95) > 0


def test_components_sum_to_the_shortfall(stored: Path) -> None:
    summary = pq.read_table(stored / "summary.parquet").to_pandas()
    expected = summary[summary.kind == "portfolio"].set_index(["scenario", "month"]).es95
    parts = pq.read_table(stored / "components.parquet").to_pandas()
    assert list(parts.columns[:3]) == ["scenario", "month", "position"]
    assert (parts.groupby(["scenario", "month"]).component.sum() - expected).abs().max() < 1e-10
    assert set(parts.position) == {"7203", "8306", "topix"}


def test_the_manifest_tells_drawdown_and_breaches(stored: Path) -> None:
    told = json.loads((stored / "manifest.json").read_text())["diagnostics"]["baseline"]["portfolio"]
    assert told["capital"] == 1_800_000
    assert told["currency"] == "USD"
    assert 0 < told["drawdown"]["mean"]["value"] < told["drawdown"]["q95"]["value"] < 1
    assert [(breach["month"], breach["loss"]) for breach in told["breaches"]] == [(12, 0.05), (6, 0.9)]
    assert 0 < told["breaches"][0]["probability"] < 1


def test_it_can_be_replayed_from_its_own_folder(stored: Path, config: Path) -> None:
    (config.parent / "book.csv").rename(config.parent / "moved.csv")
    try:
        again = api.replay(stored)
    finally:
        (config.parent / "moved.csv").rename(config.parent / "book.csv")
    assert again.equal, again.files
    assert "components.parquet" in again.files


def test_another_book_is_another_run(config: Path, stored: Path) -> None:
    other = config.parent / "other.csv"
    other.write_text("id,weight\ntopix,1\n", encoding="utf-8")
    hashes = set()
    for book in ("book.csv", "other.csv", "none"):
        wish = [f"portfolio={book}"] if book != "none" else ["portfolio=null", "limits=[]"]
        options = [word for one in wish for word in ("--set", one)]
        done = call("run", config, *options, "--dry-run", "--json")
        assert done.returncode == 0, done.stderr
        hashes.add(json.loads(done.stdout)["content_hash"])
    assert len(hashes) == 3
    assert json.loads((stored / "manifest.json").read_text())["content_hash"] in hashes


def test_names_of_positions_reach_no_file(stored: Path) -> None:
    for path in stored.iterdir():
        content = path.read_bytes()
        assert b"HYPERLINK" not in content, path
        assert b"alert(1)" not in content, path


@pytest.mark.parametrize(
    ("book", "told"),
    [
        ("id,weight\ntopix,0.5\nbnaks,0.5\n", "wrong.csv:3:1: the model has no series 'bnaks'"),
        ("id,weight\ntopix,0.5\n", "the weights sum to 0.5"),
        ("id,weight\n", "the book is empty"),
    ],
)
def test_mistakes_in_the_book_stop_the_run_before_it_starts(config: Path, book: str, told: str) -> None:
    (config.parent / "wrong.csv").write_text(book, encoding="utf-8")
    out = config.parent / "nothing"
    done = call("run", config, "--set", "portfolio=wrong.csv", "--out", out)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert not out.exists()


def test_a_limit_on_a_portfolio_needs_one(config: Path) -> None:
    done = call("run", config, "--set", "portfolio=null")
    assert done.returncode == 2
    assert "a limit on the portfolio of a run without one" in done.stderr
