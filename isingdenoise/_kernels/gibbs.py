"""Chromatic Gibbs sampling over the packed lattice."""

from __future__ import annotations

import numba
import numpy as np

from ._jit import inner, pair
from .functions import tanh
from .lattice import ONE, PLANES, columns_of, neighbour_sum, rows_of
from .philox import fill_row

_f4 = np.float32
_u4 = np.uint32
_u = np.uintp

#: Rows are drawn in so many groups, each with a scratch row of its own.
GROUPS = 64


@inner
def _draw_row(labels, total, uniform, field, q, i, n, coupling, diagonal, weight):
    """Draw a row from its conditionals and add their means, weighted, to `total`.

    With u uniform in (-1, 1), P(u < tanh(a)) = (1 + tanh(a)) / 2 = P(z = +1).
    """
    for column in range(n):
        k = _u(column)
        here = k + ONE
        mean = tanh(field[q, i, here] + neighbour_sum(labels, q, i, k, coupling, diagonal))
        labels[q, i, here] = np.int8(1 if uniform[k] < mean else -1)
        total[q, i, here] += weight * mean


@pair
def sweep(labels, total, scratch, field, shape, coupling, diagonal, weight, counter, key):
    """Draw every site once from its conditional, plane by plane.

    Parameters
    ----------
    labels : array, shape (4, h, w), int8
        The chain's state, changed in place.
    total : array, shape (4, h, w), float32
        Sum of the conditional means tanh(a_i), added to in place
        (the Rao-Blackwell estimate of the marginals; Gelfand and Smith 1990).
    scratch : array, shape (GROUPS, at least w + 2), float32
        Room for one row of uniforms for each group of rows.
    field : array, shape (4, h, w), float32
        The field h_i.
    shape : tuple of int
        (H, W) of the picture.
    coupling, diagonal : tuple of 2 float32; the second may be None
        Strengths, as in `neighbour_sum`.
    weight : float32
        What a mean counts in `total`: 0 while burning in, else 1.
    counter : tuple of 2 uint32
        Sweep and chain.
    key : tuple of 2 uint32
        The seed.
    """
    for q in PLANES:
        n = columns_of(q, shape[1])
        rows = rows_of(q, shape[0])
        for group in numba.prange(GROUPS):
            uniform = scratch[group]
            for i in range(1 + group * rows // GROUPS, 1 + (group + 1) * rows // GROUPS):
                fill_row(uniform, n, _u4(4 * i + q), counter[0], counter[1], key[0], key[1])
                _draw_row(
                    labels, total, uniform, field, _u(q), _u(i), n, coupling, diagonal, weight
                )
