"""Bad and large books as files, in each format: a clear error or the right result, and no line left out."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jpsim.analysis.books import Book, components_table, draw_book, read_book
from jpsim.conditioning.stories import derive_story
from jpsim.dictionary import series
from jpsim.errors import InputError
from jpsim.months import Month
from jpsim.scenario import load_scenario
from jpsim.simulation.sampling import Sampler
from tests.models import small_model

KNOWN = tuple(series())
Table = tuple[dict[str, str], list[list[str]]]


def as_csv(path: Path, table: Table) -> Path:
    settings, rows = table
    text = io.StringIO()
    text.write("".join(f"# {key}: {value}\n" for key, value in settings.items()))
    csv.writer(text).writerows(rows)
    path.with_suffix(".csv").write_text(text.getvalue(), encoding="utf-8")
    return path.with_suffix(".csv")


def as_xlsx(path: Path, table: Table) -> Path:
    openpyxl = pytest.importorskip("openpyxl")
    settings, rows = table
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in (*([f"# {key}: {value}"] for key, value in settings.items()), *rows):
        cells = [openpyxl.cell.WriteOnlyCell(sheet, text or None) for text in row]
        for cell in cells:
            cell.data_type = "s" if cell.value else cell.data_type  # text as it stands, formulas too
        sheet.append(cells)
    book.save(path.with_suffix(".xlsx"))
    return path.with_suffix(".xlsx")


def as_parquet(path: Path, table: Table) -> Path:
    settings, (head, *rows) = table
    columns = {name: pa.array([row[place] or None for row in rows], pa.string()) for place, name in enumerate(head)}
    stored = pa.table(columns).replace_schema_metadata(settings)
    pq.write_table(stored, path.with_suffix(".parquet"))
    return path.with_suffix(".parquet")


FORMATS = pytest.mark.parametrize("write", [as_csv, as_xlsx, as_parquet], ids=["csv", "xlsx", "parquet"])


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def read(path: Path) -> Book:
    return read_book(path, KNOWN, Month(2026, 1))


@FORMATS
@pytest.mark.parametrize(
    ("settings", "text", "told"),
    [
        ({}, "id,weight\ntopix,0.5\nbnaks,0.5\n", "did you mean banks?"),
        ({}, "code,weight\n9999,1\n", "code 9999 has no sector"),
        ({"codes": "issues.csv"}, "code,weight\n9999,1\n", "code 9999 is not in the list of issues"),
        ({"codes": "issues.csv"}, "code,weight\n1306,1\n", "code 1306 has the sector '-'"),
        ({"betas": "betas.csv"}, "code,proxy,weight\n9999,topix,1\n", "code 9999 is not in the table of betas"),
        ({}, "id,weight\ntopix,0.5\nbanks,0.4\n", "the weights sum to 0.9"),
        ({}, "id,weight\ntopix,0.5\ntopix,0.5\n", "topix stands here again"),
        ({"codes": "issues.csv"}, "code,weight\n7203,0.5\n7203,0.5\n", "7203 stands here again"),
        ({}, "id,weight,currency\ntopix,1,\n", "the currency is missing"),
        ({}, "id,weight,currency\ntopix,1,GBP\n", "'GBP' is no currency"),
        ({}, "id,weight\n", "the book is empty"),
        ({}, "id,weight\n=1+1,1\n", "no series '=1+1'"),
        ({}, "id,weight\n<script>alert(1)</script>,1\n", "no series '<script>"),
        ({}, "id,weight\ntopix,=1\n", "'=1' is no weight"),
        ({"rebalancing": "daily"}, "id,weight\ntopix,1\n", "rebalancing: 'daily'"),
    ],
)  # fmt: skip
def test_bad_books_are_refused_by_name(
    tmp_path: Path, write: Callable[..., Path], settings: dict[str, str], text: str, told: str
) -> None:
    (tmp_path / "issues.csv").write_text("code,sector33\n7203,3700\n1306,-\n", encoding="utf-8")
    (tmp_path / "betas.csv").write_text("code,beta\n7203,1.1\n", encoding="utf-8")
    path = write(tmp_path / "book", (settings, rows(text)))
    with pytest.raises(InputError) as error:
        read(path)
    assert told in str(error.value)
    assert path.name in str(error.value)


@FORMATS
def test_names_with_formula_and_script_change_nothing(tmp_path: Path, write: Callable[..., Path]) -> None:
    table = rows('id,weight,name\ntopix,0.4,=HYPERLINK("x")\nbanks,0.6,<script>alert(1)</script>\n')
    book = read(write(tmp_path / "book", ({}, table)))
    assert [(one.name, one.weight) for one in book.positions] == [("topix", 0.4), ("banks", 0.6)]
    assert "script" not in book.to_csv()
    assert "HYPERLINK" not in book.to_csv()


@FORMATS
def test_codes_and_betas_come_from_the_users_tables(tmp_path: Path, write: Callable[..., Path], data_dir: Path) -> None:
    """The exchange's own list, and a table of betas in which a line of the book has the last word."""
    pytest.importorskip("xlrd")
    issues = data_dir / "vendor_samples/jpx_data_j_2025-08-29.xls"
    (tmp_path / "betas.csv").write_text(
        "code,beta,volatility,proxy\n7203,1.1,20%,\n8306,0.9,,\n1306,1,,topix\n9984,1.5,35%,growth\n", encoding="utf-8"
    )
    settings = {"codes": str(issues), "betas": "betas.csv"}
    table = rows("code,beta,weight\n7203,,0.4\n8306,1.25,0.3\n1306,,0.2\n9984,,0.1\n")
    held = [
        (one.series, one.beta, one.volatility) for one in read(write(tmp_path / "book", (settings, table))).positions
    ]
    assert held == [
        ("tse33_transport_equip", 1.1, 0.2), ("tse33_banks", 1.25, 0.0), ("topix", 1.0, 0.0), ("growth", 1.5, 0.35),
    ]  # fmt: skip


