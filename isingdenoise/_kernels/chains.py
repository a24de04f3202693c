"""Columns as exact chains, coupled by mean fields: structured mean field on the packed lattice.

A column of the picture runs through two planes in turn, q and q ^ 2, at the same place k of
their rows; columns of one parity are never neighbours. So they are updated side by side, in
loops over k, down the picture and up again, a block of columns a thread.

Edges have one strength for each direction (`coupling`, a tuple of 4, and `edges` None) or one
of their own (`edges` as in `per_edge`). `diagonal` is None where there are four neighbours.
None is known at compile time: each of the four cases is compiled when it is first met.
"""

from __future__ import annotations

import numba
import numpy as np

from ._jit import inlined, inner, pair
from .functions import log_2cosh, tanh, through
from .lattice import ONE, columns_of

_f4 = np.float32
_u = np.uintp
_TWO = np.uintp(2)
_THREE = np.uintp(3)
_HALF = _f4(0.5)

#: Columns of one plane that are done together: they stay in cache from the way down to that up.
BLOCK = 128


@inlined
def strength(coupling, edges, d, q, i, k):
    """Return the strength of the edge in direction d that begins at column k of row i, plane q."""
    if edges is None:
        return coupling[d]
    return edges[d, q, i, k]


@inlined
def _between(mean, q, i, k, coupling, edges, diagonal):
    """Return sum_j J_ij mean_j over the neighbours in other columns."""
    up = i - ONE + (q >> ONE)
    down = up + ONE
    here = k + ONE
    left = k + (q & ONE)
    right = left + ONE
    side = q ^ ONE
    total = strength(coupling, edges, 0, side, i, left) * mean[side, i, left]
    total += strength(coupling, edges, 0, q, i, here) * mean[side, i, right]
    if diagonal is not None:
        far = q ^ _THREE
        total += strength(coupling, edges, 2, far, up, left) * mean[far, up, left]
        total += strength(coupling, edges, 2, q, i, here) * mean[far, down, right]
        total += strength(coupling, edges, 3, far, up, right) * mean[far, up, right]
        total += strength(coupling, edges, 3, q, i, here) * mean[far, down, left]
    return total


@inner
def _field_row(theta, mean, field, q, i, first, end, coupling, edges, diagonal):
    """Write the fields of a row of chains: h and what other columns pull."""
    for column in range(first, end):
        k = _u(column)
        pull = _between(mean, q, i, k, coupling, edges, diagonal)
        theta[q, i, k + ONE] = field[q, i, k + ONE] + pull


@inner
def _message_row(message, theta, q, i, to, at, first, end, coupling, edges, begins):
    """Send from row i of plane q to row `at` of plane `to`; the edge begins at `begins`."""
    above, up = begins
    for column in range(first, end):
        here = _u(column) + ONE
        a = theta[q, i, here] + message[q, i, here]
        message[to, at, here] = through(strength(coupling, edges, 1, above, up, here), a)


@inner
def _back_row(message, theta, q, i, below, down, first, end, coupling, edges, begins):
    """Replace what came down to row i by what goes up from it."""
    above, up = begins
    for column in range(first, end):
        here = _u(column) + ONE
        a = theta[q, i, here] + message[below, down, here]
        message[q, i, here] = through(strength(coupling, edges, 1, above, up, here), a)


@inner
def _mean_row(new, mean, theta, message, q, i, below, down, first, end):
    """Write a row of chain means; return the bits of the largest step."""
    largest = np.int32(0)
    for column in range(first, end):
        here = _u(column) + ONE
        m = tanh(theta[q, i, here] + message[q, i, here] + message[below, down, here])
        step = m - mean[q, i, here]
        new[q, i, here] = m
        largest = max(largest, _f4(abs(step)).view(np.int32))
    return largest


@inner
def _clear_row(message, q, i, first, end):
    for column in range(first, end):
        message[q, i, _u(column) + ONE] = _f4(0)


@inlined
def _row_of(y, parity):
    """Return plane and row of a picture's row y, for the columns of a parity."""
    return _u(2 * (y & 1) + parity), _u((y >> 1) + 1)


