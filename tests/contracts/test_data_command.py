"""`jpsim data`: publishers' true formats from a local server; the samples of vendors' files; what is refused.

Outside sources: the formats are those of the publishers' own manuals (Bank of Japan API manual of February 2026,
e-Stat API 3.0, J-Quants API 2, SDMX CSV); where a sample of a file is at hand, its numbers are compared with the
panel that others built from the same files.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from jpsim.calibration.tables import read_daily, read_table
from jpsim.errors import DamagedError, InputError
from jpsim.months import Month
from jpsim.sources import Feed, build_panel, newest_snapshots, pull, read_catalogue
from jpsim.sources.building import monthly
from jpsim.sources.pulling import source_of
from jpsim.sources.readings import FeedError, Readings, parse_day
from jpsim.sources.transport import Answer, open_client
from tests.feed_server import MOF_CURRENT, MOF_HISTORY, Route, boj, boj_series, estat, french_zip, serve

NOW = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
SINCE = Month.parse("2020-01")


def catalogue_text(address: str, name: str, paths: tuple[str, ...], feeds: str, key: str = "") -> str:
    urls = ", ".join(f'"{address}{path}"' for path in paths)
    head = f'[publisher.{name}]\nname = "{name}"\nlicence = "test"\nurls = [{urls}]\n'
    return head + (f'key = "{key}"\n' if key else "") + feeds


def feeds_file(folder: Path, *arguments: object) -> Path:
    path = folder / "feeds.toml"
    path.write_text(catalogue_text(*arguments))  # type: ignore[arg-type]
    return path


def pull_from(tmp_path: Path, name: str, routes: dict[str, Route], feeds: str, key: str = "", **keys: str):
    """Pull one source whose publisher is a local server; the client does not wait between retries."""
    with serve(routes) as (address, seen):
        catalogue = read_catalogue(feeds_file(tmp_path, address, name, tuple(routes), feeds, key))
        client = open_client()
        quick = type(client)(client.connection, 0.0)
        found = pull(name, tmp_path / "snap", catalogue=catalogue, client=quick, since=SINCE, now=NOW, keys=keys)
        return catalogue, *found, seen


def answer_with(body: bytes, status: int = 200) -> Route:
    return lambda query, headers: (status, body)


MOF_FEED = '[[feed]]\nsource = "mof"\ntake = "last"\n[feed.columns]\njgb_2y = "2Y"\njgb_10y = "10Y"\n'


def test_mof_reads_shift_jis_era_dates_and_dashes(tmp_path):
    routes = {"/all.csv": answer_with(MOF_HISTORY), "/now.csv": answer_with(MOF_CURRENT)}
    feed = MOF_FEED + '[feed.daily]\njgb_2y = "2Y"\n'
    catalogue, snapshot, readings, _ = pull_from(tmp_path, "mof", routes, feed)
    assert readings["10Y"].days == (
        date(2019, 4, 26), date(2019, 5, 7), date(2025, 12, 30), date(2026, 1, 29), date(2026, 1, 30),
    )  # fmt: skip
    assert readings["2Y"].values.tolist() == [9.362, -0.149, -0.15, 1.17, 1.264, 1.251]
    columns, daily, updates = build_panel({"mof": snapshot}, catalogue, {}, {}, Month.parse("2026-01"))
    assert columns["jgb_2y"][Month.parse("2026-01")] == 1.251
    assert daily["jgb_2y"][date(2026, 1, 29)] == 1.264
    assert {update.column for update in updates} == {"jgb_2y", "jgb_10y"}


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"<html>maintenance</html>", "no line of maturities"),
        (b"Date,2Y,10Y\n2026/1/30,1.2,abc\n", "10Y on 2026-01-30: 'abc'"),
        (b"Date,2Y,10Y\n2026/13/30,1.2,2\n", "is not a day"),
        (b"Date,2Y\n2026/1/30,1.2\n", "no maturity 10Y"),
        (b"Date,2Y,10Y\n2026/1/30,-,-\n", "not one number"),
        (b"   ", "an empty answer"),
    ],
)
def test_a_bad_answer_is_refused_and_leaves_nothing(tmp_path, body, found):
    with pytest.raises(FeedError, match=found):
        pull_from(tmp_path, "mof", {"/all.csv": answer_with(body)}, MOF_FEED)
    assert not (tmp_path / "snap").exists()


def test_a_failing_server_is_asked_again_and_then_named(tmp_path):
    calls: list[int] = []

    def busy(query, headers):
        calls.append(1)
        return (503, b"busy") if len(calls) < 3 else (200, MOF_HISTORY)

    pull_from(tmp_path, "mof", {"/all.csv": busy}, MOF_FEED)
    assert len(calls) == 3
    with pytest.raises(FeedError, match="HTTP 500"):
        pull_from(tmp_path, "mof", {"/all.csv": answer_with(b"x", 500)}, MOF_FEED)
    with pytest.raises(FeedError, match="HTTP 404"):
        pull_from(tmp_path, "mof", {"/all.csv": answer_with(b"x", 404)}, MOF_FEED)


BOJ_FEED = (
    '[[feed]]\nsource = "boj"\ntake = "mean"\n[feed.columns]\ncall = "FM01/STRDCLUCON"\n'
    '[[feed]]\nsource = "boj"\ntake = "last"\nhold = 2\n[feed.columns]\ntankan = "CO/TK99F1000601GCQ01000"\n'
)


def test_boj_pages_frequencies_and_held_quarters(tmp_path):
    def route(query, headers):
        if query["code"] == "TK99F1000601GCQ01000":
            return 200, boj({"RESULTSET": [boj_series(query["code"], "QUARTERLY", [202503, 202504], [14, 15])]})
        if query["startPosition"] == "1":
            entry = boj_series("STRDCLUCON", "DAILY", [20251230, 20251231], [0.72, None])
            return 200, boj({"RESULTSET": [entry], "NEXTPOSITION": 2})
        return 200, boj({"RESULTSET": [boj_series("STRDCLUCON", "DAILY", [20260105, 20260106], [0.727, 0.729])]})

    catalogue, snapshot, readings, _ = pull_from(tmp_path, "boj", {"/api": route}, BOJ_FEED)
    assert readings["FM01/STRDCLUCON"].days == (date(2025, 12, 30), date(2026, 1, 5), date(2026, 1, 6))
    columns, _, _ = build_panel({"boj": snapshot}, catalogue, {}, {}, Month.parse("2026-01"))
    assert columns["call"][Month.parse("2026-01")] == pytest.approx(0.728)
    assert columns["tankan"] == {
        Month.parse("2025-09"): 14, Month.parse("2025-10"): 14, Month.parse("2025-11"): 14,
        Month.parse("2025-12"): 15, Month.parse("2026-01"): 15,
    }  # fmt: skip


def test_boj_error_inside_http_200(tmp_path):
    body = json.dumps({"STATUS": 400, "MESSAGEID": "M181013E", "MESSAGE": "no such code", "RESULTSET": None}).encode()
    with pytest.raises(FeedError, match="status 400, M181013E: no such code"):
        pull_from(tmp_path, "boj", {"/api": answer_with(body)}, BOJ_FEED)


FRED_FEED = '[[feed]]\nsource = "fred"\ntake = "last"\n[feed.columns]\nus_10y = "DGS10"\n'


@pytest.mark.parametrize("head", ["observation_date", "DATE"])
def test_fred_missing_days_are_never_zero(tmp_path, head):
    body = f"{head},DGS10\n2026-01-28,4.26\n2026-01-29,.\n2026-01-30,\n2026-02-02,4.3\n".encode()
    catalogue, snapshot, readings, seen = pull_from(tmp_path, "fred", {"/csv": answer_with(body)}, FRED_FEED)
    assert readings["DGS10"].values.tolist() == [4.26, 4.3]
    assert "cosd=2020-01-01" in seen[0]
    columns, _, _ = build_panel({"fred": snapshot}, catalogue, {}, {}, Month.parse("2026-01"))
    assert columns["us_10y"] == {Month.parse("2026-01"): 4.26}  # February may not be over


def test_fred_html_with_status_200_is_refused(tmp_path):
    with pytest.raises(FeedError, match="observation_date,DGS10"):
        pull_from(tmp_path, "fred", {"/csv": answer_with(b"<!DOCTYPE html>\n<html>")}, FRED_FEED)


def test_bis_reads_by_names_of_columns(tmp_path):
    head = b"REF_AREA,FREQ,TIME_PERIOD,OBS_VALUE,OBS_STATUS\n"
    body = head + b"JP,D,2026-01-29,0.75,A\nJP,D,2026-01-30,NaN,A\nUS,D,2026-01-30,3.6,A\n"
    feed = '[[feed]]\nsource = "bis"\ntake = "last"\n[feed.columns]\nboj_policy_rate = "D.JP"\n'
    _, _, readings, _ = pull_from(
        tmp_path, "bis", {"/cb": lambda q, h: (404, b""), "/cb/D.JP": answer_with(body)}, feed
    )
    assert readings["D.JP"].values.tolist() == [0.75]


def test_a_target_decided_on_the_last_day_counts_for_its_month():
    """The decision of 31 July 2024 took effect on 1 August."""
    days = (date(2024, 7, 30), date(2024, 7, 31), date(2024, 8, 1), date(2024, 8, 2))
    found = monthly(Readings(days, np.array([0.1, 0.1, 0.25, 0.25])), Feed("bis", "next"))
    assert found == {Month.parse("2024-06"): 0.1, Month.parse("2024-07"): 0.25}


FRENCH = (
    "This file was created by hand.\nMissing data are indicated by -99.99.\n\n"
    ",Mkt-RF,SMB\n202511    ,0.10    ,6.27\n202512  ,-11.88   ,-99.99\n\n Annual Factors\n,Mkt-RF,SMB\n"
    "  2025 ,1.0,2.0\n"
)


def test_ken_french_leaves_out_missing_and_annual_rows(tmp_path):
    feed = '[[feed]]\nsource = "ken_french"\ntake = "last"\nscale = 0.01\n[feed.columns]\nmkt = "Mkt-RF"\nsmb = "SMB"\n'
    catalogue, snapshot, _, _ = pull_from(tmp_path, "ken_french", {"/z.zip": answer_with(french_zip(FRENCH))}, feed)
    columns, _, _ = build_panel({"ken_french": snapshot}, catalogue, {}, {}, Month.parse("2026-01"))
    assert columns["mkt"] == pytest.approx({Month.parse("2025-11"): 0.001, Month.parse("2025-12"): -0.1188})
    assert list(columns["smb"]) == [Month.parse("2025-11")]
    with pytest.raises(FeedError, match="damaged archive"):
        pull_from(tmp_path, "ken_french", {"/z.zip": answer_with(b"PK\x03\x04 broken")}, feed)


ESTAT_FEED = '[[feed]]\nsource = "estat"\ntake = "last"\n[feed.columns]\ncpi = "0003427113?cdTab=3&cdCat01=0161"\n'


def test_estat_pages_monthly_times_and_keeps_the_key_out_of_the_record(tmp_path):
    def route(query, headers):
        assert query["appId"] == "sesame"
        assert query["cdCat01"] == "0161"
        if query["startPosition"] == "1":
            return 200, estat([{"@time": "2025001212", "$": "2.4"}, {"@time": "2025000000", "$": "3.1"}], following=3)
        return 200, estat([{"@time": "2026000101", "$": "2.0"}, {"@time": "2026000202", "$": "***"}])

    _, snapshot, readings, _ = pull_from(
        tmp_path, "estat", {"/e": route}, ESTAT_FEED, "ESTAT_APP_ID", ESTAT_APP_ID="sesame"
    )
    (found,) = readings.values()
    assert dict(zip(found.days, found.values, strict=True)) == {date(2025, 12, 1): 2.4, date(2026, 1, 1): 2.0}
    kept = b"".join(path.read_bytes() for path in snapshot.folder.iterdir())
    assert b"sesame" not in kept


def test_estat_error_inside_http_200_and_missing_key(tmp_path):
    body = estat([], status=100, message="the application id is not valid")
    with pytest.raises(FeedError, match="status 100"):
        pull_from(tmp_path, "estat", {"/e": answer_with(body)}, ESTAT_FEED, "ESTAT_APP_ID", ESTAT_APP_ID="x")
    with pytest.raises(InputError, match="set the environment variable ESTAT_APP_ID"):
        pull_from(tmp_path, "estat", {"/e": answer_with(body)}, ESTAT_FEED, "ESTAT_APP_ID")


JQUANTS_FEED = (
    '[[feed]]\nsource = "jquants"\ntake = "last"\n[feed.columns]\ntopix = "indices/bars/daily/topix#C"\n'
    '[[feed]]\nsource = "jquants"\ntake = "sum"\nscale = 1e-6\n[feed.columns]\n'
    'flow = "equities/investor-types?section=TokyoNagoya#FrgnBal"\n'
)


def test_jquants_pages_key_and_weekly_sums(tmp_path):
    def topix(query, headers):
        assert headers["x-api-key"] == "sesame"
        if "pagination_key" not in query:
            return 200, json.dumps({"data": [{"Date": "2026-01-29", "C": 3550.5}], "pagination_key": "p2"}).encode()
        return 200, json.dumps({"data": [{"Date": "2026-01-30", "C": 3566.3}]}).encode()

    def flows(query, headers):
        assert query["section"] == "TokyoNagoya"
        rows = [{"EnDate": "2026-01-16", "FrgnBal": 8e8}, {"EnDate": "2026-01-23", "FrgnBal": -1e8}]
        return 200, json.dumps({"data": rows}).encode()

    routes = {"/v2": answer_with(b"", 404), "/v2/indices/bars/daily/topix": topix, "/v2/equities/investor-types": flows}
    catalogue, snapshot, _, _ = pull_from(
        tmp_path, "jquants", routes, JQUANTS_FEED, "JQUANTS_API_KEY", JQUANTS_API_KEY="sesame"
    )
    columns, _, _ = build_panel({"jquants": snapshot}, catalogue, {}, {}, Month.parse("2026-01"))
    assert columns["topix"][Month.parse("2026-01")] == 3566.3
    assert columns["flow"][Month.parse("2026-01")] == pytest.approx(700.0)


def test_jquants_refuses_a_wrong_key_and_a_plan_without_the_series(tmp_path):
    routes = {"/v2": answer_with(b"", 404), "/v2/indices/bars/daily/topix": answer_with(b"{}", 403)}
    with pytest.raises(FeedError, match="refuses the key"):
        pull_from(tmp_path, "jquants", routes, JQUANTS_FEED, "JQUANTS_API_KEY", JQUANTS_API_KEY="wrong")


def test_own_files_in_three_formats(tmp_path):
    import openpyxl
    import pandas as pd

    frame = pd.DataFrame({"date": ["2025-12", "2026-01"], "jp_wages": [110.5, 111.25]})
    frame.to_csv(tmp_path / "wages.csv", index=False)
    frame.to_parquet(tmp_path / "wages_p.parquet", index=False)
    book = openpyxl.Workbook()
    for row in (["date", "jp_wages"], [date(2025, 12, 1), 110.5], [date(2026, 1, 1), 111.25]):
        book.active.append(row)
    book.save(tmp_path / "wages_x.xlsx")
    for name in ("wages.csv", "wages_p.parquet", "wages_x.xlsx"):
        catalogue = read_catalogue()
        snapshot, _ = pull(
            str(tmp_path / name), tmp_path / name[:7], catalogue=catalogue, client=open_client(), since=SINCE, now=NOW,
            keys={},
        )  # fmt: skip
        columns, _, _ = build_panel({snapshot.source: snapshot}, catalogue, {}, {}, Month.parse("2026-01"))
        assert columns["jp_wages"] == {Month.parse("2025-12"): 110.5, Month.parse("2026-01"): 111.25}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("date,a\n2026-01,x1\n", "a on 2026-01-01: 'x1'"),
        ("date,a,a\n2026-01,1,2\n", "appears more than once"),
        ("date,a\nsoon,1\n", "is not a day or month"),
        ("date,a\n2026-01,1,2\n", "3 cells where the header has 2"),
        ("date,a\n", "no rows of values"),
        ("date,a\n2026-01,1\n2025-12,3\n2026-01,2\n", "4:1: 2026-01-01 stands in line 2, too"),
    ],
)
def test_own_files_that_are_wrong(tmp_path, text, found):
    (tmp_path / "mine.csv").write_text(text)
    with pytest.raises(FeedError, match=found):
        pull(str(tmp_path / "mine.csv"), tmp_path / "s", catalogue=read_catalogue(), client=open_client(),
             since=SINCE, now=NOW, keys={})  # fmt: skip


def test_samples_of_official_files_give_the_panel(data_dir, tmp_path):
    """The vendors' own files through the adapters, against the panel built from them by others."""
    samples = data_dir / "vendor_samples"
    panel = read_table(data_dir / "panel_monthly.csv")
    catalogue = read_catalogue()
    cases = {
        "mof": ("mof_jgbcme_all.csv", 1e-9),
        "ken_french": ("ken_french_Japan_5_Factors.csv", 5e-6),
        "epu": ("epu_japan.xlsx", 1e-5),  # the panel rounds to three digits
    }
    for source, (name, tolerance) in cases.items():
        answer = Answer(name, (samples / name).read_bytes())
        for feed in catalogue.feeds:
            if feed.source != source:
                continue
            readings = source_of(source).read([answer], catalogue.codes(source))
            for column, code in feed.columns.items():
                ours = monthly(readings[code], feed)
                theirs = dict(zip(panel.months, panel.columns[column], strict=True))
                shared = [month for month in ours if np.isfinite(theirs.get(month, np.nan))]
                assert len(shared) > 150, column
                gaps = [abs(ours[month] - theirs[month]) for month in shared]
                assert max(gaps) < tolerance * max(1.0, max(abs(ours[month]) for month in shared)), column


