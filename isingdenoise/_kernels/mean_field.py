"""Mean-field sweeps over the packed lattice."""

from __future__ import annotations

import numba
import numpy as np

from ._jit import kernel, pair
from .functions import tanh
from .lattice import ONE, PLANES, columns_of, neighbour_sum, rows_of

_f4 = np.float32


@kernel
def _update_row(
    mean, field, side, above, below, above_d, below_d, n, q, coupling, diagonal, damping
):
    """Move a row of means towards tanh(a); return the bits of the largest |tanh(a) - mean|.

    Bits of non-negative floats order like integers, and an integer maximum
    vectorises where a float maximum does not. NaN comes out largest of all.
    """
    largest = np.int32(0)
    shift = np.uintp(q & 1)
    for column in range(n):
        k = np.uintp(column)
        here = k + ONE
        a = field[here] + neighbour_sum(
            side, above, below, above_d, below_d, k, shift, coupling, diagonal
        )
        step = tanh(a) - mean[here]
        mean[here] += damping * step
        largest = max(largest, _f4(abs(step)).view(np.int32))
    return largest


@pair
def sweep(new, mean, field, shape, coupling, diagonal, damping, residual):
    """Update every site of `new` once, with the neighbours taken from `mean`.

    With `new` and `mean` the same array this is a checkerboard sweep; with
    `new` a copy of `mean` a Jacobi sweep; with damping 0 it changes nothing
    and `residual` is that of `mean` as it stands.

    Parameters
    ----------
    new : array, shape (4, h, w), float32
        Means, changed in place.
    mean : array, shape (4, h, w), float32
        The neighbours' means: `new` itself, or another array.
    field : array, shape (4, h, w), float32
        The field h_i.
    shape : tuple of int
        (H, W) of the picture.
    coupling, diagonal : tuple of 2 float32; the second may be None
        Strengths, as in `neighbour_sum`.
    damping : float32
        Weight of the new value, in [0, 1].
    residual : array, shape (4, h), float32
        Out: the largest |tanh(a) - mean| met in each row, before its update.
    """
    bits = residual.view(np.int32)
    for q in PLANES:
        down = q >> 1
        n = columns_of(q, shape[1])
        for i in numba.prange(1, rows_of(q, shape[0]) + 1):
            up = i - 1 + down
            bits[q, i] = _update_row(
                new[q, i], field[q, i], mean[q ^ 1, i],
                mean[q ^ 2, up], mean[q ^ 2, up + 1], mean[q ^ 3, up], mean[q ^ 3, up + 1],
                n, q, coupling, diagonal, damping,
            )  # fmt: skip
