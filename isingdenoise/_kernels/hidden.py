"""Hidden spins of a Boltzmann machine, for a tile of the packed lattice (see `lattice`).

The four planes of the lattice are the four channels of a map of half the size. Maps of half the
size have a row of zeros more above and below than `maps` says, which is part of their frame:
convolutions of 5 x 5 reach two rows. Those of a quarter have none.
"""

from __future__ import annotations

import numba
import numpy as np

from ._jit import inlined, pair
from .functions import tanh
from .lattice import columns_of, rows_of
from .maps import WIDE, biases, blank, put, start, weighed
from .vectors import LANES, evens, load, mixed_high, mixed_low, odds, store

_ZERO = np.float32(0)
_u = np.uintp

#: Rows and columns of a filter.
FIVE = 5


@inlined
def _five_by_five(source, frame, y, x, weights, w, channels, sums):
    """Add to the sums of four channels a convolution over all input channels."""
    for c in range(channels):
        for dy in range(FIVE):
            first = start(frame, c, y + dy - 2, x - 2)
            for tap in range(FIVE):
                sums = weighed(source, first + tap, weights, w, sums)
                w += 4
    return sums


@pair
def convolve_five(source, target, frame, channels, weights, bias, adding, squashed):
    """Convolve a map of half the size with filters of 5 x 5.

    Parameters
    ----------
    source, target : array, shape (n,), float32
        Maps of the same frame; the second is written to, or added to.
    frame : tuple of int
        Of both, with a row more above and below.
    channels : int
        Of the source.
    weights : array, shape (groups * 100 * channels,), float32
        For each four channels, input channel, row and column of a filter, four numbers.
    bias : array, shape (4 * groups,), float32
        One for each channel of the target.
    adding : bool
        Whether to add to the target.
    squashed : bool
        Whether tanh of the sum is written.
    """
    for y in numba.prange(1, frame[0] - 1):
        for x in range(0, frame[1], WIDE):
            for group in range(bias.size // 4):
                sums = _five_by_five(
                    source, frame, y, x, weights, group * 4 * FIVE * FIVE * channels, channels,
                    biases(bias, 4 * group),
                )  # fmt: skip
                here = start(frame, 4 * group, y, x)
                put(target, here, frame[3], sums, adding)
                if squashed:
                    for c in range(4):
                        first = here + c * frame[3]
                        for i in range(first, first + WIDE):
                            target[i] = tanh(target[i])
                if x + WIDE > frame[1]:
                    blank(target, frame, 4 * group, y, x + WIDE)


@pair
def fold(source, frame, target, smaller, channels):
    """Write a map of half the size as one of a quarter, with four times the channels.

    Parameters
    ----------
    source : array, shape (n,), float32
        A map.
    frame : tuple of int
        Its frame, with a row more above and below.
    target : array, shape (m,), float32
        Out: channel 4 c + 2 dy + dx holds the odd or even rows (dy) and columns (dx) of channel c.
    smaller : tuple of int
        Its frame.
    channels : int
        Of the source, a multiple of four.
    """
    for y in numba.prange(smaller[0]):
        for x in range(0, smaller[1], WIDE):
            for c in range(channels):
                for dy in range(2):
                    first = start(frame, c, 2 * y + dy + 1, 2 * x)
                    here = start(smaller, 4 * c + 2 * dy, y, x)
                    for part in range(2):
                        one = load(source, first + part * WIDE)
                        two = load(source, first + part * WIDE + LANES)
                        store(target, here + part * LANES, evens(one, two))
                        store(target, here + part * LANES + smaller[3], odds(one, two))
                if x + WIDE > smaller[1]:
                    blank(target, smaller, 4 * c, y, x + WIDE)


@pair
def unfold(source, smaller, target, frame, channels):
    """Write a map of a quarter of the size as one of half: what `fold` does, the other way.

    Parameters
    ----------
    source : array, shape (m,), float32
        A map.
    smaller : tuple of int
        Its frame.
    target : array, shape (n,), float32
        Out.
    frame : tuple of int
        Its frame, with a row more above and below.
    channels : int
        Of the target, a multiple of four.
    """
    for y in numba.prange(smaller[0]):
        for c in range(channels):
            for dy in range(2):
                first = start(smaller, 4 * c + 2 * dy, y, 0)
                here = start(frame, c, 2 * y + dy + 1, 0)
                for x in range(0, smaller[1], LANES):
                    one = load(source, first + x)
                    two = load(source, first + x + smaller[3])
                    store(target, here + 2 * x, mixed_low(one, two))
                    store(target, here + 2 * x + LANES, mixed_high(one, two))


@pair
def take_means(planes, top, left, target, frame):
    """Copy a part of packed means into a map of four channels; beyond the planes it is zero.

    Parameters
    ----------
    planes : array, shape (4, h, w), float32
        Packed means.
    top, left : int
        Where the part begins, in pixels of half the size.
    target : array, shape (n,), float32
        Out.
    frame : tuple of int
        Its frame, with a row more above and below.
    """
    bottom, right = planes.shape[1] - 2, planes.shape[2] - 2
    for y in numba.prange(1, frame[0] - 1):
        row = top + y - 1
        end = min(frame[1], right - left) if row < bottom else 0
        for q in range(4):
            here = start(frame, q, y, 0)
            for x in range(end):
                target[here + x] = planes[q, row + 1, _u(left + x + 1)]
            for x in range(end, frame[1]):
                target[here + x] = _ZERO


@pair
def give_field(source, frame, top, left, first, last, own, shape, planes):
    """Write the field of a part: a pixel's own, and what hidden spins give it.

    Parameters
    ----------
    source : array, shape (n,), float32
        A map of four channels: what hidden spins give.
    frame : tuple of int
        Its frame, with a row more above and below.
    top, left : int
        Where the map begins, in pixels of half the size.
    first, last : tuple of 2 int
        Row and column where the part begins and beyond its end, likewise.
    own : array, shape (4, h, w), float32
        The packed field h.
    shape : tuple of int
        (H, W) of the picture.
    planes : array, shape (4, h, w), float32
        Out.
    """
    for row in numba.prange(first[0], last[0]):
        for q in range(4):
            if row < rows_of(q, shape[0]):
                here = start(frame, q, row - top + 1, first[1] - left)
                for i in range(min(last[1], columns_of(q, shape[1])) - first[1]):
                    k = _u(first[1] + i + 1)
                    planes[q, row + 1, k] = own[q, row + 1, k] + source[here + i]


@pair
def take_hidden(whole, top, left, target, frame):
    """Copy a part of hidden means, shape (channels, h, w), into a map of a quarter of the size."""
    for y in numba.prange(frame[0]):
        for c in range(whole.shape[0]):
            here = start(frame, c, y, 0)
            for x in range(frame[1]):
                target[here + x] = whole[c, top + y, _u(left + x)]


@pair
def keep_hidden(source, frame, top, left, first, last, whole):
    """Write tanh of a part of a map into hidden means, shape (channels, h, w).

    The map begins at `top` and `left`; the part is from `first` to before `last`.
    """
    for y in numba.prange(first[0], last[0]):
        for c in range(whole.shape[0]):
            here = start(frame, c, y - top, first[1] - left)
            for i in range(last[1] - first[1]):
                whole[c, y, _u(first[1] + i)] = tanh(source[here + i])