def test_snapshots_notice_a_changed_byte_and_older_vintages_can_be_chosen(tmp_path):
    body = b"observation_date,DGS10\n2026-01-30,4.26\n"
    _, snapshot, _, _ = pull_from(tmp_path, "fred", {"/csv": answer_with(body)}, FRED_FEED)
    assert newest_snapshots(tmp_path / "snap")["fred"].answers[0].content == body
    with pytest.raises(InputError, match="no snapshots of 2026-02-02 or before"):
        newest_snapshots(tmp_path / "snap", datetime(2026, 2, 2, tzinfo=UTC))
    file = next(path for path in snapshot.folder.iterdir() if path.name != "snapshot.json")
    file.write_bytes(body.replace(b"4.26", b"4.27"))
    with pytest.raises(DamagedError, match="has changed since it was pulled"):
        newest_snapshots(tmp_path / "snap")


@pytest.mark.parametrize(
    ("text", "day"),
    [("R8.1.30", date(2026, 1, 30)), ("H1.1.8", date(1989, 1, 8)), ("S49.9.24", date(1974, 9, 24)),
     ("2026/1/30", date(2026, 1, 30)), ("20260130", date(2026, 1, 30))],
)  # fmt: skip
def test_days_as_publishers_write_them(text, day):
    assert parse_day(text) == day


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ('take = "first"', r"feeds.toml:7:8: feed\[1\].take = 'first'"),
        ('take = "last"\nspeed = 1', r"feeds.toml:8:1: feed\[1\]: no key is called 'speed'"),
    ],
)
def test_a_wrong_feeds_file_is_explained(tmp_path, change, found):
    path = feeds_file(tmp_path, "http://x", "fred", ("/csv",), FRED_FEED.replace('take = "last"', change))
    with pytest.raises(InputError, match=found):
        read_catalogue(path)


