"""Every key of every table that users may edit: left out, misspelt, of a wrong type, no number.

All must be told as problems of the input, each with the line and column where it stands: whatever is wrong at once.
"""

import copy
import math
import re
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path

import pytest

import jpsim
from jpsim.analysis.books.derivatives import read_contracts
from jpsim.calibration.prior_months import check_months
from jpsim.calibration.priors import read_daily_priors, read_priors
from jpsim.dictionary import read_channels, read_factors, read_meetings, read_rules, read_series
from jpsim.equity_priors import read_dividends, read_earnings
from jpsim.errors import InputError
from jpsim.months import Month
from jpsim.scenario.families import read_families
from jpsim.sources import read_catalogue
from jpsim.toml.places import locate

pytestmark = pytest.mark.property

DATA = Path(jpsim.__file__).parent / "data"
READERS = {
    "boj_meetings.toml": read_meetings,
    "channels.toml": read_channels,
    "derivatives.toml": read_contracts,
    "dividends.toml": read_dividends,
    "earnings.toml": read_earnings,
    "factors.toml": read_factors,
    "families.toml": read_families,
    "feeds.toml": read_catalogue,
    "priors/japan_daily.toml": read_daily_priors,
    "priors/japan_monthly.toml": read_priors,
    "rules.toml": read_rules,
    "series.toml": read_series,
}
# Names that a user invents, and keys that may be left out: without them the file is another one, not a wrong one.
FREE = re.compile(
    r"channels/[^/]+|channels/[^/]+/impulse/effects/[^/]+|derivatives/[a-z0-9]+|derivatives/growth/(option_multiplier)"
    r"|derivatives/[^/]+/option_multiplier|dividends/tilts/[^/]+|earnings/[^/]+|earnings/[^/]+/(effects/[^/]+|price_share)"
    r"|families/(?!reference)[^/]+|feeds/publisher/[^/]+/key|feeds/feed/\d+/(scale|hold|columns|daily)(/[^/]+)?"
    r"|boj_meetings/(decisions|provisional)/.*|boj_meetings/moves/.*|japan_daily/factors/[^/]+|japan_daily/tails/skew"
    r"|factors/group/\d+/rows/[^/]+(/(priced_by|exogenous))?|series/group/\d+/rows/[^/]+"
    r"|japan_monthly/tails/skew|japan_monthly/themes/[^/]+(/mix/.*)?"
    r"|japan_monthly/equity/(correlation_half_life|match_topix|reconciliation_covariance|terms|groups/[^/]+)"
    r"|japan_monthly/equity/terms/[^/]+(/effects(/[^/]+)?)?"
    r"|japan_monthly/regimes/laws/[^/]+(/correlations/.*)?"
    r"|japan_monthly/identification/shocks/[^/]+(/(above|episodes(/[^/]+)?|bounds/[^/]+(/(min|max))?))?"
    r"|japan_monthly/fiscal/(impact|monthly)/[^/]+"
)


def _walk(value, path=()):
    """Every key and item below a value, with its path."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in pairs:
        yield (*path, key), below
        yield from _walk(below, (*path, key))


def _at(content, path):
    for key in path:
        content = content[key]
    return content


def _written(value) -> str:
    """Write a value as TOML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}" = {_written(below)}' for key, below in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_written, value)) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date) else repr(value)


def _store(content, path: Path) -> Path:
    path.write_text("\n".join(f'"{key}" = {_written(value)}' for key, value in content.items()), encoding="utf-8")
    return path


def _refused(read, path: Path) -> list:
    """Problems that a reader tells; all are in the file, at a line and a column of it."""
    with pytest.raises(InputError) as caught:
        read(path)
    lines = path.read_text(encoding="utf-8").split("\n")
    assert caught.value.exit_code == 2
    for problem in caught.value.problems:
        assert problem.place is not None, problem
        assert problem.place.source == str(path)
        assert 1 <= problem.place.line <= len(lines)
        assert 1 <= problem.place.column <= len(lines[problem.place.line - 1]) + 1
    return list(caught.value.problems)


def _places(path: Path, which: int) -> dict:
    """Line and column of each key (0) or value (1) of a file, by its path in it."""
    text = path.read_text(encoding="utf-8")
    found = locate(text)[which]
    return {key: (text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)) for key, at in found.items()}


