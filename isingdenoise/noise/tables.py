"""Pictures of few possible grey values: counts and tables instead of a pass for each sum."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["count_values", "look_up", "tabulated"]

Bools = NDArray[np.bool_]


def tabulated(x: NDArray[Any]) -> bool:
    """Return whether a table of all its possible values is short: bools, 8 and 16 bits."""
    return x.dtype.kind in "biu" and x.dtype.itemsize <= 2


def count_values(x: NDArray[Any], mask: Bools | None) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the values of a tabulated picture, rising, and how often each is met.

    Parameters
    ----------
    x : ndarray
        The picture.
    mask : ndarray of bool, same shape, optional
        False where a pixel is missing.

    Returns
    -------
    values : ndarray, shape (n,), dtype of the picture
    counts : ndarray, shape (n,), int64
    """
    # numba is loaded late: noise models are listed without it
    from .._kernels.grey import count_values as count

    index, every = _index(x), _every(x)
    rows = np.zeros((2, 1 << (8 * x.dtype.itemsize)), np.int64)
    count(index, _flags(mask), rows)
    counts = rows.sum(axis=0)
    if x.dtype == np.bool_:
        counts = np.array([counts[0], counts[1:].sum()])  # True may be any byte but 0
    met = np.flatnonzero(counts)
    values, counts = every[met], counts[met]
    order = np.argsort(values)
    return values[order], counts[order]


def look_up(
    x: NDArray[Any], mask: Bools | None, values: NDArray[Any], results: NDArray[Any]
) -> NDArray[np.float32]:
    """Return what stands for each pixel of a tabulated picture, 0 for missing ones.

    Parameters
    ----------
    x : ndarray
        The picture.
    mask : ndarray of bool, same shape, optional
        False where a pixel is missing.
    values : ndarray, shape (n,), dtype of the picture
        All that are met.
    results : ndarray, shape (n,)
        What stands for each.

    Returns
    -------
    ndarray, shape of the picture, float32
    """
    from .._kernels.grey import look_up as fill

    table = np.zeros(1 << (8 * x.dtype.itemsize), np.float32)
    table[_index(values)] = results
    if x.dtype == np.bool_:
        table[2:] = table[1]
    out = np.empty(x.shape, np.float32)
    fill(_index(x), _flags(mask), table, out.reshape(-1))
    return out


def _index(x: NDArray[Any]) -> NDArray[Any]:
    """Return the bits of the pixels as unsigned numbers, (n,)."""
    return np.ascontiguousarray(x).reshape(-1).view(f"u{x.dtype.itemsize}")


def _every(x: NDArray[Any]) -> NDArray[Any]:
    """Return the value of each unsigned number."""
    if x.dtype == np.bool_:
        return np.array([False, True])
    unsigned = np.dtype(f"u{x.dtype.itemsize}")
    return np.arange(1 << (8 * x.dtype.itemsize), dtype=unsigned).view(x.dtype)


def _flags(mask: Bools | None) -> NDArray[np.uint8]:
    if mask is None:
        return np.empty(0, np.uint8)
    return np.ascontiguousarray(mask).reshape(-1).view(np.uint8)
