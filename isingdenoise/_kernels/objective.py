"""Energy and evidence lower bound over the packed lattice."""

from __future__ import annotations

from functools import partial

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
def _agreements(labels, y, v, shift):
    """Count z_i z_j over the pairs of a row with its own or the next, as a whole number.

    Pairs are (y, x) and (v, x + shift), with shift 0, 1 or -1.
    """
    count = np.int64(0)
    width = labels.shape[1]
    first, end = (1, width) if shift < 0 else (0, width - shift)
    for x in range(first, end):
        count += np.int64(labels[y, _u(x)]) * np.int64(labels[v, _u(x + shift)])
    return count


# No reassociation here: compiled twice, the same sum would else end in another last bit.
@partial(inner, fastmath=False)
def _labels_row(labels, field, y, coupling, diagonal):
    """Sum minus the energy of the edges that begin in row y, and of its field."""
    width, below = labels.shape[1], y + 1 < labels.shape[0]
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = 0.0
    eights = width - width % 8
    for x in range(0, eights, 8):
        s0 += np.float64(field[y, _u(x)]) * labels[y, _u(x)]
        s1 += np.float64(field[y, _u(x + 1)]) * labels[y, _u(x + 1)]
        s2 += np.float64(field[y, _u(x + 2)]) * labels[y, _u(x + 2)]
        s3 += np.float64(field[y, _u(x + 3)]) * labels[y, _u(x + 3)]
        s4 += np.float64(field[y, _u(x + 4)]) * labels[y, _u(x + 4)]
        s5 += np.float64(field[y, _u(x + 5)]) * labels[y, _u(x + 5)]
        s6 += np.float64(field[y, _u(x + 6)]) * labels[y, _u(x + 6)]
        s7 += np.float64(field[y, _u(x + 7)]) * labels[y, _u(x + 7)]
    for x in range(eights, width):
        s0 += np.float64(field[y, _u(x)]) * labels[y, _u(x)]
    total = ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))
    total += np.float64(coupling[0]) * _agreements(labels, y, y, 1)
    if below:
        total += np.float64(coupling[1]) * _agreements(labels, y, y + 1, 0)
        if diagonal[0] != 0 or diagonal[1] != 0:
            total += np.float64(diagonal[0]) * _agreements(labels, y, y + 1, 1)
            total += np.float64(diagonal[1]) * _agreements(labels, y, y + 1, -1)
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
