"""How a noise model becomes the field of an Ising model."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..model import FIELD_LIMIT
from .base import NoiseModel
from .pixels import grey_values
from .scale import check_scale

__all__ = ["field_and_offset", "unit_scale"]

_PIXELS_AT_ONCE = 1 << 20


def field_and_offset(
    noise: NoiseModel, x: NDArray[Any], mask: NDArray[np.bool_] | None = None
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
    field = np.empty(x.shape, np.float32)
    offset = 0.0
    rows = max(1, _PIXELS_AT_ONCE // x.shape[1])
    check_scale(noise.levels, x, mask, getattr(noise, "spread", 0.0))
    if mask is not None and not mask.any():
        return np.zeros(x.shape, np.float32), 0.0
    # What stands in a missing pixel need not be a value the model knows.
    filler = x[0, 0] if mask is None else x[np.unravel_index(mask.argmax(), x.shape)]
    for start in range(0, x.shape[0], rows):
        band = slice(start, start + rows)
        seen = x[band] if mask is None else np.where(mask[band], x[band], filler)
        minus, plus = noise.log_likelihood(seen)
        h, c = (plus - minus) / 2, (plus + minus) / 2
        known = ~np.isnan(h)
        if mask is not None:
            known &= mask[band]
        field[band] = np.where(known, np.clip(h, -FIELD_LIMIT, FIELD_LIMIT), 0)
        offset += float(np.sum(c, where=known))
    return field, offset


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
    out = np.empty(x.shape, np.float32)
    for row, target in zip(x, out, strict=True):
        grey = grey_values(row)
        target[...] = np.clip((2 * grey - (low + high)) / (high - low), -1, 1)
    np.copyto(out, np.float32(0), where=np.isnan(out))
    return out
