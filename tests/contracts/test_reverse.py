"""`jpsim reverse` and `jpsim solve` as users and scripts call them."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.cells import cell_len

from jpsim.cli import main

KNOB = "scenarios.boj_hike.conditions.jgb_10y.change.12m"


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


def call(project: Path, *words: str, **environment: str) -> Done:
    """Carry out a command in this process: starting Python anew would take most of the time."""
    out, err, before = io.StringIO(), io.StringIO(), signal.getsignal(signal.SIGTERM)
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.chdir(project)
        for name, value in environment.items():
            patch.setenv(name, value)
        try:
            with pytest.raises(SystemExit) as left:
                main(words)
        finally:
            signal.signal(signal.SIGTERM, before)
    return Done(int(left.value.code or 0), out.getvalue(), err.getvalue())


def reverse(project: Path, *words: str, **environment: str) -> Done:
    asked = ("--series", "topix", "--at", "12m", "--loss", "20%", "--paths", "20000")
    return call(project, "reverse", "configs/boj_hike.yaml", *asked, *words, **environment)


def solve(project: Path, *words: str) -> Done:
    asked = ("--series", "topix", "--at", "12m", "--with", KNOB)
    return call(project, "solve", "configs/boj_hike.yaml", *asked, *words)


@pytest.fixture(scope="module")
def answer(project: Path) -> dict:
    done = reverse(project, "--scenario", "boj_hike", "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_the_answer_has_the_path_the_mean_and_the_stories(answer: dict) -> None:
    assert answer.keys() == {"scenario", "series", "month", "as_of", "date", "loss", "probability", "path", "linear",
                             "tail", "silhouette", "stories", "warnings"}  # fmt: skip
    assert (answer["scenario"], answer["month"], answer["date"]) == ("boj_hike", 12, "2027-01")
    path = answer["path"]
    assert path["return"] == pytest.approx(-0.2, abs=1e-9)
    assert sum(path["contributions"].values()) == pytest.approx(-0.2, abs=1e-9)
    assert len(path["returns"]) == len(path["factors"]["usdjpy"]["path"]) == 12
    assert path["factors"]["boj_policy_rate"]["path"][-1] == pytest.approx(1.5, abs=1e-6)
    assert 0.0 < path["factor_share"] < 1.0
    assert answer["linear"]["return"] < -0.2


def test_normal_law_and_draws_agree_on_the_size_of_the_probability(answer: dict) -> None:
    assert answer["path"]["probability"] == pytest.approx(answer["tail"]["probability"], rel=0.5)
    assert answer["tail"]["mean"]["topix"]["mean"][-1] < -0.2


def test_stories_share_the_loss(answer: dict) -> None:
    stories = answer["stories"]
    assert 2 <= len(stories) <= 4
    assert sum(story["share"] for story in stories) == pytest.approx(1.0)
    assert sum(story["draws"] for story in stories) == answer["tail"]["draws"]
    assert len({story["name"] for story in stories}) == len(stories)
    whole = sum(story["share"] * story["mean"]["usdjpy"]["mean"][-1] for story in stories)
    assert whole == pytest.approx(answer["tail"]["mean"]["usdjpy"]["mean"][-1], rel=1e-6)
    for story in stories:
        assert story["mean"]["topix"]["mean"][-1] <= -0.2
        sizes = [abs(move["sd"]) for move in story["moves"]]
        assert sizes == sorted(sizes, reverse=True)


def test_the_same_question_has_the_same_answer(project: Path, answer: dict) -> None:
    assert json.loads(reverse(project, "--scenario", "boj_hike", "--json").stdout) == answer


@pytest.mark.parametrize("width", [80, 120])
def test_tables_fit_the_terminal(project: Path, width: int) -> None:
    done = reverse(project, COLUMNS=str(width))
    assert done.returncode == 0, done.stderr
    assert all(cell_len(line) <= width for line in done.stdout.splitlines())
    assert "The stories behind the loss" in done.stdout


def test_a_loss_that_no_draw_suffers_still_has_a_path(project: Path) -> None:
    done = call(project, "reverse", "configs/boj_hike.yaml", "--series", "topix", "--at", "3m", "--loss", "60%",
                "--paths", "2000", "--json")  # fmt: skip
    answer = json.loads(done.stdout)
    assert answer["path"]["return"] == pytest.approx(-0.6, abs=1e-9)
    assert answer["path"]["distance"] > 5.0
    assert answer["stories"] == []
    assert "mean" not in answer["tail"]
    assert any("draw more paths" in warning for warning in answer["warnings"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--series", "topics"), "did you mean topix?"),
        (("--scenario", "boj_hik"), "did you mean boj_hike?"),
        (("--at", "13m"), "1m to 12m"),
        (("--loss", "0.2"), "has no unit"),
        (("--loss", "120%"), "less than 100%"),
    ],
)
def test_wrong_questions_are_input_errors(project: Path, words: tuple[str, ...], told: str) -> None:
    done = reverse(project, *words)
    assert done.returncode == 2
    assert told in done.stderr
    assert done.stdout == ""


def test_the_solution_gives_the_wanted_mean_when_it_is_set(project: Path) -> None:
    done = solve(project, "--mean", "10%", "--set", "innovations=gaussian", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["paths"] == 0
    assert answer["value_se"] == 0.0
    assert answer["reached"] == pytest.approx(0.10, abs=1e-6)
    again = json.loads(
        solve(project, "--mean", "12%", "--set", "innovations=gaussian", "--set", answer["set"], "--json").stdout
    )
    assert again["before"]["reached"] == pytest.approx(0.10, abs=1e-6)


def test_a_drawn_solution_has_its_monte_carlo_error_and_plausibility(project: Path) -> None:
    done = solve(project, "--q05", "-15%", "--paths", "4000", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["reached"] == pytest.approx(-0.15, abs=0.1 * answer["reached_se"])
    assert answer["value_se"] == pytest.approx(answer["reached_se"] / abs(answer["slope"]), rel=1e-9)
    assert answer["plausibility"]["rows"] > 0
    assert answer["set"].startswith(KNOB)


def test_an_impulse_can_be_the_knob(project: Path) -> None:
    impulse = "scenarios.boj_hike.impulses.defence_rerating"
    words = ("--set", f"{impulse}={{size: 1sd, over: 12m}}", "--set", "innovations=gaussian", "--json")
    before = json.loads(solve(project, "--mean", "10%", *words).stdout)["before"]["reached"]
    wanted = round(before + 0.0005, 6)
    done = solve(project, *words, "--with", f"{impulse}.size", "--mean", f"{100 * wanted:.4f}%")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["unit"] == "sd"
    assert answer["before"] == {"value": 1.0, "reached": pytest.approx(before, abs=1e-12)}
    assert answer["value"] > 1.0
    assert answer["reached"] == pytest.approx(wanted, abs=1e-6)


def test_what_is_out_of_reach_says_what_can_be_had(project: Path) -> None:
    done = solve(project, "--mean", "40%", "--bounds", "0bp,+50bp", "--set", "innovations=gaussian")
    assert done.returncode == 2
    assert "between 0pp and 0.5pp it gives" in done.stderr


@pytest.mark.parametrize("targets", [(), ("--mean", "10%", "--median", "8%")])
def test_exactly_one_target_is_wanted(project: Path, targets: tuple[str, ...]) -> None:
    done = solve(project, *targets)
    assert done.returncode == 2
    assert "exactly one" in done.stderr


@pytest.mark.parametrize("command", ["reverse", "solve"])
def test_help_does_not_wait_for_the_numerical_stack(project: Path, command: str) -> None:
    code = (
        "import sys\nfrom jpsim.cli import main\n"
        f"try: main([{command!r}, '--help'])\n"
        "finally: print(sorted({'numpy', 'scipy', 'numba', 'rich'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=project, check=False)
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_probability_of_a_mixture_is_that_of_its_members(project: Path, tmp_path: Path) -> None:
    run = tmp_path / "run.yaml"
    run.write_text("schema: jpsim/run@1\nscenarios: [even, baseline, boj_hike]\npaths: 4096\n")
    (tmp_path / "even.yaml").write_text(
        "schema: jpsim/scenario@1\nid: even\n"
        "mixture: [{scenario: baseline, weight: 25%}, {scenario: boj_hike, weight: 75%}]\n"
    )
    asked = ("--series", "banks", "--at", "12m", "--loss", "10%", "--json")
    found = {}
    for scenario in ("even", "baseline", "boj_hike"):
        done = call(project, "reverse", str(run), *asked, "--scenario", scenario)
        assert done.returncode == 0, done.stderr
        found[scenario] = json.loads(done.stdout)
    members = 0.25 * found["baseline"]["probability"] + 0.75 * found["boj_hike"]["probability"]
    assert found["even"]["probability"] == pytest.approx(members, rel=1e-9)
    assert found["even"]["path"]["member"] in ("baseline", "boj_hike")
