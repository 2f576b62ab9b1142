"""What each position adds to the expected shortfall of its book, as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jpsim.analysis.books.risk import BookSample
from jpsim.runs.arrow import numbers, repeated_texts

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["components_table"]


def components_table(samples: Mapping[str, BookSample], reported: Sequence[int] = ()) -> pa.Table:
    """Put the components of one book in several scenarios into a table.

    Parameters
    ----------
    samples
        Scenario -> the book in it.
    reported
        The months; 1 to h by default.

    Returns
    -------
    pyarrow.Table
        A row per scenario, month and position: the position's name (and instrument, if it is a derivative), series,
        currency and weight at month 0, its component of ``es95`` with its error, and the ``marginal``, the change for
        a unit more of weight.
        The components of a scenario and month sum to the summary's ``es95``.
    """
    import pyarrow as pa

    first = next(iter(samples.values()))
    positions, months = first.book.positions, first.components.shape[1]
    blocks = len(samples) * months
    columns = {
        name: np.concatenate([getattr(sample, attribute).T.ravel() for sample in samples.values()])
        for name, attribute in (
            ("component", "components"),
            ("component_se", "component_errors"),
            ("marginal", "marginal"),
        )
    }
    return pa.table(
        {
            "scenario": repeated_texts(list(samples), np.repeat(np.arange(len(samples)), months * len(positions))),
            "month": numbers(
                np.tile(
                    np.repeat(np.array(reported or range(1, months + 1), dtype=np.int32), len(positions)), len(samples)
                )
            ),
            "position": _tiled([position.label for position in positions], blocks),
            "series": _tiled([position.series for position in positions], blocks),
            "currency": _tiled([position.currency for position in positions], blocks),
            "weight": numbers(np.tile(first.book.weights, blocks)),
            **{name: numbers(values) for name, values in columns.items()},
        }
    )


def _tiled(texts: Sequence[str], times: int) -> Any:
    return repeated_texts(texts, np.tile(np.arange(len(texts)), times))
