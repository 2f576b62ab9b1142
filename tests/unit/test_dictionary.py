"""The dictionaries against the ids, units and meetings that the contract and the Bank of Japan publish."""

import csv
from datetime import date

import pytest

from jpsim.dictionary import boj_meetings, channels, factors, series

FACTORS = [
    "boj_policy_rate", "jgb_2y", "jgb_10y", "jgb_30y", "usdjpy", "us_policy_rate", "us_10y", "sp500",
    "semiconductors", "usd_broad", "oil", "vix", "foreign_flow", "japan_activity", "core_cpi", "wages",
    "policy_uncertainty", "fiscal_impulse",
]  # fmt: skip
SECTORS_17 = [
    "foods", "energy", "construction", "chemicals", "pharma", "autos", "steel_nonferrous", "machinery",
    "electric_precision", "it_services", "utilities", "transport", "trading", "retail", "banks",
    "financials_ex_banks", "real_estate",
]  # fmt: skip
SECTORS_33 = [
    "fishery_agri", "mining", "construction", "foods", "textiles", "pulp_paper", "chemicals", "pharma", "oil_coal",
    "rubber", "glass_ceramics", "iron_steel", "nonferrous", "metal_products", "machinery", "electric_appliances",
    "transport_equip", "precision", "other_products", "electric_gas", "land_transport", "marine_transport",
    "air_transport", "warehousing", "info_comm", "wholesale", "retail", "banks", "securities", "insurance",
    "other_financing", "real_estate", "services",
]  # fmt: skip
KINDS = {
    "index": ["topix", "nikkei225", "tse_all"],
    "sector17": SECTORS_17,
    "sector33": [f"tse33_{name}" for name in SECTORS_33],
    "size": ["core30", "large70", "mid400", "small"],
    "segment": ["prime", "standard", "growth"],
    "theme": ["defence", "shipbuilding", "robotics", "semiconductors_ai", "critical_minerals", "megabanks",
              "regional_banks", "exporters", "domestic_demand"],
}  # fmt: skip


def test_every_factor_of_the_contract_is_there_and_the_bridge_besides():
    assert set(factors()) == {*FACTORS, "boj_policy_shadow"}


@pytest.mark.parametrize("kind", KINDS)
def test_every_series_of_the_contract_is_there(kind):
    assert [entry.id for entry in series().values() if entry.kind == kind] == KINDS[kind]


def test_factors_and_series_share_no_id():
    assert not set(factors()) & set(series())


def test_parents_are_series():
    for entry in series().values():
        assert entry.parent == "" or entry.parent in series()
    assert all(series()[entry.parent].kind == "sector17" for entry in series().values() if entry.kind == "sector33")


def test_transforms_and_lags():
    differences = {entry.id for entry in factors().values() if entry.in_differences}
    assert differences == {"usdjpy", "sp500", "semiconductors", "usd_broad", "oil"}
    logs = {entry.id for entry in factors().values() if entry.transform == "log100"}
    assert logs == differences | {"vix", "policy_uncertainty"}
    lags = {entry.id: entry.publication_lag for entry in factors().values() if entry.publication_lag}
    assert lags == {"core_cpi": 1, "japan_activity": 1, "wages": 2, "policy_uncertainty": 1}
    assert [entry.id for entry in factors().values() if entry.exogenous] == ["fiscal_impulse"]


def test_log_factors_are_prices_or_indices():
    assert all((e.transform == "log100") == (e.quantity in ("price", "index")) for e in factors().values())


def test_channels_are_carried_by_factors_or_are_impulses():
    assert len(channels()) == 29
    for entry in channels().values():
        assert entry.carried_by
        assert set(entry.carried_by) <= {*factors(), "impulse"}


def test_names_are_given_in_both_languages():
    for entry in [*factors().values(), *series().values(), *channels().values()]:
        assert entry.name_en.isascii()
        assert entry.name_ja.strip()
    # The exchange's own spelling of three industries, https://www.jpx.co.jp/markets/indices/line-up/
    assert series()["tse33_securities"].name_ja == "証券、商品先物取引業"
    assert series()["tse33_fishery_agri"].name_ja == "水産・農林業"
    assert series()["tse33_warehousing"].name_ja == "倉庫・運輸関連業"


def test_meetings_are_sorted_eight_a_year_and_2027_is_provisional():
    days = [meeting.day for meeting in boj_meetings()]
    assert days == sorted(set(days))
    for year in (2016, 2017, 2018, 2019, 2021, 2022, 2023, 2024, 2025, 2026, 2027):
        assert sum(day.year == year for day in days) == 8
    assert {meeting.day.year for meeting in boj_meetings() if meeting.provisional} == {2027}
    assert date(2024, 3, 19) in days  # the end of negative rates


def test_meetings_agree_with_the_record(data_dir):
    with (data_dir / "boj_meetings.csv").open(encoding="utf-8") as file:
        recorded = [date.fromisoformat(row["decision_date"]) for row in csv.DictReader(file)]
    days = [meeting.day for meeting in boj_meetings() if not meeting.provisional]
    assert [day for day in days if day >= recorded[0]] == recorded


def test_meetings_before_2016_are_fourteen_a_year_two_in_april_and_october():
    """The rhythm is that of the Bank of Japan until its announcement of 2015-06-19; the days named made news."""
    days = [meeting.day for meeting in boj_meetings() if meeting.day.year < 2016]
    for year in (2013, 2014, 2015):
        months = [day.month for day in days if day.year == year]
        assert sorted({*months}) == list(range(1, 13))
        assert [month for month in range(1, 13) if months.count(month) == 2] == [4, 10]
        assert len(months) == 14
    assert all(day.weekday() < 5 for day in days)
    known = {date(2013, 4, 4), date(2014, 10, 31), date(2015, 4, 30), date(2015, 5, 22), date(2015, 12, 18)}
    assert known <= {*days}
