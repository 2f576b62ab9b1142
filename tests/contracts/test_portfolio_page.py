"""The page on portfolios: its files run as they stand, and its tables name what there is."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import jpsim
from jpsim import api
from jpsim.analysis.books import parse_book
from jpsim.analysis.books.reading import COLUMNS, SETTINGS
from jpsim.dictionary import series
from jpsim.errors import InputError
from jpsim.runs import Run


@pytest.fixture(scope="module")
def page(project: Path) -> str:
    return (project / "docs/portfolios.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def desk(page: str, project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the page's files, and the scenarios that they name."""
    folder = tmp_path_factory.mktemp("page")
    files = re.findall(r"^`(\w+\.(?:csv|yaml))`.*?:\n\n```\w+\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    for name, text in files:
        (folder / name).write_text(text, encoding="utf-8")
    assert {name for name, _ in files} == {"simple.csv", "book.csv", "issues.csv", "betas.csv", "run.yaml"}
    (folder / "scenarios").symlink_to(project / "scenarios")
    return folder


@pytest.fixture(scope="module")
def run(desk: Path) -> Run:
    return jpsim.run(desk / "run.yaml", overrides=["paths=8000"], out=desk / "outputs")


def test_the_smallest_book_reads(desk: Path) -> None:
    text = (desk / "simple.csv").read_text(encoding="utf-8")
    assert [one.weight for one in parse_book(text, "simple.csv", tuple(series())).positions] == [0.6, 0.3, 0.1]


def test_the_stored_book_tells_what_the_page_says(run: Run) -> None:
    for scenario in run.scenarios:
        book = run[scenario].portfolio
        assert (book.positions, book.proxied, book.capital, book.currency) == (6, 0, 1e10, "JPY")
        parts = book.components("12m")
        total = run[scenario]["portfolio"].at("12m").statistic("es95")
        assert sum(float(part.component) for part in parts) == pytest.approx(float(total), abs=1e-10)
        assert parts[-1].position == "topix future"
        assert parts[-1].component < 0
        assert 0 < book.drawdown["mean"] < book.drawdown["q99"] < 1
        [breach] = book.breaches
        assert (breach.month, breach.loss) == (12, 0.4)
        assert 0 <= breach.probability < 0.05


def test_the_drivers_of_the_stored_book_sum_to_its_numbers(run: Run) -> None:
    for scenario in run.scenarios:
        outcome = run[scenario]["portfolio"].at("6m")
        drivers = run[scenario].portfolio.drivers("6m")
        for name in ("mean", "var95", "es95", "es99"):
            total = sum(float(getattr(one, name)) for one in drivers)
            assert total == pytest.approx(float(outcome.statistic(name)), abs=1e-10)
        assert {"usdjpy", "specific", "volatility", "time_value", "residual"} <= {one.driver for one in drivers}
        assert {one.driver: one.es95.se for one in drivers}["residual"] > 0


def test_the_book_is_compared_on_its_common_draws(run: Run) -> None:
    found = jpsim.compare(run["baseline"], run["boj_hike"], series=["portfolio"])["boj_hike"]["portfolio"]
    before, after = (run[name]["portfolio"].at("12m").mean for name in ("baseline", "boj_hike"))
    assert found.differences["mean"].value == pytest.approx(after - before, abs=1e-8)
    assert 0 < found.differences["mean"].se < (before.se**2 + after.se**2) ** 0.5


def test_a_run_without_a_book_has_none(project: Path) -> None:
    simulated = jpsim.simulate(jpsim.load_scenario(project / "scenarios/baseline.yaml"), paths=2048)
    with pytest.raises(InputError, match="has no portfolio"):
        simulated["baseline"].portfolio  # noqa: B018


def test_the_hedge_of_the_page(run: Run, desk: Path) -> None:
    """The command and the facade find the same hedge; a book that is long is hedged by selling."""
    words = [sys.executable, "-m", "jpsim", "hedge", f"{run.run_id}:boj_hike", "--out", str(desk / "outputs")]
    done = subprocess.run([*words, "--json", "--most", "1"], capture_output=True, text=True, check=True, timeout=300)
    told = json.loads(done.stdout)
    found = api.hedge(run["boj_hike"], most=1)
    assert told == json.loads(json.dumps(found.to_dict()))
    [leg] = told["hedges"][0]["legs"]
    assert leg["series"] == "topix"
    assert -1.0 < leg["size"] < -0.5
    wrong = subprocess.run([*words, "--with", "topx"], capture_output=True, text=True, check=False, timeout=300)
    assert wrong.returncode == 2
    assert "did you mean topix" in wrong.stderr


def test_columns_and_settings_are_those_that_are_read(page: str) -> None:
    table = page.split("## Columns")[1].split("## What a position earns")[0]
    first = "".join(line.split("|")[1] for line in table.splitlines() if line.startswith("|"))
    assert set(re.findall(r"`(\w+)`", first)) == set(COLUMNS)
    assert set(re.findall(r"^\| `# (\w+):", page, re.MULTILINE)) == set(SETTINGS)
