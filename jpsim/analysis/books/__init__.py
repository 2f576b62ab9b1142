"""Books of equities on the paths of a run: what they hold, what they earn, what they may lose."""

from jpsim.analysis.books.book import Book, Leg, Position
from jpsim.analysis.books.components import components_table
from jpsim.analysis.books.hedges import HedgeChoice, Hedges, Measure, find_hedges
from jpsim.analysis.books.reading import parse_book, read_book
from jpsim.analysis.books.requests import BOOK_FILE, PORTFOLIO, book_of, hold_book, take_in_book
from jpsim.analysis.books.risk import BookSample, Threshold, append_book, draw_book
from jpsim.analysis.books.stored import Breach, Component, StoredBook, stored_book

__all__ = [
    "BOOK_FILE",
    "PORTFOLIO",
    "Book",
    "BookSample",
    "Breach",
    "Component",
    "HedgeChoice",
    "Hedges",
    "Leg",
    "Measure",
    "Position",
    "StoredBook",
    "Threshold",
    "append_book",
    "book_of",
    "components_table",
    "draw_book",
    "find_hedges",
    "hold_book",
    "parse_book",
    "read_book",
    "stored_book",
    "take_in_book",
]
