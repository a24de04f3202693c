"""The evidence lower bound of a product of chains."""

from __future__ import annotations

import numba
import numpy as np

from ._jit import inlined, pair
from .chains import BLOCK, between, parts, row_of, send_row, strength
from .functions import log, log_2cosh
from .lattice import ONE, columns_of

_f4 = np.float32
_u = np.uintp
_HALF = _f4(0.5)


@inlined
def _between_row(columns, mean, theta, field, q, i, first, end, coupling, edges, diagonal):
    """Add to each column's share what mean fields give at a row."""
    parity = q & ONE
    for column in range(first, end):
        k = _u(column)
        here = k + ONE
        # an edge between two columns is met from both its ends, hence the half
        pull = _HALF * between(mean, q, i, k, coupling, edges, diagonal)
        part = mean[q, i, here] * (pull - (theta[q, i, here] - field[q, i, here]))
        columns[parity, k] += np.float64(part)


@inlined
def _log_z(theta, heard, J, slope):
    """Return what a site after which its chain goes on gives to log Z, but for log cosh J."""
    if slope is None:
        a = theta + heard
        return _HALF * (log_2cosh(a + J) + log_2cosh(a - J))
    plus, minus = parts(theta, heard)
    return abs(theta) + log(plus + minus)


@inlined
def _log_z_row(columns, theta, message, q, i, first, end, coupling, edges, slope):
    """Add to each column's share what a row, after which chains go on, gives to log Z."""
    parity = q & ONE
    for column in range(first, end):
        here = _u(column) + ONE
        J = strength(coupling, edges, 1, q, i, here)
        part = _log_z(theta[q, i, here], message[q, i, here], J, slope)
        columns[parity, _u(column)] += np.float64(part)


@inlined
def _last_row(columns, theta, message, q, i, first, end, slope):
    """Add to each column's share what the last row gives to log Z."""
    parity = q & ONE
    for column in range(first, end):
        here = _u(column) + ONE
        if slope is None:
            part = log_2cosh(theta[q, i, here] + message[q, i, here])
        else:
            part = _log_z(theta[q, i, here], message[q, i, here], _HALF, slope)
        columns[parity, _u(column)] += np.float64(part)


@pair
def bound(mean, theta, message, field, shape, coupling, edges, diagonal, slope, columns):
    """Add up each column's share of the evidence lower bound of the product of chains.

    It is the sum over chains of log Z(theta) - sum_i (theta_i - h_i) mean_i, and over the
    edges between columns of J mean_i mean_j. Each column has a sum of its own, in the order
    of the rows: the compiler has no sums to put in another order.

    Parameters
    ----------
    mean, theta, field, shape, coupling, edges, diagonal, slope
        As `sweep` leaves them when it has done all.
    message : array, shape (4, h, w), float32
        Zeros; scratch.
    columns : array, shape (2, w), float64
        Zeros, out: the sum over it is the bound less the model's offset, and less log cosh J
        of all edges along chains if `slope` is not None.
    """
    height = shape[0]
    for parity in range(2):
        n = columns_of(parity, shape[1])
        for block in numba.prange((n + BLOCK - 1) // BLOCK):
            first = block * BLOCK
            end = min(first + BLOCK, n)
            for y in range(height):
                q, i = row_of(y, parity)
                _between_row(
                    columns, mean, theta, field, q, i, first, end, coupling, edges, diagonal
                )
                if y + 1 == height:
                    _last_row(columns, theta, message, q, i, first, end, slope)
                else:
                    _log_z_row(columns, theta, message, q, i, first, end, coupling, edges, slope)
                    to, at = row_of(y + 1, parity)
                    send_row(
                        message, theta, q, i, to, at, first, end, coupling, edges, slope, (q, i)
                    )
