"""The book of a run: read once when the run is prepared, kept with it, and carried through each scenario."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from jpsim.days import Day, Instant
from jpsim.errors import InputError, Problem, ResourceError, UnsupportedError
from jpsim.model import Model
from jpsim.months import Month
from jpsim.scenario import RunRequest
from jpsim.simulation.job import Job
from jpsim.simulation.sampling import Sampler

if TYPE_CHECKING:
    from jpsim.analysis.books.book import Book
    from jpsim.analysis.books.risk import BookSample

__all__ = ["BOOK_FILE", "PORTFOLIO", "book_of", "hedges_among", "hold_book", "take_in_book"]

Floats = npt.NDArray[np.float64]

_MOST_BYTES = 3 * 2**29  # of the sums behind the components of one scenario
_FURTHER_DRIVERS = 16  # beside the factors: impulse channels, drift, what views state, what is the book's own

PORTFOLIO: Final = "portfolio"
"""Id and kind of the output that a book adds to every scenario."""

BOOK_FILE: Final = "portfolio.csv"
"""Where a run keeps its book, every code replaced by its sector; the resolved run names this file."""


def take_in_book(request: RunRequest, model: Model) -> tuple[RunRequest, Mapping[str, bytes]]:
    """Read the book that a request names, and let the request name the run's own copy instead.

    Returns
    -------
    The request, and its input files by name: none if it names no book.

    Raises
    ------
    InputError
        All problems of the book, or limits on a portfolio and hedges of it where there is none.
    ResourceError
        If its components would not fit into memory.
    """
    if request.portfolio is None:
        if any(limit.series == PORTFOLIO for limit in request.limits):
            found = "limits: there is one on the portfolio, and the run has no portfolio"
            raise InputError(Problem(found, fix="name its file under portfolio, or remove the limit"))
        if request.hedges is not False:
            fix = "name its file under portfolio, or remove hedges"
            raise InputError(Problem("hedges: the run has no portfolio to hedge", fix=fix))
        return request, {}
    # Few runs have a book: the others need not wait for it.
    from jpsim.analysis.books.instruments import list_instruments
    from jpsim.analysis.books.reading import read_book

    list_instruments(model, hedges_among(request))
    book = read_book(request.folder / request.portfolio, _equities(model), _month_of(model.as_of))
    if not request.every_step or model.step == "day":
        _refuse_monthly(book)
    _check_memory(book, len(request.steps), len(model.factors) + _FURTHER_DRIVERS if request.every_step else 0)
    return request.model_copy(update={"portfolio": BOOK_FILE}), {BOOK_FILE: book.to_csv().encode()}


def book_of(job: Job) -> Book | None:
    """Return the book of a prepared run, if it has one."""
    content = job.inputs.get(BOOK_FILE)
    if content is None:
        return None
    from jpsim.analysis.books.reading import parse_book

    return parse_book(content.decode(), BOOK_FILE, _equities(job.model))


def hold_book(
    book: Book, job: Job, sampler: Sampler, weights: Floats | None, stop: Callable[[], bool] | None = None
) -> BookSample:
    """Carry a book through one scenario of a run, with the probability of each loss that a limit names.

    Parameters
    ----------
    book, job
        The book, and the run.
    sampler, weights
        The scenario, and the (paths,) weights of its paths; None where they are equally likely.
    stop
        Asked now and then; drawing ends when it answers True.
    """
    from jpsim.analysis.books.risk import Threshold, draw_book

    limits = [limit for limit in job.request.limits if limit.series == PORTFOLIO and limit.sd is None]
    return draw_book(
        book,
        sampler,
        job.request.paths,
        weights=weights,
        thresholds=[Threshold(limit.at.index(job.model.as_of), limit.bound[1].value) for limit in limits],
        stories=job.stories,
        threads=job.request.executor.threads,
        stop=stop,
    )


def hedges_among(request: RunRequest) -> tuple[str, ...]:
    """Series and kinds that a request names as hedges; none where it leaves the choice open, or wants none."""
    return request.hedges if isinstance(request.hedges, tuple) else ()


def _month_of(as_of: Instant) -> Month:
    return as_of.month if isinstance(as_of, Day) else as_of


def _refuse_monthly(book: Book) -> None:
    """Refuse what happens every month, where not every month is reported or the steps are days."""
    instruments = {leg.instrument for leg in book.legs}
    hedged = book.hedge == "policy_rates" and any(leg.currency == "USD hedged" for leg in book.legs)
    monthly = {
        "rebalancing: monthly": book.rebalancing == "monthly",
        "options": "option" in instruments,
        "stocks with a volatility of their own": "specific" in instruments,
        "hedges that cost the difference of policy rates": hedged,
    }
    problems = [
        Problem(
            f"portfolio: {what} cannot be carried out yet in a run that does not report every month",
            fix="remove them, or run every month on a monthly model",
        )
        for what, asked in monthly.items()
        if asked
    ]
    if problems:
        raise UnsupportedError(problems)


def _check_memory(book: Book, months: int, drivers: int) -> None:
    """Refuse what could not be split: each leg and driver is counted in every bin of every month."""
    from jpsim.analysis.books.tallying import tally_bytes

    needed = tally_bytes(len(book.legs) + drivers, months)
    if needed > _MOST_BYTES:
        each = needed // (len(book.legs) + drivers)
        raise ResourceError(
            f"the book has {len(book.legs)} different series, options and currencies, whose components over {months} "
            f"months take {needed / 2**30:.1f} GiB; at most {max(_MOST_BYTES // each - drivers, 0)} fit, or "
            f"{months * _MOST_BYTES // needed} months"
        )


def _equities(model: Model) -> tuple[str, ...]:
    return model.series + model.aggregates
