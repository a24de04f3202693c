"""A sample of a picture that is too large: parts of it side by side, small enough to estimate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .grid import Box

__all__ = ["SAMPLE", "sample_of"]

#: Pictures up to this size are their own sample.
SAMPLE = 1 << 22
_SIDE = 256
_PARTS = 64
_GAP = 1  # missing pixels between two parts: nothing pulls across


def sample_of(
    shape: tuple[int, int], read: Callable[[Box], NDArray[Any]], rng: np.random.Generator
) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Return a small picture whole, or 64 parts of a large one, and which pixels are known.

    The parts have 256 x 256 pixels (longer where the picture is narrower), come from a random
    place in each cell of a grid, and are laid side by side.

    Parameters
    ----------
    shape : tuple of int
        (H, W) of the picture.
    read : callable
        Returns the pixels of a box.
    rng : numpy.random.Generator
        Chooses the places.
    """
    height, width = shape
    if height * width <= SAMPLE:
        return read(Box(0, height, 0, width)), None
    tall = min(height, max(_SIDE, _SIDE * _SIDE // width))
    wide = min(width, max(_SIDE, _SIDE * _SIDE // height))
    rows = max(1, min(round((_PARTS * height / width) ** 0.5), height // tall, _PARTS))
    columns = max(1, min(_PARTS // rows, width // wide))
    size = (rows * (tall + _GAP) - _GAP, columns * (wide + _GAP) - _GAP)
    picture: NDArray[Any] | None = None
    known = np.zeros(size, np.bool_)
    for i, j in np.ndindex(rows, columns):
        top = _place(i, rows, height, tall, rng.random())
        left = _place(j, columns, width, wide, rng.random())
        part = read(Box(top, top + tall, left, left + wide))
        if picture is None:
            picture = np.zeros(size, part.dtype)
        a, b = i * (tall + _GAP), j * (wide + _GAP)
        picture[a : a + tall, b : b + wide] = part
        known[a : a + tall, b : b + wide] = True
    assert picture is not None
    return picture, known


def _place(k: int, parts: int, length: int, side: int, share: float) -> int:
    """Return where the k-th of `parts` begins: anywhere in its cell."""
    first, last = k * length // parts, (k + 1) * length // parts - side
    return first + int(share * (last - first + 1))
