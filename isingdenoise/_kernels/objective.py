"""Energy and evidence lower bound over the packed lattice."""

from __future__ import annotations

import numba
import numpy as np

from ._jit import kernel, pair
from .functions import entropy
from .lattice import ONE, PLANES, columns_of, neighbour_sum, rows_of

_f4 = np.float32
_HALF = _f4(0.5)


@kernel
def _row(spins, field, side, above, below, above_d, below_d, n, q, coupling, diagonal, entropies):
    """Sum a row's share of the objective in float64."""
    total = 0.0
    shift = np.uintp(q & 1)
    for column in range(n):
        k = np.uintp(column)
        here = k + ONE
        s = _f4(spins[here])
        # Each edge is met from both its ends, hence the half.
        pull = _HALF * neighbour_sum(
            side, above, below, above_d, below_d, k, shift, coupling, diagonal
        )
        total += s * (pull + field[here])
        if entropies is not None:
            total += entropy(s)
    return total


@pair
def objective(spins, field, shape, coupling, diagonal, entropies, rows):
    """Write sum_i s_i (sum_j J_ij s_j / 2 + h_i) [+ H((1 + s_i) / 2)] of each row into `rows`.

    The sum over the rows is minus the energy of labels or, with entropies,
    the evidence lower bound of means less the model's offset.

    Parameters
    ----------
    spins : array, shape (4, h, w), int8 or float32
        Labels or means.
    field : array, shape (4, h, w), float32
        The field h_i.
    shape : tuple of int
        (H, W) of the picture.
    coupling, diagonal : tuple of 2 float32; the second may be None
        Strengths, as in `neighbour_sum`.
    entropies : True or None
        Whether to add the entropies.
    rows : array, shape (4, h), float64
        Out.
    """
    for q in PLANES:
        down = q >> 1
        n = columns_of(q, shape[1])
        for i in numba.prange(1, rows_of(q, shape[0]) + 1):
            up = i - 1 + down
            rows[q, i] = _row(
                spins[q, i], field[q, i], spins[q ^ 1, i],
                spins[q ^ 2, up], spins[q ^ 2, up + 1], spins[q ^ 3, up], spins[q ^ 3, up + 1],
                n, q, coupling, diagonal, entropies,
            )  # fmt: skip
