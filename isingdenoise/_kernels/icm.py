"""Iterated conditional modes over the packed lattice."""

from __future__ import annotations

import numba
import numpy as np

from ._jit import inner, pair
from .lattice import ONE, PLANES, columns_of, neighbour_sum, rows_of

_f4 = np.float32
_u = np.uintp


@inner
def _update_row(labels, field, q, i, n, coupling, diagonal):
    """Turn each label of a row towards its local field; return flips and energy given up."""
    flips = 0
    drop = 0.0
    for column in range(n):
        k = _u(column)
        here = k + ONE
        a = field[q, i, here] + neighbour_sum(labels, q, i, k, coupling, diagonal)
        label = _f4(labels[q, i, here])
        agreement = a * label
        # Strictly below zero: on a tie the old label stays.
        flip = agreement < 0
        labels[q, i, here] = np.int8(-label if flip else label)
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
        n = columns_of(q, shape[1])
        for i in numba.prange(1, rows_of(q, shape[0]) + 1):
            flips[q, i], drop[q, i] = _update_row(
                labels, field, _u(q), _u(i), n, coupling, diagonal
            )
