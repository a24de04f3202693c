"""Whether the values of a float picture are probabilities, and not grey values between 0 and 1."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..pixels import observed

__all__ = ["looks_like_probabilities", "may_be_probabilities"]

_VALUES = 1 << 18  # of larger pictures as many are looked at
_FEWEST = 256
_INSIDE = 0.02  # share of values between the ends
_BINS = 20
_RISE = 0.8  # the outermost bin, of the fullest one on its side
_END = 0.02  # share of values in each outermost bin, of those in all
_GAP = 1e-4  # share of values that each bin has
_NEAR, _FEW_NEAR = 0.02, 2e-4  # from an end, and the share that lies there
_PILE = 0.002  # share of values that are exactly 0 or 1
_STEEP = 3.0  # what lies next to an end, of what lies further in and as wide
_STEPS = (255, 65535)
_ROUNDED = 6e-8  # what float32 makes of a number below 1, and a little more


def looks_like_probabilities(x: NDArray[Any], mask: NDArray[np.bool_] | None = None) -> bool:
    """Tell whether a picture is P(bright) of each pixel, by a classifier that knew no neighbours.

    Classifiers are mostly sure: the values between 0 and 1 crowd at both ends,
    or are at least not fewer there than further in (a classifier that is as
    often unsure has them evenly). Grey values lie about two levels inside; or
    beyond the ends, if noise is added to 0 and 1; where such noise was cut off,
    values pile up at 0 and 1 and are no denser next to them. Multiples of
    1/255 or 1/65535 are those of a scan.

    Parameters
    ----------
    x : ndarray, shape (H, W)
        The picture. Only floats between 0 and 1 can be probabilities.
    mask : ndarray of bool, shape (H, W), optional
        False where a pixel is missing.

    Returns
    -------
    bool
        False where in doubt.
    """
    values, inside = _values(x, mask)
    if inside.size < max(_INSIDE * values.size, _FEWEST) or _stepped(inside):
        return False
    counts, _ = np.histogram(inside, _BINS, (0.0, 1.0))
    half = _BINS // 2
    for side, end in ((counts[:half], 0.0), (counts[: half - 1 : -1], 1.0)):
        if side[0] < _RISE * side.max() or side[0] < _END * inside.size:
            return False
        if side.min() < _GAP * inside.size:
            return False
        piled = np.count_nonzero(values == end) > _PILE * values.size
        if piled and not _steep(np.abs(inside - end)):
            return False
    return True


def may_be_probabilities(x: NDArray[Any], mask: NDArray[np.bool_] | None = None) -> bool:
    """Tell whether a picture might be probabilities of a classifier that is often unsure.

    All values lie inside 0 and 1, some nearer to each than 0.02, and they never
    reach them, as a logistic function does. Scans, noise that was cut off and
    pictures stretched to their own range do reach them.

    Parameters
    ----------
    x, mask
        As of `looks_like_probabilities`.
    """
    values, inside = _values(x, mask)
    if inside.size < _FEWEST or inside.size < values.size or _stepped(inside):
        return False
    ends = np.count_nonzero(inside < _NEAR), np.count_nonzero(inside > 1 - _NEAR)
    return int(min(ends)) > _FEW_NEAR * inside.size


def _values(
    x: NDArray[Any], mask: NDArray[np.bool_] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the values, and those inside 0 and 1; none of what is no float or goes beyond."""
    nothing = np.zeros(0)
    if x.dtype.kind != "f":
        return nothing, nothing
    values = x[observed(x, mask)]
    if values.size == 0 or values.min() < 0 or values.max() > 1:
        return nothing, nothing
    values = values[:: max(1, values.size // _VALUES)].astype(np.float64)
    return values, values[(values > 0) & (values < 1)]


def _stepped(inside: NDArray[np.float64]) -> bool:
    """Tell whether values are multiples of the step of an integer picture, as float32 has them."""
    for steps in _STEPS:
        off = np.abs(inside * steps - np.rint(inside * steps))
        if bool(np.all(off < _ROUNDED * steps)):
            return True
    return False


def _steep(distance: NDArray[np.float64]) -> bool:
    """Tell whether values become denser towards an end, given their distance from it."""
    near = int(np.count_nonzero(distance < 0.02))
    further = int(np.count_nonzero((distance >= 0.06) & (distance < 0.08)))
    return near > _STEEP * max(further, 1)
