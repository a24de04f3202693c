"""A part of a picture that stands for all of it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._held_out import Window

_PIXELS = 1 << 17
_SIDE = 64
_GAP = 1  # missing pixels between two parts: nothing pulls across


def window_of(x: NDArray[Any], mask: NDArray[np.bool_] | None, rng: np.random.Generator) -> Window:
    """Return the whole picture, or 130,000 pixels of a large one.

    Of a large picture parts of 64 x 64 pixels (longer where it is narrower)
    are taken, one from each cell of a grid, at random places, and laid side by
    side with a missing pixel between them.
    """
    if x.size <= _PIXELS * 3 // 2:
        return Window(x, mask, rng)
    height, width = x.shape
    tall = min(height, max(_SIDE, _SIDE * _SIDE // width))
    wide = min(width, max(_SIDE, _SIDE * _SIDE // height))
    rows, columns = _grid(height // tall, width // wide, _PIXELS // (tall * wide))
    shape = (rows * (tall + _GAP) - _GAP, columns * (wide + _GAP) - _GAP)
    parts = np.zeros(shape, x.dtype)
    known = np.zeros(shape, np.bool_)
    for i, j in np.ndindex(rows, columns):
        top = _place(i, rows, height, tall, rng.random())
        left = _place(j, columns, width, wide, rng.random())
        a, b = i * (tall + _GAP), j * (wide + _GAP)
        here = (slice(a, a + tall), slice(b, b + wide))
        there = (slice(top, top + tall), slice(left, left + wide))
        parts[here] = x[there]
        known[here] = True if mask is None else mask[there]
    return Window(parts, known, rng)


def _grid(most_rows: int, most_columns: int, parts: int) -> tuple[int, int]:
    """Return how many parts there are below and beside each other."""
    rows = round(math.sqrt(parts * most_rows / most_columns))
    rows = min(max(rows, 1, -(-parts // most_columns)), most_rows, parts)
    return rows, min(max(parts // rows, 1), most_columns)


def _place(k: int, parts: int, length: int, side: int, share: float) -> int:
    """Return where the k-th of `parts` begins: anywhere in its cell."""
    first, last = k * length // parts, (k + 1) * length // parts - side
    return first + int(share * (last - first + 1))
