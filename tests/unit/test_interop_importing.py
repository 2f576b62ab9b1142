"""Tables of others as scenario files: what is written is loaded again by the grammar's own loader."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jpsim.errors import InputError
from jpsim.interop import import_scenario
from jpsim.months import Month
from jpsim.scenario import Scenario, load_scenario

# The heads are those of the Federal Reserve's published files; the numbers are made up.
DOMESTIC = """\
Scenario Name,Date,Real GDP growth,10-year Treasury yield,Dow Jones Total Stock Market Index (Level),\
Market Volatility Index (Level)
Actual,2025 Q4,1.0,4.1,60000,18
Supervisory Baseline,2026 Q1,2.0,4.2,61000,19
Supervisory Severely Adverse,2026 Q1,-5.4,3.1,48000,59.7
Supervisory Severely Adverse,2026 Q2,-4.9,2.7,36000,72
Supervisory Severely Adverse,2027 Q2,-1.0,2.5,39000,40
"""
INTERNATIONAL = """\
Scenario Name,Date,Japan real GDP growth,Japan bilateral dollar exchange rate (yen/USD)
Supervisory Baseline,2026 Q1,0.5,154
Supervisory Severely Adverse,2026 Q1,-3.0,148.5
Supervisory Severely Adverse,2026 Q2,-4.0,141
Supervisory Severely Adverse,2027 Q2,-4.0,143
"""


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def loaded(folder: Path, text: str) -> Scenario:
    return load_scenario(written(folder, "again.yaml", text))


def levels(scenario: Scenario, factor: str, role: str = "level") -> dict[str, float]:
    (block,) = scenario.conditions[factor]
    return {str(when): quantity.value for when, quantity in getattr(block, role).items()}


def test_a_table_of_dates_and_factors(tmp_path: Path) -> None:
    table = "\ufeffdate,usdjpy,jgb_10y,foreign_flow,japan_activity,vix,boj_policy_rate\r\n" \
            "2026-04,150.5,2.4,1.5,-0.5,,0.75\r\n2026 Q2,149 JPY,2.5%,,,25,1\r\n12m,,2.6,,,,\r\n"  # fmt: skip
    made = import_scenario([written(tmp_path, "table.csv", table)], "mine", extends="baseline")
    scenario = loaded(tmp_path, made.text)
    assert levels(scenario, "usdjpy") == {"2026-04": 150.5, "2026-06": 149.0}
    assert levels(scenario, "jgb_10y") == {"2026-04": 2.4, "2026-06": 2.5, "12m": 2.6}
    assert levels(scenario, "foreign_flow") == {"2026-04": 1.5}
    assert levels(scenario, "japan_activity") == {"2026-04": -0.5}
    assert levels(scenario, "vix") == {"2026-06": 25.0}
    assert levels(scenario, "boj_policy_rate") == {"2026-04": 0.75, "2026-06": 1.0}
    assert scenario.views, "what baseline says is inherited"


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_separators(tmp_path: Path, delimiter: str) -> None:
    text = f"month{delimiter}usdjpy{delimiter}vix\n2026-05{delimiter}151{delimiter}20\n"
    scenario = loaded(tmp_path, import_scenario([written(tmp_path, "t.csv", text)], "mine").text)
    assert levels(scenario, "vix") == {"2026-05": 20.0}


def test_all_problems_of_a_table_come_with_their_places(tmp_path: Path) -> None:
    text = "date,usdjpy,jgb_10y\n2026-04,-5,2.4\nsoon,150,abc\n2026-04,151,2.4\n2026-05,1e400,25bp\n"
    path = written(tmp_path, "bad.csv", text)
    with pytest.raises(InputError) as caught:
        import_scenario([path], "mine")
    told = str(caught.value)
    for place in (f"{path}:2:2", f"{path}:3:1", f"{path}:4:1", f"{path}:5:2", f"{path}:5:3"):
        assert place in told
    with pytest.raises(InputError, match="did you mean usdjpy"):
        import_scenario([written(tmp_path, "t.csv", "date,usdjyp\n2026-04,150\n")], "mine")
    with pytest.raises(InputError, match="3 cells under 2 columns"):
        import_scenario([written(tmp_path, "t.csv", "date,usdjpy\n2026-04,150,151\n")], "mine")
    with pytest.raises(InputError, match="first column"):
        import_scenario([written(tmp_path, "t.csv", "usdjpy,date\n150,2026-04\n")], "mine")


@pytest.mark.parametrize("content", [b"", b"date,usdjpy\n", b"\x00\x01\x02", b"\xff\xfe\x00d"])
def test_empty_and_binary_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(InputError):
        import_scenario([path], "mine")
    with pytest.raises(InputError, match="cannot be read"):
        import_scenario([tmp_path / "absent.csv"], "mine")


def test_a_supervisory_scenario_of_two_files(tmp_path: Path) -> None:
    files = [written(tmp_path, "d.csv", DOMESTIC), written(tmp_path, "i.csv", INTERNATIONAL)]
    made = import_scenario(files, "stress", name="severely adverse", until=Month(2027, 1))
    scenario = loaded(tmp_path, made.text)
    assert levels(scenario, "us_10y") == {"2026-02": 3.1, "2026-05": 2.7}  # averages: the middle of the quarter
    assert levels(scenario, "usdjpy") == {"2026-03": 148.5, "2026-06": 141.0}
    assert levels(scenario, "vix") == {"2026-03": 59.7, "2026-06": 72.0}
    assert levels(scenario, "sp500", "change") == pytest.approx({"2026-03": -0.2, "2026-06": -0.4})
    assert made.left_out.keys() == {"Real GDP growth", "Japan real GDP growth", "2027-06", "2027-05"}


def test_what_a_supervisory_file_lacks_is_said(tmp_path: Path) -> None:
    path = written(tmp_path, "d.csv", DOMESTIC.replace("Actual,2025 Q4,1.0,4.1,60000,18\n", ""))
    made = import_scenario([path], "stress", name="Supervisory Baseline")
    assert "sp500" not in loaded(tmp_path, made.text).conditions
    assert "equity base" in made.left_out["Dow Jones Total Stock Market Index (Level)"]
    given = import_scenario([path], "stress", name="Supervisory Baseline", equity_base=50_000)
    assert levels(loaded(tmp_path, given.text), "sp500", "change") == pytest.approx({"2026-03": 0.22})
    with pytest.raises(InputError, match="several scenarios"):
        import_scenario([path], "stress")
    with pytest.raises(InputError, match="Supervisory Severely Adverse"):
        import_scenario([path], "stress", name="mild")


NUMBERS = st.decimals(min_value="0.01", max_value="9", places=4).map(float)
COLUMNS = st.dictionaries(
    st.sampled_from(["usdjpy", "jgb_10y", "vix", "core_cpi", "foreign_flow", "oil"]),
    st.dictionaries(st.integers(1, 12), NUMBERS, min_size=1),
    min_size=1,
)


@settings(max_examples=40, deadline=None)
@given(COLUMNS)
def test_numbers_come_through_unchanged(columns: dict[str, dict[int, float]]) -> None:
    """What stands in the cells is what the loader reads, to the last bit; empty cells say nothing."""
    rows = [f"{month}m," + ",".join(repr(cells[month]) if month in cells else "" for cells in columns.values())
            for month in range(1, 13)]  # fmt: skip
    with TemporaryDirectory() as scratch:
        table = written(Path(scratch), "t.csv", "\n".join([f"date,{','.join(columns)}", *rows]))
        scenario = loaded(Path(scratch), import_scenario([table], "mine").text)
    for factor, cells in columns.items():
        assert levels(scenario, factor) == {f"{month}m": value for month, value in cells.items()}


def test_what_looks_like_a_slip_is_passed_on(tmp_path: Path) -> None:
    made = import_scenario([written(tmp_path, "t.csv", "date,jgb_10y\n2026-04,25\n")], "mine")
    assert made.warnings


def test_an_id_that_is_a_path_or_a_formula_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "t.csv", "date,usdjpy\n2026-04,150\n")
    for name in ("../x", "=1+1", "a b"):
        with pytest.raises(InputError):
            import_scenario([path], name)
