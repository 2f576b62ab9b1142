"""Books as users write them: what is read, and how each mistake is named by line and column."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jpsim.analysis.books import Book, parse_book, read_book
from jpsim.analysis.books.listing import read_listing, sector_series
from jpsim.dictionary import series
from jpsim.errors import InputError

KNOWN = tuple(series())
LISTING = (
    "コード,銘柄名,33業種コード,33業種区分\n7203,A,3700,輸送用機器\n8306,B,7050,銀行業\n1306,C,-,-\n130A,D,5250,-\n"
)


def held(book: Book) -> list[tuple[str, str, float]]:
    return [(one.name, one.series, one.weight) for one in book.positions]


def refusal(text: str) -> str:
    with pytest.raises(InputError) as error:
        parse_book(text, "book.csv", KNOWN)
    return str(error.value)


def test_weights_may_be_shares_or_percent() -> None:
    book = parse_book("id,weight\ntopix,60%\nbanks,.3\ngrowth,1e-1\n", "book.csv", KNOWN)
    assert held(book) == [("topix", "topix", 0.6), ("banks", "banks", 0.3), ("growth", "growth", 0.1)]
    assert (book.rebalancing, book.currency, book.capital) == ("none", "JPY", None)


def test_amounts_become_shares_of_the_gross_amount() -> None:
    book = parse_book('id;amount\ntopix;"3,000,000"\nbanks;-1000000\n', "book.csv", KNOWN)
    assert held(book) == [("topix", "topix", 0.75), ("banks", "banks", -0.25)]
    assert book.capital == 4_000_000


def test_a_book_with_short_positions_may_sum_to_anything() -> None:
    assert parse_book("id,weight\ntopix,-1\nbanks,1\n", "book.csv", KNOWN).weights.tolist() == [-1.0, 1.0]


@pytest.mark.parametrize(
    "text",
    [
        "id,weight\ntopix,0.1\nbanks,0.9\n",
        "# rebalancing: monthly\nid,amount,currency\ntopix,1,USD hedged\nbanks,-2,usd (unhedged)\nfoods,7,USD-hedged\n",
        "code,sector33,weight\n7203,3700,0.123456789012345678\n130a,tse33_banks,0.876543210987654322\n",
    ],
)
def test_what_is_written_reads_back_equal(text: str) -> None:
    book = parse_book(text, "book.csv", KNOWN)
    assert parse_book(book.to_csv(), "again.csv", KNOWN) == book


def test_codes_are_mapped_by_the_list_of_issues_beside_the_book(tmp_path: Path) -> None:
    (tmp_path / "issues.csv").write_text(LISTING, encoding="cp932")
    book = tmp_path / "book.csv"
    book.write_text("# codes: issues.csv\nid,code,weight\n,7203,0.5\n,8306,0.25\nbanks,,0.25\n", encoding="utf-8-sig")
    assert [one.series for one in read_book(book, KNOWN).positions] == ["tse33_transport_equip", "tse33_banks", "banks"]


def test_codes_that_cannot_be_mapped_are_named(tmp_path: Path) -> None:
    (tmp_path / "issues.csv").write_text(LISTING, encoding="utf-8")
    book = tmp_path / "book.csv"
    book.write_text("# codes: issues.csv\ncode,weight\n9999,0.5\n1306,0.3\nTOYOTA,0.2\n", encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_book(book, KNOWN)
    told = str(error.value)
    assert "book.csv:3:1: code 9999 is not in the list of issues" in told
    assert "book.csv:4:1: code 1306 has the sector '-'" in told
    assert "book.csv:5:1: 'TOYOTA' is no code" in told
    assert "code 7203 has no sector" in refusal("code,weight\n7203,1\n")


def test_every_sector_of_the_exchange_is_known_by_number_and_name() -> None:
    sectors = [entry for entry in series().values() if entry.kind == "sector33"]
    assert [sector_series(entry.name_ja) for entry in sectors] == [entry.id for entry in sectors]
    assert (sector_series("0050"), sector_series("50")) == ("tse33_fishery_agri", "tse33_fishery_agri")
    assert sector_series("水産・農林業") == "tse33_fishery_agri"
    assert sector_series("banks") is None


def test_the_exchange_list_of_issues(data_dir: Path) -> None:
    """Numbers and names of the exchange's own file agree on every share."""
    pytest.importorskip("xlrd")
    path = data_dir / "vendor_samples/jpx_data_j_2025-08-29.xls"
    from jpsim.analysis.books.cells import read_cells

    cells = read_cells(path)
    number, name = cells.head.index("33業種コード"), cells.head.index("33業種区分")
    pairs = {(row[number], row[name]) for _, row in cells.rows if row[number] != "-"}
    assert len(pairs) == 33
    for said, called in pairs:
        assert sector_series(said) == sector_series(called) is not None
    listing = read_listing(path)
    assert len(listing) == len(cells.rows) > 4000
    assert (sector_series(listing["7203"]), sector_series(listing["8306"])) == ("tse33_transport_equip", "tse33_banks")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id,weight\ntopx,1\n", "book.csv:2:1: the model has no series 'topx'"),
        ("id,weight\ntopx,1\n", "did you mean topix?"),
        ("id,weight\nsp500,1\n", "no series 'sp500'"),
        ("id,weight\ntopix,0.5\nbanks,0.4\n", "book.csv:1:2: the weights sum to 0.9"),
        ("id,weight\ntopix,0.5\nbanks,0.4\n", "add +0.1"),
        ("id,weight\ntopix,60\nbanks,40\n", "write 12% or 0.12"),
        ("id,weight\ntopix,0.5\n\nfoods,0.1\ntopix,0.4\n", "book.csv:5:1: topix stands here again, as on line 2"),
        ("id,weight,currency\ntopix,1,\n", "book.csv:2:3: the currency is missing"),
        ("id,weight,currency\ntopix,1,USD\n", "say whether USD is hedged"),
        ("id,weight,currency\ntopix,1,EUR\n", "'EUR' is no currency"),
        ("id,weight,currency\ntopix,.5,JPY\nbanks,.5,USD hedged\n", "book.csv:3:3: USD hedged in a book"),
        ("", "book.csv:1: the file is empty"),
        ("\n \n", "the file is empty"),
        ("id,weight\n", "book.csv:1: the book is empty"),
        ("id,weight\ntopix,0\n", "book.csv:1:2: every weight is 0"),
        ("id,weight\ntopix,nan\n", "book.csv:2:2: 'nan' is no weight"),
        ("id,weight\ntopix,1e999\n", "'1e999' is no weight"),
        ("id,weight\ntopix,=1\n", "'=1' is no weight"),
        ("id,weight\ntopix,\n", "book.csv:2:2: the weight is missing"),
        ("id,amount\ntopix,5%\n", "'5%' is no amount"),
        ("id,weight\n=cmd|' /C calc'!A1,1\n", "no series \"=cmd|"),
        ("id,weight\ntopix,1,2\n", "book.csv:2: 3 cells under 2 columns"),
        ("id,wieght\ntopix,1\n", "did you mean weight?"),
        ("id,weight,weight\ntopix,1,1\n", "book.csv:1:3: two columns are called 'weight'"),
        ("id,weight,amount\ntopix,1,1\n", "a column weight or a column amount, and not both"),
        ("weight\n1\n", "no column id or code"),
        ("id,code,weight\ntopix,7203,1\n", "book.csv:2:1: both an id and a code"),
        ("id,weight\n,1\n", "neither an id nor a code"),
        ("# rebalancing: daily\nid,weight\ntopix,1\n", "book.csv:1: rebalancing: 'daily'"),
        ("# colour: red\nid,weight\ntopix,1\n", "no setting is called 'colour'"),
        ("# codes: gone.csv\ncode,weight\n7203,1\n", "its list of issues gone.csv cannot be used"),
        ('id,weight\n"topix,1\n', "book.csv:2: no table"),
    ],
)  # fmt: skip
def test_each_mistake_is_named_with_its_place(text: str, told: str) -> None:
    assert told in refusal(text)


