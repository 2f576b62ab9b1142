"""A panel's folder: reading the one that is carried on, writing the new one whole."""

from __future__ import annotations

import csv
import io
import json
import shutil
import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import numpy as np

from jpsim.calibration.panel import DAILY_FILE, PANEL_FILE
from jpsim.calibration.tables import read_daily, read_table
from jpsim.errors import InputError, Place, Problem
from jpsim.months import Month
from jpsim.sources.snapshots import Snapshot

__all__ = ["LINEAGE_FILE", "read_base", "write_panel"]

LINEAGE_FILE = "lineage.json"
"""Which snapshots a panel was built from."""

MonthlyColumns = Mapping[str, Mapping[Month, float]]
DailyColumns = Mapping[str, Mapping[date, float]]


def read_base(folder: Path) -> tuple[MonthlyColumns, DailyColumns]:
    """Read the columns of a panel that is carried on; the daily file may be absent."""
    table = read_table(folder / PANEL_FILE)
    monthly = {
        name: {month: float(x) for month, x in zip(table.months, column, strict=True) if np.isfinite(x)}
        for name, column in table.columns.items()
    }
    if not (folder / DAILY_FILE).is_file():
        return monthly, {}
    days = read_daily(folder / DAILY_FILE)
    daily = {
        name: {day: float(x) for day, x in zip(days.days, column, strict=True) if np.isfinite(x)}
        for name, column in days.columns.items()
    }
    return monthly, daily


def write_panel(
    out: Path,
    monthly: MonthlyColumns,
    daily: DailyColumns,
    snapshots: Mapping[str, Snapshot],
    companions: Path | None = None,
) -> None:
    """Write a panel's folder; it appears whole or not at all.

    Parameters
    ----------
    out
        A new folder.
    monthly, daily
        Columns; months and days without a number are left blank.
    snapshots
        What they were built from; named in ``lineage.json``.
    companions
        Folder whose other files (weights, long history) are copied.

    Raises
    ------
    InputError
        There is something already, or there is no monthly number.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(Problem("there is something already", Place(str(out)), fix="name a new folder"))
    if not any(monthly.values()):
        raise InputError("the snapshots hold no month for the panel")
    out.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".panel-", dir=out.parent))
    try:
        _copy_companions(companions, staging)
        (staging / PANEL_FILE).write_text(_monthly_text(monthly), encoding="utf-8")
        if any(daily.values()):
            (staging / DAILY_FILE).write_text(_daily_text(daily), encoding="utf-8")
        (staging / LINEAGE_FILE).write_text(_lineage(snapshots, companions), encoding="utf-8")
        staging.chmod(0o755)
        staging.replace(out)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise


def _copy_companions(folder: Path | None, into: Path) -> None:
    own = {PANEL_FILE, DAILY_FILE, LINEAGE_FILE}
    for file in sorted(folder.iterdir()) if folder is not None else ():
        if file.is_file() and file.name not in own and file.suffix in (".csv", ".json"):
            shutil.copyfile(file, into / file.name)


def _monthly_text(columns: MonthlyColumns) -> str:
    known = [month for column in columns.values() for month in column]
    first, last = min(known), max(known)
    months = [first + k for k in range(last - first + 1)]
    return _text(
        "month", [(str(month), [column.get(month) for column in columns.values()]) for month in months], columns
    )


def _daily_text(columns: DailyColumns) -> str:
    days = sorted({day for column in columns.values() for day in column})
    return _text("date", [(day.isoformat(), [column.get(day) for column in columns.values()]) for day in days], columns)


def _text(first: str, rows: list[tuple[str, list[float | None]]], columns: Mapping[str, object]) -> str:
    """Shortest text that reads back to the same numbers."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([first, *columns])
    for label, values in rows:
        writer.writerow([label, *("" if value is None else repr(value) for value in values)])
    return buffer.getvalue()


def _lineage(snapshots: Mapping[str, Snapshot], companions: Path | None) -> str:
    entries = {
        source: {
            "pulled_utc": snapshot.pulled.isoformat(),
            "licence": snapshot.licence,
            "codes": list(snapshot.codes),
            "folder": snapshot.folder.name,
        }
        for source, snapshot in snapshots.items()
    }
    base = companions.name if companions is not None else None
    return json.dumps({"base": base, "snapshots": entries}, indent=1, ensure_ascii=False) + "\n"
