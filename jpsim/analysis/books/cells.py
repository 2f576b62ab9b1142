"""Tables of books and of listed issues as users keep them: CSV, Excel or Parquet, cell by cell with their places."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from jpsim.errors import InputError, Place, Problem
from jpsim.scenario.loader import shown

__all__ = ["Cells", "parse_cells", "read_cells"]

_MOST_BYTES = 200_000_000
_SETTING = re.compile(r"#\s*([a-z_]+)\s*:\s*(.*?)[,;\t\s]*")

_SETTING_KEYS = (b"codes", b"betas", b"rebalancing", b"hedge", b"vix_elasticity", b"capital")

Rows = Iterator[tuple[int, Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells of a table, as text; numbers of a spreadsheet are written out.

    Parameters
    ----------
    source
        Path of the file.
    settings
        ``# key: value`` lines above the head: key -> line and value.
    line
        Line of the head.
    head
        Names of the columns.
    rows
        Line (or row of the sheet) and cells; as many as there are columns.
    """

    source: str
    settings: Mapping[str, tuple[int, str]]
    line: int
    head: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]

    def place(self, line: int, column: int | None = None) -> Place:
        """Place of a row, or of one of its cells; columns count from 0 here and from 1 in the place."""
        return Place(self.source, line, None if column is None else column + 1)


def read_cells(path: Path) -> Cells:
    """Read a table by the ending of its file: ``.xlsx``, ``.xls``, ``.parquet``, or text with separators.

    Raises
    ------
    InputError
        If there is no such file, or it is no table.
    """
    source = shown(path)
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(Problem("the file is larger than 200 MB", Place(source)))
        content = path.read_bytes()
    except OSError as error:
        raise InputError(Problem(f"cannot be read: {error.strerror}", Place(source))) from None
    readers = {".xlsx": _workbook_rows, ".xls": _old_workbook_rows, ".parquet": _parquet_rows}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        return parse_cells(_decoded(content, source), source)
    try:
        return _assemble(reader(content, source), source)
    except InputError:
        raise
    except Exception as error:  # these libraries raise anything on files that are damaged
        found = f"cannot be read as {path.suffix.lower()[1:]}: {error}"
        raise InputError(Problem(found, Place(source, 1), "a whole file")) from error


def parse_cells(text: str, source: str) -> Cells:
    """Read a table from text; the separator is the commonest of comma, semicolon and tab in its head.

    Raises
    ------
    InputError
        If rows and head do not match, or there is nothing.
    """
    head = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    delimiter = max(",;\t", key=head.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        return _assemble(((lines.line_num, cells) for cells in lines), source)
    except csv.Error as error:
        raise InputError(Problem(f"no table: {error}", Place(source, lines.line_num), "CSV in UTF-8")) from None


def _assemble(rows: Rows, source: str) -> Cells:
    settings: dict[str, tuple[int, str]] = {}
    head: tuple[str, ...] = ()
    at, body, problems = 1, [], []
    for line, row in rows:
        cells = tuple(_text(cell) for cell in row)
        setting = _SETTING.fullmatch(",".join(cells)) if not head else None
        if setting:
            settings[setting[1]] = line, setting[2].strip()
        elif not any(cells) or (not head and cells[0].startswith("#")):
            continue
        elif not head:
            at, head = line, tuple(cell.lower() for cell in _trimmed(cells))
        elif len(_trimmed(cells)) > len(head):
            problems.append(Problem(f"{len(_trimmed(cells))} cells under {len(head)} columns", Place(source, line)))
        else:
            body.append((line, (cells + ("",) * len(head))[: len(head)]))
    problems += [Problem(f"two columns are called {name!r}", Place(source, at, place + 1))
                 for place, name in enumerate(head) if name in head[:place]]  # fmt: skip
    if not head:
        problems.append(Problem("the file is empty", Place(source, 1), "a line of column names, and a line for each"))
    if problems:
        raise InputError(problems)
    return Cells(source, settings, at, head, tuple(body))


def _trimmed(cells: tuple[str, ...]) -> tuple[str, ...]:
    """Drop empty cells at the end."""
    filled = max((place for place, cell in enumerate(cells, 1) if cell), default=0)
    return cells[:filled]


def _text(cell: Any) -> str:
    """Write a cell: whole numbers of a spreadsheet without a point, nothing for an empty one."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        return "" if cell != cell else str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    return str(cell).strip()


def _decoded(content: bytes, source: str) -> str:
    for encoding in ("utf-8-sig", "cp932"):  # spreadsheets in Japan save CSV in the second
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
        break
    raise InputError(Problem("the file is no text", Place(source, 1), "CSV in UTF-8, .xlsx or .parquet"))


def _workbook_rows(content: bytes, source: str) -> Rows:
    book = _library("openpyxl", source).load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    yield from enumerate(book.worksheets[0].iter_rows(values_only=True), start=1)


def _old_workbook_rows(content: bytes, source: str) -> Rows:
    sheet = _library("xlrd", source).open_workbook(file_contents=content).sheet_by_index(0)
    yield from ((row + 1, sheet.row_values(row)) for row in range(sheet.nrows))


def _parquet_rows(content: bytes, source: str) -> Rows:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(pa.BufferReader(content))
    for key, value in (table.schema.metadata or {}).items():
        if key in _SETTING_KEYS:
            yield 1, [f"# {key.decode()}: {value.decode()}"]
    yield 1, table.column_names
    yield from enumerate(zip(*(column.to_pylist() for column in table.columns), strict=True), start=1)


def _library(name: str, source: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError:
        found, fix = f"needs the package {name}", f"pip install {name}, or save the sheet as CSV"
        raise InputError(Problem(found, Place(source), "CSV, .xlsx with openpyxl, .parquet", fix)) from None
