"""Two-valued pictures as bits, eight pixels a byte: what lies around each pixel, and how many."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bits", "count", "grown", "ring"]

#: Rows of `numpy.packbits`, shape (H, ceil(W / 8)).
Bits = NDArray[np.uint8]


def ring(plane: Bits, reach: int) -> Bits:
    """Return where all neighbours are set, whatever the pixel itself is.

    Parameters
    ----------
    plane : ndarray, shape (H, ceil(W / 8)), uint8
        Bits of the rows of a picture. What lies outside counts as set; so should
        the bits beyond its width.
    reach : int
        How far neighbours lie in rows and columns, up to 7.
    """
    beside = _from_right(plane, 1) & _from_left(plane, 1)
    for k in range(2, reach + 1):
        beside &= _from_right(plane, k)
        beside &= _from_left(plane, k)
    row = beside & plane
    out = beside.copy()
    for k in range(1, reach + 1):
        out[k:] &= row[:-k]
        out[:-k] &= row[k:]
    return out


def grown(plane: Bits, reach: int) -> Bits:
    """Return a plane of bits whose set ones have spread by `reach` pixels in all directions.

    Parameters
    ----------
    plane : ndarray, shape (H, ceil(W / 8)), uint8
        Bits of the rows of a picture; those beyond its width may become set.
    reach : int
        Pixels, up to 7.
    """
    # what is not set there has no set neighbour, and is not set itself
    return np.asarray(~(ring(~plane, reach) & ~plane))


def _from_right(plane: Bits, by: int) -> Bits:
    """Return a plane whose bits are those `by` columns to the right, 1 from outside."""
    out = np.left_shift(plane, by, dtype=np.uint8)
    out[:, :-1] |= plane[:, 1:] >> (8 - by)
    out[:, -1] |= np.uint8((1 << by) - 1)
    return out


def _from_left(plane: Bits, by: int) -> Bits:
    out = np.right_shift(plane, by, dtype=np.uint8)
    out[:, 1:] |= plane[:, :-1] << (8 - by)
    out[:, 0] |= np.uint8((0xFF << (8 - by)) & 0xFF)
    return out


def count(bits: Bits) -> int:
    """Return how many bits are set."""
    return int(np.bitwise_count(bits).sum(dtype=np.int64))
