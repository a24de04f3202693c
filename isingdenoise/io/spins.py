"""Black and white to -1 and +1 and back: which is which is settled here, once."""

from __future__ import annotations

from typing import Any

import numpy as np

from isingdenoise.errors import ParameterError

__all__ = ["from_spins", "to_spins"]

Array = np.ndarray[Any, Any]


def to_spins(pixels: Array) -> Array:
    """Turn a two-level picture into spins.

    Parameters
    ----------
    pixels : ndarray
        bool, or numbers of exactly two different values, in any shape.

    Returns
    -------
    ndarray of int8, same shape
        +1 where True or the larger value, -1 elsewhere.

    Raises
    ------
    ParameterError
        There are not exactly two values.

    Examples
    --------
    >>> to_spins([[0, 255]]).tolist()
    [[-1, 1]]
    """
    pixels = np.asarray(pixels)
    if pixels.dtype != np.bool_:
        if pixels.dtype.kind not in "iuf" or pixels.size == 0:
            raise ParameterError("pixels", "must be a picture of bools or numbers, not empty")
        low, high = pixels.min(), pixels.max()
        bright = pixels == high
        if not low < high or not np.all(bright | (pixels == low)):
            raise ParameterError("pixels", "must have exactly two levels; threshold them first")
        pixels = bright
    return np.where(pixels, np.int8(1), np.int8(-1))


def from_spins(labels: Array) -> Array:
    """Turn spins into a two-level picture.

    Parameters
    ----------
    labels : ndarray
        -1 or +1 everywhere, in any shape.

    Returns
    -------
    ndarray of bool, same shape
        True where +1.

    Raises
    ------
    ParameterError
        Another value occurs.

    Examples
    --------
    >>> from_spins([[-1, 1]]).tolist()
    [[False, True]]
    """
    labels = np.asarray(labels)
    if labels.dtype.kind not in "if" or not np.all((labels == 1) | (labels == -1)):
        raise ParameterError("labels", "must be -1 or +1 everywhere")
    return np.asarray(labels == 1)
