"""From the codes of listed issues to series: the exchange's list of issues, or a table of one's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from jpsim.analysis.books.cells import read_cells
from jpsim.dictionary import series
from jpsim.errors import InputError, Place, Problem

__all__ = ["Betas", "Listing", "read_betas", "read_listing", "sector_series"]

Listing = Mapping[str, str]
"""Code -> what the list says of its sector: text of the sector's cell."""

Betas = Mapping[str, Mapping[str, str]]
"""Code -> the cells of its columns ``beta``, ``proxy`` and ``volatility``."""

_OF_BETAS = ("beta", "proxy", "volatility")
_CODE_COLUMNS = ("code", "コード", "local code")
_SECTOR_COLUMNS = ("sector33", "33業種コード", "33 sector(code)")

_SECTORS = {
    "50": "fishery_agri", "1050": "mining", "2050": "construction", "3050": "foods", "3100": "textiles",
    "3150": "pulp_paper", "3200": "chemicals", "3250": "pharma", "3300": "oil_coal", "3350": "rubber",
    "3400": "glass_ceramics", "3450": "iron_steel", "3500": "nonferrous", "3550": "metal_products",
    "3600": "machinery", "3650": "electric_appliances", "3700": "transport_equip", "3750": "precision",
    "3800": "other_products", "4050": "electric_gas", "5050": "land_transport", "5100": "marine_transport",
    "5150": "air_transport", "5200": "warehousing", "5250": "info_comm", "6050": "wholesale", "6100": "retail",
    "7050": "banks", "7100": "securities", "7150": "insurance", "7200": "other_financing", "8050": "real_estate",
    "9050": "services",
}  # fmt: skip
"""Numbers of the 33 sectors in the exchange's list, without leading zeros."""


def sector_series(text: str) -> str | None:
    """Id of the sector series that a text names: ``tse33_banks``, ``7050`` or the exchange's name; None if none."""
    plain = text.strip()
    names = {entry.name_ja: entry.id for entry in series().values() if entry.kind == "sector33"}
    number = _SECTORS.get(plain.lstrip("0")) if re.fullmatch(r"\d{2,4}", plain, re.ASCII) else None
    if number is not None:
        return f"tse33_{number}"
    return plain if plain in names.values() else names.get(plain)


def read_listing(path: Path) -> Listing:
    """Read the exchange's list of issues, or any table with columns ``code`` and ``sector33``.

    Raises
    ------
    InputError
        If it cannot be read, lacks a column, or gives a code two sectors.
    """
    cells = read_cells(path)
    code, sector = (
        next((place for place, name in enumerate(cells.head) if name in known), None)
        for known in (_CODE_COLUMNS, _SECTOR_COLUMNS)
    )
    if code is None or sector is None:
        allowed = f"columns {' or '.join(_CODE_COLUMNS)}, and {' or '.join(_SECTOR_COLUMNS)}"
        raise InputError(Problem("no list of issues", cells.place(cells.line), allowed))
    found: dict[str, str] = {}
    problems = []
    for line, row in cells.rows:
        if found.setdefault(row[code].upper(), row[sector]) != row[sector]:
            problems.append(Problem(f"{row[code]} stands here again, in another sector", Place(cells.source, line)))
    if problems:
        raise InputError(problems)
    return found


def read_betas(path: Path) -> Betas:
    """Read a table of single stocks: ``code``, ``beta``, and if wanted ``proxy`` and ``volatility``.

    Raises
    ------
    InputError
        If it cannot be read, lacks a column, or names a code twice.
    """
    cells = read_cells(path)
    code = next((place for place, name in enumerate(cells.head) if name in _CODE_COLUMNS), None)
    columns = {name: place for place, name in enumerate(cells.head) if name in _OF_BETAS}
    if code is None or "beta" not in columns:
        allowed = f"columns {' or '.join(_CODE_COLUMNS)}, beta, and if wanted proxy and volatility"
        raise InputError(Problem("no table of betas", cells.place(cells.line), allowed))
    found: dict[str, Mapping[str, str]] = {}
    problems = []
    for line, row in cells.rows:
        if row[code].upper() in found:
            problems.append(Problem(f"{row[code]} stands here again", Place(cells.source, line)))
        found[row[code].upper()] = {name: row[place] for name, place in columns.items()}
    if problems:
        raise InputError(problems)
    return found
