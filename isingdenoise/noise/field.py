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
_PIXELS_IN_CACHE = 1 << 14
_FEW = (np.dtype(np.bool_), np.dtype(np.uint8))  # types of at most 256 values
_BITS = np.array([False, True])


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
    check_scale(noise.levels, x, mask, getattr(noise, "spread", 0.0))
    if mask is not None and not mask.any():
        return np.zeros(x.shape, np.float32), 0.0
    if x.dtype in _FEW:
        return _looked_up(noise, x, mask)
    field = np.empty(x.shape, np.float32)
    offset = 0.0
    rows = max(1, _PIXELS_AT_ONCE // x.shape[1])
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


def _looked_up(
    noise: NoiseModel, x: NDArray[Any], mask: NDArray[np.bool_] | None
) -> tuple[NDArray[np.float32], float]:
    """Return field and offset of a picture of at most 256 values: each is asked for once."""
    index = x.view(np.uint8)
    rows = max(1, _PIXELS_AT_ONCE // x.shape[1])
    seen: Any = {} if mask is None else {"where": mask}
    least, most = int(index.min(initial=255, **seen)), int(index.max(initial=0, **seen))
    met = np.arange(least, most + 1, dtype=np.uint8)  # the model need not know any others
    minus, plus = noise.log_likelihood(met.view(x.dtype)[None])
    h, c = ((plus - minus) / 2)[0], ((plus + minus) / 2)[0]
    h_of, c_of, known_of = np.zeros(256, np.float32), np.zeros(256), np.zeros(256, np.bool_)
    known_of[met] = ~np.isnan(h)
    h_of[met] = np.where(known_of[met], np.clip(h, -FIELD_LIMIT, FIELD_LIMIT), 0)
    c_of[met] = c
    field, offset = np.empty(x.shape, np.float32), 0.0
    for start in range(0, x.shape[0], rows):
        band = slice(start, start + rows)
        known = np.take(known_of, index[band])
        if mask is not None:
            known &= mask[band]
        field[band] = np.where(known, np.take(h_of, index[band]), 0)
        # In the order of all other pictures, so that a dtype makes no difference.
        offset += float(np.sum(np.take(c_of, index[band]), where=known))
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
    rows = max(1, _PIXELS_IN_CACHE // x.shape[1])
    if x.dtype in _FEW:
        grey = grey_values(np.arange(256, dtype=np.uint8) if x.dtype != np.bool_ else _BITS)
        table = np.clip((2 * grey - (low + high)) / (high - low), -1, 1).astype(np.float32)
        for start in range(0, x.shape[0], rows):  # indices become eight times as large
            band = slice(start, start + rows)
            np.take(table, x[band].view(np.uint8), out=out[band], mode="clip")
        return out
    for start in range(0, x.shape[0], rows):
        grey = grey_values(x[start : start + rows])
        out[start : start + rows] = np.clip((2 * grey - (low + high)) / (high - low), -1, 1)
    np.copyto(out, np.float32(0), where=np.isnan(out))
    return out
