"""The data panel: strict reading, and checks that name the column and the month."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from jpsim.calibration.tables import DailyTable, Table, parse_number, read_daily, read_lines, read_table
from jpsim.errors import InputError, Place, Problem
from jpsim.months import Month

__all__ = ["Panel", "check_columns", "check_days", "check_returns", "read_panel"]

Floats = npt.NDArray[np.float64]

PANEL_FILE = "panel_monthly.csv"
DAILY_FILE = "panel_daily.csv"
HISTORY_FILE = "sector_returns_1990_2018.csv"
WEIGHTS_PATTERN = "topix_weights_33x4_*.csv"
SEGMENTS_FILE = "segment_weights.csv"
_JUMP = float(np.log(8.0))


@dataclass(frozen=True, eq=False)
class Panel:
    """Everything a calibration reads.

    Parameters
    ----------
    monthly
        Levels of factors, indices and baskets.
    daily
        Levels of yields, the yen and TOPIX day by day, for the days of policy decisions.
    history
        Simple monthly returns of sectors, sizes and segments before the baskets begin.
    sector_weights
        (33, 4) TOPIX weights by sector and size, summing to 1; rows as `sector_names`.
    sector_names
        Japanese names of the 33 sectors.
    weights_date
        Date of the weights, as in the name of their file.
    segment_weights
        Segment to share of market value, summing to 1.
    sha256
        File name to digest of its bytes.
    """

    monthly: Table
    daily: DailyTable
    history: Table
    sector_weights: Floats
    sector_names: tuple[str, ...]
    weights_date: str
    segment_weights: Mapping[str, float]
    sha256: Mapping[str, str]


def read_panel(path: Path) -> Panel:
    """Read a panel.

    Parameters
    ----------
    path
        A folder with ``panel_monthly.csv``, ``panel_daily.csv``,
        ``sector_returns_1990_2018.csv``, ``topix_weights_33x4_<date>.csv`` and ``segment_weights.csv``, or the
        path of the first of them.

    Raises
    ------
    InputError
        A file is missing or is not what it should be; file, line and column are named.
    """
    monthly = path / PANEL_FILE if path.is_dir() else path
    folder = monthly.parent
    weights = _newest(folder, WEIGHTS_PATTERN)
    files = (monthly, folder / DAILY_FILE, folder / HISTORY_FILE, weights, folder / SEGMENTS_FILE)
    missing = [Problem("there is no such file", Place(str(file))) for file in files if not file.is_file()]
    if missing:
        raise InputError(missing)
    cells, names = _read_sector_weights(weights)
    return Panel(
        monthly=read_table(monthly),
        daily=read_daily(folder / DAILY_FILE),
        history=read_table(folder / HISTORY_FILE),
        sector_weights=cells,
        sector_names=names,
        weights_date=weights.stem.rpartition("_")[2],
        segment_weights=_read_segment_weights(folder / SEGMENTS_FILE),
        sha256={file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files},
    )


def check_columns(
    table: Table, names: Iterable[str], first: Month, *, rates: Iterable[str] = (), prices: Iterable[str] = ()
) -> None:
    """Refuse columns that would give a wrong model without a message.

    Parameters
    ----------
    table
        The panel.
    names
        Columns to check from `first` on: missing or empty, blank months in the middle, constant, duplicated.
    first
        First month of the estimation sample.
    rates
        Columns that must be in percent a year.
    prices
        Columns that must be positive.
    """
    problems: list[Problem] = []
    seen: dict[bytes, str] = {}
    for name in names:
        values = table.since(first, table.months[-1], name)
        problems += _check_values(values, name, first, table.source)
        twin = seen.setdefault(values.tobytes(), name)
        if twin != name:
            problems.append(Problem(f"columns {twin!r} and {name!r} are the same", Place(table.source)))
    for name in rates:
        problems += _check_rate(table.columns[name], name, table.source)
        problems += _check_unit(table.since(first, table.months[-1], name), name, first, table.source)
    for name in prices:
        problems += _check_price(table.since(first, table.months[-1], name), name, first, table.source)
    if problems:
        raise InputError(problems)


def check_returns(table: Table, names: Iterable[str], first: Month, last: Month) -> None:
    """Refuse columns of simple returns that have blank months inside, or percents, from `first` to `last`."""
    problems: list[Problem] = []
    for name in names:
        values = table.since(first, last, name)
        problems += _check_values(values, name, first, table.source)
        large = np.flatnonzero(np.abs(values) > 1.0)
        if len(large):
            found = f"column {name!r} is {values[large[0]]:g} in {first + int(large[0])}"
            problems.append(Problem(found, Place(table.source), "decimal returns, 0.012 for 1.2%"))
    if problems:
        raise InputError(problems)


def check_days(daily: DailyTable, rates: Iterable[str], prices: Iterable[str]) -> None:
    """Refuse daily columns that are missing, rates that are not in percent, and prices that are not positive."""
    problems: list[Problem] = []
    for name in rates:
        problems += _check_rate(daily.column(name), name, daily.source)
    for name in prices:
        wrong = np.flatnonzero(daily.column(name) <= 0)
        if len(wrong):
            found = f"column {name!r} is {daily.column(name)[wrong[0]]:g} on {daily.days[wrong[0]]}"
            problems.append(Problem(found, Place(daily.source), "a positive level: its logarithm is used"))
    if problems:
        raise InputError(problems)


def _check_values(values: Floats, name: str, first: Month, source: str) -> list[Problem]:
    known = np.flatnonzero(np.isfinite(values))
    if len(known) == 0:
        return [Problem(f"column {name!r} has no values since {first}", Place(source))]
    inside = values[known[0] : known[-1] + 1]
    problems = []
    if not np.isfinite(inside).all():
        gap = first + int(known[0] + np.flatnonzero(~np.isfinite(inside))[0])
        problems.append(Problem(f"column {name!r} is blank in {gap}, between months with values", Place(source)))
    if len(known) > 1 and np.ptp(values[known]) == 0:
        problems.append(Problem(f"column {name!r} is constant ({values[known[0]]:g})", Place(source)))
    return problems


def _check_rate(values: Floats, name: str, source: str) -> list[Problem]:
    largest = float(np.max(np.abs(values), initial=0.0, where=np.isfinite(values)))
    if 0.2 < largest < 60 or largest == 0.0:
        return []
    unit = "a decimal fraction" if largest <= 0.2 else "basis points"
    found = f"column {name!r} looks like {unit} (largest value {largest:g})"
    return [Problem(found, Place(source), "percent a year, 1.25 for 1.25%")]


def _check_unit(values: Floats, name: str, first: Month, source: str) -> list[Problem]:
    """Name the month from which a rate is written in another unit: about a hundredth, or a hundred times as large."""
    size = np.abs(values)
    larger, smaller = np.maximum(size[1:], size[:-1]), np.minimum(size[1:], size[:-1])
    broken = np.flatnonzero((larger >= 0.5) & (larger > 50.0 * smaller) & (larger < 200.0 * smaller))
    if len(broken) == 0:
        return []
    index = int(broken[0]) + 1
    found = f"column {name!r} goes from {values[index - 1]:g} to {values[index]:g} in {first + index}"
    return [Problem(found, Place(source), "one unit throughout: percent a year, 1.25 for 1.25%")]


def _check_price(values: Floats, name: str, first: Month, source: str) -> list[Problem]:
    wrong = np.flatnonzero(values <= 0)
    if len(wrong):
        index = int(wrong[0])
        found = f"column {name!r} is {values[index]:g} in {first + index}"
        return [Problem(found, Place(source), "a positive level: its logarithm is used")]
    jumps = np.flatnonzero(np.abs(np.diff(np.log(values))) > _JUMP)
    if len(jumps) == 0:
        return []
    index = int(jumps[0]) + 1
    found = f"column {name!r} goes from {values[index - 1]:g} to {values[index]:g} in {first + index}"
    return [Problem(found, Place(source), "one unit and one quotation throughout; no month moves prices eightfold")]


def _newest(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    return found[-1] if found else folder / pattern


def _read_sector_weights(file: Path) -> tuple[Floats, tuple[str, ...]]:
    rows = list(csv.DictReader(read_lines(file)))
    cells = _numbers(rows, ("core30", "large70", "mid400", "small"), "sector33_ja", file)
    if len(rows) != 33 or (cells < 0).any() or abs(cells.sum() - 100) > 1:
        raise InputError(Problem("not 33 rows of weights in percent that sum to 100", Place(str(file))))
    return cells / cells.sum(), tuple(row["sector33_ja"] for row in rows)


def _numbers(rows: list[dict[str, str]], columns: tuple[str, ...], label: str, file: Path) -> Floats:
    """Return the cells of some columns, (rows, columns); InputError at the first that is no number."""
    lacking = [name for name in (label, *columns) if not rows or name not in rows[0]]
    if lacking:
        raise InputError(Problem(f"columns missing: {', '.join(lacking)}", Place(str(file), 1)))
    out = np.empty((len(rows), len(columns)))
    for line, row in enumerate(rows):
        for index, name in enumerate(columns):
            number = parse_number(row[name] or "")
            if number is None:
                raise InputError(Problem(f"{row[name]!r} in column {name!r}", Place(str(file), line + 2), "a number"))
            out[line, index] = number
    return out


def _read_segment_weights(file: Path) -> dict[str, float]:
    rows = list(csv.DictReader(read_lines(file)))
    values = _numbers(rows, ("market_value_share_pct",), "segment", file)[:, 0]
    shares = {row["segment"]: float(value) for row, value in zip(rows, values, strict=True)}
    if set(shares) != {"prime", "standard", "growth"} or min(shares.values()) <= 0:
        found = "not one positive share for each segment"
        raise InputError(Problem(found, Place(str(file)), "prime, standard, growth"))
    total = sum(shares.values())
    return {segment: share / total for segment, share in shares.items()}