@pytest.fixture(params=READERS)
def table(request, tmp_path):
    """A reader, what the shipped file says, and a place for another one."""
    source = DATA / request.param
    return READERS[request.param], tomllib.loads(source.read_text(encoding="utf-8")), tmp_path / source.name


def test_no_table_is_forgotten():
    assert {str(path.relative_to(DATA)) for path in DATA.rglob("*.toml")} == set(READERS)


@pytest.mark.parametrize("name", READERS)
def test_shipped_tables_are_read_and_every_value_is_found_where_it_stands(name):
    READERS[name](DATA / name)
    text = (DATA / name).read_text(encoding="utf-8")
    keys, values = locate(text)
    for path, value in _walk(tomllib.loads(text)):
        shown = text[values[path] :]
        if isinstance(value, str):
            assert shown.startswith(f'"{value}"'), path
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            assert float(re.match(r"[^\s,\]}#]+", shown).group().replace("_", "")) == value, path
        elif isinstance(path[-1], str):
            assert re.match(r'\[|"|[a-z]|\d|\{', text[keys[path] :]), path


def test_what_is_written_again_means_the_same(table):
    read, content, path = table
    read(_store(content, path))
    assert tomllib.loads(path.read_text(encoding="utf-8")) == content


@pytest.mark.parametrize("instead", [math.nan, math.inf, -math.inf, 10**400])
def test_every_number_must_be_finite(table, instead):
    read, content, path = table
    broken = copy.deepcopy(content)
    numbers = [key for key, value in _walk(content) if isinstance(value, (int, float)) and not isinstance(value, bool)]
    for key in numbers:
        _at(broken, key[:-1])[key[-1]] = instead
    if numbers:
        told = {(problem.place.line, problem.place.column) for problem in _refused(read, _store(broken, path))}
        places = _places(path, 1)
        assert not [key for key in numbers if places[key] not in told]


@pytest.mark.parametrize("instead", [[[]], {"of": {}}, date(2026, 1, 30), "§", True, 3.5])
def test_every_value_must_be_of_its_type(table, instead):
    read, content, path = table
    broken = copy.deepcopy(content)
    scalars = [key for key, value in _walk(content) if not isinstance(value, (dict, list))]
    leaves = [key for key in scalars if not _alike(_at(content, key), instead)]
    for key in leaves:
        _at(broken, key[:-1])[key[-1]] = instead
    if leaves:
        told = {(problem.place.line, problem.place.column) for problem in _refused(read, _store(broken, path))}
        places = _places(path, 1)
        assert not [key for key in leaves if places[key] not in told]


def _alike(value, instead) -> bool:
    """Whether what stands instead is right there, too."""
    numbers = isinstance(value, (int, float)) and not isinstance(value, bool)
    if isinstance(instead, bool) or not isinstance(instead, float):
        return isinstance(value, type(instead))
    return numbers


@pytest.mark.parametrize("instead", [[], {}, "", 0])
def test_every_table_and_list_must_be_one(table, instead):
    read, content, path = table
    for key, value in _walk(content):
        if isinstance(value, (dict, list)) and not isinstance(key[-1], int) and len(key) <= 3:
            broken = copy.deepcopy(content)
            _at(broken, key[:-1])[key[-1]] = instead
            if type(instead) is type(value):
                _never_a_defect(read, _store(broken, path))
            else:
                _refused(read, _store(broken, path))


def _never_a_defect(read, path) -> None:
    try:
        read(path)
    except InputError:
        _refused(read, path)


def test_every_key_that_is_misspelt_is_told_where_it_stands(table):
    read, content, path = table
    broken, wrong = {}, []

    def spell(value, above):
        if isinstance(value, list):
            return [spell(item, (*above, place)) for place, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        leaves = {key: not _holds_tables(below) for key, below in value.items()}
        new = {key: f"{key}x" if leaf and not _free(path, (*above, key)) else key for key, leaf in leaves.items()}
        wrong.extend((*above, new[key]) for key in value if new[key] != key)
        return {new[key]: spell(below, (*above, new[key])) for key, below in value.items()}

    broken = spell(content, ())
    if wrong:
        told = {(problem.place.line, problem.place.column) for problem in _refused(read, _store(broken, path))}
        places = _places(path, 0)
        assert not [key for key in wrong if places[key] not in told]


def _holds_tables(value) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(item, dict) for item in value))


def _free(path: Path, key) -> bool:
    return bool(FREE.fullmatch("/".join(map(str, (path.stem, *key)))))


