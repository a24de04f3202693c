"""Patterns of 3 x 3 pixels: how often each is met, and fields weighed by it.

A pattern is a number of nine bits, column by column and from above to below;
the pixel itself is bit 4.
"""

from __future__ import annotations

import numpy as np

from ._jit import kernel


@kernel
def count_patterns(bits, counts):
    """Count the patterns of a picture.

    Parameters
    ----------
    bits : array, shape (H + 2, W + 2), uint8
        0 and 1, with a border of zeros.
    counts : array, shape (512,), int64
        Is added to.
    """
    height, width = bits.shape
    for i in range(1, height - 1):
        code = np.int64(0)
        for j in range(width):
            column = 4 * np.int64(bits[i - 1, j]) + 2 * np.int64(bits[i, j])
            code = ((code << 3) & 511) | (column + np.int64(bits[i + 1, j]))
            if j >= 2:
                counts[code] += 1


@kernel
def weigh_patterns(field, bits, firmer, most):
    """Bound the size of each pixel's field, then add to it, by its pattern.

    Parameters
    ----------
    field : array, shape (H, W), float32
        Changed in place where it says what the bits say; a field of 0 stays 0.
    bits : array, shape (H + 2, W + 2), uint8
        As above.
    firmer : array, shape (512,), float32
        What a pixel with this pattern gains.
    most : array, shape (512,), float32
        The largest size of field that it keeps.
    """
    height, width = bits.shape
    for i in range(1, height - 1):
        code = np.int64(0)
        for j in range(width):
            column = 4 * np.int64(bits[i - 1, j]) + 2 * np.int64(bits[i, j])
            code = ((code << 3) & 511) | (column + np.int64(bits[i + 1, j]))
            if j >= 2:
                h = field[i - 1, j - 2]
                bright = bits[i, j - 1] > 0
                if h > 0 and bright:
                    field[i - 1, j - 2] = min(h, most[code]) + firmer[code]
                elif h < 0 and not bright:
                    field[i - 1, j - 2] = -(min(-h, most[code]) + firmer[code])
