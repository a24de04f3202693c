"""How a noise model becomes the field of an Ising model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..model import FIELD_LIMIT
from .base import NoiseModel
from .pixels import grey_values
from .scale import check_scale
from .tables import count_values, look_up, tabulated

__all__ = ["field_and_offset", "unit_scale"]

_PIXELS_AT_ONCE = 1 << 16  # as many as a cache holds


def field_and_offset(
    noise: NoiseModel,
    x: NDArray[Any],
    mask: NDArray[np.bool_] | None = None,
    *,
    part: bool = False,
) -> tuple[NDArray[np.float32], float]:
    """Return the field h = (l+ - l-) / 2 and the offset c = sum (l+ + l-) / 2.

    Missing pixels (NaN, or `mask` False) get field 0 and add nothing to c.

    Parameters
    ----------
    noise : NoiseModel
        Gives l- and l+.
    x : ndarray, shape (H, W)
        The noisy picture.
    mask : ndarray of bool, shape (H, W), optional
        False where a pixel is missing.
    part : bool
        Whether this is a part of a picture, of which no level need be near.

    Returns
    -------
    field : ndarray, shape (H, W), float32
        Clipped to [-1e8, 1e8].
    offset : float

    Raises
    ------
    ParameterError
        The picture's grey values are nowhere near the noise model's levels.
    """
    if not part:
        check_scale(noise.levels, x, mask, getattr(noise, "spread", 0.0))
    if mask is not None and not mask.any():
        return np.zeros(x.shape, np.float32), 0.0
    if tabulated(x):
        values, counts = count_values(x, mask)
        h, offset = _of_values(noise, values[None], counts[None])
        return look_up(x, mask, values, h[0]), offset
    field = np.empty(x.shape, np.float32)
    offset = 0.0
    # What stands in a missing pixel need not be a value the model knows.
    filler = x[0, 0] if mask is None else x[np.unravel_index(mask.argmax(), x.shape)]
    for band in _bands(x):
        if mask is None:
            field[band], c = _of_values(noise, x[band], None)
        else:
            field[band], c = _of_values(noise, np.where(mask[band], x[band], filler), mask[band])
        offset += c
    return field, offset


def _of_values(
    noise: NoiseModel, x: NDArray[Any], counts: NDArray[Any] | None
) -> tuple[NDArray[np.float64], float]:
    """Return the field of some pixels, and their part of the offset; each counts so often."""
    minus, plus = noise.log_likelihood(x)
    h, c = (plus - minus) / 2, plus + minus
    np.clip(h, -FIELD_LIMIT, FIELD_LIMIT, out=h)
    known = ~np.isnan(h)
    if counts is not None and counts.dtype == np.bool_:
        known &= counts
    elif counts is not None:
        c *= counts
    if not known.all():
        h[~known] = 0
    return h, float(np.sum(c, where=known)) / 2


def _bands(x: NDArray[Any]) -> Iterator[slice]:
    rows = max(1, _PIXELS_AT_ONCE // x.shape[1])
    return (slice(start, start + rows) for start in range(0, x.shape[0], rows))


def unit_scale(noise: NoiseModel, x: NDArray[Any]) -> NDArray[np.float32]:
    """Return `x` on the scale where the levels are -1 and +1, clipped there; NaN becomes 0.

    Parameters
    ----------
    noise : NoiseModel
        Gives the levels.
    x : ndarray, shape (H, W)
        The noisy picture.

    Returns
    -------
    ndarray, shape (H, W), float32
    """
    low, high = noise.levels
    if tabulated(x):
        values, _ = count_values(x, None)
        return look_up(x, None, values, _scaled(values, low, high))
    out = np.empty(x.shape, np.float32)
    for band in _bands(x):
        out[band] = _scaled(x[band], low, high)
    return out


def _scaled(x: NDArray[Any], low: float, high: float) -> NDArray[np.float64]:
    grey = grey_values(x)
    grey *= 2
    grey -= low + high
    grey /= high - low
    np.clip(grey, -1, 1, out=grey)
    if x.dtype.kind == "f":
        grey[np.isnan(grey)] = 0
    return grey
