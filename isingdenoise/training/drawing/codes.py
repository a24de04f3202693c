"""Codes: QR codes, other grids of modules, barcodes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._canvas import Picture, any_font, bilevel, canvas, log_uniform, words

__all__ = ["barcode", "modules", "qr"]


def _crop(rng: np.random.Generator, code: NDArray[np.bool_], side: int) -> Picture:
    """Return a part of a code, or all of it somewhere on white."""
    out = np.ones((side, side), np.bool_)
    height, width = code.shape
    top, left = (int(rng.integers(-side // 3, max(size - 2 * side // 3, 1))) for size in code.shape)
    y0, x0 = max(top, 0), max(left, 0)
    y1, x1 = min(top + side, height), min(left + side, width)
    if y1 > y0 and x1 > x0:
        out[y0 - top : y1 - top, x0 - left : x1 - left] = code[y0:y1, x0:x1]
    return out


def _enlarged(dark: NDArray[np.bool_], size: int) -> Picture:
    return np.asarray(~np.repeat(np.repeat(dark, size, 0), size, 1))


def qr(rng: np.random.Generator, side: int) -> Picture:
    """Draw a QR code of random text, 1 to 14 pixels a module."""
    import segno

    text = " ".join(words(rng, int(rng.integers(1, 16))))
    level = "lmqh"[rng.integers(4)]
    code = segno.make_qr(text, error=level, boost_error=False)
    dark = np.pad(np.array([list(row) for row in code.matrix], np.bool_), 4)
    return _crop(rng, _enlarged(dark, round(log_uniform(rng, 1, 14.4))), side)


def modules(rng: np.random.Generator, side: int) -> Picture:
    """Draw a grid of random modules, with the frames of a Data Matrix or an Aztec code."""
    count = int(rng.integers(10, 60))
    dark = rng.random((count, count)) < rng.uniform(0.35, 0.65)
    kind = rng.random()
    if kind < 0.4:  # solid on two sides, alternating on the others
        dark[:, 0], dark[-1] = True, True
        dark[0], dark[:, -1] = np.arange(count) % 2 == 0, np.arange(count) % 2 == 1
    elif kind < 0.7:  # rings about the middle
        y, x = np.indices(dark.shape) - count // 2
        ring = np.maximum(abs(y), abs(x))
        dark = np.where(ring < 6, ring % 2 == 0, dark)
    size = round(log_uniform(rng, 1, 9.4))
    tall = size * int(rng.choice([1, 1, 1, 3]))  # a stacked code has tall modules
    out = ~np.repeat(np.repeat(np.pad(dark, 3), tall, 0), size, 1)
    return _crop(rng, out, side)


def barcode(rng: np.random.Generator, side: int) -> Picture:
    """Draw bars of 1 to 4 modules, 1 to 5 pixels a module, with figures below."""
    module = round(log_uniform(rng, 1, 5.4))
    widths = rng.choice([1, 1, 1, 2, 2, 3, 4] if rng.random() < 0.6 else [1, 1, 1, 3], 400)
    bars = np.repeat(np.arange(400) % 2 == 0, widths * module)
    start = int(rng.integers(0, 100))
    row = ~bars[start : start + side]
    if rng.random() < 0.4:  # where the symbol ends
        edge = int(rng.integers(10, side))
        row = np.concatenate([row[:edge], np.ones(side, np.bool_)])[:side]
    tall = int(rng.integers(side // 3, 2 * side))
    page, draw = canvas(side)
    size = log_uniform(rng, 10, 30)
    figures = " ".join(str(k) for k in rng.integers(0, 10, 24))
    draw.text((int(rng.integers(-9, 9)), tall + 1), figures, fill=0, font=any_font(rng, size))
    out = bilevel(page).copy()
    out[:tall] = row
    return np.asarray(out[::-1] if rng.random() < 0.2 else out)
