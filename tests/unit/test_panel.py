"""Reading a panel: what is refused, and how the message names the place."""

from __future__ import annotations

import numpy as np
import pytest

from jpsim.calibration import estimates, learning
from jpsim.calibration.observations import FACTORS, observe
from jpsim.calibration.panel import check_columns, read_panel
from jpsim.calibration.priors import read_priors
from jpsim.calibration.tables import Table, read_daily, read_table
from jpsim.errors import InputError
from jpsim.months import Month

FIRST = Month(2020, 1)


def _write(folder, rows, header="month,rate,price"):
    file = folder / "panel_monthly.csv"
    file.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return file


def _months(count):
    return [str(FIRST + i) for i in range(count)]


def _table(folder, rate, price):
    rows = [f"{month},{r},{p}" for month, r, p in zip(_months(len(rate)), rate, price, strict=True)]
    return read_table(_write(folder, rows))


def test_a_table_is_read_with_blanks_as_nan(tmp_path):
    table = _table(tmp_path, [1.0, "", 1.5], [100, 101.5, 99])
    assert table.months == (FIRST, FIRST + 1, FIRST + 2)
    np.testing.assert_array_equal(table.columns["rate"], [1.0, np.nan, 1.5])


def test_since_pads_with_nan_on_both_sides(tmp_path):
    table = _table(tmp_path, [1.0, 1.2, 1.5], [100, 101.5, 99])
    np.testing.assert_array_equal(table.since(FIRST + -1, FIRST + 3, "rate"), [np.nan, 1.0, 1.2, 1.5, np.nan])
    np.testing.assert_array_equal(table.since(FIRST + 1, FIRST + 1, "rate"), [1.2])
    np.testing.assert_array_equal(table.since(FIRST + 7, FIRST + 8, "rate"), [np.nan, np.nan])
    with pytest.raises(InputError, match="no column 'yield'"):
        table.since(FIRST, FIRST, "yield")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["2020-02,1,1", "2020-01,1,1"], "2020-01 stands below 2020-02"),
        (["2020-01,1,1", "2020-01,1,1"], "2020-01 repeats 2020-01"),
        (["2020-01,1,1", "2020-03,1,1"], "2020-03 comes after 2020-01"),
        (["2020-01,1,1", "2020-02,1,1", "2020-05,1,1"], "2020-05 comes after 2020-02"),
        (["2020-01-30,1,1", "2020-01-31,1,1"], "2020-01 repeats 2020-01"),
        (["2020-13,1,1"], "month 13"),
        (["January,1,1"], "'January' is not a month"),
        (["2020-01,1"], "2 cells where the header has 3"),
        (["2020-01,1,n/a"], r"'n/a' in column 'price' \(2020-01\)"),
        (["2020-01,nan,1"], "'nan' in column 'rate'"),
        (["2020-01,1e999,1"], "'1e999' in column 'rate'"),
        (["2020-01,1_0,1"], "'1_0' in column 'rate'"),
    ],
)
def test_a_bad_row_is_named(tmp_path, rows, message):
    with pytest.raises(InputError, match=message) as caught:
        read_table(_write(tmp_path, rows))
    assert caught.value.problems[0].place.line in (2, 3, 4)


def test_bad_headers_are_named(tmp_path):
    with pytest.raises(InputError, match="first column is 'date'"):
        read_table(_write(tmp_path, ["2020-01,1,1"], "date,rate,price"))
    with pytest.raises(InputError, match="'rate' appears more than once"):
        read_table(_write(tmp_path, ["2020-01,1,1"], "month,rate,rate"))
    with pytest.raises(InputError, match="no rows"):
        read_table(_write(tmp_path, []))


def test_bytes_that_are_not_text_are_refused(tmp_path):
    file = tmp_path / "panel_monthly.csv"
    file.write_bytes(b"month,rate\n2020-01,\xff\xfe\n")
    with pytest.raises(InputError, match="not UTF-8"):
        read_table(file)


def test_sound_columns_pass(tmp_path):
    table = _table(tmp_path, ["", 1.2, 1.5, ""], [100, 101.5, 99, 98])
    check_columns(table, ["rate", "price"], FIRST, rates=["rate"], prices=["price"])


@pytest.mark.parametrize(
    ("rate", "price", "message"),
    [
        ([1.0, "", 1.5], [1, 2, 3], "'rate' is blank in 2020-02"),
        ([1.0, 1.0, 1.0], [1, 2, 3], "'rate' is constant"),
        (["", "", ""], [1, 2, 3], "'rate' has no values since 2020-01"),
        ([1, 2, 3], [1, 2, 3], "'rate' and 'price' are the same"),
        ([0.012, 0.013, 0.011], [1, 2, 3], "'rate' looks like a decimal fraction"),
        ([125, 130, 128], [1, 2, 3], "'rate' looks like basis points"),
        ([1.0, 1.1, 1.5], [1, 0, 3], "'price' is 0 in 2020-02"),
        ([1.0, 1.1, 1.5], [1, -2, 3], "'price' is -2 in 2020-02"),
        ([2.25, 0.0226, 0.0224], [1, 2, 3], "'rate' goes from 2.25 to 0.0226 in 2020-02"),
        ([2.25, 2.26, 227], [1, 2, 3], "'rate' goes from 2.26 to 227 in 2020-03"),
        ([1.0, 1.1, 1.5], [155, 0.0064, 0.0065], "'price' goes from 155 to 0.0064 in 2020-02"),
    ],
)
def test_columns_that_would_mislead_are_refused(tmp_path, rate, price, message):
    with pytest.raises(InputError, match=message):
        check_columns(_table(tmp_path, rate, price), ["rate", "price"], FIRST, rates=["rate"], prices=["price"])


