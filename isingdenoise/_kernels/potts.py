"""Mean-field sweeps of a Potts model, and their bound; `potts_rows` tells how a row is done."""

from __future__ import annotations

import numba
import numpy as np

from ._jit import inner, pair
from .functions import log
from .lattice import ONE, PLANES, columns_of, neighbour_sum, rows_of
from .potts_rows import GROUPS, PART, weights

_f4 = np.float32
_u = np.uintp
_FOUR = np.uintp(4)
_i4 = np.int32
_HALF = _f4(0.5)


@inner
def _update_row(new, mean, unary, room, q, i, n, coupling, diagonal, weight, shift):
    """Move a row towards the softmax of its fields; return the bits of the largest step."""
    labels = unary.shape[0] >> 2
    total = _u(labels + 1)
    largest = _i4(0)
    for first in range(0, n, PART):
        start, m = _u(first), min(PART, n - first)
        weights(room, mean, None, unary, q, i, start, m, coupling, diagonal, shift)
        for c in range(m):
            room[total, _u(c)] = _f4(1) / room[total, _u(c)]
        for label in range(labels):
            at = _FOUR * _u(label) + q
            for c in range(m):
                here = start + _u(c) + ONE
                step = room[_u(label), _u(c)] * room[total, _u(c)] - new[at, i, here]
                new[at, i, here] += weight * step
                largest = max(largest, _f4(abs(step)).view(np.int32))
    return largest


@pair
def mean_field(new, mean, unary, room, shape, coupling, diagonal, weight, shift, residual):
    """Update the probabilities of every site once, with the neighbours taken from `mean`.

    Parameters
    ----------
    new : array, shape (4 K, h, w), float32
        Probabilities, changed in place.
    mean : array, shape (4 K, h, w), float32
        The neighbours': `new` itself for checkerboard order, or another array.
    unary : array, shape (4 K, h, w), float32
        Log likelihoods l_k, the largest of each site 0 where `shift` is given.
    room : array, shape (GROUPS, K + 2, PART), float32
        Scratch.
    shape : tuple of int
        (H, W) of the picture.
    coupling, diagonal : tuple of 2 float32; the second may be None
        Strengths, as in `neighbour_sum`.
    weight : float32
        Weight of the new value, in [0, 1].
    shift : float32 or None
        As told above.
    residual : array, shape (4, h), float32
        Out: the largest |softmax(a)_k - q_k| met in each row, before its update.
    """
    bits = residual.view(np.int32)
    for q in PLANES:
        n, rows = columns_of(q, shape[1]), rows_of(q, shape[0])
        for group in numba.prange(GROUPS):
            for i in range(1 + group * rows // GROUPS, 1 + (group + 1) * rows // GROUPS):
                bits[q, i] = _update_row(
                    new, mean, unary, room[group], _u(q), _u(i), n,
                    coupling, diagonal, weight, shift,
                )  # fmt: skip


#: Rows of a strip, at least: twice as many as there are stages.
STRIP = 64


@inner
def _update_phase(mean, unary, room, shape, phase, i, coupling, diagonal, weight, shift, bits):
    """Update row i of the planes of one phase; write the row's residual."""
    for plane in range(2 if diagonal is None else 1):
        q = PLANES[(2 * phase if diagonal is None else phase) + plane]
        if i <= rows_of(q, shape[0]):
            bits[q, i] = _update_row(
                mean, mean, unary, room, _u(q), _u(i), columns_of(q, shape[1]),
                coupling, diagonal, weight, shift,
            )  # fmt: skip


@inner
def _wavefront(
    mean, unary, room, shape, coupling, diagonal, weight, shift, bits,
    top, bottom, narrowing, widening, stages,
):  # fmt: skip
    """Run all stages over a strip, each one row behind the one before; as in `mean_field`."""
    phases = 2 if diagonal is None else 4
    for front in range(top - stages, bottom + 2 * stages):
        for t in range(stages):
            i = front - t
            if top + t * narrowing <= i < bottom - t * widening:
                _update_phase(
                    mean, unary, room, shape, t % phases, i, coupling, diagonal,
                    weight, shift, bits,
                )  # fmt: skip


@pair
def blocked_sweeps(mean, unary, room, shape, coupling, diagonal, weight, shift, residual, sweeps):
    """Do several checkerboard sweeps while the rows are in cache.

    The probabilities come out bit for bit as from so many calls of `mean_field`: strips of rows
    are swept as far as their own rows allow, and then the wedges between them are filled, as
    in `mean_field.blocked_sweeps`. There are at most as many strips as groups.

    Parameters
    ----------
    mean, unary, room, shape, coupling, diagonal, weight, shift
        As for `mean_field`; `mean` is changed in place.
    residual
        As for `mean_field`, of the last of the sweeps.
    sweeps : int
        How many, so that a strip is at least twice as high as it has stages.
    """
    bits = residual.view(np.int32)
    stages = sweeps * (2 if diagonal is None else 4)
    rows = (shape[0] + 1) // 2
    strips = min(GROUPS, max(1, rows // STRIP))
    for wedges in range(2):
        for k in numba.prange(wedges, strips):
            top = 1 + k * rows // strips
            bottom = top if wedges else 1 + (k + 1) * rows // strips
            narrowing = -1 if wedges else int(k > 0)
            widening = -1 if wedges else int(k < strips - 1)
            _wavefront(
                mean, unary, room[k], shape, coupling, diagonal, weight, shift, bits,
                top, bottom, narrowing, widening, stages,
            )  # fmt: skip


@inner
def _bound_row(mean, unary, at, q, i, n, coupling, diagonal):
    """Sum a label's share of the bound over a row."""
    total = 0.0
    for first in range(0, n, PART):
        part = _f4(0)
        for column in range(first, min(first + PART, n)):
            k = _u(column)
            p = mean[at, i, k + ONE]
            # Each edge is met from both its ends, hence the half.
            pull = _HALF * neighbour_sum(mean, at, i, k, coupling, diagonal)
            part += p * (pull + unary[at, i, k + ONE] - log(p))
        total += np.float64(part)
    return total


@pair
def bound(mean, unary, shape, coupling, diagonal, rows):
    """Write sum_k q_k (sum_j J_ij q_jk / 2 + l_k - log q_k) of each row into `rows`.

    Parameters
    ----------
    mean, unary, shape, coupling, diagonal
        As for `mean_field`.
    rows : array, shape (4 K, h), float64
        Out.
    """
    for at in range(mean.shape[0]):
        q = at & 3
        n = columns_of(q, shape[1])
        for i in numba.prange(1, rows_of(q, shape[0]) + 1):
            rows[at, i] = _bound_row(mean, unary, _u(at), _u(q), _u(i), n, coupling, diagonal)
