"""Energy and evidence lower bound over the packed lattice."""

from __future__ import annotations

import numba
import numpy as np

from ._jit import inlined, inner, pair
from .functions import entropy
from .lattice import ONE, PLANES, columns_of, neighbour_sum, rows_of

_f4 = np.float32
_u = np.uintp
_HALF = _f4(0.5)


#: So many sites are summed in float32, their sums in float64: the loop over sites
#: holds nothing wider than 32 bits, else it would take half as many at a time.
TOGETHER = 128


@inlined
def _part(spins, field, q, i, first, end, coupling, diagonal, entropies):
    """Sum the share of the sites in columns first to end - 1 of row i of plane q."""
    total = _f4(0)
    for column in range(first, end):
        k = _u(column)
        here = k + ONE
        s = _f4(spins[q, i, here])
        # Each edge is met from both its ends, hence the half.
        pull = _HALF * neighbour_sum(spins, q, i, k, coupling, diagonal)
        total += s * (pull + field[q, i, here])
        if entropies is not None:
            total += entropy(s)
    return total


@inner
def _row(spins, field, q, i, n, coupling, diagonal, entropies):
    """Sum a row's share of the objective."""
    total = 0.0
    for first in range(0, n, TOGETHER):
        end = min(first + TOGETHER, n)
        total += np.float64(_part(spins, field, q, i, first, end, coupling, diagonal, entropies))
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
        n = columns_of(q, shape[1])
        for i in numba.prange(1, rows_of(q, shape[0]) + 1):
            rows[q, i] = _row(spins, field, _u(q), _u(i), n, coupling, diagonal, entropies)


@inner
def _labels_row(labels, field, y, coupling, diagonal):
    """Sum minus the energy of the edges that begin in row y, and of its field."""
    last, below = labels.shape[1] - 1, y + 1 < labels.shape[0]
    along, across = coupling
    total = 0.0
    for first in range(0, last + 1, TOGETHER):
        end = min(first + TOGETHER, last + 1)
        part = _f4(0)
        for x in range(first, end):
            part += field[y, _u(x)] * _f4(labels[y, _u(x)])
        for x in range(first, min(end, last)):
            part += along * _f4(labels[y, _u(x)]) * _f4(labels[y, _u(x + 1)])
        if below:
            for x in range(first, end):
                part += across * _f4(labels[y, _u(x)]) * _f4(labels[y + 1, _u(x)])
            if diagonal[0] != 0 or diagonal[1] != 0:
                for x in range(first, min(end, last)):
                    part += diagonal[0] * _f4(labels[y, _u(x)]) * _f4(labels[y + 1, _u(x + 1)])
                    part += diagonal[1] * _f4(labels[y, _u(x + 1)]) * _f4(labels[y + 1, _u(x)])
        total += np.float64(part)
    return total


@pair
def labels_objective(labels, field, coupling, diagonal, rows):
    """Write minus the energy of a picture of labels into `rows`, each edge where it begins.

    Parameters
    ----------
    labels : array, shape (H, W), int8
        Labels, not packed.
    field : array, shape (H, W), float32
        The field, not packed.
    coupling, diagonal : tuple of 2 float32
        Strengths, as in `neighbour_sum`; 0 on the diagonals for four neighbours, so that
        one version serves both.
    rows : array, shape (H,), float64
        Out: the sum over it is minus the energy.
    """
    for y in numba.prange(labels.shape[0]):
        rows[y] = _labels_row(labels, field, y, coupling, diagonal)