def test_all_mistakes_come_at_once_and_many_are_counted() -> None:
    told = refusal("id,weight\n" + "".join(f"x{number},1\n" for number in range(300)))
    assert told.count("the model has no series") == 50
    assert "and 250 more problems" in told


def test_names_are_inert() -> None:
    text = 'id,weight,name\ntopix,0.4,=1+1\nbanks,0.6,"<script>alert(1)</script>\nsecond line"\n'
    book = parse_book(text, "book.csv", KNOWN)
    assert held(book) == [("topix", "topix", 0.4), ("banks", "banks", 0.6)]
    assert "script" not in book.to_csv()


def test_lines_are_counted_past_cells_of_several_lines() -> None:
    assert "book.csv:4:1: the model has no series 'x'" in refusal('id,weight,name\ntopix,1,"a\nb"\nx,1,\n')


def test_a_workbook_and_a_parquet_file_read_like_text(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    (tmp_path / "issues.csv").write_text(LISTING, encoding="utf-8")
    sheet = openpyxl.Workbook()
    for row in (["# codes: issues.csv"], ["id", "code", "weight"], ["topix", None, 0.25], [None, 7203, 0.75]):
        sheet.active.append(row)
    sheet.save(tmp_path / "book.xlsx")
    table = pa.table({"id": ["topix", None], "code": [None, "7203"], "weight": [0.25, 0.75]})
    pq.write_table(table.replace_schema_metadata({"codes": "issues.csv"}), tmp_path / "book.parquet")
    expected = [("topix", "topix", 0.25), ("7203", "tse33_transport_equip", 0.75)]
    assert held(read_book(tmp_path / "book.xlsx", KNOWN)) == expected
    assert held(read_book(tmp_path / "book.parquet", KNOWN)) == expected


@pytest.mark.parametrize("name", ["book.csv", "book.xlsx", "book.parquet"])
def test_damaged_files_are_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"\x00\x01\x02PK broken" * 10)
    with pytest.raises(InputError, match=name):
        read_book(path, KNOWN)
    path.unlink()
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_book(path, KNOWN)


def test_a_hundred_thousand_positions(tmp_path: Path) -> None:
    """Issues of made-up codes: the legs are the sectors, and nothing is dropped."""
    letters = "0123456789ABCDEFGHJKLMNPRSTUWXY"
    codes = [f"{a}{b}{c}{d}" for a in range(1, 10) for b in letters for c in range(10) for d in letters]
    codes += [f"{code}5" for code in codes]
    sectors = [entry.id for entry in series().values() if entry.kind == "sector33"]
    lines = [f"{code},{sectors[place % 33]},{1 + place % 7}" for place, code in enumerate(codes[:100_000])]
    path = tmp_path / "book.csv"
    path.write_text("code,sector33,amount\n" + "\n".join(lines), encoding="utf-8")
    started = time.perf_counter()
    book = read_book(path, KNOWN)
    assert time.perf_counter() - started < 20.0
    assert len(book.positions) == 100_000
    assert len(book.legs) == 33
    assert book.leg_weights.sum() == pytest.approx(1.0, abs=1e-12)
    amounts = np.array([1 + place % 7 for place in range(100_000)])
    assert book.leg_weights[4] == pytest.approx(amounts[4::33].sum() / amounts.sum(), abs=1e-12)
