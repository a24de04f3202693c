"""A picture reduced to the histograms of its blocks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 64
_BLOCKS = 576  # 24 x 24 of a square picture
_PATCHES = 1 << 21  # a larger picture is sampled evenly
_LARGE = 1 << 16  # pixels from which patches are 3 x 3, else 2 x 2
_FEWEST = 256  # patches
_SAMPLE = 1 << 16
_CONTRAST = 0.01

Floats = NDArray[np.float64]
Span = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Blocks:
    """Histograms of the patch means of each block, K blocks of BINS bins.

    A patch is `side` x `side` pixels; its mean has 1 / side of their noise.

    Parameters
    ----------
    counts : ndarray, shape (K, BINS), float32
        Patches in each bin; blocks in row-major order.
    values : ndarray, shape (BINS,), float32
        Middle of each bin, scaled to at most 1 in size.
    step : float
        Width of a bin on that scale.
    limits : tuple of float
        Where pixels saturate on that scale; infinite where they do not.
    rows, columns : ndarray
        Centres of the blocks in -1 (top, left) to 1 (bottom, right).
    darkest : float
        One pixel in a hundred is darker, on that scale.
    side : int
        Pixels along a patch.
    """

    counts: NDArray[np.float32]
    values: NDArray[np.float32]
    step: float
    limits: Span
    rows: Floats
    columns: Floats
    darkest: float
    side: int


def block_counts(x: NDArray[Any], mask: NDArray[np.bool_] | None) -> Blocks | None:
    """Return the picture's block histograms, or None where no light can be told from it.

    The rows of one block at a time are copied, so the temporaries stay below
    one byte a pixel of a large picture.

    Parameters
    ----------
    x : ndarray, shape (H, W)
        Integer or float; NaN is missing.
    mask : ndarray of bool, shape (H, W), optional
        False where a pixel is missing.
    """
    grey = _sample(x, mask)
    span = _span(grey, x.dtype)
    side = 3 if x.size >= _LARGE else 2
    pitch = side * math.ceil(math.sqrt(x.size / (_PATCHES * side * side)))
    height, width = (n // pitch for n in x.shape)
    if span is None or height * width < _FEWEST:
        return None
    rows = int(np.clip(round(math.sqrt(_BLOCKS * height / width)), 1, max(1, height // 4)))
    columns = int(np.clip(_BLOCKS // rows, 1, max(1, width // 4)))
    tops, lefts = _edges(height, rows), _edges(width, columns)
    column = np.repeat(np.arange(columns), np.diff(lefts)) * (BINS + 1)
    low, step = span[0], (span[1] - span[0]) / BINS
    counts = np.empty((rows, columns * (BINS + 1)), np.float32)
    for k in range(rows):
        strip = slice(tops[k] * pitch, tops[k + 1] * pitch)
        part = x[strip, : width * pitch]
        seen = None if mask is None else mask[strip, : width * pitch]
        mean = _patch_means(part, seen, side, pitch, _widened(span))
        bins = np.floor((mean - low) / step)
        with np.errstate(invalid="ignore"):
            bins[~((bins >= 0) & (bins < BINS))] = BINS  # beyond the span, or missing
        index = bins.astype(np.intp) + column
        counts[k] = np.bincount(index.reshape(-1), minlength=counts.shape[1])
    inside = np.ascontiguousarray(counts.reshape(-1, BINS + 1)[:, :BINS])
    if inside.sum() < _FEWEST:
        return None
    values = low + step * (np.arange(BINS) + 0.5)
    scale = float(np.abs(values).max())
    first, last = _limits(x.dtype)
    return Blocks(
        counts=inside,
        values=(values / scale).astype(np.float32),
        step=step / scale,
        limits=(first / scale, last / scale),
        rows=(tops[1:] + tops[:-1]) * pitch / x.shape[0] - 1.0,
        columns=(lefts[1:] + lefts[:-1]) * pitch / x.shape[1] - 1.0,
        darkest=float(np.quantile(grey, 0.01)) / scale,
        side=side,
    )


def _patch_means(
    x: NDArray[Any], mask: NDArray[np.bool_] | None, side: int, pitch: int, span: Span
) -> NDArray[Any]:
    """Return the mean of the first side x side pixels of each pitch x pitch; NaN if half miss.

    Pixels outside `span` count as missing: a dead one would spoil its patch.
    """
    kind = np.result_type(x.dtype, np.float32)
    shape = (x.shape[0] // pitch, x.shape[1] // pitch)
    total: NDArray[Any] = np.zeros(shape, kind)
    if mask is None and x.dtype.kind != "f":
        for i, j in np.ndindex(side, side):
            total += x[i::pitch, j::pitch]
        total /= side * side
        return total
    count = np.zeros(shape, kind)
    for i, j in np.ndindex(side, side):
        pixels = x[i::pitch, j::pitch]
        known = (pixels >= span[0]) & (pixels <= span[1])
        if mask is not None:
            known &= mask[i::pitch, j::pitch]
        total += np.where(known, pixels, 0)
        count += known
    half = side * side / 2
    mean: NDArray[Any] = np.where(count >= half, total / np.maximum(count, 1), np.nan)
    return mean


def _sample(x: NDArray[Any], mask: NDArray[np.bool_] | None) -> Floats:
    """Return about 2^16 grey values from all over the picture, missing ones left out."""
    skip = max(1, int(math.sqrt(x.size / _SAMPLE)))
    part = x[::skip, ::skip]
    grey = (part if mask is None else part[mask[::skip, ::skip]]).astype(np.float64)
    return grey[~np.isnan(grey)]


def _span(grey: Floats, dtype: np.dtype[Any]) -> Span | None:
    """Return the range of grey values to look at; None for two values, or hardly any contrast."""
    if np.unique(grey).size <= 2:
        return None
    low, high = (float(q) for q in np.quantile(grey, [0.002, 0.998]))
    if high - low <= _CONTRAST * max(abs(low), abs(high)) or high <= 0:
        return None
    margin = 0.15 * (high - low)
    first, last = _limits(dtype)
    low, high = max(low - margin, first), min(high + margin, last)
    return low, high + 1e-6 * (high - low)  # the last bin holds its upper end


def _widened(span: Span) -> Span:
    return 4 * span[0] - 3 * span[1], 4 * span[1] - 3 * span[0]


def _limits(dtype: np.dtype[Any]) -> Span:
    """Return the ends of an unsigned 8- or 16-bit scale, infinities for others."""
    if dtype.kind == "u" and dtype.itemsize <= 2:
        return 0.0, float(np.iinfo(dtype).max)
    return -math.inf, math.inf


def _edges(n: int, parts: int) -> NDArray[np.int64]:
    return n * np.arange(parts + 1) // parts
