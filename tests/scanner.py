"""Pages of one scanner: other content on each, the same noise."""

import numpy as np


def content(seed, size=96):
    """Return a page of rectangles, some in others."""
    rng = np.random.default_rng([17, seed])
    z = np.zeros((size, size), np.bool_)
    for _ in range(int(rng.integers(8, 20))):
        height, width = rng.integers(4, size // 3, 2)
        y, x = rng.integers(0, size, 2)
        z[y : y + height, x : x + width] ^= True
    return z


def scanned(noise, z, seed):
    """Return what a scanner makes of a page: whole grey levels in 0..255, or bits."""
    x = noise.sample(z, np.random.default_rng([23, seed]))
    if max(noise.levels) > 1:
        return np.clip(np.rint(x), 0, 255).astype(np.uint8)
    return x > 0


def folder_of(noise, pages, size=96, first=0):
    """Return the contents and the scans of some pages."""
    clean = [content(first + k, size) for k in range(pages)]
    return clean, [scanned(noise, z, first + k) for k, z in enumerate(clean)]
