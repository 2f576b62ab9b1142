"""`jpsim compare` as users and scripts call it: what it says of stored runs, and how it says it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from rich.cells import cell_len
from rich.console import Console

from jpsim import api
from jpsim.analysis import comparison as compared
from jpsim.analysis import redrawing
from jpsim.analysis.comparison import compare_sides, draws_needed
from jpsim.analysis.redrawing import Side
from jpsim.cli import main
from jpsim.errors import InputError
from jpsim.reporting.comparison_table import comparison_table

PATHS = 6000
DIFFERENCES = ("mean", "q05", "q50", "q95", "p_loss", "var95", "es95")


@dataclass
class Done:
    """What a command printed, and how it ended."""

    returncode: int
    stdout: str
    stderr: str


def call(*arguments: str | Path) -> Done:
    """Call the command line in this process."""
    previous = signal.getsignal(signal.SIGTERM)
    out, err = StringIO(), StringIO()
    try:
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
    finally:
        signal.signal(signal.SIGTERM, previous)
    return Done(int(left.value.code or 0), out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def out(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of the same file that differ in their seed."""
    folder = tmp_path_factory.mktemp("runs")
    for seed in (1, 2):
        overrides = [f"paths={PATHS}", f"seed={seed}", "formats=[parquet]"]
        api.run(project / "configs/boj_hike.yaml", overrides=overrides, out=folder)
    return folder


@pytest.fixture(scope="module")
def folders(out: Path) -> list[Path]:
    """Folders of the runs by seed."""
    return sorted(out.iterdir(), key=lambda path: json.loads((path / "manifest.json").read_text())["seed"])


@pytest.fixture(scope="module")
def sides(folders: list[Path]) -> list[Side]:
    run, job = api.reopen(folders[0])
    return [Side(run, scenario, job) for scenario in run.scenarios]


@pytest.fixture(scope="module")
def answer(folders: list[Path], out: Path) -> dict[str, object]:
    """A run without a scenario: its reference, and all others against it."""
    words = [sys.executable, "-m", "jpsim", "compare", folders[0].name, "--out", str(out), "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_run_stands_for_its_reference_against_the_others(answer: dict, folders: list[Path]) -> None:
    reference = {"run_id": folders[0].name, "scenario": "baseline", "month": 12, "paths": PATHS}
    assert answer["reference"] == reference
    assert answer["level"] == 0.95
    (only,) = answer["comparisons"]
    assert (only["scenario"], only["month"], only["paired"], only["unpaired"]) == ("boj_hike", 12, True, [])


def test_differences_are_those_of_the_summary(answer: dict, folders: list[Path]) -> None:
    """Moments agree to rounding; quantiles of paths and of histograms differ by a part of an error."""
    frame = pq.read_table(folders[0] / "summary.parquet").to_pandas()
    frame = frame[frame.month == 12].set_index(["scenario", "series"])
    found = answer["comparisons"][0]["series"]
    assert set(found) == set(frame.loc["baseline"].index)
    for series, entry in found.items():
        one, two = frame.loc[("baseline", series)], frame.loc[("boj_hike", series)]
        for name in DIFFERENCES:
            told, apart = entry["differences"][name], two[name] - one[name]
            slack = 1e-6 if name in ("mean", "p_loss") else 1.0 * np.hypot(one[f"{name}_se"], two[f"{name}_se"])
            if series == "boj_policy_rate":  # moves in steps, and a histogram places a step within one of its bins
                slack += 1e-3
            assert abs(told["value"] - apart) <= slack + 1e-6 * abs(one[name]), (series, name)
            assert told["low"] <= told["value"] <= told["high"]


def test_common_draws_sharpen_differences_of_equities(answer: dict, folders: list[Path]) -> None:
    frame = pq.read_table(folders[0] / "summary.parquet").to_pandas()
    frame = frame[frame.month == 12].set_index(["scenario", "series"])
    topix = answer["comparisons"][0]["series"]["topix"]["differences"]["mean"]
    independent = np.hypot(*(frame.loc[(name, "topix"), "mean_se"] for name in ("baseline", "boj_hike")))
    assert topix["se"] < 0.7 * independent


def test_the_probability_of_ending_lower_counts_paths(answer: dict, sides: list[Side]) -> None:
    """Path by path, with the stored weights."""
    place = sides[0].job.model.outputs.index("topix")
    ends = [side.sampler.paths(0, PATHS)[place, 11] for side in sides]
    weights = np.mean([side.run.weights.get(side.scenario, np.full(PATHS, 1 / PATHS)) for side in sides], axis=0)
    found = answer["comparisons"][0]["series"]["topix"]["p_lower"]
    assert found["value"] == pytest.approx(float(weights @ (ends[1] < ends[0])), abs=1e-9)
    assert 0 < found["low"] < found["value"] < found["high"] < 1


def test_series_are_ranked_by_how_much_they_move(answer: dict) -> None:
    told = answer["comparisons"][0]
    moved = [told["series"][name]["moved"] for name in told["ranking"]]
    known = [value for value in moved if value is not None]
    assert known == sorted(known, reverse=True)
    assert moved[: len(moved) - len(known)] == [None] * (len(moved) - len(known))
    assert told["ranking"].index("boj_policy_rate") < told["ranking"].index("topix")


def test_assumptions_stand_beside_the_numbers(answer: dict) -> None:
    leaves = {leaf["leaf"]: (leaf["reference"], leaf["scenario"]) for leaf in answer["comparisons"][0]["assumptions"]}
    assert leaves["premium"] == (None, "baseline")
    assert leaves["views.0.series"] == ("topix", None)
    assert any(leaf.startswith("conditions.boj_policy_rate") for leaf in leaves)
    assert not any(leaf.startswith(("title", "narrative", "run.")) for leaf in leaves)


def test_runs_of_two_seeds_are_not_paired(folders: list[Path], out: Path) -> None:
    references = [f"{folder.name}:boj_hike" for folder in folders]
    done = call("compare", *references, "--out", out, "--json", "--series", "topix,sector17", "--at", "2026-07")
    (only,) = json.loads(done.stdout)["comparisons"]
    assert (only["paired"], only["unpaired"], only["month"]) == (False, ["seed: 1 against 2"], 6)
    assert [leaf["leaf"] for leaf in only["assumptions"]] == ["run.seed"]
    assert len(only["ranking"]) == 18
    for entry in only["series"].values():
        assert entry["p_lower"] is None
        mean = entry["differences"]["mean"]
        assert abs(mean["value"]) < 4.5 * mean["se"]  # one law, two samples


def test_a_side_is_named_by_folder_or_prefix_and_counted_once(folders: list[Path], out: Path) -> None:
    folder, prefix = folders[0], folders[0].name[:-2]
    words = [f"{folder}:boj_hike", f"{prefix}:baseline", f"{prefix}:boj_hike"]
    done = call("compare", *words, "--out", out, "--series", "topix", "--json")
    told = json.loads(done.stdout)
    assert told["reference"]["scenario"] == "boj_hike"
    assert [contrast["scenario"] for contrast in told["comparisons"]] == ["baseline"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["{run}:boj_hik"], "did you mean boj_hike"),
        (["{run}:boj_hike"], "one scenario cannot be compared"),
        (["{run}", "--series", "topixx"], "did you mean topix"),
        (["{run}", "--at", "13m"], "1m to 12m"),
        (["{run}", "--at", "soon"], "is no month"),
        (["no_such_run"], "no run 'no_such_run'"),
    ],
)
def test_wrong_input_is_told_without_a_traceback(words: list[str], said: str, folders: list[Path], out: Path) -> None:
    done = call("compare", *(word.format(run=folders[0].name) for word in words), "--out", out)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout


