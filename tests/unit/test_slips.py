"""Slips that YAML reports in its parser's words: each is told in plain words, on its own line."""

import pytest

from jpsim.errors import InputError
from jpsim.scenario.loader import parse_yaml
from jpsim.scenario.when import When, date_meant


def problems(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse_yaml(text, "f.yaml")
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "start", "fix"),
    [
        ("a:\n\tb: 1\n\tc: 2\n", "f.yaml:2:1: not YAML: a tab in front of the line", "two spaces"),
        ("a:\n  \tb: 1\n", "f.yaml:2:3: not YAML: a tab in front of the line", "two spaces"),
        ("a:\n\u3000b: 1\n", "f.yaml:2:1: not YAML: a full-width space", "two spaces"),
        ("conditions\uff1a\n  usdjpy: 1\n", "f.yaml:1:11: not YAML: the full-width colon", "': '"),
        ("a: {6m:150}", "f.yaml:1:11: a value is missing", "write 6m: 150"),
        ("a: {6m\uff1a150}", "f.yaml:1:11: a value is missing", "write 6m: 150"),
        ("a: {12m: 7,000}", "f.yaml:1:15: a value is missing", "write 7000"),
        ("a:\n  b: 1\n   c:\n    d: 1\n", "f.yaml:3:5: not YAML: a colon where none can stand", "column"),
        ("a:\n    b: 1\n  c: 2\n", "f.yaml:3:3: not YAML: the line begins in another column", "same column"),
        ("a:\n  b: {c: 1\n  d: 2\n", "f.yaml:3:4: not YAML: the bracket that opens at 2:6", "close the bracket"),
        ("a: hike: it comes", "f.yaml:1:8: not YAML: a colon where none can stand", "in quotes"),
        ("a: 'open\n", "f.yaml:2:1: not YAML: the quote that opens at 1:4", "close the quote"),
        ("a: @b", "f.yaml:1:4: not YAML: a text cannot begin with this sign", "in quotes"),
    ],
)
def test_slips_are_told_in_plain_words(text, start, fix):
    first = problems(text)[0]
    assert first.startswith(start)
    assert fix in first.split("do: ")[1]


def test_what_follows_from_a_slip_is_not_told_beside_it():
    assert len(problems("conditions:\n\u3000usdjpy:\n\u3000\u3000level: {6m: 150}\n")) == 2


def test_signs_that_are_right_where_they_stand_do_no_harm():
    text = "title: 'a\uff1ab'\nnarrative: >\n  yen\uff1a\u3000strong\n  \tand more\nb: 1\n"
    assert parse_yaml(text, "f").plain()["b"] == "1"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("12M", "12m"), ("1y", "12m"), ("2 years", "24m"), ("3か月後", "3m"), ("10 days", "10d"),
        ("2026/07", "2026-07"), ("2026/7/31", "2026-07"), ("2026.7", "2026-07"), ("202607", "2026-07"),
        ("20260731", "2026-07"), ("Jul-2026", "2026-07"), ("July 2026", "2026-07"), ("2026年7月", "2026-07"),
        ("２０２６年７月末", "2026-07"),
    ],
)  # fmt: skip
def test_dates_as_people_write_them_lead_to_the_spelling_that_is_read(written, meant):
    with pytest.raises(ValueError, match="is not"):
        When.parse(written)
    assert date_meant(written) == meant
    When.parse(meant)


@pytest.mark.parametrize("written", ["yes", "150", "2026", "2026-13", "Foo 2026", "soon", ""])
def test_what_is_no_date_gets_no_guess(written):
    assert date_meant(written) is None
