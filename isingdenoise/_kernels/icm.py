"""Iterated conditional modes over the packed lattice."""

from __future__ import annotations

import numba
import numpy as np

from ._jit import kernel, pair
from .lattice import ONE, PLANES, columns_of, neighbour_sum, rows_of

_f4 = np.float32


@kernel
def _update_row(labels, field, side, above, below, above_d, below_d, n, q, coupling, diagonal):
    """Turn each label of a row towards its local field; return flips and energy given up."""
    flips = 0
    drop = 0.0
    shift = np.uintp(q & 1)
    for column in range(n):
        k = np.uintp(column)
        here = k + ONE
        a = field[here] + neighbour_sum(
            side, above, below, above_d, below_d, k, shift, coupling, diagonal
        )
        label = _f4(labels[here])
        agreement = a * label
        # Strictly below zero: on a tie the old label stays.
        flip = agreement < 0
        labels[here] = np.int8(-label if flip else label)
        flips += flip
        drop -= 2.0 * agreement if flip else 0.0
    return flips, drop


@pair
def sweep(labels, field, shape, coupling, diagonal, flips, drop):
    """Set every label to the mode of its conditional, plane by plane.

    Parameters
    ----------
    labels : array, shape (4, h, w), int8
        Labels -1 or +1 inside, 0 on the border; changed in place.
    field : array, shape (4, h, w), float32
        The field h_i.
    shape : tuple of int
        (H, W) of the picture.
    coupling, diagonal : tuple of 2 float32; the second may be None
        Strengths, as in `neighbour_sum`.
    flips : array, shape (4, h), int64
        Out: labels changed in each row.
    drop : array, shape (4, h), float64
        Out: by how much those changes lowered the energy.
    """
    for q in PLANES:
        down = q >> 1
        n = columns_of(q, shape[1])
        for i in numba.prange(1, rows_of(q, shape[0]) + 1):
            up = i - 1 + down
            flips[q, i], drop[q, i] = _update_row(
                labels[q, i], field[q, i], labels[q ^ 1, i],
                labels[q ^ 2, up], labels[q ^ 2, up + 1],
                labels[q ^ 3, up], labels[q ^ 3, up + 1],
                n, q, coupling, diagonal,
            )  # fmt: skip