def large(count: int) -> Table:
    letters = "0123456789ABCDEFGHJKLMNPRSTUWXY"
    codes = [f"{a}{b}{c}{d}" for a in range(1, 10) for b in letters for c in range(10) for d in letters]
    codes += [f"{code}5" for code in codes]
    sectors = ("tse33_banks", "tse33_electric_appliances")
    lines = [[code, sectors[place % 2], f"{0.5 + place % 9 / 8}", "30%", str(1 + place % 7)]
             for place, code in enumerate(codes[:count])]  # fmt: skip
    return {}, [["code", "proxy", "beta", "volatility", "amount"], *lines]


@pytest.mark.parametrize(
    "write",
    [as_csv, as_parquet, pytest.param(as_xlsx, marks=pytest.mark.slow)],  # writing such a workbook takes long
    ids=["csv", "parquet", "xlsx"],
)
def test_a_book_of_100_000_stocks_is_read_drawn_and_split_in_seconds(
    tmp_path: Path, write: Callable[..., Path]
) -> None:
    """Every stock with a beta and a risk of its own: two legs and one specific draw, and a component for each."""
    path = write(tmp_path / "book", large(100_000))
    scenario = tmp_path / "plain.yaml"
    scenario.write_text("schema: jpsim/scenario@1\nid: plain\n", encoding="utf-8")
    sampler = Sampler.of(derive_story(small_model(), load_scenario(scenario), 2, {}), "gaussian", 11)
    started = time.perf_counter()
    book = read_book(path, ("tse33_banks", "tse33_electric_appliances"), Month(2026, 1))
    sample = draw_book(book, sampler, 4096)
    table = components_table({"plain": sample})
    assert time.perf_counter() - started < 30.0
    assert len(book.positions) == 100_000
    assert len(book.legs) == 3
    assert table.num_rows == 200_000
    assert abs(sample.components.sum(axis=0) - sample.sample.statistics["es95"][0]).max() < 1e-10
    assert book.weights @ [one.beta for one in book.positions] == pytest.approx(book.leg_weights[:2].sum(), abs=1e-12)
