"""Books of equities on the paths of a run: what they hold, what they earn, what they may lose."""

from jpsim.analysis.books.book import Book, Leg, Position
from jpsim.analysis.books.components import components_table
from jpsim.analysis.books.driver_table import drivers_table
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
    "hold_book",
    "parse_book",
    "read_book",
    "take_in_book",
]
