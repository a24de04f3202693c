"""Blank pictures: two levels that are the texture of one, or a shadow on it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..pixels import grey_values, observed
from .scale import CLOSE, integer_range

__all__ = ["are_close", "is_shadow", "is_texture"]

_APART = 1.5  # spreads between close levels that are two
_WHITE = 0.8  # of the spread: white noise changes by as much, over sqrt(2)
_SMOOTH = 0.1  # of the levels' distance, from one pixel to the next across a boundary
_NO_STEP = 0.3  # of the levels' distance, over six pixels

Bools = NDArray[np.bool_]
Levels = tuple[float, float]


def is_texture(x: NDArray[Any], mask: Bools | None, levels: Levels, sigma: float) -> bool:
    """Return whether close levels are the texture of one: hardly apart, or noise that is not white.

    White noise changes from one pixel to the next by sqrt(2) sigma; the
    texture of paper, and noise that was blurred or compressed, by less.

    Parameters
    ----------
    x : ndarray, shape (H, W)
        The picture.
    mask : ndarray of bool, shape (H, W), optional
        False where a pixel is missing.
    levels : tuple of float
        Grey values of black and white.
    sigma : float
        Standard deviation about them.
    """
    low, high = levels
    if not are_close(x, levels):
        return False
    if high - low < _APART * sigma:
        return True
    grey = _known_grey(x, mask)
    squares = [np.nanmean(np.diff(grey, axis=axis) ** 2) for axis in (0, 1) if x.shape[axis] > 1]
    return bool(squares) and math.sqrt(float(np.mean(squares)) / 2) < _WHITE * sigma


def is_shadow(x: NDArray[Any], mask: Bools | None, levels: Levels) -> bool:
    """Return whether the boundary between the two sides of a picture is no edge.

    Across it the grey values hardly change from one pixel to the next, nor over six.

    Parameters
    ----------
    x, mask, levels
        As of `is_texture`.
    """
    low, high = levels
    grey = _known_grey(x, mask)
    near, far, count = 0.0, 0.0, 0
    for a in (grey, grey.T):
        if a.shape[1] < 6:
            continue
        inner = a[:, 2:-2]
        with np.errstate(invalid="ignore"):
            side = np.where(inner > (low + high) / 2, 1.0, -1.0)
        turns = side[:, 1:] != side[:, :-1]
        step = (inner[:, 1:] - inner[:, :-1]) * side[:, 1:]
        wide = (a[:, 5:] - a[:, :-5]) * side[:, 1:]
        told = turns & ~np.isnan(step) & ~np.isnan(wide)
        near += float(step[told].sum())
        far += float(wide[told].sum())
        count += int(np.count_nonzero(told))
    unit = count * (high - low)
    return count > 0 and near < _SMOOTH * unit and abs(far) < _NO_STEP * unit


def are_close(x: NDArray[Any], levels: tuple[float, float]) -> bool:
    """Return whether levels lie within a twentieth of the scale, where that is known.

    Of 16 bits it ends at the power of two above the largest value, as cameras
    of 10 to 14 bits fill its lower part; floats within 0 and 1 have the scale 1,
    whole ones within 0 and 255 that of 8 bits.
    """
    if x.dtype == np.bool_ or not x.size:
        return False
    least, most = float(np.fmin.reduce(x, None)), float(np.fmax.reduce(x, None))
    span = integer_range(x)
    if span is not None:
        scale = min(span[1], max(255.0, 2.0 ** int(most).bit_length() - 1))
    elif x.dtype.kind == "f" and least >= 0 and most <= 1:
        scale = 1.0
    elif least >= 0 and most <= 255 and bool(np.all((x == np.rint(x)) | np.isnan(x))):
        scale = 255.0
    else:
        return False
    return levels[1] - levels[0] < CLOSE * scale


def _known_grey(x: NDArray[Any], mask: Bools | None) -> NDArray[np.float64]:
    """Return grey values, NaN where nothing is known."""
    grey = grey_values(x)
    grey[~observed(x, mask)] = np.nan
    return grey
