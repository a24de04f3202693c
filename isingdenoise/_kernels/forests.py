"""log Z of forests whose trees are chains: columns or diagonals of a picture."""

from __future__ import annotations

import numba
import numpy as np

from ._jit import inlined, inner, pair
from .functions import log_2cosh, through

_f4 = np.float32
_u = np.uintp
_HALF = _f4(0.5)

#: Chains that are done together.
BLOCK = 128


@inlined
def _strength(coupling, edges, share, y, x):
    if edges is None:
        return coupling
    return share * edges[y, x]


@inner
def _sum_row(theta, carry, y, first, end, lean, coupling, edges, share):
    """Sum what the sites of a row, whose chains go on, add to log Z."""
    total = _f4(0)
    for column in range(first, end):
        x = _u(column)
        a = theta[y, x] + carry[x + lean]
        J = _strength(coupling, edges, share, y, x)
        total += _HALF * (log_2cosh(a + J) + log_2cosh(a - J))
    return np.float64(total)


@inner
def _carry_row(theta, carry, y, first, end, lean, coupling, edges, share):
    """Send from the sites of a row to the next of their chains."""
    for column in range(first, end):
        x = _u(column)
        J = _strength(coupling, edges, share, y, x)
        carry[x + lean] = through(J, theta[y, x] + carry[x + lean])


@inner
def _end_row(theta, carry, y, first, end, lean):
    """Sum what the last sites of chains add."""
    total = _f4(0)
    for column in range(first, end):
        x = _u(column)
        total += log_2cosh(theta[y, x] + carry[x + lean])
    return np.float64(total)


@pair
def log_z(theta, coupling, edges, share, shift, carry, blocks):
    """Write the log Z of each block of chains.

    A chain goes from (y, x) to (y + 1, x + shift) for as long as that lies in the picture. It is
    found by the number x - shift y, so that a row's chains are neighbours.

    Parameters
    ----------
    theta : array, shape (H, W), float32
        The fields.
    coupling : float32
        The strength of all edges.
    edges : array, shape (H, W), float32, or None
        Instead of it the strength of each edge where it begins, times 1 / `share`.
    share : float32
        As said.
    shift : int
        0, 1 or -1.
    carry : array, shape (number of chains), float32
        Zeros; scratch.
    blocks : array, shape (number of chains / BLOCK, rounded up), float64
        Out: the sum over it is log Z.
    """
    height, width = theta.shape
    lowest = min(-shift * (height - 1), 0)
    for block in numba.prange(blocks.shape[0]):
        total = 0.0
        for y in range(height):
            lean = -shift * y - lowest  # of a site at x the chain is x + lean
            first = max(block * BLOCK - lean, 0)
            end = min((block + 1) * BLOCK - lean, width)
            if first >= end:
                continue
            start, stop = first, end  # of those that go on
            if y + 1 == height:
                start = stop = end
            elif shift < 0 and first == 0:
                start = 1
            elif shift > 0 and end == width:
                stop = end - 1
            row, by = _u(y), _u(lean)
            total += _end_row(theta, carry, row, first, start, by)
            total += _sum_row(theta, carry, row, start, stop, by, coupling, edges, share)
            total += _end_row(theta, carry, row, stop, end, by)
            _carry_row(theta, carry, row, start, stop, by, coupling, edges, share)
        blocks[block] = total
