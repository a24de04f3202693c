"""Parts of a picture that stand for all of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._held_out import Window

_PIXELS = 1 << 19
_SIDE = 256


def windows_of(
    x: NDArray[Any], mask: NDArray[np.bool_] | None, rng: np.random.Generator
) -> list[Window]:
    """Return the picture as one window, or half a million pixels of a large one.

    Windows of a large picture are 256 x 256 (longer where it is narrower), one
    in each of as many strips across its longer side, at random places.
    """
    if x.size <= _PIXELS * 3 // 2:
        return [Window(x, mask, rng)]
    height, width = x.shape
    tall = min(height, max(_SIDE, _SIDE * _SIDE // width))
    wide = min(width, max(_SIDE, _SIDE * _SIDE // height))
    count = max(1, _PIXELS // (tall * wide))
    strips = (np.arange(count) + rng.random(count)) / count
    across = rng.random(count)
    down, along = (strips, across) if height >= width else (across, strips)
    windows = []
    for fall, run in zip(down, along, strict=True):
        top, left = int(fall * (height - tall + 1)), int(run * (width - wide + 1))
        part = (slice(top, top + tall), slice(left, left + wide))
        windows.append(Window(x[part], None if mask is None else mask[part], rng))
    return windows