def test_every_key_that_is_left_out_is_named(table):
    """One after the other; of tables whose names are free, one."""
    read, content, path = table
    seen = set()
    for key, _ in _walk(content):
        above = [key[: place + 1] for place in range(len(key) - 1)]
        shape = (*("#" if isinstance(part[-1], int) or _free(path, part) else part[-1] for part in above), key[-1])
        if shape in seen or isinstance(key[-1], int):
            continue
        seen.add(shape)
        broken = copy.deepcopy(content)
        del _at(broken, key[:-1])[key[-1]]
        _store(broken, path)
        if _free(path, key):
            _never_a_defect(read, path)
        else:
            assert any(key[-1] in problem.found for problem in _refused(read, path)), key


def test_what_is_no_toml_is_told_with_its_place(table):
    read, _, path = table
    for text, line in (("", 1), ("a = \n", 1), ("[a]\nb = 1\nb = 2\n", 3), ("\ufeffa = 1\n", 1), ("x = 1\n[", 2)):
        path.write_text(text, encoding="utf-8")
        problems = _refused(read, path)
        assert problems[0].place.line == line
    path.write_bytes(b"a = 1\nb = '\xff'\n")
    with pytest.raises(InputError, match=r":2: cannot be read: these bytes are no UTF-8"):
        read(path)
    with pytest.raises(InputError, match="cannot be read"):
        read(path.with_name("nothing.toml"))


def test_the_command_line_tells_all_problems_of_a_file_of_priors_and_ends_with_2(tmp_path):
    text = (DATA / "priors" / "japan_monthly.toml").read_text(encoding="utf-8")
    text = text.replace("half_life = 60.0", "halflife = 60.0", 1).replace("nu_mean = 9.0", "nu_mean = nan", 1)
    path = tmp_path / "mine.toml"
    path.write_text(text.replace("own_lag = 0.97\n", "", 1), encoding="utf-8")
    done = _jpsim("calibrate", tmp_path, "--out", tmp_path / "model", "--priors", path)
    assert done.returncode == 2
    assert f"{path}:9:1: sample: no key is called 'halflife'" in done.stderr
    assert f"{path}:7:1: sample has no half_life" in done.stderr
    assert "do: did you mean half_life?" in done.stderr
    assert re.search(r"mine.toml:\d+:11: tails.nu_mean = nan\n    allowed: a finite number above 2", done.stderr)
    assert "factors.jgb_2y has no own_lag" in done.stderr


def test_the_command_line_tells_what_is_wrong_in_a_dictionary(tmp_path):
    text = (DATA / "factors.toml").read_text(encoding="utf-8")
    (tmp_path / "factors.toml").write_text(text.replace('quantity = "rate"', 'quantity = "rates"', 1), encoding="utf-8")
    code = "import pathlib, sys, jpsim.dictionary.quantities as q; q.FOLDER = pathlib.Path(sys.argv.pop(1));"
    code += "from jpsim.cli import main; main()"
    words = [sys.executable, "-c", code, str(tmp_path), "explain", "boj_hike"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert f"{tmp_path / 'factors.toml'}:7:12: group[1].quantity = 'rates'" in done.stderr
    assert "do: did you mean rate?" in done.stderr


def _jpsim(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "jpsim", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_months_that_the_panel_does_not_have_are_told_with_their_places(tmp_path):
    text = (DATA / "priors" / "japan_monthly.toml").read_text(encoding="utf-8")
    text = text.replace('first = "2024-03"', 'first = "2030-01"')
    text = text.replace('quoted_since = "2022-01"', 'quoted_since = "1990-01"')
    path = tmp_path / "mine.toml"
    path.write_text(text.replace('scored_from = "2013-01"', 'scored_from = "2026-01"'), encoding="utf-8")
    check_months(read_priors(), Month(2026, 1))
    with pytest.raises(InputError) as caught:
        check_months(read_priors(path), Month(2026, 1))
    lines = path.read_text(encoding="utf-8").split("\n")
    told = {problem.found.split(" = ")[0]: problem for problem in caught.value.problems}
    assert set(told) == {"bridge.first", "anchor.quoted_since", "tails.scored_from", "regimes.scored_from"}
    assert told["bridge.first"].allowed == "a month from 2001-04 to 2025-07"
    for key, problem in told.items():
        assert lines[problem.place.line - 1].startswith(key.split(".")[1])
