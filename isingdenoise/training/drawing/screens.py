"""Screens: halftones, dither, stripes, checks. A prior of letters alone destroys them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._canvas import Picture, log_uniform

__all__ = ["dither", "halftone", "stripes"]

_BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]) / 16 + 1 / 32


def _tones(rng: np.random.Generator, side: int) -> NDArray[np.float64]:
    """Return greys in [0, 1]: constant, a slope, or smooth shapes."""
    from scipy import ndimage

    kind = rng.random()
    if kind < 0.25:
        return np.full((side, side), rng.uniform(0.1, 0.9))
    if kind < 0.5:
        y, x = np.indices((side, side)) / side
        slope = rng.normal(size=2)
        return np.asarray(np.clip(0.5 + slope[0] * (x - 0.5) + slope[1] * (y - 0.5), 0, 1))
    rough = ndimage.gaussian_filter(rng.standard_normal((side, side)), log_uniform(rng, 4, 30))
    return np.asarray(np.clip(0.5 + 0.3 * rough / rough.std(), 0, 1))


def halftone(rng: np.random.Generator, side: int) -> Picture:
    """Draw clustered dots at an angle, 3 to 12 pixels apart."""
    y, x = np.indices((side, side))
    angle = rng.choice([0.0, np.pi / 4, rng.uniform(0, np.pi)])
    period = log_uniform(rng, 2.5, 12)
    u = 2 * np.pi / period * (np.cos(angle) * x + np.sin(angle) * y) + rng.uniform(0, 7)
    v = 2 * np.pi / period * (np.cos(angle) * y - np.sin(angle) * x) + rng.uniform(0, 7)
    screen = np.cos(u) + np.cos(v) if rng.random() < 0.75 else 2 * np.cos(u)
    return np.asarray(_tones(rng, side) > 0.5 - screen / 4)


def dither(rng: np.random.Generator, side: int) -> Picture:
    """Draw error diffusion (Floyd and Steinberg) or an ordered matrix."""
    tones = _tones(rng, side)
    if rng.random() < 0.4:
        size = -(-side // 4)
        return np.asarray(tones > np.tile(_BAYER, (size, size))[:side, :side])
    from PIL import Image

    return np.asarray(Image.fromarray((255 * tones).astype(np.uint8)).convert("1"), np.bool_)


def stripes(rng: np.random.Generator, side: int) -> Picture:
    """Draw stripes or checks of 1 to 8 pixels, straight, or diagonal."""
    y, x = np.indices((side, side)) + rng.integers(0, 8, (2, 1, 1))
    size = round(log_uniform(rng, 0.6, 8.4)) or 1
    kind = rng.random()
    if kind < 0.35:
        return np.asarray(x // size % 2 == 0)
    if kind < 0.65:
        return np.asarray(y // size % 2 == 0)
    if kind < 0.85:
        return np.asarray((x // size + y // size) % 2 == 0)
    return np.asarray((x + y) // size % 2 == 0)
