"""Books of equities on the paths of a run: what they hold, what they earn, what they may lose."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jpsim.analysis.books.book import Book, Leg, Position
    from jpsim.analysis.books.components import components_table
    from jpsim.analysis.books.driver_table import drivers_table
    from jpsim.analysis.books.hedge_rows import hedges_table
    from jpsim.analysis.books.hedges import HedgeChoice, Hedges, Measure, find_hedges
    from jpsim.analysis.books.reading import parse_book, read_book
    from jpsim.analysis.books.requests import BOOK_FILE, PORTFOLIO, book_of, hold_book, take_in_book
    from jpsim.analysis.books.risk import BookSample, DriverShares, Threshold, append_book, draw_book

__all__ = [
    "BOOK_FILE",
    "PORTFOLIO",
    "Book",
    "BookSample",
    "DriverShares",
    "HedgeChoice",
    "Hedges",
    "Leg",
    "Measure",
    "Position",
    "Threshold",
    "append_book",
    "book_of",
    "components_table",
    "draw_book",
    "drivers_table",
    "find_hedges",
    "hedges_table",
    "hold_book",
    "parse_book",
    "read_book",
    "take_in_book",
]

_MODULES = {
    "book": ("Book", "Leg", "Position"),
    "components": ("components_table",),
    "driver_table": ("drivers_table",),
    "hedge_rows": ("hedges_table",),
    "hedges": ("HedgeChoice", "Hedges", "Measure", "find_hedges"),
    "reading": ("parse_book", "read_book"),
    "requests": ("BOOK_FILE", "PORTFOLIO", "book_of", "hold_book", "take_in_book"),
    "risk": ("BookSample", "DriverShares", "Threshold", "append_book", "draw_book"),
}
_PLACES = {name: f"{__name__}.{module}" for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a name when it is first used: few runs have a book, and the others need not wait for it."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)
