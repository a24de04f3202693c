"""The threshold that leaves a picture alone: Otsu's, on the grey values themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .grey import histogram

__all__ = ["grey_split", "levels_about", "otsu_split"]

_TIES = 1e-12

Floats = NDArray[np.float64]


def otsu_split(values: Floats, weight: Floats) -> tuple[float, float, float] | None:
    """Return (threshold, mean below, mean above) of largest between-class variance.

    The threshold lies half way between two grey values that are met, so that no
    pixel is on it. None where all values are equal.

    Parameters
    ----------
    values, weight : ndarray, shape (n,)
        Grey values and how often each is met.

    References
    ----------
    Otsu, IEEE Trans. Systems, Man and Cybernetics 9 (1979).
    """
    met, index = np.unique(values, return_inverse=True)
    if met.size < 2:
        return None
    counts = np.bincount(index, weight, met.size)
    below = np.cumsum(counts)[:-1]
    sums = np.cumsum(counts * met)
    above = counts.sum() - below
    low, high = sums[:-1] / below, (sums[-1] - sums[:-1]) / above
    between = below * above * (high - low) ** 2
    best = int(np.flatnonzero(between >= between.max() * (1 - _TIES))[0])
    middle = float(met[best]) / 2 + float(met[best + 1]) / 2
    return middle, float(low[best]), float(high[best])


def grey_split(
    x: NDArray[Any], mask: NDArray[np.bool_] | None
) -> tuple[float, float, float] | None:
    """Return Otsu's threshold of a picture, and the means below and above; None for one value."""
    return otsu_split(*histogram(x, mask))


def levels_about(x: NDArray[Any], mask: NDArray[np.bool_] | None) -> tuple[float, float] | None:
    """Return levels about Otsu's threshold, as far apart as the means of its two classes.

    Parameters
    ----------
    x : ndarray, shape (H, W)
        The picture.
    mask : ndarray of bool, shape (H, W), optional
        False where a pixel is missing.
    """
    split = grey_split(x, mask)
    if split is None:
        return None
    middle, low, high = split
    half = (high - low) / 2
    return middle - half, middle + half
