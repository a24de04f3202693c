"""Maps: planes of float32 that layers of convolutions read and write, and sums in registers.

A map of C channels is one array, shape (n,): element (c, y, x) stands at
c `plane` + (y + 1) `stride` + `LEFT` + x. There is a row of zeros above each plane, two below, and
`LEFT` zeros left of each row; rows are rounded up to a multiple of `WIDE` columns, and what is
right of the picture is zero as well. So no convolution asks where the border is. A `frame` is
the tuple (height, width, stride, plane). Channels come in fours, the last of them perhaps zero.

Sums of four channels over `WIDE` columns stay in registers over all input channels. Every output
is summed in one order, whatever the size of the map and the number of threads.
"""

from __future__ import annotations

import numpy as np

from ._jit import inlined
from .vectors import LANES, add, load, multiply_add, spread, store

_ZERO = np.float32(0)

#: Columns whose sums stay in registers.
WIDE = 2 * LANES
#: Zeros at the left of a row.
LEFT = LANES


@inlined
def start(frame, channel, y, x):
    """Return where an element of a map stands."""
    return channel * frame[3] + (y + 1) * frame[2] + LEFT + x


@inlined
def weighed(source, here, weights, w, sums):
    """Add to the sums of four channels the numbers from `here` on, times one weight for each."""
    a0, a1, a2, a3, b0, b1, b2, b3 = sums
    a, b = load(source, here), load(source, here + LANES)
    k = spread(weights[w])
    a0, b0 = multiply_add(a, k, a0), multiply_add(b, k, b0)
    k = spread(weights[w + 1])
    a1, b1 = multiply_add(a, k, a1), multiply_add(b, k, b1)
    k = spread(weights[w + 2])
    a2, b2 = multiply_add(a, k, a2), multiply_add(b, k, b2)
    k = spread(weights[w + 3])
    a3, b3 = multiply_add(a, k, a3), multiply_add(b, k, b3)
    return a0, a1, a2, a3, b0, b1, b2, b3


@inlined
def one_tap(source, first, step, weights, w, channels, sums):
    """Add to the sums of four channels the weighted input channels, `step` apart."""
    for c in range(channels):
        sums = weighed(source, first + c * step, weights, w + 4 * c, sums)
    return sums


@inlined
def biases(bias, c):
    """Return the sums that begin with the biases of four channels."""
    k0, k1, k2, k3 = spread(bias[c]), spread(bias[c + 1]), spread(bias[c + 2]), spread(bias[c + 3])
    return k0, k1, k2, k3, k0, k1, k2, k3


@inlined
def put(out, here, step, sums, adding):
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
def blank(out, frame, channel, y, end):
    """Set to zero what was written to four channels beyond the last column."""
    for c in range(channel, channel + 4):
        row = start(frame, c, y, 0)
        for i in range(row + frame[1], row + min(end, frame[2] - LEFT)):
            out[i] = _ZERO
