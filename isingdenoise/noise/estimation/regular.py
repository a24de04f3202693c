"""Lone pixels at equal distances, as dots of a leader or of a grid are; noise has no period."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["regular"]

_SHORTEST = 5  # pixels from one dot to the next: nearer, both have surroundings in common
_LONGEST = 64
_FEWEST = 8  # pairs at one distance: by chance less than once in 10^8, where none is expected
_TIMES = 3  # as many pairs as at other distances

Indices = NDArray[np.intp]


def regular(lone: Indices, width: int) -> Indices:
    """Return those of some lone pixels that lie at equal distances in rows or columns.

    Pixels that follow each other by chance have all distances, each about as
    often as the next. One that is met three times as often as the middle one
    of them, and by eight pairs more, is a period of the picture, and the pixels
    that lie so belong to it.

    Parameters
    ----------
    lone : ndarray, shape (n,)
        Indices into the picture, rising: row times `width` plus column.
    width : int
        Columns of the picture.

    Returns
    -------
    ndarray, shape (m,)
        Of `lone`, rising.

    References
    ----------
    Diggle, Statistical Analysis of Spatial Point Patterns (2003), for tests
    against complete spatial randomness.
    """
    if lone.size <= _FEWEST:
        return lone[:0]
    rows, columns = np.divmod(lone, width)
    # columns one after the other, as the rows are already
    downwards = np.argsort(columns, kind="stable")
    found = _periodic(rows, columns)
    found[downwards] |= _periodic(columns[downwards], rows[downwards])
    return lone[found]


def _periodic(line: Indices, place: Indices) -> NDArray[np.bool_]:
    """Return which pixels, in the order of their lines, lie a period from one beside them."""
    gap = np.where(line[1:] == line[:-1], place[1:] - place[:-1], 0)
    gap[(gap < _SHORTEST) | (gap > _LONGEST)] = 0
    pairs = np.bincount(gap, minlength=_LONGEST + 1)
    period = pairs > _TIMES * np.median(pairs[_SHORTEST:]) + _FEWEST
    period[0] = False
    out = np.zeros(line.size, np.bool_)
    out[:-1] = period[gap]
    out[1:] |= period[gap]
    return out
