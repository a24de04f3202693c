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
def _sum_row(log_z, theta, carry, y, first, end, lean, coupling, edges, share):
    """Add to log Z of each chain what a site of a row gives, after which it goes on."""
    for column in range(first, end):
        x = _u(column)
        a = theta[y, x] + carry[x + lean]
        J = _strength(coupling, edges, share, y, x)
        log_z[x + lean] += np.float64(_HALF * (log_2cosh(a + J) + log_2cosh(a - J)))


@inner
def _carry_row(theta, carry, y, first, end, lean, coupling, edges, share):
    """Send from the sites of a row to the next of their chains."""
    for column in range(first, end):
        x = _u(column)
        J = _strength(coupling, edges, share, y, x)
        carry[x + lean] = through(J, theta[y, x] + carry[x + lean])


@inner
def _end_row(log_z, theta, carry, y, first, end, lean):
    """Add to log Z of each chain what its last site gives."""
    for column in range(first, end):
        x = _u(column)
        log_z[x + lean] += np.float64(log_2cosh(theta[y, x] + carry[x + lean]))


@pair
def log_z(theta, coupling, edges, share, shift, carry, chains):
    """Find the log Z of each chain.

    A chain goes from (y, x) to (y + 1, x + shift) for as long as that lies in the picture. It is
    found by the number x - shift y, so that a row's chains are neighbours. Each has a sum of
    its own: the compiler has no sums to put in another order.

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
    chains : array, shape (number of chains), float64
        Zeros, out: log Z of each.
    """
    height, width = theta.shape
    lowest = min(-shift * (height - 1), 0)
    for block in numba.prange((len(chains) + BLOCK - 1) // BLOCK):
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
            _end_row(chains, theta, carry, row, first, start, by)
            _sum_row(chains, theta, carry, row, start, stop, by, coupling, edges, share)
            _end_row(chains, theta, carry, row, stop, end, by)
            _carry_row(theta, carry, row, start, stop, by, coupling, edges, share)