@pytest.mark.parametrize("width", [80, 120, 160])
def test_the_table_fits_its_terminal(sides: list[Side], width: int) -> None:
    stream = StringIO()
    table = comparison_table(compare_sides(sides), width=width, detailed=True)
    Console(file=stream, width=width, color_system=None).print(table)
    lines = stream.getvalue().splitlines()
    assert max(cell_len(line.rstrip()) for line in lines) <= width
    numbers = [line for line in lines if line.startswith(("Banks", "Growth Market", "S&P 500", "TOPIX "))]
    assert not any("…" in word and word != "…" for line in numbers for word in line.split()[3:])


def test_batches_and_chunks_change_nothing(sides: list[Side], monkeypatch: pytest.MonkeyPatch) -> None:
    """One output at a time, drawn a superblock at a time, gives the same numbers."""
    names = ["topix", "jgb_10y", "banks"]
    whole = compare_sides(sides, outputs=names)
    counted: list[int] = []
    monkeypatch.setattr(compared, "_BATCH_BYTES", 8 * PATHS)
    monkeypatch.setattr(redrawing, "_CHUNK_BYTES", 1)
    pieces = compare_sides(sides, outputs=names, told=counted.append)
    assert pieces.to_dict() == whole.to_dict()
    assert sum(counted) == draws_needed(sides, names) == 3 * 2 * PATHS
    assert max(counted) <= 2048


def test_comparing_needs_two_scenarios(sides: list[Side]) -> None:
    with pytest.raises(InputError, match="one scenario"):
        compare_sides(sides[:1])


def test_a_comparison_shows_itself_in_notebooks_and_as_a_table(sides: list[Side]) -> None:
    found = compare_sides(sides, outputs=["topix", "banks"], at=6)
    assert "boj_hike with baseline, 6m" in repr(found)
    assert "mean moves by" in repr(found["boj_hike"]["topix"])
    assert found._repr_html_().count("<tr>") == 3
    frame = found.to_frame().set_index(["series", "measure"])
    assert frame.loc[("banks", "es95"), "value"] == found["boj_hike"]["banks"].differences["es95"].value


def test_the_command_is_known_before_any_number_is_loaded() -> None:
    code = (
        "import jpsim.cli.compare, sys; print([name for name in ('numpy', 'numba', 'pydantic') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
