"""How often each pattern of 3 x 3 pixels is met in a thresholded picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..noise import NoiseModel

__all__ = ["CENTRE", "CODES", "counted", "disagreeing", "framed", "most_in_patterns", "thresholded"]

#: Patterns, as numbers of nine bits; and the bit of the pixel in the middle.
CODES, CENTRE = 512, 16
_TELLING = 100  # pixels with a pattern of neighbours, for it to tell a share


def thresholded(noise: NoiseModel, x: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which pixels of a picture lie above the middle of the levels."""
    if x.dtype == np.bool_:
        return x
    with np.errstate(invalid="ignore"):
        return np.asarray(x > (noise.levels[0] + noise.levels[1]) / 2)


def framed(bright: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return a picture with a border of zeros."""
    bits = np.zeros((bright.shape[0] + 2, bright.shape[1] + 2), np.uint8)
    bits[1:-1, 1:-1] = bright
    return bits


def counted(bits: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return how often each pattern is met."""
    from .._kernels.patterns import count_patterns  # the compiler comes with it

    counts = np.zeros(CODES, np.int64)
    count_patterns(bits, counts)
    return counts


def disagreeing() -> NDArray[np.intp]:
    """Return how many of the eight neighbours differ from the pixel, for each pattern."""
    codes = np.arange(CODES)
    ones = np.bitwise_count(codes & ~CENTRE).astype(np.intp)
    return np.asarray(np.where(codes & CENTRE, 8 - ones, ones))


def most_in_patterns(bright: NDArray[np.bool_]) -> float:
    """Return the largest share of flips that every pattern of neighbours allows; 1 if none tells.

    Whatever the neighbours are, a share of flips turns at least as many pixels. Of k seen, three
    standard deviations more can be meant (Wilson's limit): where none is seen, up to nine.

    Parameters
    ----------
    bright : ndarray, shape (H, W), bool
        The thresholded picture.
    """
    counts = counted(framed(bright))
    both = np.stack([counts, counts[np.arange(CODES) ^ CENTRE]])
    total, fewer = both.sum(axis=0), both.min(axis=0)
    told = total >= _TELLING
    if not told.any():
        return 1.0
    most = (fewer + 4.5 + 3 * np.sqrt(fewer + 2.25)) / np.maximum(total, 1)
    return float(most[told].min())
