"""The Bethe free energy of messages on the packed lattice."""

from __future__ import annotations

import numba
import numpy as np

from ._jit import inlined, inner, pair
from .chains import strength
from .functions import log_2cosh, through
from .lattice import ONE, PLANES, columns_of, rows_of
from .objective import TOGETHER

_f4 = np.float32
_u = np.uintp
_TWO = np.uintp(2)
_THREE = np.uintp(3)
_HALF = _f4(0.5)


@inlined
def _sites(total, q, i, first, end):
    """Sum log(2 cosh(a)) over columns first to end - 1."""
    part = _f4(0)
    for column in range(first, end):
        part += log_2cosh(total[q, i, _u(column) + ONE])
    return np.float64(part)


@inner
def _edges(message, total, place, there, d, span, coupling, edges):
    """Sum log(Z_ij / (Z_i Z_j)) over the edges of one direction that begin in a span of a row."""
    q, i = place
    to, row, shift = there
    part = _f4(0)
    for column in range(span[0], span[1]):
        k = _u(column)
        here, end = k + ONE, k + shift
        J = strength(coupling, edges, d, q, i, here)
        a, b = total[q, i, here], total[to, row, end]
        f = a - message[_u(2 * d + 1), q, i, here]
        g = b - message[_u(2 * d), to, row, end]
        # Z_ij = sum over z_j of exp(g z_j) 2 cosh(f + J z_j), the other way round
        part += _HALF * (log_2cosh(g + J) + log_2cosh(g - J)) + log_2cosh(f + through(J, g))
        part -= log_2cosh(a) + log_2cosh(b)
    return np.float64(part)


@inner
def _row(message, total, shape, q, i, n, coupling, edges, diagonal):
    """Sum the share of a row: its sites, and the edges that begin there."""
    odd = int(q & ONE)
    down = i + (q >> ONE)
    below = down <= rows_of(int(q ^ _TWO), shape[0])
    beside = columns_of(int(q ^ ONE), shape[1]) - odd  # sites with a neighbour to the right
    left = q & ONE
    sum_of_row = 0.0
    for first in range(0, n, TOGETHER):
        end = min(first + TOGETHER, n)
        sum_of_row += _sites(total, q, i, first, end)
        there = q ^ ONE, i, left + ONE
        span = first, min(end, beside)
        sum_of_row += _edges(message, total, (q, i), there, 0, span, coupling, edges)
        if below:
            there = q ^ _TWO, down, ONE
            sum_of_row += _edges(
                message, total, (q, i), there, 1, (first, end), coupling, edges
            )  # fmt: skip
        if below and diagonal is not None:
            there = q ^ _THREE, down, left + ONE
            sum_of_row += _edges(message, total, (q, i), there, 2, span, coupling, edges)
            there = q ^ _THREE, down, left
            span = max(first, 1 - odd), end
            sum_of_row += _edges(message, total, (q, i), there, 3, span, coupling, edges)
    return sum_of_row


@pair
def bethe(message, total, shape, coupling, edges, diagonal, rows):
    """Write each row's share of the Bethe approximation of log Z.

    It is the sum over sites of log Z_i, and over edges of log(Z_ij / (Z_i Z_j)), with
    Z_i = 2 cosh(a_i) and Z_ij = sum_{z, z'} exp(J z z' + (a_i - u_ji) z + (a_j - u_ij) z').

    Parameters
    ----------
    message, total, shape, coupling, edges, diagonal
        As `messages.sweep` with shares of 1 leaves them, after a sweep of weight 0.
    rows : array, shape (4, h), float64
        Out.
    """
    for q in PLANES:
        n = columns_of(q, shape[1])
        for i in numba.prange(1, rows_of(q, shape[0]) + 1):
            rows[q, i] = _row(
                message, total, shape, _u(q), _u(i), n, coupling, edges, diagonal
            )  # fmt: skip