@inner
def _down(theta, message, mean, field, height, parity, first, end, coupling, edges, diagonal):
    """Find the fields of a block of chains, and what comes down to each site."""
    q, i = _row_of(0, parity)
    _clear_row(message, q, i, first, end)
    for y in range(height):
        q, i = _row_of(y, parity)
        _field_row(theta, mean, field, q, i, first, end, coupling, edges, diagonal)
        if y + 1 < height:
            to, at = _row_of(y + 1, parity)
            _message_row(message, theta, q, i, to, at, first, end, coupling, edges, (q, i))


@inner
def _up(new, mean, theta, message, height, parity, first, end, coupling, edges):
    """Go up a block of chains and write their means; return the bits of the largest step."""
    largest = np.int32(0)
    below, down = _row_of(height, parity)
    _clear_row(message, below, down, first, end)
    for y in range(height - 1, -1, -1):
        q, i = _row_of(y, parity)
        step = _mean_row(new, mean, theta, message, q, i, below, down, first, end)
        largest = max(largest, step)
        if y > 0:
            begins = _row_of(y - 1, parity)
            _back_row(message, theta, q, i, below, down, first, end, coupling, edges, begins)
        below, down = q, i
    return largest


@pair
def sweep(new, mean, theta, message, field, shape, coupling, edges, diagonal, residual):
    """Set all columns of one parity to their exact marginals, then those of the other.

    Parameters
    ----------
    new : array, shape (4, h, w), float32
        Means, out: `mean` itself, or another array for a look that changes nothing.
    mean : array, shape (4, h, w), float32
        Means.
    theta : array, shape (4, h, w), float32
        Out: the fields of the chains, h and the mean fields of other columns.
    message : array, shape (4, h, w), float32
        Scratch.
    field : array, shape (4, h, w), float32
        The field h_i.
    shape : tuple of int
        (H, W) of the picture.
    coupling, edges, diagonal
        Strengths, as described above.
    residual : array, shape (2, at least w / BLOCK), float32
        Out: the largest |new - mean| of each parity and block.
    """
    bits = residual.view(np.int32)
    for parity in range(2):
        n = columns_of(parity, shape[1])
        for block in numba.prange((n + BLOCK - 1) // BLOCK):
            first = block * BLOCK
            end = min(first + BLOCK, n)
            _down(
                theta, message, mean, field, shape[0], parity, first, end,
                coupling, edges, diagonal,
            )  # fmt: skip
            bits[parity, block] = _up(
                new, mean, theta, message, shape[0], parity, first, end, coupling, edges
            )


@inner
def _bound_row(mean, theta, message, field, q, i, first, end, coupling, edges, diagonal, last):
    """Sum a row's share of the bound."""
    total = _f4(0)
    for column in range(first, end):
        k = _u(column)
        here = k + ONE
        m = mean[q, i, here]
        # an edge between two columns is met from both its ends, hence the half
        pull = _HALF * _between(mean, q, i, k, coupling, edges, diagonal)
        total += m * (pull - (theta[q, i, here] - field[q, i, here]))
        a = theta[q, i, here] + message[q, i, here]
        if last:
            total += log_2cosh(a)
        else:
            J = strength(coupling, edges, 1, q, i, here)
            total += _HALF * (log_2cosh(a + J) + log_2cosh(a - J))
    return np.float64(total)


@pair
def bound(mean, theta, message, field, shape, coupling, edges, diagonal, blocks):
    """Write each block's share of the evidence lower bound of the product of chains.

    It is the sum over chains of log Z(theta) - sum_i (theta_i - h_i) mean_i, and over the
    edges between columns of J mean_i mean_j.

    Parameters
    ----------
    mean, theta, message, field, shape, coupling, edges, diagonal
        As `sweep` leaves them; `message` is scratch.
    blocks : array, shape (2, at least w / BLOCK), float64
        Out: the sum over it is the bound less the model's offset.
    """
    height = shape[0]
    for parity in range(2):
        n = columns_of(parity, shape[1])
        for block in numba.prange((n + BLOCK - 1) // BLOCK):
            first = block * BLOCK
            end = min(first + BLOCK, n)
            q, i = _row_of(0, parity)
            _clear_row(message, q, i, first, end)
            total = 0.0
            for y in range(height):
                q, i = _row_of(y, parity)
                last = y + 1 == height
                total += _bound_row(
                    mean, theta, message, field, q, i, first, end,
                    coupling, edges, diagonal, last,
                )  # fmt: skip
                if not last:
                    to, at = _row_of(y + 1, parity)
                    _message_row(message, theta, q, i, to, at, first, end, coupling, edges, (q, i))
            blocks[parity, block] = total
