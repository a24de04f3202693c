"""Layers of a learned prior that change the size of a map, and its first and last one."""

from __future__ import annotations

import numba
import numpy as np

from ._jit import inlined, pair
from .functions import tanh
from .maps import WIDE, biases, blank, one_tap, put, start
from .vectors import LANES, add, evens, load, mixed_high, mixed_low, odds, store

_f4 = np.float32
_ZERO = _f4(0)
_ONE = _f4(1)
_CLIP = _f4(8)


@inlined
def _add_twice(rows, here, out, there):
    """Add each of `LANES` numbers to two neighbours."""
    one = load(rows, here)
    store(out, there, add(load(out, there), mixed_low(one, one)))
    store(out, there + LANES, add(load(out, there + LANES), mixed_high(one, one)))


@pair
def halve(source, frame, target, smaller, channels, weights, bias, scratch):
    """Convolve a map with filters of 2 x 2 at every other row and column.

    Parameters
    ----------
    source : array, shape (n,), float32
        A map.
    frame : tuple of int
        Its frame; height and width are even.
    target : array, shape (m,), float32
        The map of half the size, written to.
    smaller : tuple of int
        Its frame.
    channels : int
        Of the source.
    weights : array, shape (groups * 16 * channels,), float32
        For each four channels, input channel, row and column of a filter, four numbers.
    bias, scratch
        As for `convolve`.
    """
    bands = len(scratch)
    for band in numba.prange(bands):
        rows = scratch[band]
        for y in range(band * smaller[0] // bands, (band + 1) * smaller[0] // bands):
            for x in range(0, smaller[1], WIDE):
                for c in range(channels):
                    for dy in range(2):
                        first = start(frame, c, 2 * y + dy, 2 * x)
                        for part in range(2):
                            one = load(source, first + part * WIDE)
                            two = load(source, first + part * WIDE + LANES)
                            here = (4 * c + 2 * dy) * WIDE + part * LANES
                            store(rows, here, evens(one, two))
                            store(rows, here + WIDE, odds(one, two))
                for group in range(bias.size // 4):
                    sums = one_tap(
                        rows, 0, WIDE, weights, group * 16 * channels, 4 * channels,
                        biases(bias, 4 * group),
                    )  # fmt: skip
                    put(target, start(smaller, 4 * group, y, x), smaller[3], sums, False)
                    if x + WIDE > smaller[1]:
                        blank(target, smaller, 4 * group, y, x + WIDE)


@pair
def add_doubled(source, frame, target, larger, channels, weights, bias, scratch):
    """Add to a map another of half its size, its channels mixed, each pixel to two by two.

    Parameters
    ----------
    source : array, shape (n,), float32
        The smaller map.
    frame : tuple of int
        Its frame.
    target : array, shape (m,), float32
        The map of twice the size, added to.
    larger : tuple of int
        Its frame.
    channels : int
        Of the source.
    weights : array, shape (groups * 4 * channels,), float32
        For each four channels and input channel, four numbers.
    bias, scratch
        As for `convolve`.
    """
    bands = len(scratch)
    for band in numba.prange(bands):
        rows = scratch[band]
        for y in range(band * frame[0] // bands, (band + 1) * frame[0] // bands):
            for x in range(0, frame[1], WIDE):
                for group in range(bias.size // 4):
                    sums = one_tap(
                        source, start(frame, 0, y, x), frame[3], weights, group * 4 * channels,
                        channels, biases(bias, 4 * group),
                    )  # fmt: skip
                    put(rows, 0, WIDE, sums, False)
                    end = min(x + WIDE, frame[1])
                    for dy in range(2):
                        for c in range(4):
                            first = start(larger, 4 * group + c, 2 * y + dy, 2 * x)
                            for part in range(0, end - x, LANES):
                                _add_twice(rows, c * WIDE + part, target, first + 2 * part)
                        if 2 * (x + WIDE) > larger[1]:
                            blank(target, larger, 4 * group, 2 * y + dy, 2 * (x + WIDE))


@pair
def enter(field, top, left, target, frame):
    """Write tanh(h) and h / 8, clipped to [-1, 1], of a part of a picture as eight channels.

    Parameters
    ----------
    field : array, shape (H, W), float32
        The field h; it counts as 0 beyond the picture.
    top, left : int
        Where the part begins, perhaps before the picture does.
    target : array, shape (n,), float32
        A map of half its size: channel 4 c + 2 dy + dx holds the pixels at odd or even rows (dy)
        and columns (dx), of tanh(h) (c = 0) or of the other (c = 1).
    frame : tuple of int
        Its frame.
    """
    for y in numba.prange(frame[0]):
        for k in range(4):
            first, second = start(frame, k, y, 0), start(frame, k + 4, y, 0)
            row, column = top + 2 * y + k // 2, left + k % 2
            begin = min(frame[1], max(0, (1 - column) // 2))
            end = min(frame[1], max(begin, (field.shape[1] - column + 1) // 2))
            if row < 0 or row >= field.shape[0]:
                end = begin
            for x in range(begin):
                target[first + x] = _ZERO
                target[second + x] = _ZERO
            for x in range(begin, end):
                h = field[row, column + 2 * x]
                target[first + x] = tanh(h)
                target[second + x] = min(max(h, -_CLIP), _CLIP) / _CLIP
            for x in range(end, frame[1]):
                target[first + x] = _ZERO
                target[second + x] = _ZERO


@pair
def leave(field, top, left, source, frame, first, last, share, out):
    """Write a = h + f over a part of a picture, from the four channels of f, or average it in.

    Parameters
    ----------
    field : array, shape (H, W), float32
        The field h.
    top, left : int
        Where the map begins.
    source : array, shape (n,), float32
        A map of half the size: channel 2 dy + dx holds f at odd or even rows and columns.
    frame : tuple of int
        Its frame.
    first, last : tuple of 2 int
        Row and column where the part begins and beyond its end.
    share : float32
        What a counts for beside what is in `out`; 1 replaces it.
    out : array, shape (H, W), float32
        Out: a, or (1 - share) out + share a.
    """
    for y in numba.prange(first[0], last[0]):
        for dx in range(2):
            column = first[1] + dx
            channel = 2 * ((y - top) % 2) + (column - left) % 2
            here = start(frame, channel, (y - top) // 2, (column - left) // 2)
            for i in range((last[1] - column + 1) // 2):
                a = field[y, column + 2 * i] + source[here + i]
                if share < _ONE:
                    before = out[y, column + 2 * i]
                    a = before + share * (a - before)
                out[y, column + 2 * i] = a