def test_command_line_from_feed_to_panel(tmp_path, data_dir):
    """Pull from a server, build onto the panel, read the result as a calibration does."""
    february = b"observation_date,DGS10\n2026-01-30,4.26\n2026-02-27,4.01\n2026-03-02,4.05\n"

    def jpsim(*words: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "jpsim", "data", *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, env=os.environ, timeout=120)

    with serve({"/csv": answer_with(february)}) as (address, _):
        feeds = feeds_file(tmp_path, address, "fred", ("/csv",), FRED_FEED)
        done = jpsim("pull", "fred", "fret", "--feeds", feeds, "--into", tmp_path / "snap", "--json")
    assert done.returncode == 2
    assert "did you mean fred?" in done.stderr
    assert json.loads(done.stdout)["fred"]["last"] == "2026-03-02"
    out = tmp_path / "panel"
    words = ("build", "--from", tmp_path / "snap", "--feeds", feeds, "--onto", data_dir, "--out", out)
    done = jpsim(*words, "--until", "2026-02", "--json")
    assert done.returncode == 0, done.stderr
    old, new = read_table(data_dir / "panel_monthly.csv"), read_table(out / "panel_monthly.csv")
    assert new.months[-1] == Month.parse("2026-02")
    assert new.columns["us_10y"][-1] == 4.01
    np.testing.assert_array_equal(new.columns["us_10y"][:-1], old.columns["us_10y"])
    assert read_daily(out / "panel_daily.csv").days == read_daily(data_dir / "panel_daily.csv").days
    assert (out / "segment_weights.csv").is_file()
    assert json.loads((out / "lineage.json").read_text())["snapshots"]["fred"]["licence"] == "test"
    again = jpsim(*words)
    assert again.returncode == 2
    assert "there is something already" in again.stderr