def test_all_problems_are_told_at_once(tmp_path):
    with pytest.raises(InputError) as caught:
        check_columns(_table(tmp_path, [1.0, "", 1.5], [1, 0, 3]), ["rate", "price"], FIRST, prices=["price"])
    assert len(caught.value.problems) == 2


def test_missing_files_are_all_named(tmp_path):
    with pytest.raises(InputError) as caught:
        read_panel(tmp_path)
    told = str(caught.value)
    assert all(name in told for name in ("panel_monthly", "sector_returns", "topix_weights", "segment_weights"))


def test_priors_must_be_whole(tmp_path):
    file = tmp_path / "priors.toml"
    file.write_text("[sample]\nfirst = '2001-01'\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"there is no bridge\n    allowed: all of model, sample"):
        read_priors(file)
    file.write_text("not toml", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be read"):
        read_priors(file)


def test_packaged_priors_give_every_factor_a_source():
    priors = read_priors()
    assert all(row["source"] for row in priors["factors"].values())
    assert priors.first == Month(2001, 1)


@pytest.mark.parametrize(
    ("name", "before", "after", "message"),
    [
        ("segment_weights.csv", "growth,0.8", "growth,none", "'none' in column 'market_value_share_pct'"),
        ("segment_weights.csv", "growth,0.8", "mothers,0.8", "not one positive share for each segment"),
        ("topix_weights_33x4_2026-04-30.csv", "core30", "core", "columns missing: core30"),
        ("topix_weights_33x4_2026-04-30.csv", "10.515", "-10.515", "not 33 rows of weights"),
        ("sector_returns_1990_2018.csv", "1990-02", "1990-03", "1990-03 comes after 1990-01"),
    ],
)
def test_bad_companions_are_named(data_dir, tmp_path, name, before, after, message):
    for file in data_dir.glob("*.csv"):
        (tmp_path / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    text = (tmp_path / name).read_text(encoding="utf-8")
    assert before in text
    (tmp_path / name).write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_panel(tmp_path)


def test_observations_are_what_was_known_at_the_last_month(data_dir):
    table = read_panel(data_dir).monthly
    observed = observe(table, Month(2001, 1))
    at = {name: i for i, name in enumerate(FACTORS)}
    assert observed.last == Month(2026, 1)
    late = {name for name in FACTORS if np.isnan(observed.y[-1, at[name]])}
    assert late == {"core_cpi", "japan_activity", "wages", "policy_uncertainty"}  # published after the month's end
    january = {name: table.columns[name][-2:] for name in ("usdjpy", "vix", "jgb_10y")}
    assert observed.y[-1, at["usdjpy"]] == pytest.approx(100 * np.log(january["usdjpy"][1] / january["usdjpy"][0]))
    assert observed.y[-1, at["vix"]] == pytest.approx(100 * np.log(january["vix"][1]))
    assert observed.y[-1, at["jgb_10y"]] == january["jgb_10y"][1]
    assert observed.levels[-1, at["semiconductors"]] == 100.0
    wages = table.columns["jp_wages"]
    known = np.flatnonzero(np.isfinite(wages))[-1]
    row = len(observed.y) - (len(wages) - known)
    assert observed.y[row, at["wages"]] == pytest.approx(100 * (wages[known] / wages[known - 12] - 1))


def test_a_factor_that_repeats_others_is_named(data_dir):
    """The 30-year yield as twice the 10-year less the 2-year: a curve with one point too few."""
    table = read_panel(data_dir).monthly
    curve = 2 * table.columns["jgb_10y"] - table.columns["jgb_2y"]
    false = Table(table.source, table.months, {**table.columns, "jgb_30y": curve})
    with pytest.raises(InputError, match="a linear combination of jgb_2y, jgb_10y, jgb_30y never moves"):
        observe(false, Month(2001, 1))


@pytest.mark.parametrize(
    ("column", "spoil", "message"),
    [
        ("jgb_10y", lambda x: x / 100, "'jgb_10y' looks like a decimal fraction"),
        ("jgb_10y", lambda x: x * 100, "'jgb_10y' looks like basis points"),
        (
            "us_10y",
            lambda x: np.where(np.arange(x.size) > x.size - 25, x / 100, x),
            "'us_10y' goes from 3.99 to 0.0425 in 2024-02",
        ),
        (
            "us_10y",
            lambda x: np.where(np.arange(x.size) >= 600, x / 100, x),
            "'us_10y' goes from 1.92 to 0.0151 in 2020-01",
        ),
        ("usdjpy", lambda x: np.where(np.arange(x.size) == x.size - 40, 0.0, x), "'usdjpy' is 0 in 2022-10"),
        ("wti", lambda x: np.where(np.abs(np.arange(x.size) - 620) < 3, np.nan, x), "'wti' is blank in 20"),
        ("vix", lambda x: np.full(x.size, 20.0), "'vix' is constant"),
        ("sp500", lambda x: np.full(x.size, np.nan), "'sp500' has no values since"),
    ],
)
def test_real_columns_that_are_spoiled_are_named(data_dir, column, spoil, message):
    table = read_panel(data_dir).monthly
    false = Table(table.source, table.months, {**table.columns, column: spoil(table.columns[column])})
    with pytest.raises(InputError, match=message):
        observe(false, Month(2001, 1))


def test_the_market_panel_is_whole(data_dir):
    panel = read_panel(data_dir)
    assert panel.monthly.months[-1] == Month(2026, 1)
    assert panel.sector_weights.shape == (33, 4)
    assert panel.sector_weights.sum() == pytest.approx(1.0)
    assert sum(panel.segment_weights.values()) == pytest.approx(1.0)
    assert read_panel(data_dir / "panel_monthly.csv").sha256 == panel.sha256


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["2026-01-30,1.25", "2026-01-30,1.26"], "2026-01-30 does not come after the line above"),
        (["2026-01-30,1.25", "2026-01-29,1.26"], "2026-01-29 does not come after the line above"),
        (["30/01/2026,1.25"], "'30/01/2026' is not a day"),
        (["2026-01-30,n/a"], r"'n/a' in column 'jgb_2y'"),
    ],
)
def test_a_daily_table_that_is_wrong_is_refused_with_its_line(tmp_path, rows, message):
    file = tmp_path / "panel_daily.csv"
    file.write_text("\n".join(["date,jgb_2y", *rows]) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_daily(file)


def test_a_daily_table_is_read_with_blanks_as_nan(tmp_path):
    file = tmp_path / "panel_daily.csv"
    file.write_text("date,jgb_2y\n2026-01-29,\n2026-01-30,1.25\n", encoding="utf-8")
    table = read_daily(file)
    assert [str(day) for day in table.days] == ["2026-01-29", "2026-01-30"]
    np.testing.assert_array_equal(table.column("jgb_2y"), [np.nan, 1.25])
    with pytest.raises(InputError, match="no column 'usdjpy'"):
        table.column("usdjpy")


def _written(column, first, cell=""):
    """Put one cell of a CSV file in the place of what stands in a column, in the row that begins with `first`."""

    def change(content):
        head, *rows = content.decode("utf-8-sig").splitlines()
        place = head.split(",").index(column)
        cut = [row.split(",") for row in rows]
        told = [",".join([*row[:place], cell, *row[place + 1 :]]) if row[0] == first else ",".join(row) for row in cut]
        return "\n".join([head, *told]).encode()

    return change


def _in_percent(content):
    head, *rows = content.decode().splitlines()
    cut = [row.split(",") for row in rows]
    told = [",".join([row[0], *(f"{100 * float(cell)}" if cell else "" for cell in row[1:])]) for row in cut]
    return "\n".join([head, *told]).encode()


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("panel_monthly.csv", _written("s17_banks", "2020-03"), "'s17_banks' is blank in 2020-03"),
        ("sector_returns_1990_2018.csv", _written("s17_banks", "2003-05"), "'s17_banks' is blank in 2003-05"),
        ("sector_returns_1990_2018.csv", _in_percent, r"'s17_foods' is -2.4796 in 2001-01"),
        ("panel_daily.csv", _written("usdjpy", "2024-07-31", "0"), "'usdjpy' is 0 on 2024-07-31"),
        (
            "topix_weights_33x4_2026-04-30.csv",
            lambda content: content.decode("utf-8-sig").encode("cp932"),
            r"topix_weights_33x4_2026-04-30.csv:2: not UTF-8 text \(byte 0x93\)",
        ),
    ],
)
def test_what_is_wrong_is_told_before_the_sampler_starts(data_dir, tmp_path, monkeypatch, name, change, message):
    for file in ("panel_monthly.csv", "panel_daily.csv", "sector_returns_1990_2018.csv", "segment_weights.csv",
                 "topix_weights_33x4_2026-04-30.csv"):  # fmt: skip
        (tmp_path / file).write_bytes((data_dir / file).read_bytes())
    (tmp_path / name).write_bytes(change((tmp_path / name).read_bytes()))
    monkeypatch.setattr(estimates, "estimate_factors", lambda *_: pytest.fail("the sampler was reached"))
    with pytest.raises(InputError, match=message):
        learning.calibrate(tmp_path)
