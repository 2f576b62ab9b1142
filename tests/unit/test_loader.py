"""Strict YAML: what is read, and the corpus of what is refused with its line."""

import time

import pytest
import yaml

from jpsim.errors import InputError
from jpsim.scenario.loader import MAX_DEPTH, parse_yaml, read_yaml


def refused(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse_yaml(text, "f.yaml")
    return [str(problem) for problem in caught.value.problems]


def test_scalars_stay_text_and_null_is_nothing():
    tree = parse_yaml("{a: yes, b: 12:30, c: 010, d: 1e400, e: null, f: ~, g: 'null', h: 2026-01-30, i: '25bp'}", "f")
    assert tree.plain() == {
        "a": "yes", "b": "12:30", "c": "010", "d": "1e400", "e": None, "f": None, "g": None, "h": "2026-01-30",
        "i": "25bp",
    }  # fmt: skip


def test_texts_are_those_of_the_base_loader_of_pyyaml():
    text = 'a: {b: [1, "x y", |\n  z\n]}\n'.replace("|\n  z\n", "z")
    text += "c: >\n  folded\n  text\nd: |\n  kept\n  lines\ne: [{f: g}, [h, i]]\n"
    assert parse_yaml(text, "f").plain() == yaml.load(text, Loader=yaml.BaseLoader)


def test_places_count_from_one():
    tree = parse_yaml("a: 1\nb:\n  c: [2, 33]\n", "f.yaml")
    third = tree.child("b").child("c").child("1")
    assert str(third.place) == "f.yaml:3:10"
    assert str(tree.key_place("b")) == "f.yaml:2:1"


@pytest.mark.parametrize(
    ("text", "place", "found"),
    [
        ("a: &x 1", "f.yaml:1:4", "anchor"),
        ("a: [1]\nb: *a", "f.yaml:2:4", "alias"),
        ("a: &x [*x]", "f.yaml:1:4", "anchor"),
        ("a: !!python/object/apply:os.system [ls]", "f.yaml:1:4", "tag"),
        ("a: !!str 1", "f.yaml:1:4", "tag"),
        ("a: !local 1", "f.yaml:1:4", "tag"),
        ("a: 1\na: 2", "f.yaml:2:1", "again"),
        ("a: {b: 1, b: 2}", "f.yaml:1:11", "again"),
        ("? [a]\n: 1", "f.yaml:1:3", "key that is a list"),
        ("a:", "f.yaml:1:3", "missing"),
        ("a: 1\n---\nb: 2", "f.yaml:2:1", "second document"),
        ("", "f.yaml:1:1", "empty"),
        ("\n \n", "f.yaml:1:1", "empty"),
        ("# nothing\n", "f.yaml:1:1", "empty"),
        ("a\x00b", "f.yaml:1:1", "binary"),
        ("\x7fELF\x01", "f.yaml:1:1", "binary"),
        ("a: \ufffe", "f.yaml:1:1", "forbids"),
        ("a: b: c", "f.yaml:1:5", "not YAML"),
        ("a: [1", "f.yaml:1:6", "not YAML"),
        ("a:\n\t- 1", "f.yaml:2:1", "not YAML"),
        ("%YAML 9.9\n---\na: 1", "f.yaml:1:1", "not YAML"),
    ],
)
def test_refused_with_its_place(text, place, found):
    problems = refused(text)
    assert problems[0].startswith(f"{place}: ")
    assert found in problems[0]


def test_all_problems_of_a_file_at_once():
    assert len(refused("a: &x 1\nb: *x\nc: !t 1\na: 2\nd:\n")) == 5


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000, "[" * 100_000 + "]" * 100_000, "- " * 100_000])
def test_deep_nesting_is_refused_in_under_a_second(text):
    start = time.perf_counter()
    (problem,) = refused(text)
    assert f"deeper than {MAX_DEPTH}" in problem
    assert problem.startswith("f.yaml:1:")
    assert time.perf_counter() - start < 1


def test_the_deepest_file_that_is_allowed():
    assert parse_yaml("[" * MAX_DEPTH + "]" * MAX_DEPTH, "f").content == parse_yaml("[" * 50 + "]" * 50, "f").content


def test_an_expanding_bomb_is_refused():
    lines = ["a: &a [x, x]"] + [f"{b}: &{b} [*{a}, *{a}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
    assert all("anchor" in problem or "alias" in problem for problem in refused("\n".join(lines)))


def test_files_that_cannot_be_text(tmp_path):
    path = tmp_path / "f.yaml"
    for content, found in [
        (b"x" * 1_000_001, "larger than 1 MB"),
        ("a: 利上げ".encode("shift_jis"), "not UTF-8"),
        (b"\xff\xfea\x00", "not UTF-8"),
        (b"", "empty"),
    ]:
        path.write_bytes(content)
        with pytest.raises(InputError, match=found) as caught:
            read_yaml(path)
        assert caught.value.problems[0].place.line == 1


def test_a_byte_order_mark_and_crlf_are_no_problem(tmp_path):
    path = tmp_path / "f.yaml"
    path.write_bytes("\ufeffa: 円\r\nb: 2\r\n".encode())
    assert read_yaml(path).plain() == {"a": "円", "b": "2"}


@pytest.mark.parametrize("kind", ["missing", "folder"])
def test_what_cannot_be_read_is_named(tmp_path, kind):
    path = tmp_path / kind
    if kind == "folder":
        path.mkdir()
    with pytest.raises(InputError, match="cannot be read"):
        read_yaml(path)
