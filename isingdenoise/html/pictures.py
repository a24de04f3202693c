"""Pictures as data in a page: shrunk by area where they are large, and exact where they are not."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..io import CHANGE_COLOURS, encode_bilevel, encode_change_map, encode_grey, encode_preview

__all__ = [
    "certainty_uri",
    "change_colours",
    "changes_uri",
    "data_uri",
    "factor_for",
    "grey_uri",
    "shown",
    "shrunk",
]

_CUT = (0.2, 99.8)  # percentiles between which grey values that are no bytes are shown
_STRESS = 4.0  # so that single changed pixels stay visible where many become one
_MISSING = 0.5  # how bright a missing pixel is


def factor_for(shape: tuple[int, ...], most: int) -> int:
    """Return how many pixels in each direction become one, so that at most so many are left."""
    height, width = shape
    factor = max(1, math.floor(math.sqrt(height * width / most)))
    while -(-height // factor) * -(-width // factor) > most:
        factor += 1
    return factor


def shrunk(array: NDArray[Any], factor: int) -> NDArray[np.float32]:
    """Return the means of squares of pixels, of what is left of them at the right and below.

    Parameters
    ----------
    array : ndarray, shape (H, W)
        bool or numbers; NaN is left out of a mean, and stays where nothing else is.
    factor : int
        Pixels in each direction that become one.

    Returns
    -------
    ndarray, shape (ceil(H / factor), ceil(W / factor)), float32

    Examples
    --------
    >>> shrunk(np.array([[0, 2, 5], [4, 6, 7]]), 2).tolist()
    [[3.0, 6.0]]
    """
    if factor == 1:
        return array.astype(np.float32)
    known = ~np.isnan(array) if array.dtype.kind == "f" else None
    if known is not None and not known.all():
        counts = _sums(known, factor)
        with np.errstate(invalid="ignore"):
            return np.asarray(_sums(np.where(known, array, 0), factor) / counts, np.float32)
    high, wide = (_lengths(side, factor) for side in array.shape)
    return np.asarray(_sums(array, factor) / (high[:, None] * wide), np.float32)


def _sums(array: NDArray[Any], factor: int) -> NDArray[np.float32]:
    """Return the sums of squares of pixels: row upon row, which is quick, then columns of those."""
    height, width = array.shape
    down = np.zeros((-(-height // factor), width), np.float32)
    for k in range(factor):
        part = array[k::factor]
        down[: len(part)] += part
    total = np.zeros((len(down), -(-width // factor)), np.float32)
    for k in range(factor):
        part = down[:, k::factor]
        total[:, : part.shape[1]] += part
    return total


def _lengths(side: int, factor: int) -> NDArray[np.float32]:
    """Return how many pixels each square has in a direction."""
    return np.diff(np.append(np.arange(0, side, factor), side)).astype(np.float32)


def shown(picture: NDArray[Any], factor: int) -> NDArray[np.uint8]:
    """Return a noisy picture as bytes: bytes and bools as they are, else its own range of greys."""
    small = shrunk(picture, factor)
    if picture.dtype == np.bool_:
        small *= 255
    elif picture.dtype != np.uint8:
        known = small[~np.isnan(small)]
        low, high = np.percentile(known, _CUT) if known.size else (0.0, 1.0)
        small = (small - np.float32(low)) * np.float32(255 / ((high - low) or 1))
    small = np.nan_to_num(small, nan=255 * _MISSING)
    return np.clip(np.rint(small), 0, 255).astype(np.uint8)


def grey_uri(picture: NDArray[Any], factor: int) -> str:
    """Return a picture as data of a page; two-level pictures that are not shrunk take one bit."""
    if factor == 1 and picture.dtype == np.bool_:
        return data_uri(encode_bilevel(picture, "PNG"))
    return data_uri(encode_grey(shown(picture, factor), "PNG"))


def certainty_uri(certainty: NDArray[np.float32], factor: int) -> str:
    """Return max(p, 1 - p) of each pixel as data of a page: 1/2 is black, 1 is white."""
    levels = np.rint(255 * (2 * shrunk(certainty, factor) - 1))
    return data_uri(encode_grey(np.clip(levels, 0, 255).astype(np.uint8), "PNG"))


def changes_uri(image: NDArray[np.bool_], changes: NDArray[np.int8], factor: int) -> str:
    """Return a change map as data of a page.

    Where many pixels become one, the colours of the changed ones count four times.
    """
    if factor == 1:
        return data_uri(encode_change_map(image, changes, "PNG"))
    return data_uri(encode_preview(change_colours(image, changes, factor), exact=True))


def change_colours(
    image: NDArray[np.bool_],
    changes: NDArray[np.int8],
    factor: int,
    colours: Sequence[Sequence[int]] = tuple(CHANGE_COLOURS.values()),
) -> NDArray[np.uint8]:
    """Return a change map in colours, shape (h, w, 3), with its changes stressed."""
    black, white, to_white, to_black = np.array(colours, np.float32)
    bright = shrunk(image, factor)[..., None]
    up, down = (shrunk(changes == sign, factor)[..., None] for sign in (1, -1))
    stress = np.minimum(_STRESS, 1 / np.maximum(up + down, 1e-6))
    up, down = up * stress, down * stress
    kept = black + (white - black) * bright
    mixed = kept * (1 - up - down) + to_white * up + to_black * down
    return np.asarray(np.clip(np.rint(mixed), 0, 255), np.uint8)


def data_uri(content: bytes) -> str:
    """Return a picture's file as an address that holds it."""
    kinds = {b"\x89PNG": "png", b"RIFF": "webp"}
    text = base64.b64encode(content).decode("ascii")
    return f"data:image/{kinds[content[:4]]};base64,{text}"
