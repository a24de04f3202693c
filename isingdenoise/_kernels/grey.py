"""Grey values that are few: how often each is met, and what stands for each.

Pixels come as unsigned numbers of 8 or 16 bits; signed ones and bools are read
as such by their bits.
"""

from __future__ import annotations

import numpy as np

from ._jit import kernel


@kernel
def count_values(x, known, counts):
    """Count the grey values of pixels.

    Parameters
    ----------
    x : array, shape (n,), uint8 or uint16
        The pixels.
    known : array, shape (n,) or (0,), uint8
        0 where one is missing, anything else where not; empty where none is.
    counts : array, shape (2, 2^8 or 2^16), int64
        Is added to. Two rows, whose sum counts: an addition need not wait for
        the one before, as neighbouring pixels often have one value.
    """
    n = x.size
    if known.size:
        for i in range(n):
            counts[i & 1, x[i]] += np.int64(known[i] != 0)
    else:
        for i in range(0, n - 1, 2):
            counts[0, x[i]] += 1
            counts[1, x[i + 1]] += 1
        if n & 1:
            counts[0, x[n - 1]] += 1


@kernel
def look_up(x, known, table, out):
    """Put what a table says of each pixel's value; 0 for missing ones.

    Parameters
    ----------
    x, known : array
        As above.
    table : array, shape (2^8 or 2^16,), float32
    out : array, shape (n,), float32
    """
    if known.size:
        for i in range(x.size):
            out[i] = table[x[i]] if known[i] else np.float32(0)
    else:
        for i in range(x.size):
            out[i] = table[x[i]]
