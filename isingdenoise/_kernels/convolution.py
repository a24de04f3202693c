"""The layers of a small convolutional network over planes of float32.

A map of C channels is one array, shape (n,): element (c, y, x) stands at
c `plane` + (y + 1) `stride` + `LEFT` + x. There is a row of zeros above each plane, two below, and
`LEFT` zeros left of each row; rows are rounded up to a multiple of `WIDE` columns, and what is
right of the picture is zero as well. So no convolution asks where the border is. A `frame` is
the tuple (height, width, stride, plane). Channels come in fours, the last of them perhaps zero.

Convolutions of 3 x 3 do two rows at a time in the way of Winograd: of the rows d0..d3 and the
rows g0..g2 of a filter,

    p = (d1 + d2)(g0 + g1 + g2) / 2,    q = (d2 - d1)(g0 - g1 + g2) / 2
    out0 = p + q + (d0 - d2) g0,        out1 = p - q + (d3 - d1) g2

take four products in the place of six, each of them a convolution along the row. Sums
of four channels over `WIDE` columns stay in registers over all input channels. Every output
is summed in one order, whatever the size of the map and the number of threads.

Sources: Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, CVPR 2016.
Goto and van de Geijn, Anatomy of High-Performance Matrix Multiplication, ACM TOMS 34, 2008.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from ._jit import inlined, inner, pair
from .functions import tanh
from .vectors import (
    LANES,
    add,
    evens,
    load,
    maximum,
    mixed_high,
    mixed_low,
    multiply_add,
    odds,
    prefetch,
    spread,
    store,
    subtract,
)

_f4 = np.float32
_ZERO = _f4(0)
_ONE = _f4(1)
_EVERYTHING = _f4(-math.inf)
_CLIP = _f4(8)

#: Columns whose sums stay in registers.
WIDE = 2 * LANES
#: Zeros at the left of a row.
LEFT = LANES
#: Columns of a transformed row: `WIDE`, one at either side, and room to the next.
_SPAN = WIDE + 4
#: Rows that Winograd's products are taken of.
_TERMS = 4


def scratch_size(channels: int) -> int:
    """Return how many float32 of working memory a band needs for maps of so many channels."""
    return _TERMS * (channels * _SPAN + 2 * LANES)


@inlined
def _start(frame, channel, y, x):
    """Return where an element of a map stands."""
    return channel * frame[3] + (y + 1) * frame[2] + LEFT + x


@inlined
def _three_taps(rows, first, weights, w, channels, sums):
    """Add to the sums of four channels a convolution along the row, over all input channels."""
    a0, a1, a2, a3, b0, b1, b2, b3 = sums
    for c in range(channels):
        for tap in range(3):
            here = first + c * _SPAN + tap
            a, b = load(rows, here), load(rows, here + LANES)
            k = spread(weights[w])
            a0, b0 = multiply_add(a, k, a0), multiply_add(b, k, b0)
            k = spread(weights[w + 1])
            a1, b1 = multiply_add(a, k, a1), multiply_add(b, k, b1)
            k = spread(weights[w + 2])
            a2, b2 = multiply_add(a, k, a2), multiply_add(b, k, b2)
            k = spread(weights[w + 3])
            a3, b3 = multiply_add(a, k, a3), multiply_add(b, k, b3)
            w += 4
    return a0, a1, a2, a3, b0, b1, b2, b3


@inlined
def _one_tap(rows, first, step, weights, w, channels, sums):
    """Add to the sums of four channels the weighted input channels, `step` apart."""
    a0, a1, a2, a3, b0, b1, b2, b3 = sums
    for c in range(channels):
        here = first + c * step
        a, b = load(rows, here), load(rows, here + LANES)
        k = spread(weights[w])
        a0, b0 = multiply_add(a, k, a0), multiply_add(b, k, b0)
        k = spread(weights[w + 1])
        a1, b1 = multiply_add(a, k, a1), multiply_add(b, k, b1)
        k = spread(weights[w + 2])
        a2, b2 = multiply_add(a, k, a2), multiply_add(b, k, b2)
        k = spread(weights[w + 3])
        a3, b3 = multiply_add(a, k, a3), multiply_add(b, k, b3)
        w += 4
    return a0, a1, a2, a3, b0, b1, b2, b3


@inlined
def _biases(bias, c):
    """Return the sums that begin with the biases of four channels."""
    k0, k1, k2, k3 = spread(bias[c]), spread(bias[c + 1]), spread(bias[c + 2]), spread(bias[c + 3])
    return k0, k1, k2, k3, k0, k1, k2, k3


@inlined
def _put(out, here, step, sums, adding):
    """Write the sums of four channels, or add them to what is there."""
    a0, a1, a2, a3, b0, b1, b2, b3 = sums
    one, two, three = here + step, here + 2 * step, here + 3 * step
    if adding:
        a0, b0 = add(a0, load(out, here)), add(b0, load(out, here + LANES))
        a1, b1 = add(a1, load(out, one)), add(b1, load(out, one + LANES))
        a2, b2 = add(a2, load(out, two)), add(b2, load(out, two + LANES))
        a3, b3 = add(a3, load(out, three)), add(b3, load(out, three + LANES))
    store(out, here, a0)
    store(out, here + LANES, b0)
    store(out, one, a1)
    store(out, one + LANES, b1)
    store(out, two, a2)
    store(out, two + LANES, b2)
    store(out, three, a3)
    store(out, three + LANES, b3)


@inlined
def _both(p, q):
    """Return p + q and p - q of two tuples of sums."""
    return (
        (add(p[0], q[0]), add(p[1], q[1]), add(p[2], q[2]), add(p[3], q[3]),
         add(p[4], q[4]), add(p[5], q[5]), add(p[6], q[6]), add(p[7], q[7])),
        (subtract(p[0], q[0]), subtract(p[1], q[1]), subtract(p[2], q[2]), subtract(p[3], q[3]),
         subtract(p[4], q[4]), subtract(p[5], q[5]), subtract(p[6], q[6]), subtract(p[7], q[7])),
    )  # fmt: skip


@inlined
def _blank(out, frame, channel, y, end):
    """Set to zero what was written to four channels beyond the last column."""
    for c in range(channel, channel + 4):
        row = _start(frame, c, y, 0)
        for i in range(row + frame[1], row + min(end, frame[2] - LEFT)):
            out[i] = _ZERO


@inlined
def _add_twice(rows, here, out, there):
    """Add each of `LANES` numbers to two neighbours."""
    one = load(rows, here)
    store(out, there, add(load(out, there), mixed_low(one, one)))
    store(out, there + LANES, add(load(out, there + LANES), mixed_high(one, one)))


@inner
def _transform(source, frame, channels, y, x, floor, rows):
    """Write the four rows that a pair of rows is made of, from column x - 1 on."""
    least, term = spread(floor), channels * _SPAN + 2 * LANES
    for c in range(channels):
        for part in range(3):
            d = _start(frame, c, y - 1, x - 1) + part * LANES
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
    p = _three_taps(rows, 0, weights, w, channels, _biases(bias, 4 * group))
    q = _three_taps(rows, term, weights, w + taps, channels, zeros)
    upper, lower = _both(p, q)
    here = _start(frame, 4 * group, y, x)
    upper = _three_taps(rows, 2 * term, weights, w + 2 * taps, channels, upper)
    _put(target, here, frame[3], upper, adding)
    if y + 1 < frame[0]:
        lower = _three_taps(rows, 3 * term, weights, w + 3 * taps, channels, lower)
        _put(target, here + frame[2], frame[3], lower, adding)
    if x + WIDE > frame[1]:
        _blank(target, frame, 4 * group, y, x + WIDE)
        if y + 1 < frame[0]:
            _blank(target, frame, 4 * group, y + 1, x + WIDE)


@inlined
def _look_ahead(source, target, frame, channels, group, groups, y, x):
    """Have fetched what the next columns need, a share of it with each group of channels.

    Short pieces of many channels are a pattern that no processor foresees.
    """
    for c in range(group * channels // groups, (group + 1) * channels // groups):
        for row in range(y + 1, y + 3):
            here = _start(frame, c, row, x + WIDE)
            prefetch(source, here)
            prefetch(source, here + LANES)
    for c in range(4 * group, 4 * group + 4):
        for row in range(y, y + 2):
            here = _start(frame, c, row, x + WIDE)
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
                        first = _start(frame, c, 2 * y + dy, 2 * x)
                        for part in range(2):
                            one = load(source, first + part * WIDE)
                            two = load(source, first + part * WIDE + LANES)
                            here = (4 * c + 2 * dy) * WIDE + part * LANES
                            store(rows, here, evens(one, two))
                            store(rows, here + WIDE, odds(one, two))
                for group in range(bias.size // 4):
                    sums = _one_tap(
                        rows, 0, WIDE, weights, group * 16 * channels, 4 * channels,
                        _biases(bias, 4 * group),
                    )  # fmt: skip
                    _put(target, _start(smaller, 4 * group, y, x), smaller[3], sums, False)
                    if x + WIDE > smaller[1]:
                        _blank(target, smaller, 4 * group, y, x + WIDE)


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
                    sums = _one_tap(
                        source, _start(frame, 0, y, x), frame[3], weights, group * 4 * channels,
                        channels, _biases(bias, 4 * group),
                    )  # fmt: skip
                    _put(rows, 0, WIDE, sums, False)
                    end = min(x + WIDE, frame[1])
                    for dy in range(2):
                        for c in range(4):
                            first = _start(larger, 4 * group + c, 2 * y + dy, 2 * x)
                            for part in range(0, end - x, LANES):
                                _add_twice(rows, c * WIDE + part, target, first + 2 * part)
                        if 2 * (x + WIDE) > larger[1]:
                            _blank(target, larger, 4 * group, 2 * y + dy, 2 * (x + WIDE))


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
            first, second = _start(frame, k, y, 0), _start(frame, k + 4, y, 0)
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
            here = _start(frame, channel, (y - top) // 2, (column - left) // 2)
            for i in range((last[1] - column + 1) // 2):
                a = field[y, column + 2 * i] + source[here + i]
                if share < _ONE:
                    before = out[y, column + 2 * i]
                    a = before + share * (a - before)
                out[y, column + 2 * i] = a
