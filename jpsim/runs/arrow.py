"""Columns of tables from arrays and texts, and back, through their memory.

``pyarrow.array`` and ``to_numpy`` look for pandas, and import it if it is installed, which takes longer than
many a run, and ``take`` and ``filter`` wait for all functions of ``pyarrow.compute``; what goes through buffers does
not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

__all__ = ["numbers", "repeated_texts", "rows_of", "texts", "values_of"]


def numbers(values: npt.ArrayLike) -> pa.Array[Any]:
    """Column of numbers without missing ones, of the array's own type."""
    array = np.ascontiguousarray(values).ravel()
    return pa.Array.from_buffers(pa.from_numpy_dtype(array.dtype), array.size, [None, pa.py_buffer(cast(Any, array))])


def texts(values: Sequence[str]) -> pa.Array[Any]:
    """Column of texts."""
    known = {value: place for place, value in enumerate(dict.fromkeys(values))}
    return repeated_texts(list(known), np.fromiter(map(known.__getitem__, values), np.int32, len(values)))


def repeated_texts(values: Sequence[str], places: npt.NDArray[np.integer]) -> pa.Array[Any]:
    """Column of texts, by their places in a list."""
    encoded = [value.encode() for value in values]
    sizes = np.array([len(value) for value in encoded], dtype=np.int32)
    offsets = np.concatenate([[0], np.cumsum(sizes[places])]).astype(np.int32)
    letters = np.arange(max(sizes, default=1) or 1)
    padded = np.array(encoded, dtype=f"S{letters.size}").view(np.uint8).reshape(len(encoded), letters.size)
    content = padded[places][letters < sizes[places][:, None]]
    buffers = [None, pa.py_buffer(cast(Any, offsets)), pa.py_buffer(cast(Any, content))]
    return pa.Array.from_buffers(pa.string(), len(places), buffers)


def rows_of(table: pa.Table, places: npt.NDArray[np.integer]) -> dict[str, list[Any]]:
    """Columns of some rows of a table of texts and numbers, in the order of `places`, as Python's own."""
    chosen = places.tolist()
    return {name: _taken(table[name].combine_chunks(), chosen) for name in table.column_names}


def _taken(column: Any, places: list[int]) -> list[Any]:
    if not pa.types.is_string(column.type):
        found: list[Any] = values_of(column)[places].tolist()
        return found
    _, ends, content = column.buffers()
    offsets = np.frombuffer(ends, np.int32)[column.offset :].tolist()
    letters = b"" if content is None else content.to_pybytes()
    return [letters[offsets[place] : offsets[place + 1]].decode() for place in places]


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
