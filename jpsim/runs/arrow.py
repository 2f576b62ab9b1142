"""Columns of tables from arrays and texts, and back, through their memory.

``pyarrow.array`` and ``to_numpy`` look for pandas, and import it if it is installed, which takes longer than
many a run; what goes through buffers does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

__all__ = ["numbers", "repeated_texts", "texts", "values_of"]


def numbers(values: npt.ArrayLike) -> pa.Array[Any]:
    """Column of numbers without missing ones, of the array's own type."""
    array = np.ascontiguousarray(values).ravel()
    return pa.Array.from_buffers(pa.from_numpy_dtype(array.dtype), array.size, [None, pa.py_buffer(cast(Any, array))])


def texts(values: Sequence[str]) -> pa.Array[Any]:
    """Column of texts."""
    return repeated_texts(values, np.arange(len(values)))


def repeated_texts(values: Sequence[str], places: npt.NDArray[np.integer]) -> pa.Array[Any]:
    """Column of texts, by their places in a list."""
    encoded = [value.encode() for value in values]
    sizes = np.array([len(value) for value in encoded], dtype=np.int64)[places]
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    content = b"".join([encoded[place] for place in places.tolist()])
    buffers = [None, pa.py_buffer(cast(Any, offsets)), pa.py_buffer(content)]
    return pa.Array.from_buffers(pa.string(), len(places), buffers)


def values_of(column: Any) -> npt.NDArray[Any]:
    """(rows,) numbers of an array or chunked array, read-only; ValueError if one is missing."""
    chunks = getattr(column, "chunks", [column])
    if any(chunk.null_count for chunk in chunks):
        raise ValueError("a number is missing")
    kind = np.dtype(column.type.to_pandas_dtype())
    parts = [np.frombuffer(chunk.buffers()[1], kind)[chunk.offset : chunk.offset + len(chunk)] for chunk in chunks]
    values = parts[0] if len(parts) == 1 else np.concatenate([np.zeros(0, kind), *parts])
    values.flags.writeable = False
    return values
