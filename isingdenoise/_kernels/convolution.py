"""Convolutions of 3 x 3 over maps (see `maps`).

They do two rows at a time in the way of Winograd: of the rows d0..d3 and the
rows g0..g2 of a filter,

    p = (d1 + d2)(g0 + g1 + g2) / 2,    q = (d2 - d1)(g0 - g1 + g2) / 2
    out0 = p + q + (d0 - d2) g0,        out1 = p - q + (d3 - d1) g2

take four products in the place of six, each of them a convolution along the row.

Sources: Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, CVPR 2016.
Goto and van de Geijn, Anatomy of High-Performance Matrix Multiplication, ACM TOMS 34, 2008.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from ._jit import inlined, inner, pair
from .maps import WIDE, biases, blank, put, start, weighed
from .vectors import LANES, add, load, maximum, prefetch, spread, store, subtract

_f4 = np.float32
_ZERO = _f4(0)
_EVERYTHING = _f4(-math.inf)

#: Columns of a transformed row: `WIDE`, one at either side, and room to the next.
_SPAN = WIDE + 4
#: Rows that Winograd's products are taken of.
_TERMS = 4


def scratch_size(channels: int) -> int:
    """Return how many float32 of working memory a band needs for maps of so many channels."""
    return _TERMS * (channels * _SPAN + 2 * LANES)


@inlined
def _three_taps(rows, first, weights, w, channels, sums):
    """Add to the sums of four channels a convolution along the row, over all input channels."""
    for c in range(channels):
        for tap in range(3):
            sums = weighed(rows, first + c * _SPAN + tap, weights, w, sums)
            w += 4
    return sums


@inlined
def _both(p, q):
    """Return p + q and p - q of two tuples of sums."""
    return (
        (add(p[0], q[0]), add(p[1], q[1]), add(p[2], q[2]), add(p[3], q[3]),
         add(p[4], q[4]), add(p[5], q[5]), add(p[6], q[6]), add(p[7], q[7])),
        (subtract(p[0], q[0]), subtract(p[1], q[1]), subtract(p[2], q[2]), subtract(p[3], q[3]),
         subtract(p[4], q[4]), subtract(p[5], q[5]), subtract(p[6], q[6]), subtract(p[7], q[7])),
    )  # fmt: skip


@inner
def _transform(source, frame, channels, y, x, floor, rows):
    """Write the four rows that a pair of rows is made of, from column x - 1 on."""
    least, term = spread(floor), channels * _SPAN + 2 * LANES
    for c in range(channels):
        for part in range(3):
            d = start(frame, c, y - 1, x - 1) + part * LANES
            d0 = maximum(load(source, d), least)
            d1 = maximum(load(source, d + frame[2]), least)
            d2 = maximum(load(source, d + 2 * frame[2]), least)
            d3 = maximum(load(source, d + 3 * frame[2]), least)
            here = c * _SPAN + part * LANES  # its end is written over by the next channel
            store(rows, here, add(d1, d2))
            store(rows, here + term, subtract(d2, d1))
            store(rows, here + 2 * term, subtract(d0, d2))
            store(rows, here + 3 * term, subtract(d3, d1))


@inner
def _two_rows(rows, channels, weights, bias, group, adding, target, frame, y, x):
    """Write four channels of two rows from their transformed rows."""
    term, taps = channels * _SPAN + 2 * LANES, 12 * channels
    w = group * _TERMS * taps
    zero = spread(_ZERO)
    zeros = (zero, zero, zero, zero, zero, zero, zero, zero)
    p = _three_taps(rows, 0, weights, w, channels, biases(bias, 4 * group))
    q = _three_taps(rows, term, weights, w + taps, channels, zeros)
    upper, lower = _both(p, q)
    here = start(frame, 4 * group, y, x)
    upper = _three_taps(rows, 2 * term, weights, w + 2 * taps, channels, upper)
    put(target, here, frame[3], upper, adding)
    if y + 1 < frame[0]:
        lower = _three_taps(rows, 3 * term, weights, w + 3 * taps, channels, lower)
        put(target, here + frame[2], frame[3], lower, adding)
    if x + WIDE > frame[1]:
        blank(target, frame, 4 * group, y, x + WIDE)
        if y + 1 < frame[0]:
            blank(target, frame, 4 * group, y + 1, x + WIDE)


@inlined
def _look_ahead(source, target, frame, channels, group, groups, y, x):
    """Have fetched what the next columns need, a share of it with each group of channels.

    Short pieces of many channels are a pattern that no processor foresees.
    """
    for c in range(group * channels // groups, (group + 1) * channels // groups):
        for row in range(y + 1, y + 3):
            here = start(frame, c, row, x + WIDE)
            prefetch(source, here)
            prefetch(source, here + LANES)
    for c in range(4 * group, 4 * group + 4):
        for row in range(y, y + 2):
            here = start(frame, c, row, x + WIDE)
            prefetch(target, here)
            prefetch(target, here + LANES)


@pair
def convolve(source, target, frame, channels, weights, bias, rectified, adding, scratch):
    """Convolve a map with filters of 3 x 3.

    Parameters
    ----------
    source : array, shape (n,), float32
        A map.
    target : array, shape (n,), float32
        Another one of the same frame, written to, or added to.
    frame : tuple of int
        Of both.
    channels : int
        Of the source.
    weights : array, shape (groups * 48 * channels,), float32
        For each four channels, term, input channel and tap, four numbers; see `packed_rows`.
    bias : array, shape (4 * groups,), float32
        One for each channel of the target.
    rectified : bool
        Whether negative values of the source count as 0.
    adding : bool
        Whether to add to the target.
    scratch : array, shape (bands, scratch_size(channels)), float32
        Working memory; as many bands of rows are done side by side.
    """
    pairs, bands = (frame[0] + 1) // 2, len(scratch)
    floor = _ZERO if rectified else _EVERYTHING
    for band in numba.prange(bands):
        rows = scratch[band]
        for y in range(2 * (band * pairs // bands), 2 * ((band + 1) * pairs // bands), 2):
            for x in range(0, frame[1], WIDE):
                _transform(source, frame, channels, y, x, floor, rows)
                for group in range(bias.size // 4):
                    _look_ahead(source, target, frame, channels, group, bias.size // 4, y, x)
                    _two_rows(
                        rows, channels, weights, bias, group, adding, target, frame, y, x
                    )  # fmt: skip
