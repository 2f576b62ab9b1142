"""What users read when a file is wrong: one stored text for each bad file.

After a change that is meant, `python tests/golden/test_messages.py` writes the texts anew; read them before
they are kept.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jpsim.errors import InputError
from jpsim.scenario import load_file

FOLDER = Path(__file__).parent / "messages"
CASES = [
    "announced",
    "binary",
    "dates",
    "empty",
    "everything_wrong",
    "hurried",
    "loop",
    "mixed",
    "parents",
    "quantities",
    "run",
    "shift_jis",
    "words",
    "yaml",
]


def message(name: str) -> str:
    """All problems of one bad file, read in its own folder."""
    try:
        load_file(Path(f"{name}.yaml"))
    except InputError as error:
        return f"{error}\n"
    return "no problem\n"


@pytest.mark.parametrize("name", CASES)
def test_messages(name, monkeypatch):
    monkeypatch.chdir(FOLDER)
    assert message(name) == (FOLDER / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CASES)
def test_every_problem_says_where_and_what_to_do_about_it(name, monkeypatch):
    monkeypatch.chdir(FOLDER)
    with pytest.raises(InputError) as caught:
        load_file(Path(f"{name}.yaml"))
    for problem in caught.value.problems:
        assert problem.place.line >= 1
        assert problem.place.column >= 1
        assert problem.allowed or "not YAML" in problem.found or problem.fix


if __name__ == "__main__":
    os.chdir(FOLDER)
    for case in CASES:
        Path(f"{case}.txt").write_text(message(case), encoding="utf-8")
